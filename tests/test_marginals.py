"""Families against closed forms, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from risk.marginals import FAMILIES, Categorical, Marginal, from_scipy

BELIEFS = {
    "normal": FAMILIES["normal"](-1.5, 0.7),
    "lognormal": FAMILIES["lognormal"](0.3, 0.4),
    "shifted lognormal": FAMILIES["lognormal"](0.3, 0.4, -2.0),
    "beta": FAMILIES["beta"](2.1, 4.93),
    "beta elsewhere": FAMILIES["beta"](2.1, 4.93, -1.0, 3.0),
    "uniform": FAMILIES["uniform"](-2.0, 3.0),
    "triangular": FAMILIES["triangular"](1.05, 1.25, 1.4),
    "triangular at an end": FAMILIES["triangular"](0.0, 0.0, 2.0),
    "pert": FAMILIES["pert"](0.55, 0.9, 1.0),
    "pert at an end": FAMILIES["pert"](1.0, 3.0, 3.0),
}
share = 2.1 / (2.1 + 4.93)
share_variance = share * (1 - share) / (1 + 2.1 + 4.93)
MOMENTS = {  # mean and variance by hand
    "normal": (-1.5, 0.49),
    "lognormal": (math.exp(0.38), math.expm1(0.16) * math.exp(0.76)),
    "shifted lognormal": (math.exp(0.38) - 2, math.expm1(0.16) * math.exp(0.76)),
    "beta": (share, share_variance),
    "beta elsewhere": (4 * share - 1, 16 * share_variance),
    "uniform": (0.5, 25 / 12),
    "triangular": (3.7 / 3, (0.2**2 + 0.15**2 + 0.2 * 0.15) / 18),
    "triangular at an end": (2 / 3, 4 / 18),
    # (minimum + 4 mode + maximum) / 6, and (mean − minimum)(maximum − mean) / 7
    "pert": (5.15 / 6, (5.15 / 6 - 0.55) * (1 - 5.15 / 6) / 7),
    "pert at an end": (16 / 6, (16 / 6 - 1) * (3 - 16 / 6) / 7),
}
SUPPORTS = {
    "normal": (-math.inf, math.inf),
    "lognormal": (0, math.inf),
    "shifted lognormal": (-2, math.inf),
    "beta": (0, 1),
    "beta elsewhere": (-1, 3),
    "uniform": (-2, 3),
    "triangular": (1.05, 1.4),
    "triangular at an end": (0, 2),
    "pert": (0.55, 1),
    "pert at an end": (1, 3),
}
QUANTILES = {  # at 0.05, 0.5 and 0.95, by formulas that do not come from scipy.stats
    "normal": -1.5 + 0.7 * special.ndtri([0.05, 0.5, 0.95]),
    "lognormal": np.exp(0.3 + 0.4 * special.ndtri([0.05, 0.5, 0.95])),
    "shifted lognormal": np.exp(0.3 + 0.4 * special.ndtri([0.05, 0.5, 0.95])) - 2,
    "beta": special.betaincinv(2.1, 4.93, [0.05, 0.5, 0.95]),
    "uniform": [-1.75, 0.5, 2.75],
    # below the mode √(u · width · left), above it from the other end
    "triangular": [
        1.05 + math.sqrt(0.05 * 0.35 * 0.2),
        1.05 + math.sqrt(0.5 * 0.35 * 0.2),
        1.4 - math.sqrt(0.05 * 0.35 * 0.15),
    ],
    "triangular at an end": [2 - 2 * math.sqrt(1 - u) for u in (0.05, 0.5, 0.95)],
}


@pytest.mark.parametrize("name", BELIEFS)
def test_moments_are_those_of_the_closed_form(name: str) -> None:
    def moment(power: int) -> float:
        # E[x^k] is the integral of the quantile function's k-th power over the unit interval;
        # with u = Φ(z), the integrand is smooth at both ends.
        def part(z: float) -> float:
            value = BELIEFS[name].ppf(special.ndtr(np.array(z)))
            return float(value**power * np.exp(-z * z / 2) / math.sqrt(2 * math.pi))

        return float(integrate.quad(part, -8.2, 8.2, epsabs=1e-11, limit=200)[0])

    mean, variance = MOMENTS[name]
    assert moment(1) == pytest.approx(mean, rel=1e-8)
    assert moment(2) - moment(1) ** 2 == pytest.approx(variance, rel=1e-7)


@pytest.mark.parametrize("name", BELIEFS)
def test_the_support_is_that_of_the_parameters(name: str) -> None:
    assert BELIEFS[name].support == pytest.approx(SUPPORTS[name])


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles_are_those_of_the_closed_form(name: str) -> None:
    got = BELIEFS[name].ppf(np.array([0.05, 0.5, 0.95]))
    np.testing.assert_allclose(got, QUANTILES[name], rtol=1e-12)


@pytest.mark.parametrize("name", BELIEFS)
def test_quantiles_rise_and_keep_the_shape(name: str) -> None:
    u = np.linspace(0.001, 0.999, 300).reshape(3, 100)
    x = BELIEFS[name].ppf(u)
    assert x.shape == u.shape
    assert np.all(np.diff(x.ravel()) > 0)


def test_the_parameters_that_are_not_the_usual_ones_are_shown() -> None:
    assert str(FAMILIES["lognormal"](0.3, 0.4)) == "Lognormal(0.3, 0.4)"
    assert str(FAMILIES["lognormal"](0.3, 0.4, 1.5)) == "Lognormal(0.3, 0.4, 1.5)"
    assert str(FAMILIES["beta"](2, 5, 0, 2)) == "Beta(2, 5, 0, 2)"
    assert str(FAMILIES["pert"](0, 1, 2)) == "PERT(0, 1, 2)"


@pytest.mark.parametrize(
    ("family", "parameters", "message"),
    [
        ("normal", (0, 0), "Expected standard_deviation > 0 for a normal prior, got mean = 0"),
        ("normal", (math.nan, 1), "got mean = nan, standard_deviation = 1. Correct them."),
        (
            "lognormal",
            (0.7, 0),
            "Expected sigma > 0 for a lognormal prior, got mu = 0.7, sigma = 0",
        ),
        ("lognormal", (800, 1), "Expected parameters with finite quantiles for a lognormal prior"),
        ("lognormal", (0, 1, math.inf), "got mu = 0, sigma = 1, shift = inf"),
        ("beta", (0, 1), "Expected alpha > 0 and beta > 0 for a beta prior, got alpha = 0"),
        ("beta", (5e-324, 5e-324), "Expected parameters with finite quantiles for a beta prior"),
        ("beta", (1, 1, 2, 1), "Expected minimum < maximum for a beta prior"),
        ("uniform", (1, 1), "Expected minimum < maximum for a uniform prior, got minimum = 1"),
        ("uniform", (-1.7e308, 1.7e308), "Expected parameters with finite quantiles for a uniform"),
        ("triangular", (2, 1, 3), "Expected minimum ≤ mode ≤ maximum and minimum < maximum for a"),
        ("pert", (1, 1, 1), "for a pert prior, got minimum = 1, mode = 1, maximum = 1. Correct"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    family: str, parameters: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FAMILIES[family](*parameters)


probabilities = st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any)


@given(probabilities)
def test_each_state_gets_its_share_of_the_unit_interval(weights: list[int]) -> None:
    total = sum(weights)
    states = tuple(f"state_{i}" for i in range(len(weights)))
    regime = Categorical(states, tuple(w / total for w in weights))
    # The midpoints of 200 · total equal cells: no cell straddles two states.
    u = (np.arange(200 * total) + 0.5) / (200 * total)
    codes = regime.ppf(u)
    assert codes.dtype == np.int16
    assert np.all(np.diff(codes) >= 0)
    np.testing.assert_array_equal(np.bincount(codes, minlength=len(weights)) / 200, weights)


def test_a_categorical_belief_reads_as_its_shares() -> None:
    regime = Categorical(("open", "partial", "closed"), (0.1, 0.6, 0.3))
    assert str(regime) == "open 10% / partial 60% / closed 30%"


def test_rounding_gives_no_code_too_many() -> None:
    regime = Categorical(tuple("abcdefghij"), (0.1,) * 10)  # sums to 0.9999999999999999
    assert regime.ppf(np.array([np.nextafter(1, 0), 1.0])).tolist() == [9, 9]


@pytest.mark.parametrize(
    ("states", "shares", "message"),
    [
        (("a", "b"), (0.5, 0.4), "Expected probabilities that sum to 1, got a sum of 0.9. Change"),
        (("a", "b"), (1.5, -0.5), "for every state, got a 1.5, b -0.5. Correct them."),
        (("a", "b"), (math.nan, 1.0), "for every state, got a nan, b 1."),
        ((), (), "for every state, got no state"),
        (("wide open", "b"), (0.5, 0.5), "named without blanks, got 'wide open'. Rename it."),
    ],
)
def test_probabilities_that_make_no_sense_are_refused(
    states: tuple[str, ...], shares: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Categorical(states, shares)


def test_a_distribution_of_scipy_is_a_marginal() -> None:
    gamma = from_scipy(stats.gamma(2.0, scale=3.0))
    assert isinstance(gamma, Marginal)
    assert (gamma.family, gamma.parameters) == ("gamma", {"argument_1": 2.0, "scale": 3.0})
    assert gamma.ppf(np.array([0.5]))[0] == pytest.approx(3 * special.gammaincinv(2, 0.5))
    assert gamma.support == (0, math.inf)


def test_parameters_that_make_no_distribution_are_refused() -> None:
    with pytest.raises(ValueError, match="that make a distribution, got norm with .* no median"):
        from_scipy(stats.norm(0, -1))


@pytest.mark.parametrize("thing", ["normal", None, stats.norm, object()])
def test_what_is_no_distribution_is_refused(thing: object) -> None:
    with pytest.raises(TypeError, match=r"Expected a frozen SciPy distribution .*, got \w+. Give"):
        from_scipy(thing)

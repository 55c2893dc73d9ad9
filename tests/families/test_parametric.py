"""The usual families against closed forms and SciPy, and what they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from risk.families import FAMILIES
from risk.marginals import Marginal

BELIEFS = {
    "normal": FAMILIES["normal"](-1.5, 0.7),
    "student t": FAMILIES["student_t"](-1.0, 2.0, 5.0),
    "lognormal": FAMILIES["lognormal"](0.3, 0.4),
    "shifted lognormal": FAMILIES["lognormal"](0.3, 0.4, -2.0),
    "gamma": FAMILIES["gamma"](2.5, 3.0),
    "shifted gamma": FAMILIES["gamma"](0.8, 3.0, -2.0),
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
    "student t": (-1.0, 4 * 5 / 3),
    "lognormal": (math.exp(0.38), math.expm1(0.16) * math.exp(0.76)),
    "shifted lognormal": (math.exp(0.38) - 2, math.expm1(0.16) * math.exp(0.76)),
    "gamma": (7.5, 22.5),
    "shifted gamma": (0.4, 7.2),
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
    "student t": (-math.inf, math.inf),
    "lognormal": (0, math.inf),
    "shifted lognormal": (-2, math.inf),
    "gamma": (0, math.inf),
    "shifted gamma": (-2, math.inf),
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
    # a ratio of a normal and the root of a chi-square: x² / (x² + ν) is a beta
    "student t": -1
    + 2 * np.array([-1, 0, 1]) * math.sqrt(5 * (1 / special.betaincinv(2.5, 0.5, 0.1) - 1)),
    "lognormal": np.exp(0.3 + 0.4 * special.ndtri([0.05, 0.5, 0.95])),
    "shifted lognormal": np.exp(0.3 + 0.4 * special.ndtri([0.05, 0.5, 0.95])) - 2,
    "gamma": 1.5 * special.chdtri(5, [0.95, 0.5, 0.05]),  # half a chi-square's
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
SCIPY = {  # parameters by hand, so that ours are translated rightly
    "normal": stats.norm(-1.5, 0.7),
    "student t": stats.t(5, -1, 2),
    "lognormal": stats.lognorm(0.4, scale=math.exp(0.3)),
    "shifted lognormal": stats.lognorm(0.4, -2, math.exp(0.3)),
    "gamma": stats.gamma(2.5, scale=3),
    "shifted gamma": stats.gamma(0.8, -2, 3),
    "beta": stats.beta(2.1, 4.93),
    "beta elsewhere": stats.beta(2.1, 4.93, -1, 4),
    "uniform": stats.uniform(-2, 5),
    "triangular": stats.triang((1.25 - 1.05) / (1.4 - 1.05), 1.05, 1.4 - 1.05),
    "triangular at an end": stats.triang(0, 0, 2),
    "pert": stats.beta(
        1 + 4 * (0.9 - 0.55) / (1 - 0.55), 1 + 4 * (1 - 0.9) / (1 - 0.55), 0.55, 1 - 0.55
    ),
    "pert at an end": stats.beta(5, 1, 1, 2),
}
EXTREMES = [0.0, 2.0**-53, 1e-12, 1 - 1e-12, 1 - 2.0**-53, 1.0]


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
    assert BELIEFS[name].mean() == pytest.approx(mean, rel=1e-12)
    assert BELIEFS[name].standard_deviation() == pytest.approx(math.sqrt(variance), rel=1e-12)


@pytest.mark.parametrize("name", BELIEFS)
def test_the_ends_are_those_of_the_parameters_exactly(name: str) -> None:
    assert BELIEFS[name].support == SUPPORTS[name]
    assert tuple(BELIEFS[name].ppf(np.array([0.0, 1.0]))) == SUPPORTS[name]


@pytest.mark.parametrize("name", QUANTILES)
def test_quantiles_are_those_of_the_closed_form(name: str) -> None:
    got = BELIEFS[name].ppf(np.array([0.05, 0.5, 0.95]))
    np.testing.assert_allclose(got, QUANTILES[name], rtol=1e-12)


@pytest.mark.parametrize("name", BELIEFS)
def test_quantiles_are_scipys_to_the_last_bit(name: str) -> None:
    u = np.concatenate([np.random.default_rng(1).random(100_000), EXTREMES])
    np.testing.assert_array_equal(BELIEFS[name].ppf(u), SCIPY[name].ppf(u))
    x = BELIEFS[name].ppf(u[-1000:])
    np.testing.assert_allclose(BELIEFS[name].cdf(x), SCIPY[name].cdf(x), rtol=1e-14)


@pytest.mark.parametrize("name", BELIEFS)
def test_quantiles_rise_and_keep_the_shape(name: str) -> None:
    u = np.linspace(0.001, 0.999, 300).reshape(3, 100)
    x = BELIEFS[name].ppf(u)
    assert x.shape == u.shape
    assert np.all(np.diff(x.ravel()) > 0)


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return numbers(low, high).map(lambda x: float(10.0**x))


@st.composite
def three_points(draw: st.DrawFn, family: str) -> Marginal:
    low, width, mode = draw(numbers(-100, 100)), draw(powers(-3, 3)), draw(numbers(0, 1))
    return FAMILIES[family](low, min(low + mode * width, low + width), low + width)


ANY: dict[str, st.SearchStrategy[Marginal]] = {
    "normal": st.builds(FAMILIES["normal"], numbers(-100, 100), powers(-4, 4)),
    "student_t": st.builds(
        FAMILIES["student_t"], numbers(-100, 100), powers(-4, 4), powers(-0.3, 3)
    ),
    "lognormal": st.builds(FAMILIES["lognormal"], numbers(-8, 8), powers(-1.5, 0.4), numbers(0, 9)),
    "gamma": st.builds(FAMILIES["gamma"], powers(-1, 3), powers(-3, 3), numbers(-9, 9)),
    "beta": st.builds(FAMILIES["beta"], powers(-1, 2.5), powers(-1, 2.5)),
    "uniform": st.builds(lambda a, w: FAMILIES["uniform"](a, a + w), numbers(-9, 9), powers(-3, 3)),
    "triangular": three_points("triangular"),
    "pert": three_points("pert"),
}
STRICT = ("uniform", "triangular")  # of the others, SciPy's functions fall by their own rounding
POINTS = st.lists(numbers(2.0**-53, 1 - 2.0**-53), min_size=1, max_size=30)


def with_neighbours(u: list[float]) -> Any:
    """Sorted points, each with the next two doubles, and both ends."""
    near = np.nextafter(u, 1.0)
    every = np.concatenate([u, near, np.nextafter(near, 1.0), EXTREMES])
    return np.unique(np.minimum(every, 1.0))


@pytest.mark.parametrize("family", ANY)
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_where_probabilities_rise_no_value_falls(family: str, data: st.DataObject) -> None:
    belief, u = data.draw(ANY[family]), with_neighbours(data.draw(POINTS))
    x = belief.ppf(u)
    assert tuple(x[[0, -1]]) == belief.support
    x = x[1:-1]
    room = np.abs(x[1:]) + np.ptp(belief.ppf(np.array([0.1, 0.9])))
    assert np.all(np.diff(x) >= (0 if family in STRICT else -1e-11 * room))


@pytest.mark.parametrize("family", ANY)
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_the_distribution_function_inverts_the_quantiles(family: str, data: st.DataObject) -> None:
    belief, u = data.draw(ANY[family]), with_neighbours(data.draw(POINTS))[1:-1]
    x = belief.ppf(u)
    # Where the density is steep, the rounding of x is what the distribution function sees.
    room = 1e-12 * np.abs(x) + 1e-12 * np.ptp(belief.ppf(np.array([0.1, 0.9])))
    assert np.all(belief.cdf(x - room) <= u + 1e-10)
    assert np.all(belief.cdf(x + room) >= u - 1e-10)


@pytest.mark.parametrize(
    ("degrees", "deviation"), [(0.8, math.inf), (2.0, math.inf), (2.5, math.sqrt(5)), (1e9, 1.0)]
)
def test_a_tail_without_variance_is_said_to_have_none(degrees: float, deviation: float) -> None:
    assert FAMILIES["student_t"](0, 1, degrees).standard_deviation() == pytest.approx(deviation)


def test_the_parameters_that_are_not_the_usual_ones_are_shown() -> None:
    assert str(FAMILIES["lognormal"](0.3, 0.4)) == "Lognormal(0.3, 0.4)"
    assert str(FAMILIES["lognormal"](0.3, 0.4, 1.5)) == "Lognormal(0.3, 0.4, 1.5)"
    assert str(FAMILIES["gamma"](2, 3)) == "Gamma(2, 3)"
    assert str(FAMILIES["gamma"](2, 3, -1)) == "Gamma(2, 3, -1)"
    assert str(FAMILIES["student_t"](0, 1)) == "Student t(0, 1, 4)"
    assert str(FAMILIES["beta"](2, 5, 0, 2)) == "Beta(2, 5, 0, 2)"
    assert str(FAMILIES["pert"](0, 1, 2)) == "PERT(0, 1, 2)"


@pytest.mark.parametrize(
    ("family", "parameters", "message"),
    [
        ("normal", (0, 0), "Expected standard_deviation > 0 for a normal prior, got mean = 0"),
        ("normal", (math.nan, 1), "got mean = nan, standard_deviation = 1. Correct them."),
        ("student_t", (0, 1, 0), "scale > 0 and degrees_of_freedom > 0 for a student_t prior, got"),
        ("student_t", (0, -1), "got location = 0, scale = -1, degrees_of_freedom = 4. Correct"),
        (
            "lognormal",
            (0.7, 0),
            "Expected sigma > 0 for a lognormal prior, got mu = 0.7, sigma = 0",
        ),
        (
            "lognormal",
            (800, 1),
            "Expected parameters with finite quantiles for a lognormal prior",
        ),
        ("lognormal", (0, 1, math.inf), "got mu = 0, sigma = 1, shift = inf"),
        ("gamma", (0, 1), "Expected shape > 0 and scale > 0 for a gamma prior, got shape = 0"),
        ("gamma", (1, math.nan), "for a gamma prior, got shape = 1, scale = nan. Correct them."),
        ("beta", (0, 1), "Expected alpha > 0 and beta > 0 for a beta prior, got alpha = 0"),
        (
            "beta",
            (5e-324, 5e-324),
            "Expected parameters with finite quantiles for a beta prior",
        ),
        ("beta", (1, 1, 2, 1), "Expected minimum < maximum for a beta prior"),
        ("uniform", (1, 1), "Expected minimum < maximum for a uniform prior, got minimum = 1"),
        (
            "uniform",
            (-1.7e308, 1.7e308),
            "Expected parameters with finite quantiles for a uniform",
        ),
        ("triangular", (2, 1, 3), "Expected minimum ≤ mode ≤ maximum and minimum < maximum for a"),
        ("pert", (1, 1, 1), "for a pert prior, got minimum = 1, mode = 1, maximum = 1. Correct"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    family: str, parameters: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FAMILIES[family](*parameters)

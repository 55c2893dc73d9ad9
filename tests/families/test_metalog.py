"""The metalog against Keelin's formulas and closed forms of its simplest members."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, special, stats

from risk.elicitation import from_quantiles
from risk.families import metalog
from risk.families.metalog import fit_metalog, is_feasible
from risk.marginals import Marginal

U = np.array([1e-12, 0.001, 0.1, 0.37, 0.5, 0.9, 0.999, 1 - 1e-12])
LIMIT = 1.66711  # of |a3| / a2: Keelin 2016, section 3.2
PI_3 = math.pi / math.sqrt(3)
NONE = (-math.inf, math.inf)


def test_the_quantile_function_is_keelins() -> None:
    a, y = (1.0, 0.5, 0.2, 0.3, -0.4, 0.1), U
    odds, c = np.log(y / (1 - y)), y - 0.5
    expected = a[0] + a[1] * odds + a[2] * c * odds + a[3] * c + a[4] * c**2 + a[5] * c**2 * odds
    np.testing.assert_allclose(metalog(*a).ppf(y), expected, rtol=1e-9)


@pytest.mark.parametrize("alpha", [0.01, 0.05, 0.1, 0.25])
@pytest.mark.parametrize("q", [(1.0, 2.0, 3.4), (-3.0, 0.0, 2.5), (10.0, 30.0, 40.0)])
def test_three_symmetric_quantiles_have_keelins_coefficients(
    alpha: float, q: tuple[float, float, float]
) -> None:
    low, middle, high = q
    width, k = high - low, math.log((1 - alpha) / alpha)
    r = (middle - low) / width
    expected = {
        "a1": middle,
        "a2": width / (2 * k),
        "a3": width * (1 - 2 * r) / ((1 - 2 * alpha) * k),
    }
    fitted = from_quantiles({alpha: low, 0.5: middle, 1 - alpha: high}, "metalog")
    assert fitted.parameters == pytest.approx(expected, rel=1e-9, abs=1e-12)
    got = fitted.ppf(np.array([alpha, 0.5, 1 - alpha]))
    np.testing.assert_allclose(got, q, rtol=1e-9, atol=1e-12)


def test_three_terms_are_feasible_up_to_keelins_limit() -> None:
    for sign in (1, -1):
        assert is_feasible((0.0, 1.0, sign * (LIMIT - 1e-5), 0.0, 0.0, 0.0))
        assert not is_feasible((0.0, 1.0, sign * (LIMIT + 1e-5), 0.0, 0.0, 0.0))


def test_two_terms_are_the_logistic_distribution() -> None:
    x = np.linspace(-20.0, 25.0, 101)
    np.testing.assert_allclose(metalog(1.0, 0.5).ppf(U), stats.logistic(1.0, 0.5).ppf(U))
    np.testing.assert_allclose(metalog(1.0, 0.5).cdf(x), stats.logistic(1.0, 0.5).cdf(x), 1e-12)
    assert metalog(1.0, 0.5).mean() == pytest.approx(1.0, rel=1e-12)
    assert metalog(1.0, 0.5).standard_deviation() == pytest.approx(0.5 * PI_3, rel=1e-12)


@pytest.mark.parametrize("index", [0.1, 0.3, 0.45, 0.49])
def test_two_terms_with_a_limit_are_the_log_logistic(index: float) -> None:
    """E[X^k] = e^(k a1) k π b / sin(k π b), also where the tail is nearly too heavy for it."""
    mean, square = (
        math.exp(k * 0.3) * k * math.pi * index / math.sin(k * math.pi * index) for k in (1, 2)
    )
    above, below = metalog(0.3, index, minimum=2.0), metalog(-0.3, index, maximum=2.0)
    for got, sign in ((above, 1), (below, -1)):
        assert got.mean() == pytest.approx(2 + sign * mean, rel=1e-9)
        deviation = math.sqrt(square - mean**2)
        assert got.standard_deviation() == pytest.approx(deviation, rel=1e-5)
    np.testing.assert_allclose(
        above.ppf(U[:-1]), stats.fisk(1 / index, 2.0, math.exp(0.3)).ppf(U[:-1]), rtol=1e-9
    )
    np.testing.assert_allclose(below.ppf(U), 4 - above.ppf(1 - U), rtol=1e-4)


def test_a_log_metalog_says_where_its_moments_end() -> None:
    # The index is the sum of the coefficients of the logarithm of odds at the end: a2 + a3/2 + a6/4
    for a in ((0.0, 0.5), (0.0, 0.4, 0.2), (0.0, 0.3, 0.2, 0.0, 0.0, 0.4)):
        above = metalog(*a, minimum=0.0)
        assert above.standard_deviation() == math.inf
        assert math.isfinite(above.mean())
        assert math.isfinite(metalog(*a).standard_deviation())
        assert math.isfinite(metalog(*a, minimum=0.0, maximum=9.0).standard_deviation())
    # the other tail is the lighter one where a3 is positive
    assert math.isfinite(metalog(0.0, 0.4, 0.2, maximum=0.0).standard_deviation())
    assert metalog(0.0, 0.4, -0.2, maximum=0.0).standard_deviation() == math.inf
    assert metalog(0.0, 1.0, minimum=0.0).mean() == math.inf
    assert metalog(0.0, 1.0, maximum=0.0).mean() == -math.inf


SHAPES = {
    "unbounded": metalog(1.0, 0.5, 0.3, -0.2, 0.4, 0.1),
    "above": metalog(1.0, 0.2, 0.1, minimum=-3.0),
    "below": metalog(1.0, 0.2, 0.1, maximum=7.0),
    "between": metalog(1.0, 0.9, -0.4, minimum=2.0, maximum=3.0),
}
LIMITS = {"unbounded": NONE, "above": (-3, math.inf), "below": (-math.inf, 7), "between": (2, 3)}


@pytest.mark.parametrize("name", SHAPES)
def test_moments_and_limits(name: str) -> None:
    belief = SHAPES[name]

    def moment(power: int) -> float:
        def part(z: float) -> float:  # over the logarithm of odds: smooth and light
            u = special.expit(np.array(z))
            return float(belief.ppf(u) ** power * u * special.expit(-z))

        return float(integrate.quad(part, -36, 36, epsabs=1e-11, limit=200)[0])

    assert belief.support == LIMITS[name]
    assert tuple(belief.ppf(np.array([0.0, 1.0]))) == LIMITS[name]
    assert belief.mean() == pytest.approx(moment(1), rel=1e-8)
    variance = moment(2) - moment(1) ** 2
    assert belief.standard_deviation() == pytest.approx(math.sqrt(variance), rel=1e-7)


@pytest.mark.parametrize("name", SHAPES)
def test_the_distribution_function_inverts_the_quantiles(name: str) -> None:
    belief = SHAPES[name]
    np.testing.assert_allclose(belief.cdf(belief.ppf(U[1:-1])), U[1:-1], rtol=1e-11)
    low, high = LIMITS[name]
    assert belief.cdf(np.array([low, high])).tolist() == [0, 1]
    assert belief.cdf(np.array([[0.0, 2.5]])).shape == (1, 2)


coefficients = st.floats(-2.0, 2.0).map(lambda x: round(x, 3))


@settings(max_examples=40, deadline=None)
@given(
    st.tuples(coefficients, st.floats(0.05, 2.0), *[coefficients] * 4).filter(is_feasible),
    st.sampled_from([{}, {"minimum": -1.0}, {"maximum": 4.0}, {"minimum": 0.0, "maximum": 2.0}]),
    st.lists(st.floats(1e-15, 1 - 1e-15), min_size=1, max_size=30),
)
def test_where_probabilities_rise_no_value_falls(
    a: tuple[float, ...], limits: dict[str, float], u: list[float]
) -> None:
    belief = metalog(*a, **limits)
    x = belief.ppf(np.unique([*u, *np.nextafter(u, 1.0), 0.0, 1.0]))
    with np.errstate(invalid="ignore"):  # ends may be infinite
        fall = np.where(x[1:] >= x[:-1], 0.0, x[:-1] - x[1:])
    assert np.all(fall <= 1e-12 * (1 + np.abs(x[1:])))


@settings(max_examples=30, deadline=None)
@given(
    st.integers(3, 6).flatmap(lambda k: st.tuples(*[coefficients] * k)),
    st.sampled_from([{}, {"minimum": -1.0}, {"maximum": 4.0}, {"minimum": 0.0, "maximum": 2.0}]),
)
def test_as_many_quantiles_as_terms_are_returned(
    a: tuple[float, ...], limits: dict[str, float]
) -> None:
    a = (a[0], 0.5 + abs(a[1]), *(x / 5 for x in a[2:]))
    if not is_feasible((*a, *(0.0,) * (6 - len(a)))):
        return
    p = np.linspace(0.05, 0.95, len(a))
    x = metalog(*a, **limits).ppf(p)
    parameters, got = fit_metalog(p, x, len(a), limits)
    np.testing.assert_allclose(got, x, rtol=1e-8, atol=1e-10)
    expected = dict(zip(("a1", "a2", "a3", "a4", "a5", "a6"), a, strict=False)) | limits
    assert parameters == pytest.approx(expected, rel=1e-6, abs=1e-7)


def test_coefficients_and_limits_are_shown() -> None:
    def text(marginal: Marginal) -> str:
        return str(marginal)

    assert text(metalog(1, 0.5, 0.2)) == "Metalog(1, 0.5, 0.2)"
    assert text(metalog(1, 0.5, 0, 0.2)) == "Metalog(1, 0.5, 0, 0.2)"
    assert text(metalog(1, 0.5, minimum=0)) == "Metalog(1, 0.5, minimum 0)"
    assert text(metalog(1, 0.5, minimum=0, maximum=9)) == "Metalog(1, 0.5, minimum 0, maximum 9)"
    assert metalog(1, 0.5, minimum=0).parameters == {"a1": 1, "a2": 0.5, "minimum": 0}


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"a1": 0, "a2": -1}, "whose quantile function rises for a metalog prior, got a1 = 0, a2 "),
        ({"a1": 0, "a2": 1, "a3": 1.7}, "got a1 = 0, a2 = 1, a3 = 1.7. Use fewer terms, or"),
        ({"a1": 0, "a2": 1, "a4": -9}, "whose quantile function rises"),
        ({"a1": math.nan, "a2": 1}, "got a1 = nan, a2 = 1"),
        ({"a1": 0, "a2": 1, "minimum": 3, "maximum": 2}, "a2 = 1, minimum = 3, maximum = 2. Use"),
    ],
)
def test_coefficients_that_make_no_distribution_are_refused(
    parameters: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metalog(**parameters)


def test_quantiles_outside_the_limits_are_refused() -> None:
    message = "Expected quantiles inside the limits 1 to 9, got 1 to 3. Move the limits out."
    with pytest.raises(ValueError, match=message):
        from_quantiles({0.1: 1.0, 0.5: 2.0, 0.9: 3.0}, "metalog", held={"minimum": 1, "maximum": 9})

"""Truncated versions and mixtures: conditioning and adding up, by closed forms and SciPy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from risk.copula import steps_of
from risk.families import (
    beta,
    discrete,
    gamma,
    histogram,
    lognormal,
    metalog,
    mixture,
    normal,
    pert,
    student_t,
    triangular,
    truncated,
    uniform,
)
from risk.marginals import Marginal, from_scipy

U = np.unique(np.concatenate([np.linspace(0, 1, 201), [1e-9, 1 - 1e-9]]))
LIMITS = [(-1.0, 2.0), (0.5, math.inf), (-math.inf, 0.3), (2.0, 2.5), (3.5, math.inf)]


@pytest.mark.parametrize("limits", LIMITS)
def test_a_truncated_normal_is_scipys(limits: tuple[float, float]) -> None:
    ours = truncated(normal(0.4, 1.3), *limits)
    theirs = stats.truncnorm(*((np.array(limits) - 0.4) / 1.3), 0.4, 1.3)
    # 1 − F(3.5) is 0.0086: two of the sixteen digits are lost in the upper tail.
    np.testing.assert_allclose(ours.ppf(U), theirs.ppf(U), rtol=1e-7, atol=1e-13)
    np.testing.assert_allclose(ours.ppf(U[5:-5]), theirs.ppf(U[5:-5]), rtol=1e-11)
    x = np.linspace(-5, 5, 101)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-11, atol=1e-13)
    assert ours.support == limits
    assert ours.mean() == pytest.approx(theirs.mean(), rel=1e-9)
    assert ours.standard_deviation() == pytest.approx(theirs.std(), rel=1e-8)


def test_waiting_has_no_memory() -> None:
    """Of an exponential what exceeds a is the exponential again."""
    whole = gamma(1.0, 3.0)
    np.testing.assert_allclose(
        truncated(whole, minimum=2.0).ppf(U[:-1]), 2 + whole.ppf(U[:-1]), rtol=1e-7
    )


def test_a_part_of_a_uniform_is_a_uniform() -> None:
    part, own = truncated(uniform(-2.0, 6.0), 1.0, 2.0), uniform(1.0, 2.0)
    np.testing.assert_allclose(part.ppf(U), own.ppf(U), rtol=1e-14)
    assert part.standard_deviation() == pytest.approx(own.standard_deviation(), rel=1e-6)


WHOLE = {
    "lognormal": lognormal(0.3, 0.6),
    "gamma": gamma(0.7, 2.0),
    "beta": beta(0.5, 3.0, 0.0, 9.0),
    "student t": student_t(1.0, 1.0, 3.0),
    "pert": pert(0.0, 1.0, 6.0),
    "metalog": metalog(1.0, 0.5, 0.3),
    "histogram": histogram([0, 1, 3, 5], [1, 0, 2]),
    "mixture": mixture([normal(1.0, 1.0), lognormal(0.0, 1.0)], [1, 2]),
}


@pytest.mark.parametrize("name", WHOLE)
def test_truncating_is_conditioning(name: str) -> None:
    """What is left of many points of the whole, in even steps, is the part in even steps."""
    points = (np.arange(20_000) + 0.5) / 20_000
    whole = WHOLE[name]
    left = whole.ppf(points)
    left = left[(left >= 0.2) & (left <= 4.0)]
    part = truncated(whole, 0.2, 4.0)
    got = part.ppf((np.arange(len(left)) + 0.5) / len(left))
    # Equal but for a step of the points: the shares of the two differ by one of them at most.
    step = 1.5 / len(left)
    assert np.abs(part.cdf(left) - (np.arange(len(left)) + 0.5) / len(left)).max() < step
    assert np.abs(part.cdf(got) - (np.arange(len(left)) + 0.5) / len(left)).max() < 1e-9
    assert part.mean() == pytest.approx(left.mean(), abs=2e-3)
    assert part.standard_deviation() == pytest.approx(left.std(), abs=2e-3)


def test_of_discrete_values_those_between_the_limits_are_left() -> None:
    part = truncated(discrete([1, 2, 4, 8], [0.1, 0.2, 0.3, 0.4]), 2, 7.9)
    assert part.parameters == {"values": [2, 4], "probabilities": pytest.approx([0.4, 0.6])}
    assert part.ppf(np.array([0.0, 0.39, 0.41, 1 - 2.0**-53, 1.0])).tolist() == [2, 2, 4, 4, 4]
    assert steps_of(part) == pytest.approx([0.4])
    assert str(part) == "Discrete(1: 0.1, 2: 0.2, 4: 0.3, 8: 0.4) within 2 to 7.9"


@pytest.mark.parametrize("low", [2.0, 4.0, 4.7])
@pytest.mark.parametrize("whole", [normal(0.0, 1.0), lognormal(0.0, 1.0), gamma(1.0, 1.0)])
def test_the_last_probability_below_one_has_a_finite_value(low: float, whole: Marginal) -> None:
    """The step from F(a) to 1 must not round up to 1, where the value is infinite."""
    part = truncated(whole, minimum=low)
    assert np.isfinite(part.ppf(np.array([0.0, 1 - 1e-12, 1 - 2.0**-53]))).all()
    assert math.isfinite(part.mean() + part.standard_deviation())
    assert part.ppf(np.array([1.0]))[0] == math.inf


def test_limits_outside_the_support_change_nothing() -> None:
    whole = beta(2.0, 3.0)
    same = truncated(whole, -1.0, 5.0)
    assert same.support == (0.0, 1.0)
    np.testing.assert_array_equal(same.ppf(U), whole.ppf(U))


def test_which_parts_have_no_variance() -> None:
    heavy, light = student_t(0.0, 1.0, 1.8), student_t(0.0, 1.0, 3.0)
    log_metalog = metalog(0.0, 0.6, minimum=0.0)
    assert truncated(heavy, minimum=1.0).standard_deviation() == math.inf
    assert truncated(log_metalog, minimum=1.0).standard_deviation() == math.inf
    assert mixture([normal(0, 1), heavy], [9, 1]).standard_deviation() == math.inf
    assert mixture([normal(0, 1), log_metalog], [9, 1]).standard_deviation() == math.inf
    nested = mixture([truncated(heavy, maximum=9.0), light], [1, 1])
    assert nested.standard_deviation() == math.inf
    assert math.isfinite(mixture([truncated(heavy, 0, 9), light], [1, 1]).standard_deviation())
    density = heavy.distribution.pdf
    mass = integrate.quad(density, -3, 9)[0]
    moment = [integrate.quad(lambda x, k=k: x**k * density(x), -3, 9)[0] / mass for k in (1, 2)]
    part = truncated(heavy, -3.0, 9.0)
    assert part.mean() == pytest.approx(moment[0], rel=1e-7)
    variance = moment[1] - moment[0] ** 2
    assert part.standard_deviation() == pytest.approx(math.sqrt(variance), rel=1e-7)


@pytest.mark.parametrize(
    ("minimum", "maximum", "text"),
    [
        (2.0, 1.0, "got Normal\\(0, 1\\) within 2 to 1. Move them apart."),
        (1.0, 1.0, "within 1 to 1"),
        (9.0, math.inf, "within 9 to ∞"),
        (math.nan, 1.0, "within nan to 1"),
    ],
)
def test_limits_that_leave_nothing_are_refused(minimum: float, maximum: float, text: str) -> None:
    with pytest.raises(ValueError, match="Expected limits that leave something of the prior, .*"):
        truncated(normal(0.0, 1.0), minimum, maximum)
    with pytest.raises(ValueError, match=text):
        truncated(normal(0.0, 1.0), minimum, maximum)
    with pytest.raises(ValueError, match="leave something of the prior, got Discrete"):
        truncated(discrete([1, 2, 4], [0.2, 0.4, 0.4]), 1.5, 3.0)


def test_a_mixture_of_normals_is_scipys() -> None:
    ours = mixture([normal(-1.0, 0.5), normal(2.0, 1.0), normal(2.5, 3.0)], [0.5, 0.3, 0.2])
    parts = [stats.Normal(mu=m, sigma=s) for m, s in ((-1.0, 0.5), (2.0, 1.0), (2.5, 3.0))]
    theirs = stats.Mixture(parts, weights=[0.5, 0.3, 0.2])
    u = np.array([1e-6, 0.01, 0.2, 0.5, 0.8, 0.99, 1 - 1e-6])
    np.testing.assert_allclose(ours.ppf(u), theirs.icdf(u), rtol=1e-7, atol=1e-7)
    x = np.linspace(-10, 10, 21)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), rtol=1e-12)
    assert ours.mean() == pytest.approx(float(theirs.mean()), rel=1e-12)
    assert ours.standard_deviation() == pytest.approx(float(theirs.standard_deviation()), rel=1e-9)


def test_two_uniforms_with_a_gap_by_hand() -> None:
    belief = mixture([uniform(0.0, 1.0), uniform(3.0, 5.0)], [1, 3])
    u = np.array([0.0, 0.125, 0.25, np.nextafter(0.25, 1), 0.625, 1.0])
    np.testing.assert_allclose(belief.ppf(u), [0, 0.5, 1, 3, 4, 5], atol=1e-12)
    assert belief.support == (0, 5)
    assert belief.mean() == 0.125 + 3.0
    assert belief.standard_deviation() ** 2 == pytest.approx(
        0.25 * (1 / 12 + 0.5**2) + 0.75 * (1 / 3 + 16) - 3.125**2
    )


@pytest.mark.parametrize("name", WHOLE)
def test_a_mixture_of_twice_the_same_is_the_same(name: str) -> None:
    whole = WHOLE[name]
    twice = mixture([whole, whole], [0.3, 0.7])
    # At the few edges of a histogram's gap either end will do.
    u = U[(U > 0) & (U < 1) & (np.abs(U - 1 / 3) > 1e-9)]
    scale = np.ptp(whole.ppf(np.array([0.1, 0.9])))
    np.testing.assert_allclose(twice.ppf(u), whole.ppf(u), rtol=1e-7, atol=1e-9 * scale)
    inner = u[5:-5]
    np.testing.assert_allclose(twice.ppf(inner), whole.ppf(inner), rtol=1e-9, atol=1e-9 * scale)
    assert twice.support == whole.support
    assert twice.mean() == pytest.approx(whole.mean())


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return numbers(low, high).map(lambda x: float(10.0**x))


PARTS = st.one_of(
    st.builds(normal, numbers(-100, 100), powers(-4, 3)),
    st.builds(student_t, numbers(-9, 9), powers(-2, 2), powers(-0.2, 2)),
    st.builds(lognormal, numbers(-3, 3), powers(-1.5, 0.3)),
    st.builds(gamma, powers(-0.7, 2), powers(-2, 2), numbers(-9, 9)),
    st.builds(beta, powers(-0.7, 2), powers(-0.7, 2)),
    st.builds(lambda a, w: uniform(a, a + w), numbers(-9, 9), powers(-3, 3)),
    st.builds(lambda a, w, m: triangular(a, a + w * m, a + w), *[numbers(0.1, 0.9)] * 3),
    st.just(metalog(1.0, 0.5, 0.3)),
    st.just(histogram([0, 1, 3, 5], [1, 0, 2])),
    st.just(truncated(normal(0, 1), -1, 2)),
)
SOME = st.lists(st.tuples(PARTS, numbers(0.01, 1)), min_size=2, max_size=4)


@settings(max_examples=40, deadline=None)
@given(SOME, st.lists(numbers(2.0**-53, 1 - 2.0**-53), min_size=1, max_size=30))
def test_of_a_mixture_no_value_falls_and_shares_add_up(
    some: list[tuple[Marginal, float]], u: list[float]
) -> None:
    parts, weights = zip(*some, strict=True)
    belief = mixture(parts, weights)
    points = np.unique([0.0, *u, *np.nextafter(u, 1.0), 1.0])
    x = belief.ppf(points)
    assert tuple(x[[0, -1]]) == belief.support
    assert np.all(x[1:] >= x[:-1])
    shares = np.array(weights) / sum(weights)
    x = x[1:-1]
    total = sum(s * part.cdf(x) for s, part in zip(shares, parts, strict=True))
    np.testing.assert_allclose(belief.cdf(x), total, atol=1e-15)
    room = 1e-10 * (np.abs(x) + np.ptp(belief.ppf(np.array([0.1, 0.9]))))
    assert np.all(belief.cdf(x - room) <= points[1:-1] + 1e-9)
    assert np.all(belief.cdf(x + room) >= points[1:-1] - 1e-9)


def test_what_they_say_of_themselves() -> None:
    assert str(truncated(normal(0, 1), minimum=-1)) == "Normal(0, 1) within -1 to ∞"
    two = mixture([normal(0, 1), uniform(0, 1)], [3, 1])
    assert str(two) == "Mixture of 75% Normal(0, 1), 25% Uniform(0, 1)"
    assert str(mixture([normal(0, 1)] * 5, [1] * 5)).endswith("20% Normal(0, 1), …")
    assert two.parameters["components"][1] == {
        "weight": 0.25,
        "family": "uniform",
        "parameters": {"minimum": 0, "maximum": 1},
    }
    assert truncated(normal(0, 1), 0).parameters == {
        "of": "normal",
        "parameters": {"mean": 0, "standard_deviation": 1},
        "minimum": 0,
    }


@pytest.mark.parametrize(
    ("parts", "weights", "message"),
    [
        ([], [], "one to 100 parts of a mixture with a weight each, got 0 parts and 0 weights"),
        ([normal(0, 1)] * 2, [1], "got 2 parts and 1 weights. Correct them."),
        ([normal(0, 1)] * 101, [1] * 101, "got 101 parts and 101 weights"),
        ([normal(0, 1)] * 2, [1, 0], "Expected weights above 0 for a mixture, got 1, 0. Correct"),
        ([normal(0, 1)] * 2, [1, math.nan], "weights above 0 for a mixture, got 1, nan"),
        ([normal(0, 1), discrete([1, 2], [0.5, 0.5])], [1, 1], "that are continuous, got Discrete"),
        ([normal(0, 1), from_scipy(stats.poisson(2))], [1, 1], "that are continuous, got Poisson"),
    ],
)
def test_mixtures_that_make_no_sense_are_refused(
    parts: list[Marginal], weights: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        mixture(parts, weights)

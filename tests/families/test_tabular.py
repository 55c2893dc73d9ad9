"""Lists as distributions, against NumPy and SciPy's own tables."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from risk.families import beta, discrete, empirical, gamma, histogram, normal
from risk.families.numeric import cdf_of, deviation_of, interpolated, inverted, mean_of
from risk.marginals import Marginal

U = np.unique(np.concatenate([np.linspace(0, 1, 101), np.random.default_rng(3).random(1000)]))
rising = (  # SciPy divides by the widths of bins and warns where that overflows
    st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=9, unique=True)
    .map(sorted)
    .filter(lambda x: np.diff(x).min() > 1e-6)
)
weights = st.lists(st.integers(0, 9), min_size=9, max_size=9).filter(lambda w: any(w[:2]))


@settings(max_examples=40, deadline=None)
@given(rising, weights)
def test_a_discrete_one_is_scipys(values: list[float], counts: list[int]) -> None:
    w = np.array(counts[: len(values)], dtype=float)
    p = w / w.sum()
    ours, theirs = discrete(values, p.tolist()), stats.rv_discrete(values=(range(len(p)), p))
    # Away from the steps, where rounding of the sums decides: SciPy sums otherwise.
    u = U[1:-1][np.abs(U[1:-1, None] - np.cumsum(p)).min(axis=1) > 1e-9]
    np.testing.assert_array_equal(ours.ppf(u), np.array(values)[theirs.ppf(u).astype(int)])
    np.testing.assert_allclose(ours.cdf(np.array(values)), np.cumsum(p), atol=1e-12)
    possible = np.array(values)[p > 0]
    assert ours.support == (possible[0], possible[-1])
    assert ours.mean() == pytest.approx(p @ values)
    deviation = math.sqrt(p @ (np.array(values) - p @ values) ** 2)
    assert ours.standard_deviation() == pytest.approx(deviation)


def test_each_value_gets_its_share_of_the_unit_interval() -> None:
    u = (np.arange(1000) + 0.5) / 1000
    x = discrete([1, 2, 5], [0.25, 0.5, 0.25]).ppf(u.reshape(10, 100))
    assert x.shape == (10, 100)
    values, counts = np.unique(x, return_counts=True)
    assert values.tolist() == [1, 2, 5]
    assert counts.tolist() == [250, 500, 250]


@settings(max_examples=40, deadline=None)
@given(rising, weights)
def test_a_histogram_is_scipys(bins: list[float], counts: list[int]) -> None:
    w = np.array(counts[: len(bins) - 1], dtype=float)
    ours, theirs = (
        histogram(bins, w.tolist()),
        stats.rv_histogram((w, np.array(bins)), density=False),
    )
    x = np.linspace(bins[0] - 1, bins[-1] + 1, 200)
    np.testing.assert_allclose(ours.cdf(x), theirs.cdf(x), atol=1e-9)
    assert ours.mean() == pytest.approx(theirs.mean(), rel=1e-9, abs=1e-6)
    assert ours.standard_deviation() == pytest.approx(theirs.std(), rel=1e-6)
    kept = np.flatnonzero(w)
    assert ours.support == (bins[kept[0]], bins[kept[-1] + 1])  # without empty bins at the ends


def test_quantiles_of_a_histogram_by_hand() -> None:
    belief = histogram([0, 1, 3, 4, 6], [1, 2, 0, 1])
    got = belief.ppf(np.array([0, 0.125, 0.25, 0.5, 0.75, np.nextafter(0.75, 1), 0.875, 1]))
    np.testing.assert_allclose(got, [0, 0.5, 1, 2, 3, 4, 5, 6], rtol=1e-12)
    assert str(belief) == "Histogram(4 bins, 0 to 6)"


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40).filter(lambda x: min(x) < max(x)))
def test_an_empirical_one_is_numpys_quantiles(values: list[float]) -> None:
    belief = empirical(values)
    size = max(map(abs, values))
    np.testing.assert_allclose(belief.ppf(U), np.quantile(values, U), rtol=1e-9, atol=1e-9 * size)
    assert belief.support == (min(values), max(values))
    # Of many points in even steps the moments are those of the straight lines.
    even = belief.ppf((np.arange(20_000) + 0.5) / 20_000)
    assert belief.mean() == pytest.approx(even.mean(), abs=1e-3 * np.ptp(values))
    assert belief.standard_deviation() == pytest.approx(even.std(), abs=1e-3 * np.ptp(values))


TABLES = {
    "discrete": discrete([1, 2, 4], [0.2, 0.5, 0.3]),
    "histogram": histogram([0, 1, 3, 4, 6], [1, 2, 0, 1]),
    "empirical": empirical([3.0, 1.0, 2.0, 2.0, 2.0, 9.0]),
}


@pytest.mark.parametrize("name", TABLES)
@settings(max_examples=40, deadline=None)
@given(u=st.lists(st.floats(0, 1), min_size=1, max_size=40))
def test_where_probabilities_rise_no_value_falls(name: str, u: list[float]) -> None:
    belief = TABLES[name]
    points = np.unique(np.clip([*u, *np.nextafter(u, 2.0), *np.nextafter(u, -1.0)], 0, 1))
    x = belief.ppf(points)
    assert np.all(np.diff(x) >= 0)
    # F(x) is the largest probability whose quantile is at most x, but for rounding.
    assert np.all(belief.cdf(x) >= points - 1e-12)
    below = belief.cdf(x - 1e-9 * (1 + np.abs(x)))
    assert np.all(below <= points + 1e-6)


def test_ties_of_a_sample_are_a_step() -> None:
    belief = TABLES["empirical"]
    assert belief.cdf(np.array([1.999999, 2.0])) == pytest.approx([0.2, 0.6], abs=1e-5)
    assert belief.ppf(np.array([0.2, 0.4, 0.6])).tolist() == [2, 2, 2]


def test_what_they_say_of_themselves() -> None:
    assert str(TABLES["discrete"]) == "Discrete(1: 0.2, 2: 0.5, 4: 0.3)"
    assert str(discrete(range(8), [0.125] * 8)).endswith("5: 0.125, …)")
    assert str(TABLES["empirical"]) == "Empirical(6 values, 1 to 9)"
    assert TABLES["discrete"].parameters == {
        "values": [1, 2, 4],
        "probabilities": [0.2, 0.5, 0.3],
    }


@pytest.mark.parametrize(
    ("family", "first", "second", "message"),
    [
        (discrete, [1], [1.0], "two or more `values` of a discrete prior, rising and finite, got"),
        (discrete, [2, 1], [0.5, 0.5], "rising and finite, got 2, 1. Put them in order, each once"),
        (discrete, [1, math.inf], [0.5, 0.5], "rising and finite, got 1, inf"),
        (discrete, [1, 2], [1.0], "got 2 values and 1 probabilities. Give as many of both."),
        (discrete, [1, 2], [0.5, 0.6], "Expected probabilities that sum to 1, got a sum of 1.1"),
        (discrete, [1, 2], [1.5, -0.5], "for every value, got 1 1.5, 2 -0.5. Correct them."),
        (histogram, [1, 1, 2], [1, 1], "two or more `bins` of a histogram prior, rising"),
        (histogram, [1, 2, 3], [1], "got 3 edges and 1 weights. Give 2 weights."),
        (histogram, [1, 2, 3], [0, 0], "Expected weights of at least 0, not all of them 0, for a"),
        (histogram, [1, 2, 3], [1, -1], "got 1, -1. Correct them."),
        (histogram, [1, 2, 3], [1, math.nan], "got 1, nan. Correct them."),
    ],
)
def test_lists_that_make_no_sense_are_refused(
    family: object, first: list[float], second: list[float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        family(first, second)  # type: ignore[operator]


@pytest.mark.parametrize(("values", "got"), [([], "none"), ([1.0], "1"), ([2, 2], "2, 2")])
def test_a_sample_has_two_different_values(values: list[float], got: str) -> None:
    message = f"at least two different finite values for an empirical prior, got {got}. Give more"
    with pytest.raises(ValueError, match=message):
        empirical(values)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_interpolation_is_numpys(u: list[float]) -> None:
    cumulative, values = np.array([0.0, 0.2, 0.7, 1.0]), np.array([-1.0, 3.0, 4.0, 9.0])
    got = interpolated(np.array(u), cumulative, values)
    np.testing.assert_allclose(got, np.interp(u, cumulative, values), atol=1e-12)


def test_a_function_is_inverted() -> None:
    at = np.linspace(-8, 27, 50)
    np.testing.assert_allclose(inverted(lambda x: x**3, at, -9, 9), np.cbrt(at), atol=1e-12)


def test_the_rest_follows_from_the_quantile_function() -> None:
    def check(law: Marginal) -> None:
        x = law.ppf(np.array([0.001, 0.3, 0.5, 0.9]))
        np.testing.assert_allclose(cdf_of(law.ppf, x), law.cdf(x), rtol=1e-11)
        assert mean_of(law.ppf) == pytest.approx(law.mean(), rel=1e-9)
        assert deviation_of(law.ppf) == pytest.approx(law.standard_deviation(), rel=1e-8)

    for law in (normal(2.0, 3.0), gamma(2.0, 1.0), beta(2.0, 3.0)):
        check(law)

"""Risk measures: closed forms, the axioms of a coherent measure, and their intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.stats import qmc

from risk.stats import measures

TAILS = st.sampled_from([0.01, 0.05, 0.07, 0.25, 0.5, 1.0])
samples = arrays(float, st.integers(2, 60), elements=st.floats(-1e6, 1e6))


def net(distribution: object, replicates: int = 16, n: int = 4096) -> np.ndarray:
    """Scrambled Sobol' draws of one variable, shape (R, n)."""
    rng = np.random.default_rng(7)
    u = [qmc.Sobol(1, rng=rng, bits=52).random(n)[:, 0] + 2.0**-53 for _ in range(replicates)]
    return distribution.ppf(np.array(u))  # type: ignore[attr-defined]


@pytest.mark.parametrize("tail", [0.05, 0.01])
@pytest.mark.parametrize(
    ("distribution", "name"),
    [(stats.norm(1, 2), "normal"), (stats.uniform(-1, 3), "uniform"), (stats.expon(-1), "expon")],
)
def test_closed_forms(distribution: object, name: str, tail: float) -> None:
    """Value at risk and expected shortfall within five standard errors of the exact ones."""
    y = net(distribution)
    q = distribution.ppf(tail)  # type: ignore[attr-defined]
    below = distribution.expect(lambda x: x, ub=q) / tail  # type: ignore[attr-defined]
    for found, truth in (
        (measures.estimate_value_at_risk(y, [tail]), -q),
        (measures.estimate_expected_shortfall(y, [tail]), -below),
    ):
        assert found.lower <= found.value <= found.upper
        # 3e-4 of the spread: the order statistics of 65,536 points are a discrete sample
        assert abs(found.value - truth) < 5 * found.standard_error + 3e-4


def test_normal_value_at_risk_to_the_known_digits() -> None:
    y = net(stats.norm())
    assert measures.value_at_risk(y.ravel(), 0.05) == pytest.approx(1.6448536270, abs=2e-3)
    assert measures.expected_shortfall(y.ravel(), 0.05) == pytest.approx(2.0627128075, abs=2e-3)


@given(samples, TAILS, st.floats(-1e3, 1e3), st.floats(0.01, 100))
def test_translation_and_homogeneity(y: np.ndarray, tail: float, shift: float, by: float) -> None:
    scale = np.abs(y).max() * by + abs(shift) + 1
    for measure in (measures.value_at_risk, measures.expected_shortfall):
        moved = measure(y + shift, tail)
        assert moved == pytest.approx(measure(y, tail) - shift, abs=1e-9 * scale)
        assert measure(by * y, tail) == pytest.approx(by * measure(y, tail), abs=1e-9 * scale)


@pytest.mark.parametrize("by", [2.0**-660, 2.0**660], ids=["1e-199", "1e199"])
def test_the_unit_changes_no_digit(by: float) -> None:
    """Squares of such outcomes leave the range of a double."""
    y = net(stats.expon(-1), replicates=4, n=64)
    for measure in (measures.mean, measures.standard_deviation):
        for part, scaled in zip(measure(y), measure(by * y), strict=True):
            assert np.array_equal(by * part, scaled)
    for part, scaled in zip(measures.skewness(y), measures.skewness(by * y), strict=True):
        assert np.array_equal(part, scaled)


@given(samples, TAILS, st.floats(0, 1e3))
def test_monotone(y: np.ndarray, tail: float, more: float) -> None:
    better = y + more * (np.arange(len(y)) % 2)
    tiny = 1e-9 * (np.abs(y).max() + more + 1)
    for measure in (measures.value_at_risk, measures.expected_shortfall):
        assert measure(better, tail) <= measure(y, tail) + tiny


@given(arrays(float, (2, 40), elements=st.floats(-1e6, 1e6)), TAILS)
def test_expected_shortfall_is_subadditive(y: np.ndarray, tail: float) -> None:
    together = measures.expected_shortfall(y.sum(axis=0), tail)
    apart = measures.expected_shortfall(y, tail).sum()
    assert together <= apart + 1e-9 * (np.abs(y).max() + 1)


@given(samples, TAILS)
def test_expected_shortfall_is_at_least_the_value_at_risk(y: np.ndarray, tail: float) -> None:
    tiny = 1e-9 * (np.abs(y).max() + 1)
    assert measures.expected_shortfall(y, tail) >= measures.value_at_risk(y, tail) - tiny


def test_tail_weights_are_the_tail() -> None:
    for n, tail in ((100, 0.07), (4096, 0.05), (10, 0.05), (65536, 0.01), (3, 1.0)):
        weights = measures.tail_weights(n, tail)
        assert weights.sum() == pytest.approx(1)
        # Every weight but the last is a full draw: 1 / (n tail), and no draw counts more.
        assert np.all(weights <= 1 / min(1, n * tail) + 1e-12)
        assert len(weights) == np.ceil(round(n * tail, 9))


def test_the_whole_sample_is_the_mean() -> None:
    y = np.random.default_rng(0).normal(size=1000)
    assert measures.expected_shortfall(y, 1.0) == pytest.approx(-y.mean())


def test_moments_are_those_of_the_pooled_sample() -> None:
    y = np.random.default_rng(0).lognormal(size=(3, 8, 500))
    flat = y.reshape(3, -1)
    assert measures.mean(y).value == pytest.approx(flat.mean(axis=1))
    assert measures.standard_deviation(y).value == pytest.approx(flat.std(axis=1))
    assert measures.skewness(y).value == pytest.approx(stats.skew(flat, axis=1))


def test_errors_of_moments_are_those_of_large_samples() -> None:
    """Independent normals: se of the deviation is σ/√(2N), of the skewness √(6/N)."""
    y = np.random.default_rng(1).normal(5, 2, size=(400, 50))
    n = y.size
    # the error itself has an error of 1/√(2·399), here 3.5 %: four of them
    assert measures.standard_deviation(y).standard_error == pytest.approx(
        2 / np.sqrt(2 * n), rel=0.14
    )
    assert measures.skewness(y).standard_error == pytest.approx(np.sqrt(6 / n), rel=0.14)


def test_no_spread_no_skewness() -> None:
    y = np.full((4, 8), 3.0)
    assert measures.standard_deviation(y)[:2] == (0, 0)
    assert np.isnan(measures.skewness(y).value)


@pytest.mark.parametrize("p", [0.01, 0.05, 0.5])
def test_quantile_intervals_cover_where_one_input_decides(p: float) -> None:
    """A net is at its best in one dimension; the spread of its quantiles says too little there."""
    held = 0
    for seed in range(100):
        rng = np.random.default_rng(seed)
        y = np.array([qmc.Sobol(1, rng=rng, bits=52).random(256)[:, 0] for _ in range(8)])
        found = measures.estimate_quantiles(y, [p])
        held += bool(found.lower <= p <= found.upper)
    assert held >= 95 - 3 * 2.2  # three binomial standard errors below 95 of 100


def test_a_quantile_is_numpys() -> None:
    y = np.random.default_rng(3).normal(size=(2, 4, 64))
    for p in (0.0, 0.05, 0.5, 1.0):
        found = measures.estimate_quantiles(y, [p])
        assert found.value[:, 0] == pytest.approx(np.quantile(y.reshape(2, -1), p, axis=1))
        assert np.all((found.lower <= found.value) & (found.value <= found.upper))


def test_arguments_are_not_changed() -> None:
    y = np.random.default_rng(0).normal(size=(2, 100))
    y.flags.writeable = False
    measures.expected_shortfall(y, 0.05)
    measures.probability_below(y)


def test_probability_with_its_interval() -> None:
    y = net(stats.norm(), n=1024)
    found = measures.probability_below(y, -1.0)
    truth = stats.norm.cdf(-1)
    assert found.value == pytest.approx(truth, abs=1e-3)
    assert found.lower < truth < found.upper


def test_a_probability_never_leaves_zero_to_one() -> None:
    rng = np.random.default_rng(5)
    for p in (1e-4, 1e-3, 0.999):
        found = measures.probability_below(rng.random((8, 256)), p)
        assert 0 <= found.lower <= found.value <= found.upper <= 1


def test_no_event_at_all_is_clopper_pearson() -> None:
    y = np.ones((16, 256))
    found = measures.probability_below(y)
    exact = stats.binomtest(0, 16 * 256).proportion_ci(method="exact")
    assert (found.value, found.lower) == (0, 0)
    assert found.upper == pytest.approx(exact.high)
    always = measures.probability_below(-y)
    assert (always.value, always.upper) == (1, 1)
    assert always.lower == pytest.approx(1 - exact.high)


def test_the_same_count_in_every_replicate_is_no_certainty() -> None:
    y = np.tile(np.linspace(-1, 3, 256), (16, 1))
    found = measures.probability_below(y)
    assert found.standard_error == 0
    assert found.lower < 0.25 < found.upper


@pytest.mark.parametrize("tail", [0.0, 1.5, -0.1, np.nan])
def test_tails_that_are_no_share(tail: float) -> None:
    with pytest.raises(ValueError, match="Expected every tail between 0 and 1, got"):
        measures.estimate_expected_shortfall(np.ones((2, 4)), [tail])


def test_rounding_makes_no_skewness() -> None:
    assert measures.standard_deviation(np.full((4, 8), 1 / 3))[:2] == (0, 0)

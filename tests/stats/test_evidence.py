"""Weighted draws: closed forms of normal evidence, equal weights, repeated draws, intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special, stats
from scipy.stats import qmc

from risk.stats import evidence, measures, replicates

samples = arrays(float, (4, 8), elements=st.floats(-1e6, 1e6))
heavy = arrays(float, (4, 8), elements=st.floats(0.01, 1))


def normals(dimensions: int, n: int = 4096, count: int = 16, seed: int = 7) -> np.ndarray:
    """Scrambled Sobol' draws of independent standard normals, shape (dimensions, R, n)."""
    rng = np.random.default_rng(seed)
    u = [qmc.Sobol(dimensions, rng=rng, bits=52).random(n).T + 2.0**-53 for _ in range(count)]
    return np.asarray(special.ndtri(np.stack(u, axis=1)))


def observed(y: np.ndarray, *pairs: tuple[float, float]) -> np.ndarray:
    """Log likelihood of values and errors, one a row of y."""
    values, errors = np.array(pairs).T
    return evidence.log_likelihood(y, values, errors)


@pytest.mark.parametrize(("value", "error"), [(0.0, 1.0), (1.0, 0.2), (-2.0, 0.5), (3.0, 0.5)])
def test_normal_prior_and_normal_error(value: float, error: float) -> None:
    """Posterior N(v / (1 + e²), e² / (1 + e²)), evidence N(v; 0, 1 + e²), all within five errors.

    The effective sample size has a closed form too: N E(w)² / E(w²).
    """
    z = normals(2)
    y = (z[0] + 2 * z[1]) / 5**0.5
    density = observed(y[None], (value, error))
    w = evidence.weights(density)
    v = 1 + error**2
    posterior = stats.norm(value / v, error / v**0.5)
    mean = evidence.mean(y, w)
    assert abs(mean.value - posterior.mean()) < 5 * mean.standard_error
    square = evidence.mean((y - posterior.mean()) ** 2, w)
    assert abs(square.value - posterior.var()) < 5 * square.standard_error
    levels = [0.05, 0.5, 0.95]
    q = evidence.estimate_quantiles(y, w, levels)
    assert np.all(np.abs(q.value - posterior.ppf(levels)) < 5 * q.standard_error)
    below = evidence.probability_below(y, w, threshold=0.5)
    assert abs(below.value - posterior.cdf(0.5)) < 5 * below.standard_error
    marginal = evidence.log_evidence(density)
    exact = stats.norm(0, v**0.5)
    assert abs(marginal.value - exact.logpdf(value)) < 5 * marginal.standard_error
    prediction = evidence.predictive_probability(y, value, error)
    assert abs(prediction.value - exact.cdf(value)) < 5 * prediction.standard_error
    moved = evidence.shift(y, w)
    delta = 2 * stats.norm.cdf(posterior.mean() / (1 + posterior.var()) ** 0.5) - 1
    assert abs(moved.value - delta) < 5 * moved.standard_error
    share = error * (error**2 + 2) ** 0.5 / v * np.exp(-(value**2) / v / (v + 1))
    # the net makes both means of the weights precise to a few in a thousand
    assert evidence.effective_sample_size(w) == pytest.approx(y.size * share, rel=0.01)


def test_several_observations_of_correlated_outcomes() -> None:
    """Posterior mean HᵀS⁻¹v and variance I − HᵀS⁻¹H of every input, evidence N(v; 0, S)."""
    h = np.array([[1.0, 0.5, 0.0], [0.0, 1.0, -1.0], [1.0, 1.0, 1.0]])
    v, e = np.array([0.5, -1.0, 0.3]), np.array([0.5, 0.8, 1.0])
    z = normals(3)
    density = evidence.log_likelihood(np.einsum("ki,irn->krn", h, z), v, e)
    w = evidence.weights(density)
    spread = h @ h.T + np.diag(e**2)
    mean = evidence.mean(z, w)
    exact = h.T @ np.linalg.solve(spread, v)
    assert mean.value.shape == (3,)
    assert np.all(np.abs(mean.value - exact) < 5 * mean.standard_error)
    square = evidence.mean((z - exact[:, None, None]) ** 2, w)
    variance = np.diag(np.eye(3) - h.T @ np.linalg.solve(spread, h))
    assert np.all(np.abs(square.value - variance) < 5 * square.standard_error)
    marginal = evidence.log_evidence(density)
    truth = stats.multivariate_normal(np.zeros(3), spread).logpdf(v)
    assert abs(marginal.value - truth) < 5 * marginal.standard_error


def test_a_bounded_prior_cuts_the_posterior_off() -> None:
    """A uniform prior with a normal error: a truncated normal."""
    y = special.ndtr(normals(1)[0])
    w = evidence.weights(observed(y[None], (0.9, 0.2)))
    posterior = stats.truncnorm(-0.9 / 0.2, 0.1 / 0.2, 0.9, 0.2)
    levels = [0.05, 0.5, 0.95]
    q = evidence.estimate_quantiles(y, w, levels)
    assert np.all(np.abs(q.value - posterior.ppf(levels)) < 5 * q.standard_error)
    mean = evidence.mean(y, w)
    assert abs(mean.value - posterior.mean()) < 5 * mean.standard_error


@given(samples, st.floats(0.001, 10))
def test_equal_weights_change_nothing(y: np.ndarray, by: float) -> None:
    """Whatever they are equal to: the numbers of `measures`, and no shift at all."""
    w = np.full(y.shape, by)
    assert evidence.effective_sample_size(w) == pytest.approx(y.size)
    tiny = 1e-9 * (np.abs(y).max() + 1)
    for p in (0.0, 0.05, 0.3, 0.5, 1.0):
        found = evidence.estimate_quantiles(y, w, [p]).value
        assert found == pytest.approx(np.quantile(y, p), abs=tiny)
    assert evidence.mean(y, w).interval == pytest.approx(measures.mean(y).interval, abs=tiny)
    weighted, plain = evidence.probability_below(y, w), measures.probability_below(y)
    assert weighted.interval == pytest.approx(plain.interval, abs=1e-6)
    moved = evidence.shift(y, w)
    assert (moved.value, moved.standard_error) == pytest.approx((0, 0), abs=1e-12)


def test_quantile_intervals_are_those_of_equal_weights() -> None:
    y = np.random.default_rng(3).normal(size=(2, 8, 256))
    w = np.ones((8, 256))
    for weighted, plain in zip(
        evidence.estimate_quantiles(y, w, [0.05, 0.5])[:4],
        measures.estimate_quantiles(y, [0.05, 0.5])[:4],
        strict=True,
    ):
        assert weighted == pytest.approx(plain)


def test_a_weight_of_three_is_three_draws() -> None:
    rng = np.random.default_rng(1)
    y, count = rng.normal(size=(1, 40)), rng.integers(0, 4, size=(1, 40))
    y, w = np.repeat(y, 2, axis=0), np.repeat(count, 2, axis=0).astype(float)
    repeated = np.repeat(y[0], count[0])
    assert evidence.mean(y, w).value == pytest.approx(repeated.mean())
    assert evidence.probability_below(y, w, 0.3).value == pytest.approx(np.mean(repeated < 0.3))
    ordered = np.sort(y[w > 0])
    for p in (0.1, 0.5, 0.9):
        near = np.searchsorted(ordered, np.quantile(repeated, p))
        found = evidence.estimate_quantiles(y, w, [p]).value[0]
        assert ordered[near - 1] <= found <= ordered[near + 1]


@given(samples, heavy)
def test_quantiles_rise_inside_the_sample(y: np.ndarray, w: np.ndarray) -> None:
    found = evidence.estimate_quantiles(y, w, [0.0, 0.05, 0.5, 0.95, 1.0])
    assert found.value[0] == y.min()
    assert found.value[-1] == y.max()
    assert np.all(np.diff(found.value) >= -1e-9 * (np.abs(y).max() + 1))
    assert np.all(found.lower <= found.value)
    assert np.all(found.value <= found.upper)


@given(samples, heavy)
def test_a_shift_is_counted_pair_by_pair(y: np.ndarray, w: np.ndarray) -> None:
    pairs = np.sign(y.ravel()[:, None] - y.ravel()[None, :])
    expected = w.ravel() @ pairs.mean(axis=1) / w.sum()
    found = evidence.shift(y, w)
    assert found.value == pytest.approx(expected, abs=1e-12)
    assert evidence.shift(-y, w).value == pytest.approx(-expected, abs=1e-12)
    assert -1 <= found.lower <= found.value <= found.upper <= 1


def test_a_shift_does_not_see_the_scale() -> None:
    y = normals(1, n=256)[0]
    w = evidence.weights(observed(y[None], (1.0, 0.5)))
    moved, same = evidence.shift(np.exp(3 * y), w), evidence.shift(y, w)
    assert moved.value == pytest.approx(same.value)
    assert moved.interval == pytest.approx(same.interval)


def test_a_draw_without_weight_is_nowhere() -> None:
    y = np.random.default_rng(0).normal(size=(4, 50))
    w = np.where(y > 0, 1.0, 0.0)
    found = evidence.estimate_quantiles(y, w, [0.0, 0.5])
    assert found.value == pytest.approx(np.quantile(y[y > 0], [0.0, 0.5]))
    assert found.lower[0] > 0


@given(st.permutations(range(3)))
def test_the_order_of_observations_does_not_matter(order: list[int]) -> None:
    z = np.random.default_rng(2).normal(size=(3, 2, 16))
    v, e = np.array([0.1, -1.0, 2.0]), np.array([0.5, 2.0, 1e3])
    same = evidence.log_likelihood(z[order], v[order], e[order])
    assert same == pytest.approx(evidence.log_likelihood(z, v, e), rel=1e-12)


@given(samples, st.floats(-1e3, 1e3), st.floats(1.0, 1e6))
def test_two_observations_of_one_value_are_one_with_less_error(
    y: np.ndarray, value: float, error: float
) -> None:
    twice = observed(np.stack([y, y]), *[(value, error * 2**0.5)] * 2)
    once = observed(y[None], (value, error))
    assert evidence.weights(twice) == pytest.approx(evidence.weights(once), rel=1e-6, abs=1e-300)


def test_weights_never_underflow_together() -> None:
    density = np.array([[-1e5, -1e5 - 1], [-1e5 - 2, -2e5]])
    w = evidence.weights(density)
    assert w.ravel() == pytest.approx([1, np.exp(-1), np.exp(-2), 0])
    assert np.isfinite(evidence.log_evidence(density).value)


def test_no_density_at_all_is_no_effective_draw() -> None:
    density = observed(np.full((1, 2, 4), 1e200), (0.0, 1e-200))
    assert np.all(np.isneginf(density))
    w = evidence.weights(density)
    assert not w.any()
    assert evidence.effective_sample_size(w) == 0


def test_errors_are_the_delta_methods() -> None:
    """Independent draws: the variance of a weighted mean is Σ w² (y − m)² / (Σ w)²."""
    rng = np.random.default_rng(4)
    y, w = rng.normal(size=(2, 400, 50)) ** 2
    found = evidence.mean(y, w)
    expected = np.sqrt(np.sum(w**2 * (y - found.value) ** 2)) / w.sum()
    # the error itself has an error of 1/√(2·399), here 3.5 %: four of them
    assert found.standard_error == pytest.approx(expected, rel=0.14)
    below = replicates.ratio(np.mean(w * y, axis=-1), np.mean(w, axis=-1))
    assert found.interval == pytest.approx(below.interval)


@pytest.mark.parametrize("p", [0.05, 0.5])
def test_quantile_intervals_cover_where_one_input_decides(p: float) -> None:
    """A net is at its best in one dimension; the spread of its quantiles says too little there."""
    posterior = stats.norm(0.5, 0.5**0.5)
    held = 0
    for seed in range(100):
        y = normals(1, n=256, count=8, seed=seed)[0]
        w = evidence.weights(observed(y[None], (1.0, 1.0)))
        found = evidence.estimate_quantiles(y, w, [p])
        held += bool(found.lower <= posterior.ppf(p) <= found.upper)
    assert held >= 95 - 3 * 2.2  # three binomial standard errors below 95 of 100


def test_no_event_at_all_is_clopper_pearson_at_the_effective_size() -> None:
    w = np.tile([1.0, 0.0], (16, 128))
    assert evidence.effective_sample_size(w) == 16 * 128
    found = evidence.probability(np.zeros(w.shape, dtype=bool), w)
    exact = stats.binomtest(0, 16 * 128).proportion_ci(method="exact")
    assert (found.value, found.lower) == (0, 0)
    assert found.upper == pytest.approx(exact.high)


def test_a_probability_never_leaves_zero_to_one() -> None:
    rng = np.random.default_rng(5)
    y, w = rng.random((8, 256)), rng.random((8, 256))
    for p in (1e-4, 1e-3, 0.999):
        found = evidence.probability_below(y, w, p)
        assert 0 <= found.lower <= found.value <= found.upper <= 1


def test_samples_may_have_more_dimensions() -> None:
    y = np.random.default_rng(6).normal(size=(2, 3, 4, 64))
    w = np.random.default_rng(7).random((4, 64))
    for estimate in (
        evidence.mean(y, w), evidence.shift(y, w), evidence.probability_below(y, w),
        evidence.predictive_probability(y, 0.0, 1.0),
    ):  # fmt: skip
        assert estimate.value.shape == (2, 3)
        assert estimate.replicates.shape == (2, 3, 4)
    levels = evidence.estimate_quantiles(y, w, [0.1, 0.9])
    assert levels.value.shape == (2, 3, 2)
    assert levels.replicates.shape == (2, 3, 2, 4)
    one = evidence.estimate_quantiles(y[1, 2], w, [0.1, 0.9])
    assert levels.value[1, 2] == pytest.approx(one.value)


def test_arguments_are_not_changed() -> None:
    y, w = np.random.default_rng(8).random((2, 4, 64))
    y.flags.writeable = w.flags.writeable = False
    evidence.estimate_quantiles(y, w, [0.5])
    evidence.shift(y, w)
    evidence.mean(y, w)


@pytest.mark.parametrize("p", [1.5, -0.1, np.nan])
def test_levels_that_are_no_share(p: float) -> None:
    with pytest.raises(ValueError, match="Expected every probability between 0 and 1, got"):
        evidence.estimate_quantiles(np.ones((2, 4)), np.ones((2, 4)), [p])

"""What evidence makes of a sample: importance weights, and estimates under them.

A draw that predicts what was observed counts for more. The draws stay where the prior put them;
their weights make them a sample of the posterior (self-normalised importance sampling, Owen 2013,
Monte Carlo theory, methods and examples, chapter 9). Each estimate is a ratio of two weighted
means, pooled over R independent replicates and linearised.

Samples have the shape (..., R, n), their weights (R, n).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import special

from risk.stats import replicates
from risk.stats.measures import levels
from risk.stats.replicates import Estimate, unseen
from risk.stats.replicates import bounded as bounded  # others find it here, too

Array = NDArray[np.float64]


def distances(y: Array, values: Array, errors: Array) -> Array:
    """How many errors each draw is away from each observed value, (K, R, n) to (K, R, n)."""
    with np.errstate(over="ignore"):
        return np.asarray((y - values[:, None, None]) / errors[:, None, None])


def log_likelihood(y: Array, values: Array, errors: Array) -> Array:
    """The log density of K observed values at every draw, (K, R, n) to (R, n).

    Errors are normal and independent: ``−½ Σ z² − Σ log(e √(2π))`` with ``z = (y − v) / e``.

    Examples
    --------
    >>> log_likelihood(np.array([[[0.0, 1.0]]]), np.array([0.0]), np.array([1.0]))
    array([[-0.919, -1.419]])
    """
    with np.errstate(over="ignore"):
        square = np.sum(distances(y, values, errors) ** 2, axis=0)
    return np.asarray(-0.5 * square - np.sum(np.log(errors) + 0.5 * np.log(2 * np.pi)))


def weights(log_density: Array) -> Array:
    """Weights from log densities, the largest 1; all 0 where no draw has any density at all."""
    top = np.max(log_density)
    return np.exp(log_density - top) if np.isfinite(top) else np.zeros_like(log_density)


def effective_sample_size(weight: Array) -> float:
    """How many equally weighted draws are worth as much, ``(Σw)² / Σw²`` (Kish 1965).

    >>> effective_sample_size(np.array([[1.0, 1.0], [1.0, 0.0]]))
    3.0
    """
    square = np.sum(weight**2)
    return float(np.sum(weight) ** 2 / square) if square else 0.0


def log_evidence(log_density: Array) -> Estimate:
    """The log of the prior predictive density of what was observed, shape (R, n) to ().

    Examples
    --------
    >>> float(log_evidence(np.log([[0.1, 0.3], [0.2, 0.4]])).value)  # log 0.25
    -1.386...
    """
    own = np.mean(weights(log_density), axis=-1)
    pooled = np.mean(own)
    value = np.asarray(np.max(log_density) + np.log(pooled))
    return replicates.from_replicates(value, value + (own / pooled - 1))


def predictive_probability(y: Array, value: float, error: float) -> Estimate:
    """The probability, before the evidence, of observing a smaller value, (..., R, n) to (...).

    ``E Φ((v − y) / e)``: the error of observation counts (Box 1980, doi:10.2307/2982063).
    """
    with np.errstate(over="ignore"):
        below = special.ndtr((value - y) / error)
    least = unseen(y.shape[-2] * y.shape[-1])
    return bounded(replicates.mean(np.mean(below, axis=-1)), least)


def mean(y: Array, weight: Array) -> Estimate:
    """The weighted mean, (..., R, n) to (...).

    Examples
    --------
    >>> float(mean(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[1.0, 3.0], [1.0, 3.0]])).value)
    0.75
    """
    below = np.broadcast_to(np.mean(weight, axis=-1), y.shape[:-1])
    return replicates.ratio(np.mean(weight * y, axis=-1), below)


def probability(event: NDArray[np.bool_], weight: Array) -> Estimate:
    """The weighted probability of an event, (..., R, n) to (...).

    Its interval stays inside [0, 1] and is never finer than what as many draws as the effective
    sample size can tell.

    Examples
    --------
    >>> y = np.random.default_rng(1).random((16, 1024))
    >>> float(probability(y < 0.5, y).value.round(2))  # of the density 2y
    0.25
    """
    return bounded(mean(event.astype(float), weight), _least(weight))


def probability_below(y: Array, weight: Array, threshold: float = 0.0) -> Estimate:
    """The weighted probability that an outcome is below a threshold, (..., R, n) to (...)."""
    return probability(y < threshold, weight)


def _least(weight: Array) -> float:
    """The largest probability of an event that as many draws as are effective may miss."""
    size = effective_sample_size(weight) * (1 + 1e-12)  # all of equal weights, but for rounding
    return unseen(max(1, int(size)))


def estimate_quantiles(y: Array, weight: Array, probabilities: Sequence[float]) -> Estimate:
    """Weighted quantiles of the pooled sample with Woodruff's intervals, to (..., levels).

    The weighted share of the draws below the pooled quantile is a ratio, whose replicates give it
    an interval; the pooled quantiles at its two ends are the interval (Woodruff 1952,
    doi:10.1080/01621459.1952.10483443, who made it for weighted samples). It is never finer than
    what as many draws as the effective sample size can tell.

    Examples
    --------
    >>> y = np.random.default_rng(1).random((16, 1024))
    >>> estimate_quantiles(y, y, [0.25]).value.round(1)  # of the density 2y
    array([0.5])
    """
    p = levels(probabilities, "probability")
    least = _least(weight)
    kept = weight.ravel() > 0
    found = [_quantiles(part, weight, kept, p, least) for part in y.reshape(-1, *weight.shape)]
    stacked = (np.stack(part) for part in zip(*found, strict=True))
    return Estimate(*(part.reshape(*y.shape[:-2], *part.shape[1:]) for part in stacked))


def _quantiles(
    y: Array, weight: Array, kept: NDArray[np.bool_], p: Array, least: float
) -> Estimate:
    """Quantiles of one sample (R, n) at every level; draws without weight are nowhere."""
    pooled, heavy = y.ravel()[kept], weight.ravel()[kept]
    order = np.argsort(pooled, kind="stable")
    ordered, places = pooled[order], _places(heavy[order])
    value = np.interp(p, places, ordered)
    share = mean((y <= value[:, None, None]).astype(float), weight)
    half = np.maximum(share.upper - share.value, least)
    lower = np.interp(np.maximum(p - half, 0), places, ordered)
    upper = np.interp(np.minimum(p + half, 1), places, ordered)
    slope = (upper - lower) / (2 * half)
    own = value[:, None] - slope[:, None] * (share.replicates - share.value[:, None])
    error = (upper - lower) / (2 * replicates.student_t(len(y)))
    return Estimate(value, error, lower, upper, own)


def _places(heavy: Array) -> Array:
    """The probability at which each of an ordered sample stands, 0 … 1.

    Two neighbours are half of both their weights apart, so equal weights give the usual places
    (k − 1) / (N − 1), those of `numpy.quantile`.
    """
    steps = np.cumsum(heavy[1:] / 2 + heavy[:-1] / 2)
    return np.append(0.0, steps / steps[-1]) if steps.size else np.zeros(1)


def shift(y: Array, weight: Array) -> Estimate:
    """How far the evidence moves a number, from −1 to 1, shape (..., R, n) to (...).

    The probability that a draw after the evidence is above one before, less that it is below
    (Cliff's delta, 1993, doi:10.1037/0033-2909.114.3.494): 0 when nothing moves, ±1 when all that
    is left lies beyond all that was believed. A change of scale (a price or its logarithm) leaves
    it alone, a heavy tail does not rule it, and ½ more than half of it is the mean percentile of
    the prior at which the posterior stands.

    Both samples are the same draws, so the replicates hold the influence of either.

    Examples
    --------
    >>> y = np.random.default_rng(1).random((16, 1024))
    >>> float(shift(y, y).value.round(1))  # of 2y against 1 on [0, 1]: exactly 1/3
    0.3
    """
    found = [_shift(part, weight) for part in y.reshape(-1, *weight.shape)]
    value = np.array([v for v, _ in found]).reshape(y.shape[:-2])
    own = np.array([o for _, o in found]).reshape(*y.shape[:-1])
    plain = replicates.from_replicates(value, own)
    return plain._replace(lower=np.maximum(plain.lower, -1), upper=np.minimum(plain.upper, 1))


def _shift(y: Array, weight: Array) -> tuple[Array, Array]:
    """Value and linearised replicates (R,) of one sample (R, n)."""
    _, at, counts = np.unique(y, return_inverse=True, return_counts=True)
    at = at.reshape(y.shape)
    heavy = np.bincount(at.ravel(), weights=weight.ravel()) / weight.sum()
    prior = ((np.cumsum(counts) - counts / 2) / y.size)[at]  # mid-ranks: ties count half
    posterior = (np.cumsum(heavy) - heavy / 2)[at]
    above = mean(prior, weight)
    own = above.replicates + np.mean(1 - posterior, axis=-1) - above.value
    return np.asarray(2 * above.value - 1), 2 * own - 1

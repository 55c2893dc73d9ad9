"""Risk measures of a sample, and their intervals from replicates.

Every measure takes an outcome that is good when large (profit, revenue), so its losses are its low
values; a *loss* measure (value at risk, expected shortfall) is positive when money is lost.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from risk.stats import replicates
from risk.stats.replicates import Estimate

Array = NDArray[np.float64]
ROUNDING = 64 * np.finfo(float).eps  # a distance this far below the mean is none


def quantile(y: Array, probability: float) -> Array:
    """The value below which `y` falls with this probability, shape (..., n) to (...)."""
    return np.asarray(np.quantile(y, probability, axis=-1))


def value_at_risk(y: Array, tail: float) -> Array:
    """The loss that is exceeded with probability `tail`, positive when money is lost.

    Examples
    --------
    >>> float(value_at_risk(np.arange(-50.0, 51.0), tail=0.05))
    45.0
    """
    return -quantile(y, tail)


def expected_shortfall(y: Array, tail: float) -> Array:
    """The mean loss in the worst `tail` of cases, positive when money is lost.

    The boundary case counts with the fraction that makes the weight of the worst cases exactly
    `tail` (Acerbi & Tasche 2002, doi:10.1016/S0378-4266(02)00283-2), so the measure is coherent
    in every sample.

    Examples
    --------
    >>> float(expected_shortfall(np.array([-4.0, -2.0, 0.0, 6.0]), tail=0.5))
    3.0
    """
    weight = tail_weights(y.shape[-1], tail)
    worst = np.sort(np.partition(y, len(weight) - 1, axis=-1)[..., : len(weight)], axis=-1)
    return np.asarray(-np.sum(worst * weight, axis=-1))


def tail_weights(n: int, tail: float) -> Array:
    """Weights of the lowest order statistics of n in the mean of the worst `tail`."""
    size = round(n * tail, 9)  # 0.07 * 100 is 7.000000000000001
    whole = int(size)
    weights = np.append(np.full(whole, 1.0), size - whole) / size
    return weights[:-1] if size == whole else weights


def mean(y: Array) -> Estimate:
    """The mean of R replicates of an outcome, shape (..., R, n)."""
    return replicates.mean(y.mean(axis=-1))


def standard_deviation(y: Array) -> Estimate:
    """The standard deviation, its replicates linearised about the pooled mean, shape (..., R, n).

    Of an outcome without spread it is 0 with no error.
    """
    z, unit = _centred(y)
    value, error, lower, upper, own = deviation_of(np.mean(z**2, axis=-1))
    return Estimate(value * unit, error * unit, lower * unit, upper * unit, own * unit[..., None])


def deviation_of(square: Array) -> Estimate:
    """The standard deviation from each replicate's mean squared distance from the pooled mean.

    Examples
    --------
    >>> float(deviation_of(np.array([3.0, 5.0])).value)
    2.0
    """
    value = np.sqrt(square.mean(axis=-1))
    with np.errstate(invalid="ignore"):
        linear = np.where(
            value[..., None] > 0, (value[..., None] + square / value[..., None]) / 2, 0
        )
    return replicates.from_replicates(value, linear)


def skewness(y: Array) -> Estimate:
    """The third standardised moment, positive when the long tail is above, shape (..., R, n).

    NaN, which is what 0/0 is, for an outcome without spread.
    """
    z, _ = _centred(y)
    with np.errstate(invalid="ignore"):
        z = z / np.sqrt(np.mean(z**2, axis=(-2, -1), keepdims=True))
    return skewness_of(*(np.mean(z**k, axis=-1) for k in (1, 2, 3)))


def skewness_of(first: Array, square: Array, cube: Array) -> Estimate:
    """The skewness from each replicate's mean distance from the pooled mean, its square and cube.

    In units of the standard deviation its replicates are means of the influence
    ``z³ − 3z − 3/2 γ (z² − 1)``.

    Examples
    --------
    >>> float(skewness_of(np.zeros(2), np.array([4.0, 4.0]), np.array([8.0, 24.0])).value)
    2.0
    """
    spread = np.sqrt(square.mean(axis=-1, keepdims=True))
    with np.errstate(invalid="ignore"):
        z, z2, z3 = first / spread, square / spread**2, cube / spread**3
    value = z3.mean(axis=-1)
    influence = z3 - 3 * z - 1.5 * value[..., None] * (z2 - 1)
    return replicates.from_replicates(value, influence)


def _centred(y: Array) -> tuple[Array, Array]:
    """Distances from the pooled mean in a unit that keeps their squares numbers, and the unit.

    Those that only rounding makes are 0.
    """
    middle = y.mean(axis=(-2, -1), keepdims=True)
    z = y - middle
    z = np.where(np.abs(z) <= ROUNDING * np.abs(middle), 0.0, z)
    unit = replicates.binary_unit(z, axis=(-2, -1))
    return z / unit, unit[..., 0, 0]


def estimate_quantiles(y: Array, probabilities: Sequence[float]) -> Estimate:
    """Quantiles of the pooled sample with Woodruff's intervals, (..., R, n) to (..., levels).

    The replicates give an interval for the probability of falling below the pooled quantile; the
    pooled quantiles at its two ends are the interval (Woodruff 1952,
    doi:10.1080/01621459.1952.10483443). It is never finer than what n draws can tell, and it ends
    at the smallest or largest draw where the probability's interval leaves (0, 1). The spread of
    the replicates' own quantiles, the usual rule, covers less (benchmarks/risk_coverage.md).

    Examples
    --------
    >>> y = np.random.default_rng(1).random((16, 1024))
    >>> bool(np.all(np.abs(estimate_quantiles(y, [0.5]).interval - 0.5) < 0.02))
    True
    """
    p = levels(probabilities, "probability")
    pooled = np.sort(y.reshape(*y.shape[:-2], -1), axis=-1)
    value = _at(pooled, np.broadcast_to(p, (*pooled.shape[:-1], p.size)))
    shares = [np.mean(y <= value[..., k, None, None], axis=-1) for k in range(p.size)]
    own = np.moveaxis(np.quantile(y, p, axis=-1), 0, -2)
    return woodruff(
        value, np.stack(shares, axis=-2), own, p, pooled.shape[-1], partial(_at, pooled)
    )


def woodruff(
    value: Array,
    shares: Array,
    own: Array,
    p: Array,
    n: int,
    quantile_at: Callable[[Array], Array],
) -> Estimate:
    """Quantiles with Woodruff's intervals, shape (..., levels).

    Parameters
    ----------
    value, own
        Quantiles of all n points, and of each replicate's own, shape (..., levels, R).
    shares
        What share of each replicate is below `value`, shape (..., levels, R).
    p
        The probabilities, shape (levels,).
    quantile_at
        Probabilities (..., levels) to quantiles of all points.
    """
    below = replicates.mean(shares)
    half = np.maximum(below.upper - below.value, replicates.unseen(n))
    lower, upper = quantile_at(np.maximum(p - half, 0)), quantile_at(np.minimum(p + half, 1))
    error = (upper - lower) / (2 * replicates.student_t(shares.shape[-1]))
    return Estimate(value, error, lower, upper, own)


def _at(ordered: Array, probability: Array) -> Array:
    """Quantiles of ordered samples (..., N) at probabilities of their own (..., levels)."""
    place = probability * (ordered.shape[-1] - 1)
    low = np.floor(place).astype(np.intp)
    high = np.minimum(low + 1, ordered.shape[-1] - 1)
    below, above = (np.take_along_axis(ordered, k, axis=-1) for k in (low, high))
    return np.asarray(below + (place - low) * (above - below))


def levels(values: Sequence[float], name: str) -> Array:
    """Probabilities or tails as an array; none may be outside its range."""
    found = np.asarray(values, dtype=float)
    wrong = found[~((found >= 0) & (found <= 1) & ((found > 0) | (name != "tail")))]
    if wrong.size:
        raise ValueError(f"Expected every {name} between 0 and 1, got {wrong[0]:g}. Give a share.")
    return found


def estimate_value_at_risk(y: Array, tails: Sequence[float]) -> Estimate:
    """Losses that are exceeded with probability `tails`, (..., R, n) to (..., tails)."""
    return as_loss(estimate_quantiles(y, levels(tails, "tail").tolist()))


def as_loss(low: Estimate) -> Estimate:
    """Minus an estimate: what is lost where that much, or rather that little, is gained."""
    return Estimate(-low.value, low.standard_error, -low.upper, -low.lower, -low.replicates)


def estimate_expected_shortfall(y: Array, tails: Sequence[float]) -> Estimate:
    """Mean losses in the worst `tails` of the pooled sample, (..., R, n) to (..., tails).

    Their errors are the spread of the replicates' own expected shortfalls.
    """
    pooled = y.reshape(*y.shape[:-2], -1)
    each = levels(tails, "tail").tolist()
    value = np.stack([expected_shortfall(pooled, tail) for tail in each], axis=-1)
    own = np.stack([expected_shortfall(y, tail) for tail in each], axis=-2)
    return replicates.from_replicates(value, own)


def probability_change(shares: Array, n: int) -> Estimate:
    """A difference of two probabilities on the same n draws, from replicate differences (..., R).

    Its interval is never finer than what n draws can tell.
    """
    plain, least = replicates.mean(shares), replicates.unseen(n)
    lower = np.minimum(plain.lower, plain.value - least)
    return plain._replace(lower=lower, upper=np.maximum(plain.upper, plain.value + least))


def probability_below(y: Array, threshold: float = 0.0) -> Estimate:
    """The probability that an outcome is below a threshold, of loss by default.

    The interval is Wilson's at the effective sample size p(1 − p)/se² that the replicates show,
    with Student's t for the normal, so it stays inside [0, 1]. It is never finer than what n
    draws can tell: a net may put the same number of points below the threshold in every replicate,
    or none at all, without the probability being exactly that.

    Parameters
    ----------
    y
        Outcomes of R replicates, shape (..., R, n).

    Examples
    --------
    >>> y = np.linspace(-1.0, 3.0, 4096).reshape(256, 16).T
    >>> float(probability_below(y).value)
    0.25
    """
    plain = replicates.mean(np.mean(y < threshold, axis=-1))
    return replicates.bounded(plain, replicates.unseen(y.shape[-2] * y.shape[-1]))

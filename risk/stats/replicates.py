"""Estimates and Student t intervals from independent replicates of a randomised design.

Points inside a scrambled net depend on each other, so an interval comes from the spread between
replicates, never from resampling rows (L'Ecuyer, Nakayama, Owen & Tuffin 2023,
doi:10.1109/WSC60868.2023.10407606).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
LEVEL = 0.95


class Estimate(NamedTuple):
    """A number, its standard error, its interval, and what each replicate says of it."""

    value: Array
    standard_error: Array
    lower: Array
    upper: Array
    replicates: Array  # (..., R): what each replicate says, linearised for a ratio

    @property
    def interval(self) -> Array:
        """Lower and upper end, shape (..., 2)."""
        return np.stack([self.lower, self.upper], axis=-1)


def from_replicates(value: Array, replicates: Array) -> Estimate:
    """A pooled value with the interval that the spread of R replicates gives it.

    Parameters
    ----------
    value
        The estimate from all points, shape (...).
    replicates
        The same estimate from each replicate alone, or linearised, shape (..., R).

    Examples
    --------
    >>> estimate = from_replicates(np.array(2.0), np.array([1.0, 2.0, 3.0]))
    >>> estimate.interval.round(2)
    array([-0.48,  4.48])
    """
    count = replicates.shape[-1]
    unit = binary_unit(replicates, axis=-1)
    error = unit[..., 0] * np.std(replicates / unit, axis=-1, ddof=1) / np.sqrt(count)
    half = student_t(count) * error
    return Estimate(value, error, value - half, value + half, replicates)


def binary_unit(x: Array, axis: int | tuple[int, ...]) -> Array:
    r"""The largest power of two in max \|x\|, 1 of zeros, with the axis kept.

    To divide by it changes no digit, and squares of what is left stay within the range of a double.

    Examples
    --------
    >>> binary_unit(np.array([-5.0, 3.0]), axis=-1)
    array([4.])
    """
    largest = np.max(np.abs(x), axis=axis, keepdims=True)
    usable = np.isfinite(largest) & (largest > 0)
    return np.where(usable, np.ldexp(1.0, np.frexp(np.where(usable, largest, 1.0))[1] - 1), 1.0)


def mean(replicates: Array) -> Estimate:
    """The mean of replicate means, shape (..., R)."""
    return from_replicates(np.mean(replicates, axis=-1), replicates)


def ratio(numerator: Array, denominator: Array) -> Estimate:
    """The ratio of two means, pooled over replicates and linearised, shape (..., R) each.

    A mean of per-replicate ratios would be biased where the denominator varies; the pooled ratio
    keeps its coverage with heavy tails. Its replicates are ``r + (num − r·den) / mean(den)``.

    Examples
    --------
    >>> float(ratio(np.array([1.0, 3.0]), np.array([2.0, 2.0])).value)
    1.0
    """
    scale = np.mean(denominator, axis=-1)
    value = np.mean(numerator, axis=-1) / scale
    residual = numerator - value[..., None] * denominator
    return from_replicates(value, value[..., None] + residual / scale[..., None])


def bounded(plain: Estimate, least: float) -> Estimate:
    """A probability with Wilson's interval at the effective size that its replicates show.

    That is p(1 − p)/se², with Student's t for the normal, so the interval stays inside [0, 1].
    `least` is the smallest half-width that the number of draws allows.

    Examples
    --------
    >>> bounded(mean(np.array([0.0, 0.0, 0.0])), 0.01).interval
    array([0. , 0.01])
    """
    p, t = plain.value, student_t(plain.replicates.shape[-1])
    with np.errstate(divide="ignore", invalid="ignore"):
        size = p * (1 - p) / plain.standard_error**2
        middle = (p + t**2 / (2 * size)) / (1 + t**2 / size)
        half = t / (1 + t**2 / size) * np.sqrt(p * (1 - p) / size + (t / (2 * size)) ** 2)
    # Without spread between replicates Wilson's interval is 0/0, and only the floor is left.
    lower = np.fmin(middle - half, p - least)
    upper = np.fmax(middle + half, p + least)
    return plain._replace(lower=np.maximum(lower, 0), upper=np.minimum(upper, 1))


def unseen(n: int) -> float:
    """The largest probability of an event that n draws may miss altogether (Clopper–Pearson)."""
    return float(1 - ((1 - LEVEL) / 2) ** (1 / n))


def student_t(count: int, level: float = LEVEL) -> float:
    """The Student t quantile for an interval from `count` replicates."""
    return float(special.stdtrit(count - 1, 0.5 + level / 2))


def rank_interval(replicates: Array, level: float = LEVEL) -> tuple[Array, Array]:
    """The ranks that each of d quantities may hold, 1 for the largest.

    Every pair is compared by a paired t test over replicates, with Holm's correction over the
    d(d − 1)/2 pairs; the rank of one quantity then runs from one above those that are
    resolved to be larger, to d less those resolved to be smaller.

    Parameters
    ----------
    replicates
        Linearised replicates of the quantities, shape (d, R).

    Returns
    -------
    Lowest and highest rank, shape (d,) each.

    Examples
    --------
    >>> low, high = rank_interval(np.array([[5.0, 5.1, 4.9], [1.0, 1.1, 0.9], [1.1, 0.9, 1.0]]))
    >>> low, high
    (array([1., 2., 2.]), array([1., 3., 3.]))
    """
    count, size = replicates.shape
    first, second = np.triu_indices(count, k=1)
    difference = replicates[first] - replicates[second]
    middle = np.mean(difference, axis=-1)
    error = np.std(difference, axis=-1, ddof=1) / np.sqrt(size)
    rounding = 64 * np.finfo(float).eps * np.max(np.abs(replicates), initial=0.0)
    middle = np.where(np.abs(middle) <= rounding, 0.0, middle)
    with np.errstate(divide="ignore", invalid="ignore"):
        t = np.where(middle == 0, 0.0, np.abs(middle) / error)  # equal but for rounding: unresolved
    p = 2 * special.stdtr(size - 1, -t)
    resolved = _holm(p, 1 - level)
    above = np.zeros((count, count), dtype=bool)  # above[i, j]: i is resolved to be larger than j
    above[first, second] = resolved & (middle > 0)
    above[second, first] = resolved & (middle < 0)
    return 1.0 + above.sum(axis=0), count - 1.0 * above.sum(axis=1)


def _holm(p: Array, alpha: float) -> NDArray[np.bool_]:
    """Which hypotheses Holm's step-down procedure rejects."""
    order = np.argsort(p, kind="stable")
    passed = p[order] <= alpha / (len(p) - np.arange(len(p)))
    rejected = np.zeros(len(p), dtype=bool)
    rejected[order] = np.logical_and.accumulate(passed)
    return rejected

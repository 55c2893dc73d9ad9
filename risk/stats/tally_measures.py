"""Risk measures of tallied points: those of `measures`, from histograms and power sums.

Inside a bin points count as spread evenly; the outermost points are known exactly, and nothing is
ever said to lie beyond them. Whatever the points do inside the bins, the intervals hold it: that of
a quantile reaches to the ends of the bins that it ends in, that of the mean of a tail counts how
far points may lie from where they are said to be. The moments, the probability of loss and the
outermost values do not rest on bins, and an outcome that is constant is given exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.stats import measures, replicates
from risk.stats.replicates import Estimate
from risk.stats.tally import Bins, Tally, edges_of

Array = NDArray[np.float64]


class Totals(NamedTuple):
    """All that is known of the points of R replicates, at least one point in each."""

    tallies: Sequence[Tally]  # R
    bins: Bins
    powers: Array  # (R, outcomes, 4): Σ z … Σ z⁴
    points: int  # in each replicate
    centre: Array  # (outcomes,)
    scale: Array  # (outcomes,), positive

    @property
    def size(self) -> int:
        """Points of all replicates together."""
        return self.points * len(self.powers)

    @property
    def ends(self) -> tuple[Array, Array]:
        """Smallest and largest value of every outcome, shape (outcomes,) each."""
        lowest, highest = ([t.lowest for t in self.tallies], [t.highest for t in self.tallies])
        return np.min(lowest, axis=0), np.max(highest, axis=0)

    @property
    def middle(self) -> Array:
        """What distances are measured from: the centre, or the value of a constant outcome."""
        low, high = self.ends
        return np.where(low == high, low, self.centre)


class Curve(NamedTuple):
    """How many points lie below each edge of the bins, from the first that is used to the last.

    Neither ever falls. Edges are at most the highest point and at least the lowest, which both are
    reached.
    """

    below: Array
    edges: Array

    @property
    def steps(self) -> Array:
        """The edges in their order, 0 …, what places are given in."""
        return np.arange(len(self.edges), dtype=float)


def mean(totals: Totals) -> Estimate:
    """The mean of every outcome, shape (outcomes,)."""
    return _moved(replicates.mean(_moments(totals)[0]), totals.middle, totals.scale)


def standard_deviation(totals: Totals) -> Estimate:
    """The standard deviation of every outcome, as `measures.standard_deviation` has it."""
    found = measures.deviation_of(_central(totals)[1])
    return _moved(found, np.zeros_like(totals.scale), totals.scale)


def skewness(totals: Totals) -> Estimate:
    """The third standardised moment, as `measures.skewness` has it.

    NaN without spread, and where cubes leave the range of a double.
    """
    return measures.skewness_of(*_central(totals))


def _moments(totals: Totals) -> Array:
    """Means of z, z² and z³ of each replicate, shape (3, outcomes, R); 0 of a constant outcome."""
    low, high = totals.ends
    found = np.moveaxis(totals.powers[..., :3] / totals.points, 0, -1).swapaxes(0, 1)
    return np.where((low == high)[:, None], 0.0, found)


def _central(totals: Totals) -> tuple[Array, Array, Array]:
    """Means of d, d² and d³ of each replicate, (outcomes, R), with d = z less its pooled mean.

    0 where only rounding makes a spread, by the rule that holds of arrays.
    """
    m1, m2, m3 = _moments(totals)
    pooled = m1.mean(axis=-1, keepdims=True)
    with np.errstate(over="ignore", invalid="ignore"):
        square = m2 - 2 * pooled * m1 + pooled**2
        cube = m3 - 3 * pooled * m2 + 3 * pooled**2 * m1 - pooled**3
    middle, still = mean(totals).value, []
    for end in totals.ends:
        still.append(np.abs(end - middle) <= measures.ROUNDING * np.abs(middle))
    keep = ~np.logical_and(*still)[:, None]
    first, square, cube = (np.where(keep, x, 0.0) for x in (m1 - pooled, square, cube))
    return first, square, cube


def _moved(found: Estimate, centre: Array, scale: Array) -> Estimate:
    """An estimate of z as one of ``centre + scale z``, shape (outcomes, ...)."""
    value, error, lower, upper, own = (np.moveaxis(part, 0, -1) for part in found)
    moved = (centre + value * scale, error * scale, centre + lower * scale, centre + upper * scale)
    return Estimate(*(np.moveaxis(part, -1, 0) for part in (*moved, centre + own * scale)))


def _curves(totals: Totals, k: int) -> tuple[Curve, list[Curve]]:
    """The curve of all points of outcome k, and that of each replicate."""
    counts, _, low, high = (
        np.stack([part[k] for part in parts]) for parts in zip(*totals.tallies, strict=True)
    )
    pooled = counts.sum(axis=0, dtype=np.int64)
    first, last = np.flatnonzero(pooled)[[0, -1]]
    used = slice(first, last + 1)
    with np.errstate(over="ignore"):  # an infinite edge lies beyond the highest point
        edges = totals.centre[k] + totals.scale[k] * edges_of(totals.bins[k])[first : last + 2]
    own = [_curve(*each, edges) for each in zip(counts[:, used], low, high, strict=True)]
    return _curve(pooled[used], low.min(), high.max(), edges), own


def _curve(counts: NDArray[np.integer], lowest: float, highest: float, edges: Array) -> Curve:
    """The curve of some counts, between the outermost points."""
    first, last = np.flatnonzero(counts)[[0, -1]]
    within = np.clip(edges, lowest, highest)
    within[: first + 1] = lowest  # an edge that rounding puts beyond the point, too
    within[last + 1 :] = highest
    return Curve(np.append(0.0, np.cumsum(counts, dtype=np.int64)), within)


def _places(curve: Curve, p: Array) -> tuple[Array, Array]:
    """Where among the edges a share p lies below: the two ends of a gap, else twice the same."""
    size = curve.below[-1]
    rank = np.round(p * size, 9)  # 0.07 * 100 is 7.000000000000001
    left = np.interp(size - rank, size - curve.below[::-1], curve.steps[::-1])
    return left, np.interp(rank, curve.below, curve.steps)


def _quantile(curve: Curve, p: Array) -> Array:
    """Quantiles of a curve; between the two ends of a gap where `numpy.quantile` has them."""
    left, right = (np.interp(x, curve.steps, curve.edges) for x in _places(curve, p))
    return np.clip(right + p * (left - right), left, right)


def estimate_quantiles(totals: Totals, probabilities: Sequence[float]) -> Estimate:
    """Quantiles of all points with Woodruff's intervals, shape (outcomes, levels).

    As `measures.estimate_quantiles`, out to the ends of the bins that the intervals end in; the
    share that each replicate has below a quantile is interpolated in its own counts.

    Examples
    --------
    >>> from risk.stats.tally import add, bins_of, no_tally
    >>> y = np.random.default_rng(1).random((1, 1024))
    >>> tally, bins, one = no_tally(1), bins_of(y), np.ones(1)
    >>> add(tally, bins, y, y)
    >>> twice = Totals([tally, tally], bins, np.ones((2, 1, 4)), 1024, 0 * one, one)
    >>> bool(abs(estimate_quantiles(twice, [0.5]).value[0, 0] - np.median(y)) < 0.002)
    True
    """
    p = measures.levels(probabilities, "probability")
    return _every([_quantiles(*_curves(totals, k), p) for k in range(len(totals.centre))])


def _every(found: list[Estimate]) -> Estimate:
    """Estimates of one outcome each as one of all."""
    return Estimate(*(np.stack(part) for part in zip(*found, strict=True)))


def _quantiles(pooled: Curve, own: list[Curve], p: Array) -> Estimate:
    """Quantiles of one outcome, shape (levels,)."""
    _, place = _places(pooled, p)
    below = [np.interp(place, c.steps, c.below) / c.below[-1] for c in own]
    value, size = _quantile(pooled, p), int(pooled.below[-1])
    each = np.stack([_quantile(curve, p) for curve in own], axis=-1)
    found = measures.woodruff(
        value, np.stack(below, axis=-1), each, p, size, partial(_quantile, pooled)
    )
    edges = pooled.edges
    lower = edges[np.searchsorted(edges, found.lower, "right") - 1]
    upper = edges[np.searchsorted(edges, found.upper, "left")]
    return _between(found, lower, upper)


def _between(found: Estimate, lower: Array, upper: Array) -> Estimate:
    """An estimate with another interval, and the standard error that it shows."""
    error = (upper - lower) / (2 * replicates.student_t(found.replicates.shape[-1]))
    return found._replace(standard_error=error, lower=lower, upper=upper)


def estimate_value_at_risk(totals: Totals, tails: Sequence[float]) -> Estimate:
    """Losses that are exceeded with probability `tails`, shape (outcomes, tails)."""
    return measures.as_loss(estimate_quantiles(totals, measures.levels(tails, "tail").tolist()))


def estimate_expected_shortfall(totals: Totals, tails: Sequence[float]) -> Estimate:
    """Mean losses in the worst `tails` of all points, shape (outcomes, tails).

    Their errors are the spread of the replicates' own expected shortfalls, and how far points may
    lie from where their bins put them.
    """
    size, found = measures.levels(tails, "tail"), []
    for k, middle in enumerate(totals.middle):
        pooled, own = _curves(totals, k)
        worst = np.stack([_worst(curve, size, middle) for curve in own], axis=-1)
        plain, off = (
            replicates.from_replicates(_worst(pooled, size, middle), worst),
            _off(pooled, size),
        )
        found.append(_between(plain, plain.lower - off, plain.upper + off))
    return measures.as_loss(_moved(_every(found), totals.middle, np.ones_like(totals.middle)))


def _worst(curve: Curve, tail: Array, middle: float) -> Array:
    """How far the mean of the lowest points, a share `tail` of all, is above `middle`."""
    edges = curve.edges - middle
    return _tail_mean(curve, tail, edges[:-1] / 2 + edges[1:] / 2, np.diff(edges))


def _off(curve: Curve, tail: Array) -> Array:
    """How far the mean of the lowest points may be from that, wherever in its bin each point is.

    Half a bin, and more in the bin that only a part of is among them: all of that part may lie at
    its upper end.
    """
    half = np.diff(curve.edges) / 2
    return _tail_mean(curve, tail, half, -2 * half)


def _tail_mean(curve: Curve, tail: Array, means: Array, widths: Array) -> Array:
    """The mean over the lowest points of what has these means in the bins, and these widths."""
    shares = np.diff(curve.below) / curve.below[-1]
    sums = np.append(0.0, np.cumsum(shares * means))
    _, place = _places(curve, tail)
    whole = np.minimum(place.astype(np.intp), len(shares) - 1)
    part = place - whole
    mean_there = means[whole] - (1 - part) / 2 * widths[whole]
    return np.asarray((sums[whole] + part * shares[whole] * mean_there) / tail)


def probability_below(totals: Totals) -> Estimate:
    """The probability that an outcome is below 0, from exact counts, shape (outcomes,).

    Its interval is that of `measures.probability_below`.
    """
    below = np.stack([t.below for t in totals.tallies], axis=-1)
    shares = replicates.mean(below / totals.points)
    return replicates.bounded(shares, replicates.unseen(totals.size))

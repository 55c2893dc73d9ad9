"""Risk measures of more points than are kept: a histogram a replicate, and power sums.

The bins are equal in asinh z with ``z = (y − centre) / scale``: each is 0.15 % as wide as the scale
near the centre, and as the distance from it far out. Inside a bin, points count as spread evenly;
the outermost points are known exactly, and nothing is ever said to lie beyond them.

So a quantile is right to within the bin that it falls in, and the mean of a tail to within the
widest of its bins: no more holds of an atom, a value that many points share, or of a mode narrower
than a bin, and the intervals do not count it. Of a density that is smooth on the scale of a bin the
error is a few hundredths of the standard error of 2²² independent draws (of a quantile up to an
eighth). The moments, the probability of loss and the outermost values do not rest on bins, and an
outcome that is constant is given exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.stats import measures, replicates
from risk.stats.replicates import Estimate

Array = NDArray[np.float64]
Whole = NDArray[np.int64]

BINS = 1 << 15
REACH = 24.0  # of asinh z: beyond 1.3e10 scales there is only the last bin
WIDTH = 2 * REACH / BINS
ONE = np.uint32(1)  # of the type of the counts: np.add.at is thirty times slower with another
EDGES = np.sinh((np.arange(BINS + 1) - BINS / 2) * WIDTH)  # of the bins, in z


class Tally(NamedTuple):
    """What is remembered of the points of one replicate; stacked, R comes first."""

    counts: NDArray[np.uint32]  # (outcomes, BINS), contiguous: how many z fall into each bin
    below: Whole  # (outcomes,): how many y < 0
    lowest: Array  # (outcomes,): the smallest y
    highest: Array  # (outcomes,): the largest y


class Totals(NamedTuple):
    """All that is known of the points of R replicates, at least one point in each."""

    tallies: Tally  # stacked
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
        return self.tallies.lowest.min(axis=0), self.tallies.highest.max(axis=0)

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


def no_tally(outcomes: int) -> Tally:
    """The tally before the first point."""
    return Tally(
        np.zeros((outcomes, BINS), np.uint32),
        np.zeros(outcomes, np.int64),
        np.full(outcomes, np.inf),
        np.full(outcomes, -np.inf),
    )


def add(tally: Tally, y: Array, z: Array) -> None:
    """Count a block of points in, in place; neither order nor size of the blocks changes a bit.

    Parameters
    ----------
    tally
        What has been counted so far, as `no_tally` makes it.
    y, z
        Outcomes, and the same less their centre and divided by their scale, (outcomes, n) each.
        No y may be infinite or NaN.

    Examples
    --------
    >>> tally, y = no_tally(1), np.array([[-2.0, 0.0, 5.0]])
    >>> add(tally, y, y)
    >>> tally.counts.sum(), tally.below, tally.lowest, tally.highest
    (np.uint64(3), array([1]), array([-2.]), array([5.]))
    """
    place = np.arcsinh(z)
    place *= 1 / WIDTH
    place += BINS / 2
    np.clip(place, 0, BINS - 1, out=place)
    index = place.astype(np.intp)
    index += np.arange(0, tally.counts.size, BINS)[:, None]
    np.add.at(tally.counts.reshape(-1), index.reshape(-1), ONE)
    np.add(tally.below, (y < 0).sum(axis=-1), out=tally.below)
    np.minimum(tally.lowest, y.min(axis=-1), out=tally.lowest)
    np.maximum(tally.highest, y.max(axis=-1), out=tally.highest)


def stacked(tallies: Sequence[Tally]) -> Tally:
    """The tallies of R replicates as one, with R as the first axis."""
    return Tally(*(np.stack(part) for part in zip(*tallies, strict=True)))


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
    counts, _, low, high = (part[:, k] for part in totals.tallies)
    pooled = counts.sum(axis=0, dtype=np.int64)
    first, last = np.flatnonzero(pooled)[[0, -1]]
    used = slice(first, last + 1)
    with np.errstate(over="ignore"):  # an infinite edge lies beyond the highest point
        edges = totals.centre[k] + totals.scale[k] * EDGES[first : last + 2]
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

    As `measures.estimate_quantiles`; the share that each replicate has below a quantile is
    interpolated in its own counts.

    Examples
    --------
    >>> y = np.random.default_rng(1).random((1, 1024))
    >>> tally = no_tally(1)
    >>> add(tally, y, y)
    >>> one = np.ones(1)
    >>> twice = Totals(stacked([tally, tally]), np.ones((2, 1, 4)), 1024, 0 * one, one)
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
    return measures.woodruff(
        value, np.stack(below, axis=-1), each, p, size, partial(_quantile, pooled)
    )


def estimate_value_at_risk(totals: Totals, tails: Sequence[float]) -> Estimate:
    """Losses that are exceeded with probability `tails`, shape (outcomes, tails)."""
    return measures.as_loss(estimate_quantiles(totals, measures.levels(tails, "tail").tolist()))


def estimate_expected_shortfall(totals: Totals, tails: Sequence[float]) -> Estimate:
    """Mean losses in the worst `tails` of all points, shape (outcomes, tails).

    Their errors are the spread of the replicates' own expected shortfalls.
    """
    size, found = measures.levels(tails, "tail"), []
    for k, middle in enumerate(totals.middle):
        pooled, own = _curves(totals, k)
        worst = np.stack([_worst(curve, size, middle) for curve in own], axis=-1)
        found.append(replicates.from_replicates(_worst(pooled, size, middle), worst))
    return measures.as_loss(_moved(_every(found), totals.middle, np.ones_like(totals.middle)))


def _worst(curve: Curve, tail: Array, middle: float) -> Array:
    """How far the mean of the lowest points, a share `tail` of all, is above `middle`."""
    shares, edges = np.diff(curve.below) / curve.below[-1], curve.edges - middle
    sums = np.append(0.0, np.cumsum(shares * (edges[:-1] / 2 + edges[1:] / 2)))
    _, place = _places(curve, tail)
    whole = np.minimum(place.astype(np.intp), len(shares) - 1)
    part = place - whole
    mean_there = edges[whole] + part / 2 * (edges[whole + 1] - edges[whole])
    return np.asarray((sums[whole] + part * shares[whole] * mean_there) / tail)


def probability_below(totals: Totals) -> Estimate:
    """The probability that an outcome is below 0, from exact counts, shape (outcomes,).

    Its interval is that of `measures.probability_below`.
    """
    shares = replicates.mean(totals.tallies.below.T / totals.points)
    return replicates.bounded(shares, replicates.unseen(totals.size))

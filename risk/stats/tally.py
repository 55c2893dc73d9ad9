"""A histogram a replicate, for risk measures of more points than are kept.

A pilot decides the bins. Cells are equal in asinh z with ``z = (y − centre) / scale``, each 1.2 %
as wide as the scale near the centre and as the distance from it far out; a cell has the more bins
the more of the pilot's points fall into it, most in the tails, where quantiles are read. So a bin
holds about one point in ten thousand near the median, one in fifty thousand at the 1 % quantile,
and an atom, a value that many points share, is all but alone in its own.

To keep both tails exactly instead, beside a histogram of the body, would take memory that grows
with the number of points; benchmarks/histograms.md has what is given up.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Whole = NDArray[np.int64]
Bins = NDArray[np.uint16]  # (outcomes, CELLS): how many bins each cell has, at most BINS in all

CELLS = 1 << 12
BINS = 1 << 14
REACH = 24.0  # of asinh z: beyond 1.3e10 scales there is only the last cell
WIDTH = 2 * REACH / CELLS
MIDDLE = CELLS / 2 + 0.5  # the place of z = 0: inside a cell, as many outcomes have an atom there
ONE = np.uint32(1)  # of the type of the counts: np.add.at is thirty times slower with another


class Tally(NamedTuple):
    """What is remembered of the points of one replicate."""

    counts: NDArray[np.uint32]  # (outcomes, BINS), contiguous: how many z fall into each bin
    below: Whole  # (outcomes,): how many y < 0
    lowest: Array  # (outcomes,): the smallest y
    highest: Array  # (outcomes,): the largest y


def bins_of(pilot: Array) -> Bins:
    """How many bins each cell gets: one, and its part of the others by what a pilot found there.

    A cell's part is how much of ``arcsin √F`` it covers: the standard error of a share F is the
    same everywhere then. F is the pilot's distribution function, straight lines between every
    eighth of its points, as two neighbours may be far apart by chance, and on beyond its ends.

    Parameters
    ----------
    pilot
        Some z, shape (outcomes, n).

    Examples
    --------
    >>> bins = bins_of(np.random.default_rng(1).normal(size=(1, 1024)))
    >>> bins.shape, bool(bins.sum() <= BINS)
    ((1, 4096), True)
    """
    n = pilot.shape[-1]
    rank = np.unique([*range(0, n, 8), n - 1])
    share = np.concatenate([[0.0], (rank + 0.5) / n, [1.0]])
    x = np.sort(_place(pilot), axis=-1)[:, rank]
    near = min(2, len(rank) - 1)
    first, last = 2 * x[:, :1] - x[:, [near]], 2 * x[:, -1:] - x[:, [-1 - near]]
    x = np.concatenate([first, x, last], axis=-1)
    below = np.stack([np.interp(np.arange(CELLS + 1), row, share) for row in x])
    part = np.diff(np.arcsin(np.sqrt(below))) / (np.pi / 2)
    return np.asarray(1 + np.floor(part * (BINS - CELLS)), np.uint16)


def _place(z: Array) -> Array:
    """Where in the cells a point is: the whole part is the number of its cell."""
    place = np.arcsinh(z)
    place *= 1 / WIDTH
    place += MIDDLE
    return np.clip(place, 0, np.nextafter(CELLS, 0), out=place)


def edges_of(bins: NDArray[np.uint16]) -> Array:
    """The edges in z of the bins of one outcome."""
    first = np.cumsum(bins, dtype=np.intp) - bins
    cell = np.repeat(np.arange(CELLS), bins)
    place = cell + (np.arange(len(cell)) - first[cell]) / bins[cell]
    return np.asarray(np.sinh((np.append(place, CELLS) - MIDDLE) * WIDTH))


def no_tally(outcomes: int) -> Tally:
    """The tally before the first point."""
    return Tally(
        np.zeros((outcomes, BINS), np.uint32),
        np.zeros(outcomes, np.int64),
        np.full(outcomes, np.inf),
        np.full(outcomes, -np.inf),
    )


def add(tally: Tally, bins: Bins, y: Array, z: Array) -> None:
    """Count a block of points in, in place; neither order nor size of the blocks changes a bit.

    Parameters
    ----------
    tally
        What has been counted so far, as `no_tally` makes it.
    bins
        Of the cells, as `bins_of` makes them.
    y, z
        Outcomes, and the same less their centre and divided by their scale, (outcomes, n) each.
        No y may be infinite or NaN.

    Examples
    --------
    >>> tally, y = no_tally(1), np.array([[-2.0, 0.0, 5.0]])
    >>> add(tally, bins_of(y), y, y)
    >>> tally.counts.sum(), tally.below, tally.lowest, tally.highest
    (np.uint64(3), array([1]), array([-2.]), array([5.]))
    """
    first = np.cumsum(bins, axis=-1, dtype=np.intp) - bins
    first += np.arange(0, tally.counts.size, BINS)[:, None]
    place = _place(z)
    cell = place.astype(np.intp)
    place -= cell
    cell += np.arange(0, bins.size, CELLS)[:, None]
    place *= bins.reshape(-1)[cell]
    index = place.astype(np.intp)
    index += first.reshape(-1)[cell]
    np.add.at(tally.counts.reshape(-1), index.reshape(-1), ONE)
    np.add(tally.below, (y < 0).sum(axis=-1), out=tally.below)
    np.minimum(tally.lowest, y.min(axis=-1), out=tally.lowest)
    np.maximum(tally.highest, y.max(axis=-1), out=tally.highest)

"""Designs in the unit cube: independent digital shifts of one scrambled Sobol' net.

A net is the same for all replicates of a study; a replicate adds a random digital shift to it, an
exclusive-or of the bits of every coordinate. Each replicate is then unbiased by itself and
independent of the others given the net (L'Ecuyer & Lemieux 2002, doi:10.1007/0-306-48102-2_20), so
the spread between them gives an interval. A block of a net is its first block with other bits
exchanged, so points cost one exclusive-or each, wherever they stand.
"""

from __future__ import annotations

import functools
import operator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

Array = NDArray[np.float64]
Bits = NDArray[np.int64]

CHUNK = 512  # points of a net that are made at once, and rows that are summed at once

# 52 bits and half a cell make every coordinate an exact double strictly inside (0, 1): no quantile
# function ever sees 0 or 1, and nothing has to be clipped. Of the net the first 32 are enough for
# four billion points, and SciPy scrambles them six times as fast; the shift brings all 52.
_BITS, _NET_BITS = 52, 32
MOST_POINTS = 1 << 31  # what a count of a histogram holds, and half of a net
_ONE = np.int64(0x3FF) << _BITS  # the bits of 1.0: or-ed with 52 bits they make a double in [1, 2)
_BELOW_ONE = 1 - 2.0 ** -(_BITS + 1)


@dataclass(frozen=True)
class Net:
    """A scrambled Sobol' net of n points without a shift.

    Attributes
    ----------
    first
        Bits of its first points, shape (dimensions, min(n, CHUNK)).
    starts
        Bits of the point that each block starts with, shape (dimensions, blocks).
    """

    first: Bits
    starts: Bits

    def points(self, shift: Bits, start: int, stop: int) -> Array:
        """Points start … stop of the net under a shift, shape (dimensions, stop − start).

        `start` and `stop` are multiples of the length of a block.
        """
        dimensions, length = self.first.shape
        blocks = slice(start // length, stop // length)
        moved = self.starts[:, blocks] ^ shift[:, None] | _ONE
        bits = self.first[:, None, :] ^ moved[:, :, None]
        return bits.reshape(dimensions, -1).view(np.float64) - _BELOW_ONE


@functools.lru_cache(maxsize=4)
def sobol_net(dimensions: int, n: int, seed: int) -> Net:
    """The scrambled Sobol' net of a study, n points in the cube of so many dimensions.

    A net of 2n points starts with that of n points. SciPy gives the points in the order of a Gray
    code, whose bits are linear: point k·L + j is point k·L with the bits of point j exchanged.
    """
    length = min(n, CHUNK)
    sobol = qmc.Sobol(dimensions, scramble=True, bits=_NET_BITS, rng=_generator(seed, ()))
    first = _integers(sobol.random(length))
    starts = np.zeros((dimensions, 1), dtype=np.int64)
    while starts.shape[1] * length < n:
        known = starts.shape[1] * length
        start = _integers(sobol.random(1)) ^ first[:, :1]
        sobol.fast_forward(known - 1)
        starts = np.concatenate([starts, starts ^ start], axis=1)
    return Net(first ^ first[:, :1], starts)


def sobol_shift(dimensions: int, seed: int, key: tuple[int, ...]) -> Bits:
    """The random bits that make a replicate of a net, one number a dimension."""
    return _generator(seed, key).integers(1 << _BITS, size=dimensions, dtype=np.int64)


def paired(order: list[int]) -> NDArray[np.intp]:
    """The dimensions of the net that A and B of each axis take, shape (axes, 2).

    Neighbours in the net go to A and B of one axis, and axes are served in `order`: the first
    dimensions of a net are its best, and the inputs that matter most deserve them.
    """
    return 2 * np.argsort(order)[:, None] + np.arange(2)


def sobol_replicate(
    n: int, order: list[int], seed: int, key: tuple[int, ...]
) -> tuple[Array, Array]:
    """Two designs A and B of one replicate of a Sobol' net, shape (inputs, n) each.

    No point is ever skipped or dropped (Owen 2020, arXiv:2008.08051).

    Parameters
    ----------
    n
        Points, a power of two.
    order
        A permutation of the inputs, the most important first.
    seed
        Any integer.
    key
        Which replicate; different keys are independent shifts.

    Examples
    --------
    >>> a, b = sobol_replicate(8, [1, 0], seed=0, key=(0,))
    >>> np.sort(np.floor(a * 8)).astype(int).tolist() == [list(range(8))] * 2
    True
    """
    dimensions = 2 * len(order)
    net = sobol_net(dimensions, n, operator.index(seed))
    points = net.points(sobol_shift(dimensions, seed, key), 0, n)[paired(order)]
    return points[:, 0], points[:, 1]


def _generator(seed: int, key: tuple[int, ...]) -> np.random.Generator:
    """Random numbers of their own for every seed and key."""
    number = operator.index(seed)
    # A seed sequence takes no negative numbers: theirs get keys of their own.
    sequence = np.random.SeedSequence(abs(number), spawn_key=(*key, 1) if number < 0 else key)
    return np.random.default_rng(sequence)


def _integers(points: Array) -> Bits:
    """The bits of points of a net, shape (n, dimensions) to (dimensions, n)."""
    return np.ascontiguousarray((points * 2.0**_BITS).astype(np.int64).T)

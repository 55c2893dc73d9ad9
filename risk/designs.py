"""Designs in the unit cube: independent scrambled Sobol' replicates for pick-freeze."""

from __future__ import annotations

import operator

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

Array = NDArray[np.float64]

# 52 bits and half a cell make every coordinate an exact double strictly inside (0, 1): no quantile
# function ever sees 0 or 1, and nothing has to be clipped.
_BITS = 52
_HALF_CELL = 2.0 ** -(_BITS + 1)


def sobol_replicate(
    n: int, order: list[int], seed: int, key: tuple[int, ...]
) -> tuple[Array, Array]:
    """Two designs A and B of one scrambled Sobol' replicate, shape (inputs, n) each.

    The columns of the 2d-dimensional net are interleaved (a1, b1, a2, b2, …) and given to the
    inputs in `order`: the first dimensions of a net are its best, and the inputs that matter most
    deserve them. No point is ever skipped or dropped (Owen 2020, arXiv:2008.08051).

    Parameters
    ----------
    n
        Points, a power of two.
    order
        A permutation of the inputs, the most important first.
    seed
        Any integer.
    key
        Which replicate; different keys are independent randomisations.

    Examples
    --------
    >>> a, b = sobol_replicate(8, [1, 0], seed=0, key=(0,))
    >>> np.sort(np.floor(a * 8)).astype(int).tolist() == [list(range(8))] * 2
    True
    """
    number = operator.index(seed)
    # A seed sequence takes no negative numbers: their replicates get keys of their own.
    sequence = np.random.SeedSequence(abs(number), spawn_key=(*key, 1) if number < 0 else key)
    net = qmc.Sobol(2 * len(order), scramble=True, bits=_BITS, rng=np.random.default_rng(sequence))
    points = net.random(n).T + _HALF_CELL
    a, b = np.empty((2, len(order), n))
    a[order], b[order] = points[0::2], points[1::2]
    return a, b

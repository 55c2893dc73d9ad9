"""Power sums of a sample, and what they say of its spread; they add up over chunks of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def power_sums(z: Array, chunk: int | None = None) -> Array:
    """Σ z, Σ z², Σ z³ and Σ z⁴ of each chunk of points, shape (..., n) to (n / chunk, ..., 4).

    The bits of one chunk do not depend on the others. Better of z near 0: a sample less its median.
    """
    parts = np.moveaxis(z.reshape(*z.shape[:-1], -1, chunk or z.shape[-1]), -2, 0)
    square = parts * parts
    each = (parts.sum(axis=-1), *(np.vecdot(x, y) for x, y in
            ((parts, parts), (parts, square), (square, square))))  # fmt: skip
    return np.stack(each, axis=-1)


def effective_sample_size(sums: Array, n: float) -> Array:
    """How many of n points the variance rests on, ``(Σ w)² / Σ w²`` with w the squared distance.

    w is the squared distance from the mean; 0/0, NaN, of a sample without spread.

    Parameters
    ----------
    sums
        Power sums of n points, shape (..., 4).

    Examples
    --------
    >>> sums = power_sums(np.array([-1.0, 1.0, -1.0, 1.0]))[0]
    >>> float(effective_sample_size(sums, 4))
    4.0
    """
    mean, m2, m3, m4 = np.moveaxis(sums, -1, 0) / n
    w = m2 - mean**2
    w2 = m4 - 4 * mean * m3 + 6 * mean**2 * m2 - 3 * mean**4
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(n * w**2 / w2)

"""Sobol' indices from pick-freeze designs: the symmetric estimator of Azzini, Mara and Rosati.

Four blocks of model output: f(A), f(B), f(AB_i) with factor i of A taken from B, and f(BA_i) with
factor i of B taken from A. Only differences of outputs enter, so the mean does not matter, and
0 ≤ S_Ti and S_i ≤ S_Ti hold in every sample but for rounding, not only in expectation.

Azzini, Mara & Rosati 2020, arXiv:2006.08232; 2021, doi:10.1016/j.envsoft.2021.105167.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.stats import replicates

Array = NDArray[np.float64]


class PickFreeze(NamedTuple):
    """Sums over the points of a pick-freeze design of d factors.

    All estimators are linear in the products of a_i = f(AB_i) − f(A), b_i = f(BA_i) − f(B) and,
    at the place d of either, c = f(B) − f(A).
    """

    cross: Array  # (..., d + 1, d + 1)  Σ a_i b_j
    squares: Array  # (..., 2, d)  Σ a_i², Σ b_i²

    @property
    def first(self) -> Array:
        """Σ 2 (f(BA_i) − f(B)) (f(A) − f(AB_i)), shape (..., d)."""
        return -2 * self._same

    @property
    def total(self) -> Array:
        """Σ (f(B) − f(BA_i))² + (f(A) − f(AB_i))², shape (..., d)."""
        return np.asarray(self.squares.sum(axis=-2))

    @property
    def variance(self) -> Array:
        """Σ (f(A) − f(B))² + (f(BA_i) − f(AB_i))²: four variances a point, shape (..., d)."""
        changed = self.cross[..., -1, :-1] - self.cross[..., :-1, -1] - self._same
        return np.asarray(2 * self.cross[..., -1:, -1] + self.total + 2 * changed)

    @property
    def second(self) -> Array:
        """Σ (f(AB_i) − f(A)) (f(BA_j) − f(B)): the variance of the pair, shape (..., d, d)."""
        return self.cross[..., :-1, :-1]

    @property
    def _same(self) -> Array:
        return np.diagonal(self.second, axis1=-2, axis2=-1)


def pick_freeze(own: Array, exchanged: Sequence[Array], chunk: int | None = None) -> PickFreeze:
    """Sums over the points of a design, chunk by chunk.

    Parameters
    ----------
    own
        Outputs of A and B, shape (2, n).
    exchanged
        Outputs of AB_i and BA_i for each factor i, shape (2, n) each.
    chunk
        How many points to add at once, a divisor of n; all by default.

    Returns
    -------
    Sums with the chunks as first axis. The bits of one chunk do not depend on the others.
    """
    moved = np.empty((len(exchanged) + 1, *own.shape))
    for difference, outputs in zip(moved, exchanged, strict=False):
        np.subtract(outputs, own, out=difference)
    moved[-1] = own[1] - own[0]
    parts = moved.reshape(*moved.shape[:2], -1, chunk or moved.shape[2]).transpose(2, 1, 0, 3)
    cross = parts[:, 0] @ parts[:, 1].swapaxes(1, 2)
    return PickFreeze(cross, np.vecdot(parts[:, :, :-1], parts[:, :, :-1]))


class Indices(NamedTuple):
    """Sobol' indices with their intervals."""

    first_order: replicates.Estimate  # (..., d)
    total_order: replicates.Estimate  # (..., d)
    second_order: replicates.Estimate  # (..., d, d), NaN on the diagonal
    interaction: replicates.Estimate  # (...): 1 − sum of the first-order indices


def indices(sums: PickFreeze) -> Indices:
    """First-, total- and second-order indices, pooled over replicates, with Student t intervals.

    ``S_i = first / variance``, ``S_Ti = total / variance`` and ``S_ij = second / V`` with
    V = variance / 4.

    Parameters
    ----------
    sums
        The sums of R replicates of the same size stacked on the first axis, e.g. ``cross`` of shape
        (R, ..., d + 1, d + 1).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.random((2, 2, 8 * 4096))   # two designs of f = x1 + 2 x2, 8 replicates
    >>> def f(x): return x[0] + 2 * x[1]
    >>> one, two = ([y[0], x[1]], [x[0], y[1]]), ([x[0], y[1]], [y[0], x[1]])
    >>> swapped = [np.array([f(a), f(b)]) for a, b in zip(one, two)]
    >>> found = indices(pick_freeze(np.array([f(x), f(y)]), swapped, chunk=4096))
    >>> found.first_order.value.round(2)
    array([0.2, 0.8])
    """
    first, total, variance, second = (
        np.moveaxis(part, 0, -1) for part in (sums.first, sums.total, sums.variance, sums.second)
    )
    of_pair = (variance[..., :, None, :] + variance[..., None, :, :]) / 8
    pairs = replicates.ratio((second + second.swapaxes(-3, -2)) / 2, of_pair)
    diagonal = np.arange(first.shape[-2])
    for part, axes in zip(pairs, (2, 2, 2, 2, 3), strict=True):
        np.moveaxis(part, (-axes, 1 - axes), (0, 1))[diagonal, diagonal] = np.nan
    main = replicates.ratio(first, variance)
    left = replicates.from_replicates(1 - main.value.sum(axis=-1), 1 - main.replicates.sum(axis=-2))
    return Indices(main, replicates.ratio(total, variance), pairs, left)

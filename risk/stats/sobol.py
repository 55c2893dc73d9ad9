"""Sobol' indices from pick-freeze designs: the symmetric estimator of Azzini, Mara and Rosati.

Four blocks of model output: f(A), f(B), f(AB_i) with factor i of A taken from B, and f(BA_i) with
factor i of B taken from A. Only differences of outputs enter, so the mean does not matter, and
0 ≤ S_Ti and S_i ≤ S_Ti hold in every sample, not only in expectation.

Azzini, Mara & Rosati 2020, arXiv:2006.08232; 2021, doi:10.1016/j.envsoft.2021.105167.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.stats import replicates

Array = NDArray[np.float64]


class PickFreeze(NamedTuple):
    """Row means of one replicate, for d factors and outcomes of shape (...)."""

    first: Array  # (d, ...)  2 (f(BA_i) − f(B)) (f(A) − f(AB_i))
    total: Array  # (d, ...)  (f(B) − f(BA_i))² + (f(A) − f(AB_i))²
    variance: Array  # (d, ...)  (f(A) − f(B))² + (f(BA_i) − f(AB_i))²: four variances
    second: Array  # (d, d, ...)  (f(AB_j) − f(A)) (f(BA_i) − f(B)): the variance of the pair
    squares: Array  # (2, ...)  sums over A and B of z and z², z = squared distance from the mean


def pick_freeze(a: Array, b: Array, ab: Array, ba: Array) -> PickFreeze:
    """Reduce the outputs of one replicate to the row means that the indices need.

    Parameters
    ----------
    a, b
        Outputs at A and B, shape (..., n).
    ab, ba
        Outputs with one factor exchanged, shape (d, ..., n).
    """
    moved_a, moved_b = ab - a, ba - b
    z = np.concatenate([a, b], axis=-1)
    z = (z - z.mean(axis=-1, keepdims=True)) ** 2
    return PickFreeze(
        first=-2 * np.mean(moved_b * moved_a, axis=-1),
        total=np.mean(moved_b**2 + moved_a**2, axis=-1),
        variance=np.mean((a - b) ** 2 + (ba - ab) ** 2, axis=-1),
        # einsum without BLAS: its bits do not depend on how many threads a library takes.
        second=np.einsum("j...n,i...n->ij...", moved_a, moved_b) / a.shape[-1],
        squares=np.stack([z.sum(axis=-1), (z**2).sum(axis=-1)]),
    )


class Indices(NamedTuple):
    """Sobol' indices with their intervals."""

    first_order: replicates.Estimate  # (d, ...)
    total_order: replicates.Estimate  # (d, ...)
    second_order: replicates.Estimate  # (d, d, ...), NaN on the diagonal
    interaction: replicates.Estimate  # (...): 1 − sum of the first-order indices
    effective_sample_size: Array  # (...): how many rows the variance rests on


def indices(sums: PickFreeze) -> Indices:
    """First-, total- and second-order indices, pooled over replicates, with Student t intervals.

    ``S_i = first / variance``, ``S_Ti = total / variance`` and ``S_ij = second / V`` with
    V = variance / 4. The effective sample size of the variance is ``(Σz)² / Σz²``.

    Parameters
    ----------
    sums
        The row means of R replicates stacked on a last axis, e.g. ``first`` of shape (d, ..., R).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, y = rng.random((2, 2, 8, 4096))   # two designs of f = x1 + 2 x2, 8 replicates
    >>> def f(x): return x[0] + 2 * x[1]
    >>> ab, ba = [np.stack([f([v[0], u[1]]), f([u[0], v[1]])]) for u, v in ((x, y), (y, x))]
    >>> rows = [pick_freeze(*(m[..., r, :] for m in (f(x), f(y), ab, ba))) for r in range(8)]
    >>> found = indices(PickFreeze(*(np.stack(part, axis=-1) for part in zip(*rows))))
    >>> found.first_order.value.round(2)
    array([0.2, 0.8])
    """
    first = replicates.ratio(sums.first, sums.variance)
    variance = (sums.variance[:, None] + sums.variance[None, :]) / 8
    second = replicates.ratio((sums.second + np.swapaxes(sums.second, 0, 1)) / 2, variance)
    diagonal = np.arange(len(sums.first))
    for part in second:
        part[diagonal, diagonal] = np.nan
    left = replicates.from_replicates(1 - first.value.sum(axis=0), 1 - first.replicates.sum(axis=0))
    z, z2 = sums.squares.sum(axis=-1)
    return Indices(first, replicates.ratio(sums.total, sums.variance), second, left, z**2 / z2)

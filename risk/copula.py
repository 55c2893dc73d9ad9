"""Latent correlations of Gaussian and t copulas, and the smallest repair of a matrix that is none.

A copula joins inputs through latent normals (or t's) with a correlation matrix. What people know is
a rank correlation of the inputs themselves, Spearman's or Kendall's: `latent_correlation` finds the
latent one that gives it, also where an input takes a few values only.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from risk.marginals import Categorical

Array = NDArray[np.float64]
FLOOR = 1e-8  # least eigenvalue of a latent matrix, so that its Cholesky factor is stable
_CELLS = 4096  # of the latent variable over which a discrete pair is summed
_MOST_STEPS = 1000  # of a discrete input
_FURTHEST = 0.9999  # latent correlation that is tried
_NODES = 24  # of the quadrature over the mixing variable of a t


def steps_of(marginal: Any) -> Array | None:
    """Cumulative probabilities between the values of a discrete marginal; None for others."""
    law: Any = getattr(marginal, "distribution", None)
    if isinstance(marginal, Categorical):
        edges = np.cumsum(marginal.probabilities)[:-1]
    elif getattr(marginal, "family", None) == "discrete":
        edges = np.asarray(law.cumulative)
    elif hasattr(law, "pmf"):  # a user's own, of SciPy: whole numbers
        first, last = law.ppf([1e-9, 1 - 1e-9])
        if last - first > _MOST_STEPS:
            return None  # as good as continuous
        edges = np.asarray(law.cdf(np.arange(first, last)))
    else:
        return None
    # A state without probability has no ranks: its edges are those of its neighbour.
    return np.unique(edges[(edges > 1e-12) & (edges < 1 - 1e-12)])  # sums round


def latent_correlation(
    rank: float,
    kind: str = "spearman",
    *,
    steps: tuple[Array | None, Array | None] = (None, None),
    degrees_of_freedom: float = math.inf,
) -> float:
    """The latent correlation that gives two inputs this rank correlation.

    For continuous inputs τ = 2/π asin r under every elliptical copula, and under the Gaussian one
    ρ_S = 6/π asin(r / 2) (Kruskal 1958, doi:10.1080/01621459.1958.10501481). The rest has no closed
    form and is solved for.

    Parameters
    ----------
    rank, kind
        "spearman" or "kendall", with ties as usual: mid-ranks, and τ_b.
    steps
        Of each input, the cumulative probabilities between its values where it is discrete.
    degrees_of_freedom
        Of a t copula; infinite for the Gaussian one.

    Raises
    ------
    ValueError
        When discrete inputs cannot reach it; the message says what they can reach.

    Examples
    --------
    >>> round(latent_correlation(0.5), 6), round(latent_correlation(1 / 3, "kendall"), 6)
    (0.517638, 0.5)
    """
    continuous = steps[0] is None and steps[1] is None
    if continuous and kind == "kendall":
        return math.sin(math.pi * rank / 2)
    if continuous and math.isinf(degrees_of_freedom):
        return 2 * math.sin(math.pi * rank / 6)

    def excess(r: float) -> float:
        return rank_correlation(r, kind, steps=steps, degrees_of_freedom=degrees_of_freedom) - rank

    low, high = excess(-_FURTHEST), excess(_FURTHEST)
    if not low <= 0 <= high:
        raise ValueError(
            f"expected a rank correlation that these inputs can have, between {low + rank:.2f} and "
            f"{high + rank:.2f}, got {rank:g}, move it there"
        )
    return float(optimize.brentq(excess, -_FURTHEST, _FURTHEST, xtol=1e-10))


def rank_correlation(
    r: float,
    kind: str = "spearman",
    *,
    steps: tuple[Array | None, Array | None] = (None, None),
    degrees_of_freedom: float = math.inf,
) -> float:
    """The rank correlation of two inputs whose latent variables have the correlation `r`.

    >>> round(rank_correlation(0.5, degrees_of_freedom=1e9), 6)  # nearly Gaussian: 6/π asin(1/4)
    0.482584
    """
    x, y = steps
    if x is None and y is None:
        if kind == "kendall":
            return 2 / math.pi * math.asin(r)
        return _spearman_t(r, degrees_of_freedom)
    if x is None:
        x, y = y, x  # a discrete input first
    assert x is not None
    edges, v = _cells(y)
    joint = np.diff(_conditional(x, v, r, degrees_of_freedom), axis=0) * np.diff(edges)
    if y is not None:
        starts = np.searchsorted(v, np.concatenate([[0.0], y]))
        joint = np.add.reduceat(joint, starts, axis=1)
    return _spearman(joint) if kind == "spearman" else _kendall(joint, ties=y is not None)


def _cells(y: Array | None) -> tuple[Array, Array]:
    """Edges and midpoints of the cells of the second input, none across a step of it."""
    levels = np.concatenate([[0.0], [] if y is None else y, [1.0]])
    least = max(4, min(64, _CELLS // len(levels)))
    counts = [max(least, int(_CELLS * width)) for width in np.diff(levels)]
    parts = [
        np.linspace(a, b, n + 1)[:-1]
        for a, b, n in zip(levels[:-1], levels[1:], counts, strict=True)
        if b > a
    ]
    edges = np.append(np.concatenate(parts), 1.0)
    return edges, (edges[1:] + edges[:-1]) / 2


def _conditional(x: Array, v: Array, r: float, df: float) -> Array:
    """P(X up to each step | V = v), with rows of 0 and 1 around, shape (steps + 2, len(v))."""
    if math.isinf(df):
        z, y = special.ndtri(x)[:, None], special.ndtri(v)
        inside = special.ndtr((z - r * y) / math.sqrt(1 - r**2))
    else:
        z, y = special.stdtrit(df, x)[:, None], special.stdtrit(df, v)
        spread = np.sqrt((df + y**2) * (1 - r**2) / (df + 1))
        inside = special.stdtr(df + 1, (z - r * y) / spread)
    return np.vstack([np.zeros_like(v), inside, np.ones_like(v)])


def _spearman(joint: Array) -> float:
    """Of a table of probabilities: the correlation of mid-ranks."""
    ranks = []
    for p in (joint.sum(axis=1), joint.sum(axis=0)):
        middle = np.cumsum(p) - p / 2 - 0.5
        ranks.append((middle, math.sqrt(float(p @ middle**2))))
    (a, sd_a), (b, sd_b) = ranks
    return float(a @ joint @ b / (sd_a * sd_b))


def _kendall(joint: Array, ties: bool) -> float:
    """Of a table of probabilities: τ_b. The columns of a continuous input tie with none."""
    before = np.cumsum(np.cumsum(joint, axis=0), axis=1)
    lower_left = np.zeros_like(joint)
    lower_left[1:, 1:] = before[:-1, :-1]  # P(both smaller)
    upper_left = np.zeros_like(joint)
    total = np.cumsum(joint.sum(axis=0))
    upper_left[:, 1:] = total[:-1] - before[:, :-1]  # P(x greater, y smaller)
    tau = 2 * float((joint * (lower_left - upper_left)).sum())
    untied = 1 - float((joint.sum(axis=1) ** 2).sum())
    other = 1 - float((joint.sum(axis=0) ** 2).sum()) if ties else 1.0
    return tau / math.sqrt(untied * other)


def _spearman_t(r: float, df: float) -> float:
    """Of a t copula: ρ_S = 6/π E asin(r w1 / √((w1 + w2)(w1 + w3))), w independent mixings.

    ρ_S = 3 E sign(X1 − X2) sign(Y1 − Y3) over independent copies; given their mixing variables the
    differences are jointly normal (Heinen and Valdesogo 2020, J. Multivariate Analysis 179).
    """
    if math.isinf(df):
        return 6 / math.pi * math.asin(r / 2)
    # Quantiles of the mixing variable in the middle of equally probable cells would miss its tail:
    # Gauss and Legendre in its probability do not.
    t, weight = np.polynomial.legendre.leggauss(2 * _NODES)
    u, weight = (t + 1) / 2, weight / 2
    w = df / (2 * special.gammaincinv(df / 2, u))
    a, b, c = w[:, None, None], w[:, None], w
    inner = np.arcsin(r * a / np.sqrt((a + b) * (a + c)))
    return 6 / math.pi * float(np.einsum("i,j,k,ijk->", weight, weight, weight, inner))


def smallest_eigenvalue(matrix: Array) -> float:
    """The smallest eigenvalue of a symmetric matrix."""
    return float(np.linalg.eigvalsh(matrix)[0])


def shrunk(matrix: Array) -> tuple[Array, float]:
    """The smallest shrinking towards independence that makes a matrix positive definite.

    (1 − a) M + a I with the smallest a (Higham, Strabić and Šego 2016, doi:10.1137/140996112): it
    keeps zeros, signs and the order of the correlations.

    Returns
    -------
    The matrix, and a.

    Examples
    --------
    >>> bad = np.array([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]])
    >>> round(shrunk(bad)[1], 3)
    0.444
    """
    least = smallest_eigenvalue(matrix)
    if least >= FLOOR:
        return matrix, 0.0
    a = (FLOOR - least) / (1 - least) + 1e-12  # more than rounding
    return (1 - a) * matrix + a * np.eye(len(matrix)), float(a)

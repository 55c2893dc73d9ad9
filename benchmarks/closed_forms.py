"""Models whose indices and risk measures are known exactly.

An index needs one function only: ``closed(u)``, the share of the variance that the inputs in the
set u explain together, Var E[Y | x_u] / Var Y. Then S_i = closed({i}),
S_Ti = 1 − closed(all but i) and S_ij = closed({i, j}) − S_i − S_j.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.polynomial import hermite_e, legendre
from numpy.typing import NDArray
from scipy import optimize, special

Array = NDArray[np.float64]
Closed = Callable[[NDArray[np.bool_]], float]


class Exact(NamedTuple):
    """The indices of a model, without error."""

    first_order: Array  # (d,)
    total_order: Array  # (d,)
    second_order: Array  # (d, d), NaN on the diagonal

    @property
    def interaction(self) -> float:
        """What no input explains alone."""
        return float(1 - self.first_order.sum())


def indices(closed: Closed, d: int) -> Exact:
    """The indices of a model with d inputs.

    >>> indices(lambda u: 1.0 if u.all() else 0.4 * u.sum(), 2).total_order   # min(x1, x2)
    array([0.6, 0.6])
    """
    one = np.eye(d, dtype=bool)
    first = np.array([closed(u) for u in one])
    total = np.array([1 - closed(~u) for u in one])
    second = np.full((d, d), np.nan)
    for i, j in zip(*np.nonzero(~one), strict=True):
        second[i, j] = closed(one[i] | one[j]) - first[i] - first[j]
    return Exact(first, total, second)


def ishigami(a: float = 7.0, b: float = 0.1) -> Exact:
    """sin x1 + a sin² x2 + b x3⁴ sin x1 with x uniform on (−π, π).

    >>> ishigami().total_order.round(10)
    array([0.55758886, 0.44241114, 0.24368366])
    """
    v1 = (1 + b * np.pi**4 / 5) ** 2 / 2
    v2 = a**2 / 8
    v13 = 8 * b**2 * np.pi**8 / 225
    return indices(lambda u: (u[0] * v1 + u[1] * v2 + u[0] * u[2] * v13) / (v1 + v2 + v13), 3)


def product(r: Array) -> Exact:
    """A product of independent factors with squared coefficients of variation r.

    E[Y² | x_u] multiplies over the factors, so closed(u) = (Π_u (1 + r) − 1) / (Π (1 + r) − 1).
    """
    return indices(lambda u: float((np.prod(1 + r[u]) - 1) / (np.prod(1 + r) - 1)), len(r))


def g_function(a: Sequence[float]) -> Exact:
    """Sobol's g: the product of (|4x − 2| + a) / (1 + a) with x uniform on (0, 1).

    >>> g_function([0, 1, 4.5, 9, 99, 99, 99, 99]).first_order[:2].round(10)
    array([0.71619217, 0.17904804])
    """
    return product(1 / (3 * (1 + np.asarray(a)) ** 2))


def lognormals(sigma: Array) -> Exact:
    """A product of lognormals with these standard deviations of the logarithm.

    >>> lognormals(np.array([0.2, 0.3, 0.5])).total_order.round(10)
    array([0.12402966, 0.27225026, 0.69969065])
    """
    return product(np.expm1(sigma**2))


def minimum() -> Exact:
    """min(x1, x2) with x uniform on (0, 1): E[Y | x1] = x1 − x1²/2 has 2/5 of the variance 1/18."""
    return indices(lambda u: 1.0 if u.all() else 0.4 * u.sum(), 2)


def linear(deviations: Array) -> Exact:
    """A sum of independent inputs that contribute these standard deviations."""
    variance = deviations**2 / (deviations**2).sum()
    return indices(lambda u: float(variance[u].sum()), len(deviations))


def of_normal_sum(function: Callable[[Array], Array], sigma: Array, order: int = 60) -> Exact:
    """A function h of Z = Σ σ_i z_i with z standard normal.

    Given x_u, Z and an independent copy of it that shares x_u correlate by ρ = Σ_u σ² / Σ σ². In
    Hermite polynomials, h = Σ c_k He_k, so closed(u) = Σ c_k² k! ρ^k / Σ c_k² k! over k ≥ 1.

    >>> np.allclose(of_normal_sum(np.exp, np.array([0.2, 0.3, 0.5])).total_order,
    ...             lognormals(np.array([0.2, 0.3, 0.5])).total_order)
    True
    """
    x, w, basis = _hermite(order)
    variance = sigma**2 / (sigma**2).sum()
    k = np.arange(1, order)
    parts = (basis[1:] @ (w * function(np.sqrt((sigma**2).sum()) * x))) ** 2
    return indices(
        lambda u: float((parts * variance[u].sum() ** k).sum() / parts.sum()), len(sigma)
    )


@functools.lru_cache
def _hermite(order: int) -> tuple[Array, Array, Array]:
    """Nodes and weights for a standard normal, and He_k / √k! at the nodes for k < order."""
    x, w = hermite_e.hermegauss(4 * order)
    # The recurrence of the normalised polynomials neither overflows nor cancels.
    basis = [np.ones_like(x), x]
    for n in range(1, order - 1):
        basis.append((x * basis[-1] - np.sqrt(n) * basis[-2]) / np.sqrt(n + 1))
    return x, w / w.sum(), np.array(basis)


class LognormalGap:
    """Revenue less cost, two independent lognormals: signed, skewed, heavy on both sides.

    Given the cost, revenue less cost is a shifted lognormal; what is left is one smooth integral
    over a normal, done by Gauss–Legendre on ±12 standard deviations. Moments need no integral.
    """

    def __init__(self, revenue: tuple[float, float], cost: tuple[float, float]) -> None:
        self.mu, self.sigma = revenue
        raw = [[np.exp(k * m + (k * s) ** 2 / 2) for k in range(4)] for m, s in (revenue, cost)]
        (_, r1, r2, r3), (_, c1, c2, c3) = raw
        self.mean = float(r1 - c1)
        self.standard_deviation = float(np.sqrt(r2 - r1**2 + c2 - c1**2))
        third = (r3 - 3 * r2 * r1 + 2 * r1**3) - (c3 - 3 * c2 * c1 + 2 * c1**3)
        self.skewness = float(third / self.standard_deviation**3)
        x, w = legendre.leggauss(2000)
        z = 12 * x
        self._weight = 12 * w * np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi)
        self._cost = np.exp(cost[0] + cost[1] * z)

    def _standardised(self, y: float) -> Array:
        """The normal score of the revenue that gives y, one a cost."""
        revenue = y + self._cost
        score = np.full_like(revenue, -np.inf)
        positive = revenue > 0
        score[positive] = (np.log(revenue[positive]) - self.mu) / self.sigma
        return score

    def probability_below(self, y: float) -> float:
        """P(Y < y).

        >>> LognormalGap((0.0, 1.0), (0.0, 1.0)).probability_below(0.0).__round__(12)
        0.5
        """
        return float(self._weight @ special.ndtr(self._standardised(y)))

    def quantile(self, probability: float) -> float:
        """The value below which Y falls with this probability."""

        def excess(y: float) -> float:
            return self.probability_below(y) - probability

        return float(optimize.brentq(excess, -1e3, 1e3, xtol=1e-13, rtol=1e-14))

    def expected_shortfall(self, tail: float) -> float:
        """Minus the mean of the worst `tail` of cases."""
        score = self._standardised(self.quantile(tail))
        revenue = np.exp(self.mu + self.sigma**2 / 2) * special.ndtr(score - self.sigma)
        return float(-self._weight @ (revenue - self._cost * special.ndtr(score)) / tail)

"""The metalog of Keelin 2016, doi:10.1287/deca.2016.0338: a quantile function that fits nearly any.

With c = y − 1/2 and L = ln(y / (1 − y)),

    M(y) = a1 + a2 L + a3 c L + a4 c + a5 c² + a6 c² L

for three to six terms. With a minimum b the values are b + e^M, with a maximum b they are
b − e^−M, with both they are M's logistic image between the two.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from risk.families.numeric import cdf_of
from risk.marginals import Marginal, named

Array = NDArray[np.float64]
TERMS = ("a1", "a2", "a3", "a4", "a5", "a6")


@dataclass(frozen=True)
class Metalog:
    """A feasible metalog, with or without limits."""

    a: tuple[float, ...]  # six, the last of them 0 where there are fewer terms
    minimum: float = -math.inf
    maximum: float = math.inf

    def ppf(self, u: Array) -> Array:
        """The value at each probability."""
        u = np.asarray(u, dtype=float)
        return self.limited(self.unlimited(u, special.logit(u)))

    def unlimited(self, u: Array, logit: Array) -> Array:
        """Values without limits at probabilities whose logarithm of odds is known too."""
        a1, a2, a3, a4, a5, a6 = self.a
        c = u - 0.5
        # The slope of L is positive at both ends, so that M is -∞ and ∞ there.
        return (a1 + c * (a4 + c * a5)) + (a2 + c * (a3 + c * a6)) * logit

    def limited(self, m: Array) -> Array:
        """Values between the limits for values without them."""
        low, high = self.minimum, self.maximum
        if math.isinf(low) and math.isinf(high):
            return m
        if math.isinf(high):
            return low + np.exp(m)
        if math.isinf(low):
            return high - np.exp(-m)
        share = special.expit(m)
        inside = np.clip(low + (high - low) * share, low, high)
        return np.where(share == 1, high, inside)

    def cdf(self, x: Array) -> Array:
        """Probability of values up to x."""
        return cdf_of(self.ppf, x)

    @property
    def tail_index(self) -> float:
        """How heavy the heavier tail is: the variance is infinite from 1/2 on, the mean from 1.

        With one limit the other tail is a power law, P(X > x) ~ x^(−1/index), its index the slope
        of L at that end. Without limits, or with both, tails are light.
        """
        _, a2, a3, _, _, a6 = self.a
        if math.isinf(self.minimum) == math.isinf(self.maximum):
            return 0.0
        side = 1 if math.isinf(self.maximum) else -1
        return a2 + side * a3 / 2 + a6 / 4

    def mean(self) -> float:
        """Expectation; infinite where the tail is too heavy."""
        if self.tail_index >= 1:
            return math.inf if math.isinf(self.maximum) else -math.inf
        values, weights = self.rule
        return float(values @ weights)

    def std(self) -> float:
        """Standard deviation; infinite where the tail is too heavy."""
        if self.tail_index >= 0.5:
            return math.inf
        values, weights = self.rule
        return math.sqrt(float((values - values @ weights) ** 2 @ weights))

    @property
    def rule(self) -> tuple[Array, Array]:
        """Values and weights of the trapezoidal rule over the logarithm of odds.

        It reaches far into a power law, where a double no longer tells a probability from 1.
        """
        z = np.linspace(-600.0, 600.0, 60001)
        u = special.expit(z)
        weights = u * special.expit(-z)
        with np.errstate(over="ignore"):
            values = self.limited(self.unlimited(u, z))
        values = np.where(weights > 0, values, 0.0)
        return values, weights / weights.sum()


def metalog(
    a1: float,
    a2: float,
    a3: float = 0.0,
    a4: float = 0.0,
    a5: float = 0.0,
    a6: float = 0.0,
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> Marginal:
    """A flexible distribution of two to six coefficients, with or without limits.

    Raises
    ------
    ValueError
        When the coefficients are not feasible: the quantile function would fall somewhere.

    Examples
    --------
    >>> metalog(1.0, 0.5).ppf(np.array([0.5])), str(metalog(1.0, 0.5))
    (array([1.]), 'Metalog(1, 0.5)')
    """
    coefficients = (a1, a2, a3, a4, a5, a6)
    shown = {k: float(x) for k, x in zip(TERMS, coefficients, strict=True)}
    while len(shown) > 2 and shown[TERMS[len(shown) - 1]] == 0:
        del shown[TERMS[len(shown) - 1]]
    ends = {"minimum": minimum, "maximum": maximum}
    shown |= {k: float(x) for k, x in ends.items() if not math.isinf(x)}
    law = Metalog(tuple(map(float, coefficients)), float(minimum), float(maximum))
    if not (all(map(math.isfinite, coefficients)) and minimum < maximum and is_feasible(law.a)):
        values = ", ".join(f"{name} = {value:g}" for name, value in shown.items())
        raise ValueError(
            f"Expected coefficients whose quantile function rises for a metalog prior, got {values}"
            ". Use fewer terms, or quantiles that are less uneven."
        )
    terms = named("metalog", {k: x for k, x in shown.items() if k in TERMS})
    limits = "".join(f", {k} {x:g}" for k, x in shown.items() if k in ends)
    return Marginal("metalog", shown, law, law.ppf, f"{terms[:-1]}{limits})")


def is_feasible(a: Sequence[float]) -> bool:
    """Whether the quantile function rises: on a grid that is dense in both tails, and at the ends.

    For three terms the limit is |a3| / a2 < 1.66711.
    """
    _, a2, a3, a4, a5, a6 = a
    if not (a2 + abs(a3) / 2 + a6 / 4 > 0 and a2 - abs(a3) / 2 + a6 / 4 > 0):
        return False  # the slopes of L at both ends
    z = np.linspace(-36.0, 36.0, 20001)  # log odds: probabilities from 1e-16 to 1 - 1e-16
    y = special.expit(z)
    c, density = y - 0.5, y * special.expit(-z)
    slope = a2 + c * (a3 + c * a6) + density * ((a3 + 2 * a6 * c) * z + a4 + 2 * a5 * c)
    return bool(np.all(slope > 0))


def fit_metalog(
    p: Array, x: Array, terms: int, limits: Mapping[str, float]
) -> tuple[dict[str, float], Array]:
    """Coefficients by least squares on the quantiles without limits, and what they return.

    Keelin's closed form: the quantile function is linear in its coefficients.
    """
    low, high = limits.get("minimum", -math.inf), limits.get("maximum", math.inf)
    if not (low < x[0] and x[-1] < high):
        raise ValueError(
            f"Expected quantiles inside the limits {low:g} to {high:g}, got {x[0]:g} to {x[-1]:g}. "
            "Move the limits out."
        )
    if math.isinf(low) and math.isinf(high):
        z = x
    elif math.isinf(high):
        z = np.log(x - low)
    elif math.isinf(low):
        z = -np.log(high - x)
    else:
        z = np.log((x - low) / (high - x))
    c, logit = p - 0.5, special.logit(p)
    columns = [np.ones_like(p), logit, c * logit, c, c**2, c**2 * logit]
    basis = np.stack(columns[:terms], axis=1)
    a = np.linalg.lstsq(basis, z, rcond=None)[0]
    padded = (*map(float, a), *(0.0,) * (6 - terms))
    found = Metalog(padded, low, high).ppf(p)
    return dict(zip(TERMS, padded[:terms], strict=False)) | dict(limits), found

"""Marginals made of others: truncated versions, and mixtures of several."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.families.numeric import PROBABILITIES, deviation_of, mean_of
from risk.families.tabular import Steps, discrete
from risk.marginals import Marginal

Array = NDArray[np.float64]
LEAST_MASS = 1e-6  # of a distribution that a truncation may leave
MOST_PARTS = 100  # of a mixture
_HALVINGS = 8  # of a cell of the table, which leaves straight lines exact to 1e-11 of its scale


@dataclass(frozen=True)
class Truncated:
    """A marginal between two limits, the rest of its probability spread over what is left."""

    marginal: Marginal
    minimum: float
    maximum: float

    @cached_property
    def ends(self) -> tuple[float, float]:
        """Probabilities of the whole marginal below the minimum and up to the maximum."""
        # A step at the minimum itself is kept.
        low, high = self.marginal.cdf(np.array([np.nextafter(self.minimum, -np.inf), self.maximum]))
        return float(low), float(high)

    def ppf(self, u: Array) -> Array:
        """The value at each probability."""
        u = np.asarray(u, dtype=float)
        low, high = self.ends
        # A sum that rounds up to the upper end would be the whole marginal's last value, or none.
        inside = np.minimum(low + u * (high - low), np.nextafter(high, 0.0))
        x = np.clip(self.marginal.ppf(inside), self.minimum, self.maximum)
        first, last = self.support()
        return np.where(u == 0, first, np.where(u == 1, last, x))

    def support(self) -> tuple[float, float]:
        """The limits, where they are inside the whole marginal's."""
        low, high = self.marginal.support
        return max(low, self.minimum), min(high, self.maximum)

    def cdf(self, x: Array) -> Array:
        """Probability of values up to x."""
        low, high = self.ends
        inside = np.clip((self.marginal.cdf(x) - low) / (high - low), 0.0, 1.0)
        return np.where(np.asarray(x) >= self.maximum, 1.0, inside)

    def mean(self) -> float:
        """Expectation."""
        open_ended = not np.isfinite(self.support()).all()
        whole = self.marginal.mean()
        return whole if open_ended and not math.isfinite(whole) else mean_of(self.ppf)

    def std(self) -> float:
        """Standard deviation; infinite where a tail without variance is left."""
        open_ended = not np.isfinite(self.support()).all()
        heavy = math.isinf(self.marginal.standard_deviation())
        return math.inf if open_ended and heavy else deviation_of(self.ppf)


@dataclass(frozen=True)
class Mixture:
    """One of several marginals, with probabilities."""

    weights: Array
    parts: tuple[Marginal, ...]

    def cdf(self, x: Array) -> Array:
        """Probability of values up to x."""
        total = np.zeros(np.shape(x))
        for weight, part in zip(self.weights, self.parts, strict=True):
            total = total + weight * part.cdf(x)
        return np.minimum(total, 1.0)

    def support(self) -> tuple[float, float]:
        """From the smallest to the largest value of any part."""
        ends = [part.support for part in self.parts]
        return min(low for low, _ in ends), max(high for _, high in ends)

    @cached_property
    def table(self) -> tuple[Array, Array]:
        """Values at which the distribution function is known, and what it is there."""
        values = np.concatenate([part.ppf(PROBABILITIES) for part in self.parts])
        values = np.append(values, [end for part in self.parts for end in part.support])
        nodes = np.unique(values[np.isfinite(values)])
        return nodes, np.maximum.accumulate(self.cdf(nodes))

    def ppf(self, u: Array) -> Array:
        """The value at each probability.

        Between two known values the cell is halved, always at the same points, and then crossed
        by a straight line: the result never falls where u rises. What is less probable than 1e-17
        is cut off where a part has no limit.
        """
        u = np.asarray(u, dtype=float)
        nodes, heights = self.table
        after = np.clip(np.searchsorted(heights, u), 1, len(nodes) - 1)
        low, high = nodes[after - 1], nodes[after]
        below, above = heights[after - 1], heights[after]
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            height = np.clip(self.cdf(middle), below, above)
            right = height < u
            low, high = np.where(right, middle, low), np.where(right, high, middle)
            below, above = np.where(right, height, below), np.where(right, above, height)
        width = above - below
        part = np.clip((u - below) / np.where(width > 0, width, 1.0), 0.0, 1.0)
        x = np.clip(low + part * (high - low), low, high)
        first, last = self.support()
        return np.where(u == 0, first, np.where(u == 1, last, x))

    def mean(self) -> float:
        """Expectation."""
        return float(sum(w * part.mean() for w, part in zip(self.weights, self.parts, strict=True)))

    def std(self) -> float:
        """Standard deviation: of the parts, and between their means."""
        deviations = [part.standard_deviation() for part in self.parts]
        if any(map(math.isinf, deviations)):
            return math.inf
        centre = self.mean()
        squares = [
            d**2 + (part.mean() - centre) ** 2
            for d, part in zip(deviations, self.parts, strict=True)
        ]
        return math.sqrt(float(self.weights @ np.array(squares)))


def truncated(
    marginal: Marginal, minimum: float = -math.inf, maximum: float = math.inf
) -> Marginal:
    """A marginal between two limits: F⁻¹(F(minimum) + u (F(maximum) − F(minimum))).

    Raises
    ------
    ValueError
        When the limits cross, or leave less than a millionth of the probability.

    Examples
    --------
    >>> from risk.families import normal
    >>> truncated(normal(0.0, 1.0), minimum=0.0).ppf(np.array([0.0, 0.5])).round(4)
    array([0.    , 0.6745])
    """
    law = Truncated(marginal, float(minimum), float(maximum))
    text = f"{marginal} within {_limit(minimum)} to {_limit(maximum)}"
    left = law.ends[1] - law.ends[0] if minimum < maximum else 0.0
    if isinstance(marginal.distribution, Steps):
        values, p = marginal.distribution.values, marginal.distribution.probabilities
        kept = (values >= minimum) & (values <= maximum)
        if left >= LEAST_MASS and kept.sum() > 1:
            share = p[kept] / p[kept].sum()
            return replace(discrete(values[kept].tolist(), share.tolist()), text=text)
        left = 0.0  # one value is no uncertainty
    if not left >= LEAST_MASS:
        raise ValueError(
            f"Expected limits that leave something of the prior, got {text}. Move them apart."
        )
    ends = {"minimum": minimum, "maximum": maximum}
    parameters: dict[str, Any] = {"of": marginal.family, "parameters": dict(marginal.parameters)}
    parameters |= {k: float(x) for k, x in ends.items() if not math.isinf(x)}
    return Marginal("truncated", parameters, law, law.ppf, text, marginal.fit)


def mixture(parts: Sequence[Marginal], weights: Sequence[float]) -> Marginal:
    """One of several marginals, drawn by their weights: the linear pool of several experts.

    >>> from risk.families import normal
    >>> two = mixture([normal(-1.0, 1.0), normal(1.0, 1.0)], [1, 1])
    >>> two.ppf(np.array([0.5])).round(9) + 0, two.mean()
    (array([0.]), 0.0)
    """
    shares = shares_of(parts, weights, "mixture")
    stepped = next((p for p in parts if is_discrete(p)), None)
    if stepped is not None:
        raise ValueError(
            f"Expected parts of a mixture that are continuous, got {stepped}. Use a categorical "
            "input and priors given its state."
        )
    law = Mixture(shares, tuple(parts))
    return Marginal("mixture", parameters_of(parts, shares), law, law.ppf, text_of(parts, shares))


def is_discrete(marginal: Marginal) -> bool:
    """Whether single values have probabilities, also of a SciPy distribution."""
    return isinstance(marginal.distribution, Steps) or hasattr(marginal.distribution, "pmf")


def shares_of(parts: Sequence[Marginal], weights: Sequence[float], what: str) -> Array:
    """Weights that sum to one."""
    w = np.asarray(weights, dtype=float)
    if not 0 < len(parts) <= MOST_PARTS or len(w) != len(parts):
        raise ValueError(
            f"Expected one to {MOST_PARTS} parts of a {what} with a weight each, got {len(parts)} "
            f"parts and {len(w)} weights. Correct them."
        )
    if not (np.isfinite(w).all() and (w > 0).all()):
        raise ValueError(
            f"Expected weights above 0 for a {what}, got {', '.join(f'{x:g}' for x in w)}. "
            "Correct them, or leave the part out."
        )
    return np.asarray(w / w.sum())


def parameters_of(parts: Sequence[Marginal], shares: Array) -> dict[str, object]:
    """The parts as plain data."""
    each = [
        {"weight": float(share), "family": part.family, "parameters": dict(part.parameters)}
        for share, part in zip(shares, parts, strict=True)
    ]
    return {"components": each}


def text_of(parts: Sequence[Marginal], shares: Array) -> str:
    """The parts and their shares in words."""
    each = [f"{share:.0%} {part}" for share, part in zip(shares, parts, strict=True)]
    return f"Mixture of {', '.join(each[:4])}{', …' if len(each) > 4 else ''}"


def _limit(value: float) -> str:
    return f"{value:g}".replace("inf", "∞")

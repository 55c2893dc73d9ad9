"""Families that are lists: discrete values, the bins of a histogram, a sample of data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from risk.families.numeric import interpolated
from risk.marginals import Marginal, check_probabilities

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Steps:
    """Distinct values, rising, with their probabilities."""

    values: Array
    probabilities: Array

    @property
    def cumulative(self) -> Array:
        """Probability of each value and those below it, up to the last but one."""
        return np.cumsum(self.probabilities)[:-1]

    def ppf(self, u: Array) -> Array:
        """The value at each probability."""
        return np.asarray(self.values[np.searchsorted(self.cumulative, u, side="right")])

    def cdf(self, x: Array) -> Array:
        """Probability of values up to x."""
        heights = np.concatenate([[0.0], self.cumulative, [1.0]])
        return np.asarray(heights[np.searchsorted(self.values, x, side="right")])

    def mean(self) -> float:
        """Expectation."""
        return float(self.probabilities @ self.values)

    def std(self) -> float:
        """Standard deviation."""
        return math.sqrt(float(self.probabilities @ (self.values - self.mean()) ** 2))


@dataclass(frozen=True)
class Broken:
    """Straight lines between points of the quantile function."""

    cumulative: Array
    values: Array

    def ppf(self, u: Array) -> Array:
        """The value at each probability."""
        return interpolated(u, self.cumulative, self.values)

    def cdf(self, x: Array) -> Array:
        """Probability of values up to x."""
        x = np.asarray(x, dtype=float)
        # Of equal values the last counts: the distribution function jumps there.
        last = np.append(np.diff(self.values) > 0, True)
        first = np.append(True, np.diff(self.values) > 0)
        after = np.clip(np.searchsorted(self.values[first], x, side="right"), 1, first.sum() - 1)
        low, high = self.values[first][after - 1], self.values[first][after]
        start, end = self.cumulative[last][after - 1], self.cumulative[first][after]
        part = (np.clip(x, low, high) - low) / (high - low)
        inside = start + part * (end - start)
        return np.where(x < self.values[0], 0.0, np.where(x >= self.values[-1], 1.0, inside))

    def mean(self) -> float:
        """Expectation."""
        middle = (self.values[1:] + self.values[:-1]) / 2
        return float(np.diff(self.cumulative) @ middle)

    def std(self) -> float:
        """Standard deviation."""
        low, high = self.values[:-1] - self.mean(), self.values[1:] - self.mean()
        return math.sqrt(float(np.diff(self.cumulative) @ (low**2 + low * high + high**2)) / 3)


def discrete(values: Sequence[float], probabilities: Sequence[float]) -> Marginal:
    """One of a few numbers, each with its probability.

    >>> discrete([1, 2, 4], [0.25, 0.5, 0.25]).ppf(np.array([0.0, 0.3, 1.0]))
    array([1., 2., 4.])
    """
    x = _rising(values, "values", "discrete")
    if len(probabilities) != len(x):
        raise ValueError(
            f"Expected a probability for each value of a discrete prior, got {len(x)} values and "
            f"{len(probabilities)} probabilities. Give as many of both."
        )
    check_probabilities(probabilities, [f"{value:g}" for value in x], "value")
    p = np.asarray(probabilities, dtype=float)
    law = Steps(x[p > 0], p[p > 0])
    pairs = ", ".join(f"{value:g}: {share:g}" for value, share in zip(x[:6], p, strict=False))
    text = f"Discrete({pairs}{', …' if len(x) > 6 else ''})"
    parameters = {"values": x.tolist(), "probabilities": p.tolist()}
    return Marginal("discrete", parameters, law, law.ppf, text)


def histogram(bins: Sequence[float], weights: Sequence[float]) -> Marginal:
    """Bins with weights, as chips are put into bins; within a bin every value is as likely.

    >>> histogram([0, 1, 3], [1, 1]).ppf(np.array([0.0, 0.25, 0.75, 1.0]))
    array([0. , 0.5, 2. , 3. ])
    """
    edges = _rising(bins, "bins", "histogram")
    w = np.asarray(weights, dtype=float)
    if len(w) != len(edges) - 1:
        raise ValueError(
            f"Expected one weight a bin of a histogram prior, got {len(edges)} edges and {len(w)} "
            f"weights. Give {len(edges) - 1} weights."
        )
    if not (np.isfinite(w).all() and (w >= 0).all() and 0 < w.sum() < math.inf):
        raise ValueError(
            "Expected weights of at least 0, not all of them 0, for a histogram prior, got "
            f"{', '.join(f'{x:g}' for x in w[:6])}. Correct them."
        )
    kept = np.flatnonzero(w)
    first, last = kept[0], kept[-1] + 1  # empty bins at the ends are outside the support
    edges, w = edges[first : last + 1], w[first:last]
    cumulative = np.concatenate([[0.0], np.cumsum(w / w.sum())])
    cumulative[-1] = 1.0
    # Around an empty bin the quantile function jumps: both its ends have the same probability.
    law = Broken(np.minimum(cumulative, 1.0), edges)
    text = f"Histogram({len(w)} bins, {edges[0]:g} to {edges[-1]:g})"
    parameters = {"bins": edges.tolist(), "weights": (w / w.sum()).tolist()}
    return Marginal("histogram", parameters, law, law.ppf, text)


def empirical(values: Sequence[float]) -> Marginal:
    """A sample as it is: its quantile function, interpolated from the smallest to the largest.

    The sample's k-th of n values stands at probability (k - 1) / (n - 1), as in `numpy.quantile`.

    >>> empirical([3.0, 1.0, 2.0]).ppf(np.array([0.0, 0.25, 1.0]))
    array([1. , 1.5, 3. ])
    """
    x = np.sort(np.asarray(values, dtype=float))
    if len(x) < 2 or not np.isfinite(x).all() or x[0] == x[-1]:
        raise ValueError(
            "Expected at least two different finite values for an empirical prior, got "
            f"{', '.join(f'{v:g}' for v in x[:6]) or 'none'}. Give more data, or a fixed value."
        )
    law = Broken(np.linspace(0.0, 1.0, len(x)), x)
    text = f"Empirical({len(x)} values, {x[0]:g} to {x[-1]:g})"
    return Marginal("empirical", {"values": x.tolist()}, law, partial(law.ppf), text)


def _rising(values: Sequence[float], what: str, family: str) -> Array:
    """The values as an array, if there are two or more that rise."""
    x = np.asarray(values, dtype=float)
    if len(x) < 2 or not np.isfinite(x).all() or not np.all(np.diff(x) > 0):
        raise ValueError(
            f"Expected two or more `{what}` of a {family} prior, rising and finite, got "
            f"{', '.join(f'{v:g}' for v in x[:6]) or 'none'}. Put them in order, each once."
        )
    return x

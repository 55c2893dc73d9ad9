"""What a distribution that is known by one function only needs of the others, by numbers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]

# Normal scores from -8.2 to 8.2: probabilities from 1e-16 to 1 - 1e-16, all that a double tells
# apart from 0 and 1.
SCORES = np.linspace(-8.2, 8.2, 8193)
PROBABILITIES = special.ndtr(SCORES)


def interpolated(u: Array, cumulative: Array, values: Array) -> Array:
    """Straight lines through the points of a quantile function; monotone to the last bit.

    `cumulative` rises from 0 to 1 without falling; at an equal pair the quantile function jumps.
    """
    u = np.asarray(u, dtype=float)
    width = np.diff(cumulative)
    # A cell less probable than 1e-200 is never met, and its slope may leave the numbers.
    slope = np.diff(values) / np.where(width > 1e-200, width, 1.0)
    cell = np.searchsorted(cumulative[1:-1], u)
    found = (u - cumulative[cell]) * slope[cell]
    found = np.minimum(found + values[cell], values[cell + 1])  # rounding stays in its cell
    return np.where(u == 1, values[-1], found)


def inverted(function: Callable[[Array], Array], at: Array, low: float, high: float) -> Array:
    """Where a rising function reaches `at`, between two ends, by bisection on one tree.

    All values of `at` descend the same tree of midpoints, so the result never falls where `at`
    rises, whatever the rounding of the function.
    """
    at = np.asarray(at, dtype=float)
    lows, highs = np.full(at.shape, low), np.full(at.shape, high)
    for _ in range(64):
        middle = 0.5 * lows + 0.5 * highs
        right = function(middle) < at
        lows, highs = np.where(right, middle, lows), np.where(right, highs, middle)
    return highs


def cdf_of(quantile: Callable[[Array], Array], x: Array) -> Array:
    """The distribution function that belongs to a quantile function."""
    x = np.asarray(x, dtype=float)
    low, high = quantile(np.array([0.0, 1.0]))
    scores = inverted(lambda z: quantile(special.ndtr(z)), x, -38.0, 38.0)
    return np.where(x >= high, 1.0, np.where(x < low, 0.0, special.ndtr(scores)))


def mean_of(quantile: Callable[[Array], Array]) -> float:
    """Expectation, as the integral of the quantile function over normal scores."""
    return float(np.sum(quantile(PROBABILITIES) * _weights()))


def deviation_of(quantile: Callable[[Array], Array]) -> float:
    """Standard deviation of a distribution that has one.

    What is less probable than 1e-16 is left out: nothing, but of tails that are nearly too heavy to
    have one (of a Student t with 2.2 degrees of freedom 2 %).
    """
    values = quantile(PROBABILITIES)
    centred = values - float(np.sum(values * _weights()))
    return math.sqrt(float(np.sum(centred**2 * _weights())))


def _weights() -> Array:
    """Of the trapezoidal rule under the normal density, which forgives it nearly everything."""
    density = np.exp(-0.5 * SCORES**2)
    return np.asarray(density / density.sum())

"""The shape of every prior, ready to be drawn: densities, values with probabilities, states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.analysis.belief_rows import Blend, quantile_of
from risk.families.tabular import Steps
from risk.marginals import Marginal

Array = NDArray[np.float64]
CELLS = 120  # of a density
MOST_VALUES = 200  # of a discrete prior that are drawn
_NEAR = 0.15  # of P5–P95: nearer than this, the window reaches to the end of what is possible
_TAIL = 0.75  # of P5–P95: no further does the window reach beyond either
_REACH = 1.0  # of P5–P95: a mark that is no further outside still widens the window


class Shape(NamedTuple):
    """What is drawn of a belief in numbers."""

    kind: str  # "curve", "bars" or "values"
    edges: Array  # of the cells of the density; of two values the ends of the axis
    density: Array  # one fewer
    values: Array  # with probabilities of their own
    probabilities: Array


def shape_of(whole: Any, belief: Any, ends: tuple[float, float]) -> Shape:
    """The shape of a belief, on the axis of the input as a whole.

    The density in a cell is its probability divided by its width, so cells add up to what is not
    cut off, whatever the family.

    Parameters
    ----------
    whole, belief
        The input as a whole, and the input or the part of it that is drawn.
    ends
        Of the axis, see `window`.

    Examples
    --------
    >>> from risk.families import uniform
    >>> shape = shape_of(uniform(0, 2), uniform(0, 2), (0.0, 2.0))
    >>> shape.kind, shape.edges[[0, -1]], float(shape.density.min().round(9))
    ('curve', array([0., 2.]), 0.5)
    """
    edges, kind = _edges(whole, ends)
    heights = np.zeros(len(edges) - 1)
    smooth, values = split(belief, 1.0)
    for weight, part in smooth:
        heights += weight * np.diff(part.cdf(edges))
        # A cell does not hold its lower edge, but the first one does.
        heights[0] += weight * float(part.cdf(edges[:1])[0] - part.cdf(_before(edges[:1]))[0])
    points = sorted(values)
    return Shape(
        kind if smooth else "values",
        edges,
        heights / np.diff(edges),
        np.array([x for x, _ in points]),
        np.array([p for _, p in points]),
    )


def split(belief: Any, weight: float) -> tuple[list[tuple[float, Marginal]], list[Any]]:
    """The continuous parts of a belief with their weights, and values with their probabilities."""
    if isinstance(belief, float):
        return [], [(belief, weight)]
    if isinstance(belief, Blend):
        each = [split(p, weight * float(w)) for p, w in zip(belief.parts, belief.weights,
                                                           strict=True)]  # fmt: skip
        return [x for smooth, _ in each for x in smooth], [x for _, v in each for x in v]
    values = _possible(belief)
    if values is None:
        return [(weight, belief)], []
    chance = belief.cdf(values) - belief.cdf(_before(values))
    pairs = zip(values.tolist(), (weight * chance).tolist(), strict=True)
    return [], [(x, p) for x, p in pairs if p > 0]


def _possible(marginal: Marginal) -> Array | None:
    """The values of a discrete marginal; None of a continuous one."""
    law: Any = marginal.distribution
    while hasattr(law, "marginal"):  # truncated
        law = law.marginal.distribution
    if isinstance(law, Steps):
        return law.values
    if hasattr(law, "pmf"):  # SciPy's own
        low, high = marginal.ppf(np.array([0.0005, 0.9995]))
        return np.arange(low, min(high, low + MOST_VALUES) + 1)
    return None


def _edges(whole: Any, ends: tuple[float, float]) -> tuple[Array, str]:
    """Edges of the cells, and whether they are drawn as a curve or as bars."""
    low, high = ends
    family = getattr(whole, "family", "")
    if family == "histogram" and len(whole.parameters["bins"]) <= CELLS:
        bins = np.array(whole.parameters["bins"])
        return bins, "bars"
    if family == "empirical":  # few values make no curve
        count = int(np.clip(2 * len(whole.parameters["values"]) ** (1 / 3), 4, CELLS // 2))
        return np.linspace(low, high, count + 1), "bars"
    return np.linspace(low, high, CELLS + 1), "curve"


def window(whole: Any, marks: Sequence[float]) -> tuple[float, float]:
    """The part of the axis that is drawn: the belief but for far tails, and marks that are near.

    >>> from risk.families import uniform
    >>> window(uniform(0, 2), [2.5, 99.0])
    (0.0, 2.5)
    """
    q = quantile_of(whole)(np.array([0.002, 0.05, 0.95, 0.998]))
    first, p5, p95, last = map(float, q)
    ends = whole.support
    size = (p95 - p5) or (last - first) or abs(p5) or 1.0
    low, high = max(first, p5 - _TAIL * size), min(last, p95 + _TAIL * size)
    low = ends[0] if low - ends[0] < _NEAR * size else low
    high = ends[1] if ends[1] - high < _NEAR * size else high
    near = [x for x in marks if low - _REACH * size <= x <= high + _REACH * size]
    low, high = (f([end, *near]) for f, end in ((min, low), (max, high)))
    if low == high:  # a single value
        low, high = low - 0.5 * size, high + 0.5 * size
    return low, high


def _before(x: Array) -> Array:
    return np.nextafter(x, -np.inf)

"""Quantile functions as tables: the exact values to ten digits, in a hundredth of the time.

With v = min(u, 1 − u), the distance of a probability from its nearer end, a cell is a sixteenth
(or a 64th, where that is too coarse) of the range from one power of two to the next: the cell of a
number is part of its bits. In each cell a polynomial of degree five runs through six exact values,
its ends among them, so that neighbours meet. Below v = 2⁻¹¹ every value is the exact one, and so it
is in each cell where the polynomial was found to miss the exact function: at a kink or a jump.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Quantile = Callable[[Array], Array]

TOLERANCE = 5e-11  # of the spread: interquartile range, or distance from the median if larger
RELATIVE = 5e-8  # of a value itself, where all values have one sign: a tail that ends at 0
ROUNDINGS = 4 * float(np.finfo(float).eps)  # of a value; no table can be closer
_TABLE_ENDS = -11  # power of two of the smallest v with a cell: farther out values are too few
_FINENESS = (16, 64)  # cells from one power of two to the next: the first that serves
_SERVES = 1e-3  # probability in marked cells that ends the search
_MOST_MARKED = 0.25  # with more, the exact function is used for all
_BLOCK = 8192  # values at a time, whose intermediate results stay in the cache

# Points of a cell, from 0 at its end nearer to v = 0 to 1: six nodes (Gauss–Lobatto) and, between
# them, five where the polynomial is checked. They are multiples of 2⁻²⁰, so that a node of a cell
# and its distance from 1 are exact.
_LOBATTO = 0.5 + 0.5 * np.array([-1.0, -0.7650553239294647, -0.2852315164806451])
_NODES = np.round(np.concatenate([_LOBATTO, 1 - _LOBATTO[::-1]]) * 2**20) / 2**20
_POINTS = np.sort(np.concatenate([_NODES, np.round((_NODES[1:] + _NODES[:-1]) * 2**19) / 2**20]))
# Values at the nodes after the first, less the value there → coefficients of t, t², … t⁵.
_SOLVED = np.linalg.inv(_NODES[1:, None] ** np.arange(1, 6)).T
# Coefficients of t, … t⁵ → Bernstein coefficients of the derivative, which lies between them.
_SLOPES = np.array(
    [
        [1.0, 1.0, 1.0, 1.0, 1.0],
        [0.0, 1 / 2, 1.0, 3 / 2, 2.0],
        [0.0, 0.0, 1 / 2, 3 / 2, 3.0],
        [0.0, 0.0, 0.0, 1.0, 4.0],
        [0.0, 0.0, 0.0, 0.0, 5.0],
    ]
)


@dataclass(frozen=True)
class Table:
    """Values at probabilities, from polynomials that were compared with the exact function.

    Attributes
    ----------
    exact
        The quantile function itself.
    fineness
        Cells from one power of two of v to the next.
    low, high
        Coefficients of 1, t and of t², … t⁵, shape (rows, 2) and (rows, 4), where t is the distance
        from the cell's end nearer to v = 0; NaN in a cell whose values are the exact ones.
    marked
        Probability of such cells, without the tails.
    """

    exact: Quantile
    fineness: int
    low: Array
    high: Array
    marked: float

    def __call__(self, u: Array) -> Array:
        """Values at the probabilities `u` inside (0, 1), shape kept."""
        u = np.asarray(u, dtype=float)
        values = self.polynomials(u)
        flat, points = values.reshape(-1), u.reshape(-1)
        missing = np.flatnonzero(np.isnan(flat))
        if missing.size:
            flat[missing] = self.exact(points[missing])
        return values

    def polynomials(self, u: Array) -> Array:
        """Values at the probabilities `u`, shape kept; NaN where the exact function is needed."""
        values = np.empty(u.shape)
        flat, points = values.reshape(-1), u.reshape(-1)
        for start in range(0, points.size, _BLOCK):
            self._fill(points[start : start + _BLOCK], flat[start : start + _BLOCK])
        return values

    def _fill(self, u: Array, x: Array) -> None:
        """Write the values at `u` into `x`, which also holds intermediate results."""
        shift, first, _ = _layout(self.fineness)
        t = np.rint(u)
        np.subtract(u, t, out=t)  # v, or −v in the upper half: exact
        whole = x.view(np.int64)
        row = np.right_shift(t.view(np.int64), shift)
        np.left_shift(row, shift, out=whole)  # as a double, the cell's end nearer to 0
        np.subtract(t, x, out=t)
        np.right_shift(row, 63, out=whole)
        np.bitwise_xor(row, whole, out=row)  # mirrors the upper half
        np.subtract(row, first, out=row)
        low = self.low.take(row, axis=0, mode="clip")  # both tails end in a row of NaN
        high = self.high.take(row, axis=0, mode="clip")
        np.multiply(high[:, 3], t, out=x)
        for coefficient in (high[:, 2], high[:, 1], high[:, 0], low[:, 1]):
            x += coefficient
            x *= t
        x += low[:, 0]


def tabulated(quantile: Quantile) -> Quantile:
    """The same values to 1e-9 of their spread, at a few nanoseconds each.

    Parameters
    ----------
    quantile
        A quantile function: arrays of probabilities inside (0, 1) to values that do not fall, shape
        kept. It is called once or twice with a few thousand points.

    Returns
    -------
    Quantile
        A `Table`; or `quantile` itself where more than a quarter of the probability would be
        outside the table's reach (a sample of data has a kink at each of its values).

    Notes
    -----
    A value differs from the exact one by at most 1e-9 of the interquartile range or, farther than
    that from the median, of the distance from the median; where all values have one sign also by at
    most 1e-6 of the value itself; or by four roundings of the value, where these are more.

    The checks ask for a twentieth of it at five points of every cell. A single kink or jump is
    found wherever it is in a cell: the error is at most three times what the checks see (of a
    square root's start, sixteen times). What they cannot find is a function that leaves its curve
    and is back on it between two points, a seventh of a cell and at most 1/440 of the probability;
    the table is then off by less than what the function rises there. An exact function that is
    itself off at single probabilities (SciPy's Student t within 1e-7 of 1/2) is smoothed.

    Values rise with `u` but for the last digit: they fall by at most two roundings of the larger of
    the value and the interquartile range. They stay inside the exact function's range: a cell
    that could round beyond the values at v = 2⁻¹¹ is not in the table.

    Examples
    --------
    >>> from scipy import special
    >>> tabulated(special.ndtri)(np.array([0.5, 0.975])).round(6)
    array([0.      , 1.959964])
    """
    for fineness in _FINENESS:
        with np.errstate(all="ignore"):  # far out, values may leave the numbers: no table there
            table = _built(quantile, fineness)
        if table.marked <= _SERVES:
            break
    return table if table.marked <= _MOST_MARKED else quantile


def _layout(fineness: int) -> tuple[int, int, int]:
    """Bits to drop for the number of a cell, that of the first row, and cells of each half.

    Rows rise with u: one of NaN for the lower tail, the cells of the lower half, one for u = 1/2,
    some that no number has, the cells of the upper half, one of NaN.
    """
    cells = (-1 - _TABLE_ENDS) * fineness
    shift = 52 - (fineness.bit_length() - 1)
    return shift, 1022 * fineness - cells - 1, cells  # 1022: the bits of the exponent of 1/2


def _built(quantile: Quantile, fineness: int) -> Table:
    """A table with every cell checked."""
    shift, _, cells = _layout(fineness)
    numbers = np.arange(1022 * fineness - cells, 1022 * fineness + 1, dtype=np.int64)
    edges = np.left_shift(numbers, shift).view(np.float64)
    widths = np.diff(edges)
    v = edges[:-1, None] + widths[:, None] * _POINTS
    u = np.stack([v, 1 - v])  # both exact; shape (halves, cells, points)
    y, landmarks = _values(quantile, u)
    rise = _coefficients(y)
    side = np.array([1.0, -1.0])[:, None]  # of the half: the way that values go with v
    powers = (side * widths)[..., None] ** np.arange(1, 6)
    coefficients = np.concatenate([y[..., :1], rise / powers], axis=-1)
    middle = np.array([landmarks[2], 0, 0, 0, 0, 0])
    low, high = _rows(coefficients, middle, fineness)
    tried = Table(quantile, fineness, low, high, 0.0)
    found = tried.polynomials(u[..., :-1])  # the last point belongs to the next cell
    good = np.all(np.abs(found - y[..., :-1]) <= _tolerance(y, landmarks)[..., :-1], axis=-1)
    least = -ROUNDINGS * np.abs(y[..., :1])
    good &= np.all(side[..., None] * (rise @ _SLOPES) >= least, axis=-1)
    good &= _inside(y) | np.all(rise == 0, axis=-1)
    low, high = _rows(np.where(good[..., None], coefficients, np.nan), middle, fineness)
    return Table(quantile, fineness, low, high, float(np.sum(~good @ widths)))


def _values(quantile: Quantile, u: Array) -> tuple[Array, Array]:
    """Exact values at all points of all cells, and at quartiles and median, in one call.

    None is nearer to 0 or 1 than the cells: some of SciPy's distributions fail there.
    """
    # Either half ends beside the median: 1/2 itself may be a jump, or a fault of SciPy's.
    at = np.array([0.25, 0.5 - 2.0**-53, 0.5, 0.5 + 2.0**-53, 0.75])
    own = u[..., :-1]  # the last point of a cell is the first of the next
    found = np.asarray(quantile(np.concatenate([own.ravel(), at])), dtype=float)
    y = np.empty(u.shape)
    y[..., :-1] = found[: own.size].reshape(own.shape)
    landmarks = found[own.size :]
    y[:, :-1, -1] = y[:, 1:, 0]
    y[:, -1, -1] = landmarks[[1, 3]]
    return y, landmarks


def _coefficients(y: Array) -> Array:
    """Of t, … t⁵ with t from 0 to 1: the polynomial through the nodes, less its first value."""
    nodes = (y - y[..., :1])[..., 2::2]
    found = np.asarray(nodes @ _SOLVED)
    found[..., 0] += nodes[..., -1] - found.sum(axis=-1)  # neighbours meet to the last digits
    return found


def _tolerance(y: Array, landmarks: Array) -> Array:
    """Largest difference that a check lets pass, at each value."""
    low, _, middle, _, high = landmarks
    # Products before differences, which could leave the numbers.
    from_middle = np.abs(TOLERANCE * y - TOLERANCE * middle)
    room = np.maximum(TOLERANCE * high - TOLERANCE * low, from_middle)
    if y.min() >= 0 or y.max() <= 0:
        room = np.minimum(room, RELATIVE * np.abs(y))
    return np.asarray(room + ROUNDINGS * np.abs(y))


def _inside(y: Array) -> NDArray[np.bool_]:
    """Whether roundings of a cell's values stay between the smallest and the largest of all."""
    room = ROUNDINGS * np.abs(y)
    return np.asarray(np.all((y - room >= y.min()) & (y + room <= y.max()), axis=-1))


def _rows(coefficients: Array, middle: Array, fineness: int) -> tuple[Array, Array]:
    """Coefficients of both halves (halves, cells, 6) in rows that rise with u."""
    _, _, cells = _layout(fineness)
    rows = np.full((2 * cells + 4 * fineness + 2, 6), np.nan)
    rows[1 : cells + 1] = coefficients[0]
    rows[cells + 1] = middle
    rows[-1 - cells : -1] = coefficients[1, ::-1]
    return np.ascontiguousarray(rows[:, :2]), np.ascontiguousarray(rows[:, 2:])

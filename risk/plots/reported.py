"""Reported figures and what a case expected of them: the rows of the back-test."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

from risk.memo.formats import number, numbers
from risk.names import PROBABILITY, require
from risk.plots.reading import clean
from risk.plots.style import INK, ORANGE

LINE = "line"
BANDS = (0.05, 0.25, 0.5, 0.75, 0.95)  # ends of the light and of the dark band, and the middle
MARGIN = "1"  # unit of a margin; every other is of money
# Round values of a scale of margins, the ones first that must not give way to another.
_MARGINS = (0.0, -1.0, 0.5, -4.0, 0.9, 0.8, -9.0, -19.0, 0.95, 0.98, -49.0, -99.0, -0.5, 0.3)


class Line(NamedTuple):
    """One reported figure and the distribution that its case expected of it."""

    label: str
    group: str
    unit: str
    reported: float
    bands: tuple[float, ...]
    percentile: float  # share of the draws below the figure

    @property
    def inside(self) -> bool:
        """Whether it falls inside P5–P95."""
        return BANDS[0] <= self.percentile <= BANDS[-1]

    @property
    def color(self) -> str:
        """Orange outside the band."""
        return INK if self.inside else ORANGE

    @property
    def texts(self) -> tuple[str, str]:
        """The figure and its percentile in words."""
        style = "share" if self.unit == MARGIN else None
        return number(self.reported, self.unit, style=style), percentile_words(self.percentile)


def place(unit: str, value: float) -> float:
    """Where a value stands: a margin by its cost per dollar, an amount by its size, in logarithms.

    Examples
    --------
    >>> place("1", 0.9) + place("1", -9.0), place("USD/day", 1.0)
    (0.0, 0.0)
    """
    return -math.log(1 - value) if unit == MARGIN else math.log(value)


def percentile_words(share: float) -> str:
    """A share of draws as a percentile, to the tenth where the whole one is an end of the band.

    Examples
    --------
    >>> percentile_words(0.184), percentile_words(0.9537), percentile_words(0.9996)
    ('P18', 'P95.4', '>P99')
    """
    if share < 0.005 or share > 0.995:
        return "<P1" if share < 0.005 else ">P99"
    whole = round(100 * share)
    return f"P{100 * share:.1f}" if whole in (5, 95) else f"P{whole}"


def read_lines(table: xr.Dataset) -> list[Line]:
    """Rows of the figure, margins before amounts.

    Raises
    ------
    ValueError
        The table misses something, or holds a margin of 1 or more or an amount of 0 or less.
    """
    needed = ("label", "group", "unit", "reported", "percentile", "quantile")
    require(table, name="table", dims=(LINE, PROBABILITY), variables=needed)
    if not table.sizes[LINE]:
        raise ValueError("Expected `table` with a line at least, got none. Add a reported figure.")
    bands = table["quantile"].sel({PROBABILITY: list(BANDS)}).transpose(LINE, PROBABILITY)
    rows = range(table.sizes[LINE])
    lines = [
        Line(
            label=clean(table["label"].values[row]),
            group=clean(table["group"].values[row]),
            unit=clean(table["unit"].values[row]),
            reported=float(table["reported"].values[row]),
            bands=tuple(map(float, bands.values[row])),
            percentile=float(table["percentile"].values[row]),
        )
        for row in rows
    ]
    for line in lines:
        _check(line)
    return sorted(lines, key=lambda line: line.unit != MARGIN)


def _check(line: Line) -> None:
    values = np.array([line.reported, *line.bands, line.percentile])
    amounts = 1 - values[:-1] if line.unit == MARGIN else values[:-1]
    if not (np.isfinite(values).all() and amounts.min() > 0):
        what = "margins below 1" if line.unit == MARGIN else "amounts above 0"
        raise ValueError(
            f"Expected finite {what} in the line {line.label!r}, got {line.reported!r} and "
            f"{line.bands!r}. Leave the line out."
        )


def backtest_finding(lines: Sequence[Line]) -> str:
    """Title: how many of the figures fall inside P5–P95, and how many should."""
    inside = sum(line.inside for line in lines)
    if len(lines) == 1:
        return f"The reported figure falls {'inside' if inside else 'outside'} P5–P95 of its case"
    figures = f"{inside} of {len(lines)} reported figures"
    return f"{figures} fall inside P5–P95 of their case; 9 in 10 should"


def sides(lines: Sequence[Line]) -> str:
    """On which side of the median the figures of each group fall, which shows a bias.

    Examples
    --------
    >>> bands = (0.0, 0.1, 0.2, 0.3, 0.4)
    >>> sides([Line("a", "API lab", "1", x, bands, p) for x, p in ((0.3, 0.8), (0.1, 0.2))])
    'Above the median: 1 of 2 (API lab)'
    """
    groups = list(dict.fromkeys(line.group for line in lines))
    parts = []
    for group in groups:
        above = [line.percentile > BANDS[2] for line in lines if line.group == group]
        parts.append(f"{sum(above)} of {len(above)} ({group})")
    return "Above the median: " + ", ".join(parts)


def round_values(unit: str, low: float, high: float) -> list[tuple[float, str]]:
    """Round values between two places of a scale and their texts, the weightiest first."""
    if unit == MARGIN:
        inside = [value for value in _MARGINS if low <= place(unit, value) <= high]
        return [(value, number(value, unit, style="share")) for value in inside]
    powers = range(math.floor(low / math.log(10)), math.ceil(high / math.log(10)) + 1)
    steps = [step * 10.0**power for step in (1, 2, 5) for power in powers]
    inside = [value for value in steps if low <= place(unit, value) <= high]
    return [(value, numbers([value], unit, digits=1)[0]) for value in inside]

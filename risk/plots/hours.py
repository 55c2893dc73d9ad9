"""Hours of a day: what they earn, what they cost, and the hours in which a discount holds."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from risk.memo.formats import number
from risk.plots.reading import Quantity, clean
from risk.plots.sheet import LEADING, SMALL, Sheet
from risk.plots.style import BLUE, GRID, INK, MUTED, ORANGE, house_style

_MONEY = Quantity("value", "Value", "USD/hour", None)
_WINDOW = "#EEF1F4"  # the grid's grey, light enough that the grid is seen on it
_SERIES = (("income", BLUE, 0.8), ("cost", ORANGE, 0.44))  # name, fill, width in hours


class Day(NamedTuple):
    """A day of hours in the order in which they are drawn."""

    income: NDArray[np.float64]
    cost: NDArray[np.float64]
    first_hour: float  # clock at which the first hour begins
    window: tuple[float, float]  # clock at which the discount begins and ends
    window_share: float  # of the day's income inside the window

    @property
    def follows(self) -> bool:
        """Whether cost falls at least half as far as income, from the best hour to the worst."""
        best, worst = int(np.argmax(self.income)), int(np.argmin(self.income))
        fall = self.cost[best] - self.cost[worst]
        wanted = 0.5 * self.cost[best] * (1 - self.income[worst] / self.income[best])
        return bool(fall >= wanted)

    @property
    def multiples(self) -> tuple[float, float]:
        """Lowest and highest income per dollar of cost of an hour."""
        ratio = self.income / self.cost
        return float(ratio.min()), float(ratio.max())

    @property
    def shaded(self) -> list[tuple[float, float]]:
        """Where the window is in the chart, in hours after the first; two parts if it wraps."""
        hours = len(self.income)
        start, end = ((clock - self.first_hour) % hours for clock in self.window)
        parts = [(start, end)] if start < end else [(start, float(hours)), (0.0, end)]
        return [part for part in parts if part[0] < part[1]]


def draw_hours(
    income: NDArray[np.float64],
    cost: NDArray[np.float64],
    *,
    first_hour: float,
    window: tuple[float, float],
    window_share: float,
    zone: str = "",
    origin: str = "",
    notes: Sequence[str] = (),
    run_id: str = "",
    made_by: str = "",
    size: str = "word",
) -> Sheet:
    """Theoretical income and cost of a day, hour by hour, with the discount window shaded.

    Parameters
    ----------
    income, cost : array, shape (24,), USD an hour
        In the order in which they are drawn; every cost and the highest income are above zero.
    first_hour : float
        Clock at which the first of them begins.
    window : (float, float)
        Clock at which the discount begins and ends; 8.5 is 08:30.
    window_share : float
        Share of the day's income inside the window.
    zone : str
        Time zone of the clock.
    origin, notes : str, sequence of str
        Footer: where the numbers come from, and what else must be known of them.
    run_id, made_by : str
        Written into the saved file.
    size : {"word", "half", "slide"}

    Raises
    ------
    ValueError
        The hours do not make a day, or an hour costs nothing.
    """
    day = _day(income, cost, first_hour, window, window_share)
    clock = f" ({clean(zone)})" if zone else ""
    low, high = day.multiples
    times = f"{low:.1f} to {high:.1f} times"
    total = number(float(day.cost.sum()), "USD", style="full")
    with house_style():
        sheet = Sheet(size)
        top = sheet.header(
            _finding(day),
            f"US$ by hour{clock}; costs sum to {total}; each hour’s income is {times} its cost",
            f"US$ by hour of the day{clock}",
        )
        words = ("income", "cost") if sheet.small else ("theoretical income", "cost of the nodes")
        fills = [fill for _, fill, _ in _SERIES]
        sheet.key([(f, f, w) for f, w in zip(fills, words, strict=True)], top)
        bottom = sheet.footer_height(origin, notes)
        sheet.footer(origin, notes)
        _draw(sheet, day, top - sheet.key_height, bottom)
    best, worst = (_MONEY.text(float(end)) for end in (day.income.max(), day.income.min()))
    sheet.alt = (
        f"Income and cost by hour. {sheet.finding}. Income from {worst} to {best} an hour, "
        f"{times} its cost. Discounts from {_clock(window[0])} to {_clock(window[1])}{clock}."
    )
    sheet.run_id, sheet.made_by = run_id, made_by
    return sheet


def _day(income: Any, cost: Any, first: float, window: tuple[float, float], share: float) -> Day:
    """The numbers of the figure, once they make a day."""
    value, spent = (np.asarray(series, dtype=np.float64) for series in (income, cost))
    if value.shape != (24,) or spent.shape != (24,):
        raise ValueError(
            f"Expected `income` and `cost` of 24 hours, got shapes {value.shape} and "
            f"{spent.shape}. Give one number an hour."
        )
    low = [float(series.min()) for series in (spent, value)]
    if not (np.isfinite([value, spent]).all() and low[0] > 0 and low[1] >= 0 and value.max() > 0):
        raise ValueError(
            "Expected finite hours with every `cost` above 0 and no `income` below, got a lowest "
            f"cost of {low[0]!r} and a lowest income of {low[1]!r}. Check the hours."
        )
    return Day(value, spent, first, window, share)


def _finding(day: Day) -> str:
    """Title of the figure."""
    follows = "follows" if day.follows else "does not follow"
    share = number(day.window_share, "1", style="share")
    return f"Capacity {follows} demand; {share} of the day’s value falls in the discount window"


def _clock(hour: float) -> str:
    """A time of the day: "08:30"."""
    minutes = round(60 * hour) % (24 * 60)
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _draw(sheet: Sheet, day: Day, top: float, bottom: float) -> None:
    """Draw the window, the bars and both scales between two heights."""
    size = sheet.page.font
    ticks = _levels(sheet, day, top - bottom)
    texts = _MONEY.ticks(ticks)
    left = sheet.margin + max(sheet.width_of(text, 0.95) for text in texts) + 0.6 * size
    right = sheet.page.width - sheet.margin - sheet.width_of("00:00", 0.95) / 2
    ground = bottom + 2.2 * size
    pitch = (right - left) / len(day.income)
    room = max(end - start for start, end in day.shaded) * pitch - 0.6 * size
    label = _window_lines(sheet, day, room)
    crown = (len(label) * LEADING * SMALL + 1.7) * size
    axes = sheet.panel(left, ground, right, top - 0.4 * size)
    unit = max(day.income.max(), day.cost.max()) / (top - 0.4 * size - ground - crown)
    axes.set_xlim(0, len(day.income))
    axes.set_ylim(0, unit * (top - 0.4 * size - ground))
    axes.set_autoscale_on(False)
    _shade(sheet, axes, day, label, left, pitch, top - 0.4 * size)
    for tick, text in zip(ticks, texts, strict=True):
        axes.axhline(tick, color=GRID, linewidth=0.7 * sheet.pen, zorder=0)
        sheet.words(left - 0.6 * size, ground + tick / unit, text, 0.95, color=MUTED,
                    align="right", gid="level")  # fmt: skip
    for (name, fill, width), values in zip(_SERIES, (day.income, day.cost), strict=True):
        for hour, value in enumerate(values):
            box = Rectangle((hour + 0.5 - width / 2, 0), width, value, facecolor=fill, gid=name)
            axes.add_patch(box)
    axes.axhline(0, color=MUTED, linewidth=1.8 * sheet.pen, zorder=3)  # half of it is cut off
    _extremes(sheet, day, left, pitch, ground, unit)
    _hours(sheet, day, left, pitch, ground)


def _levels(sheet: Sheet, day: Day, height: float) -> list[float]:
    """Round amounts from zero to the highest bar."""
    full = float(max(day.income.max(), day.cost.max()))
    count = max(2, int(height / (3.2 * sheet.page.font)))
    found = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10]).tick_values(0.0, full)
    return [float(tick) for tick in found if 0 <= tick <= full]


def _window_lines(sheet: Sheet, day: Day, room: float) -> list[str]:
    """What is written over the window, in lines that fit."""
    clock = "–".join(_clock(hour) for hour in day.window)
    share = number(day.window_share, "1", style="share")
    parts = [f"discount window {clock}", f"{share} of the day’s value"]
    if sheet.small:
        parts = ["discounts", f"{share} of value"]
    return [line for part in parts for line in sheet.wrap(part, room, SMALL, lines=2)]


def _shade(
    sheet: Sheet, axes: Axes, day: Day, label: list[str], left: float, pitch: float, top: float
) -> None:
    """Shade the window and write what it is at its top."""
    for start, end in day.shaded:
        box = Rectangle((start, 0), end - start, axes.get_ylim()[1], facecolor=_WINDOW)
        box.set(gid="window", zorder=-1)
        axes.add_patch(box)
    start, end = max(day.shaded, key=lambda part: part[1] - part[0])
    middle = left + pitch * (start + end) / 2
    for row, line in enumerate(label):
        y = top - (0.35 + (row + 0.5) * LEADING * SMALL) * sheet.page.font
        sheet.words(middle, y, line, SMALL, strong=row == 0, align="center", gid="window label")


def _extremes(
    sheet: Sheet, day: Day, left: float, pitch: float, ground: float, unit: float
) -> None:
    """Write the income of the best and the worst hour over their bars."""
    ends = [int(np.argmax(day.income)), int(np.argmin(day.income))]
    texts = _MONEY.labels([float(day.income[hour]) for hour in ends])
    if abs(ends[0] - ends[1]) * pitch < sum(sheet.width_of(text, SMALL) for text in texts):
        ends, texts = ends[:1], texts[:1]  # side by side there is no room for both
    right = left + pitch * len(day.income)
    for hour, text in zip(ends, texts, strict=True):
        half = sheet.width_of(text, SMALL) / 2
        x = min(max(left + pitch * (hour + 0.5), left + half), right - half)
        gap = 0.5 * (1 - _SERIES[0][2])  # beside a bar within its hour
        first = math.floor((x - half - left) / pitch + gap)
        last = math.ceil((x + half - left) / pitch - gap)
        under = float(day.income[first:last].max())  # no bar beside it behind the amount
        sheet.words(x, ground + under / unit + 0.75 * sheet.page.font, text, SMALL, color=INK,
                    align="center", gid="extreme")  # fmt: skip


def _hours(sheet: Sheet, day: Day, left: float, pitch: float, ground: float) -> None:
    """Write the clock under the bars, at as many hours as there is room for."""
    wide = 1.5 * sheet.width_of("00:00", 0.95)
    step = next((step for step in (1, 2, 3, 4, 6) if step * pitch > wide), 12)
    for hour in range(0, len(day.income) + 1, step):
        sheet.words(left + hour * pitch, ground - 1.3 * sheet.page.font,
                    _clock(day.first_hour + hour), 0.95, color=MUTED, align="center",
                    gid="hour")  # fmt: skip

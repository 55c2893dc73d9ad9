"""Bridge: the steps from the theoretical value of an outcome to its simulated mean."""

from __future__ import annotations

from typing import NamedTuple

import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from risk.plots import findings
from risk.plots.reading import Quantity, clean, group, provenance, quantity, version
from risk.plots.sheet import LEADING, SMALL, Sheet
from risk.plots.style import BLUE, INK, MUTED, ORANGE, TOTAL, house_style

_LEAST = 4.2  # width of a column in body sizes


class Bridge(NamedTuple):
    """Numbers of the bridge of one outcome, the largest step first."""

    reads: Quantity
    start: float
    end: float
    steps: list[tuple[str, float]]
    middle: tuple[float, float]  # P10 and P90 of the simulation


class Column(NamedTuple):
    """One bar of the bridge."""

    label: str
    low: float
    high: float
    text: str
    color: str
    after: float  # level that the next bar starts from
    total: bool


def draw_bridge(study: xr.DataTree, outcome: str, size: str = "word") -> Sheet:
    """Bridge of an outcome from theory to its simulated mean, with the spread around the mean.

    Parameters
    ----------
    study : xarray.DataTree
    outcome : str
    size : {"word", "half", "slide"}

    Raises
    ------
    ValueError
        There is no bridge of this outcome.
    """
    data = read_bridge(study, outcome)
    origin = provenance(study, short=size == "half")
    with house_style():
        sheet = Sheet(size)
        unit = f", {data.reads.axis}" if data.reads.axis else ""
        top = sheet.header(
            findings.bridge_finding(data.reads, data.start, data.end, data.steps),
            f"{data.reads.label}{unit}; steps averaged over every order (Shapley), largest first; "
            "whisker: P10–P90",
            f"{data.reads.label}{unit}; Shapley steps; P10–P90",
        )
        bottom = sheet.footer_height(origin)
        sheet.footer(origin)
        _draw(sheet, data, top, bottom)
    sheet.alt = _alt(sheet.finding, data)
    sheet.run_id, sheet.made_by = str(study.attrs["run_id"]), version(study)
    return sheet


def read_bridge(study: xr.DataTree, outcome: str) -> Bridge:
    """Numbers of the bridge of an outcome.

    Raises
    ------
    ValueError
        There is no bridge of this outcome.
    """
    data = group(study, "bridge", outcome)
    means = [float(mean) for mean in data["mean"].values]
    named = [(clean(step), mean) for step, mean in zip(data["step"].values, means, strict=True)]
    start, end = float(data["start"]), float(data["end"])
    largest = max((abs(mean) for mean in means if mean == mean), default=0.0)
    steps = [pair for pair in named if abs(pair[1]) > 1e-9 * largest]  # a step of others is NaN
    rest = start + sum(mean for _, mean in steps) - end
    if not abs(rest) <= 1e-6 * max(largest, abs(start), abs(end)):
        raise ValueError(
            f"Expected the steps of the bridge of {outcome!r} to sum to end - start, got a rest of "
            f"{rest!r}. Run the study again."
        )
    quantiles = group(study, "risk", outcome)["quantile"]
    low, high = (float(quantiles.sel(probability=p, method="nearest")) for p in (0.1, 0.9))
    steps.sort(key=lambda pair: -abs(pair[1]))
    return Bridge(quantity(study, outcome), start, end, steps, (low, high))


def _columns(data: Bridge, room: int) -> list[Column]:
    """Bars from theory to mean; steps that find no room are added up in one."""
    steps = list(data.steps)
    if len(steps) > room:
        rest = steps[room - 1 :]
        steps = [*steps[: room - 1], (f"{len(rest)} smaller steps", sum(m for _, m in rest))]
    texts = data.reads.labels([mean for _, mean in steps] + [data.start, data.end], sign=True)
    first, last = data.reads.labels([data.start, data.end, *(mean for _, mean in steps)])[:2]
    level = data.start
    low, high = sorted((0.0, level))
    columns = [Column("Theory", low, high, first, TOTAL, level, True)]
    for (label, mean), text in zip(steps, texts, strict=False):
        after = level + mean
        color = BLUE if mean > 0 else ORANGE
        name = label[:1].upper() + label[1:]
        low, high = sorted((level, after))
        columns.append(Column(name, low, high, text, color, after, False))
        level = after
    low, high = sorted((0.0, data.end))
    columns.append(Column("Simulated mean", low, high, last, TOTAL, data.end, True))
    return columns


def _draw(sheet: Sheet, data: Bridge, top: float, bottom: float) -> None:
    """Draw the bars, their words and the spread of the simulation between two heights."""
    size = sheet.page.font
    ends = data.reads.labels(data.middle)
    beside = max(sheet.width_of(text, SMALL) for text in ends) + 1.9 * size
    left, right = sheet.margin, sheet.page.width - sheet.margin - beside
    columns = _columns(data, max(2, int((right - left) / (_LEAST * size)) - 2))
    pitch = (right - left) / len(columns)
    lines, relative = _names(sheet, columns, pitch)
    ground = bottom + (max(map(len, lines)) * LEADING * relative + 0.9) * size
    axes = _panel(sheet, data, columns, (left, ground, right + beside, top - 0.6 * size))
    for index, column in enumerate(columns):
        middle = left + (index + 0.5) * pitch
        _bar(sheet, axes, column, middle, pitch)
        if index + 1 < len(columns):
            edges = [middle + 0.33 * pitch, middle + 0.67 * pitch]
            axes.plot(edges, [column.after] * 2, color=MUTED, linewidth=sheet.pen, gid="step")
        for row, line in enumerate(lines[index]):
            y = ground - (0.9 + row * LEADING * relative) * size
            sheet.words(middle, y, line, relative, align="center", gid="column")
    axes.plot(
        [left, right - 0.4 * size],
        [0, 0],
        color=MUTED,
        linewidth=1.0 * sheet.pen,
        zorder=3,
        gid="zero",
    )
    _spread(sheet, data, axes, right + 0.1 * size, ends)


def _panel(
    sheet: Sheet, data: Bridge, columns: list[Column], box: tuple[float, float, float, float]
) -> Axes:
    """Axes whose x is points along the page, with room for words above and below the bars."""
    left, bottom, right, top = box
    word = 1.6 * sheet.page.font
    low = min(0.0, data.middle[0], *(column.low for column in columns))
    high = max(0.0, data.middle[1], *(column.high for column in columns))
    below = word * (low < 0)
    unit = (high - low) / (top - bottom - word - below)
    axes = sheet.panel(left, bottom, right, top)
    axes.set_xlim(left, right)
    axes.set_ylim(low - below * unit, high + word * unit)
    axes.set_autoscale_on(False)
    return axes


def _height(sheet: Sheet, axes: Axes, value: float) -> float:
    """Where a value stands above the bottom of the page, in points."""
    low, high = axes.get_ylim()
    box = axes.get_position()
    return float(box.y0 + box.height * (value - low) / (high - low)) * sheet.page.height


def _names(sheet: Sheet, columns: list[Column], pitch: float) -> tuple[list[list[str]], float]:
    """Lines of every bar's name, at the type size at which its longest word fits."""
    room = 0.96 * pitch
    words = [word for column in columns for word in column.label.split(" ")]
    widest = max(sheet.width_of(word, SMALL) for word in words)
    relative = SMALL * min(1.0, max(0.8, room / widest))
    return [sheet.wrap(column.label, room, relative, lines=4) for column in columns], relative


def _bar(sheet: Sheet, axes: Axes, column: Column, middle: float, pitch: float) -> None:
    """Draw one bar and write its amount over it, or under it below zero."""
    corner = (middle - 0.33 * pitch, column.low)
    box = Rectangle(corner, 0.66 * pitch, column.high - column.low, facecolor=column.color)
    box.set(gid=f"bar {column.label}", zorder=2)
    axes.add_patch(box)
    relative = min(1.0, 0.97 * pitch / sheet.width_of(column.text, strong=column.total))
    under = column.high <= 0 and column.low < 0  # over it, the line of zero would cross the amount
    y = _height(sheet, axes, column.low if under else column.high)
    y += (-0.85 if under else 0.8) * sheet.page.font
    sheet.words(middle, y, column.text, relative, strong=column.total, align="center",
                gid="amount")  # fmt: skip


def _spread(sheet: Sheet, data: Bridge, axes: Axes, x: float, ends: list[str]) -> None:
    """Draw P10 to P90 of the simulation beside the last bar, and write both."""
    size = sheet.page.font
    thick = 1.6 * sheet.pen
    axes.plot([x, x], data.middle, color=INK, linewidth=thick, marker="_", markersize=0.8 * size,
              markeredgewidth=thick, gid="spread")  # fmt: skip
    low, high = (_height(sheet, axes, value) for value in data.middle)
    step = LEADING * SMALL * size
    apart = 2.15 * step - (high - low)
    if apart > 0:
        low, high = low - apart / 2, high + apart / 2
    for y, name, text in ((low, "P10", ends[0]), (high, "P90", ends[1])):
        for side, word in ((0.5, name), (-0.5, text)):
            sheet.words(x + 0.8 * size, y + side * step, word, SMALL, gid="spread")


def _alt(finding: str, data: Bridge) -> str:
    """Text for readers who cannot see the figure."""
    reads = data.reads
    top = "; ".join(f"{label} {reads.text(mean, sign=True)}" for label, mean in data.steps[:3])
    ends = reads.range(*data.middle)
    return (
        f"Bridge. {finding}. Theory {reads.text(data.start)}, simulated mean "
        f"{reads.text(data.end)}{reads.per} (P10–P90 {ends}). Largest steps: {top}."
    )

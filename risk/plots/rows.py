"""What charts of one row an input share: how many rows fit, their labels, the scale below."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from risk.plots.reading import Quantity
from risk.plots.sheet import BODY, LEADING, SMALL, Sheet
from risk.plots.style import GRID, INK, MUTED

_WIDEST = 0.36  # of the page, for labels; longer ones take two lines


class Frame(NamedTuple):
    """Where the rows of a chart stand, in points."""

    left: float
    right: float
    bottom: float
    top: float
    pitch: float
    rows: int

    def middle(self, row: int) -> float:
        """Height of the middle of a row."""
        return self.top - (row + 0.5) * self.pitch


class Scale(NamedTuple):
    """Straight map from data to points along the page."""

    low: float
    high: float
    left: float
    right: float

    def at(self, value: float) -> float:
        """Where a value stands, in points."""
        part = (value - self.low) / (self.high - self.low)
        return self.left + part * (self.right - self.left)


def frame_rows(
    sheet: Sheet,
    labels: Sequence[str],
    *,
    top: float,
    bottom: float,
    right: float,
    least: float,
    also: Sequence[str] = (),
) -> Frame:
    """Room for as many rows as fit between two heights, their labels left of them.

    `least` is the smallest pitch of a row in body sizes; `also` are labels of other rows.
    """
    size = sheet.page.font
    widest = _WIDEST * sheet.page.width
    count = max(1, min(len(labels), int((top - bottom) / (least * size))))
    if any(sheet.width_of(label) > widest for label in labels[:count]):
        least = max(least, 2 * LEADING * SMALL)
        count = max(1, min(count, int((top - bottom) / (least * size))))
    pitch = min((top - bottom) / count, 3.6 * size)
    shown = [_label_lines(sheet, label) for label in [*labels[:count], *also]]
    width = max(sheet.width_of(line, relative) for lines, relative in shown for line in lines)
    return Frame(sheet.margin + width + 0.7 * size, right, top - count * pitch, top, pitch, count)


def _label_lines(sheet: Sheet, label: str) -> tuple[list[str], float]:
    """A label's lines and type size: smaller when it takes two."""
    widest = _WIDEST * sheet.page.width
    if sheet.width_of(label) <= widest:
        return [label], BODY
    return sheet.wrap(label, widest, SMALL), SMALL


def write_label(
    sheet: Sheet, frame: Frame, middle: float, label: str, color: str = INK, gid: str = "row"
) -> None:
    """Write the label of a row, right-aligned before the chart."""
    lines, relative = _label_lines(sheet, label)
    step = LEADING * relative * sheet.page.font
    x = frame.left - 0.7 * sheet.page.font
    for index, line in enumerate(lines):
        y = middle + step * ((len(lines) - 1) / 2 - index)
        sheet.words(x, y, line, relative, color=color, align="right", gid=gid)


def scale_with_words(
    spans: Sequence[Sequence[float]], left: float, right: float, gap: float
) -> Scale:
    """Scale from `left` to `right` on which the words at both ends of every bar have room.

    Each span is the low and the high end of a bar in data, then the widths in points of the
    words before and after it, which stand `gap` points off.
    """
    low = min(span[0] for span in spans)
    high = max(span[1] for span in spans)
    extent = (high - low) or abs(low) or 1.0
    room = right - left
    before = after = 2 * gap
    for _ in range(40):  # the room for words sets the scale, and the scale sets that room
        unit = max(room - before - after, 0.25 * room) / extent
        before = max(2 * gap, *(w + 2 * gap - (at - low) * unit for at, _, w, _ in spans))
        after = max(2 * gap, *(w + 2 * gap - (high - at) * unit for _, at, _, w in spans))
    return Scale(low - before / unit, high + after / unit, left, right)


def rows_panel(sheet: Sheet, scale: Scale, bottom: float, top: float) -> Axes:
    """Axes whose x is data and whose y is points above the bottom of the page."""
    axes = sheet.panel(scale.left, bottom, scale.right, top)
    axes.set_xlim(scale.low, scale.high)
    axes.set_ylim(bottom, top)
    axes.set_autoscale_on(False)
    return axes


def bar(
    sheet: Sheet, axes: Axes, start: float, end: float, middle: float, height: float, fill: str,
    gid: str, edge: str = "none",
) -> Rectangle:  # fmt: skip
    """Draw a horizontal bar from one value to another."""
    patch = Rectangle((start, middle - height / 2), end - start, height, facecolor=fill,
                      edgecolor=edge, linewidth=0.7 * sheet.pen, gid=gid, zorder=2)  # fmt: skip
    axes.add_patch(patch)
    return patch


def scale_below(
    sheet: Sheet, axes: Axes, scale: Scale, quantity: Quantity, grid_top: float | None = None
) -> None:
    """Draw the axis under a panel: line, ticks, numbers; grid lines up to a height."""
    size = sheet.page.font
    bottom = axes.get_ylim()[0]
    ticks = _ticks(sheet, scale, quantity)
    axes.plot(
        [scale.low, scale.high], [bottom] * 2, color=MUTED, linewidth=0.9 * sheet.pen, clip_on=False
    )
    y = axes.get_position().y0 * sheet.page.height
    for tick, text in ticks:
        axes.plot([tick], [bottom], marker=3, markersize=0.4 * size, color=MUTED, clip_on=False,
                  markeredgewidth=0.9 * sheet.pen)  # fmt: skip
        if grid_top is not None:
            axes.plot(
                [tick] * 2, [bottom, grid_top], color=GRID, linewidth=0.7 * sheet.pen, zorder=0
            )
        sheet.words(scale.at(tick), y - 1.2 * size, text, 0.95, color=MUTED, align="center",
                    gid="tick")  # fmt: skip


def _ticks(sheet: Sheet, scale: Scale, quantity: Quantity) -> list[tuple[float, str]]:
    """Round values and their texts, as many as stand clear of each other."""
    size = sheet.page.font
    for count in range(max(2, int((scale.right - scale.left) / (4.5 * size))), 0, -1):
        locator = MaxNLocator(nbins=count, steps=[1, 2, 2.5, 5, 10])
        found = [float(tick) for tick in locator.tick_values(scale.low, scale.high)]
        ticks = [tick for tick in found if scale.low <= tick <= scale.high]
        texts = quantity.ticks(ticks)
        apart = scale.at(ticks[1]) - scale.at(ticks[0]) if len(ticks) > 1 else scale.right
        if max(sheet.width_of(text, 0.95) for text in ["", *texts]) + size <= apart:
            break
    return [  # no text hangs over the edge of the page
        (tick, text)
        for tick, text in zip(ticks, texts, strict=True)
        if 0 < scale.at(tick) - sheet.width_of(text, 0.95) / 2
    ]

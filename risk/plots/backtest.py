"""Back-test: where reported figures fall in what the priors of a lab of their kind expect."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import xarray as xr
from matplotlib.axes import Axes

from risk.plots.reported import (
    MARGIN,
    Line,
    backtest_finding,
    place,
    read_lines,
    round_values,
    sides,
)
from risk.plots.rows import Frame, Scale, bar, frame_rows, rows_panel, write_label
from risk.plots.sheet import LEADING, SMALL, TITLE, Sheet
from risk.plots.style import BLUE, GRID, INK, LIGHT, MUTED, ORANGE, house_style

_PITCH = 1.52  # height of a row, in body sizes
_AXIS = 2.4  # height of a scale below its rows
_HEADS = ("reported", "percentile")
_SUBTITLE = (
    "Dots: what labs reported. Bands: what the priors of their case alone expect. Log scales",
    "Reported figures; bands: what their case expects",
)
_SCALE = "Margins on a scale of cost per dollar of revenue"


def draw_backtest(
    table: xr.Dataset,
    *,
    origin: str = "",
    notes: Sequence[str] = (),
    run_id: str = "",
    made_by: str = "",
    size: str = "word",
) -> Sheet:
    """Reported figures, one row each, over the bands in which their case expected them.

    Margins and amounts have a scale each, both logarithmic: that of margins in the cost per dollar
    of revenue, so that costs of ten times revenue and of a tenth of it are equally far from zero.
    The page is as high as its rows need.

    Parameters
    ----------
    table : xarray.Dataset
        Over `line`, in the order of the rows: `label`, `group`, `unit` ("1" for a margin, else
        of money), `reported`, `percentile` (share of draws below), and over `probability`
        `quantile`, with P5, P25, P50, P75 and P95 at least.
    origin, notes : str, sequence of str
        Footer: where the numbers come from, and what else must be known of them.
    run_id, made_by : str
        Written into the saved file.
    size : {"word", "half", "slide"}

    Raises
    ------
    ValueError
        The table misses something, or holds a margin of 1 or more or an amount of 0 or less.
    """
    lines = read_lines(table)
    notes = [_SCALE + ". " + sides(lines), *notes]
    with house_style():
        sheet = Sheet(size)
        _grow(sheet, lines, origin, notes)
        top = sheet.header(backtest_finding(lines), *_SUBTITLE)
        _key(sheet, top)
        sheet.footer(origin, notes)
        _draw(sheet, lines, top - sheet.key_height)
    parts = "; ".join(f"{line.label} {' at '.join(line.texts)}" for line in lines)
    sheet.alt = f"Back-test. {sheet.finding}. {parts}."
    sheet.run_id, sheet.made_by = run_id, made_by
    return sheet


def _panels(lines: Sequence[Line]) -> list[list[tuple[str, list[Line]]]]:
    """Rows that share a scale, by their headings."""
    panels = [list(rows) for _, rows in groupby(lines, key=lambda line: line.unit)]
    return [
        [(group, list(rows)) for group, rows in groupby(panel, key=lambda line: line.group)]
        for panel in panels
    ]


def _rows(sheet: Sheet, lines: Sequence[Line]) -> tuple[float, float]:
    """Where the bands begin, right of the labels, and how high a row is."""
    size = sheet.page.font
    labels = [line.label for line in lines]
    left = frame_rows(
        sheet, labels[:1], top=sheet.page.height, bottom=0.0, right=0.0, least=_PITCH, also=labels
    ).left
    room = left - sheet.margin - 0.7 * size
    broken = max(map(sheet.width_of, labels)) > room + 0.01  # a label takes two lines
    return left, (2 * LEADING * SMALL + 0.2 if broken else _PITCH) * size


def _grow(sheet: Sheet, lines: Sequence[Line], origin: str, notes: Sequence[str]) -> None:
    """Make the page as high as its rows, none of which is left out."""
    size = sheet.page.font
    title = sheet.wrap(
        backtest_finding(lines), sheet.inner_width, 1.15 if sheet.small else TITLE, strong=True
    )
    under = sheet.wrap(_SUBTITLE[sheet.small], sheet.inner_width, 1.04)
    header = len(title) * TITLE + len(under) * 1.04  # type sizes of their lines
    panels = _panels(lines)
    rows = len(lines) + sum(map(len, panels)) + 1  # headings, and the heads of the columns
    height = (LEADING * header + 0.3 + _AXIS * len(panels) + 0.4) * size
    height += (
        _rows(sheet, lines)[1] * rows
        + 0.45 * sheet.margin
        + sheet.key_height
        + sheet.footer_height(origin, notes)
    )
    sheet.page = sheet.page._replace(height=height)
    sheet.set_size_inches(sheet.page.width / 72, height / 72)


def _key(sheet: Sheet, top: float) -> None:
    """Write what bands and dots are."""
    size = sheet.page.font
    bands = [(LIGHT, LIGHT, "P5–P95"), (BLUE, BLUE, "P25–P75")]
    sheet.key(bands, top)
    x = sheet.margin + sum(sheet.width_of(text, SMALL) + 2.88 * size for *_, text in bands)
    y = top - sheet.key_height + 0.45 * size
    inside = "reported" if sheet.small else "reported, inside P5–P95"
    for color, text in ((INK, inside), (ORANGE, "outside")):
        axes = sheet.panel(x - 0.2 * size, y - 0.6 * size, x + size, y + 0.6 * size)
        axes.set_xlim(-1, 1)
        axes.set_ylim(-1, 1)
        _dot(sheet, axes, 0, 0, color, "key dot")
        sheet.words(x + 1.08 * size, y, text, SMALL, color=MUTED, gid="key")
        x += sheet.width_of(text, SMALL) + 2.88 * size


def _dot(sheet: Sheet, axes: Axes, x: float, y: float, color: str, gid: str) -> None:
    axes.plot([x], [y], marker="o", markersize=0.7 * sheet.page.font, color=color, zorder=5,
              markeredgecolor="white", markeredgewidth=0.9 * sheet.pen, linestyle="none",
              clip_on=False, gid=gid)  # fmt: skip


def _draw(sheet: Sheet, lines: Sequence[Line], top: float) -> None:
    """Draw the panels one under the other, from a height downwards."""
    size = sheet.page.font
    columns = [[head, *(line.texts[k] for line in lines)] for k, head in enumerate(_HEADS)]
    columns = columns[1:] if sheet.small else columns
    wide = sum(max(map(sheet.width_of, column)) + 1.2 * size for column in columns)
    right = sheet.page.width - sheet.margin - wide
    left, pitch = _rows(sheet, lines)
    _cells(sheet, columns, top - 0.5 * pitch, 0, MUTED)
    y, row = top - pitch, 0
    for blocks in _panels(lines):
        panel = [line for _, rows in blocks for line in rows]
        scale = _scale(sheet, panel, left, right)
        axes = rows_panel(sheet, scale, y - pitch * (len(panel) + len(blocks)), y)
        _axis(sheet, axes, scale, panel[0].unit)
        for heading, rows in blocks:
            sheet.words(sheet.margin, y - 0.58 * pitch, heading, SMALL, strong=True, color=MUTED,
                        gid="heading", mask=True)  # fmt: skip
            y -= pitch
            for line in rows:
                row += 1
                _row(sheet, axes, line, y - 0.5 * pitch)
                frame = Frame(left, right, y - pitch, y, pitch, 1)
                write_label(sheet, frame, frame.middle(0), line.label)
                _cells(sheet, columns, frame.middle(0), row, line.color)
                y -= pitch
        y -= _AXIS * size


def _cells(sheet: Sheet, columns: Sequence[Sequence[str]], y: float, row: int, color: str) -> None:
    """Write one row of the columns at the right, or with row 0 their heads."""
    right = sheet.page.width - sheet.margin
    for column in reversed(columns):
        gid = column[0] if row else "head"
        sheet.words(right, y, column[row], color=color, align="right", gid=gid)
        right -= max(map(sheet.width_of, column)) + 1.2 * sheet.page.font


def _scale(sheet: Sheet, panel: Sequence[Line], left: float, right: float) -> Scale:
    """Scale of the logarithms, with room for half a dot at both ends."""
    places = [place(line.unit, x) for line in panel for x in (*line.bands, line.reported)]
    low, high = min(places), max(places)
    spare = 0.6 * sheet.page.font * (high - low or 1.0) / (right - left)
    return Scale(low - spare, high + spare, left, right)


def _row(sheet: Sheet, axes: Axes, line: Line, middle: float) -> None:
    """Draw the bands, the median and the reported figure of a line."""
    high = 0.86 * sheet.page.font
    p5, p25, p50, p75, p95 = (place(line.unit, value) for value in line.bands)
    bar(sheet, axes, p5, p95, middle, high, LIGHT, "P5–P95")
    bar(sheet, axes, p25, p75, middle, high, BLUE, "P25–P75")
    axes.plot([p50] * 2, [middle - high / 2, middle + high / 2], color="white", zorder=3,
              linewidth=1.6 * sheet.pen, gid="P50")  # fmt: skip
    _dot(sheet, axes, place(line.unit, line.reported), middle, line.color, "dot")


def _axis(sheet: Sheet, axes: Axes, scale: Scale, unit: str) -> None:
    """Draw the scale under a panel, at round values that stand clear of each other."""
    size = sheet.page.font
    bottom, top = axes.get_ylim()
    axes.plot([scale.low, scale.high], [bottom] * 2, color=MUTED, linewidth=0.9 * sheet.pen,
              clip_on=False)  # fmt: skip
    taken: list[tuple[float, float]] = []
    for value, text in round_values(unit, scale.low, scale.high):
        at = place(unit, value)
        x, half = scale.at(at), sheet.width_of(text, 0.95) / 2
        clear = all(x + half + 0.8 * size < low or x - half - 0.8 * size > high
                    for low, high in taken)  # fmt: skip
        if clear and x - half > 0 and x + half < sheet.page.width:
            taken.append((x - half, x + half))
            even = unit == MARGIN and value == 0  # where a lab earns its cost
            axes.plot([at] * 2, [bottom, top], color=INK if even else GRID, zorder=0,
                      linewidth=(1.1 if even else 0.7) * sheet.pen, gid="grid")  # fmt: skip
            sheet.words(x, bottom - 1.2 * size, text, 0.95, color=MUTED, align="center",
                        gid="tick")  # fmt: skip

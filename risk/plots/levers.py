"""Levers: what a decision changes in the mean of an outcome, and in how often money is lost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import xarray as xr
from matplotlib.axes import Axes

from risk.memo.formats import number
from risk.names import suggest
from risk.plots import findings
from risk.plots.reading import Quantity, clean, group, provenance, quantity, version
from risk.plots.rows import (
    Frame,
    Scale,
    bar,
    frame_rows,
    rows_panel,
    scale_below,
    scale_with_words,
    write_label,
)
from risk.plots.sheet import Sheet
from risk.plots.style import BLUE, GREY, GRID, INK, MUTED, ORANGE, house_style

_LOSS = "P(loss)"
_LEAST = 1.62  # smallest pitch of the rows, in body sizes


class Change(NamedTuple):
    """One scenario: how far it moves the mean, and how often money is lost in it."""

    label: str
    difference: float
    interval: tuple[float, float]
    loss: float

    @property
    def found(self) -> bool:
        """Whether the difference can be told from zero."""
        return self.interval[0] > 0 or self.interval[1] < 0

    @property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value that bar and whisker cover."""
        ends = (0.0, self.difference, *self.interval)
        return min(ends), max(ends)


class Levers(NamedTuple):
    """Numbers of the figure: scenarios by size, and the one that combines them, if any, last."""

    reads: Quantity
    base: float  # mean with nothing changed
    base_loss: float
    changes: list[Change]
    together: Change | None

    @property
    def rows(self) -> list[Change]:
        """Every scenario in the order of the rows."""
        return [*self.changes, *([] if self.together is None else [self.together])]

    @property
    def lossy(self) -> bool:
        """Whether losses can be had at all."""
        return max(self.base_loss, *(change.loss for change in self.rows)) > 0

    @property
    def amounts(self) -> list[str]:
        """The difference of every row, at one precision."""
        return self.reads.labels([change.difference for change in self.rows], sign=True)


def draw_levers(
    study: xr.DataTree,
    effects: xr.Dataset,
    outcome: str,
    *,
    together: str | None = None,
    notes: Sequence[str] = (),
    size: str = "word",
) -> Sheet:
    """Difference that each scenario makes to the mean of an outcome, the largest on top.

    Blue is up, orange is down, grey cannot be told from no difference.

    Parameters
    ----------
    study : xarray.DataTree
        The study on whose draws the scenarios were evaluated.
    effects : xarray.Dataset
        What `risk.what_if` gives.
    outcome : str
    together : str, optional
        The scenario that combines the others; it is drawn last, under a rule.
    notes : sequence of str
        Lines over the footer.
    size : {"word", "half", "slide"}

    Raises
    ------
    ValueError
        There is no such outcome or scenario.
    """
    data = read_levers(study, effects, outcome, together)
    origin = provenance(study, short=size == "half")
    unit = f", {data.reads.axis}" if data.reads.axis else ""
    name = findings.inside(data.reads.label)
    with house_style():
        sheet = Sheet(size)
        top = sheet.header(
            levers_finding(data),
            f"Change in mean {name}{unit}, on the same draws; {_interval_words(data)}",
            f"Change in mean {name}{unit}",
        )
        kept = _draw(sheet, data, top, sheet.footer_height(origin, [*notes, "-"]))
        sheet.footer(origin, [*notes, *_left_out(data, kept)])
    sheet.alt = _alt(sheet.finding, data)
    sheet.run_id, sheet.made_by = str(study.attrs["run_id"]), version(study)
    return sheet


def read_levers(
    study: xr.DataTree, effects: xr.Dataset, outcome: str, together: str | None = None
) -> Levers:
    """Numbers of the figure of one outcome.

    Raises
    ------
    ValueError
        There is no such outcome or scenario.
    """
    data = group(xr.DataTree.from_dict({"/levers": effects}), "levers", outcome)
    names = [str(name) for name in data["scenario"].values]
    if together is not None and together not in names:
        raise ValueError(
            f"Expected `together` to be one of {', '.join(names)}, got {together!r}."
            f"{suggest(together, names)}"
        )
    found = {name: _change(data.sel(scenario=name), name) for name in names}
    single = [change for name, change in found.items() if name != together]
    single.sort(key=lambda change: -abs(change.difference))
    base = group(study, "risk", outcome)
    return Levers(
        quantity(study, outcome),
        float(base["mean"]),
        float(base["probability_of_loss"]),
        single,
        None if together is None else found[together],
    )


def _change(data: xr.Dataset, name: str) -> Change:
    """One scenario's numbers."""
    low, high = (float(data["difference_interval"].sel(bound=end)) for end in ("lower", "upper"))
    label = clean(name)
    shown = label[:1].upper() + label[1:]
    return Change(shown, float(data["difference"]), (low, high), float(data["probability_of_loss"]))


def levers_finding(data: Levers) -> str:
    """Title: the scenario that moves the mean most, and what it does to the chance of a loss."""
    change = (data.changes or data.rows)[0]
    name = f"mean {findings.inside(data.reads.label)}"
    if not change.found:
        return f"No lever moves {name} by more than its error"
    way = "up" if change.difference > 0 else "down"
    amount = data.reads.text(abs(change.difference))
    parts = f"{change.label}: {name} {way} {amount}{data.reads.per}"
    if not data.lossy:
        return parts
    before, after = findings.chance(data.base_loss), findings.chance(change.loss)
    odds = f"still {after}" if before == after else f"from {before} to {after}"
    return f"{parts}, {_LOSS} {odds}"


def _left_out(data: Levers, shown: int) -> list[str]:
    """How many scenarios find no room."""
    count = len(data.rows) - shown
    return [f"{count} smaller lever{'s' * (count > 1)} not shown"] if count else []


def _interval_words(data: Levers) -> str:
    """What the whiskers are, or that they are too short to be seen."""
    half = max((change.interval[1] - change.interval[0]) / 2 for change in data.rows)
    if half > 0.004 * max(abs(change.difference) for change in data.rows):
        return "whiskers: 95% interval"
    return f"95% intervals, ±{data.reads.labels([half], digits=2)[0]} at most, are too short to see"


def _draw(sheet: Sheet, data: Levers, top: float, bottom: float) -> int:
    """Draw everything between header and footer; the number of scenarios shown."""
    size = sheet.page.font
    columns = _columns(sheet, data)
    wide = sum(max(map(sheet.width_of, column)) + 1.4 * size for column in columns)
    frame = _frame(
        sheet,
        data,
        top=top - 1.9 * size,
        bottom=bottom + 2.0 * size,
        right=sheet.page.width - sheet.margin - wide,
    )
    height = min(0.62 * frame.pitch, 2.2 * size)
    kept = [*range(frame.rows), *range(len(data.changes), len(data.rows))]
    scale = _scale(sheet, [(data.rows[i], data.amounts[i]) for i in kept], frame)
    ground = frame.bottom - frame.pitch * (data.together is not None)
    axes = rows_panel(sheet, scale, ground, frame.top)
    scale_below(sheet, axes, scale, data.reads, grid_top=frame.top)
    axes.plot([0, 0], [ground, frame.top], color=INK, linewidth=1.3 * sheet.pen, zorder=5,
              gid="base")  # fmt: skip
    if data.together is not None:
        axes.plot([scale.low, scale.high], [frame.bottom] * 2, color=GRID, zorder=1,
                  linewidth=1.0 * sheet.pen, gid="rule")  # fmt: skip
    for row, index in enumerate(kept):
        change, y = data.rows[index], frame.middle(row)
        write_label(sheet, frame, y, change.label)
        _row(sheet, axes, scale, change, data.amounts[index], y, height)
        _cells(sheet, columns, y, index + 1)
    _cells(sheet, columns, frame.top + 0.95 * size, 0)
    _base(sheet, data, frame, scale)
    return len(kept)


def _frame(sheet: Sheet, data: Levers, *, top: float, bottom: float, right: float) -> Frame:
    """Room for the rows, the last of them under the rule; few rows stand further apart."""
    together = [] if data.together is None else [data.together.label]
    labels = [change.label for change in data.changes]
    least = _LEAST * sheet.page.font * len(together)
    frame = frame_rows(
        sheet, labels, top=top, bottom=bottom + least, right=right, least=_LEAST, also=together
    )
    pitch = min((top - bottom) / (frame.rows + len(together)), 4.6 * sheet.page.font)
    return frame._replace(pitch=pitch, bottom=top - frame.rows * pitch)


def _columns(sheet: Sheet, data: Levers) -> list[list[str]]:
    """Columns at the right, each with its head: the mean, and where there are any, losses."""
    means = data.reads.labels([data.base + change.difference for change in data.rows])
    losses = [number(change.loss, "1", style="probability") for change in data.rows]
    found = [] if sheet.small else [["mean", *means]]
    return found + ([[_LOSS, *losses]] if data.lossy else [])


def _cells(sheet: Sheet, columns: Sequence[Sequence[str]], y: float, row: int) -> None:
    """Write one row of the columns, or with row 0 their heads."""
    right = sheet.page.width - sheet.margin
    for column in reversed(columns):
        color, gid = (INK, column[0]) if row else (MUTED, "head")
        sheet.words(right, y, column[row], color=color, align="right", gid=gid)
        right -= max(map(sheet.width_of, column)) + 1.4 * sheet.page.font


def _scale(sheet: Sheet, rows: Sequence[tuple[Change, str]], frame: Frame) -> Scale:
    """Scale with room for the amounts at the bar ends."""
    spans = []
    for change, amount in rows:
        wide = sheet.width_of(amount)
        up = change.difference >= 0
        spans.append((*change.span, 0.0 if up else wide, wide if up else 0.0))
    return scale_with_words(spans, frame.left, frame.right, 0.4 * sheet.page.font)


def _row(
    sheet: Sheet, axes: Axes, scale: Scale, change: Change, amount: str, y: float, height: float
) -> None:
    """Draw the bar of a scenario and its whisker, and write the amount after them."""
    up = change.difference >= 0
    fill = GREY if not change.found else BLUE if up else ORANGE
    bar(sheet, axes, 0.0, change.difference, y, height, fill, f"{change.label} bar")
    axes.plot(change.interval, [y, y], color=INK, linewidth=0.9 * sheet.pen, marker="|", zorder=4,
              markersize=0.4 * height, markeredgewidth=0.9 * sheet.pen,
              gid=f"{change.label} interval")  # fmt: skip
    gap = 0.5 * sheet.page.font
    x = scale.at(change.span[1]) + gap if up else scale.at(change.span[0]) - gap
    sheet.words(x, y, amount, align="left" if up else "right", gid="amount", mask=True)


def _base(sheet: Sheet, data: Levers, frame: Frame, scale: Scale) -> None:
    """Write over its line what the base is."""
    text = f"base: mean {data.reads.labels([data.base, *(c.difference for c in data.rows)])[0]}"
    if data.lossy and not sheet.small:
        text += f", {_LOSS} {number(data.base_loss, '1', style='probability')}"
    half = sheet.width_of(text, strong=True) / 2
    x = min(max(scale.at(0.0), frame.left + half), frame.right - half)
    y = frame.top + 0.95 * sheet.page.font
    sheet.words(x, y, text, strong=True, align="center", gid="base label")


def _alt(finding: str, data: Levers) -> str:
    """Text for readers who cannot see the figure."""
    top = "; ".join(
        f"{change.label} {amount}"
        + (f" ({_LOSS} {number(change.loss, '1', style='probability')})" if data.lossy else "")
        for change, amount in zip(data.rows, data.amounts, strict=True)
    )
    loss = f", {_LOSS} {number(data.base_loss, '1', style='probability')}" if data.lossy else ""
    return f"Levers. {finding}. Base: mean {data.reads.text(data.base)}{loss}. Changes: {top}."

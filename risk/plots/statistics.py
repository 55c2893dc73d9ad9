"""The column of statistics at the right of a distribution."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.lines import Line2D

from risk.plots.sheet import Sheet
from risk.plots.style import GRID, INK, MUTED

_ROW, _RULE = 1.42, 0.5  # heights of a row and of the space around a rule, in body sizes


def write_statistics(
    sheet: Sheet, blocks: Sequence[Sequence[tuple[str, str, bool]]], top: float, bottom: float
) -> float:
    """Write blocks of name, value and stress at the right, rules between; their left edge.

    Rows close up when there is not room for all of them between the two heights.
    """
    size = sheet.page.font
    rows = sum(map(len, blocks))
    wanted = (rows * _ROW + (len(blocks) - 1) * _RULE) * size
    shrink = min(1.0, (top - bottom - 0.5 * size) / wanted)
    relative = min(1.0, max(0.8, shrink * 1.1))
    names = max(sheet.width_of(name, relative) for block in blocks for name, _, _ in block)
    values = max(sheet.width_of(value, relative, True) for block in blocks for _, value, _ in block)
    right = sheet.page.width - sheet.margin
    left = right - names - values - size
    y = top - 0.5 * size
    for index, block in enumerate(blocks):
        if index:
            y -= _RULE * size * shrink
            _rule(sheet, left, right, y + 0.25 * _ROW * size * shrink)
        for name, value, stressed in block:
            y -= _ROW * size * shrink
            middle = y + 0.5 * _ROW * size * shrink
            sheet.words(left, middle, name, relative, color=MUTED, gid="statistic")
            sheet.words(right, middle, value, relative, color=INK, strong=stressed, align="right",
                        gid="statistic value")  # fmt: skip
    return left - 1.2 * size


def _rule(sheet: Sheet, left: float, right: float, y: float) -> None:
    """Draw a thin line between two blocks."""
    line = Line2D([left, right], [y, y], color=GRID, linewidth=1.0)
    line.set_transform(sheet.points)
    sheet.add_artist(line)

"""Text tables for a screen: numbers are never cut, the first column wraps when room is short."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

GAP = "  "
NARROWEST = 12  # of the first column, however small the screen


class Group(NamedTuple):
    """Columns under one heading; a heading of "" has none of its own."""

    heading: str
    columns: Sequence[str]


def table(
    title: str, groups: Sequence[Group], rows: Sequence[Sequence[str]], width: int
) -> list[str]:
    r"""Lines of a table: the title above the first column, the others set to the right.

    Parameters
    ----------
    title
        Stands in the heading, over the labels.
    groups
        The columns after the first.
    rows
        A label and a text for every column.
    width
        Of the screen in characters; only labels give way to it.

    Examples
    --------
    >>> rows = [["Revenue", "$1", "$200"]]
    >>> print(*table("Risk", [Group("", ["P5", "P95"])], rows, 80), sep="\n")
    Risk     P5   P95
    ─────────────────
    Revenue  $1  $200
    """
    columns = [column for group in groups for column in group.columns]
    widths = [
        max(cell_len(text) for text in (head, *(row[k] for row in rows)))
        for k, head in enumerate(columns, start=1)
    ]
    start = 0
    for group in groups:  # the last column of a group makes room for a long heading
        last = start + len(group.columns)
        spare = cell_len(group.heading) - _across(widths[start:last])
        widths[last - 1] += max(0, spare)
        start = last
    room = max(NARROWEST, width - sum(widths) - len(GAP) * len(widths))
    first = min(room, max(cell_len(text) for text in (title, *(row[0] for row in rows))))
    lines: list[str] = []
    if any(group.heading for group in groups):
        lines += _headings(title, groups, widths, first)
        title = ""
    lines += _lines([title, *columns], widths, first)
    lines.append("─" * (first + len(GAP) + _across(widths)))
    for row in rows:
        lines += _lines(row, widths, first)
    return [line.rstrip() for line in lines]


def wrapped(text: str, width: int) -> list[str]:
    """A remark, in lines of the screen's width."""
    return textwrap.wrap(text, width) if text else []


def _across(widths: Sequence[int]) -> int:
    """Width of neighbouring columns with their gaps."""
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _lines(cells: Sequence[str], widths: Sequence[int], first: int) -> list[str]:
    """One row: the label in as many lines as it needs, the numbers on the first of them."""
    label, *numbers = cells
    parts = textwrap.wrap(label, first, subsequent_indent="  ") or [""]
    right = [_pad(widths[k] - cell_len(text)) + text for k, text in enumerate(numbers)]
    top = GAP.join([parts[0] + _pad(first - cell_len(parts[0])), *right])
    return [top, *parts[1:]]


def _headings(title: str, groups: Sequence[Group], widths: Sequence[int], first: int) -> list[str]:
    """The line of group headings, each in the middle of its columns."""
    cells, spans, start = [], [], 0
    for group in groups:
        span = _across(widths[start : start + len(group.columns)])
        left = (span - cell_len(group.heading)) // 2
        cells.append(_pad(left) + group.heading + _pad(span - left - cell_len(group.heading)))
        spans.append(span)
        start += len(group.columns)
    return _lines([title, *cells], spans, first)


def _pad(count: int) -> str:
    return " " * count

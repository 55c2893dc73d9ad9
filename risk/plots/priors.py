"""Every prior of a case on one sheet, or a few: what was asked, what was got, what is claimed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from risk.plots.prior_panel import Box, draw_panel, head_of
from risk.plots.prior_reading import Panel, cut_notes, priors_finding, read_panels
from risk.plots.prior_shapes import is_cut
from risk.plots.reading import clean
from risk.plots.save import save_figure
from risk.plots.sheet import LEADING, SMALL, TITLE, Sheet
from risk.plots.style import GRID, INK, LIGHT, MUTED, ORANGE, house_style

_COLUMNS, _MOST = 3, 18  # panels beside each other, and on a page
_CHART = 6.35  # height of a chart, its numbers and the space below, in body sizes
_GAP = 2.0  # between two panels, in body sizes
_TALLEST = 560.0  # of all panels of a page, in points: with header and footer nine inches
_SUBTITLE = (
    "Densities with P5, P50 and P95; the claim and its percentile; at the right, grades of sources"
)


def draw_priors(beliefs: xr.Dataset, *, made_by: str = "") -> list[Sheet]:
    """Every prior of a case: density, P5, P50 and P95, the claim, and reported values.

    Pages of eighteen at most, as high as their rows need and never higher than a memo's page.

    Parameters
    ----------
    beliefs : xarray.Dataset
        What `risk.analysis.beliefs.beliefs` returns.
    made_by : str
        Program and version.

    Raises
    ------
    ValueError
        There is no uncertain input.
    """
    panels = read_panels(beliefs)
    if not panels:
        raise ValueError(
            "Expected an uncertain input at least, got none. There is nothing to draw."
        )
    parts = _parts(panels)
    return [_page(beliefs, panels, part, (k, len(parts)), made_by) for k, part in
            enumerate(parts, start=1)]  # fmt: skip


def save_priors(beliefs: xr.Dataset, folder: str | Path, *, made_by: str = "") -> list[Path]:
    """Draw the priors into a folder as PNG and SVG: priors.png, or priors_1.png and so on.

    Pages that an earlier check of the case left behind are removed.
    """
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    sheets = draw_priors(beliefs, made_by=made_by)
    stems = [f"priors_{k}" for k in range(1, len(sheets) + 1)] if sheets[1:] else ["priors"]
    pairs = zip(stems, sheets, strict=True)
    paths = [save_figure(sheet, place / f"{stem}.{kind}") for stem, sheet in pairs
             for kind in ("png", "svg")]  # fmt: skip
    for old in (*place.glob("priors.*"), *place.glob("priors_[0-9]*.*")):
        if old.suffix in (".png", ".svg") and old not in paths:
            old.unlink()
    return paths


def _parts(panels: Sequence[Panel]) -> list[Sequence[Panel]]:
    """The panels of each page: about as many on all, and no page higher than a memo's."""
    sheet = Sheet("word")
    rows = math.ceil(len(panels) / _COLUMNS)
    for pages in range(math.ceil(len(panels) / _MOST), rows + 1):
        each = _COLUMNS * math.ceil(rows / pages)
        parts = [panels[k : k + each] for k in range(0, len(panels), each)]
        tallest = max(sum(_heads(sheet, part)) + len(part) / _COLUMNS * _CHART * sheet.page.font
                      for part in parts)  # fmt: skip
        if tallest <= _TALLEST:
            break
    return parts


def _wide(sheet: Sheet) -> float:
    """Width of a panel."""
    return (sheet.inner_width - (_COLUMNS - 1) * _GAP * sheet.page.font) / _COLUMNS


def _rows(part: Sequence[Panel]) -> list[Sequence[Panel]]:
    """Panels that stand beside each other."""
    return [part[k : k + _COLUMNS] for k in range(0, len(part), _COLUMNS)]


def _heads(sheet: Sheet, part: Sequence[Panel]) -> list[float]:
    """Height of the words over the charts of each row."""
    wide = _wide(sheet)
    return [max(head_of(sheet, panel, wide) for panel in row) for row in _rows(part)]


def _page(
    beliefs: xr.Dataset,
    panels: Sequence[Panel],
    part: Sequence[Panel],
    page: tuple[int, int],
    made_by: str,
) -> Sheet:
    """One page; its title speaks of all of them."""
    attrs = beliefs.attrs
    number = f"page {page[0]} of {page[1]}" if page[1] > 1 else ""
    said = [attrs["title"], f"priors {attrs['case']} {attrs['priors_hash'][:12]}",
            f"checked {attrs['checked']}", made_by, number]  # fmt: skip
    origin = " · ".join(clean(text) for text in said if text)
    notes = cut_notes(list(part), [panel for panel in part if is_cut(panel)])
    finding = priors_finding(list(panels))
    with house_style():
        sheet = Sheet("word")
        size, wide, rows = sheet.page.font, _wide(sheet), _rows(part)
        heads = _heads(sheet, part)
        _grow(sheet, finding, sum(heads) + len(rows) * _CHART * size
              + sheet.footer_height(origin, notes))  # fmt: skip
        y = sheet.header(finding, _SUBTITLE, _SUBTITLE)
        _key(sheet, part, y)
        sheet.footer(origin, notes)
        y -= sheet.key_height + 0.6 * size
        for row, head in zip(rows, heads, strict=True):
            for column, panel in enumerate(row):
                left = sheet.margin + column * (wide + _GAP * size)
                bottom = y - head - (_CHART - 1.1) * size
                draw_panel(sheet, panel, Box(left, left + wide, bottom, y), head)
            y -= head + _CHART * size
    sheet.alt = _alt(finding, part)
    sheet.run_id, sheet.made_by = "", made_by
    return sheet


def _grow(sheet: Sheet, finding: str, below: float) -> None:
    """Make the page as high as its header, its panels and its footer."""
    size = sheet.page.font
    title = len(sheet.wrap(finding, sheet.inner_width, TITLE, strong=True))
    under = len(sheet.wrap(_SUBTITLE, sheet.inner_width, 1.04))
    header = (LEADING * (TITLE * title + 1.04 * under) + 0.3) * size + 0.45 * sheet.margin
    height = header + sheet.key_height + 0.6 * size + below
    sheet.page = sheet.page._replace(height=height)
    sheet.set_size_inches(sheet.page.width / 72, height / 72)


def _key(sheet: Sheet, part: Sequence[Panel], top: float) -> None:
    """Write what shades, lines and marks are, those that the page has."""
    size = sheet.page.font
    sheet.key([(LIGHT, LIGHT, "P5–P95"), (GRID, GRID, "tails")], top)
    x = sheet.margin + sum(sheet.width_of(t, SMALL) + 2.88 * size for t in ("P5–P95", "tails"))
    y = top - sheet.key_height + 0.45 * size
    marks = [("|", INK, INK, "claim"), ("|", ORANGE, ORANGE, "claim outside P1–P99")]
    if any(panel.asked for panel in part):
        marks.append(("o", "white", INK, "quantile asked for"))
    if any(panel.reported for panel in part):
        marks.append(("D", INK, "white", "reported value"))
    for marker, fill, edge, text in marks:
        axes = sheet.panel(x - 0.3 * size, y - 0.6 * size, x + 0.9 * size, y + 0.6 * size)
        axes.set_xlim(-1, 1)
        axes.set_ylim(-1, 1)
        axes.plot([0], [0], marker=marker, markersize=(0.9 if marker == "|" else 0.5) * size,
                  markerfacecolor=fill, markeredgecolor=edge, linestyle="none", clip_on=False,
                  markeredgewidth=(1.3 if marker == "|" else 0.8) * sheet.pen)  # fmt: skip
        sheet.words(x + 0.95 * size, y, text, SMALL, color=MUTED, gid="key")
        x += 0.95 * size + sheet.width_of(text, SMALL) + 1.5 * size


def _alt(finding: str, part: Sequence[Panel]) -> str:
    """Text for readers who cannot see the sheet."""
    each = []
    for panel in part:
        if panel.states:
            said = ", ".join(f"{state} {p:.0%}" for state, p in panel.states)
        else:
            low, middle, high = panel.quantiles
            said = f"{panel.reads.range(low, high)}, median {panel.reads.text(middle)}"
        each.append(f"{panel.reads.label} {said}")
    return f"Priors. {finding}. {'; '.join(each)}."

"""Sobol' indices: what each input explains of an outcome's variance, alone and with others."""

from __future__ import annotations

import math
from typing import NamedTuple

import xarray as xr
from matplotlib.axes import Axes

from risk.memo.formats import number
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
from risk.plots.style import BLUE, GREY, INK, LIGHT, MUTED, house_style

_VALUE = 0.75  # type size of the values, in body sizes
_INDEX = Quantity("index", "Share of variance", "1", "share")


class Effect(NamedTuple):
    """Indices of one factor with their 95 % intervals."""

    name: str
    label: str
    first: float
    first_interval: tuple[float, float]
    total: float
    total_interval: tuple[float, float]

    @property
    def found(self) -> bool:
        """Whether the total index can be told from zero."""
        return self.total > 0 and self.total_interval[0] > 0


class Indices(NamedTuple):
    """Numbers of the figure of one outcome, the largest total index first."""

    reads: Quantity
    effects: list[Effect]
    interaction: float
    interaction_interval: tuple[float, float]
    transformed: bool  # indices of asinh(y/s), not of y
    heavy_tail: float | None  # effective sample size of the variance, where it is too small
    model_runs: int | None


def draw_sobol(study: xr.DataTree, outcome: str, size: str = "word") -> Sheet:
    """Total and first-order Sobol' indices of an outcome with 95 % intervals.

    An input whose total index cannot be told from zero is grey.

    Parameters
    ----------
    study : xarray.DataTree
    outcome : str
    size : {"word", "half", "slide"}

    Raises
    ------
    ValueError
        There is no such outcome, or it is constant or has no indices.
    """
    data = read_sobol(study, outcome)
    origin = provenance(study, short=size == "half")
    with house_style():
        sheet = Sheet(size)
        top = sheet.header(_finding(data), _subtitle(data), _short_subtitle(data))
        bottom = sheet.footer_height(origin, ["-"])
        shown = _draw(sheet, data, top - sheet.key_height, bottom)
        alone = "first order (alone)" if sheet.small else "first order (on its own)"
        key = [(LIGHT, LIGHT, "total effect"), (BLUE, BLUE, alone)]
        if not all(effect.found for effect in data.effects[:shown]):
            key.append((GREY, GREY, "within error of 0"))
        sheet.key(key, top)
        sheet.footer(origin, _notes(data, shown))
    sheet.alt = _alt(sheet.finding, data)
    sheet.run_id, sheet.made_by = str(study.attrs["run_id"]), version(study)
    return sheet


def read_sobol(study: xr.DataTree, outcome: str) -> Indices:
    """Numbers of the Sobol' figure of an outcome.

    Raises
    ------
    ValueError
        There is no such outcome, or it is constant or has no indices.
    """
    data = group(study, "sobol", outcome)
    status = str(data["status"].item())
    effects = [_effect(data, str(name)) for name in data["factor"].values]
    if status == "constant" or any(math.isnan(each.total + each.first) for each in effects):
        raise ValueError(
            f"Expected an `outcome` with Sobol' indices, got {outcome!r} of status {status!r}: "
            "there is no variance to share out. Draw another outcome."
        )
    effects.sort(key=lambda effect: -effect.total)
    low, high = map(float, data["interaction_interval"].values)
    runs = study["sobol"].attrs.get("model_runs")
    return Indices(
        quantity(study, outcome),
        effects,
        float(data["interaction"]),
        (low, high),
        str(data["transform"].item()) == "asinh",
        float(data["effective_sample_size"]) if status == "heavy tail" else None,
        None if runs is None else int(runs),
    )


def _effect(data: xr.Dataset, name: str) -> Effect:
    """One factor's indices."""
    at = data.sel(factor=name)
    values = [float(at["first_order"]), float(at["total_order"])]
    intervals = [
        (float(at[key].sel(bound="lower")), float(at[key].sel(bound="upper")))
        for key in ("first_order_interval", "total_order_interval")
    ]
    label = clean(at["factor_label"].item())
    return Effect(name, label, values[0], intervals[0], values[1], intervals[1])


def _finding(data: Indices) -> str:
    """Title of the figure."""
    ordered = sorted(data.effects, key=lambda effect: -effect.first)
    return findings.sobol_finding(
        data.reads,
        [(effect.label, effect.first) for effect in ordered],
        findings.interaction_phrase(data.interaction, *data.interaction_interval),
        mostly_joint=data.interaction > 0.5,
    )


def _subtitle(data: Indices) -> str:
    """What is shown, and what a reader must know of its scale."""
    name = findings.inside(data.reads.label)
    what = f"asinh of {name}, scaled (its tails are too heavy as they are)"
    parts = [f"Share of variance of {what if data.transformed else findings.the(name)}"]
    if data.heavy_tail is not None and not data.transformed:
        parts.append(f"heavy tail, worth only {data.heavy_tail:,.0f} draws: read with care")
    parts.append("whiskers: 95% interval")
    if data.model_runs:
        parts.append(f"{data.model_runs:,} model runs")
    return "; ".join(parts)


def _short_subtitle(data: Indices) -> str:
    """The same for a small page."""
    scale = ", asinh scale" if data.transformed else ", heavy tail" if data.heavy_tail else ""
    return f"Share of variance{scale}; 95% intervals"


def _notes(data: Indices, shown: int) -> list[str]:
    """What is left out."""
    hidden = data.effects[shown:]
    if not hidden:
        return []
    first, several = hidden[0], len(hidden) > 1
    total = _percent(first.total, first.total_interval) if first.total else "exactly 0"
    which = ("all" if not first.total else "the largest") + " " if several else ""
    return [f"{len(hidden)} smaller input{'s' * several} not shown, {which}with a total of {total}"]


def _percent(share: float, interval: tuple[float, float]) -> str:
    """An index as the chart writes it: "84%"; below 1 % a digit only if its interval allows."""
    if 0 < share < 0.01 and share < interval[1] - interval[0]:
        return "<1%"
    return number(max(share, 0.0), "1", style="share")


def _draw(sheet: Sheet, data: Indices, top: float, bottom: float) -> int:
    """Draw the rows and the scale between two heights; the number of inputs shown."""
    size = sheet.page.font
    frame = frame_rows(
        sheet,
        [effect.label for effect in data.effects],
        top=top - 0.7 * size,
        bottom=bottom + 2.0 * size,
        right=sheet.page.width - sheet.margin,
        least=2.34,
    )
    shown = data.effects[: frame.rows]
    spans = [
        (
            min(0.0, *interval),
            max(value, *interval),
            0.0,
            sheet.width_of(_percent(value, interval), _VALUE),
        )
        for effect in shown
        for value, interval in (
            (effect.total, effect.total_interval),
            (effect.first, effect.first_interval),
        )
    ]
    scale = scale_with_words(spans, frame.left, frame.right, 0.4 * size)
    axes = rows_panel(sheet, scale, frame.bottom, frame.top)
    scale_below(sheet, axes, scale, _INDEX, grid_top=frame.top)
    axes.plot([0, 0], [frame.bottom, frame.top], color=INK, linewidth=1.0 * sheet.pen, zorder=5)
    for row, effect in enumerate(shown):
        write_label(sheet, frame, frame.middle(row), effect.label, INK if effect.found else MUTED)
        _bars(sheet, axes, frame, scale, effect, frame.middle(row))
    return len(shown)


def _bars(
    sheet: Sheet, axes: Axes, frame: Frame, scale: Scale, effect: Effect, middle: float
) -> None:
    """Draw both bars of an input, their whiskers and values."""
    size = sheet.page.font
    height = min(0.43 * frame.pitch, 1.25 * size)
    parts = (
        ("total", effect.total, effect.total_interval, LIGHT, INK, 0.5),
        ("first", effect.first, effect.first_interval, BLUE, MUTED, -0.5),
    )
    for name, value, interval, fill, ink, side in parts:
        y = middle + side * height
        color = fill if effect.found else GREY
        bar(sheet, axes, 0.0, value, y, height, color, f"{effect.name} {name}")
        axes.plot(interval, [y, y], color=INK, linewidth=0.9 * sheet.pen, marker="|", zorder=4,
                  markersize=0.5 * height, markeredgewidth=0.9 * sheet.pen,
                  gid=f"{effect.name} {name} interval")  # fmt: skip
        x = scale.at(max(value, *interval)) + 0.5 * size
        text_ink = ink if effect.found else MUTED
        sheet.words(x, y, _percent(value, interval), _VALUE, color=text_ink, gid="value")


def _alt(finding: str, data: Indices) -> str:
    """Text for readers who cannot see the figure."""
    base = f"Interaction {findings.percent(max(0.0, data.interaction))}."
    top = "; ".join(
        f"{effect.label} {_percent(effect.total, effect.total_interval)} in total, "
        f"{_percent(effect.first, effect.first_interval)} on its own"
        for effect in data.effects[:3]
    )
    return f"Sobol’ indices. {finding}. {base} Largest: {top}."

"""Distribution of an outcome: histogram, cumulative line, nine cases in ten, and the statistics."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from risk.memo.formats import number
from risk.plots import findings
from risk.plots.reading import provenance, version
from risk.plots.rows import Scale, scale_below
from risk.plots.sheet import Sheet
from risk.plots.statistics import (
    Distribution,
    axis_limits,
    read_distribution,
    statistics,
    write_statistics,
)
from risk.plots.style import BLUE, GRID, INK, LIGHT, MUTED, ORANGE, TOTAL, house_style

_BINS = 26  # between P5 and P95


def draw_distribution(study: xr.DataTree, outcome: str, size: str = "word") -> Sheet:
    """Distribution of an outcome over the draws.

    Where the outcome may be lost money, losses are orange and profits blue; else the middle nine
    tenths are dark and the tails light. The half size has no statistics at the right.

    Parameters
    ----------
    study : xarray.DataTree
    outcome : str
    size : {"word", "half", "slide"}

    Raises
    ------
    ValueError
        There is no such outcome, or it is the same in every draw.
    """
    data = read_distribution(study, outcome)
    origin = provenance(study, short=size == "half")
    low, high = axis_limits(data)
    with house_style():
        sheet = Sheet(size)
        unit = f", {data.reads.axis}" if data.reads.axis else ""
        top = sheet.header(
            findings.distribution_finding(
                data.reads,
                (data.quantiles[5], data.quantiles[50], data.quantiles[95]),
                data.skewness,
                data.loss,
                data.coarseness,
            ),
            f"Simulated {findings.inside(data.reads.label)}{unit}; "
            "line: cumulative probability (right scale)",
            f"{data.reads.label}{unit}; line: cumulative",
        )
        if data.loss is not None:
            sheet.key(_key(data.loss), top)
            top -= sheet.key_height
        notes = _notes(data, low, high)
        bottom = sheet.footer_height(origin, notes)
        sheet.footer(origin, notes)
        right = sheet.page.width - sheet.margin
        if size != "half":
            right = write_statistics(sheet, statistics(data), top, bottom)
        _draw(
            sheet, data, Scale(low, high, sheet.margin, right - 3.2 * sheet.page.font), top, bottom
        )
    sheet.alt = _alt(sheet.finding, data)
    sheet.run_id, sheet.made_by = str(study.attrs["run_id"]), version(study)
    return sheet


def _key(loss: float) -> list[tuple[str, str, str]]:
    """Colours of loss and profit and how likely they are."""
    return [
        (color, color, f"{word}, {number(share, '1', style='probability')} of cases")
        for color, word, share in ((ORANGE, "loss", loss), (BLUE, "profit", 1 - loss))
    ]


def _notes(data: Distribution, low: float, high: float) -> list[str]:
    """What the axis cuts off."""
    ordered = data.draws.ordered
    above = 1 - data.below(high)
    below = float(np.searchsorted(ordered, low, side="left")) / ordered.size
    parts = [
        f"{100 * share:.2g}% of draws {side} {data.near(at)}"
        for share, side, at in ((above, "above", high), (below, "below", low))
        if share > 0
    ]
    marks = [("mean", data.mean)] + ([] if data.base is None else [("base case", data.base)])
    parts += [f"the {name} of {data.near(at)}" for name, at in marks if not low <= at <= high]
    return ["Axis cut: " + ", ".join(parts)] if parts else []


def _draw(sheet: Sheet, data: Distribution, scale: Scale, top: float, bottom: float) -> None:
    """Draw the strip, the histogram and its scales between two heights."""
    size = sheet.page.font
    ground = bottom + (3.4 if data.base is not None else 2.0) * size
    strip = top - 3.3 * size
    high = strip - 0.35 * size
    axes = sheet.panel(scale.left, ground, scale.right, high)
    counts, edges = _histogram(data, scale)
    crown = 1.6 * size  # room for the mean above the bars
    full = float(counts.max())  # the highest bar, and 100 % of the cumulative line
    axes.set_xlim(scale.low, scale.high)
    axes.set_ylim(0, full * (high - ground) / (high - ground - crown))
    axes.set_autoscale_on(False)
    for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True):
        fill = _fill(data, (start + end) / 2)
        box = Rectangle((start, 0), end - start, count, facecolor=fill, gid="bin", zorder=1)
        box.set(edgecolor="white", linewidth=0.5 * sheet.pen)
        axes.add_patch(box)
    _cumulative(sheet, data, scale, axes, full)
    scale_below(sheet, axes, scale, data.reads)
    _strip(sheet, data, scale, strip)
    _lines(sheet, data, scale, axes, high)


def _histogram(
    data: Distribution, scale: Scale
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Counts and edges of the bins; P5 is an edge, or 0 where its two sides differ in colour."""
    p5, p95 = data.quantiles[5], data.quantiles[95]
    width = (p95 - p5) / _BINS or (scale.high - scale.low) / _BINS
    anchor = p5 if data.loss is None else 0.0
    first = math.floor((scale.low - anchor) / width)
    last = math.ceil((scale.high - anchor) / width)
    edges = anchor + width * np.arange(first, last + 1)
    return np.histogram(data.draws.ordered, edges)[0], edges


def _fill(data: Distribution, middle: float) -> str:
    """Colour of a bar: of its sign where that is profit or loss, else of its place."""
    if data.loss is not None:
        return BLUE if middle > 0 else ORANGE
    return BLUE if data.quantiles[5] < middle < data.quantiles[95] else LIGHT


def _cumulative(sheet: Sheet, data: Distribution, scale: Scale, axes: Axes, full: float) -> None:
    """Draw the cumulative line and its scale at the right."""
    x = np.linspace(scale.low, scale.high, 200)
    y = np.searchsorted(data.draws.ordered, x, side="right") / data.draws.ordered.size
    for width, color in ((3.2, "white"), (1.6, INK)):  # a white casing keeps it off the bars
        axes.plot(x, full * y, color=color, linewidth=width * sheet.pen, zorder=3,
                  gid="cumulative")  # fmt: skip
    ground, unit = axes.get_position().y0 * sheet.page.height, _unit(sheet, axes)
    apart = 1.5 * sheet.page.font * unit / full * 100
    step = next((step for step in (25, 50) if step > apart), 100)
    for percent in range(0, 101, step):
        text = "100%" if percent == 100 else str(percent)
        height = ground + max(full * percent / 100 / unit, 0.25 * sheet.page.font)
        sheet.words(scale.right + 0.5 * sheet.page.font, height, text, 0.95, color=MUTED,
                    gid="right tick")  # fmt: skip


def _unit(sheet: Sheet, axes: Axes) -> float:
    """Data that a point of height is worth."""
    return float(axes.get_ylim()[1]) / (axes.get_position().height * sheet.page.height)


def _strip(sheet: Sheet, data: Distribution, scale: Scale, bottom: float) -> None:
    """Draw the strip 5 % · 90 % · 5 % and the values at its joints."""
    size = sheet.page.font
    axes = sheet.panel(scale.left, bottom, scale.right, bottom + 1.35 * size)
    axes.set_xlim(scale.low, scale.high)
    axes.set_ylim(0, 1)
    joints = [scale.low, data.quantiles[5], data.quantiles[95], scale.high]
    for start, end, fill, ink, text in zip(
        joints, joints[1:], (GRID, TOTAL, GRID), (INK, "white", INK), ("5%", "90%", "5%"),
        strict=False,
    ):  # fmt: skip
        axes.add_patch(Rectangle((start, 0), end - start, 1, facecolor=fill, gid=f"strip {text}"))
        if scale.at(end) - scale.at(start) > sheet.width_of(text):
            middle = (scale.at(start) + scale.at(end)) / 2
            sheet.words(middle, bottom + 0.67 * size, text, color=ink, align="center", gid="strip")
    texts = [f"P{percent} {data.near(data.quantiles[percent])}" for percent in (5, 95)]
    half = [sheet.width_of(text, strong=True) / 2 for text in texts]
    left = max(scale.at(joints[1]), scale.left + half[0])
    right = min(scale.at(joints[2]), scale.right - half[1])
    apart = left + half[0] + size - (right - half[1])
    if apart > 0:  # a narrow middle: move the words outwards, as far as there is room
        right = min(right + apart / 2, scale.right - half[1])
        left = max(right - half[1] - size - half[0], scale.left + half[0])
    for x, text in zip((left, right), texts, strict=True):
        sheet.words(x, bottom + 2.05 * size, text, strong=True, align="center", gid="joint")


def _lines(sheet: Sheet, data: Distribution, scale: Scale, axes: Axes, high: float) -> None:
    """Draw P5, P95, zero, mean and base case, and write what they are."""
    size, top, unit = sheet.page.font, axes.get_ylim()[1], _unit(sheet, axes)
    thin, thick = sheet.pen, 1.3 * sheet.pen
    for percent in (5, 95):
        at = [data.quantiles[percent]] * 2
        axes.plot(at, [0, top], color=INK, linewidth=thin, zorder=4, gid=f"P{percent}")
    if data.loss is not None and scale.low < 0 < scale.high:
        below = top - 1.6 * size * unit
        axes.plot([0, 0], [0, below], color=INK, linewidth=thin, zorder=4, gid="zero")
    if scale.low <= data.mean <= scale.high:
        dashes = (0, (3, 1.5))
        axes.plot([data.mean] * 2, [top - 0.3 * size * unit, 0], color=INK, linewidth=thick,
                  linestyle=dashes, zorder=4, gid="mean")  # fmt: skip
        _beside(sheet, data, scale, high - 0.8 * size, f"mean {data.near(data.mean)}")
    if data.base is not None and scale.low <= data.base <= scale.high:
        _base(sheet, data, data.base, scale, axes)


def _beside(sheet: Sheet, data: Distribution, scale: Scale, y: float, text: str) -> None:
    """Write the mean on the side of its line where no other line crosses it, if there is one."""
    gap, wide = 0.4 * sheet.page.font, sheet.width_of(text)
    at = scale.at(data.mean)
    others = [scale.at(data.quantiles[5]), scale.at(data.quantiles[95])]
    starts = [at + gap, at - gap - wide]
    fits = [start for start in starts if scale.left <= start <= scale.right - wide] or starts[:1]
    free = [start for start in fits if not any(start < x < start + wide for x in others)]
    sheet.words((free or fits)[0], y, text, gid="mean label", mask=True)


def _base(sheet: Sheet, data: Distribution, base: float, scale: Scale, axes: Axes) -> None:
    """Mark the base case under the axis, with its percentile."""
    size = sheet.page.font
    ground = axes.get_position().y0 * sheet.page.height
    axes.plot([base], [-0.4 * size * _unit(sheet, axes)], marker="^", markersize=0.6 * size,
              color=INK, clip_on=False, zorder=5, gid="base", linestyle="none")  # fmt: skip
    text = f"base case {data.near(base)} (P{100 * data.below(base):.0f})"
    half = sheet.width_of(text) / 2
    x = min(max(scale.at(base), scale.left + half), scale.right - half)
    sheet.words(x, ground - 2.65 * size, text, align="center", gid="base label")


def _alt(finding: str, data: Distribution) -> str:
    """Text for readers who cannot see the figure."""
    reads, per = data.reads, data.reads.per
    base = "" if data.base is None else f" Base {reads.text(data.base)}."
    ends = reads.range(data.quantiles[5], data.quantiles[95])
    return (
        f"Distribution. {finding}.{base} Mean {reads.text(data.mean)}{per}, median "
        f"{reads.text(data.quantiles[50])}, nine cases in ten within {ends}."
    )

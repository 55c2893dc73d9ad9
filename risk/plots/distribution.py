"""Distribution of an outcome: histogram, cumulative line, nine cases in ten, and the statistics."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from risk.memo.formats import number
from risk.plots import findings
from risk.plots.reading import Draws, Quantity, draws, group, provenance, quantity, version
from risk.plots.rows import Scale, scale_below
from risk.plots.statistics import write_statistics
from risk.plots.sheet import FOOT, SMALL, Sheet
from risk.plots.style import BLUE, GRID, INK, LIGHT, MUTED, ORANGE, TOTAL, house_style

_BINS = 26  # between P5 and P95


class Distribution(NamedTuple):
    """Numbers of the figure of one outcome."""

    reads: Quantity
    draws: Draws
    mean: float
    deviation: float
    skewness: float
    quantiles: dict[int, float]  # percent -> value
    loss: float | None  # probability of an amount below zero, where that is a loss
    shortfall: float  # mean of the worst 5 %, positive when money is lost
    base: float | None  # every input at its median

    def below(self, value: float) -> float:
        """Share of the draws at or below a value."""
        ordered = self.draws.ordered
        return float(np.searchsorted(ordered, value, side="right")) / ordered.size


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
    origin = provenance(study)
    low, high = _limits(data)
    with house_style():
        sheet = Sheet(size)
        unit = f", {data.reads.axis}" if data.reads.axis else ""
        top = sheet.header(
            findings.distribution_finding(
                data.reads,
                (data.quantiles[5], data.quantiles[50], data.quantiles[95]),
                data.skewness,
                data.loss,
            ),
            f"Simulated {findings.inside(data.reads.label)}{unit}; "
            "line: cumulative probability (right scale)",
        )
        notes = _notes(data, low, high)
        bottom = sheet.footer_height(origin, notes)
        sheet.footer(origin, notes)
        right = sheet.page.width - sheet.margin
        if size != "half":
            right = write_statistics(sheet, _rows(data), top, bottom)
        _draw(
            sheet, data, Scale(low, high, sheet.margin, right - 3.2 * sheet.page.font), top, bottom
        )
    sheet.alt = _alt(sheet.finding, data)
    sheet.run_id, sheet.made_by = str(study.attrs["run_id"]), version(study)
    return sheet


def read_distribution(study: xr.DataTree, outcome: str) -> Distribution:
    """Numbers of the distribution of an outcome.

    Raises
    ------
    ValueError
        There is no such outcome, or it is the same in every draw.
    """
    data = group(study, "risk", outcome)
    drawn = draws(study, outcome)
    reads = quantity(study, outcome)
    if not drawn.ordered[0] < drawn.ordered[-1]:
        raise ValueError(
            f"Expected an `outcome` that varies, got {outcome!r}, which is "
            f"{reads.text(float(drawn.ordered[0]))} in every draw. Draw another outcome."
        )
    percent = [round(100 * float(p)) for p in data["probability"].values]
    loss = float(data["probability_of_loss"])
    lossy = 0 < loss < 1 and reads.money and "gap" not in outcome.split("_")
    base = None
    if "tornado" in study.children and outcome in study["tornado"]["outcome"].values:
        base = float(group(study, "tornado", outcome)["base"])
    return Distribution(
        reads,
        drawn,
        float(data["mean"]),
        float(data["standard_deviation"]),
        float(data["skewness"]),
        dict(zip(percent, map(float, data["quantile"].values), strict=True)),
        loss if lossy else None,
        float(data["expected_shortfall"].sel(tail=0.05)),
        base,
    )


def _rows(data: Distribution) -> list[list[tuple[str, str, bool]]]:
    """Blocks of the statistics at the right: name, value, and whether it is stressed."""
    reads, error = data.reads, data.draws.standard_error
    percents = sorted(data.quantiles)
    values = [data.mean, data.deviation, -data.shortfall, *(data.quantiles[p] for p in percents)]
    mean, deviation, worst, *quantiles = reads.labels(values, error)
    first = [("Draws", f"{data.draws.ordered.size:,}", False), ("Mean", mean, True)]
    if error is not None:
        first.append(("± standard error", reads.labels([error], 0.05 * error)[0], False))
    first += [("Std. dev.", deviation, False), ("Skewness", number(data.skewness, "1"), False)]
    last = [("Mean of lowest 5%", worst, False)]
    if data.loss is not None:
        text = number(data.loss, "1", style="probability")
        shortfall = reads.labels([data.shortfall, *values], error)[0]
        last = [("P(loss)", text, True), ("Expected shortfall 5%", shortfall, False)]
    return [first, [(f"P{p}", q, p == 50) for p, q in zip(percents, quantiles, strict=True)], last]


def _limits(data: Distribution) -> tuple[float, float]:
    """Ends of the axis: far tails are cut, and 5 % · 90 % · 5 % stay readable."""
    ordered, p5, p95 = data.draws.ordered, data.quantiles[5], data.quantiles[95]
    width = (p95 - p5) or float(ordered[-1] - ordered[0])
    reach = [p5 - 0.75 * width, p95 + 0.75 * width]
    low, high = max(ordered[0], reach[0]), min(ordered[-1], reach[1])
    inside = [data.mean] if data.base is None else [data.mean, data.base]
    return (
        float(min(low, p5 - 0.09 * width, *(value - 0.02 * width for value in inside))),
        float(max(high, p95 + 0.09 * width, *(value + 0.02 * width for value in inside))),
    )


def _notes(data: Distribution, low: float, high: float) -> list[str]:
    """What the axis cuts off."""
    ordered = data.draws.ordered
    above = 1 - float(np.searchsorted(ordered, high, side="right")) / ordered.size
    below = float(np.searchsorted(ordered, low, side="left")) / ordered.size
    parts = [
        f"{100 * share:.2g}% of draws {side} {data.reads.labels([at])[0]}"
        for share, side, at in ((above, "above", high), (below, "below", low))
        if share > 0
    ]
    return ["Axis cut: " + ", ".join(parts)] if parts else []


def _edges(data: Distribution, scale: Scale) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Edges of the bins: P5 is one, or 0 where the sign has a colour, so no bar has two colours."""
    p5, p95 = data.quantiles[5], data.quantiles[95]
    width = (p95 - p5) / _BINS or (scale.high - scale.low) / _BINS
    anchor = p5 if data.loss is None else 0.0
    first = math.floor((scale.low - anchor) / width)
    last = math.ceil((scale.high - anchor) / width)
    return anchor + width * np.arange(first, last + 1, dtype=np.float64)


def _draw(sheet: Sheet, data: Distribution, scale: Scale, top: float, bottom: float) -> None:
    """Draw the strip, the histogram and its scales between two heights."""
    size = sheet.page.font
    ground = bottom + (3.3 if data.base is not None else 2.0) * size
    strip = top - 2.9 * size
    high = strip - 0.35 * size
    axes = sheet.panel(scale.left, ground, scale.right, high)
    counts, edges = _histogram(data, scale)
    crown = (1.6 if data.loss is None else 2.9) * size  # room for words above the bars
    full = float(counts.max())  # the highest bar, and 100 % of the cumulative line
    axes.set_xlim(scale.low, scale.high)
    axes.set_ylim(0, full * (high - ground) / (high - ground - crown))
    axes.set_autoscale_on(False)
    for start, end, count in zip(edges[:-1], edges[1:], counts, strict=True):
        fill = _fill(data, (start + end) / 2)
        box = Rectangle((start, 0), end - start, count, facecolor=fill, gid="bin", zorder=1)
        box.set(edgecolor="white", linewidth=0.5)
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
        axes.plot(x, full * y, color=color, linewidth=width * sheet.page.font / 9, zorder=3,
                  gid="cumulative")  # fmt: skip
    ground, unit = axes.get_position().y0 * sheet.page.height, _unit(sheet, axes)
    for percent in (0, 25, 50, 75, 100):
        text = "100%" if percent == 100 else str(percent)
        height = ground + full * percent / 100 / unit
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
    ends = data.reads.labels([data.quantiles[5], data.quantiles[95]])
    texts = [f"P5 {ends[0]}", f"P95 {ends[1]}"]
    half = [sheet.width_of(text, strong=True) / 2 for text in texts]
    left = max(scale.at(joints[1]), scale.left + half[0])
    right = min(scale.at(joints[2]), scale.right - half[1])
    apart = left + half[0] + size - (right - half[1])
    if apart > 0:  # a narrow middle: move both words outwards
        left, right = max(left - apart / 2, scale.left + half[0]), right + apart / 2
    for x, text in zip((left, right), texts, strict=True):
        sheet.words(x, bottom + 2.05 * size, text, strong=True, align="center", gid="joint")


def _lines(sheet: Sheet, data: Distribution, scale: Scale, axes: Axes, high: float) -> None:
    """Draw P5, P95, zero, mean and base case, and write what they are."""
    size, top = sheet.page.font, axes.get_ylim()[1]
    for percent in (5, 95):
        axes.plot([data.quantiles[percent]] * 2, [0, top], color=INK, linewidth=1.0, zorder=4,
                  gid=f"P{percent}")  # fmt: skip
    mean = data.reads.labels([data.mean, data.quantiles[95]], data.draws.standard_error)[0]
    axes.plot([data.mean] * 2, [0, top - 0.3 * size * _unit(sheet, axes)], color=INK,
              linewidth=1.3, linestyle=(0, (3, 1.5)), zorder=4, gid="mean")  # fmt: skip
    _beside(sheet, data, scale, data.mean, high - 0.8 * size, f"mean {mean}", gid="mean label")
    if data.loss is not None and scale.low < 0 < scale.high:
        axes.plot([0, 0], [0, top - 1.5 * size * _unit(sheet, axes)], color=INK, linewidth=1.0,
                  zorder=4, gid="zero")  # fmt: skip
        sides = (("loss", data.loss, -1), ("profit", 1 - data.loss, 1))
        for word, share, side in sides:
            text = f"{word} {number(share, '1', style='probability')}"
            _beside(sheet, data, scale, 0.0, high - 2.1 * size, text, side=side, gid="side")
    if data.base is not None:
        _base(sheet, data, scale, axes)


def _beside(
    sheet: Sheet, data: Distribution, scale: Scale, at: float, y: float, text: str, *,
    gid: str, side: int = 0,
) -> None:  # fmt: skip
    """Write a text at one side of a vertical line, where no other line crosses it if there is one."""
    gap, wide = 0.4 * sheet.page.font, sheet.width_of(text)
    lines = [scale.at(data.quantiles[5]), scale.at(data.quantiles[95]), scale.left, scale.right]
    x = scale.at(at)
    places = {1: (x + gap, "left"), -1: (x - gap - wide, "right")}
    free = [
        each
        for each, (start, _) in places.items()
        if not any(start - gap < line < start + wide + gap and line != x for line in lines)
        and scale.left <= start <= scale.right - wide
    ]
    side = side or (free or [1])[0]
    start, align = places[side]
    sheet.words(start if side > 0 else start + wide, y, text, align=align, gid=gid, mask=True)


def _base(sheet: Sheet, data: Distribution, scale: Scale, axes: Axes) -> None:
    """Mark the base case under the axis, with its percentile."""
    assert data.base is not None
    size = sheet.page.font
    ground = axes.get_position().y0 * sheet.page.height
    axes.plot([data.base], [-0.42 * size * _unit(sheet, axes)], marker="^", markersize=0.75 * size,
              color=INK, clip_on=False, zorder=5, gid="base", linestyle="none")  # fmt: skip
    value = data.reads.labels([data.base, data.quantiles[95]])[0]
    text = f"base case {value} (P{100 * data.below(data.base):.0f})"
    half = sheet.width_of(text) / 2
    x = min(max(scale.at(data.base), scale.left + half), scale.right - half)
    sheet.words(x, ground - 2.5 * size, text, align="center", gid="base label")


def _alt(finding: str, data: Distribution) -> str:
    """Text for readers who cannot see the figure."""
    reads, per = data.reads, data.reads.per
    base = "" if data.base is None else f" Base {reads.text(data.base)}."
    ends = reads.range(data.quantiles[5], data.quantiles[95])
    return (
        f"Distribution. {finding}.{base} Mean {reads.text(data.mean)}{per}, median "
        f"{reads.text(data.quantiles[50])}, nine cases in ten within {ends}."
    )

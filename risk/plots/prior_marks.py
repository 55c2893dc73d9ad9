"""Marks on a prior: quantiles got and asked for, the claim, reported values."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from risk.plots.prior_reading import Panel
from risk.plots.rows import Scale
from risk.plots.sheet import Sheet
from risk.plots.style import INK, MUTED, ORANGE

TINY = 0.72  # type size of numbers in a panel, in body sizes
_APART = 30.0  # ratio from which two numbers have digits of their own
_FEW = 0.1  # shares up to it are read to two digits


def draw_marks(sheet: Sheet, panel: Panel, axes: Axes) -> None:
    """Draw quantiles got as ticks and asked as rings, and reported values as diamonds."""
    size = sheet.page.font
    for name, x in zip(("P5", "P50", "P95"), panel.quantiles, strict=True):
        axes.plot([x], [0], marker=3, markersize=0.38 * size, color=INK, clip_on=False, zorder=5,
                  markeredgewidth=0.8 * sheet.pen, linestyle="none",
                  gid=f"{panel.key} {name}")  # fmt: skip
    for _, x in panel.asked:
        axes.plot([x], [0], marker="o", markersize=0.42 * size, clip_on=False, zorder=6,
                  markerfacecolor="white", markeredgecolor=INK, linestyle="none",
                  markeredgewidth=0.8 * sheet.pen, gid=f"{panel.key} asked")  # fmt: skip
    height = 0.09 * axes.get_ylim()[1]
    for x, _ in panel.reported:
        if panel.window[0] <= x <= panel.window[1]:
            axes.plot([x], [height], marker="D", markersize=0.42 * size, color=INK, zorder=6,
                      markeredgecolor="white", markeredgewidth=0.5 * sheet.pen, clip_on=False,
                      linestyle="none", gid=f"{panel.key} reported")  # fmt: skip


def draw_claim(sheet: Sheet, panel: Panel, axes: Axes, scale: Scale, top: float) -> None:
    """Draw the claim as a line with its value and percentile over it, orange outside P1–P99."""
    if not np.isfinite(panel.claim):
        return
    size = sheet.page.font
    color = ORANGE if panel.excluded else INK
    text = f"claim {number_texts(panel, [panel.claim, *panel.quantiles])[0]} ({place(panel)})"
    half = sheet.width_of(text, TINY, True) / 2
    inside = scale.low <= panel.claim <= scale.high
    if inside:
        axes.plot([panel.claim] * 2, [0, axes.get_ylim()[1]], color=color, zorder=5, clip_on=False,
                  linewidth=1.3 * sheet.pen, gid=f"{panel.key} claim")  # fmt: skip
    else:
        text = f"{text} ›" if panel.claim > scale.high else f"‹ {text}"
        half = sheet.width_of(text, TINY, True) / 2
    at = scale.at(min(max(panel.claim, scale.low), scale.high))
    x = min(max(at, scale.left + half), scale.right - half)
    sheet.words(x, top + 0.5 * size, text, TINY, color=color, strong=True, align="center",
                gid="claim")  # fmt: skip


def write_quantiles(sheet: Sheet, panel: Panel, axes: Axes, scale: Scale, ground: float) -> None:
    """Write P5, P50 and P95 under their ticks, moved apart where they would touch."""
    size = sheet.page.font
    texts = number_texts(panel, panel.quantiles)
    wide = [sheet.width_of(t, TINY, k == 1) for k, t in enumerate(texts)]
    at = apart([scale.at(x) for x in panel.quantiles], wide, (scale.left, scale.right), 0.5 * size)
    for k, (x, text) in enumerate(zip(at, texts, strict=True)):
        sheet.words(x, ground - 0.95 * size, text, TINY, strong=k == 1, align="center",
                    color=INK if k == 1 else MUTED, gid="quantile")  # fmt: skip


def number_texts(panel: Panel, values: Sequence[float]) -> list[str]:
    """Numbers of a panel at one precision, or each at its own where one would lose its digits."""
    sizes = [abs(x) for x in values if x]
    large, small = max(sizes, default=1.0), min(sizes, default=1.0)
    reads, top = panel.reads, max(map(abs, panel.quantiles))
    if reads.style == "share":
        few = [2 if 0.01 <= x <= top < _FEW else None for x in values]
        return [reads.labels([x], digits=n)[0] for x, n in zip(values, few, strict=True)]
    if panel.shape == "values" and all(x == round(x) for x, _ in panel.atoms) and large < 1e4:
        return [f"{x:g}".replace("-", "−") for x in values]
    if large > _APART * small:
        return [reads.labels([x])[0] for x in values]
    digits: Sequence[int | None] = (None, 4, 5, 6)  # no two quantiles that differ print the same
    able = (n for n in digits if len(set(reads.labels(panel.quantiles, digits=n))) == 3)
    return reads.labels(values, digits=next(able, None))


def place(panel: Panel) -> str:
    """The percentile of the claim: "P58", "<P1"."""
    share = panel.percentile
    if share < 0.005 or share > 0.995:
        return "<P1" if share < 0.005 else ">P99"
    return f"P{100 * share:.0f}"


def apart(
    middles: Sequence[float], widths: Sequence[float], ends: tuple[float, float], gap: float
) -> list[float]:
    """Middles of texts in a row, moved as little as keeps them apart and inside.

    >>> apart([5.0, 6.0, 40.0], [10.0, 10.0, 10.0], (0.0, 45.0), 2.0)
    [5.0, 17.0, 40.0]
    """
    found = [max(m, ends[0] + w / 2) for m, w in zip(middles, widths, strict=True)]
    for k in range(1, len(found)):
        found[k] = max(found[k], found[k - 1] + (widths[k - 1] + widths[k]) / 2 + gap)
    found[-1] = min(found[-1], ends[1] - widths[-1] / 2)
    for k in range(len(found) - 2, -1, -1):
        found[k] = min(found[k], found[k + 1] - (widths[k + 1] + widths[k]) / 2 - gap)
    return found

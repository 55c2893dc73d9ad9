"""Shapes of priors: densities, what states add to them, values with probabilities."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from risk.memo.formats import number
from risk.plots.prior_marks import TINY
from risk.plots.prior_reading import Panel
from risk.plots.sheet import Sheet
from risk.plots.style import BLUE, GREY, GRID, INK, LIGHT, TOTAL

Array = NDArray[np.float64]
SHADES = (LIGHT, "#5B93CF", BLUE, "#173F70", GREY, TOTAL)  # of states, in their order
_PEAK = 2.5  # times the density of the likeliest values, beyond which a spike is cut
_LIKELIEST = 0.15  # probability that these have
_OVER = 1.3  # times the density, so that the chance of a value stands over it
_FEW = 8  # values of which each has its probability written


def crown(panel: Panel) -> float:
    """Height of the chart in data: of the highest density, but for a spike beyond all others."""
    if panel.shape == "values":
        return 1.25 * max(p for _, p in panel.atoms)
    others = [] if panel.stacked else [float(part.density.max()) for part in panel.parts]
    mass = panel.density * np.diff(panel.edges)
    order = np.argsort(-panel.density)
    reached = np.cumsum(mass[order])
    enough = int(np.searchsorted(reached, _LIKELIEST * reached[-1]))
    likely = float(panel.density[order[min(enough, len(order) - 1)]])
    roof = 1.06 * min(max([float(panel.density.max()), *others]), _PEAK * likely)
    return roof * (_OVER if panel.atoms else 1.0)


def is_cut(panel: Panel) -> bool:
    """Whether a peak of the density is higher than the chart."""
    return panel.shape in ("curve", "bars") and float(panel.density.max()) > crown(panel)


def outline(panel: Panel, density: Array) -> tuple[Array, Array]:
    """The line over a density: through the middles of cells, or along bars."""
    edges = panel.edges
    if panel.shape == "bars":
        return np.repeat(edges, 2)[1:-1], np.repeat(density, 2)
    x = np.concatenate([edges[:1], (edges[1:] + edges[:-1]) / 2, edges[-1:]])
    return x, np.concatenate([density[:1], density, density[-1:]])


def draw_shape(sheet: Sheet, panel: Panel, axes: Axes, keyed: bool) -> None:
    """Draw the density, or the values with their probabilities; parts if the key names them."""
    if panel.shape != "values":
        if keyed and panel.stacked:
            _stack(panel, axes)
        else:
            _middle(panel, axes)
        x, y = outline(panel, panel.density)
        color = INK if keyed and not panel.stacked else BLUE  # of a pool among its experts
        axes.plot(x, y, color=color, linewidth=0.9 * sheet.pen, zorder=3,
                  gid=f"{panel.key} density")  # fmt: skip
    if keyed and not panel.stacked:
        for part, shade in zip(panel.parts, SHADES, strict=False):
            x, y = outline(panel, part.density)
            axes.plot(x, y, color=shade, linewidth=0.9 * sheet.pen, zorder=2,
                      gid=f"{panel.key} | {part.name}")  # fmt: skip
    _atoms(sheet, panel, axes)


def _stack(panel: Panel, axes: Axes) -> None:
    """Draw what each part adds to the density, one over the other."""
    floor = np.zeros_like(panel.density)
    for part, shade in zip(panel.parts, SHADES, strict=False):
        roof = floor + part.weight * part.density
        (x, low), (_, high) = outline(panel, floor), outline(panel, roof)
        axes.fill_between(x, low, high, color=shade, linewidth=0, zorder=1,
                          gid=f"{panel.key} | {part.name}")  # fmt: skip
        floor = roof


def _middle(panel: Panel, axes: Axes) -> None:
    """Draw the density in light blue between P5 and P95 and in grey beyond."""
    x, y = outline(panel, panel.density)
    axes.fill_between(x, y, color=GRID, linewidth=0, zorder=1, gid=f"{panel.key} tails")
    p5, _, p95 = panel.quantiles
    inside = x[(x > p5) & (x < p95)]
    ends = np.interp([p5, p95], x, y)
    at = np.concatenate([[p5], inside, [p95]])
    heights = np.concatenate([ends[:1], y[(x > p5) & (x < p95)], ends[1:]])
    axes.fill_between(at, heights, color=LIGHT, linewidth=0, zorder=1, gid=f"{panel.key} middle")


def _atoms(sheet: Sheet, panel: Panel, axes: Axes) -> None:
    """Draw values that have a probability of their own, and write it."""
    shades = {x: shade for part, shade in zip(panel.parts, SHADES, strict=False)
              for x, _ in part.atoms}  # fmt: skip
    whole = panel.shape == "values"
    for x, p in panel.atoms:
        tall = p if whole else axes.get_ylim()[1]
        color = BLUE if whole else shades.get(x, BLUE)
        axes.plot([x, x], [0, tall], color=color, linewidth=2.4 * sheet.pen, zorder=2,
                  clip_on=False, gid=f"{panel.key} value")  # fmt: skip
        if len(panel.atoms) <= _FEW:
            _chance(sheet, panel, axes, (x, p, tall))


def _chance(sheet: Sheet, panel: Panel, axes: Axes, atom: tuple[float, float, float]) -> None:
    """Write the probability of a value: over it, or beside it where something stands over it."""
    x, p, tall = atom
    size, (low, high) = sheet.page.font, axes.get_xlim()
    left, bottom, right, top = _place(sheet, axes)
    at = left + (x - low) / (high - low) * (right - left)
    y = bottom + tall / axes.get_ylim()[1] * (top - bottom)
    text = number(p, "1", style="probability")
    if panel.shape == "values" and x != panel.claim:
        sheet.words(at, y + 0.45 * size, text, TINY, align="center", gid="chance")
        return
    side, shift = ("right", -0.35) if at > (left + right) / 2 else ("left", 0.35)
    sheet.words(at + shift * size, y - 0.6 * size, text, TINY, align=side, gid="chance")


def _place(sheet: Sheet, axes: Axes) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of axes, in points."""
    box, page = axes.get_position(), sheet.page
    return box.x0 * page.width, box.y0 * page.height, box.x1 * page.width, box.y1 * page.height

"""One panel of the sheet of priors: density, quantiles, claim, reported values, states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from risk.memo.formats import number
from risk.plots.prior_reading import Panel
from risk.plots.reported import percentile_words
from risk.plots.rows import Scale
from risk.plots.sheet import Sheet
from risk.plots.style import BLUE, GREY, GRID, INK, LIGHT, MUTED, ORANGE, TOTAL

Array = NDArray[np.float64]
TINY = 0.72  # type size of numbers in a panel, in body sizes
_LINE = 1.12  # heights in body sizes: a line of the label,
_CLAIM = 1.15  # the claim over the chart,
_TICKS = 1.35  # the numbers under it
_SHADES = (LIGHT, "#5B93CF", BLUE, "#173F70", GREY, TOTAL)  # of states, in their order
_PEAK = 2.5  # times the density of the likeliest values, beyond which a spike is cut
_LIKELIEST = 0.15  # probability that these have
_APART = 30.0  # ratio from which two numbers have digits of their own
_FEW = 8  # values of which each has its probability written


class Box(NamedTuple):
    """Where a panel stands, in points."""

    left: float
    right: float
    bottom: float
    top: float


def draw_panel(sheet: Sheet, panel: Panel, box: Box, lines: int) -> None:
    """Draw one prior; its label takes so many lines."""
    size = sheet.page.font
    y = box.top
    for text in sheet.wrap(panel.reads.label, box.right - box.left, 0.86, strong=True, lines=lines):
        sheet.words(box.left, y - 0.5 * size, text, 0.86, strong=True, gid="label")
        y -= _LINE * size
    _about(sheet, panel, box, y - 0.42 * size)
    top = box.top - (lines * _LINE + 0.95) * size
    if panel.shape == "states":
        _states(sheet, panel, box._replace(top=top - 0.3 * size))
        return
    top, ground = top - _CLAIM * size, box.bottom + _TICKS * size
    scale = Scale(*_limits(panel), box.left, box.right)
    axes = sheet.panel(box.left, ground, box.right, top)
    axes.set_xlim(scale.low, scale.high)
    axes.set_autoscale_on(False)
    height = crown(panel)
    axes.set_ylim(0, height)
    _shape(sheet, panel, axes, bool(_key(sheet, panel, _room(sheet, panel, box))))
    axes.plot(
        axes.get_xlim(), [0, 0], color=MUTED, linewidth=0.8 * sheet.pen, clip_on=False, zorder=4
    )
    _marks(sheet, panel, axes)
    _claim(sheet, panel, axes, scale, top)
    _ticks(sheet, panel, axes, scale, ground)


def _limits(panel: Panel) -> tuple[float, float]:
    """Ends of the axis, with room beside values that stand at its ends."""
    low, high = panel.window
    spare = 0.06 * (high - low) if panel.shape == "values" else 0.0
    return low - spare, high + spare


def _about(sheet: Sheet, panel: Panel, box: Box, y: float) -> None:
    """Write the line under the label: states in their shades, or family and unit; the basis."""
    size = sheet.page.font
    color = ORANGE if panel.basis == "judged" else MUTED
    sheet.words(box.right, y, panel.basis, TINY, color=color, align="right", gid="basis")
    x, room = box.left, _room(sheet, panel, box)
    for text, shade in zip(_key(sheet, panel, room), _SHADES, strict=False):
        sheet.square(x, y, 0.55 * size, shade, shade)
        sheet.words(x + 0.85 * size, y, text, TINY, color=MUTED, gid="part")
        x += sheet.width_of(text, TINY) + 1.35 * size
    if x > box.left:
        return
    words = [panel.family, "" if panel.reads.axis in ("%", "mo") else panel.reads.axis]
    if panel.parts:
        words[0] = f"{len(panel.parts)} {'states' if panel.family == 'given' else 'experts'}"
    if panel.states:
        words = [f"{len(panel.states)} states"]
    text = sheet.wrap(", ".join(filter(None, words)), room, TINY, lines=1)[0]
    sheet.words(box.left, y, text, TINY, color=MUTED, gid="about")


def _room(sheet: Sheet, panel: Panel, box: Box) -> float:
    """Width beside the basis."""
    taken = sheet.width_of(panel.basis, TINY) + 0.8 * sheet.page.font
    return box.right - box.left - taken


def _key(sheet: Sheet, panel: Panel, room: float) -> list[str]:
    """What the shades of the parts are, with their weights if there is room; else nothing."""
    weighted = [f"{part.name} {number(part.weight, '1', style='share')}" for part in panel.parts]
    for texts in (weighted, [part.name for part in panel.parts]):
        wide = sum(sheet.width_of(text, TINY) + 1.35 * sheet.page.font for text in texts)
        if len(texts) <= len(_SHADES) and wide - 0.5 * sheet.page.font <= room:
            return texts
    return []


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
    return 1.06 * min(max([float(panel.density.max()), *others]), _PEAK * likely)


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


def _shape(sheet: Sheet, panel: Panel, axes: Axes, keyed: bool) -> None:
    """Draw the density, or the values with their probabilities; parts if the key names them."""
    if panel.shape != "values":
        if keyed and panel.stacked:
            _stack(panel, axes)
        else:
            _middle(panel, axes)
        x, y = outline(panel, panel.density)
        axes.plot(x, y, color=BLUE, linewidth=0.9 * sheet.pen, zorder=3, gid=f"{panel.key} density")
    if keyed and not panel.stacked:
        for part, shade in zip(panel.parts, _SHADES, strict=False):
            x, y = outline(panel, part.density)
            axes.plot(x, y, color=shade, linewidth=0.9 * sheet.pen, zorder=2,
                      gid=f"{panel.key} | {part.name}")  # fmt: skip
    _atoms(sheet, panel, axes)


def _stack(panel: Panel, axes: Axes) -> None:
    """Draw what each part adds to the density, one over the other."""
    floor = np.zeros_like(panel.density)
    for part, shade in zip(panel.parts, _SHADES, strict=False):
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
    shades = {x: shade for part, shade in zip(panel.parts, _SHADES, strict=False)
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
    sheet.words(at + shift * size, y - 0.4 * size, text, TINY, align=side, gid="chance",
                mask=True)  # fmt: skip


def _place(sheet: Sheet, axes: Axes) -> tuple[float, float, float, float]:
    """Left, bottom, right and top of axes, in points."""
    box, page = axes.get_position(), sheet.page
    return box.x0 * page.width, box.y0 * page.height, box.x1 * page.width, box.y1 * page.height


def _marks(sheet: Sheet, panel: Panel, axes: Axes) -> None:
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


def _claim(sheet: Sheet, panel: Panel, axes: Axes, scale: Scale, top: float) -> None:
    """Draw the claim as a line with its value and percentile over it, orange outside P1–P99."""
    if not np.isfinite(panel.claim):
        return
    size = sheet.page.font
    color = ORANGE if panel.excluded else INK
    value, place = panel.reads.labels([panel.claim])[0], percentile_words(panel.percentile)
    text = f"claim {value} ({place})"
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


def _ticks(sheet: Sheet, panel: Panel, axes: Axes, scale: Scale, ground: float) -> None:
    """Write P5, P50 and P95 under their ticks, moved apart where they would touch."""
    size = sheet.page.font
    texts = quantile_texts(panel)
    wide = [sheet.width_of(t, TINY, k == 1) for k, t in enumerate(texts)]
    at = apart([scale.at(x) for x in panel.quantiles], wide, (scale.left, scale.right), 0.5 * size)
    for k, (x, text) in enumerate(zip(at, texts, strict=True)):
        sheet.words(x, ground - 0.95 * size, text, TINY, strong=k == 1, align="center",
                    color=INK if k == 1 else MUTED, gid="quantile")  # fmt: skip


def quantile_texts(panel: Panel) -> list[str]:
    """P5, P50 and P95 at one precision, or each at its own where one would lose its digits."""
    values, sizes = list(panel.quantiles), [abs(x) for x in panel.quantiles if x]
    large, small = max(sizes, default=1.0), min(sizes, default=1.0)
    if panel.reads.style == "share":
        few = [2 if 0.01 <= x < large < 0.1 else None for x in values]
        each = zip(values, few, strict=True)
        return [panel.reads.labels([x], digits=digits)[0] for x, digits in each]
    if panel.shape == "values" and all(x == round(x) for x, _ in panel.atoms) and large < 1e4:
        return [f"{x:.0f}".replace("-", "−") for x in values]
    if large > _APART * small:
        return [panel.reads.labels([x])[0] for x in values]
    for digits in (None, 4, 5, 6):  # no two that differ print the same
        texts = panel.reads.labels(values, digits=digits)
        if len(set(texts)) == len(set(values)):
            break
    return texts


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


def _states(sheet: Sheet, panel: Panel, box: Box) -> None:
    """Draw the states of a categorical input as bars with their probabilities."""
    size = sheet.page.font
    shown = panel.states[: max(1, int((box.top - box.bottom) / (1.15 * size)))]
    pitch = min((box.top - box.bottom) / len(shown), 1.5 * size)
    room = 0.6 * (box.right - box.left)
    names = [sheet.wrap(state, room, TINY, lines=1)[0] for state, _ in shown]
    left = box.left + max(sheet.width_of(name, TINY, True) for name in names) + 0.6 * size
    right = box.right - sheet.width_of("100%", TINY) - 0.5 * size
    axes = sheet.panel(left, box.top - pitch * len(shown), right, box.top)
    axes.set_xlim(0, max(p for _, p in panel.states))
    axes.set_ylim(-len(shown), 0)
    for k, (name, (state, p)) in enumerate(zip(names, shown, strict=True)):
        y = box.top - (k + 0.5) * pitch
        claimed = state == panel.claimed_state
        color = ORANGE if claimed and panel.excluded else INK if claimed else MUTED
        bar = Rectangle((0, -k - 0.8), p, 0.6, facecolor=LIGHT, gid=f"{panel.key} {state}")
        axes.add_patch(bar)
        sheet.words(left - 0.6 * size, y, name, TINY, align="right", strong=claimed, color=color,
                    gid="state")  # fmt: skip
        at = left + (right - left) * p / axes.get_xlim()[1]
        sheet.words(at + 0.35 * size, y, number(p, "1", style="share"), TINY, gid="chance")

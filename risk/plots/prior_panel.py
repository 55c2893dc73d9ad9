"""One panel of the sheet of priors: label, shape, marks; or the states of a regime."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.patches import Rectangle

from risk.memo.formats import number
from risk.plots.prior_marks import TINY, draw_claim, draw_marks, write_quantiles
from risk.plots.prior_reading import Panel
from risk.plots.prior_shapes import SHADES, crown, draw_shape
from risk.plots.rows import Scale
from risk.plots.sheet import SMALL, Sheet
from risk.plots.style import INK, LIGHT, MUTED, ORANGE

LINE = 1.17  # heights in body sizes: a line of the label,
_KEY = 0.98  # a line of the key or of family and unit,
_CLAIM = 1.12  # the claim over the chart,
_TICKS = 1.35  # the numbers under it
_SQUARE, _STEP = 0.85, 1.35  # widths of a square of the key, and of one with the gap after its text
_MOST_LINES = 3  # of a key


class Box(NamedTuple):
    """Where a panel stands, in points."""

    left: float
    right: float
    bottom: float
    top: float


def draw_panel(sheet: Sheet, panel: Panel, box: Box, head: float) -> None:
    """Draw one prior; label, key and claim take a height of `head` in points."""
    size = sheet.page.font
    y, key = box.top, _key(sheet, panel, box.right - box.left)
    for text in _label(sheet, panel, box.right - box.left):
        sheet.words(box.left, y - 0.5 * size, text, SMALL, strong=True, gid="label")
        y -= LINE * size
    _about(sheet, panel, box, y - 0.42 * size, key)
    top = box.top - head
    if panel.shape == "states":
        _states(sheet, panel, box._replace(top=top + 0.6 * size))
        return
    ground = box.bottom + _TICKS * size
    scale = Scale(*_limits(panel), box.left, box.right)
    axes = sheet.panel(box.left, ground, box.right, top)
    axes.set_xlim(scale.low, scale.high)
    axes.set_autoscale_on(False)
    axes.set_ylim(0, crown(panel))
    draw_shape(sheet, panel, axes, bool(key))
    axes.plot([scale.low, scale.high], [0, 0], color=MUTED, linewidth=0.8 * sheet.pen, zorder=4,
              clip_on=False)  # fmt: skip
    draw_marks(sheet, panel, axes)
    draw_claim(sheet, panel, axes, scale, top)
    write_quantiles(sheet, panel, axes, scale, ground)


def head_of(sheet: Sheet, panel: Panel, wide: float) -> float:
    """Height that the words over the chart of a panel take, in points."""
    label, key = len(_label(sheet, panel, wide)), max(1, len(_key(sheet, panel, wide)))
    return (label * LINE + key * _KEY + _CLAIM) * sheet.page.font


def _label(sheet: Sheet, panel: Panel, wide: float) -> list[str]:
    """Lines of the label."""
    return sheet.wrap(panel.reads.label, wide, SMALL, strong=True)


def _limits(panel: Panel) -> tuple[float, float]:
    """Ends of the axis, with room beside values that stand at its ends."""
    low, high = panel.window
    spare = 0.06 * (high - low) if panel.shape == "values" else 0.0
    return low - spare, high + spare


def _about(
    sheet: Sheet, panel: Panel, box: Box, y: float, key: Sequence[Sequence[tuple[str, str]]]
) -> None:
    """Write under the label the parts in their shades, or family and unit; and the basis."""
    size = sheet.page.font
    color = ORANGE if panel.basis == "judged" else MUTED
    sheet.words(box.right, y, panel.basis, TINY, color=color, align="right", gid="basis")
    for entries in key:
        x = box.left
        for text, shade in entries:
            sheet.square(x, y, 0.55 * size, shade, shade)
            sheet.words(x + _SQUARE * size, y, text, TINY, color=MUTED, gid="part")
            x += sheet.width_of(text, TINY) + _STEP * size
        y -= _KEY * size
    if key:
        return
    words = [panel.family, "" if panel.reads.axis in ("%", "mo") else panel.reads.axis]
    if panel.parts or panel.states:
        words[0] = f"{len(panel.parts or panel.states)} {panel.noun}"
    room = box.right - box.left - _basis(sheet, panel)
    text = sheet.wrap(", ".join(filter(None, words)), room, TINY, lines=1)[0]
    sheet.words(box.left, y, text, TINY, color=MUTED, gid="about")


def _basis(sheet: Sheet, panel: Panel) -> float:
    """Width that the basis takes at the right."""
    return sheet.width_of(panel.basis, TINY) + 0.8 * sheet.page.font


def _key(sheet: Sheet, panel: Panel, wide: float) -> list[list[tuple[str, str]]]:
    """Lines of the key of the parts, with their shades; none if it would take more than three."""
    if len(panel.parts) > len(SHADES):
        return []
    size, left = sheet.page.font, 0.0
    lines: list[list[tuple[str, str]]] = []
    for part, shade in zip(panel.parts, SHADES, strict=False):
        weight = f" {number(part.weight, '1', style='share')}"
        taken = _SQUARE * size + sheet.width_of(part.name + weight, TINY)
        if not lines or taken > left:
            left = wide - (0 if lines else _basis(sheet, panel))
            lines.append([])
        longest = left - _SQUARE * size - sheet.width_of(weight, TINY)
        text = sheet.wrap(part.name, longest, TINY, lines=1)[0] + weight
        lines[-1].append((text, shade))
        left -= sheet.width_of(text, TINY) + _STEP * size
    return lines if len(lines) <= _MOST_LINES else []


def _states(sheet: Sheet, panel: Panel, box: Box) -> None:
    """Draw the states of a categorical input as bars with their probabilities."""
    size = sheet.page.font
    most = max(2, int((box.top - box.bottom) / (1.15 * size)))
    shown, left_out = panel.states, len(panel.states) - most
    if left_out > 0:
        shown = shown[: most - 1]
        sheet.words(box.left, box.bottom + 0.6 * size, f"and {left_out + 1} more", TINY,
                    color=MUTED, gid="about")  # fmt: skip
        box = box._replace(bottom=box.bottom + 1.15 * size)
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

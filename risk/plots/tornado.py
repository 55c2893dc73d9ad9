"""Tornado: what each input does on its own, the largest swing on top."""

from __future__ import annotations

from typing import NamedTuple

import xarray as xr

from risk.names import said_state
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
from risk.plots.sheet import SMALL, Sheet
from risk.plots.style import BLUE, GREY, GRID, INK, LIGHT, MUTED, house_style

_STAR = (
    "* not monotone: the outcome turns between the P10 and P90 of this input, or beside its median"
)
_ALL = "All inputs together"


class Mover(NamedTuple):
    """One input: the outcome at both its ends, and the words for these ends."""

    name: str
    label: str
    low: float
    high: float
    words: tuple[str, str]
    states: bool  # the ends are states of a regime, not percentiles
    monotone: bool

    @property
    def title(self) -> str:
        """Label with the star of an input that is not monotone."""
        return self.label if self.monotone else f"{self.label}*"

    def span(self, base: float) -> tuple[float, float]:
        """Lowest and highest outcome that the bar covers."""
        return min(self.low, self.high, base), max(self.low, self.high, base)

    def swing(self, base: float) -> float:
        """Length that the bar covers."""
        low, high = self.span(base)
        return high - low

    def sided(self) -> tuple[str, str]:
        """Words at the left and at the right end of the bar."""
        return self.words if self.low <= self.high else (self.words[1], self.words[0])


class Tornado(NamedTuple):
    """Numbers of a tornado: inputs with an effect, the largest swing first."""

    reads: Quantity
    movers: list[Mover]
    base: float
    together: tuple[float, float]  # P10 and P90 of the simulation
    inputs: int

    @property
    def swings(self) -> list[str]:
        """The swing of every mover, and of all together, at one precision."""
        swings = [mover.swing(self.base) for mover in self.movers]
        return self.reads.labels([*swings, self.together[1] - self.together[0]])


def draw_tornado(study: xr.DataTree, outcome: str, size: str = "word") -> Sheet:
    """Tornado of an outcome: one input at a time at its P10 and P90, the others at the median.

    Parameters
    ----------
    study : xarray.DataTree
    outcome : str
    size : {"word", "half", "slide"}

    Raises
    ------
    ValueError
        There is no such outcome, or no input moves it.
    """
    data = read_tornado(study, outcome)
    origin = provenance(study, short=size == "half")
    with house_style():
        sheet = Sheet(size)
        unit = f", {data.reads.axis}," if data.reads.axis else ""
        top = sheet.header(
            _finding(data),
            f"{data.reads.label}{unit} when one input moves to its P10 or P90, others at median",
            f"{data.reads.label}{unit.rstrip(',')}; other inputs at median",
        )
        sheet.key([(LIGHT, BLUE, "input at P10 (low)"), (BLUE, BLUE, "input at P90 (high)")], top)
        top -= sheet.key_height
        bottom = sheet.footer_height(origin, _notes(data, 1, starred=len(data.movers)))
        shown = _draw(sheet, data, top, bottom)
        sheet.footer(origin, _notes(data, shown, starred=shown))
    sheet.alt = _alt(sheet.finding, data)
    sheet.run_id, sheet.made_by = str(study.attrs["run_id"]), version(study)
    return sheet


def read_tornado(study: xr.DataTree, outcome: str) -> Tornado:
    """Numbers of the tornado of an outcome.

    Raises
    ------
    ValueError
        There is no such outcome, or no input moves it.
    """
    data = group(study, "tornado", outcome)
    base = float(data["base"])
    found = [_mover(study, data, str(name)) for name in data["input"].values]
    widest = max((mover.swing(base) for mover in found), default=0.0)
    movers = [mover for mover in found if mover.swing(base) > 1e-9 * widest]
    if not movers:
        raise ValueError(
            f"Expected an `outcome` that some input moves, got {outcome!r}, which none does. "
            "Draw another outcome."
        )
    low, high = (float(data["together"].sel(end=end)) for end in ("low", "high"))
    movers.sort(key=lambda mover: -mover.swing(base))
    return Tornado(quantity(study, outcome), movers, base, (low, high), len(found))


def _mover(study: xr.DataTree, data: xr.Dataset, name: str) -> Mover:
    """One input's numbers and words."""
    at = data.sel(input=name)
    low, high = (float(value) for value in at["value"].values)
    states = [clean(said_state(str(state))) for state in at["state"].values]
    reads = quantity(study, name, at["input_label"].item(), at["input_units"].item())
    ends = at["input_value"].values
    words = (states[0], states[1]) if any(states) else reads.ends(float(ends[0]), float(ends[1]))
    return Mover(name, reads.label, low, high, words, any(states), bool(at["monotone"]))


def _finding(data: Tornado) -> str:
    """Title of the figure."""
    return findings.tornado_finding(
        data.reads,
        [
            (
                mover.label,
                mover.swing(data.base),
                " and ".join(mover.words) if mover.states else "its P10 and P90",
            )
            for mover in data.movers
        ],
    )


def _notes(data: Tornado, shown: int, starred: int) -> list[str]:
    """Footnotes: the star, if one of the first `starred` has it, and the inputs left out."""
    smaller, still = len(data.movers) - shown, data.inputs - len(data.movers)
    parts = [
        f"{count} {what[count > 1]}"
        for count, what in (
            (smaller, ("smaller input not shown", "smaller inputs not shown")),
            (still, ("input has no effect", "inputs have no effect")),
        )
        if count
    ]
    star = [_STAR] if any(not mover.monotone for mover in data.movers[:starred]) else []
    return star + (["; ".join(parts)] if parts else [])


def _draw(sheet: Sheet, data: Tornado, top: float, bottom: float) -> int:
    """Draw everything between header and footer; the number of inputs shown."""
    size = sheet.page.font
    together = "All, P10 to P90" if sheet.small else _ALL
    column = max(sheet.width_of(text) for text in [*data.swings, "swing"])
    last, ground = 2.1 * size, bottom + 2.0 * size  # row of all together; height of the axis
    frame = frame_rows(
        sheet,
        [mover.title for mover in data.movers],
        top=top - 1.9 * size,
        bottom=ground + last,
        right=sheet.page.width - sheet.margin - column - 1.4 * size,
        least=1.62,
        also=[together],
    )
    ground = frame.bottom - last
    scale = _scale(sheet, data, frame)
    axes = rows_panel(sheet, scale, ground, frame.top)
    scale_below(sheet, axes, scale, data.reads, grid_top=frame.top)
    axes.plot(
        [data.base] * 2,
        [ground, frame.top],
        color=INK,
        linewidth=1.3 * sheet.pen,
        zorder=5,
        gid="base",
    )
    axes.plot(
        [scale.low, scale.high], [frame.bottom] * 2, color=GRID, linewidth=1.0 * sheet.pen, zorder=1
    )
    for row, mover in enumerate(data.movers[: frame.rows]):
        height, middle = min(0.64 * frame.pitch, 1.6 * size), frame.middle(row)
        parts = [("low", mover.low, LIGHT), ("high", mover.high, BLUE)]
        for end, value, fill in sorted(parts, key=lambda part: -abs(part[1] - data.base)):
            bar(sheet, axes, data.base, value, middle, height, fill, f"{mover.name} {end}", BLUE)
        write_label(sheet, frame, middle, mover.title)
        _ends(sheet, scale, mover.span(data.base), middle, mover.sided())
    middle = frame.bottom - 0.52 * last
    bar(sheet, axes, *data.together, middle, 0.95 * size, GREY, "together")
    write_label(sheet, frame, middle, together)
    _ends(sheet, scale, data.together, middle, _together_words(data, sheet.small))
    _columns(sheet, data, frame, scale, middle)
    return frame.rows


def _together_words(data: Tornado, small: bool = False) -> tuple[str, str]:
    """Words at the ends of the bar of all inputs together."""
    low, high = data.reads.labels(data.together)
    return (low, high) if small else (f"P10 {low}", f"P90 {high}")


def _scale(sheet: Sheet, data: Tornado, frame: Frame) -> Scale:
    """Scale with room for the words at the bar ends."""
    rows = [(mover.span(data.base), mover.sided()) for mover in data.movers[: frame.rows]]
    rows.append((data.together, _together_words(data, sheet.small)))
    spans = [(*span, *(sheet.width_of(word, SMALL) for word in words)) for span, words in rows]
    spans.append((data.base, data.base, 0.0, 0.0))
    return scale_with_words(spans, frame.left, frame.right, 0.35 * sheet.page.font)


def _ends(
    sheet: Sheet, scale: Scale, span: tuple[float, float], middle: float, words: tuple[str, str]
) -> None:
    """Write the words at both ends of a bar."""
    gap = 0.45 * sheet.page.font
    sheet.words(
        scale.at(span[0]) - gap, middle, words[0], SMALL, align="right", gid="end", mask=True
    )
    sheet.words(scale.at(span[1]) + gap, middle, words[1], SMALL, gid="end", mask=True)


def _columns(sheet: Sheet, data: Tornado, frame: Frame, scale: Scale, last: float) -> None:
    """Write the swing column and, over its line, the base."""
    right = sheet.page.width - sheet.margin
    above = frame.top + 0.95 * sheet.page.font
    sheet.words(right, above, "swing", color=MUTED, align="right", gid="swing head")
    heights = [frame.middle(row) for row in range(frame.rows)] + [last]
    for y, text in zip(heights, [*data.swings[: frame.rows], data.swings[-1]], strict=True):
        sheet.words(right, y, text, align="right", gid="swing")
    text = f"base {data.reads.labels([data.base, *data.together])[0]}"
    half = sheet.width_of(text, strong=True) / 2
    x = min(max(scale.at(data.base), frame.left + half), frame.right - half)
    sheet.words(x, above, text, strong=True, align="center", gid="base label")


def _alt(finding: str, data: Tornado) -> str:
    """Text for readers who cannot see the figure."""
    base = data.reads.text(data.base)
    top = "; ".join(
        f"{mover.label} ({' to '.join(mover.words)}): swing {swing}"
        for mover, swing in zip(data.movers[:3], data.swings, strict=False)
    )
    low, high = _together_words(data)
    return f"Tornado. {finding}. Base {base}. Largest: {top}. {_ALL}: {low} to {high}."

"""A figure measured in points: words with known widths, a header, a footer, and a panel between."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from itertools import accumulate
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg, RendererAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text
from matplotlib.transforms import Affine2D

from risk.plots.style import DPI, INK, MUTED, SIZES, font

TITLE, BODY, SMALL, FOOT = 1.3, 1.0, 0.86, 0.72  # type sizes, in body sizes
LEADING = 1.34  # line height, in type sizes: no less than ascent and descent
_CAPITAL = 0.33  # half the height of a capital, in type sizes


class Sheet(Figure):
    """Figure in the house style, with what it says in words.

    Attributes
    ----------
    finding, alt, run_id, made_by : str
        Title; text for readers who cannot see it; study it shows; program and version. They are
        written into the saved file.
    """

    def __init__(self, size: str = "word") -> None:
        if size not in SIZES:
            raise ValueError(f"Expected `size` to be one of {', '.join(SIZES)}, got {size!r}.")
        self.page = SIZES[size]
        super().__init__(figsize=(self.page.width / 72, self.page.height / 72), dpi=DPI)
        self._agg = FigureCanvasAgg(self)
        self.points = Affine2D().scale(1 / 72) + self.dpi_scale_trans
        self.margin = 0.9 * self.page.font
        self.pen = self.page.font / 9  # line widths grow with the type
        self.small = size == "half"  # shorter words, fewer of them
        self.finding = self.alt = self.run_id = self.made_by = ""

    @property
    def inner_width(self) -> float:
        """Width between the margins, in points."""
        return self.page.width - 2 * self.margin

    def width_of(self, text: str, relative: float = BODY, strong: bool = False) -> float:
        """Width of a text in points, at a type size relative to the body's."""
        return _width(text, relative * self.page.font, strong)

    def words(
        self,
        x: float,
        y: float,
        text: str,
        relative: float = BODY,
        *,
        color: str = INK,
        strong: bool = False,
        align: str = "left",
        gid: str | None = None,
        mask: bool = False,
    ) -> Text:
        """Write a text whose capitals are centred on height `y`; both in points from below left.

        A masked text hides the lines that pass behind it.
        """
        size = relative * self.page.font
        box = {"facecolor": "white", "edgecolor": "none", "pad": 0.12 * size} if mask else None
        return self.text(
            x,
            y - _CAPITAL * size,
            text,
            transform=self.points,
            fontproperties=font(size, strong),
            color=color,
            ha=align,
            va="baseline",
            gid=gid,
            bbox=box,
            parse_math=False,
            zorder=6,
        )

    def wrap(
        self,
        text: str,
        width: float,
        relative: float = BODY,
        *,
        strong: bool = False,
        lines: int = 2,
    ) -> list[str]:
        """Break a text into lines of about equal length; what does not fit ends in "…"."""
        size = relative * self.page.font
        found = _greedy(text.split(" "), width, size, strong)
        if len(found) > lines:
            rest = _shorten(" ".join(found[lines - 1 :]), width, size, strong)
            return [_shorten(line, width, size, strong) for line in found[: lines - 1]] + [rest]
        for narrower in (0.55, 0.65, 0.75, 0.85, 0.93):
            even = _greedy(text.split(" "), narrower * width, size, strong)
            if len(even) == len(found) > 1 and all(
                _width(line, size, strong) <= width for line in even
            ):
                return even
        return [_shorten(line, width, size, strong) for line in found]

    def header(self, finding: str, subtitle: str, short: str) -> float:
        """Write title and subtitle; the height that is left below them, in points.

        `short` is the subtitle of a small page.
        """
        self.finding = finding
        y = self.page.height - 0.45 * self.margin
        for text, relative, color, strong, gid in (
            (finding, 1.15 if self.small else TITLE, INK, True, "title"),
            (short if self.small else subtitle, 1.04 * BODY, MUTED, False, "subtitle"),
        ):
            step = LEADING * relative * self.page.font
            for line in self.wrap(text, self.inner_width, relative, strong=strong):
                y -= step
                middle = y + 0.38 * step
                self.words(self.margin, middle, line, relative, color=color, strong=strong, gid=gid)
            y -= 0.15 * self.page.font
        return y

    @property
    def key_height(self) -> float:
        """Height that the key takes, in points."""
        return LEADING * self.page.font

    def key(self, entries: Iterable[tuple[str, str, str]], top: float) -> None:
        """Write coloured squares and their words below a height: fill, edge and words of each."""
        y = top - self.key_height + 0.45 * self.page.font
        x, side = self.margin, 0.72 * self.page.font
        for fill, edge, text in entries:
            self.square(x, y, side, fill, edge)
            self.words(x + 1.5 * side, y, text, SMALL, color=MUTED, gid="key")
            x += 1.5 * side + self.width_of(text, SMALL) + 1.8 * self.page.font

    def square(self, x: float, y: float, side: float, fill: str, edge: str) -> None:
        """Draw a square of the key, its left side at `x`, centred on height `y`."""
        corner = (x, y - side / 2)
        patch = Rectangle(
            corner, side, side, facecolor=fill, edgecolor=edge, linewidth=0.6 * self.pen
        )
        patch.set_transform(self.points)
        self.add_artist(patch)

    def footer_height(self, provenance: str, notes: Sequence[str] = ()) -> float:
        """Height that a footer takes, in points."""
        lines = sum(len(self._filled(text)) for text in (provenance, *notes))
        return 0.55 * self.margin + lines * LEADING * FOOT * self.page.font

    def footer(self, provenance: str, notes: Sequence[str] = ()) -> None:
        """Write the notes and, under them, where the numbers come from."""
        step = LEADING * FOOT * self.page.font
        lines = [(line, "note") for note in notes for line in self._filled(note)]
        lines += [(line, "footer") for line in self._filled(provenance)]
        y = 0.55 * self.margin + len(lines) * step
        for line, gid in lines:
            y -= step
            self.words(self.margin, y + 0.45 * step, line, FOOT, color=MUTED, gid=gid)

    def _filled(self, text: str) -> list[str]:
        """Lines of a small text."""
        return self.wrap(text, self.inner_width, FOOT, lines=2)

    def panel(self, left: float, bottom: float, right: float, top: float) -> Axes:
        """Bare axes in a rectangle given in points: no frame, no ticks, no margins."""
        if right - left < self.page.font or top - bottom < self.page.font:
            raise ValueError("Expected room for the chart, got none. Use a larger `size`.")
        wide, high = self.page.width, self.page.height
        axes = self.add_axes(
            (left / wide, bottom / high, (right - left) / wide, (top - bottom) / high)
        )
        axes.set_axis_off()
        return axes


@cache
def _ruler() -> Any:  # matplotlib does not type its renderers
    """A renderer that only measures."""
    renderer: Any = RendererAgg
    return renderer(8, 8, DPI)


@lru_cache(maxsize=4096)
def _width(text: str, size: float, strong: bool) -> float:
    """Width of a text in points."""
    return (
        float(_ruler().get_text_width_height_descent(text, font(size, strong), False)[0]) * 72 / DPI
    )


def _greedy(words: Sequence[str], width: float, size: float, strong: bool) -> list[str]:
    """Lines filled one after the other."""
    lines = []
    while words:
        count = _fitting(words, width, size, strong)
        lines.append(" ".join(words[:count]))
        words = words[count:]
    return lines


def _fitting(words: Sequence[str], width: float, size: float, strong: bool) -> int:
    """How many of the words one line takes, at least one."""

    def fits(number: int) -> bool:
        return _width(" ".join(words[:number]), size, strong) <= width

    # Lines are slow to measure: words, whose widths are known soon, tell the number nearly.
    space = _width("a a", size, strong) - 2 * _width("a", size, strong)
    ends = [*accumulate(_width(word, size, strong) + space for word in words)]
    count = max(1, bisect(ends, width + space))
    while count < len(words) and fits(count + 1):
        count += 1
    while count > 1 and not fits(count):
        count -= 1
    return count


def _shorten(text: str, width: float, size: float, strong: bool) -> str:
    """The text, cut to the width with "…" if it must be."""
    if _width(text, size, strong) <= width:
        return text
    room = bisect(range(len(text)), width, key=lambda n: _width(text[: n + 1] + "…", size, strong))
    return text[:room].rstrip() + "…"

"""House style: palette, sizes, fonts, and the settings a figure is made under."""

from __future__ import annotations

from contextlib import AbstractContextManager
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import matplotlib
from matplotlib import font_manager

INK = "#1B2733"  # titles, numbers, lines that carry a value
MUTED = "#5B6875"  # subtitles, ticks, footers
GRID = "#DDE2E7"
BLUE = "#1F5FA8"  # input high, first order, up
LIGHT = "#9DBFE6"  # input low, total effect
ORANGE = "#C8700F"  # down, loss
TOTAL = "#5A6472"
GREY = "#B9C2CC"  # everything together; what cannot be told from nothing

DPI = 220


class Size(NamedTuple):
    """Width and height of a figure and its body type, in points (1/72 inch)."""

    width: float
    height: float
    font: float


SIZES = {
    "word": Size(6.5 * 72, 4.1 * 72, 9.0),
    "half": Size(3.1 * 72, 2.4 * 72, 8.0),
    "slide": Size(12.3 * 72, 5.8 * 72, 15.0),
}

_HOUSE: dict[Any, Any] = {
    "text.parse_math": False,  # two $ in one text are money, not mathematics
    "text.usetex": False,
    "svg.hashsalt": "risk",  # the same ids, so the same bytes, in every run
    "svg.fonttype": "path",  # looks the same where the font is not installed
    "path.simplify": True,
    "lines.solid_capstyle": "butt",
    "patch.linewidth": 0.0,
}


def house_style() -> AbstractContextManager[None]:
    """Settings under which a figure is drawn and saved; the caller's come back afterwards.

    A caller's own style sheet must not leak into a figure: it is reset first.
    """
    defaults = {
        key: value
        for key, value in matplotlib.rcParamsDefault.items()
        if key.split(".")[0] in {"text", "svg", "path", "lines", "patch", "axes", "figure",
                                 "savefig", "font", "hatch", "markers", "agg"}
    }  # fmt: skip
    return matplotlib.rc_context(defaults | _HOUSE)


@cache
def _families() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Families of the regular and the strong face, bundled ones first.

    matplotlib looks a missing glyph up in the next family of the list: DejaVu Sans, which comes
    with it, has nearly all. The semi-bold face is a family of its own.
    """
    regular, strong = ["DejaVu Sans"], ["DejaVu Sans"]
    folder = resources.files(__package__) / "fonts"
    files = [file for file in folder.iterdir() if file.name.endswith(".ttf")]
    for file in sorted(files, key=lambda file: file.name) if folder.is_dir() else []:
        with resources.as_file(file) as path:
            font_manager.fontManager.addfont(str(path))
            name = font_manager.fontManager.ttflist[-1].name
        (strong if "bold" in file.name.lower() else regular).insert(0, name)
    return tuple(regular), tuple(strong)


@cache
def font(points: float, strong: bool = False) -> font_manager.FontProperties:
    """The face of the house at a size in points."""
    families = _families()[strong]
    weight = "bold" if strong and len(families) == 1 else "normal"
    return font_manager.FontProperties(family=list(families), size=points, weight=weight)

"""Figures as files: PNG and SVG that say what they show, the same bytes for the same study."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import xarray as xr
from PIL import Image

from risk.plots.bridge import draw_bridge
from risk.plots.distribution import draw_distribution
from risk.plots.reading import outcomes
from risk.plots.sheet import Sheet
from risk.plots.sobol import draw_sobol
from risk.plots.style import DPI, house_style
from risk.plots.tornado import draw_tornado

_KINDS: tuple[tuple[str, str, Callable[..., Sheet], tuple[str, ...]], ...] = (
    # kind of figure, group of the study, function, outcomes of the profit model that it shows
    ("tornado", "tornado", draw_tornado, ("revenue_gap", "profit_gap")),
    ("distribution", "risk", draw_distribution, ("real_revenue", "gross_profit")),
    ("sobol", "sobol", draw_sobol, ("revenue_gap", "profit_gap")),
    ("bridge", "bridge", draw_bridge, ("real_revenue", "gross_profit")),
)
_FIRST = 3  # outcomes of another model


def save_figures(study: xr.DataTree, directory: str | Path, size: str = "word") -> list[Path]:
    """Draw the figures of a study into a directory, each as PNG and SVG.

    For the profit model these are the tornado and the Sobol' indices of both gaps, and the
    distribution and the bridge of real revenue and gross profit; for another model, each kind for
    its first outcomes that vary. A kind of which the study has no numbers is left out.

    Parameters
    ----------
    study : xarray.DataTree
    directory : path
        Made if it is not there.
    size : {"word", "half", "slide"}

    Returns
    -------
    list of pathlib.Path
        The files, in the order of the figures.
    """
    folder = Path(directory)
    folder.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for stem, draw, outcome in _wanted(study):
        sheet = draw(study, outcome, size=size)
        paths += [save_figure(sheet, folder / f"{stem}.{kind}") for kind in ("png", "svg")]
    return paths


def _wanted(study: xr.DataTree) -> Iterator[tuple[str, Callable[..., Sheet], str]]:
    """File stem, function and outcome of every figure that the study has numbers for."""
    varying = _varying(study)
    for kind, name, draw, preferred in _KINDS:
        if name not in study.children:
            continue
        known = [outcome for outcome in outcomes(study, name) if outcome in varying]
        chosen = [outcome for outcome in preferred if outcome in known] or known[:_FIRST]
        for outcome in chosen:
            yield f"{kind}_{re.sub(r'[^A-Za-z0-9_-]+', '_', outcome)}", draw, outcome


def _varying(study: xr.DataTree) -> set[str]:
    """Outcomes that are not the same in every draw."""
    data = study["draws"].to_dataset()
    names = [name for name in data.data_vars if data[name].attrs.get("role") == "outcome"]
    return {str(name) for name in names if data[name].values.min() < data[name].values.max()}


def save_figure(sheet: Sheet, path: str | Path) -> Path:
    """Save one figure as the PNG or SVG that the name of the file says.

    The file carries the finding as its title, the alternative text, the run id and the version.

    Raises
    ------
    ValueError
        The name ends in neither ``.png`` nor ``.svg``.
    """
    file = Path(path)
    if file.suffix not in (".png", ".svg"):
        raise ValueError(f"Expected `path` to end in .png or .svg, got {file.name!r}. Rename it.")
    with house_style():
        file.write_bytes(_png(sheet) if file.suffix == ".png" else _svg(sheet))
    return file


def _png(sheet: Sheet) -> bytes:
    """The figure as PNG, with its words in text chunks."""
    metadata = {
        "Title": sheet.finding,
        "Description": sheet.alt,
        "Source": f"run {sheet.run_id}",
        "Software": sheet.made_by,
    }
    buffer = io.BytesIO()
    sheet.savefig(buffer, format="png", dpi=DPI, metadata=metadata)
    return buffer.getvalue()


def _svg(sheet: Sheet) -> bytes:
    """The figure as SVG, with its words where screen readers look for them."""
    metadata = {
        "Title": sheet.finding,
        "Description": sheet.alt,
        "Source": f"run {sheet.run_id}",
        "Creator": sheet.made_by,
        "Date": None,
    }
    buffer = io.StringIO()
    sheet.savefig(buffer, format="svg", metadata=metadata)
    text = buffer.getvalue().replace("<svg ", '<svg role="img" ', 1)
    title, tag, rest = text.partition("</title>")
    return f"{title}{tag}\n <desc>{escape(sheet.alt)}</desc>{rest}".encode()


def figure_run_id(path: str | Path) -> str | None:
    """Run id that a saved figure carries; None if it carries none."""
    file = Path(path)
    if file.suffix == ".svg":
        found = re.search(r"<dc:source>run (\w+)</dc:source>", file.read_text(encoding="utf-8"))
        return found.group(1) if found else None
    with Image.open(file) as image:
        source = str(image.info.get("Source", ""))
    return source.removeprefix("run ") if source.startswith("run ") else None

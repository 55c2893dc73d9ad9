"""Saved figures: the files there are, their words, their bytes."""

from __future__ import annotations

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from PIL import Image

from risk.plots import (
    draw_bridge,
    draw_distribution,
    draw_sobol,
    figure_run_id,
    save_figure,
    save_figures,
)

NAMES = ["tornado_revenue_gap", "tornado_profit_gap", "distribution_real_revenue",
         "distribution_gross_profit", "sobol_revenue_gap", "sobol_profit_gap",
         "bridge_real_revenue", "bridge_gross_profit"]  # fmt: skip


ANOTHER = """
import runpy, sys
from risk.plots import draw_sobol, save_figure
sheet = draw_sobol(runpy.run_path(sys.argv[1])["make_study"](), "revenue_gap")
for kind in ("png", "svg"):
    save_figure(sheet, f"{sys.argv[2]}/sobol_revenue_gap.{kind}")
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """Folder and process that draws a figure into it, while this one draws them all."""
    folder = tmp_path_factory.mktemp("elsewhere")
    conftest = Path(__file__).with_name("conftest.py")
    command = [sys.executable, "-c", ANOTHER, str(conftest), str(folder)]
    with subprocess.Popen(command, cwd=Path(__file__).parents[2]) as process:
        yield folder, process


@pytest.fixture(scope="module")
def saved(study, tmp_path_factory, elsewhere):
    return save_figures(study, tmp_path_factory.mktemp("figures") / "new")


def test_the_figures_of_the_profit_model(saved):
    assert [path.name for path in saved] == [
        f"{n}.{kind}" for n in NAMES for kind in ("png", "svg")
    ]
    assert all(path.stat().st_size > 20_000 for path in saved)


def test_same_study_same_bytes(saved, study, tmp_path):
    for draw, outcome in ((draw_distribution, "gross_profit"), (draw_bridge, "real_revenue")):
        sheet = draw(study, outcome)
        for first in saved:
            if first.stem == f"{draw.__name__.removeprefix('draw_')}_{outcome}":
                again = save_figure(sheet, tmp_path / first.name)
                assert again.read_bytes() == first.read_bytes(), first.name
    assert len(list(tmp_path.iterdir())) == 4


def test_same_bytes_in_another_process(saved, elsewhere):
    folder, process = elsewhere
    assert process.wait(timeout=60) == 0
    for other in folder.iterdir():
        (first,) = [each for each in saved if each.name == other.name]
        assert other.read_bytes() == first.read_bytes()
    assert len(list(folder.iterdir())) == 2


def test_png_carries_its_words(saved, sheet_of):
    sheet = sheet_of(draw_sobol, "revenue_gap")
    (path,) = [each for each in saved if each.name == "sobol_revenue_gap.png"]
    with Image.open(path) as image:
        assert image.size == (1430, 902)
        assert image.info["Title"] == sheet.finding
        assert image.info["Description"] == sheet.alt
        assert image.info["Source"] == "run 7f3a9c21b0de"
        assert image.info["Software"] == "risk 0.1.0"
    assert sheet.alt == (
        f"Sobol’ indices. {sheet.finding}. Interaction 9%. Largest: Paid user share 83% in total, "
        "79% on its own; Output per input of paying users 9% in total, 6% on its own; Premium "
        "share 7% in total, 4% on its own."
    )


def test_svg_carries_its_words(saved, sheet_of):
    sheet = sheet_of(draw_sobol, "revenue_gap")
    (path,) = [each for each in saved if each.name == "sobol_revenue_gap.svg"]
    root = ET.parse(path).getroot()
    space = "{http://www.w3.org/2000/svg}"
    assert root.get("role") == "img"
    assert root.findtext(f"{space}title") == sheet.finding
    assert root.findtext(f"{space}desc") == sheet.alt
    text = path.read_text(encoding="utf-8")
    assert "<dc:source>run 7f3a9c21b0de</dc:source>" in text
    assert "<dc:date>" not in text
    assert "risk 0.1.0" in text


def test_every_file_names_its_run(saved, tmp_path):
    assert {figure_run_id(path) for path in saved} == {"7f3a9c21b0de"}
    Image.new("RGB", (4, 4)).save(tmp_path / "other.png")
    (tmp_path / "other.svg").write_text("<svg/>", encoding="utf-8")
    assert figure_run_id(tmp_path / "other.png") is None
    assert figure_run_id(tmp_path / "other.svg") is None


def test_only_png_and_svg(study, tmp_path):
    with pytest.raises(ValueError, match=re.escape("to end in .png or .svg, got 'a.jpg'. Rename")):
        save_figure(draw_sobol(study, "revenue_gap"), tmp_path / "a.jpg")


def own_study():
    """A study of a two-input model of the user's own, with one replicate and no bridge."""
    rng = np.random.default_rng(0)
    x = {"x1": rng.normal(size=(1, 256)), "x 2": rng.uniform(size=(1, 256))}
    y = {"y (z)": x["x1"] * 3 + x["x 2"], "k": np.ones((1, 256))}
    variables = {
        name: (("replicate", "draw"), value, {"units": "kg", "role": role})
        for role, group in (("input", x), ("outcome", y))
        for name, value in group.items()
    }
    outcomes, inputs = list(y), list(x)
    ends, spread = np.tile([-1.2, 1.3], (2, 1)), np.tile([-3.0, 4.0], (2, 1))
    value = np.array([[[-3.0, 4.0], [0.1, 0.9]], [[1.0, 1.0], [1.0, 1.0]]])
    dims = ("outcome", "input")
    tornado = xr.Dataset(
        {"value": ((*dims, "end"), value), "input_value": (("input", "end"), ends),
         "state": (("input", "end"), np.full((2, 2), "")), "base": ("outcome", [0.5, 1.0]),
         "monotone": (dims, np.ones((2, 2), bool)), "together": (("outcome", "end"), spread)},
        {"outcome": outcomes, "input": inputs, "end": ["low", "high"],
         "input_label": ("input", inputs), "input_units": ("input", ["kg", "1"])},
    )  # fmt: skip
    probability = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
    flat = [value.ravel() for value in y.values()]
    risk = xr.Dataset(
        {"mean": ("outcome", [v.mean() for v in flat]),
         "standard_deviation": ("outcome", [v.std() for v in flat]),
         "skewness": ("outcome", [0.1, 0.0]),
         "quantile": (("outcome", "probability"), [np.quantile(v, probability) for v in flat]),
         "expected_shortfall": (("outcome", "tail"), [[5.0], [-1.0]]),
         "probability_of_loss": ("outcome", [0.4, 0.0])},
        {"outcome": outcomes, "probability": probability, "tail": [0.05]},
    )  # fmt: skip
    tree = xr.DataTree.from_dict({"/draws": xr.Dataset(variables), "/tornado": tornado,
                                  "/risk": risk})  # fmt: skip
    tree.attrs = {"title": "My own", "run_id": "0123456789ab", "seed": 0, "replicates": 1,
                  "draws": 256, "versions": "not JSON"}  # fmt: skip
    return tree


def test_a_model_of_the_users_own(tmp_path):
    paths = save_figures(own_study(), str(tmp_path))
    stems = [f"{kind}_y_z_.{ending}" for kind in ("tornado", "distribution")
             for ending in ("png", "svg")]  # fmt: skip
    assert [path.name for path in paths] == stems
    with Image.open(paths[0]) as image:
        assert image.info["Software"] == "risk"

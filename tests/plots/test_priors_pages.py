"""Pages of the sheet of priors, and their files."""

from __future__ import annotations

from datetime import date

import pytest
from matplotlib.text import Text
from PIL import Image

import risk
from risk.analysis.beliefs import beliefs
from risk.experts import Expert
from risk.families import normal
from risk.plots.prior_reading import read_panels
from risk.plots.priors import draw_priors, save_priors

TODAY = date(2026, 11, 23)


def prior(distribution=None, unit="1", **about):
    return risk.Prior(distribution, unit=unit, source="Price list", **about)


def texts(sheet, gid):
    return [t.get_text() for t in sheet.findobj(Text) if t.get_gid() == gid]


@pytest.mark.parametrize("pages", [1, 2, 3])
def test_pages_hold_eighteen_priors_at_most(pages) -> None:
    inputs = {f"x{k}": prior(normal(0.0, 1.0)) for k in range(18 * pages)}
    sheets = draw_priors(beliefs(risk.Priors(inputs), TODAY))
    assert len(sheets) == pages
    assert all(len(texts(sheet, "label")) == 18 for sheet in sheets)
    assert max(sheet.page.height for sheet in sheets) <= 9 * 72
    assert {sheet.page.width for sheet in sheets} == {6.5 * 72}


def test_tall_panels_take_another_page() -> None:
    """Every label takes two lines, and every key of three experts as many as it may."""
    who = [f"Somebody who says very much about the {k} thing" for k in ("first", "other", "last")]
    law = prior(
        experts=[Expert(name, normal(float(k), 1.0)) for k, name in enumerate(who)],
        label="A label that says so much that it takes two lines of its panel",
    )
    sheets = draw_priors(beliefs(risk.Priors({f"x{k}": law for k in range(18)}), TODAY))
    assert len(sheets) == 2
    assert max(sheet.page.height for sheet in sheets) <= 9 * 72


@pytest.mark.parametrize("case", ["deepseek_2026_11", "subscription_lab", "api_lab"])
def test_no_text_of_a_shipped_case_touches_another(case, root, clashes) -> None:
    priors = risk.read_priors(root / "priors" / f"{case}.toml")
    sheets = draw_priors(beliefs(priors, TODAY))
    assert [clashes(sheet) for sheet in sheets] == [[] for _ in sheets]
    assert max(sheet.page.height for sheet in sheets) <= 9 * 72


def test_the_main_case_is_one_page_without_clashes(main_priors, clashes) -> None:
    (sheet,) = draw_priors(beliefs(main_priors, TODAY))
    assert clashes(sheet) == []
    whole = [panel.reads.label for panel in read_panels(beliefs(main_priors, TODAY))]
    assert " ".join(texts(sheet, "label")) == " ".join(whole)
    assert sheet.page.height <= 9 * 72


def test_files_are_the_pages_and_older_ones_go(tmp_path) -> None:
    few = beliefs(risk.Priors({"x": prior(normal(0.0, 1.0))}, case="few"), TODAY)
    many = beliefs(risk.Priors({f"x{k}": prior(normal(0.0, 1.0)) for k in range(19)}), TODAY)
    folder = tmp_path / "runs" / "few"
    names = [path.name for path in save_priors(many, folder)]
    assert names == ["priors_1.png", "priors_1.svg", "priors_2.png", "priors_2.svg"]
    (folder / "priors_notes.txt").write_text("mine")
    paths = save_priors(few, folder, made_by="risk 0.1.0")
    assert [path.name for path in paths] == ["priors.png", "priors.svg"]
    assert {path.name for path in folder.iterdir()} == {
        "priors.png", "priors.svg", "priors_notes.txt"
    }  # fmt: skip
    again = [path.read_bytes() for path in paths]
    assert [path.read_bytes() for path in save_priors(few, folder, made_by="risk 0.1.0")] == again
    with Image.open(paths[0]) as image:
        assert image.info["Title"] == "The prior has a source"
    assert "<desc>Priors. The prior has a source." in paths[1].read_text("utf-8")


def test_nothing_uncertain_is_refused() -> None:
    with pytest.raises(ValueError, match="Expected an uncertain input at least, got none"):
        draw_priors(beliefs(risk.Priors({"x": prior(1.0)}), TODAY))

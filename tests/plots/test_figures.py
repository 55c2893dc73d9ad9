"""Every figure: nothing collides, nothing leaks, its words are text, its errors say why."""

from __future__ import annotations

import re

import matplotlib as mpl
import pytest
import xarray as xr
from matplotlib.text import Text

from risk.plots import draw_bridge, draw_distribution, draw_sobol, draw_tornado, style

DRAWN = [
    (draw_tornado, ("revenue_gap", "profit_gap", "revenue_capture")),
    (draw_distribution, ("real_revenue", "gross_profit", "revenue_capture")),
    (draw_sobol, ("revenue_gap", "profit_gap")),
    (draw_bridge, ("real_revenue", "gross_profit")),
]
EVERY = [(draw, outcome) for draw, names in DRAWN for outcome in names]
LAST = [(draw, names[-1]) for draw, names in DRAWN]  # one of each kind
SIZED = [(*each, "word") for each in EVERY] + [
    (*each, size) for each in LAST for size in ("half", "slide")
]


def found(sheet, gid):
    """Artists of a figure by gid."""
    return sheet.findobj(lambda artist: artist.get_gid() == gid)


def texts(sheet, gid):
    return [text.get_text() for text in found(sheet, gid) if isinstance(text, Text)]


@pytest.mark.parametrize(("draw", "outcome", "size"), SIZED)
def test_no_text_leaves_the_page_or_meets_another(sheet_of, draw, outcome, size, clashes):
    sheet = sheet_of(draw, outcome, size)
    assert clashes(sheet) == []
    assert tuple(sheet.get_size_inches() * 72) == pytest.approx(style.SIZES[size][:2])


@pytest.mark.parametrize(("draw", "outcome"), LAST)
def test_footer_and_title(sheet_of, draw, outcome):
    sheet = sheet_of(draw, outcome)
    assert " ".join(texts(sheet, "footer")) == (
        "DeepSeek V3/R1, February 2025 · run 7f3a9c21b0de · 4,096 draws (8×512 scrambled Sobol’) "
        "· seed 545 · priors deepseek_2025_02 · risk 0.1.0"
    )
    assert " ".join(texts(sheet, "title")) == sheet.finding
    assert sheet.finding in sheet.alt
    assert sheet.run_id == "7f3a9c21b0de"


def test_settings_of_the_caller_neither_leak_in_nor_out(study):
    plain = clean_bytes(draw_tornado(study, "revenue_gap"))
    with mpl.rc_context({"text.color": "red", "lines.linewidth": 9, "font.size": 30,
                         "text.parse_math": True, "figure.facecolor": "black"}):  # fmt: skip
        before = dict(mpl.rcParams)
        sheet = draw_tornado(study, "revenue_gap")
        assert dict(mpl.rcParams) == before
        assert clean_bytes(sheet) == plain


def clean_bytes(sheet):
    sheet.canvas.draw()
    return bytes(sheet.canvas.buffer_rgba())


def test_dollars_are_money_not_mathematics(sheet_of):
    sheet = sheet_of(draw_tornado, "revenue_gap")
    assert not any(text.get_parse_math() for text in sheet.texts)


@pytest.mark.parametrize(("draw", "outcome"), LAST)
def test_without_the_bundled_fonts(study, draw, outcome, monkeypatch, clashes):
    monkeypatch.setattr(style, "_families", lambda: (("DejaVu Sans",), ("DejaVu Sans",)))
    caches = [style.font, __import__("risk.plots.sheet", fromlist=["_width"])._width]
    for each in caches:
        each.cache_clear()
    assert clashes(draw(study, outcome)) == []
    for each in caches:
        each.cache_clear()


def test_the_bundled_fonts_come_first():
    regular, strong = style.font(9.0), style.font(9.0, True)
    assert regular.get_family() == ["Source Sans 3", "DejaVu Sans"]
    assert strong.get_family()[0] == "Source Sans 3 Semibold"
    assert strong.get_family()[-1] == "DejaVu Sans"


def test_hostile_labels_are_text(study, clashes):
    long = "A very long label $x^2$ <b>of</b> an input that nobody would\nwrite \x00 " * 4

    def rename(labels):
        labels = labels.astype(object)
        labels[10] = long
        return labels.astype(str)

    data = study["tornado"].to_dataset()
    data = data.assign_coords(input_label=("input", rename(data["input_label"].values)))
    groups = {name: study[name].to_dataset() for name in study.children} | {"tornado": data}
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = dict(study.attrs)
    for size in ("word", "half"):
        sheet = draw_tornado(tree, "revenue_gap", size)
        assert clashes(sheet) == []
        assert not any("\x00" in text.get_text() or "\n" in text.get_text() for text in sheet.texts)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda s: draw_tornado(s, "revenue_gab"),
         "Expected `outcome` of `tornado` to be one of theoretical_revenue, real_revenue, "
         "revenue_gap, revenue_capture, inference_cost, gross_profit, profit_gap, got "
         "'revenue_gab'. Did you mean 'revenue_gap'?"),
        (lambda s: draw_tornado(s, "theoretical_revenue"),
         "Expected an `outcome` that some input moves, got 'theoretical_revenue', which none"),
        (lambda s: draw_distribution(s, "theoretical_revenue"),
         "Expected an `outcome` that varies, got 'theoretical_revenue', which is $562k in every"),
        (lambda s: draw_sobol(s, "theoretical_revenue"),
         "Expected an `outcome` with Sobol' indices, got 'theoretical_revenue' of status "
         "'constant': there is no variance to share out. Draw another outcome."),
        (lambda s: draw_bridge(s, "revenue_gap"),
         "Expected `outcome` of `bridge` to be one of real_revenue, gross_profit, got"),
        (lambda s: draw_tornado(s, "revenue_gap", "poster"),
         "Expected `size` to be one of word, half, slide, got 'poster'."),
        (lambda s: draw_tornado(s.filter(lambda node: node.name != "tornado"), "revenue_gap"),
         "Expected a study with `tornado`, got one with bridge, draws, risk, sobol. Run"),
    ],
)  # fmt: skip
def test_errors_say_what_to_do(study, call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call(study)

"""Levers: what is drawn are the numbers of the scenarios, and nothing collides."""

from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from risk.memo.formats import number
from risk.plots import draw_levers, figure_run_id, save_figure, style

TOGETHER = "all of them together"
ROWS = {  # scenario: difference, half its interval, probability of a loss
    "night discounts ended": (12_834.0, 3.0, 0.71),
    "web and app charged": (227_044.0, 15.0, 0.018),
    "a lever that does nothing to speak of": (2.0, 9.0, 0.77),
    "idle nodes not reused": (-6_302.0, 6.0, 0.8),
    TOGETHER: (263_708.0, 17.0, 0.004),
}


def make_effects(rows=ROWS, outcome="gross_profit"):
    difference, half, loss = (column[:, None] for column in np.array(list(rows.values())).T)
    by = ("scenario", "outcome")
    return xr.Dataset(
        {
            "difference": (by, difference),
            "difference_interval": (
                (*by, "bound"), np.stack([difference - half, difference + half], axis=-1)),
            "probability_of_loss": (by, loss),
        },
        {"scenario": list(rows), "outcome": [outcome], "bound": ["lower", "upper"]},
    )  # fmt: skip


@pytest.fixture(scope="module")
def sheet(study):
    return draw_levers(study, make_effects(), "gross_profit", together=TOGETHER, notes=["A note"])


def found(sheet, gid):
    return sheet.findobj(lambda artist: artist.get_gid() == gid)


def texts(sheet, gid):
    return [text.get_text() for text in found(sheet, gid) if isinstance(text, Text)]


def shown(name):
    return name[:1].upper() + name[1:]


def test_bars_and_whiskers_are_the_stored_numbers(sheet):
    colors = {}
    for name, (difference, half, _) in ROWS.items():
        (bar,) = found(sheet, f"{shown(name)} bar")
        assert (bar.get_x(), bar.get_width()) == (0.0, difference)
        (whisker,) = found(sheet, f"{shown(name)} interval")
        assert list(whisker.get_xdata()) == [difference - half, difference + half]
        colors[name] = mpl.colors.to_hex(bar.get_facecolor()).upper()
    up, nothing, down = style.BLUE, style.GREY, style.ORANGE
    assert list(colors.values()) == [up, up, nothing, down, up]


def test_rows_are_sorted_and_the_one_together_is_last_under_a_rule(sheet):
    names = sorted(ROWS, key=lambda name: -abs(ROWS[name][0]))
    names = [*names[1:], names[0]]
    assert names[-1] == TOGETHER
    heights = [found(sheet, f"{shown(name)} bar")[0].get_y() for name in names]
    assert heights == sorted(heights, reverse=True)
    (rule,) = found(sheet, "rule")
    assert heights[-1] < rule.get_ydata()[0] < heights[-2]
    assert texts(sheet, "amount") == ["+$227k", "+$13k", "−$6k", "$0k", "+$264k"]
    assert texts(sheet, "P(loss)") == ["2%", "71%", "80%", "77%", "<1%"]


def test_base_and_means(sheet, study):
    risk = study["risk"].to_dataset().sel(outcome="gross_profit")
    base, loss = float(risk["mean"]), float(risk["probability_of_loss"])
    text = f"{base / 1e3:.0f}".replace("-", "−$")
    chance = number(loss, "1", style="probability")
    assert texts(sheet, "base label") == [f"base: mean {text}k, P(loss) {chance}"]
    assert list(found(sheet, "base")[0].get_xdata()) == [0, 0]
    means = [base + ROWS[name][0] for name in ("web and app charged", "night discounts ended")]
    assert texts(sheet, "mean")[:2] == [
        f"{mean / 1e3:.0f}k".replace("-", "−$") if mean < 0 else f"${mean / 1e3:.0f}k"
        for mean in means
    ]
    assert texts(sheet, "head") == ["P(loss)", "mean"]


def test_title_is_computed(sheet, study):
    loss = float(study["risk"]["probability_of_loss"].sel(outcome="gross_profit"))
    assert sheet.finding == (
        "Web and app charged: mean gross profit up $227k a day, P(loss) from "
        f"{number(loss, '1', style='probability')} to 2%"
    )
    down = draw_levers(study, make_effects({"dear": (-50_000.0, 9.0, loss)}), "gross_profit")
    assert down.finding.startswith("Dear: mean gross profit down $50.0k a day, P(loss) still ")
    none = draw_levers(study, make_effects({"idle": (5.0, 9.0, loss)}), "gross_profit")
    assert none.finding == "No lever moves mean gross profit by more than its error"


def test_subtitle_says_whether_the_intervals_can_be_seen(sheet, study):
    assert "95% intervals, ±$17 at most, are too short to see" in " ".join(texts(sheet, "subtitle"))
    wide = draw_levers(study, make_effects({"x": (100.0, 20.0, 0.5)}), "gross_profit")
    assert "whiskers: 95% interval" in " ".join(texts(wide, "subtitle"))


def test_an_outcome_that_cannot_be_lost_has_no_column_of_losses(study, clashes):
    rows = {name: (difference, half, 0.0) for name, (difference, half, _) in ROWS.items()}
    plain = draw_levers(study, make_effects(rows, "real_revenue"), "real_revenue")
    assert texts(plain, "head") == ["mean"]
    assert "P(loss)" not in plain.finding + plain.alt + " ".join(texts(plain, "base label"))
    assert not found(plain, "rule")
    assert clashes(plain) == []


@pytest.mark.parametrize("size", ["word", "half", "slide"])
def test_no_text_leaves_the_page_or_meets_another(study, size, clashes):
    for together in (TOGETHER, None):
        drawn = draw_levers(
            study, make_effects(), "gross_profit", together=together, notes=["A note"], size=size
        )
        assert clashes(drawn) == []
    many = {f"lever number {i}": (100.0 - 30 * i, 5.0, 0.5) for i in range(40)}
    crowd = draw_levers(study, make_effects(many), "gross_profit", together="lever number 3",
                        size=size)  # fmt: skip
    assert clashes(crowd) == []
    assert texts(crowd, "row")[-1] == "Lever number 3"
    assert "smaller levers not shown" in " ".join(texts(crowd, "note"))


def test_words(sheet):
    assert sheet.alt.startswith(f"Levers. {sheet.finding}. Base: mean −$")
    assert "Changes: Web and app charged +$227k (P(loss) 2%); Night discounts ended" in sheet.alt
    assert texts(sheet, "note") == ["A note"]
    assert texts(sheet, "footer")[0].startswith("DeepSeek V3/R1, February 2025 · run 7f3a9c21b0de")


def test_files_carry_their_words_and_the_same_bytes(study, sheet, tmp_path):
    again = draw_levers(study, make_effects(), "gross_profit", together=TOGETHER, notes=["A note"])
    for kind in ("png", "svg"):
        first = save_figure(sheet, tmp_path / f"a.{kind}")
        assert figure_run_id(first) == "7f3a9c21b0de"
        assert first.read_bytes() == save_figure(again, tmp_path / f"b.{kind}").read_bytes()


@pytest.mark.parametrize(
    ("outcome", "together", "message"),
    [
        ("gross_proft", None, "Expected `outcome` of `levers` to be one of gross_profit, got"),
        ("gross_profit", "web and app chargd", "got 'web and app chargd'. Did you mean 'web and"),
    ],
)
def test_errors_say_what_to_do(study, outcome, together, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_levers(study, make_effects(), outcome, together=together)

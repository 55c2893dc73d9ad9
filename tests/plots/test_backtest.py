"""Back-test: bands and dots are the numbers given, and nothing collides."""

from __future__ import annotations

import math
import re

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from risk.plots import figure_run_id, save_figure, style
from risk.plots.backtest import draw_backtest
from risk.plots.reported import BANDS, percentile_words, place, read_lines

API, CHAT = (-7.9, -2.2, -0.57, 0.2, 0.7), (-18.5, -6.2, -0.8, -0.5, 0.08)
REVENUE, COST = (5e6, 8e6, 12e6, 17e6, 30e6), (1e6, 3e6, 5e6, 7e6, 9.9e6)
DAY = "Chat lab: US$ a day"
ROWS = [  # label, group, unit, reported, percentile, quantiles
    ("Zhipu cloud gross margin, 2022", "API lab", "1", 0.761, 0.97, API),
    ("MiniMax API gross margin, 9M 2025", "API lab", "1", 0.694, 0.948, API),
    ("OpenAI revenue, 2025", DAY, "USD/day", 35.8e6, 0.97, REVENUE),
    ("OpenAI margin after research, 2025", "Chat lab", "1", -1.04, 0.4, CHAT),
    ("OpenAI cost, 2025", DAY, "USD/day", 5.5e6, 0.6, COST),
]


def table(rows):
    """The table of some rows."""
    names = ("label", "group", "unit", "reported", "percentile")
    columns = dict(zip(names, list(zip(*rows, strict=True)), strict=False))
    data = xr.Dataset({name: ("line", list(values)) for name, values in columns.items()})
    data["quantile"] = ("line", "probability"), [row[5] for row in rows]
    return data.assign_coords(probability=list(BANDS))


@pytest.fixture(scope="module")
def sheet():
    words = {"origin": "API lab run 0123456789ab", "notes": ["a note"], "run_id": "0123456789ab"}
    return draw_backtest(table(ROWS), **words, made_by="risk 0.1.0")


def found(sheet, gid):
    return sheet.findobj(lambda artist: artist.get_gid() == gid)


def texts(sheet, gid):
    return [text.get_text() for text in found(sheet, gid) if isinstance(text, Text)]


def drawn_rows():
    """Rows in the order in which they are drawn: margins first."""
    return [row for unit in ("1", "USD/day") for row in ROWS if row[2] == unit]


def test_bands_and_dots_are_where_the_numbers_stand(sheet):
    bands = {name: found(sheet, name) for name in ("P5–P95", "P25–P75")}
    bands = {name: [b for b in boxes if hasattr(b, "get_x")] for name, boxes in bands.items()}
    for row, (_, _, unit, reported, share, quantiles) in enumerate(drawn_rows()):
        p5, p25, p50, p75, p95 = (place(unit, value) for value in quantiles)
        for name, ends in (("P5–P95", (p5, p95)), ("P25–P75", (p25, p75))):
            box = bands[name][row]
            assert (box.get_x(), box.get_x() + box.get_width()) == pytest.approx(ends)
        assert found(sheet, "P50")[row].get_xdata() == pytest.approx([p50, p50])
        dot = found(sheet, "dot")[row]
        assert dot.get_xdata() == pytest.approx([place(unit, reported)])
        inside = 0.05 <= share <= 0.95
        assert dot.get_color() == (style.INK if inside else style.ORANGE)
        assert bands["P5–P95"][row].get_y() < dot.get_ydata()[0]


def test_light_and_dark_bands_have_their_colours(sheet):
    for name, color in (("P5–P95", style.LIGHT), ("P25–P75", style.BLUE)):
        boxes = [box for box in found(sheet, name) if hasattr(box, "get_x")]
        assert {mpl.colors.to_hex(box.get_facecolor()).upper() for box in boxes} == {color}


def test_rows_say_what_was_reported_and_its_percentile(sheet):
    assert texts(sheet, "row") == [row[0] for row in drawn_rows()]
    assert texts(sheet, "reported") == ["76%", "69%", "−104%", "$35.8m", "$5.50m"]
    assert texts(sheet, "percentile") == ["P97", "P94.8", "P40", "P97", "P60"]
    assert texts(sheet, "heading") == ["API lab", "Chat lab", "Chat lab: US$ a day"]
    colors = {text.get_text(): text.get_color() for text in found(sheet, "reported")}
    assert colors["76%"] == style.ORANGE
    assert colors["69%"] == style.INK


def test_ticks_are_round_values_and_zero_is_among_them(sheet):
    ticks = texts(sheet, "tick")
    assert "0%" in ticks
    assert {"$1m", "$10m"} <= set(ticks)
    margins = [float(re.sub("[%,]", "", t).replace("−", "-")) / 100 for t in ticks if "%" in t]
    grid = [line.get_xdata()[0] for line in found(sheet, "grid")]
    assert grid[: len(margins)] == pytest.approx([place("1", m) for m in margins])
    (even,) = [line for line in found(sheet, "grid") if line.get_color() == style.INK]
    assert even.get_xdata()[0] == 0


def test_title_counts_what_falls_inside(sheet):
    assert sheet.finding == (
        "3 of 5 reported figures fall inside P5–P95 of their case; 9 in 10 should"
    )
    assert texts(sheet, "note")[0] == (
        "Margins on a scale of cost per dollar of revenue. Above the median: 2 of 2 (API "
        "lab), 0 of 1 (Chat lab), 2 of 2 (Chat lab: US$ a day)"
    )
    one = draw_backtest(table(ROWS[:1]))
    assert one.finding == "The reported figure falls outside P5–P95 of its case"
    assert sheet.alt.startswith(
        f"Back-test. {sheet.finding}. Zhipu cloud gross margin, 2022 76% at"
    )


@pytest.mark.parametrize("size", ["word", "half", "slide"])
def test_no_text_leaves_the_page_or_meets_another(size, clashes):
    words = {"origin": "API lab run 0123456789ab · Chat lab run 0123456789ab", "notes": ["a note"]}
    assert clashes(draw_backtest(table(ROWS), size=size, **words)) == []
    assert clashes(draw_backtest(table(ROWS * 6), size=size, **words)) == []
    assert clashes(draw_backtest(table(ROWS[:1]), size=size)) == []
    assert clashes(draw_backtest(table(ROWS[2:3]), size=size)) == []


def test_no_row_is_left_out_however_many_there_are(sheet):
    many = draw_backtest(table(ROWS * 6))
    assert len(found(many, "dot")) == 30
    assert many.get_figheight() > sheet.get_figheight()
    assert many.get_figwidth() == sheet.get_figwidth()


def test_files_carry_their_words_and_the_same_bytes(sheet, tmp_path):
    for kind in ("png", "svg"):
        assert figure_run_id(save_figure(sheet, tmp_path / f"a.{kind}")) == "0123456789ab"
        copies = [
            save_figure(draw_backtest(table(ROWS), run_id="0"), tmp_path / name)
            for name in (f"b.{kind}", f"c.{kind}")
        ]
        assert copies[0].read_bytes() == copies[1].read_bytes()


def test_places_are_logarithms_of_cost_per_dollar_and_of_amounts():
    assert place("1", 0.9) == pytest.approx(-place("1", -9.0)) == pytest.approx(math.log(10))
    assert place("USD/day", 100.0) == pytest.approx(2 * place("USD/day", 10.0))


def test_a_percentile_at_an_end_of_the_band_shows_its_side():
    shares = [0.0004, 0.0477, 0.0523, 0.5, 0.9496, 0.9537, 0.97, 0.9996]
    assert [percentile_words(share) for share in shares] == [
        "<P1", "P4.8", "P5.2", "P50", "P95.0", "P95.4", "P97", ">P99"
    ]  # fmt: skip


def test_quantiles_are_found_by_probability_and_not_by_place():
    more = table(ROWS).reindex(probability=[0.95, 0.9, 0.75, 0.5, 0.25, 0.05], fill_value=0.0)
    assert read_lines(more)[0].bands == pytest.approx(ROWS[0][5])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reported": 1.0}, "Expected finite margins below 1 in the line 'Zhipu cloud gross"),
        ({"reported": math.nan}, "Expected finite margins below 1"),
        ({"unit": "USD/day"}, "Expected finite amounts above 0 in the line 'Zhipu cloud gross"),
    ],
)
def test_errors_say_which_line_is_wrong(changes, message):
    data = table(ROWS)
    for name, value in changes.items():
        values = data[name].values.copy()
        values[0] = value
        data[name] = ("line", np.asarray(values))
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_backtest(data)


def test_a_table_that_misses_something_is_refused():
    with pytest.raises(ValueError, match="variable 'percentile'"):
        draw_backtest(table(ROWS).drop_vars("percentile"))
    with pytest.raises(ValueError, match=re.escape("with a line at least, got none.")):
        draw_backtest(table(ROWS).isel(line=slice(0)))

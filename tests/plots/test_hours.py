"""Hours of a day: what is drawn are the numbers given, and nothing collides."""

from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.text import Text

from risk.plots import draw_hours, figure_run_id, save_figure, style

ROOM = {"first_hour": 12.0, "window": (0.5, 8.5), "window_share": 0.17}


@pytest.fixture(scope="module")
def hours(root):
    """Income and cost of the disclosed day, from noon."""
    file = root / "priors" / "data" / "deepseek_day6_hourly.csv"
    income, nodes = np.loadtxt(file, delimiter=",", skiprows=1, usecols=(1, 2), unpack=True)
    return income, 16 * nodes


@pytest.fixture(scope="module")
def sheet(hours):
    words = {"origin": "A case · run 0123456789ab", "notes": ["read off a chart"], "zone": "UTC+8"}
    return draw_hours(*hours, **ROOM, **words, run_id="0123456789ab", made_by="risk 0.1.0")


def found(sheet, gid):
    return sheet.findobj(lambda artist: artist.get_gid() == gid)


def texts(sheet, gid):
    return [text.get_text() for text in found(sheet, gid) if isinstance(text, Text)]


def test_bars_are_the_hours(sheet, hours):
    for name, values, color in zip(
        ("income", "cost"), hours, (style.BLUE, style.ORANGE), strict=True
    ):
        bars = found(sheet, name)
        assert [bar.get_height() for bar in bars] == list(values)
        middles = [bar.get_x() + bar.get_width() / 2 for bar in bars]
        assert middles == pytest.approx(np.arange(24) + 0.5)
        assert {bar.get_y() for bar in bars} == {0}
        assert {mpl.colors.to_hex(bar.get_facecolor()).upper() for bar in bars} == {color}
    assert texts(sheet, "extreme") == ["$31.1k", "$6.3k"]


def test_window_is_where_the_clock_says(sheet):
    (box,) = found(sheet, "window")
    assert (box.get_x(), box.get_x() + box.get_width()) == (12.5, 20.5)
    assert texts(sheet, "window label") == ["discount window 00:30–08:30", "17% of the day’s value"]
    assert texts(sheet, "hour") == [f"{hour % 24:02}:00" for hour in range(12, 37, 2)]


@pytest.mark.parametrize(
    ("first", "parts"), [(4, [(0, 4.5), (20.5, 24)]), (0.5, [(0, 8)]), (8.5, [(16, 24)])]
)
def test_window_over_the_end_of_the_day(hours, first, parts, clashes):
    for size in ("word", "half"):
        turned = draw_hours(*hours, **ROOM | {"first_hour": first}, size=size)
        boxes = sorted((b.get_x(), b.get_x() + b.get_width()) for b in found(turned, "window"))
        assert boxes == parts
        assert clashes(turned) == []


@pytest.mark.parametrize("size", ["word", "half", "slide"])
def test_no_text_leaves_the_page_or_meets_another(hours, size, clashes):
    assert clashes(draw_hours(*hours, **ROOM, zone="UTC+8", origin="A case", size=size)) == []
    flat = [np.full(24, 5.0), np.full(24, 4.0)]
    assert clashes(draw_hours(*flat, **ROOM, origin="A case", size=size)) == []
    saw = [np.tile([1e3, 9e4], 12), np.full(24, 4.0)]  # best and worst hour side by side
    assert clashes(draw_hours(*saw, **ROOM, size=size)) == []
    dear = [hours[0], 2 * hours[0].max() + hours[1]]  # never earns its cost
    assert clashes(draw_hours(*dear, **ROOM, size=size)) == []


def test_title_is_computed(sheet, hours):
    share = "17% of the day’s value falls in the discount window"
    assert sheet.finding == f"Capacity follows demand; {share}"
    idle = draw_hours(hours[0], np.full(24, 4448.0), **ROOM)
    assert idle.finding == f"Capacity does not follow demand; {share}"
    wide = draw_hours(*hours, **ROOM | {"window_share": 0.5})
    assert "50% of the day’s value" in wide.finding


def test_words_say_how_many_times_an_hour_earns_its_cost(sheet, hours):
    ratio = hours[0] / hours[1]
    words = f"{ratio.min():.1f} to {ratio.max():.1f} times"
    assert words == "5.4 to 7.0 times"
    assert f"each hour’s income is {words} its cost" in " ".join(texts(sheet, "subtitle"))
    assert sheet.alt == (
        f"Income and cost by hour. {sheet.finding}. Income from $6.35k to $31.1k an hour, {words} "
        "its cost. Discounts from 00:30 to 08:30 (UTC+8)."
    )
    assert texts(sheet, "footer") == ["A case · run 0123456789ab"]
    assert texts(sheet, "note") == ["read off a chart"]


def test_files_carry_their_words_and_the_same_bytes(sheet, hours, tmp_path):
    for kind in ("png", "svg"):
        first = save_figure(sheet, tmp_path / f"a.{kind}")
        assert figure_run_id(first) == "0123456789ab"
        copies = [
            save_figure(draw_hours(*hours, **ROOM, run_id="0123456789ab"), tmp_path / name)
            for name in (f"b.{kind}", f"c.{kind}")
        ]
        assert copies[0].read_bytes() == copies[1].read_bytes()


@pytest.mark.parametrize(
    ("income", "cost", "message"),
    [
        (np.ones(23), np.ones(24), "of 24 hours, got shapes (23,) and (24,). Give one number an"),
        (np.ones(24), np.zeros(24), "got a lowest cost of 0.0 and a lowest income of 1.0. Check"),
        (-np.ones(24), np.ones(24), "got a lowest cost of 1.0 and a lowest income of -1.0."),
        (np.zeros(24), np.ones(24), "Expected finite hours with every `cost` above 0"),
        (np.full(24, np.nan), np.ones(24), "got a lowest cost of 1.0 and a lowest income of nan."),
    ],
)
def test_errors_say_what_to_do(income, cost, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_hours(income, cost, **ROOM)

"""Figures: what is drawn equals what is stored, and nothing collides."""

from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from risk.memo.formats import number
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


def one(sheet, gid):
    (artist,) = found(sheet, gid)
    return artist


def texts(sheet, gid):
    return [text.get_text() for text in found(sheet, gid) if isinstance(text, Text)]


def changed(study, group, **variables):
    """The study with some variables of a group replaced."""
    data = study[group].to_dataset()
    for name, change in variables.items():
        data[name] = data[name].copy(data=change(data[name].values.copy()))
    groups = {name: study[name].to_dataset() for name in study.children} | {group: data}
    tree = xr.DataTree.from_dict(groups)
    tree.attrs = dict(study.attrs)
    return tree


def clashes(sheet):
    """Texts outside the canvas, and pairs of texts whose boxes overlap."""
    renderer = sheet.canvas.get_renderer()
    shown = [t for t in sheet.findobj(Text) if t.get_visible() and t.get_text().strip()]
    names = [text.get_text() for text in shown]
    low, high = np.array(
        [text.get_window_extent(renderer).get_points() for text in shown]
    ).swapaxes(0, 1)
    page = np.array([sheet.bbox.width, sheet.bbox.height])
    outside = ((low < 0) | (high > page)).any(axis=1)
    shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
    pairs = np.argwhere(np.triu((shared > 0.5).all(axis=-1), k=1))  # pixels at 220 dpi
    return [names[i] for i in np.flatnonzero(outside)] + [(names[i], names[j]) for i, j in pairs]


# All of them --------------------------------------------------------------------------------


@pytest.mark.parametrize(("draw", "outcome", "size"), SIZED)
def test_no_text_leaves_the_page_or_meets_another(sheet_of, draw, outcome, size):
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
def test_without_the_bundled_fonts(study, draw, outcome, monkeypatch):
    monkeypatch.setattr(style, "_families", lambda: (("DejaVu Sans",), ("DejaVu Sans",)))
    caches = [style.font, __import__("risk.plots.sheet", fromlist=["_width"])._width]
    for each in caches:
        each.cache_clear()
    assert clashes(draw(study, outcome)) == []
    for each in caches:
        each.cache_clear()


def test_hostile_labels_are_text(study):
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


# Tornado ------------------------------------------------------------------------------------


def test_tornado_bars_are_the_stored_numbers(sheet_of, study):
    sheet = sheet_of(draw_tornado, "profit_gap")
    data = study["tornado"].to_dataset().sel(outcome="profit_gap")
    base = float(data["base"])
    drawn = [name for name in data["input"].values if found(sheet, f"{name} low")]
    assert len(drawn) == 11
    for name in drawn:
        for end in ("low", "high"):
            bar = one(sheet, f"{name} {end}")
            assert bar.get_x() == base
            assert bar.get_x() + bar.get_width() == pytest.approx(
                float(data["value"].sel(input=name, end=end)), rel=1e-12
            )
    bar = one(sheet, "together")
    assert [bar.get_x(), bar.get_x() + bar.get_width()] == pytest.approx(
        data["together"].values, rel=1e-12
    )
    assert one(sheet, "base").get_xdata() == pytest.approx([base, base])
    assert texts(sheet, "base label") == [f"base {number(base, 'USD')}"]


def test_tornado_is_sorted_by_swing_and_says_what_is_left_out(sheet_of, study):
    sheet = sheet_of(draw_tornado, "profit_gap")
    data = study["tornado"].to_dataset().sel(outcome="profit_gap")
    swing = abs(data["value"].sel(end="high") - data["value"].sel(end="low")).values
    order = np.argsort(-swing)[:11]
    labels = [str(data["input_label"].values[i]) for i in order]
    assert texts(sheet, "row") == [*labels, "All inputs together"]
    assert texts(sheet, "swing")[:2] == [number(swing[i], "USD") for i in order[:1]] + ["$85k"]
    assert texts(sheet, "note") == ["3 smaller inputs not shown; 2 inputs have no effect"]


def test_tornado_ends_carry_the_values_of_the_input(sheet_of, study):
    sheet = sheet_of(draw_tornado, "profit_gap")
    ends = texts(sheet, "end")
    at = study["tornado"].to_dataset()["input_value"].sel(input="gpu_price").values
    assert f"${at[0]:.2f}" in ends
    assert ends[:2] == ["52%", "10%"]  # of the paid user share: high is left, the gap falls
    regime = texts(sheet_of(draw_tornado, "revenue_gap"), "end")
    assert regime[regime.index("open") + 1] == "closed"
    assert ends[-2].startswith("P10 $")
    assert ends[-1].startswith("P90 $")


def test_tornado_stars_an_input_that_is_not_monotone(sheet_of, study):
    def bend(values):
        values[2, 10, :] = values[2, 10, 0], values[2, 10, 0] - 1e4
        return values

    def flag(values):
        values[2, 10] = False
        return values

    bent = changed(study, "tornado", value=bend, monotone=flag)
    sheet = draw_tornado(bent, "revenue_gap")  # both ends on one side of the base
    assert "Paid user share*" in texts(sheet, "row")
    assert texts(sheet, "note")[0].startswith("* not monotone")
    assert clashes(sheet) == []
    assert not any("*" in label for label in texts(sheet_of(draw_tornado, "revenue_gap"), "row"))


# Distribution -------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["real_revenue", "gross_profit"])
def test_histogram_counts_the_draws_it_shows(sheet_of, study, outcome):
    sheet = sheet_of(draw_distribution, outcome)
    values = study["draws"][outcome].values
    bars = found(sheet, "bin")
    for bar in bars:
        inside = (values >= bar.get_x()) & (values < bar.get_x() + bar.get_width())
        assert abs(bar.get_height() - inside.sum()) <= 1  # a value on an edge
    assert sum(bar.get_height() for bar in bars) >= 0.99 * values.size


def test_cumulative_line_reads_the_quantiles(sheet_of, study):
    sheet = sheet_of(draw_distribution, "real_revenue")
    line = found(sheet, "cumulative")[-1]
    full = max(bar.get_height() for bar in found(sheet, "bin"))
    for p in (0.05, 0.5, 0.95):
        at = float(study["risk"]["quantile"].sel(outcome="real_revenue", probability=p))
        assert np.interp(at, line.get_xdata(), line.get_ydata()) / full == pytest.approx(
            p, abs=0.01
        )
    for percent, p in ((5, 0.05), (95, 0.95)):
        at = float(study["risk"]["quantile"].sel(outcome="real_revenue", probability=p))
        assert one(sheet, f"P{percent}").get_xdata() == pytest.approx([at, at])
        assert f"P{percent} ${at / 1e3:.0f}k" in texts(sheet, "joint")
    strip = one(sheet, "strip 90%")
    ends = study["risk"]["quantile"].sel(outcome="real_revenue", probability=[0.05, 0.95]).values
    assert [strip.get_x(), strip.get_x() + strip.get_width()] == pytest.approx(ends)


def test_losses_are_orange_and_profits_blue(sheet_of, study):
    sheet = sheet_of(draw_distribution, "gross_profit")
    for bar in found(sheet, "bin"):
        fill = mpl.colors.to_hex(bar.get_facecolor()).upper()
        assert bar.get_x() >= -1e-6 or bar.get_x() + bar.get_width() <= 1e-6  # never both
        assert fill == (style.BLUE if bar.get_x() >= -1e-6 else style.ORANGE)
    loss = float(study["risk"]["probability_of_loss"].sel(outcome="gross_profit"))
    percent = number(loss, "1", style="probability")
    assert texts(sheet, "key")[0] == f"loss, {percent} of cases"
    assert percent in texts(sheet, "statistic value")
    assert "P(loss)" in texts(sheet, "statistic")
    assert one(sheet, "zero").get_xdata()[0] == 0
    plain = sheet_of(draw_distribution, "real_revenue")
    assert "P(loss)" not in texts(plain, "statistic")
    assert not found(plain, "zero")


def test_statistics_and_base_case(sheet_of, study):
    sheet = sheet_of(draw_distribution, "real_revenue")
    shown = dict(zip(texts(sheet, "statistic"), texts(sheet, "statistic value"), strict=True))
    values = study["draws"]["real_revenue"].values
    error = values.mean(axis=1).std(ddof=1) / np.sqrt(8)
    assert shown["Draws"] == "4,096"
    assert shown["\u00a0± standard error"] == number(error, "USD", digits=2)
    assert list(shown)[5:12] == ["P5", "P10", "P25", "P50", "P75", "P90", "P95"]
    assert shown["P95"] == number(np.quantile(values, 0.95), "USD", error)
    base = float(study["tornado"]["base"].sel(outcome="real_revenue"))
    assert one(sheet, "base").get_xdata()[0] == base
    rank = round(100 * (values <= base).mean())
    assert texts(sheet, "base label") == [f"base case {number(base, 'USD', digits=2)} (P{rank})"]
    assert re.fullmatch(r"Axis cut: [\d.]+% of draws above \$\d+k.*", texts(sheet, "note")[0])


def test_a_mean_far_beyond_the_axis_is_a_note(study):
    def heavy(values):
        values[1] = 50e6
        return values

    sheet = draw_distribution(changed(study, "risk", mean=heavy), "real_revenue")
    assert not found(sheet, "mean")
    assert "the mean of $50" in " ".join(texts(sheet, "note"))
    assert clashes(sheet) == []


# Sobol' -------------------------------------------------------------------------------------


def test_sobol_bars_and_whiskers_are_the_stored_numbers(sheet_of, study):
    sheet = sheet_of(draw_sobol, "revenue_gap")
    data = study["sobol"].to_dataset().sel(outcome="revenue_gap")
    shown = [name for name in data["factor"].values if found(sheet, f"{name} total")]
    assert len(shown) == 9
    for name in shown:
        for kind in ("total", "first"):
            at = data.sel(factor=name)
            assert one(sheet, f"{name} {kind}").get_width() == float(at[f"{kind}_order"])
            whisker = one(sheet, f"{name} {kind} interval").get_xdata()
            assert list(whisker) == list(at[f"{kind}_order_interval"].values)
    assert texts(sheet, "row")[:2] == ["Paid user share", "Output per input of paying users"]
    assert texts(sheet, "value")[:2] == ["83%", "79%"]
    assert texts(sheet, "note") == ["7 smaller inputs not shown, total exactly 0"]
    assert "9% is interaction" in sheet.finding


def test_sobol_greys_what_cannot_be_told_from_zero(sheet_of, study):
    sheet = sheet_of(draw_sobol, "revenue_gap")
    grey = {
        name
        for name in study["sobol"]["factor"].values
        for bar in found(sheet, f"{name} total")
        if mpl.colors.to_hex(bar.get_facecolor()).upper() == style.GREY
    }
    assert grey == {"overseas_share"}
    assert texts(sheet, "key")[-1] == "within error of 0"
    assert len(texts(sheet_of(draw_sobol, "revenue_gap", "half"), "key")) == 2  # none of them shown


def test_sobol_says_when_the_scale_or_the_tail_is_not_plain(sheet_of, study):
    assert "asinh" not in " ".join(texts(sheet_of(draw_sobol, "revenue_gap"), "subtitle"))
    asinh = changed(study, "sobol", transform=lambda v: np.full(v.shape, "asinh"),
                    status=lambda v: np.full(v.shape, "heavy tail"))  # fmt: skip
    sheet = draw_sobol(asinh, "revenue_gap")
    assert "Share of variance of asinh of revenue gap" in " ".join(texts(sheet, "subtitle"))
    assert clashes(sheet) == []
    heavy = changed(study, "sobol", status=lambda v: np.full(v.shape, "heavy tail"),
                    effective_sample_size=lambda v: v * 0 + 312.0)  # fmt: skip
    sheet = draw_sobol(heavy, "revenue_gap")
    assert "heavy tail, worth only 312 draws" in " ".join(texts(sheet, "subtitle"))
    assert clashes(sheet) == []


# Bridge -------------------------------------------------------------------------------------


@pytest.mark.parametrize("outcome", ["real_revenue", "gross_profit"])
def test_bridge_walks_from_start_to_end(sheet_of, study, outcome):
    sheet = sheet_of(draw_bridge, outcome)
    data = study["bridge"].to_dataset().sel(outcome=outcome)
    steps = {
        str(s): float(m) for s, m in zip(data["step"].values, data["mean"].values, strict=True)
    }
    level = float(data["start"])
    order = sorted((s for s in steps if steps[s]), key=lambda s: -abs(steps[s]))
    for step in order:
        bar = one(sheet, f"bar {step[:1].upper()}{step[1:]}")
        ends = sorted([level, level + steps[step]])
        assert [bar.get_y(), bar.get_y() + bar.get_height()] == pytest.approx(ends)
        fill = style.BLUE if steps[step] > 0 else style.ORANGE
        assert mpl.colors.to_hex(bar.get_facecolor()).upper() == fill
        level += steps[step]
    total = one(sheet, "bar Simulated mean")
    assert level == pytest.approx(float(data["end"]))
    assert sorted([total.get_y(), total.get_y() + total.get_height()]) == pytest.approx(
        sorted([0.0, level])
    )
    ends = study["risk"]["quantile"].sel(outcome=outcome, probability=[0.1, 0.9]).values
    (whisker,) = [line for line in found(sheet, "spread") if not isinstance(line, Text)]
    assert list(whisker.get_ydata()) == pytest.approx(list(ends))
    amounts = texts(sheet, "amount")
    assert amounts[1] == number(steps[order[0]], "USD", sign=True)
    assert len(amounts) == len(order) + 2


def test_bridge_adds_up_the_steps_that_find_no_room(sheet_of, study):
    sheet = sheet_of(draw_bridge, "gross_profit", "half")
    bar = one(sheet, "bar 5 smaller steps")
    means = study["bridge"]["mean"].sel(outcome="gross_profit").values
    rest = np.sum(means[np.argsort(-abs(means))][2:])
    assert bar.get_height() == pytest.approx(abs(rest))


def test_bridge_refuses_steps_that_do_not_sum(study):
    broken = changed(study, "bridge", end=lambda v: v + 1e3)
    message = "Expected the steps of the bridge of 'real_revenue' to sum to end - start, got a rest"
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_bridge(broken, "real_revenue")

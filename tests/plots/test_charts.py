"""Tornado, distribution, Sobol' and bridge: what is drawn equals what is stored."""

from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

from risk.memo.formats import number
from risk.plots import draw_bridge, draw_distribution, draw_sobol, draw_tornado, style


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


def test_tornado_stars_an_input_that_is_not_monotone(sheet_of, study, clashes):
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
    assert shown["P95"] == number(np.quantile(values, 0.95), "USD", error / 10)
    base = float(study["tornado"]["base"].sel(outcome="real_revenue"))
    assert one(sheet, "base").get_xdata()[0] == base
    rank = round(100 * (values <= base).mean())
    assert texts(sheet, "base label") == [f"base case {number(base, 'USD', digits=2)} (P{rank})"]
    assert re.fullmatch(r"Axis cut: [\d.]+% of draws above \$\d+k.*", texts(sheet, "note")[0])


def test_a_mean_far_beyond_the_axis_is_a_note(study, clashes):
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
    assert texts(sheet, "value")[6:10] == ["0.9%", "0.6%", "0.8%", "<1%"]  # as intervals allow
    assert texts(sheet, "note") == ["7 smaller inputs not shown, all with a total of exactly 0"]
    assert "9% is interaction" in sheet.finding
    some = texts(sheet_of(draw_sobol, "profit_gap", "slide"), "note")
    assert some == ["9 smaller inputs not shown, the largest with a total of 0.9%"]


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


def test_sobol_says_when_the_scale_or_the_tail_is_not_plain(sheet_of, study, clashes):
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


def test_bridge_leaves_out_the_steps_of_other_outcomes(study):
    def drop(values):
        values[0, 6] = np.nan
        return values

    sheet = draw_bridge(changed(study, "bridge", mean=drop), "real_revenue")
    assert len(texts(sheet, "amount")) == 8
    assert not found(sheet, "bar Cost of serving")


def test_bridge_refuses_steps_that_do_not_sum(study):
    broken = changed(study, "bridge", end=lambda v: v + 1e3)
    message = "Expected the steps of the bridge of 'real_revenue' to sum to end - start, got a rest"
    with pytest.raises(ValueError, match=re.escape(message)):
        draw_bridge(broken, "real_revenue")

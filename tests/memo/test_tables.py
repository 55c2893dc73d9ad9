"""Rows of tables and the text of numbers: what is chosen, how it reads, what is left out."""

from __future__ import annotations

import pytest
import xarray as xr

from risk.memo import tables
from risk.memo.assumptions import Footnotes, assumptions, plain, regimes, source_note
from risk.memo.context import Context, UnknownKey


def test_a_key_that_does_not_exist_names_the_nearest(context: Context) -> None:
    with pytest.raises(UnknownKey, match=r"got 'real_revenue.p52'. Did you mean 'real_revenue.p5"):
        context.n("real_revenue.p52")
    with pytest.raises(UnknownKey, match="Expected a key of numbers.json, got None"):
        context.value(None)  # type: ignore[arg-type]


def test_texts_of_one_number(context: Context) -> None:
    assert context.n("bridge.real_revenue.start") == "$562k"
    assert context.value("bridge.real_revenue.start") == pytest.approx(562_100)
    assert context.share("sobol.revenue_gap.paid_user_share.first").endswith("%")
    assert context.quotient("bridge.gross_profit.start", "bridge.real_revenue.start") == "85%"
    assert context.unit("real_revenue.p5") == "a day"
    assert context.lowest("gross_profit").startswith("−$")
    assert Context(context.study, "fr").n("bridge.real_revenue.start") == "562\u00a0k$"


def test_numbers_of_one_row_share_unit_and_precision(context: Context) -> None:
    keys = [f"prior.paid_output_skew.{p}" for p in ("p5", "p50", "p95")]
    assert [context.n(key) for key in keys] == ["0.663", "1.00", "1.51"]
    assert context.row(keys) == ["0.66", "1.00", "1.51"]
    assert context.row([]) == []


def test_the_profit_model_shows_its_known_outcomes(context: Context) -> None:
    assert tables.shown(context, tables.RISKS) == list(tables.RISKS)
    assert tables.shown(context, tables.GAPS) == list(tables.GAPS)
    assert tables.tells_profit(context)


def test_another_model_shows_its_first_outcomes_that_vary(
    own: Context, plain_study: xr.DataTree
) -> None:
    assert tables.shown(own, tables.GAPS) == ["profit", "unit_cost"]  # `fixed` never varies
    assert tables.shown(own, tables.RISKS, "risk", 1) == ["profit"]
    assert not tables.tells_profit(own)
    assert tables.shown(Context(plain_study), tables.BRIDGED, "bridge") == []
    assert tables.published_rows(Context(plain_study)) == []


def test_a_loss_is_asked_of_what_is_earned_only(own: Context) -> None:
    profit, cost = tables.risk_rows(own, ["profit", "unit_cost"])
    assert profit.below_zero == "<1%"
    assert 0 < float(profit.lowest) < own.value("profit.p5")
    assert (cost.below_zero, cost.lowest) == ("–", "–")


def test_drivers_are_sorted_by_their_total_index(context: Context) -> None:
    rows = tables.drivers(context, "profit_gap")
    assert [row.raw for row in rows] == sorted((row.raw for row in rows), reverse=True)
    assert len(rows) == 16
    assert rows[0].label == "Paid user share"
    assert rows[0].judged
    assert rows[0].rank == "1"
    low, high = map(float, rows[0].interval.split("–"))
    assert low <= rows[0].raw <= high
    assert len(tables.drivers(context, "profit_gap", 3)) == 3
    assert all(row.raw >= 0.05 for row in tables.drivers(context, "profit_gap", least=0.05))


def test_a_factor_of_several_inputs_rests_on_all_of_them(own: Context) -> None:
    row = next(row for row in tables.drivers(own, "profit") if "+" in row.name)
    assert row.inputs == ("price", "users")
    assert not row.judged  # one of the two has a source
    assert Footnotes(own).cite(*row.inputs) == "[^1] [^2]"


def test_inputs_that_cannot_move_an_outcome(context: Context) -> None:
    still = [row.name for row in tables.idle(context, "revenue_gap", "profit_gap")]
    assert "gpu_price" in still
    assert "paid_user_share" not in still


def test_caveats(context: Context) -> None:
    assert tables.caveat(context, "real_revenue") == ""
    text = tables.caveat(context, "operating_profit")
    assert text.startswith("Operating profit: heavy tail, its variance rests on ")


def test_bridge_rows_add_up_as_printed(context: Context) -> None:
    rows = tables.bridge_rows(context, "real_revenue")
    assert (rows[0].step, rows[-1].step) == ("Theoretical", "Real, mean")
    amounts = [float(r.mean.replace("−", "-").strip("+k").replace("$", "")) for r in rows]
    step = 10.0 ** -len(rows[1].mean.strip("k").partition(".")[2])
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=step * len(rows) / 2)
    assert all(row.gap == "–" for row in (rows[0], rows[-1]))
    assert "Cost of serving" not in [row.step for row in rows]  # does nothing to revenue


def test_units_of_money_in_a_heading(context: Context, own: Context) -> None:
    assert tables.money_a(context, ["real_revenue", "revenue_capture"]) == "$ a day"
    assert tables.money_a(own, ["profit"]) == ""


def test_a_unit_of_several_words_is_said_once(context: Context) -> None:
    rows = {row.label: row for row in assumptions(context, "uncertain", "fact", "lever")}
    assert rows["GPU price, per GPU-hour"].percentiles == ["$1.30", "$1.91", "$2.80"]
    assert rows["Output tokens, tokens a day"].value == "168bn"
    assert rows["GPUs a node"].value == "8"
    assert rows["R1 off-peak discount"].value == "75%"
    assert rows["Busy share of paid node-hours"].basis == "sources, judged"
    assert rows["Paid user share"].theoretical == "100%"
    assert rows["Final run in all R&D compute"].theoretical == "–"


def test_an_input_given_a_regime_has_a_row_a_state(own: Context) -> None:
    rows = [row for row in assumptions(own, "uncertain") if row.name == "fee"]
    assert [row.label for row in rows] == ["Fee, calm", "Fee, rough"]
    assert rows[1].percentiles == ["20%", "20%", "20%"]
    (regime,) = regimes(own)
    assert (regime.label, regime.states) == ("Regime", "calm 25%, rough 75%")
    assert (regime.theoretical, regime.basis) == ("–", "judged")


def test_footnotes_are_numbered_as_they_are_first_named(own: Context) -> None:
    notes = Footnotes(own)
    assert notes.cite("fee") == "[^1] [^2]"
    assert notes.cite("users") == "[^2]"  # the same source again
    assert notes.cite_source({"title": "New", "url": "", "read": "", "grade": "C"}) == "[^3]"
    assert notes.cite("spread") == "[^4]"
    assert [line.partition(": ")[0] for line in notes.notes] == [f"[^{k}]" for k in range(1, 5)]
    assert notes.notes[2] == "[^3]: New, grade C."
    assert notes.notes[3].startswith("[^4]: Spread, judged by the desk, 2026-01-02: 1\\. a \\| b")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\n b", "a b"),
        ("- a", "\\- a"),
        ("-5 to 3", "-5 to 3"),
        ("2026-01-02", "2026-01-02"),
        ("17.0 %", "17.0 %"),
        ("2) b", "2\\) b"),
        ("> c", "\\> c"),
        ("# d", "\\# d"),
        ("`e`_f_~g~", "\\`e\\`\\_f\\_\\~g\\~"),
        ("\\", "\\\\"),
        (3, "3"),
    ],
)
def test_words_mean_nothing_to_markdown(text: object, shown: str) -> None:
    assert plain(text) == shown


def test_a_source_may_be_a_title_alone() -> None:
    assert source_note({"title": "deck"}) == "deck."

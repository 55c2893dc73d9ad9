"""The sheet of priors: what is drawn equals what the check stored."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from matplotlib.colors import to_hex
from matplotlib.text import Text
from scipy import stats

import risk
from risk.analysis.beliefs import beliefs
from risk.data_fit import from_data
from risk.elicitation import from_quantiles
from risk.experts import Expert
from risk.families import beta, discrete, histogram, lognormal, metalog, normal
from risk.plots.prior_marks import apart
from risk.plots.priors import draw_priors
from risk.plots.style import INK, ORANGE
from risk.sources import Evidence, Judgement, Source

TODAY = date(2026, 11, 23)
SOURCE = Source("Price list", "https://example.org", "2026-11-01", "A")
JUDGED = Judgement("J. Doe", "2026-11-23", "no data")


def prior(distribution=None, unit="1", **about):
    about.setdefault("source", SOURCE)
    return risk.Prior(distribution, unit=unit, **about)


def experts(*laws):
    return [Expert(f"Expert {'ABC'[k]}", law, 1.0 + k) for k, law in enumerate(laws)]


INPUTS = {
    "price": prior(
        from_quantiles({0.05: 1.0, 0.5: 2.1, 0.95: 3.0}, "normal"), "USD/GPU/hour",
        label="GPU price", theoretical=2.0,
        evidence=(Evidence(1.2, "spot", SOURCE), Evidence(99.0, "far", SOURCE)),
    ),
    "paid_share": prior(beta(2.1, 4.9), label="Paid share", theoretical=1.0, source=(),
                        judgement=JUDGED),
    "level": prior(lognormal(0.0, 1.2), label="Level", theoretical=500.0),
    "demand": prior(metalog(0.0, 0.9, minimum=0.0), "USD/day", label="Demand"),
    "chips": prior(histogram([0, 1, 2, 4, 8], [2, 5, 3, 1]), "USD", label="Chips"),
    "sample": prior(from_data(np.random.default_rng(1).normal(size=40).tolist(), "empirical")),
    "sites": prior(discrete([1, 2, 4], [0.2, 0.5, 0.3]), "node", label="Sites", theoretical=2),
    "regime": prior({"open": 0.1, "partial": 0.6, "closed": 0.3}, label="Regime",
                    theoretical="open"),
    "served": prior({"open": 1.0, "partial": beta(17.0, 3.0), "closed": beta(13.0, 7.0)},
                    given="regime", label="Served share", theoretical=1.0),
    "loss": prior({"open": beta(0.3, 29.0), "partial": beta(2.0, 8.0), "closed": 0.5},
                  given="regime", label="Loss share"),
    "linear": prior(experts=experts(normal(1.0, 0.3), normal(3.0, 0.4)), label="Linear pool"),
    "product": prior(experts=experts(normal(1.0, 0.3), normal(2.0, 0.4)), pool="logarithmic",
                     label="Logarithmic pool"),
    "many": prior({f"state_{k}": 1 / 8 for k in range(8)}, label="Eight states"),
    "long": prior(stats.uniform(2, 3), "month",
                  label="A label that says so much that it takes two lines of its panel"),
}  # fmt: skip


@pytest.fixture(scope="module")
def data():
    return beliefs(risk.Priors(INPUTS, title="Zoo", case="zoo"), TODAY)


@pytest.fixture(scope="module")
def sheet(data):
    (one,) = draw_priors(data, made_by="risk 0.1.0")
    return one


def found(sheet, gid):
    return sheet.findobj(lambda artist: artist.get_gid() == gid)


def one(sheet, gid):
    (artist,) = found(sheet, gid)
    return artist


def texts(sheet, gid):
    return [text.get_text() for text in found(sheet, gid) if isinstance(text, Text)]


def row(data, key):
    return {str(name): x.values for name, x in data.sel(input=key).variables.items()}


# What is drawn ------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["price", "paid_share", "level", "demand", "served", "product"])
def test_a_curve_is_the_stored_density(sheet, data, key) -> None:
    own, line = row(data, key), one(sheet, f"{key} density")
    middle = (own["cell_edge"][1:] + own["cell_edge"][:-1]) / 2
    assert line.get_xdata()[1:-1] == pytest.approx(middle)
    assert line.get_ydata()[1:-1] == pytest.approx(own["density"])
    assert [line.get_xdata()[k] for k in (0, -1)] == pytest.approx(own["cell_edge"][[0, -1]])


@pytest.mark.parametrize("key", ["chips", "sample"])
def test_bars_are_the_stored_cells(sheet, data, key) -> None:
    own, line = row(data, key), one(sheet, f"{key} density")
    edges = own["cell_edge"][~np.isnan(own["cell_edge"])]
    assert line.get_xdata() == pytest.approx(np.repeat(edges, 2)[1:-1])
    assert line.get_ydata()[::2] == pytest.approx(own["density"][: len(edges) - 1])


def test_values_stand_at_their_probabilities(sheet) -> None:
    stems = found(sheet, "sites value")
    assert [stem.get_xdata()[0] for stem in stems] == [1, 2, 4]
    assert [stem.get_ydata()[1] for stem in stems] == pytest.approx([0.2, 0.5, 0.3])
    (spike,) = found(sheet, "served value")
    assert spike.get_xdata()[0] == 1.0
    assert {"20%", "50%", "30%", "10%"} <= set(texts(sheet, "chance"))


def test_states_are_bars_of_their_probability(sheet) -> None:
    for state, p in (("open", 0.1), ("partial", 0.6), ("closed", 0.3)):
        assert one(sheet, f"regime {state}").get_width() == pytest.approx(p)
    claimed = [text for text in found(sheet, "state") if text.get_text() == "open"]
    assert to_hex(claimed[0].get_color()).upper() == INK
    assert "and 4 more" in texts(sheet, "about")


@pytest.mark.parametrize("key", ["price", "paid_share", "level", "demand", "chips", "served"])
def test_ticks_stand_at_the_stored_quantiles(sheet, data, key) -> None:
    own = row(data, key)
    for name, x in zip(("P5", "P50", "P95"), own["quantile"], strict=True):
        assert one(sheet, f"{key} {name}").get_xdata() == pytest.approx([x])


def test_rings_stand_at_the_quantiles_asked_for(sheet, data) -> None:
    rings = [ring.get_xdata()[0] for ring in found(sheet, "price asked")]
    assert rings == data["asked_quantile"].values[:3].tolist() == [1.0, 2.1, 3.0]
    assert found(sheet, "sample asked") == []  # of data nothing was asked


def test_diamonds_stand_at_the_reported_values(sheet) -> None:
    assert [mark.get_xdata()[0] for mark in found(sheet, "price reported")] == [1.2]
    (note,) = texts(sheet, "note")
    assert "reported values: GPU price $99.0" in note


def test_the_middle_reaches_from_p5_to_p95(sheet, data) -> None:
    box = one(sheet, "price middle").get_paths()[0].get_extents()
    assert [box.x0, box.x1] == pytest.approx(row(data, "price")["quantile"][[0, 2]])


# The claim ----------------------------------------------------------------------------------


def test_a_claim_inside_is_ink_and_outside_orange(sheet, data) -> None:
    inside, outside = (one(sheet, f"{key} claim") for key in ("price", "paid_share"))
    assert inside.get_xdata() == pytest.approx([2.0, 2.0])
    assert (to_hex(inside.get_color()).upper(), to_hex(outside.get_color()).upper()) == (
        INK, ORANGE,
    )  # fmt: skip
    place = 100 * row(data, "price")["theoretical_percentile"]
    assert f"claim $2.00 (P{place:.0f})" in texts(sheet, "claim")
    assert "claim 100% (>P99)" in texts(sheet, "claim")


def test_a_claim_beyond_the_axis_is_said_at_its_edge(sheet) -> None:
    assert found(sheet, "level claim") == []
    assert "claim 500 (>P99) ›" in texts(sheet, "claim")


def test_a_claim_that_stands_at_a_fixed_value_is_not_excluded(sheet) -> None:
    assert to_hex(one(sheet, "served claim").get_color()).upper() == INK
    assert "claim 100% (P95)" in texts(sheet, "claim")


def test_inputs_without_a_claim_have_none(sheet) -> None:
    assert found(sheet, "demand claim") == []


# Parts --------------------------------------------------------------------------------------


def test_states_are_stacked_to_the_whole(sheet, data) -> None:
    whole = row(data, "served")["density"]
    layers = [found(sheet, f"served | {state}")[0] for state in ("open", "partial", "closed")]
    highest = layers[-1].get_paths()[0].get_extents().y1
    assert highest == pytest.approx(whole.max())
    shades = {to_hex(layer.get_facecolor()[0]) for layer in layers}
    assert len(shades) == 3
    assert {"open 10%", "partial 60%", "closed 30%"} <= set(texts(sheet, "part"))


def test_experts_of_a_product_are_lines_beside_it(sheet, data) -> None:
    for name in ("Expert A", "Expert B"):
        line = one(sheet, f"product | {name}")
        assert line.get_ydata()[1:-1] == pytest.approx(row(data, f"product | {name}")["density"])
    assert {"Expert A 33%", "Expert B 67%"} <= set(texts(sheet, "part"))


# Axes and words -----------------------------------------------------------------------------


def test_axes_say_what_they_cut(sheet, data) -> None:
    (note,) = texts(sheet, "note")
    most = float(np.nanmax(data["cut"].values[data["input_part"].values == ""]))
    assert note.startswith(f"Axes leave out at most {100 * most:.0f}% of a prior on either side (")
    assert "the peak of Loss share" in note
    highest = one(sheet, "loss density").axes.get_ylim()[1]
    assert highest < np.nanmax(row(data, "loss")["density"])


def test_the_title_is_counted(sheet, data) -> None:
    assert sheet.finding == (
        "1 of 14 priors rests on judgement alone; the claim lies outside P1–P99 of 2"
    )
    whole = data.isel(input=data["input_part"].values == "")
    assert int(whole["judged_alone"].sum()) == 1
    assert int(whole["excluded"].sum()) == 2


def test_other_titles() -> None:
    def title(**inputs):
        return draw_priors(beliefs(risk.Priors(inputs), TODAY))[0].finding

    plain = prior(normal(0.0, 1.0))
    assert title(x=plain) == "The prior has a source"
    assert title(x=plain, y=plain) == "Every prior has a source"
    claimed = prior(normal(0.0, 1.0), theoretical=0.5)
    assert title(x=claimed, y=plain) == (
        "Every prior has a source; the claim lies inside P1–P99 of all"
    )


def test_numbers_below_are_at_one_precision(sheet) -> None:
    below = texts(sheet, "quantile")
    assert below[:3] == ["$1.03", "$2.03", "$3.03"]
    assert {"1", "2", "4"} <= set(below)  # sites, which are whole numbers


def test_the_footer_has_the_hash_of_the_priors(sheet, data) -> None:
    (footer,) = texts(sheet, "footer")
    assert footer == (
        f"Zoo · priors zoo {data.attrs['priors_hash'][:12]} · checked 2026-11-23 · risk 0.1.0"
    )


def test_no_text_touches_another_or_leaves_the_page(sheet, clashes) -> None:
    assert clashes(sheet) == []


def test_the_alternative_text_says_the_numbers(sheet) -> None:
    assert sheet.alt.startswith("Priors. 1 of 14 priors rests on judgement alone")
    assert "GPU price $1.03–3.03, median $2.03" in sheet.alt
    assert "Regime open 10%, partial 60%, closed 30%" in sheet.alt


def test_texts_in_a_row_are_kept_apart() -> None:
    at = apart([1.0, 2.0, 99.0], [10.0, 20.0, 10.0], (0.0, 100.0), 2.0)
    gaps = np.diff(at) - np.array([15.0, 15.0])
    assert (gaps >= 2 - 1e-9).all()
    assert at[0] - 5 >= 0
    assert at[-1] + 5 <= 100


def test_a_check_of_another_form_is_refused(data) -> None:
    with pytest.raises(ValueError, match="Expected `beliefs` with variable 'density'"):
        draw_priors(data.drop_vars("density"))


def test_an_infinite_number_is_nowhere(sheet) -> None:
    lines = [line for line in sheet.findobj() if hasattr(line, "get_xdata")]
    assert all(math.isfinite(x) for line in lines for x in np.ravel(line.get_xdata()))

"""What the engine made of priors: closed forms, the priors' own map, and what adds up."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import risk
from risk.analysis.belief_claims import grades, outdated
from risk.analysis.belief_rows import Blend
from risk.analysis.beliefs import beliefs
from risk.blocks import Correlated, Shares
from risk.data_fit import from_data
from risk.designs import sobol_replicate
from risk.elicitation import from_quantiles
from risk.experts import Expert
from risk.families import beta, discrete, histogram, lognormal, metalog, normal, truncated
from risk.sources import Evidence, Judgement, Source

TODAY = date(2026, 11, 23)
SOURCE = Source("Price list", "https://example.org", "2026-11-01", "A")
JUDGED = Judgement("J. Doe", "2026-11-23", "no data")


def prior(distribution=None, unit="1", **about):
    about.setdefault("source", SOURCE)
    return risk.Prior(distribution, unit=unit, **about)


def of(blocks=(), **inputs):
    return beliefs(risk.Priors(inputs, blocks=blocks), TODAY)


def texts(data, name):
    return [str(text) for text in data[name].values]


# Numbers ------------------------------------------------------------------------------------


def test_quantiles_and_moments_are_the_closed_forms() -> None:
    data = of(price=prior(lognormal(0.646, 0.233), "USD/GPU/hour", theoretical=2.0))
    row = data.sel(input="price")
    law = stats.lognorm(0.233, scale=math.exp(0.646))
    assert row["quantile"].values == pytest.approx(law.ppf([0.05, 0.5, 0.95]), rel=1e-12)
    assert row["mean"].item() == pytest.approx(law.mean(), rel=1e-9)
    assert row["standard_deviation"].item() == pytest.approx(law.std(), rel=1e-9)
    assert row["theoretical_percentile"].item() == pytest.approx(law.cdf(2.0), rel=1e-12)
    assert (row["theoretical"].item(), row["excluded"].item()) == (2.0, False)


def test_an_input_without_a_claim_has_no_percentile() -> None:
    row = of(x=prior(stats.uniform(0, 1))).sel(input="x")
    assert np.isnan([row["theoretical"].item(), row["theoretical_percentile"].item()]).all()
    assert not row["excluded"].item()


@pytest.mark.parametrize(
    ("distribution", "finite"),
    [
        (from_quantiles({0.05: -1.0, 0.95: 1.0}, "student_t", held={"degrees_of_freedom": 2}), 0),
        (metalog(0.0, 0.6, minimum=0.0), 0),
        (truncated(metalog(0.0, 0.6, minimum=0.0), maximum=50.0), 1),
        (stats.cauchy(), 0),
    ],
)
def test_a_tail_without_variance_is_infinite(distribution, finite) -> None:
    data = of(x=prior(distribution))
    assert np.isfinite(data["standard_deviation"].item()) == bool(finite)


@pytest.mark.parametrize(
    ("claim", "percentile", "excluded"),
    [(0.0, 0.0045, True), (1.0, 0.2525, False), (2.0, 0.7405, False), (4.0, 0.9925, False),
     (5.0, 1.0, True), (3.0, 0.985, False)],
)  # fmt: skip
def test_a_value_with_probability_counts_half(claim, percentile, excluded) -> None:
    """A claim is excluded where less than 1 % is at it or beyond it, on either side."""
    law = discrete([0, 1, 2, 4], [0.009, 0.487, 0.489, 0.015])
    row = of(x=prior(law, theoretical=claim)).sel(input="x")
    assert row["theoretical_percentile"].item() == pytest.approx(percentile)
    assert row["excluded"].item() == excluded


# Regimes ------------------------------------------------------------------------------------


def by_regime():
    return {
        "regime": prior({"open": 0.1, "closed": 0.9}, theoretical="open"),
        "share": prior(
            {"open": 1.0, "closed": beta(17.0, 3.0)}, given="regime", theoretical=1.0
        ),
    }  # fmt: skip


def test_an_input_given_a_regime_has_a_row_for_all_states_and_each() -> None:
    data = of(**by_regime())
    assert texts(data, "input") == ["regime", "share", "share | open", "share | closed"]
    assert data["weight"].values == pytest.approx([1, 1, 0.1, 0.9])
    assert texts(data, "input_role") == ["", "", "state", "state"]
    whole, law = data.sel(input="share"), stats.beta(17, 3)
    assert whole["mean"].item() == pytest.approx(0.1 + 0.9 * law.mean())
    second = 0.1 + 0.9 * (law.var() + law.mean() ** 2)
    deviation = math.sqrt(second - whole["mean"].item() ** 2)
    assert whole["standard_deviation"].item() == pytest.approx(deviation)
    got = law.ppf([0.05 / 0.9, 0.5 / 0.9])
    assert whole["quantile"].values == pytest.approx([*got, 1.0], rel=1e-9)
    assert data.sel(input="share | closed")["quantile"].values == pytest.approx(
        law.ppf([0.05, 0.5, 0.95])
    )
    # One draw in ten stands at the claim: it is no extreme, although nothing lies above it.
    assert whole["theoretical_percentile"].item() == pytest.approx(0.95)
    assert not whole["excluded"].item()


def test_a_chain_of_regimes_agrees_with_the_map_itself() -> None:
    inputs = {
        "regime": prior({"open": 0.2, "closed": 0.8}),
        "demand": prior(
            {"open": {"high": 0.9, "low": 0.1}, "closed": {"high": 0.3, "low": 0.7}},
            given="regime",
        ),
        "price": prior(
            {"open, high": normal(10.0, 1.0), "open, low": normal(5.0, 1.0), "closed, high": 7.0,
             "closed, low": lognormal(1.0, 0.3)},
            given=("regime", "demand"), theoretical=6.0,
        ),
    }  # fmt: skip
    data, map_ = of(**inputs), risk.Priors(inputs).map
    drawn = map_.inputs(map_.columns(sobol_replicate(1 << 16, [0, 1, 2], 7, (1,))[0]))
    whole = data.sel(input="price")
    # The share of 65,536 balanced points below a value is known to far better than 1e-3.
    levels = [np.mean(drawn["price"] <= x) for x in whole["quantile"].values]
    assert levels == pytest.approx([0.05, 0.5, 0.95], abs=2e-3)
    assert whole["mean"].item() == pytest.approx(drawn["price"].mean(), rel=2e-3)
    assert whole["standard_deviation"].item() == pytest.approx(drawn["price"].std(), rel=5e-3)
    assert whole["theoretical_percentile"].item() == pytest.approx(
        np.mean(drawn["price"] < 6.0), abs=1e-3
    )
    assert data["weight"].values[-4:] == pytest.approx([0.18, 0.02, 0.24, 0.56], abs=1e-3)
    high = 0.2 * 0.9 + 0.8 * 0.3
    own = data["state_input"].values == "demand"
    assert data["state_probability"].values[own] == pytest.approx([high, 1 - high], rel=1e-9)
    assert texts(data, "state_input").count("demand | closed") == 2


def test_a_state_that_never_holds_says_nothing_of_the_whole() -> None:
    never = from_quantiles({0.05: -9.0, 0.95: 9.0}, "student_t", held={"degrees_of_freedom": 1})
    inputs = {
        "regime": prior({"open": 1.0, "closed": 0.0}),
        "x": prior({"open": normal(0.0, 1.0), "closed": never}, given="regime"),
    }
    row = of(**inputs).sel(input="x")
    assert row["standard_deviation"].item() == pytest.approx(1.0)
    assert row["quantile"].values == pytest.approx(stats.norm.ppf([0.05, 0.5, 0.95]))


def test_a_blend_is_the_mixture_of_its_parts() -> None:
    law = Blend((normal(0.0, 1.0), normal(3.0, 2.0)), np.array([0.3, 0.7]))
    u = np.array([0.01, 0.05, 0.5, 0.95, 0.99])
    assert law.cdf(law.ppf(u)) == pytest.approx(u, abs=1e-12)
    assert law.support == (-math.inf, math.inf)


def test_a_categorical_row_has_states_and_no_numbers() -> None:
    data = of(**by_regime())
    row = data.sel(input="regime")
    assert (row["kind"].item(), row["theoretical_state"].item()) == ("regime", "open")
    assert np.isnan(row["quantile"].values).all()
    assert texts(data, "state_name") == ["open", "closed"]
    assert data["state_probability"].values.tolist() == [0.1, 0.9]


@pytest.mark.parametrize(("p", "excluded"), [(0.009, True), (0.011, False)])
def test_a_claimed_state_is_excluded_below_one_percent(p, excluded) -> None:
    data = of(regime=prior({"open": p, "closed": 1 - p}, theoretical="open"))
    assert data["excluded"].item() == excluded


@pytest.mark.parametrize("pool", ["linear", "logarithmic"])
def test_experts_stand_under_their_pool(pool) -> None:
    two = (Expert("Ms Black", normal(0.0, 1.0), 1.0), Expert("Mr White", normal(2.0, 1.0), 3.0))
    data = of(x=prior(experts=two, pool=pool))
    assert texts(data, "input") == ["x", "x | Ms Black", "x | Mr White"]
    assert data["weight"].values.tolist() == [1.0, 0.25, 0.75]
    assert data["mean"].values == pytest.approx([1.5, 0.0, 2.0])
    assert data["pool"].values[0] == pool


# Sources ------------------------------------------------------------------------------------


def test_grades_and_judgement_are_said() -> None:
    sources = [Source("a", grade="B+"), Source("b", grade="A"), Source("c", grade="B+")]
    data = of(
        x=prior(normal(0.0, 1.0), source=sources, judgement=JUDGED),
        y=prior(normal(0.0, 1.0), source=(), judgement=JUDGED),
    )
    assert texts(data, "grades") == ["A, B+", ""]
    assert texts(data, "judged") == ["judged", "judged"]
    assert data["judged_alone"].values.tolist() == [False, True]
    assert grades([Source("a", grade="A-"), Source("b", grade="A"), Source("c")]) == "A, A-"


@pytest.mark.parametrize(
    ("given", "old"),
    [
        ([("2025-11-22", "A")], True),
        ([("2025-11-23", "A")], False),
        ([("2026-11-01", "R")], True),
        ([("2024-01-01", "A"), ("2026-11-01", "R")], True),
        ([("2024-01-01", "A"), ("2026-11-01", "A")], False),
        ([("", "A")], False),
        ([], False),
    ],
)
def test_sources_are_outdated_if_all_are_old_or_recalled(given, old) -> None:
    assert outdated([Source("x", read=read, grade=grade) for read, grade in given], TODAY) == old


@pytest.mark.parametrize(
    ("name", "distribution", "unit", "style"),
    [
        ("paid_share", normal(0.5, 0.3), "1", "share"),
        ("ratio", stats.uniform(0, 1), "1", "share"),
        ("ratio", lognormal(0.0, 1.0), "1", ""),
        ("price_share", normal(1.0, 0.1), "USD", ""),
    ],
)
def test_shares_read_in_percent(name, distribution, unit, style) -> None:
    assert of(**{name: prior(distribution, unit)})["input_style"].item() == style


# Shapes -------------------------------------------------------------------------------------

SHAPES = {
    "normal": normal(0.0, 1.0),
    "spike": beta(0.5, 19.5),
    "uniform": stats.uniform(2, 3),
    "heavy": metalog(0.0, 0.6, minimum=0.0),
    "histogram": histogram([0, 1, 2, 4, 8], [2, 5, 0, 1]),
    "sample": from_data(np.random.default_rng(1).normal(size=40).tolist(), "empirical"),
    "discrete": discrete([1, 2, 4], [0.2, 0.5, 0.3]),
    "poisson": stats.poisson(3),
    "cut discrete": truncated(discrete([1, 2, 4], [0.2, 0.5, 0.3]), minimum=1.5),
}


@pytest.mark.parametrize("name", SHAPES)
def test_density_and_values_add_up_to_what_is_not_cut_off(name) -> None:
    data = of(x=prior(SHAPES[name], "USD"))
    edges, density = (data[key].values[0] for key in ("cell_edge", "density"))
    smooth = float(np.nansum(np.diff(edges)[: len(density)] * density))
    whole = smooth + float(data["atom_probability"].sum()) + float(data["cut"].sum())
    assert whole == pytest.approx(1.0, abs=1e-3 if name == "poisson" else 1e-9)
    low, high = data["window"].values[0]
    assert low <= data["quantile"].values[0, 0] <= data["quantile"].values[0, -1] <= high


def test_a_density_is_the_derivative_of_the_distribution() -> None:
    data = of(x=prior(normal(0.0, 1.0)))
    edges, density = (data[key].values[0] for key in ("cell_edge", "density"))
    middle = (edges[1:] + edges[:-1]) / 2
    assert density == pytest.approx(stats.norm.pdf(middle), rel=2e-3)


def test_histogram_values_and_regimes_are_drawn_as_such() -> None:
    law = histogram([0, 1, 2, 4], [2, 5, 1])
    data = of(h=prior(law), d=prior(SHAPES["discrete"]), r=prior({"a": 0.5, "b": 0.5}))
    assert texts(data, "shape") == ["bars", "values", "states"]
    assert data["cell_edge"].values[0, :4].tolist() == [0, 1, 2, 4]
    assert data["density"].values[0, :3] == pytest.approx([2 / 8, 5 / 8, 1 / 16])
    assert data["atom_value"].values.tolist() == [1, 2, 4]
    assert data["atom_probability"].values == pytest.approx([0.2, 0.5, 0.3])


def test_states_add_up_to_the_density_over_all_of_them() -> None:
    data = of(**by_regime())
    density, weight = data["density"].values, data["weight"].values
    assert density[1] == pytest.approx(weight[3] * density[3])  # the other is one value
    own = data["atom_input"].values == "share"
    assert data["atom_value"].values[own].tolist() == [1.0]
    assert data["atom_probability"].values[own] == pytest.approx([0.1])


def test_a_mark_widens_the_window_if_it_is_near() -> None:
    near, far = (of(x=prior(normal(0.0, 1.0), theoretical=x)) for x in (4.0, 40.0))
    assert near["window"].values[0, 1] == 4.0
    assert far["window"].values[0, 1] < 4.0


# Fits, reported values, blocks --------------------------------------------------------------


def test_a_fit_says_what_was_asked_and_got() -> None:
    law = from_quantiles({0.05: 1.0, 0.5: 2.1, 0.95: 3.0}, "normal")
    data = of(x=prior(law))
    assert texts(data, "fit_input") == ["x"]
    assert data["asked_quantile"].values.tolist() == [1.0, 2.1, 3.0]
    assert data["got_quantile"].values == pytest.approx(data["quantile"].values[0])
    worst = np.max(np.abs(data["got_quantile"] - data["asked_quantile"])) / 2
    assert data["misfit"].item() == pytest.approx(worst.item())
    assert texts(data, "fit_runner_up") == [""]
    best = of(x=prior(from_quantiles({0.05: 1.0, 0.95: 3.0}, "best")))
    assert texts(best, "fit_runner_up") == ["lognormal"]


def test_a_fit_to_data_has_its_distance_and_p_value() -> None:
    rng = np.random.default_rng(3)
    good = from_data(rng.normal(size=80).tolist(), "normal", file="a.csv", column="x")
    two = rng.choice([-1.0, 1.0], 60) + rng.normal(0, 0.1, 60)
    bad = from_data(two.tolist(), "normal", file="b.csv", column="y")
    data = of(x=prior(good), y=prior(bad), z=prior(SHAPES["sample"]))
    assert data["data_count"].values.tolist() == [80, 60, 40]
    assert texts(data, "fit_data")[:2] == ["a.csv, x", "b.csv, y"]
    assert data["kolmogorov"].values[0] < 0.1 < data["kolmogorov"].values[1]
    assert data["p_value"].values[0] > 0.05
    assert data["p_value"].values[1] == 0.01
    assert np.isnan(data["p_value"].values[2])  # the sample itself


def test_fits_of_states_and_experts_are_found() -> None:
    law = from_quantiles({0.05: 1.0, 0.95: 3.0}, "normal")
    inputs = {
        "regime": prior({"a": 0.5, "b": 0.5}),
        "x": prior({"a": law, "b": 1.0}, given="regime"),
        "y": prior(experts=(Expert("Ms Black", law), Expert("Mr White", normal(0.0, 1.0)))),
    }
    data = of(**inputs)
    found = list(zip(texts(data, "fit_input"), texts(data, "fit_part"), strict=True))
    assert found == [("x", "a"), ("y", "Ms Black")]


def test_reported_values_are_kept() -> None:
    point = Evidence(2.65, "1-year contract", SOURCE)
    data = of(x=prior(normal(2.0, 1.0), "USD", evidence=(point,)))
    assert (data["reported"].item(), texts(data, "reported_input")) == (2.65, ["x"])
    assert texts(data, "reported_label") == ["1-year contract"]
    assert data["window"].values[0, 1] >= 2.65


def test_blocks_say_what_moves_together() -> None:
    mix = Shares({"api": 4.0, "app": 6.0}, name="mix", label="Channel mix", sources=(SOURCE,))
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.5}
    block = Correlated(pairs, name="market", label="Market", repair=True, sources=(SOURCE,))
    plain = {name: prior(normal(0.0, 1.0), label=name.upper()) for name in "abc"}
    data = of([mix, block], **plain, api=prior(mix["api"]), app=prior(mix["app"]))
    assert texts(data, "block_kind") == ["shares", "correlated"]
    assert texts(data, "pair_first") == ["A", "B", "A"]
    assert data["correlation"].values.tolist() == [0.9, 0.9, -0.5]
    got = data["correlation_got"].values
    assert (np.abs(got) < np.abs(data["correlation"].values)).all()
    assert texts(data, "block_text")[0] == "Dirichlet, one factor"
    assert texts(data, "family")[-2:] == ["dirichlet", "dirichlet"]
    assert isinstance(data, xr.Dataset)


def test_correlations_that_hold_are_as_asked() -> None:
    block = Correlated({("a", "b"): 0.4}, name="m", degrees_of_freedom=5.0, sources=(SOURCE,))
    data = of([block], a=prior(normal(0.0, 1.0)), b=prior(normal(0.0, 1.0)))
    assert data["correlation_got"].values.tolist() == [0.4]
    assert "t copula with 5 degrees of freedom" in texts(data, "block_text")[0]


def test_nothing_uncertain_is_an_empty_check() -> None:
    data = of(x=prior(1.0))
    assert data.sizes["input"] == 0
    assert data.attrs["checked"] == "2026-11-23"

"""What the engine made of priors: closed forms, the priors' own map, and what adds up."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest
from scipy import stats

import risk
from risk.analysis.belief_claims import grades, outdated
from risk.analysis.belief_rows import Blend
from risk.analysis.beliefs import beliefs
from risk.designs import sobol_replicate
from risk.elicitation import from_quantiles
from risk.experts import Expert
from risk.families import beta, discrete, lognormal, metalog, normal, truncated
from risk.sources import Judgement, Source

TODAY = date(2026, 11, 23)
SOURCE = Source("Price list", "https://example.org", "2026-11-01", "A")
JUDGED = Judgement("J. Doe", "2026-11-23", "no data")


def prior(distribution=None, unit="1", **about):
    about.setdefault("source", SOURCE)
    return risk.Prior(distribution, unit=unit, **about)


def of(**inputs):
    return beliefs(risk.Priors(inputs), TODAY)


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


def test_nothing_uncertain_is_an_empty_check() -> None:
    data = of(x=prior(1.0))
    assert data.sizes["input"] == 0
    assert data.attrs["checked"] == "2026-11-23"

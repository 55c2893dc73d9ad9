"""What pools of experts change, and a quick look at what decides."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

import risk
from risk.analysis.beliefs import beliefs
from risk.analysis.prior_influence import influence, pools
from risk.analysis.prior_warnings import prior_warnings
from risk.experts import Expert
from risk.families import empirical, lognormal, normal
from risk.model_results import ModelError
from risk.sources import Source

TODAY = date(2026, 11, 23)
SOURCE = Source("Price list", "https://example.org", "2026-11-01", "A")


def prior(distribution=None, unit="1", **about):
    about.setdefault("source", SOURCE)
    return risk.Prior(distribution, unit=unit, **about)


def warned(model, **inputs):
    """Kind → the sentences of that kind."""
    priors = risk.Priors(inputs)
    looks = influence(model, priors), pools(model, priors)
    found: dict[str, list[str]] = {}
    for remark in prior_warnings(priors, beliefs(priors, TODAY), *looks):
        found.setdefault(remark.kind, []).append(remark.text)
    return found


def total(**x):
    return {"profit": sum(x.values())}


def test_indices_of_a_sum_are_its_shares_of_variance() -> None:
    found = influence(
        total, risk.Priors({"a": prior(normal(0.0, 2.0)), "b": prior(normal(0.0, 1.0))})
    )
    assert found["first_order"].sel(outcome="profit").values == pytest.approx([0.8, 0.2], abs=0.02)


def test_only_headline_outcomes_are_looked_at_where_there_are_any(main_priors) -> None:
    found = influence(risk.profit_model, main_priors)
    assert list(found["outcome"].values) == ["real_revenue", "gross_profit", "operating_profit"]


def test_the_quick_look_says_why_a_model_fails() -> None:
    priors = risk.Priors({"x": prior(normal(0.0, 1.0))})
    with pytest.raises(ModelError, match="Expected finite outcomes"):
        influence(lambda x: {"y": np.sqrt(x)}, priors)


def experts(*laws):
    return [Expert(f"Expert {k}", law) for k, law in enumerate(laws)]


def test_experts_who_disagree_change_the_probability_of_loss() -> None:
    """Half below 0 but a tail under the mixture; under the product the normal with mean 1.5."""
    both = experts(normal(0.0, 0.5), normal(3.0, 0.5))
    found = warned(total, x=prior(experts=both, label="Demand"), y=prior(normal(0.0, 1e-3)))
    (text,) = found["pools differ"]
    assert text == (
        "Demand: its experts disagree. P(profit < 0) is 25% under the linear pool and 0.1% under "
        "the logarithmic one; the file takes the linear one. Settle why they differ, or show both "
        "numbers."
    )


def test_experts_who_agree_are_no_warning() -> None:
    both = experts(normal(0.0, 1.0), normal(0.0, 1.0))
    found = warned(
        total, x=prior(experts=both), y=prior(normal(0.0, 1.0)), z=prior(normal(0.0, 1.0))
    )
    assert found == {}


def test_a_logarithmic_pool_that_cannot_be_says_so() -> None:
    both = experts(empirical([1.0, 2.0, 3.0]), empirical([2.0, 3.0, 4.0]))
    inputs = {name: prior(normal(0.0, 1.0)) for name in "yz"}
    found = warned(total, x=prior(experts=both, label="Demand"), **inputs)
    assert list(found) == ["pool impossible"]
    (text,) = found["pool impossible"]
    assert text.startswith("Demand: its experts cannot be pooled in both ways, so nothing is said")
    assert "Expected experts with a density for a logarithmic pool" in text


def test_an_expert_that_is_a_factor_is_pooled_away() -> None:
    both = experts(normal(0.0, 0.5), normal(3.0, 0.5))
    inputs = {
        "which": prior({"Expert_0": 0.5, "Expert_1": 0.5}),
        "x": risk.Prior(
            {"Expert_0": both[0].marginal, "Expert_1": both[1].marginal},
            given="which", experts=both, unit="1", source=SOURCE,
        ),
        "y": prior(normal(0.0, 1e-3)),
    }  # fmt: skip
    found = pools(lambda x, y: {"profit": x + y}, risk.Priors(inputs))
    linear, logarithmic = found["probability_of_loss"].values[0]
    assert linear == pytest.approx(0.25, abs=2e-3)
    assert logarithmic == pytest.approx(stats.norm.cdf(-3.0), abs=5e-4)


def test_without_an_outcome_that_can_be_lost_pools_say_nothing() -> None:
    both = experts(lognormal(0.0, 0.5), lognormal(1.0, 0.5))
    found = pools(total, risk.Priors({"x": prior(experts=both)}))
    assert found.attrs["loss_of"] == ""
    assert np.isnan(found["probability_of_loss"].values).all()

"""What the main case says, from closed forms of its parts and from published figures."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import risk
from risk.analysis.published import published
from risk.evaluation import bind
from risk.stats.replicates import student_t


def test_published_figures_are_reproduced(main_study: xr.DataTree) -> None:
    data = main_study["published"].to_dataset()
    assert (abs(data["relative_difference"]) <= data["tolerance"]).all()
    assert data["ours"].sel(check="Theoretical revenue of the day") == 562_100
    assert data["ours"].sel(check="Cost of the day").item() == pytest.approx(87_115.61, abs=0.01)


def test_a_published_figure_of_no_outcome(main_priors: risk.Priors) -> None:
    figure = risk.Published("x", "revenue", 1.0, "USD/day", 0.1, "1", risk.Source("a test"))
    other = risk.Priors(dict(main_priors), published=[figure])
    with pytest.raises(ValueError, match="outcomes of the model, got 'revenue'. Did you mean"):
        published(bind(risk.profit_model, other), other)


def test_the_paid_share_decides_the_revenue_gap(main_study: xr.DataTree) -> None:
    """Far ahead, as every independent sketch of the case found (about 0.8)."""
    sobol = main_study["sobol"].to_dataset().sel(outcome="revenue_gap")
    first = sobol.sel(factor="paid_user_share")
    assert first["rank_high"] == 1
    assert 0.75 < first["total_order"] < 0.9
    assert sobol["total_order"].sel(factor="offpeak_share") < 0.03


def test_cost_cannot_move_the_revenue_gap(main_study: xr.DataTree) -> None:
    sobol = main_study["sobol"].to_dataset()
    for factor in ("gpu_price", "utilisation", "operating_cost_ratio"):
        assert sobol["total_order"].sel(outcome="revenue_gap", factor=factor) == 0
        assert sobol["total_order"].sel(outcome="profit_gap", factor=factor) > 0.01


def test_gaps_mirror_what_they_are_gaps_of(main_study: xr.DataTree) -> None:
    """A gap is a constant less its outcome: the same indices, whatever the sign."""
    total = main_study["sobol"]["total_order"]
    for gap, level in (("revenue_gap", "real_revenue"), ("profit_gap", "gross_profit")):
        assert np.allclose(total.sel(outcome=gap), total.sel(outcome=level), rtol=1e-9, atol=1e-12)


def test_means_of_inputs_are_those_of_their_priors(
    main_study: xr.DataTree, main_priors: risk.Priors
) -> None:
    draws = main_study["draws"].to_dataset()
    for name in ("paid_user_share", "gpu_price", "utilisation", "model_life"):
        exact = main_priors[name].marginal.distribution.mean()  # type: ignore[union-attr]
        means = draws[name].mean("draw")
        error = float(means.std(ddof=1)) / np.sqrt(means.size)
        # One seed in ten thousand, were the errors of 8 replicates normal.
        assert abs(float(means.mean()) - exact) < student_t(8, 0.9999) * error


def test_shares_of_the_regime(main_study: xr.DataTree) -> None:
    codes = main_study["draws"]["export_regime"].values.ravel()
    shares = np.bincount(codes) / codes.size
    # a net of 512 points misses a probability by at most one point a replicate
    assert shares == pytest.approx([0.1, 0.6, 0.3], abs=1 / 512)


def test_a_probability_of_a_threshold(main_study: xr.DataTree) -> None:
    draws = main_study["draws"].to_dataset()
    found = risk.probability_below(draws, "real_revenue", 87_072.0)
    share = float((draws["real_revenue"] < 87_072).mean())
    assert found["probability"] == share
    low, high = found["probability_interval"].values
    assert low < share < high
    with pytest.raises(ValueError, match="Expected an outcome, one of .*, got 'gpu_price'"):
        risk.probability_below(draws, "gpu_price", 0.0)
    with pytest.raises(ValueError, match="Expected a finite threshold, got nan"):
        risk.probability_below(draws, "real_revenue", np.nan)
    with pytest.raises(ValueError, match="variable 'revenue'"):
        risk.probability_below(draws, "revenue", 0.0)


def test_levers_with_common_random_numbers(
    main_study: xr.DataTree, main_priors: risk.Priors
) -> None:
    draws = main_study["draws"].to_dataset()
    scenarios = {"as it is": {}, "no discounts": {
        "premium_offpeak_discount": 0.0, "standard_offpeak_discount": 0.0}}  # fmt: skip
    found = risk.what_if(
        risk.profit_model, main_priors, draws, scenarios, ["real_revenue", "gross_profit"]
    )
    same = found.sel(scenario="as it is")
    assert (same["difference"] == 0).all()
    more = found["difference"].sel(scenario="no discounts")
    # Discounts are revenue only: the same dollars in both outcomes, and none are lost.
    assert np.allclose(more.sel(outcome="real_revenue"), more.sel(outcome="gross_profit"))
    assert (more > 0).all()
    width = np.diff(found["difference_interval"].sel(scenario="no discounts"), axis=-1)
    apart = np.diff(found["mean_interval"].sel(scenario="no discounts"), axis=-1)
    assert (width < apart).all()
    with pytest.raises(ValueError, match=r"regime 'export_regime'. Run a study with priors.fix"):
        risk.what_if(
            risk.profit_model, main_priors, draws, {"x": {"export_regime": 0}}, ["profit_gap"]
        )
    with pytest.raises(ValueError, match=r"`paid_user_share` inside \[0, 1\] in scenario 'x'"):
        risk.what_if(
            risk.profit_model, main_priors, draws, {"x": {"paid_user_share": 1.7}}, ["profit_gap"]
        )
    other = main_priors.fix(gpus_per_node=4)
    with pytest.raises(ValueError, match="Expected draws made with these priors"):
        risk.what_if(risk.profit_model, other, draws, {}, ["profit_gap"])
    turned = draws.transpose("draw", "replicate")
    again = risk.what_if(risk.profit_model, main_priors, turned, scenarios, ["real_revenue"])
    assert np.array_equal(again["difference_interval"], found["difference_interval"][:, :1])
    with pytest.raises(KeyError, match="inputs in scenario 'x', got .*Did you mean"):
        risk.what_if(risk.profit_model, main_priors, draws, {"x": {"gpu_prise": 1}}, ["profit_gap"])


def test_a_regime_can_be_fixed(main_priors: risk.Priors) -> None:
    study = risk.run_study(
        risk.profit_model, main_priors.fix(export_regime="closed"), draws=64, replicates=2
    )
    draws = study["draws"]
    assert (draws["export_regime"] == 2).all()
    assert draws["accelerator_premium"].min() >= 1.5  # the least of the closed state
    assert "export_regime" not in study["sobol"]["factor"]  # what never varies is no factor
    with pytest.raises(
        ValueError, match="a state of `export_regime`, one of open, partial, closed"
    ):
        main_priors.fix(export_regime="shut")

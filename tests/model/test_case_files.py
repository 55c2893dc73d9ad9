"""The priors files that come with the package: at its claim, each case is its headline."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import risk
from risk.evaluation import bind
from risk.model import profit_model
from risk.shipped import priors_directory

CASES = sorted(path.stem for path in priors_directory().glob("*.toml"))
NEW = ["api_lab", "deepseek_2026_11", "subscription_lab"]
TRAINING = {"final_run_cost": 5.87e6, "final_run_share": 0.12, "model_life": 8.0}
FORMS = {  # input of a case: how its belief is written
    ("deepseek_2026_11", "input_output_ratio"): "metalog",
    ("deepseek_2026_11", "cache_hit_share"): "mixture",
    ("api_lab", "net_to_gross"): "mixture",
}


@pytest.fixture(params=CASES)
def priors(request: pytest.FixtureRequest) -> risk.Priors:
    return risk.read_priors(priors_directory() / f"{request.param}.toml", profit_model)


def test_cases_are_there() -> None:
    assert CASES == sorted([*NEW, "deepseek_2025_02"])


def test_at_its_claim_a_case_earns_the_headline_to_the_last_bit(priors: risk.Priors) -> None:
    claim: dict[str, Any] = dict(priors.theoretical)
    arguments = {name: x for name, x in (TRAINING | claim).items() if name != "export_regime"}
    day = profit_model(**arguments, theoretical=claim)
    assert day["real_revenue"] == day["theoretical_revenue"] > 0
    assert day["inference_cost"] == day["theoretical_cost"] > 0
    assert day["revenue_gap"] == day["profit_gap"] == 0


@pytest.mark.parametrize("case", NEW)
def test_every_step_has_an_input_that_moves_in_it(case: str) -> None:
    priors = risk.read_priors(priors_directory() / f"{case}.toml", profit_model)
    moving = [p for p in priors.values() if p.kind == "uncertain" and p.theoretical is not None]
    assert all(prior.step for prior in moving)
    assert {p.step for p in priors.values()} - {None} == {p.step for p in moving}


def test_every_number_is_sourced_or_judged_and_every_address_whole(priors: risk.Priors) -> None:
    for name, prior in priors.items():
        assert prior.sources or prior.judgement, name
        assert all(source.url.startswith("https://") for source in prior.sources), name
        assert prior.kind != "lever" or prior.sources, name
        assert prior.judgement is None or prior.judgement.why, name


def test_every_source_is_used(priors: risk.Priors) -> None:
    text = Path(priors_directory(), f"{priors.case}.toml").read_text("utf-8")
    for line in text.splitlines():
        if line.startswith("[sources."):
            assert text.count(f'"{line[9:-1]}"') >= 1, line


@pytest.mark.parametrize("case", NEW)
def test_a_case_gives_days_that_are_finite_and_have_a_spread(case: str) -> None:
    priors = risk.read_priors(priors_directory() / f"{case}.toml", profit_model)
    bound = bind(profit_model, priors)
    points = np.random.default_rng(0).uniform(size=(len(priors.map.axes), 512))
    inputs = priors.map.inputs(priors.map.columns(points))
    outcomes = dict(zip(bound.outcomes, bound(inputs, 512), strict=True))
    revenue, cost = outcomes["real_revenue"], outcomes["inference_cost"]
    assert 0 < revenue.min() < np.median(revenue) < outcomes["theoretical_revenue"][0]
    low, high = np.quantile(revenue / cost, [0.05, 0.95])
    assert low < high < 20
    assert high > 1  # a lab of the kind can earn its cost


@pytest.mark.parametrize(("case", "name"), FORMS)
def test_beliefs_are_written_in_the_forms_that_fit_them(case: str, name: str) -> None:
    priors = risk.read_priors(priors_directory() / f"{case}.toml", profit_model)
    assert getattr(priors[name].marginal, "family", "") == FORMS[case, name]

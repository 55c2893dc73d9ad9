"""Documents of a study with evidence, chained regimes and blocks say what the study holds."""

from __future__ import annotations

import re

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import risk
from risk.memo.context import Context
from risk.memo.evidence import evidence_rows, evidence_said, observation_rows, state_rows
from risk.memo.markdown import memo
from risk.memo.terminal import screen

SOURCE = risk.Source("Annual report", "https://example.org/report", "2026-01-02", "A")


def model(price, demand, app, api, regime, premium, fee):
    factor = np.where(regime == "open", 1.0, 0.5)
    revenue = price * demand * (api + 0.1 * app) * factor * (1 - fee)
    return {"revenue": revenue, "profit": revenue - premium}


@pytest.fixture(scope="module")
def priors() -> risk.Priors:
    mix = risk.Shares({"app": 6.0, "api": 4.0}, name="channels", label="Channel mix",
                      sources=(SOURCE,))  # fmt: skip
    both = risk.Correlated(
        {("price", "demand"): -0.5}, name="market", label="Market", rank="kendall",
        degrees_of_freedom=5.0, innovations=True,
        judgement=risk.Judgement("the desk", "2026-01-02", "dear is little"),
    )  # fmt: skip
    inputs = {
        "price": risk.Prior(stats.lognorm(0.4, scale=2), unit="USD", source=SOURCE, label="Price"),
        "demand": risk.Prior(stats.lognorm(0.5, scale=10), unit="1", source=SOURCE, label="Demand"),
        "app": risk.Prior(mix["app"], unit="1", source=SOURCE, label="App share"),
        "api": risk.Prior(mix["api"], unit="1", source=SOURCE, label="API share"),
        "world": risk.Prior({"calm": 0.3, "rough": 0.7}, unit="1", source=SOURCE, label="World"),
        "regime": risk.Prior(
            {"calm": {"open": 0.9, "closed": 0.1}, "rough": {"open": 0.2, "closed": 0.8}},
            given="world", unit="1", source=SOURCE, label="Regime",
        ),
        "premium": risk.Prior(
            {"calm, open": 1.0, "calm, closed": 2.0, "rough, open": stats.uniform(1, 1),
             "rough, closed": stats.uniform(2, 1)},
            given=["world", "regime"], unit="USD", source=SOURCE, label="Premium",
        ),
        "fee": risk.Prior(stats.beta(2, 18), unit="1", source=SOURCE, label="Fee share"),
    }  # fmt: skip
    seen = risk.Observation("Revenue of 2025", "revenue", 9.0, 2.0, "", SOURCE)
    return risk.Priors(inputs, blocks=[mix, both], observations=[seen])


@pytest.fixture(scope="module")
def study(priors: risk.Priors) -> xr.DataTree:
    return risk.run_study(model, priors, draws=256)


@pytest.fixture(scope="module")
def seen(study: xr.DataTree) -> Context:
    return Context(study)


def test_rows_are_the_numbers_of_the_study(study: xr.DataTree, seen: Context) -> None:
    data = study["evidence"].to_dataset()
    rows = {row.name: row for row in evidence_rows(seen, ["revenue"])}
    assert next(iter(rows)) == "revenue"
    assert "demand" in rows
    exact = data["posterior_quantile"].sel(variable="revenue").values
    got = [float(text) for text in rows["revenue"].after]
    np.testing.assert_allclose(got, exact, rtol=0.06)
    size = data["effective_sample_size"].item()
    assert seen.value("evidence.effective_draws") == round(size)
    assert seen.value("evidence.log_evidence") == data["log_evidence"].item()
    assert [(row.label, row.state) for row in state_rows(seen)] == [
        ("World", "calm"), ("World", "rough"), ("Regime", "open"), ("Regime", "closed"),
    ]  # fmt: skip
    (row,) = observation_rows(seen)
    assert (row.label, row.value, row.source["title"]) == ("Revenue of 2025", "9.00", SOURCE.title)
    place = 100 * data["predictive_probability"].item()
    assert row.place == f"P{place:.0f}"
    assert evidence_said(seen).startswith(f"Observed: Revenue of 2025 9.00 ± 2.0, {row.place}")


def test_the_screen_and_the_memo_show_the_evidence(seen: Context) -> None:
    shown = screen(seen)
    assert "After the evidence" in shown
    assert "Observed: Revenue of 2025" in shown
    text = memo(seen)
    section = text[text.index("## After the evidence") : text.index("## What drives it")]
    assert "| Revenue of 2025 [^1] | 9.00 | 2.0 |" in section
    assert "Annual report, <https://example.org/report>" in text
    assert not re.search(r"\n\n\n|[ \t]\n", text)


def test_a_conflict_is_said(priors: risk.Priors) -> None:
    far = risk.Observation("Far", "revenue", 24.0, 5.0, "", SOURCE)
    changed = risk.Priors(dict(priors), blocks=priors.blocks, observations=[far])
    told = evidence_said(Context(risk.run_study(model, changed, draws=4096, replicates=4)))
    assert "above P99" in told
    assert "Note: prior and evidence conflict; check the observation and the priors" in told


def test_regimes_and_blocks_are_among_the_assumptions(seen: Context) -> None:
    text = memo(seen)
    assert "World: calm 30%, rough 70%. Basis: sources [^" in text
    assert "Regime, calm: open 90%, closed 10%." in text
    assert "Regime, rough: open 20%, closed 80%." in text
    assert "| Premium, calm, closed | $2.00 | $2.00 | $2.00 |" in text
    assert "Channel mix, which sum to one: App share, API share, a Dirichlet. [^" in text
    moved = (
        "Market, which move together: Price with Demand −0.5 (Kendall's rank correlation, t copula)"
    )
    assert moved in text
    assert "Market, judged by the desk, 2026-01-02: dear is little" in text


def test_innovations_are_ranked_under_their_names(seen: Context) -> None:
    labels = [str(x) for x in seen.study["sobol"]["factor_label"].values]
    assert "Demand, beyond what Price explains" in labels
    assert "Common shock of Market" in labels
    assert "Channel mix" in labels
    assert seen.factor_inputs["demand | price"] == ("demand",)
    assert seen.factor_inputs["market shock"] == ("price", "demand")
    assert seen.factor_inputs["channels"] == ("app", "api")

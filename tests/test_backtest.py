"""The back-test: its data are what was reported, its table is what the draws say."""

from __future__ import annotations

import contextlib
import csv
import io
import runpy
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import xarray as xr

import risk
from risk.model.sales import PriceList, list_value
from risk.model.workload import TokenFlow
from risk.plots import figure_run_id
from risk.plots.reported import BANDS

SCRIPT = Path(__file__).parents[1] / "experiments" / "backtest.py"
PRIORS = Path(__file__).parents[1] / "priors"
CASES = ("api_lab", "subscription_lab")


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def reported() -> list[dict[str, str]]:
    return read(PRIORS / "data" / "reported_figures.csv")


# What was reported ----------------------------------------------------------------------------


def test_each_figure_has_a_case_a_source_and_a_grade(reported: list[dict[str, str]]) -> None:
    names = "lab line period value unit case outcome source url grade".split()
    outcomes = {"gross_margin", "consumer_gross_margin", "operating_margin"}
    for row in reported:
        assert list(row) == names
        assert all(text.strip() == text != "" for text in row.values())
        assert row["case"] in CASES
        assert row["url"].startswith("https://")
        assert row["grade"].rstrip("+-") in {"A", "B", "C"}
        assert row["unit"] == ("1" if row["outcome"] in outcomes else "USD/year")
    assert len({(r["lab"], r["line"], r["period"]) for r in reported}) == len(reported) == 14


def test_figures_agree_with_each_other(reported: list[dict[str, str]]) -> None:
    value = {(r["lab"], r["line"], r["period"]): float(r["value"]) for r in reported}
    revenue, cost = (value["OpenAI", name, "2025"] for name in ("Revenue", "Cost of revenue"))
    assert value["OpenAI", "Gross margin", "2025"] == round(1 - cost / revenue, 3)
    research = 19.18e9  # audited; staff included
    after = value["OpenAI", "Margin after research", "2025"]
    assert after == round(1 - (cost + research) / revenue, 3)
    # the two segments of MiniMax make up the whole, in millions of dollars of nine months
    whole = 53.44 * value["MiniMax", "Gross margin", "9M 2025"]
    api = 15.42 * value["MiniMax", "API gross margin", "9M 2025"]
    assert value["MiniMax", "Apps gross margin", "9M 2025"] == pytest.approx(
        (whole - api) / 38.02, abs=0.0015
    )


def test_no_case_rests_on_the_figures_that_test_it(reported: list[dict[str, str]]) -> None:
    for case in CASES:
        text = (PRIORS / f"{case}.toml").read_text("utf-8")
        urls = {source["url"] for source in tomllib.loads(text)["sources"].values()}
        assert not urls & {row["url"] for row in reported if row["case"] == case}
        for figure in ("13.07", "7.50 b", "19.18", "42.6", "76.1", "69.4", "0.694", "12.2%"):
            assert figure not in text


def test_levels_of_the_price_lists_are_those_of_one_basket() -> None:
    """The basket is the disclosed day: 342 billion hits, 266 misses and 168 of output."""
    basket: Any = TokenFlow(342e9, 266e9, 168e9)  # type: ignore[arg-type]
    rows = read(PRIORS / "data" / "flagship_price_lists.csv")
    amounts = []
    for row in rows:
        prices: Any = [float(row[f"{kind}_usd_per_mtoken"]) for kind in ("hit", "miss", "output")]
        amounts.append(float(list_value(basket, PriceList(*prices))))
        assert float(row["basket_usd"]) == pytest.approx(amounts[-1], abs=0.51)
    (unit,) = [a for a, row in zip(amounts, rows, strict=True) if row["model"] == "R1"]
    assert unit == 562_100
    for amount, row in zip(amounts, rows, strict=True):
        assert float(row["level_of_r1"]) == pytest.approx(amount / unit, abs=0.0006)


# Where it falls -------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def done(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, str, dict[str, xr.Dataset]]:
    """The experiment with few draws: its folder, what it printed, and the draws that it used."""
    folder, printed = tmp_path_factory.mktemp("backtest"), io.StringIO()
    draws, run = {}, risk.run_study

    def kept(model: Any, priors: risk.Priors, **options: Any) -> xr.DataTree:
        study = run(model, priors, **options)
        draws[priors.case] = study["draws"].to_dataset().assign_attrs(study.attrs)
        return study

    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(printed):
        patch.setattr(risk, "run_study", kept)
        main = runpy.run_path(str(SCRIPT), run_name="backtest")["main"]
        main(folder, draws=256, replicates=4)
    return folder, printed.getvalue(), draws


def by_hand(drawn: xr.Dataset, outcome: str) -> np.ndarray[Any, Any]:
    """What a lab reports, in plain arithmetic from the draws."""
    x = {name: drawn[name].values for name in drawn.data_vars}
    revenue, cost = x["real_revenue"], x["inference_cost"]
    if outcome == "gross_margin":
        values = 1 - cost / revenue
    elif outcome == "operating_margin":
        values = (revenue - cost - x["training_cost_a_day"]) / revenue
    elif outcome == "consumer_gross_margin":
        payers = x["active_users"] * x["subscriber_share"]
        others = x["active_users"] - payers
        tokens = x["tokens_a_user"] * (others + payers * x["subscriber_usage_multiple"])
        paid = payers * x["subscription_price"] * 12 / 365.25 * x["net_to_gross"]
        values = 1 - cost * tokens / (tokens + x["output_tokens"]) / paid
    else:
        values = x[outcome]
    return np.asarray(values, dtype=float).ravel()


def test_the_table_is_what_the_draws_say(
    done: tuple[Path, str, dict[str, xr.Dataset]], reported: list[dict[str, str]]
) -> None:
    folder, _, draws = done
    table = pd.read_csv(folder / "backtest.csv", dtype={"period": str})
    assert len(table) == len(reported)
    for given, row in zip(reported, table.itertuples(), strict=True):
        assert (row.lab, row.line, row.period) == (given["lab"], given["line"], given["period"])
        value = float(given["value"]) / (365 if given["unit"] == "USD/year" else 1)
        values = by_hand(draws[row.case], row.outcome)
        assert row.reported == pytest.approx(value, rel=1e-5)
        assert row.percentile == pytest.approx((values < value).mean(), abs=1e-6)
        assert 0 <= row.percentile_low <= row.percentile <= row.percentile_high <= 1
        bands = [row.p5, row.p25, row.p50, row.p75, row.p95]
        # two definitions of a sample quantile of 1024 draws: within a draw or two of each other
        ranks = [(values < band).mean() for band in bands]
        assert ranks == pytest.approx(BANDS, abs=0.003)
        assert row.inside == (0.05 <= row.percentile <= 0.95)
        assert row.run_id == draws[row.case].attrs["run_id"]


def test_it_prints_every_line_and_the_share_inside(
    done: tuple[Path, str, dict[str, xr.Dataset]], reported: list[dict[str, str]]
) -> None:
    folder, printed, _ = done
    inside = pd.read_csv(folder / "backtest.csv")["inside"].mean()
    assert f"{inside:.0%} of 14 figures are inside P5–P95." in printed
    lines = printed.splitlines()
    for row in reported:
        assert any(row["lab"] in x and row["line"] in x and row["period"] in x for x in lines)


def test_the_figure_carries_the_runs_of_both_cases(
    done: tuple[Path, str, dict[str, xr.Dataset]],
) -> None:
    folder, _, draws = done
    runs = "_".join(draws[case].attrs["run_id"] for case in CASES)
    for kind in ("png", "svg"):
        assert figure_run_id(folder / f"backtest.{kind}") == runs


def test_the_committed_table_and_figure_are_those_of_the_cases_as_they_stand(root: Path) -> None:
    ids = []
    for case in CASES:
        priors = risk.read_priors(PRIORS / f"{case}.toml", risk.profit_model)
        ids.append(risk.run_id(risk.profit_model, priors, 4096, 16, 545))
    folder = root / "figures"
    advice = "run experiments/backtest.py again"
    for kind in ("png", "svg"):
        assert figure_run_id(folder / f"backtest.{kind}") == "_".join(ids), advice
    assert list(dict.fromkeys(row["run_id"] for row in read(folder / "backtest.csv"))) == ids, (
        advice
    )

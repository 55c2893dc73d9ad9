"""`risk check`: the table, the warnings, the figures, the JSON, and how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy import stats

import risk
from risk.analysis.beliefs import beliefs
from risk.commands import check as steps
from risk.memo.check import check_lines, lines_of, value_texts
from risk.memo.check_json import check_json
from risk.sources import Judgement, Source

Command = Callable[..., Any]  # arguments → code, out, err
TODAY = date(2026, 11, 23)


@pytest.fixture
def case(root: Path) -> Path:
    return root / "priors" / "deepseek_2025_02.toml"


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next blank line."""
    return text.split(f"\n\n{heading}", 1)[1].partition("\n\n")[0]


def test_the_first_line_counts_what_it_read(command: Command, case: Path) -> None:
    done = command("check", case)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(
        f"{case}: ok. DeepSeek V3/R1, February 2025: 16 uncertain inputs, 9 facts, 8 levers, "
        "4 published figures; 12 inputs rest on judgement alone.\n\nPriors "
    )


def test_the_table_has_a_row_an_input_and_fits_the_screen(command: Command, case: Path) -> None:
    text = command("check", case).out
    rows = section(text, "Priors").splitlines()
    (price,) = (row.split() for row in rows if row.startswith("GPU price"))
    law = stats.lognorm(0.233, scale=np.exp(0.646))
    numbers = [f"${law.ppf(p):.2f}" for p in (0.05, 0.5, 0.95)] + [f"${law.mean():.2f}", "$2.00"]
    assert price == ["GPU", "price,", "per", "GPU-hour", *numbers, f"P{100 * law.cdf(2):.0f}",
                     "A,", "B"]  # fmt: skip
    assert any(row.split()[:2] == ["open", "10%"] for row in rows)
    assert sum(row.endswith(("judged", " A", " B")) for row in rows) == 15
    assert max(map(len, text.splitlines()[1:])) <= 100
    assert "\x1b" not in text
    assert "• Export regime: open 10%, partial 60%, closed 30%; claim: open; B" in text


def test_warnings_are_no_failure_and_say_what_to_do(command: Command, case: Path) -> None:
    done = command("check", case)
    assert done.code == 0
    joined = " ".join(section(done.out, "5 warnings").split())
    assert "Paid user share fixes the answer: alone it explains about 80% of the" in joined
    assert "Premium on imported GPUs 1.00 (prior from 1.05)" in joined
    assert "10 of 16 priors rest on judgement alone" in joined


def test_correlated_blocks_are_shown(command: Command, root: Path) -> None:
    text = " ".join(command("check", root / "priors" / "deepseek_2026_11.toml").out.split())
    assert "What moves together • Market for compute: GPU price and Output tokens 0.45" in text
    assert "Input per output token and Decode throughput −0.35" in text
    assert "(Spearman’s rank correlations, Gaussian copula, one factor)" in text


def test_json_is_one_object(command: Command, case: Path) -> None:
    done = command("check", case, "--json")
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    assert list(data) == ["title", "case", "priors_hash", "checked", "inputs", "blocks", "warnings"]
    named = {each["name"]: each for each in data["inputs"]}
    assert len(named) == 16
    assert named["gpu_price"]["p50"] == pytest.approx(np.exp(0.646))
    assert named["gpu_price"]["theoretical"] == 2.0
    assert named["export_regime"]["states"] == {"open": 0.1, "partial": 0.6, "closed": 0.3}
    assert named["export_regime"]["theoretical"] == "open"
    parts = named["ban_loss"]["parts"]
    assert [(p["name"], p["role"], p["weight"]) for p in parts] == [
        ("open", "state", 0.1), ("partial", "state", 0.6), ("closed", "state", 0.3),
    ]  # fmt: skip
    assert {w["kind"] for w in data["warnings"]} >= {"claim impossible", "judgement only"}
    assert all(w["text"].endswith(".") for w in data["warnings"])


def test_figures_are_written_beside_the_runs_of_the_case(
    command: Command, case: Path, tmp_path: Path
) -> None:
    done = command("check", case, "--figures", "--out", tmp_path / "runs")
    place = tmp_path / "runs" / "deepseek_2025_02"
    files = [place / "priors.png", place / "priors.svg"]
    assert done.out.endswith("\n".join(["\n\nFigures:", *map(str, files), ""]))
    assert all(path.stat().st_size > 10_000 for path in files)


def test_a_place_that_cannot_be_used_is_found_first(
    command: Command, case: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "examine", lambda *_: pytest.fail("it looked"))
    (tmp_path / "file").write_text("kept")
    done = command("check", case, "--figures", "--out", tmp_path / "file" / "runs")
    assert (done.code, done.out) == (2, "")
    assert "not a folder. Choose another place." in done.err


def test_robust_prints_which_conclusions_survive(
    command: Command, case: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: dict[str, Any] = {}

    def robustness(model: Any, priors: risk.Priors, **given: Any) -> str:
        seen.update(model=model, case=priors.case)
        given["progress"](1, 1)
        return "dataset"

    def screen(found: str, width: int) -> list[str]:
        return [f"Conclusions of the {found} in {width} columns"]

    monkeypatch.setattr("risk.analysis.robustness.robustness", robustness)
    monkeypatch.setattr("risk.memo.robust.robust_screen", screen)
    done = command("check", case, "--robust")
    assert seen == {"model": risk.profit_model, "case": "deepseek_2025_02"}
    assert "\n\nConclusions of the dataset in 100 columns\n\n5 warnings\n" in done.out
    data = json.loads(command("check", case, "--robust", "--json").out)
    assert data["robustness"] == ["Conclusions of the dataset in 100 columns"]


def test_a_model_that_fails_on_the_priors_is_a_warning(
    command: Command, changed: Callable[[str, str], Path]
) -> None:
    """Nothing served: no cost, and a ratio of zero to zero. The priors themselves are fine."""
    path = changed('label = "Served share of demand"', 'label = "Nothing served"')
    text = path.read_text("utf-8")
    start = text.index("[inputs.served_share]")
    path.write_text(text[:start] + text[start:].replace("fact = 1\n", "fact = 0\n", 1), "utf-8")
    done = command("check", path)
    assert (done.code, done.err) == (0, "")
    flat = " ".join(done.out.split())
    assert "Nothing is said of what decides: Expected finite outcomes, got NaN" in flat
    assert "fixes the answer" not in flat


def test_an_invalid_file_is_exit_3_and_nothing_is_drawn(
    command: Command, changed: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = changed('unit = "USD/GPU/hour"', 'unit = "EUR/GPU/hour"')
    done = command("check", path, "--figures", "--out", tmp_path / "runs")
    assert (done.code, done.out) == (3, "")
    assert not (tmp_path / "runs").exists()


# The text of other priors -------------------------------------------------------------------


def prior(distribution: Any, unit: str = "1", **about: Any) -> risk.Prior:
    return risk.Prior(distribution, unit=unit, source=Source("A quote"), **about)


def screen(width: int = 100, **inputs: risk.Prior) -> list[str]:
    return check_lines(beliefs(risk.Priors(inputs), TODAY), [], width)


def test_priors_without_doubt_say_so() -> None:
    lines = screen(x=prior(stats.norm(0, 1)))
    assert lines[-2:] == ["", "No warnings"]


def test_facts_only_have_no_table() -> None:
    assert screen(x=prior(1.0)) == ["", "No warnings"]
    facts = risk.Priors({"x": prior(1.0)})
    done = steps.examine(lambda x: {"y": x}, facts, TODAY)
    assert (done.remarks, steps.figures(done, Path("nowhere"))) == ([], [])


def test_a_narrow_screen_wraps_labels_and_cuts_no_number() -> None:
    label = "A label that says a lot of things about the price of an hour"
    lines = screen(60, price=prior(stats.norm(2, 0.1), "USD/GPU/hour", label=label))
    assert "$1.84" in " ".join(lines)
    assert max(map(len, lines)) <= 64  # twelve for the label, whatever the screen


def test_a_number_that_is_none_is_a_dash_and_an_infinite_one_says_so() -> None:
    values = value_texts([1.0, 2.0, 3.0, float("inf"), float("nan")], "USD", None)
    assert values == ["$1.00", "$2.00", "$3.00", "∞", "–"]


@pytest.mark.parametrize(
    ("values", "unit", "style", "texts"),
    [
        ([0.07, 0.28, 0.6, 0.3, 1.0], "1", "share", ["7%", "28%", "60%", "30%", "100%"]),
        ([0.002, 0.07, 0.34, 0.11, 0.0], "1", "share", ["0.2%", "7%", "34%", "11%", "0%"]),
        ([5.5e10, 3.8e11, 1.9e12], "token/day", None, ["55.0bn", "380bn", "1.90tn"]),
        ([3.8e11, 8e11, 1.7e12], "token/day", None, ["0.38tn", "0.80tn", "1.70tn"]),
        ([18800.0, 36300.0, 70100.0], "token/s/node", None, ["18,800", "36,300", "70,100"]),
        ([5.5, 8.8, 13.0], "month", None, ["6 mo", "9 mo", "13 mo"]),
        ([5e8, 6.5e8, 8e8], "user", None, ["500m", "650m", "800m"]),
        ([-3.0, 0.5, 4.0], "1", None, ["−3.00", "0.50", "4.00"]),
    ],
)
def test_numbers_of_a_row_read_alike(
    values: list[float], unit: str, style: str | None, texts: list[str]
) -> None:
    assert value_texts(values, unit, style) == texts


def test_the_basis_is_grades_or_judged() -> None:
    judged = Judgement("J. Doe", "2026-11-23", "no data")
    law = stats.norm(0, 1)
    inputs = {
        "a": risk.Prior(law, unit="1", judgement=judged),
        "b": risk.Prior(law, unit="1", source=Source("x", grade="B+"), judgement=judged),
        "c": prior(law),
    }
    data = beliefs(risk.Priors(inputs), TODAY)
    ends = [line.split()[-1] for line in check_lines(data, [], 100)[3:6]]
    assert ends == ["judged", "B+", "sources"]
    assert [line.alone for line in lines_of(data)] == [True, False, False]


def test_json_has_no_number_that_is_none() -> None:
    inputs = {"x": prior(stats.cauchy()), "y": prior({"a": 0.5, "b": 0.5})}
    data = json.loads(check_json(beliefs(risk.Priors(inputs), TODAY), []))
    x, y = data["inputs"]
    assert (x["standard_deviation"], x["theoretical"]) == (None, None)
    assert "p5" not in y


def test_fits_stand_beside_what_was_asked(command: Command, root: Path) -> None:
    asked = " ".join(command("check", root / "priors" / "subscription_lab.toml").out.split())
    assert "Input per output token: lognormal, asked → got P5 2.20 → 2.20, P50 4.50 → 4.50" in asked
    assert "runner-up gamma, misfit" in asked
    fitted = " ".join(command("check", root / "priors" / "api_lab.toml").out.split())
    assert "List-price level: lognormal fitted to 8 values (data/flagship_price_lists.csv" in fitted
    assert re.search(
        r"data → fit P5 0\.\d+ → 0\.\d+, .*Kolmogorov's distance 0\.20, p = 0\.\d\d", fitted
    )

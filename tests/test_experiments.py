"""Experiments: each answers the question of its docstring, and the numbers are right."""

from __future__ import annotations

import contextlib
import functools
import io
import re
import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import risk
from risk.plots import figure_run_id

EXPERIMENTS = Path(__file__).parents[1] / "experiments"
LONGEST = {"backtest": 109, "gap_drivers": 59, "levers": 99, "reproduce_545": 99}


def load(name: str) -> dict[str, Any]:
    """Names of an experiment, without running it."""
    return runpy.run_path(str(EXPERIMENTS / f"{name}.py"), run_name=name)


@pytest.mark.parametrize("name", sorted(path.stem for path in EXPERIMENTS.glob("*.py")))
def test_an_experiment_is_short_and_begins_with_its_question(name: str) -> None:
    text = (EXPERIMENTS / f"{name}.py").read_text("utf-8")
    assert len(text.splitlines()) <= LONGEST[name]
    assert text.splitlines()[0].endswith("?")


# Every committed figure ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def current(main_priors: risk.Priors) -> str:
    """Run id of the main case as it stands, with the numbers that are the defaults."""
    return risk.run_id(risk.profit_model, main_priors, 4096, 16, 545)


def test_committed_figures_are_those_of_the_case_as_it_stands(root: Path, current: str) -> None:
    # The backtest is of other cases: tests/test_backtest.py.
    figures = [p for p in (root / "figures").glob("*.*g") if p.stem != "backtest"]
    assert figures, "figures/ is empty: run the experiments"
    stale = sorted(path.name for path in figures if figure_run_id(path) != current)
    assert not stale, f"run the experiments again, these are of another run: {stale}"


def test_each_figure_is_there_as_png_and_svg(root: Path) -> None:
    names = {path.name for path in (root / "figures").glob("*")} - {"backtest.csv"}
    stems = {name.partition(".")[0] for name in names} | {"levers", "reproduce_545"}
    assert names == {f"{stem}.{kind}" for stem in stems for kind in ("png", "svg")}


# Does DeepSeek's disclosure add up, to the digit? -------------------------------------------

REPRODUCED = {  # figure: as printed, and the closed form of ours
    "Node-hours of the day": ("5,442.00", 5442.0),
    "Cost of the day, $": ("87,072.00", 5442 * 8 * 2.0),
    "Nodes for prefill and decode": (
        "226.75", 608e9 / 86400 / 73.7e3 + 168e9 / 86400 / 14.8e3),
    "Theoretical revenue of the day, $": (
        "562,027", 342e3 * 0.14 + 266e3 * 0.55 + 168e3 * 2.19),
    "Cost-profit ratio": ("545.00%", 100 * (562_027 - 87_072) / 87_072),
    "A year of it, $, more than": ("200,000,000", 562_027 * 365.0),
    "Gross margin": ("not stated", 100 * (1 - 87_072 / 562_027)),
    "All tokens at V3 prices, $": ("not stated", 342e3 * 0.07 + 266e3 * 0.27 + 168e3 * 1.10),
    "Break-even billed share, R1 prices": ("not stated", 100 * 87_072 / 562_027),
    "Break-even billed share, V3 prices": ("not stated", 100 * 87_072 / 280_560),
    "Value in the discount window": ("not stated", 17.0),
}  # fmt: skip


def columns(line: str) -> list[str]:
    """A row of a printed table, its cells."""
    return re.split(r"\s{2,}", line.strip())


def value(text: str) -> float:
    """A printed number."""
    return float(re.sub(r"[,%$]|pp", "", text).replace("−", "-"))


def test_the_disclosure_adds_up(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], current: str
) -> None:
    assert load("reproduce_545")["main"](tmp_path / "new") == 0
    head, *table = capsys.readouterr().out.splitlines()
    rows = [columns(line) for line in table[: table.index("")]]
    assert columns(head) == ["published", "ours", "difference"]
    assert [row[0] for row in rows] == list(REPRODUCED)
    for figure, theirs, ours, *rest in rows:
        printed, expected = REPRODUCED[figure]
        half = 0.5 * 10.0 ** -len(re.sub(r"\D", "", ours.partition(".")[2]))
        assert theirs == printed
        assert value(ours) == pytest.approx(expected, abs=1.001 * half)
        if printed != "not stated":
            assert value(rest[0]) == pytest.approx(value(ours) - value(theirs), abs=0.011)
    assert rows[0][3:] == rows[1][3:] == ["+0.00", "to the digit"]
    assert "The disclosure adds up." in table
    for kind in ("png", "svg"):
        assert figure_run_id(tmp_path / "new" / f"reproduce_545.{kind}") == current


def test_rounding_of_the_printed_parts_is_allowed_for() -> None:
    """The interval of the revenue is the one of the worked case; both hold what was printed."""
    module = load("reproduce_545")
    claim: Any = risk.read_priors(
        EXPERIMENTS.parent / "priors" / "deepseek_2025_02.toml", risk.profit_model
    ).theoretical
    lines = {line[0]: line for line in module["disclosure"](claim, np.ones(1), np.ones(1), 0.0)}
    why = lines["Theoretical revenue of the day, $"][5]
    assert why == "rounded token counts allow 560,525 to 563,675"
    speeds = [608e9 / 73.7e3, 168e9 / 14.8e3]
    slow, fast = (
        sum(s / (1 + k * half) for s, half in zip(speeds, (0.05 / 73.7, 0.05 / 14.8), strict=True))
        for k in (-1, 1)
    )
    why = lines["Nodes for prefill and decode"][5]
    assert why == f"rounded throughputs allow {fast / 86400:.2f} to {slow / 86400:.2f}"
    assert not lines["Node-hours of the day"][4]  # of one node, not of the fleet


@pytest.mark.parametrize(
    ("name", "changed", "figures"),
    [
        ("COST", 87_073.0, ["Cost of the day, $"]),
        ("REVENUE", 564_000.0, ["Theoretical revenue of the day, $", "Cost-profit ratio"]),
        ("NODES", 226.0, ["Node-hours of the day", "Nodes for prefill and decode"]),
        ("RATIO", 5.46, ["Cost-profit ratio"]),
        ("A_YEAR", 206e6, ["A year of it, $, more than"]),
    ],
)
def test_a_figure_that_disagrees_is_named(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    changed: float,
    figures: list[str],
) -> None:
    main = load("reproduce_545")["main"]
    main.__globals__[name] = changed
    assert main(tmp_path) == 1
    out = capsys.readouterr().out
    found = [columns(line)[0] for line in out.splitlines() if "DISAGREES: " in line]
    assert found == figures
    assert f"The disclosure is off in: {'; '.join(figures)}" in out


def test_figures_at_the_top_are_those_of_the_priors(main_priors: risk.Priors) -> None:
    module = load("reproduce_545")
    printed = {figure.outcome: figure.value for figure in main_priors.published}
    assert printed == {
        "node_hours": module["NODES"] * 24,
        "theoretical_cost": module["COST"],
        "theoretical_revenue": module["REVENUE"],
        "cost_profit_ratio": module["RATIO"],
    }


def test_a_script_runs_from_any_folder(tmp_path: Path) -> None:
    script = [sys.executable, str(EXPERIMENTS / "reproduce_545.py"), "here"]
    done = subprocess.run(script, cwd=tmp_path, check=False, capture_output=True, encoding="utf-8")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == [
        "reproduce_545.png",
        "reproduce_545.svg",
    ]


# What if web and app were charged, …? -------------------------------------------------------


@pytest.fixture(scope="module")
def pulled(
    tmp_path_factory: pytest.TempPathFactory, main_study: xr.DataTree, main_priors: risk.Priors
) -> tuple[list[str], xr.Dataset, Path]:
    """What the levers print, what they should, and where their figures are."""
    folder = tmp_path_factory.mktemp("levers")
    module, printed = load("levers"), io.StringIO()
    drawn = main_study["draws"]
    with contextlib.redirect_stdout(printed):
        module["main"](folder, draws=drawn.sizes["draw"], replicates=drawn.sizes["replicate"])
    scenarios = module["scenarios"](main_priors)
    effects = risk.what_if(
        risk.profit_model, main_priors, drawn.to_dataset(), scenarios, ["gross_profit"]
    )
    return printed.getvalue().splitlines(), effects.sel(outcome="gross_profit"), folder


def test_levers_print_the_dataset(
    pulled: tuple[list[str], xr.Dataset, Path], main_study: xr.DataTree
) -> None:
    lines, effects, _ = pulled
    base = main_study["risk"].to_dataset().sel(outcome="gross_profit")
    assert columns(lines[1])[0] == "as it is"
    assert [value(text) for text in columns(lines[1])[1:]] == pytest.approx(
        [float(base["mean"]), 100 * float(base["probability_of_loss"])], rel=0.002
    )
    for line, name in zip(lines[2:7], effects["scenario"].values, strict=True):
        one = effects.sel(scenario=name)
        numbers = [value(text) for text in re.findall(r"[−+]?\d[\d,]*\.?\d*", line)]
        expected = [
            one["mean"], one["difference"], *one["difference_interval"].values,
            100 * one["probability_of_loss"], 100 * one["probability_difference"],
            *(100 * one["probability_difference_interval"].values),
        ]  # fmt: skip
        assert line.startswith(str(name))
        whole, percent = [*expected[:4]], [*expected[4:]]
        assert numbers[:4] == pytest.approx([float(x) for x in whole], abs=0.5001)
        assert numbers[4:] == pytest.approx([float(x) for x in percent], abs=0.05001)


def test_levers_equal_closed_forms(
    pulled: tuple[list[str], xr.Dataset, Path], main_study: xr.DataTree
) -> None:
    """Each lever is a factor of revenue or of cost, so its effect can be had from the draws."""
    _, effects, _ = pulled
    drawn = main_study["draws"].to_dataset()
    revenue, cost, paid = (
        drawn[name].values for name in ("real_revenue", "inference_cost", "paid_user_share")
    )
    saved = cost * (1 - drawn["utilisation"].values / (226.75 / 278))
    difference = effects["difference"].to_series()
    assert difference["web and app charged"] == pytest.approx((revenue / paid - revenue).mean())
    assert difference["idle nodes not reused"] == pytest.approx(saved.mean())
    assert difference["discounts halved"] == pytest.approx(difference["discounts ended"] / 2)
    alone = [difference[n] for n in ("web and app charged", "discounts ended")]
    assert difference["all three together"] > sum(alone) + saved.mean()  # a discount on all tokens


def test_levers_answer_in_words(
    pulled: tuple[list[str], xr.Dataset, Path], main_study: xr.DataTree
) -> None:
    lines, effects, _ = pulled
    (answer,) = [line for line in lines if line.startswith("Mean gross profit changes by")]
    for name in ("web and app charged", "discounts ended", "idle nodes not reused"):
        (found,) = re.findall(rf"([+−])\$([\d.]+)k a day with {name} \(P\(loss\) (\d+)%\)", answer)
        one = effects.sel(scenario=name)
        amount = float(found[1]) * (1 if found[0] == "+" else -1)
        assert amount == pytest.approx(float(one["difference"]) / 1e3, rel=0.005)
        assert int(found[2]) == pytest.approx(100 * float(one["probability_of_loss"]), abs=0.501)
    assert any("Usage is assumed not to react to price" in line for line in lines)
    busy = 100 * float(main_study["draws"]["utilisation"].mean())
    assert f"82% of paid node-hours are busy; as it is, {busy:.0f}% on mean" in " ".join(lines)


def test_levers_write_the_figure_of_their_study(
    pulled: tuple[list[str], xr.Dataset, Path], main_study: xr.DataTree
) -> None:
    _, _, folder = pulled
    files = sorted(folder.iterdir())
    assert [path.name for path in files] == ["levers.png", "levers.svg"]
    assert {figure_run_id(path) for path in files} == {main_study.attrs["run_id"]}


# Which assumptions drive the gap? -----------------------------------------------------------


def test_the_main_job_through_the_python_interface(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    main_study: xr.DataTree,
) -> None:
    calls: list[Any] = []
    small: Callable[..., Any] = functools.partial(_given, calls, main_study)
    monkeypatch.setattr(risk, "run_study", small)
    load("gap_drivers")["main"](str(tmp_path))
    assert len(calls) == 1
    out = capsys.readouterr().out
    sobol = main_study["sobol"]["total_order"]
    for gap in ("revenue_gap", "profit_gap"):
        largest = float(sobol.sel(outcome=gap, factor="paid_user_share"))
        assert re.search(rf"Paid user share +{largest:.3f} ", out)
    mean = float(main_study["risk"]["mean"].sel(outcome="real_revenue"))
    assert re.search(rf"real, mean +{mean:,.0f}\n", out)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"sobol_revenue_gap.png", "bridge_real_revenue.svg"} <= written
    assert all(str(tmp_path / name) in out for name in written)


def _given(calls: list[Any], study: xr.DataTree, *arguments: Any) -> xr.DataTree:
    """In the place of `run_study`: a study that is there already."""
    calls.append(arguments)
    return study

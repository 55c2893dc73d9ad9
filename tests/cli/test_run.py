"""`risk run`: what it prints where, which files it writes, how it ends."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from risk import runs

FEW = ("--draws", "64", "--replicates", "2")
Command = Callable[..., Any]  # arguments → code, out, err


def test_a_run_prints_the_answer_and_writes_its_files(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command("run", *FEW)
    assert (done.code, done.err) == (0, "")
    (place,) = (tmp_path / "runs" / "deepseek_2025_02").iterdir()
    last = f"Files: runs/deepseek_2025_02/{place.name}/ (memo.md, figures/, numbers.json, study.nc)"
    assert done.out.rstrip().endswith(last)
    parts = ["Reproduced at", "Risk, $ a day", "What drives", "Bridge, $", "Files: "]
    assert re.findall("|".join(map(re.escape, parts)), done.out) == parts
    assert {p.name for p in place.iterdir()} == {
        "study.nc", "numbers.json", "memo.md", "run.json", "figures"
    }  # fmt: skip


def test_without_a_command_the_main_case_is_run(
    command: Command,
    asked: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    done = command()
    assert done.code == 0
    assert done.out.startswith("DeepSeek V3/R1, February 2025 · run ")
    del asked["progress"], asked["executor"]
    assert asked == {
        "case": "deepseek_2025_02",
        "draws": 4096,
        "replicates": 16,
        "seed": 545,
        "checkpoint": None,
        "draws_file": None,
    }


def test_json_is_one_object_and_nothing_else(command: Command, tmp_path: Path) -> None:
    done = command("run", *FEW, "--seed", "0", "--out", tmp_path, "--json")
    assert (done.code, done.err) == (0, "")
    data = json.loads(done.out)
    (place,) = (tmp_path / "deepseek_2025_02").iterdir()
    assert place.name == data["run_id"]
    assert done.out == (place / "numbers.json").read_text("utf-8")
    record = json.loads((place / "run.json").read_text("utf-8"))
    assert (record["seed"], record["draws"], record["replicates"]) == (0, 64, 2)


@pytest.mark.parametrize("seed", [-3, 0, 2**70])
def test_quiet_says_where_the_files_are(
    seed: int, command: Command, asked: dict[str, object], tmp_path: Path
) -> None:
    done = command("run", "--seed", seed, "--out", tmp_path / "a b", "--quiet")
    (place,) = (tmp_path / "a b" / "deepseek_2025_02").iterdir()
    assert done == (0, f"{place}\n", "")
    assert asked["seed"] == seed


@pytest.mark.usefixtures("asked")
def test_other_outputs_of_the_same_question_are_noted(command: Command, tmp_path: Path) -> None:
    done = command("run", "--out", tmp_path, "--quiet")
    assert done.err == ""
    assert command("run", "--out", tmp_path, "--quiet") == done
    record = Path(done.out.strip()) / "run.json"
    record.write_text(json.dumps({"outputs_hash": "another"}))
    noted = command("run", "--out", tmp_path, "--quiet")
    assert noted.err.startswith("Note: the same question gave other outputs before")
    assert (noted.code, noted.out) == (0, done.out)


def test_a_figure_that_is_not_reproduced_is_exit_1(
    command: Command, changed: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = changed("value = 87072", "value = 80000")
    done = command("run", path, *FEW, "--out", tmp_path, "--json")
    assert done.code == 1
    assert done.err == "Not reproduced within the tolerance: Cost of the day.\n"
    assert json.loads(done.out)["numbers"]["published.cost_of_the_day.published"]["value"] == 80000


@pytest.mark.parametrize("name", ["run", "check"])
def test_a_wrong_priors_file_is_exit_3(
    name: str, command: Command, changed: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = changed('unit = "USD/GPU/hour"', 'unit = "EUR/GPU/hour"')
    done = command(name, path)
    assert (done.code, done.out) == (3, "")
    assert re.match(rf"{re.escape(str(path))}:\d+:\d+: inputs\.gpu_price\.unit: ", done.err)
    missing = command(name, tmp_path / "none.toml")
    assert missing.code == 3
    assert missing.err.startswith(f"{tmp_path / 'none.toml'}:1:1: file: ")


def test_steps_with_one_key_are_exit_3(
    command: Command, changed: Callable[[str, str], Path], tmp_path: Path
) -> None:
    path = changed('step = "cheaper V3 model"', 'step = "Free web, and app"')
    done = command("run", path, *FEW, "--out", tmp_path)
    assert (done.code, done.out) == (3, "")
    assert "inputs.premium_share.step: nearly the step 'free web and app'" in done.err


def test_a_model_that_fails_is_exit_4_with_its_rows(
    command: Command, changed: Callable[[str, str], Path], tmp_path: Path
) -> None:
    """Nothing served: no cost, and a ratio of zero to zero."""
    path = changed('label = "Served share of demand"', 'label = "Nothing served"')
    text = path.read_text("utf-8")
    start = text.index("[inputs.served_share]")
    path.write_text(text[:start] + text[start:].replace("fact = 1\n", "fact = 0\n", 1), "utf-8")
    done = command("run", path, *FEW, "--out", tmp_path / "runs")
    assert (done.code, done.out) == (4, "")
    assert done.err.startswith("Expected finite outcomes, got NaN or infinity in ")
    assert "of `cost_profit_ratio`" in done.err
    row = r"\n  row 0: cost_profit_ratio = nan at .*served_share=0, .*gpu_price=\d"
    assert re.search(row, done.err)
    assert "Warning" not in done.err
    assert "Traceback" not in done.err
    assert not (tmp_path / "runs").exists()


@pytest.mark.usefixtures("asked")
def test_an_interrupt_is_130_and_leaves_nothing(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(runs, "save_figures", interrupted)
    done = command("run", *FEW, "--out", tmp_path)
    assert (done.code, done.out) == (130, "")
    assert done.err.strip() == (
        "Interrupted. Nothing half-written is left; with --resume finished replicates would be "
        "kept."
    )
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]

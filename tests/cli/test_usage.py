"""Wrong use, places that cannot be written, and the other commands."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xarray as xr

from risk import runs

Command = Callable[..., Any]  # arguments → code, out, err


WRONG_USE = {
    ("run", "--draws", "1000"): "Expected `draws` to be a power of two, got 1000.",
    ("run", "--draws", "0"): "Expected `draws` to be a power of two, got 0.",
    ("run", "--draws", "-4"): "Expected `draws` to be a power of two, got -4.",
    ("run", "--draws", "many"): "'many' is not a valid integer",
    ("run", "--replicates", "1"): "Expected at least 2 `replicates`, got 1.",
    ("run", "--drawz", "4"): "No such option",
    (
        "run",
        "--json",
        "--quiet",
    ): "Expected one of --json and --quiet, got --json and --quiet. Choose one.",
    ("run", "a.toml", "b.toml"): "Got unexpected extra argument",
    ("rum",): "No such command 'rum'",
    ("check",): "Missing argument 'PRIORS'",
    ("show",): "Missing argument 'STUDY'",
}


@pytest.mark.parametrize("arguments", WRONG_USE)
def test_wrong_use_is_exit_2_with_advice(
    arguments: tuple[str, ...], command: Command, tmp_path: Path
) -> None:
    done = command(*arguments, *(("--out", tmp_path / "x") if arguments[0] == "run" else ()))
    assert (done.code, done.out) == (2, "")
    assert WRONG_USE[arguments] in done.err
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("draws", [1000, 1500])
def test_the_advice_on_draws_can_be_followed(draws: int, command: Command) -> None:
    advised = int(re.findall(r"use (\d+)\.", command("run", "--draws", draws).err)[0])
    assert advised & (advised - 1) == 0


def test_a_place_that_cannot_be_used_is_found_before_the_run(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("risk.study.run_study", lambda *_, **__: pytest.fail("it ran"))
    file = tmp_path / "file"
    file.write_text("kept")
    done = command("run", "--out", file)
    assert (done.code, f"Directory '{file}' is a file" in done.err) == (2, True)
    done = command("run", "--out", file / "runs")
    assert done == (
        2,
        "",
        f"Expected to be able to use {file}: not a folder. Choose another place.\n",
    )
    monkeypatch.setattr(os, "access", lambda *_: False)
    assert (
        "no permission to write. Choose another place."
        in command("run", "--out", tmp_path / "new").err
    )
    assert file.read_text() == "kept"


@pytest.mark.usefixtures("asked")
def test_a_full_disk_is_one_line(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", str(tmp_path))

    monkeypatch.setattr(runs, "save_study", full)
    done = command("run", "--out", tmp_path / "runs")
    message = (
        f"Expected to be able to use {tmp_path}: No space left on device. "
        "Make room there, or choose another place."
    )
    assert done == (2, "", message + "\n")
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]


def test_too_little_memory_is_one_line(
    command: Command, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def large(*_: object, **__: object) -> None:
        raise MemoryError("Unable to allocate 9 TiB")

    monkeypatch.setattr("risk.study.run_study", large)
    done = command("run", "--out", tmp_path)
    assert done.code == 2
    assert done.err == (
        "Expected a run that fits into memory: Unable to allocate 9 TiB. Lower --draws.\n"
    )


def test_show_prints_the_screen(command: Command, study_file: Path) -> None:
    done = command("show", study_file)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("DeepSeek V3/R1, February 2025 · run ")
    assert done.out.endswith(f"\n\nStudy: {study_file}\n")
    assert "\x1b" not in done.out
    assert max(map(len, done.out.splitlines()[:-1])) <= 100


def test_figures_and_memo_are_written_beside_the_study(command: Command, study_file: Path) -> None:
    folder = study_file.parent
    done = command("figures", study_file)
    assert done == (0, f"{folder / 'figures' / 'sobol_revenue_gap.png'}\n", "")
    done = command("memo", study_file)
    assert done == (0, f"{folder / 'memo.md'}\n{folder / 'numbers.json'}\n", "")
    assert "](figures/sobol_revenue_gap.png)" in (folder / "memo.md").read_text("utf-8")


def test_a_template_of_ones_own(
    command: Command, study_file: Path, main_study: xr.DataTree, tmp_path: Path
) -> None:
    template = tmp_path / "mine.jinja"
    template.write_text("{{ about.run_id }}\n{{ n('revenue_gap.p05') }}\n")
    done = command("memo", study_file, "--template", template)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(
        f"{template}:2: Expected a key of numbers.json, got 'revenue_gap.p05'. Did you mean "
    )
    template.write_text("{{ about.run_id }}\n")
    assert command("memo", study_file, "--template", template).code == 0
    written = (study_file.parent / "memo.md").read_text("utf-8")
    assert written == main_study.attrs["run_id"] + "\n"


@pytest.mark.parametrize("name", ["show", "figures", "memo"])
def test_a_file_that_is_no_study_is_exit_3(name: str, command: Command, tmp_path: Path) -> None:
    done = command(name, tmp_path / "none.nc")
    message = f"Expected a study at {tmp_path / 'none.nc'}, found no file. Check the path.\n"
    assert done == (3, "", message)
    text = tmp_path / "text.nc"
    text.write_text("no study")
    done = command(name, text)
    assert (done.code, done.out) == (3, "")
    assert done.err.startswith(f"Expected a netCDF-4 study at {text}, got another file")


def test_help_names_commands_and_exit_codes(command: Command) -> None:
    done = command("--help")
    assert done.code == 0
    for word in ("check", "figures", "memo", "run", "show", "130 interrupted"):
        assert word in done.out
    assert command("--version").out.startswith("risk, version ")

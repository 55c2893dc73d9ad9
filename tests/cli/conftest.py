"""The command line in this process, and what its tests need."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
import xarray as xr

import risk
from risk import cli, runs


class Done(NamedTuple):
    """What a command did."""

    code: int
    out: str
    err: str


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Done]:
    """The command line as `risk` runs it, but for drawing, which takes long; tested elsewhere."""

    def drawn(study: xr.DataTree, folder: Path) -> list[Path]:
        folder.mkdir(exist_ok=True)
        (folder / "sobol_revenue_gap.png").write_bytes(b"png")
        return [folder / "sobol_revenue_gap.png"]

    monkeypatch.setattr(runs, "save_figures", drawn)
    monkeypatch.setattr("risk.plots.save_figures", drawn)
    monkeypatch.setattr(os, "_exit", sys.exit)  # how it ends after an interrupt

    def call(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["risk", *map(str, arguments)])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return Done(int(stopped.value.code or 0), *capfd.readouterr())

    return call


@pytest.fixture(scope="session")
def study_file(main_study: xr.DataTree, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished study on disk."""
    return risk.save_study(main_study, tmp_path_factory.mktemp("done") / "study.nc")


@pytest.fixture
def asked(main_study: xr.DataTree, monkeypatch: pytest.MonkeyPatch) -> dict[str, object]:
    """What a run is asked for; the answer is there already, and its file is not written."""
    options: dict[str, object] = {}

    def answer(model: object, priors: risk.Priors, **given: object) -> xr.DataTree:
        options.update(given, case=priors.case)
        return main_study

    monkeypatch.setattr("risk.study.run_study", answer)
    monkeypatch.setattr(runs, "save_study", lambda study, path: path.write_bytes(b"study"))
    return options


@pytest.fixture
def changed(root: Path, tmp_path: Path) -> Callable[[str, str], Path]:
    """The main case with one text replaced by another."""

    def change(old: str, new: str) -> Path:
        text = (root / "priors" / "deepseek_2025_02.toml").read_text("utf-8")
        assert old in text
        path = tmp_path / "mine.toml"
        path.write_text(text.replace(old, new), "utf-8")
        return path

    return change

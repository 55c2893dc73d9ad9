"""The README says what the program does: its printed result, its figures, its map."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import xarray as xr

import risk
from risk.memo.terminal import screen


@pytest.fixture(scope="module")
def readme(root: Path) -> str:
    return (root / "README.md").read_text("utf-8")


@pytest.fixture(scope="module")
def full_study(main_priors: risk.Priors) -> xr.DataTree:
    """The main case as `python3 tasks.py run` runs it."""
    return risk.run_study(risk.profit_model, main_priors)


def test_the_result_is_the_one_that_is_printed(readme: str, full_study: xr.DataTree) -> None:
    shown = re.search(r"```text\n(.*?)\n```\n<!-- end of result -->", readme, re.DOTALL)
    assert shown is not None
    assert shown[1].splitlines() == screen(full_study).strip().splitlines()


def test_figures_of_the_readme_exist(readme: str, root: Path) -> None:
    figures = re.findall(r"!\[[^]]+\]\(([^)]+)\)", readme)
    assert len(figures) == 3
    for figure in figures:
        assert (root / figure).is_file(), figure


def test_the_map_names_folders_that_exist(readme: str, root: Path) -> None:
    folders = re.findall(r"^\| `([^`]+/)` \|", readme, re.MULTILINE)
    assert len(folders) >= 7
    for folder in folders:
        assert (root / folder).is_dir(), folder


def test_files_named_in_the_text_exist(readme: str, root: Path) -> None:
    for name in re.findall(r"`(priors/[a-z_0-9]+\.(?:toml|md)|risk/__init__\.py)`", readme):
        assert (root / name).is_file() or name == "priors/mine.toml", name


def test_the_example_of_a_prior_can_be_read(readme: str, root: Path, tmp_path: Path) -> None:
    """The lines of the README, in the place of the input that they change."""
    example = re.search(r"```toml\n(.*?)```", readme, re.DOTALL)
    assert example is not None
    text = (root / "priors" / "deepseek_2025_02.toml").read_text("utf-8")
    start = text.index("[inputs.gpu_price]")
    end = text.index("[inputs.operating_cost_ratio]")
    file = tmp_path / "mine.toml"
    file.write_text(text[:start] + example[1] + "\n" + text[end:], "utf-8")
    prior = risk.read_priors(file, risk.profit_model)["gpu_price"]
    assert prior.marginal.ppf(0.95) == pytest.approx(2.80)  # type: ignore[union-attr, arg-type]

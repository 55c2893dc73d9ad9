"""What several tests need: the main case, and one small study of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import xarray as xr
from hypothesis import settings

import risk

ROOT = Path(__file__).parent.parent
# The same examples in every run, so that a change is judged by the change alone; to look for new
# ones: HYPOTHESIS_PROFILE=explore.
settings.register_profile("same", derandomize=True)
settings.register_profile("explore", derandomize=False)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "same"))
MAIN_CASE = ROOT / "priors" / "deepseek_2025_02.toml"


@pytest.fixture(scope="session")
def root() -> Path:
    """The project's folder."""
    return ROOT


@pytest.fixture(scope="session")
def main_priors() -> risk.Priors:
    """The priors of the main case."""
    return risk.read_priors(MAIN_CASE, risk.profit_model)


@pytest.fixture(scope="session")
def main_study(main_priors: risk.Priors) -> xr.DataTree:
    """The main case with few draws."""
    return risk.run_study(risk.profit_model, main_priors, draws=512, replicates=8)

"""What the risk of all points is not taken of; test_simulation.py compares its numbers."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import xarray as xr

from risk.analysis import risk_of_all
from risk.names import DRAW, OUTCOME, REPLICATE


def test_what_risk_of_all_cannot_use() -> None:
    attrs = {"units": "USD/day", "role": OUTCOME, "long_name": "One"}
    one = ((REPLICATE, DRAW), np.ones((2, 4)), attrs)
    draws = xr.Dataset({"normal": one, "heavy": one})
    job = SimpleNamespace(outcomes=("normal", "heavy"), bins=np.ones((2, 1), np.uint16))
    with pytest.raises(ValueError, match=r"Expected `draws` with the outcomes \['normal', 'heavy'"):
        risk_of_all(SimpleNamespace(tallies=[None]), job, draws[["heavy", "normal"]])
    with pytest.raises(ValueError, match="Expected `runs` with tallies, got none"):
        risk_of_all(SimpleNamespace(tallies=[]), job, draws)

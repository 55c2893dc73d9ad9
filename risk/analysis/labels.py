"""How arrays become labelled variables: units, long names and interval pairs in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.names import BOUND, BOUNDS, DRAW, OUTCOME, REPLICATE, readable
from risk.stats.replicates import Estimate

Variables = dict[str, Any]
BOUND_COORD = {BOUND: BOUNDS}


def variable(dims: Sequence[str], values: Any, units: str, long_name: str) -> tuple[Any, Any, Any]:
    """One variable with its units and its name for people."""
    return (tuple(dims), values, {"units": units, "long_name": long_name})


def with_interval(
    name: str, dims: Sequence[str], estimate: Estimate, units: str, long_name: str | None = None
) -> Variables:
    """A number, its standard error and its 95 % interval as three variables."""
    text = long_name or readable(name)
    pair = f"{text}, 95% interval"
    return {
        name: variable(dims, estimate.value, units, text),
        f"{name}_interval": variable((*dims, BOUND), estimate.interval, units, pair),
        f"{name}_standard_error": variable(
            dims, estimate.standard_error, units, f"{text}, standard error"
        ),
    }


def outcome_arrays(draws: Any) -> dict[str, NDArray[np.float64]]:
    """Outcome name → values of shape (R, n)."""
    return {
        str(name): x.transpose(REPLICATE, DRAW).values
        for name, x in draws.data_vars.items()
        if x.attrs["role"] == OUTCOME
    }


def unit_coordinate(draws: Any, names: Sequence[str]) -> Mapping[str, Any]:
    """Units and labels of outcomes as coordinates along them."""
    return {
        OUTCOME: list(names),
        "outcome_units": (OUTCOME, [draws[n].attrs["units"] for n in names]),
        "outcome_label": (OUTCOME, [draws[n].attrs["long_name"] for n in names]),
    }

"""Sobol' indices: which factor drives the spread of each outcome."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import BOUND_COORD, Variables, unit_coordinate, variable, with_interval
from risk.exchanges import Job
from risk.names import FACTOR, FACTOR_2, OUTCOME
from risk.simulation import Runs
from risk.stats import sobol as estimators
from risk.stats.replicates import Estimate, rank_interval

Array = NDArray[np.float64]
ENOUGH = 400.0  # effective sample size of the variance from which its indices are resolved


def sobol(runs: Runs, job: Job, draws: xr.Dataset) -> xr.Dataset:
    """First-, total- and second-order indices of every outcome, with intervals and ranks.

    ``status`` is "ok", "heavy tail" (the variance rests on fewer than 400 effective draws) or
    "constant" (no indices). Below 100 effective draws the indices of the outcome itself are
    withheld; those of asinh(y / s), s the median distance from the median, stand in their place and
    ``transform`` says so.

    Returns
    -------
    Dataset over outcome, factor, factor_2 and bound; indices are NaN where there are none: for a
    constant outcome, and for the pair of a factor with itself.
    """
    # An outcome without spread has no shares of it: NaN says so from here on.
    constant = runs.constant
    sums = estimators.PickFreeze(
        *(
            np.where(constant.reshape(-1, *[1] * (part.ndim - 2)), np.nan, part)
            for part in runs.sums
        )
    )
    resolved = runs.effective_sample_size >= ENOUGH
    status = np.where(constant, "constant", np.where(resolved, "ok", "heavy tail"))
    transform = np.where(runs.transformed, "asinh", "raw")
    text = "What the indices are of: the outcome (raw) or asinh(outcome / scale)"
    by_outcome = (OUTCOME,)
    variables = {
        **_index_variables(estimators.indices(sums), constant),
        "status": variable(by_outcome, status.tolist(), "", "Whether the indices are resolved"),
        "transform": variable(by_outcome, transform.tolist(), "", text),
        "scale": variable(by_outcome, job.scale, "unit of the outcome", "Scale of asinh"),
        "effective_sample_size": variable(
            by_outcome, runs.effective_sample_size, "1", "Effective draws"
        ),
    }
    names = list(job.factors)
    coords = {
        **unit_coordinate(draws, job.outcomes),
        **BOUND_COORD,
        FACTOR: names,
        FACTOR_2: names,
    }
    return xr.Dataset(variables, coords, {"model_runs": runs.model_runs})


def _index_variables(found: estimators.Indices, constant: NDArray[np.bool_]) -> Variables:
    """The indices of each outcome with its ranks; outcomes come first."""
    low, high = _ranks(found.total_order, constant)
    by = (OUTCOME, FACTOR)
    pairs = (*by, FACTOR_2)
    return {
        **with_interval("first_order", by, found.first_order, "1", "First-order index"),
        **with_interval("total_order", by, found.total_order, "1", "Total-order index"),
        **with_interval("second_order", pairs, found.second_order, "1", "Second-order index"),
        **with_interval("interaction", (OUTCOME,), found.interaction, "1"),
        "rank_low": variable(by, low, "1", "Best rank of the total-order index"),
        "rank_high": variable(by, high, "1", "Worst rank of the total-order index"),
    }


def _ranks(total: Estimate, constant: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Rank intervals of each outcome's factors, NaN for a constant outcome."""
    shape = total.value.shape
    low, high = np.full((2, *shape), np.nan)
    for k in np.flatnonzero(~constant):
        low[k], high[k] = rank_interval(total.replicates[k])
    return low, high

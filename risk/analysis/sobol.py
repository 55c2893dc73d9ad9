"""Sobol' indices: which factor drives the spread of each outcome."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import BOUND_COORD, Variables, unit_coordinate, variable, with_interval
from risk.engine import Job, Runs
from risk.names import FACTOR, FACTOR_2, OUTCOME
from risk.stats import sobol as estimators
from risk.stats.replicates import Estimate, rank_interval

Array = NDArray[np.float64]
ENOUGH = 400.0  # effective sample size of the variance from which its indices are resolved
TOO_FEW = 100.0  # and below which they are withheld


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
    sums = estimators.PickFreeze(
        *(np.where(runs.constant[:, None], np.nan, part) for part in runs.sums)
    )
    found = estimators.indices(sums)
    size = found.effective_sample_size[0]
    transformed = ~runs.constant & (size < TOO_FEW)
    status = np.where(runs.constant, "constant", np.where(size < ENOUGH, "heavy tail", "ok"))
    transform = np.where(transformed, "asinh", "raw")
    text = "What the indices are of: the outcome (raw) or asinh(outcome / scale)"
    by_outcome = (OUTCOME,)
    variables = {
        **_index_variables(found, transformed, runs.constant),
        "status": variable(by_outcome, status.tolist(), "", "Whether the indices are resolved"),
        "transform": variable(by_outcome, transform.tolist(), "", text),
        "scale": variable(by_outcome, job.scale, "unit of the outcome", "Scale of asinh"),
        "effective_sample_size": variable(
            by_outcome, np.where(runs.constant, np.nan, size), "1", "Effective draws"
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


def _index_variables(
    found: estimators.Indices, transformed: NDArray[np.bool_], constant: NDArray[np.bool_]
) -> Variables:
    """The indices of each outcome, raw or of asinh, with its ranks; outcomes come first."""
    first, total = (_chosen(e, 1, transformed) for e in (found.first_order, found.total_order))
    second = _chosen(found.second_order, 2, transformed)
    low, high = _ranks(total, constant)
    by = (OUTCOME, FACTOR)
    return {
        **with_interval("first_order", by, first, "1", "First-order index"),
        **with_interval("total_order", by, total, "1", "Total-order index"),
        **with_interval("second_order", (*by, FACTOR_2), second, "1", "Second-order index"),
        **with_interval("interaction", (OUTCOME,), _chosen(found.interaction, 0, transformed), "1"),
        "rank_low": variable(by, low, "1", "Best rank of the total-order index"),
        "rank_high": variable(by, high, "1", "Worst rank of the total-order index"),
    }


def _chosen(estimate: Estimate, axis: int, transformed: NDArray[np.bool_]) -> Estimate:
    """Of each outcome the indices that it deserves; axes (transform, outcome) start at `axis`."""
    parts = []
    for part in estimate:
        raw, asinh = np.moveaxis(part, (axis, axis + 1), (0, 1))
        parts.append(np.where(transformed.reshape(-1, *[1] * (raw.ndim - 1)), asinh, raw))
    return Estimate(*parts)


def _ranks(total: Estimate, constant: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Rank intervals of each outcome's factors, NaN for a constant outcome."""
    shape = total.value.shape
    low, high = np.full((2, *shape), np.nan)
    for k in np.flatnonzero(~constant):
        low[k], high[k] = rank_interval(total.replicates[k])
    return low, high

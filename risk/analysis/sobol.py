"""Sobol' indices: which factor drives the spread of each outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from risk.analysis.labels import BOUND_COORD, unit_coordinate, variable, with_interval
from risk.engine import Job, Runs
from risk.names import FACTOR, FACTOR_2, OUTCOME
from risk.stats import sobol as estimators
from risk.stats.replicates import Estimate, rank_interval

ENOUGH = 400.0  # effective sample size of the variance from which its indices are resolved
TOO_FEW = 100.0  # and below which they are withheld


def sobol(runs: Runs, job: Job, draws: xr.Dataset, labels: Mapping[str, str]) -> xr.Dataset:
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

    def chosen(estimate: Estimate, outcome_axis: int) -> Estimate:
        """Outcomes first, each with the indices of the transform that it deserves."""
        parts = []
        for part in estimate:
            raw, asinh = np.moveaxis(part, (outcome_axis, outcome_axis + 1), (0, 1))
            mask = transformed.reshape(-1, *[1] * (raw.ndim - 1))
            parts.append(np.where(mask, asinh, raw))
        return Estimate(*parts)

    first, total = chosen(found.first_order, 1), chosen(found.total_order, 1)
    low, high = _ranks(total, runs.constant)
    by_factor = (OUTCOME, FACTOR)
    variables = {
        **with_interval("first_order", by_factor, first, "1", "First-order index"),
        **with_interval("total_order", by_factor, total, "1", "Total-order index"),
        **with_interval("second_order", (*by_factor, FACTOR_2), chosen(found.second_order, 2), "1"),
        **with_interval("interaction", (OUTCOME,), chosen(found.interaction, 0), "1"),
        "rank_low": variable(by_factor, low, "1", "Best rank of the total-order index"),
        "rank_high": variable(by_factor, high, "1", "Worst rank of the total-order index"),
        "status": variable((OUTCOME,), status.tolist(), "", "Whether the indices are resolved"),
        "transform": variable(
            (OUTCOME,),
            np.where(transformed, "asinh", "raw").tolist(),
            "",
            "What the indices are of: the outcome (raw) or asinh(outcome / scale)",
        ),
        "scale": variable((OUTCOME,), job.scale, "unit of the outcome", "Scale of asinh"),
        "effective_sample_size": variable(
            (OUTCOME,),
            np.where(runs.constant, np.nan, size),
            "1",
            "Effective draws of the variance",
        ),
    }
    names = list(job.factors)
    coords = {
        **unit_coordinate(draws, job.outcomes),
        **BOUND_COORD,
        FACTOR: names,
        FACTOR_2: names,
        "factor_label": (FACTOR, [_label(n, job.factors[n], labels) for n in names]),
    }
    return xr.Dataset(variables, coords, {"model_runs": runs.model_runs})


def _label(factor: str, members: Sequence[str], labels: Mapping[str, str]) -> str:
    return labels[factor] if list(members) == [factor] else factor


def _ranks(total: Estimate, constant: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rank intervals of each outcome's factors, NaN for a constant outcome."""
    shape = total.value.shape
    low, high = np.full((2, *shape), np.nan)
    for k in np.flatnonzero(~constant):
        low[k], high[k] = rank_interval(total.replicates[k])
    return low, high

"""Risk measures of every outcome, with intervals that are right for the design."""

from __future__ import annotations

import math
from types import ModuleType
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import BOUND_COORD, outcome_arrays, unit_coordinate, with_interval
from risk.exchanges import Job
from risk.names import OUTCOME, PROBABILITY, TAIL, require
from risk.simulation import Runs
from risk.stats import measures, tally_measures

Array = NDArray[np.float64]

PROBABILITIES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
TAILS = (0.05, 0.01)
UNIT = "unit of the outcome"
FROM_HISTOGRAMS = (
    "Of all points, not only of the draws that are kept: quantiles, values at risk and expected "
    "shortfalls from histograms, with intervals that reach to the ends of their bins."
)


def risk(
    draws: xr.Dataset,
    probabilities: tuple[float, ...] = PROBABILITIES,
    tails: tuple[float, ...] = TAILS,
) -> xr.Dataset:
    """Mean, spread, quantiles, value at risk, expected shortfall and probability of loss.

    Value at risk and expected shortfall are losses: minus the lower-tail quantile, and minus the
    mean of the worst cases. They mean something for an outcome that is good when large.

    Returns
    -------
    Dataset over outcome, probability, tail and bound.
    """
    y = np.stack(list(outcome_arrays(draws).values()))
    return _measured(measures, y, draws, probabilities, tails)


def risk_of_all(
    runs: Runs,
    job: Job,
    draws: xr.Dataset,
    probabilities: tuple[float, ...] = PROBABILITIES,
    tails: tuple[float, ...] = TAILS,
) -> xr.Dataset:
    """The same as `risk`, of all points of a study that keeps only some of them as draws.

    Parameters
    ----------
    runs, job
        All replicates with the tallies and powers of their points, and what they ran.
    draws
        The group ``draws`` of the study, for the names and units of its outcomes.

    Raises
    ------
    ValueError
        When the job did not count, or the draws are those of another study.
    """
    names = list(outcome_arrays(draws))
    if job.bins is None or not runs.tallies:
        raise ValueError("Expected `runs` with tallies, got none. Take `risk` of its draws.")
    if list(job.outcomes) != names:
        raise ValueError(
            f"Expected `draws` with the outcomes {list(job.outcomes)}, got {names}. Pass the draws "
            "of the same study."
        )
    powers = runs.powers[:, :, 0]  # of design A, whose points are the draws
    totals = tally_measures.Totals(runs.tallies, job.bins, powers, job.draws, job.centre, job.scale)
    found = _measured(tally_measures, totals, draws, probabilities, tails)
    return found.assign_attrs(comment=FROM_HISTOGRAMS)


def _measured(
    by: ModuleType,
    sample: Any,
    draws: xr.Dataset,
    probabilities: tuple[float, ...],
    tails: tuple[float, ...],
) -> xr.Dataset:
    """All measures of a sample, by the module of its kind: `measures`, `tally_measures`."""
    quantiles = by.estimate_quantiles(sample, probabilities)
    at_risk = by.estimate_value_at_risk(sample, tails)
    shortfall = by.estimate_expected_shortfall(sample, tails)
    one, tailed = (OUTCOME,), (OUTCOME, TAIL)
    variables = {
        **with_interval("mean", one, by.mean(sample), UNIT),
        **with_interval("standard_deviation", one, by.standard_deviation(sample), UNIT),
        **with_interval("skewness", one, by.skewness(sample), "1"),
        **with_interval("quantile", (OUTCOME, PROBABILITY), quantiles, UNIT),
        **with_interval("value_at_risk", tailed, at_risk, UNIT),
        **with_interval("expected_shortfall", tailed, shortfall, UNIT),
        **with_interval("probability_of_loss", one, by.probability_below(sample), "1"),
    }
    coords = {
        **unit_coordinate(draws, list(outcome_arrays(draws))),
        **BOUND_COORD,
        PROBABILITY: list(probabilities),
        TAIL: list(tails),
    }
    return xr.Dataset(variables, coords)


def probability_below(draws: xr.Dataset, outcome: str, threshold: float) -> xr.Dataset:
    """The probability that an outcome is below a threshold, with its interval.

    Parameters
    ----------
    draws
        The group ``draws`` of a study.
    outcome, threshold
        Which outcome, and the value in its unit.

    Raises
    ------
    ValueError
        When there is no such outcome, or the threshold is not a number.
    """
    arrays = outcome_arrays(require(draws, name="draws", variables=[outcome]))
    if outcome not in arrays:
        raise ValueError(f"Expected an outcome, one of {list(arrays)}, got {outcome!r}.")
    if not math.isfinite(threshold):
        raise ValueError(f"Expected a finite threshold, got {threshold!r}.")
    estimate = measures.probability_below(arrays[outcome], threshold)
    text = f"Probability that {draws[outcome].attrs['long_name'].lower()} is below {threshold:g}"
    return xr.Dataset(with_interval("probability", (), estimate, "1", text), BOUND_COORD)

"""Risk measures of every outcome, with intervals that are right for the design."""

from __future__ import annotations

import math

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import BOUND_COORD, outcome_arrays, unit_coordinate, with_interval
from risk.names import OUTCOME, PROBABILITY, TAIL, require
from risk.stats import measures

Array = NDArray[np.float64]

PROBABILITIES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
TAILS = (0.05, 0.01)
UNIT = "unit of the outcome"


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
    arrays = outcome_arrays(draws)
    y = np.stack(list(arrays.values()))

    by, by_tail = (OUTCOME,), (OUTCOME, TAIL)
    quantiles = measures.estimate_quantiles(y, probabilities)
    at_risk = measures.estimate_value_at_risk(y, tails)
    shortfall = measures.estimate_expected_shortfall(y, tails)
    variables = {
        **with_interval("mean", by, measures.mean(y), UNIT),
        **with_interval("standard_deviation", by, measures.standard_deviation(y), UNIT),
        **with_interval("skewness", by, measures.skewness(y), "1"),
        **with_interval("quantile", (OUTCOME, PROBABILITY), quantiles, UNIT),
        **with_interval("value_at_risk", by_tail, at_risk, UNIT),
        **with_interval("expected_shortfall", by_tail, shortfall, UNIT),
        **with_interval("probability_of_loss", by, measures.probability_below(y), "1"),
    }
    coords = {
        **unit_coordinate(draws, list(arrays)),
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

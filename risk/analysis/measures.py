"""Risk measures of every outcome, with intervals that are right for the design."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import BOUND_COORD, outcome_arrays, unit_coordinate, with_interval
from risk.names import OUTCOME, PROBABILITY, TAIL, require
from risk.stats import measures
from risk.stats.replicates import Estimate

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

    def over(measure: Callable[[Array, float], Array], levels: tuple[float, ...]) -> Estimate:
        def at(level: float) -> Estimate:
            return measures.estimate(lambda x: measure(x, level), y)

        found = zip(*(at(level) for level in levels), strict=True)
        return Estimate(*(np.stack(parts, axis=1) for parts in found))

    by_outcome = (OUTCOME,)
    mean = measures.estimate(lambda x: x.mean(axis=-1), y)
    spread = measures.estimate(lambda x: x.std(axis=-1), y)
    variables = {
        **with_interval("mean", by_outcome, mean, UNIT),
        **with_interval("standard_deviation", by_outcome, spread, UNIT),
        **with_interval("skewness", by_outcome, _skewness(y), "1"),
        **with_interval(
            "quantile", (OUTCOME, PROBABILITY), over(measures.quantile, probabilities), UNIT
        ),
        **with_interval(
            "value_at_risk", (OUTCOME, TAIL), over(measures.value_at_risk, tails), UNIT
        ),
        **with_interval(
            "expected_shortfall", (OUTCOME, TAIL), over(measures.expected_shortfall, tails), UNIT
        ),
        **with_interval("probability_of_loss", by_outcome, measures.probability_below(y), "1"),
    }
    coords = {
        **unit_coordinate(draws, list(arrays)),
        **BOUND_COORD,
        PROBABILITY: list(probabilities),
        TAIL: list(tails),
    }
    return xr.Dataset(variables, coords)


def _skewness(y: Array) -> Estimate:
    """Skewness; of an outcome without spread it is NaN, which is what 0/0 is."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return measures.estimate(measures.skewness, y)


def probability_below(draws: xr.Dataset, outcome: str, threshold: float) -> xr.Dataset:
    """The probability that an outcome is below a threshold, with its interval.

    Parameters
    ----------
    draws
        The group ``draws`` of a study.
    outcome, threshold
        Which outcome, and the value in its unit.
    """
    require(draws, name="draws", variables=[outcome])
    estimate = measures.probability_below(outcome_arrays(draws)[outcome], threshold)
    text = f"Probability that {draws[outcome].attrs['long_name'].lower()} is below {threshold:g}"
    return xr.Dataset(with_interval("probability", (), estimate, "1", text), BOUND_COORD)

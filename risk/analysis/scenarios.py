"""Scenarios: what changes when management pulls a lever, with common random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from risk.analysis.labels import BOUND_COORD, unit_coordinate, with_interval
from risk.evaluation import bind
from risk.names import DRAW, OUTCOME, REPLICATE, SCENARIO, suggest
from risk.priors import Priors
from risk.signature import Model
from risk.stats import measures, replicates


def what_if(
    model: Model,
    priors: Priors,
    draws: xr.Dataset,
    scenarios: Mapping[str, Mapping[str, float]],
    outcomes: Sequence[str],
) -> xr.Dataset:
    """Mean and probability of loss of outcomes in each scenario, and the differences they make.

    Every scenario is evaluated on the same draws, so a difference carries only the noise of the
    difference, not that of two samples.

    Parameters
    ----------
    model, priors, draws
        The model, its priors, and the group ``draws`` of a study made with them.
    scenarios
        Scenario → input → the value that it is set to.
    outcomes
        Which outcomes.

    Returns
    -------
    Dataset over scenario, outcome and bound: ``mean``, ``difference`` from the draws as they are,
    ``probability_of_loss`` and ``probability_difference``.

    Raises
    ------
    KeyError
        When a scenario sets something that is not an input.
    """
    bound = bind(model, priors)
    rows = [bound.outcomes.index(name) for name in outcomes]
    shape = (draws.sizes[REPLICATE], draws.sizes[DRAW])
    drawn = {name: draws[name].values.ravel() for name in bound.map.names}
    base = np.stack([draws[name].values for name in outcomes])
    results = np.empty((len(scenarios), *base.shape))
    for s, (label, levers) in enumerate(scenarios.items()):
        unknown = [name for name in levers if name not in priors]
        if unknown:
            near = suggest(unknown[0], priors)
            raise KeyError(f"Expected inputs in scenario {label!r}, got {unknown}.{near}")
        set_to = {name: float(value) for name, value in levers.items()}
        values = bound(drawn | set_to, shape[0] * shape[1], f"scenario {label!r}")[rows]
        results[s] = values.reshape(base.shape)
    loss = measures.probability_below(results)
    change = np.mean(results < 0, axis=-1) - np.mean(base < 0, axis=-1)
    by = (SCENARIO, OUTCOME)
    unit = "unit of the outcome"
    variables = {
        **with_interval("mean", by, replicates.mean(results.mean(axis=-1)), unit),
        **with_interval("difference", by, replicates.mean((results - base).mean(axis=-1)), unit),
        **with_interval("probability_of_loss", by, loss, "1"),
        **with_interval("probability_difference", by, replicates.mean(change), "1"),
    }
    coords = {**unit_coordinate(draws, outcomes), **BOUND_COORD, SCENARIO: list(scenarios)}
    return xr.Dataset(variables, coords)

"""Scenarios: what changes when management pulls a lever, with common random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import xarray as xr

from risk.analysis.labels import BOUND_COORD, unit_coordinate, with_interval
from risk.conditional import states_of
from risk.evaluation import bind, wanted_outcomes
from risk.names import DRAW, OUTCOME, REPLICATE, SCENARIO, require, suggest
from risk.priors import Priors
from risk.signature import Model, Quantity, read_signature
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
    ValueError
        When it sets a regime, whose inputs would have to be drawn again, or a value outside the
        model's range; when the draws are not those of these priors or lack an outcome.
    """
    bound = bind(model, priors)
    _check_draws(draws, priors, wanted_outcomes(bound, outcomes))
    draws = draws.transpose(REPLICATE, DRAW, ...)
    rows = [bound.outcomes.index(name) for name in outcomes]
    shape = (draws.sizes[REPLICATE], draws.sizes[DRAW])
    drawn = {name: draws[name].values.ravel() for name in bound.map.names}
    base = np.stack([draws[name].values for name in outcomes])
    results = np.empty((len(scenarios), *base.shape))
    for s, (label, levers) in enumerate(scenarios.items()):
        set_to = _checked_levers(label, levers, model, priors)
        values = bound(drawn | set_to, shape[0] * shape[1], f"scenario {label!r}")[rows]
        results[s] = values.reshape(base.shape)
    loss = measures.probability_below(results)
    n = shape[0] * shape[1]
    change = np.mean(results < 0, axis=-1) - np.mean(base < 0, axis=-1)
    by = (SCENARIO, OUTCOME)
    unit = "unit of the outcome"
    variables = {
        **with_interval("mean", by, replicates.mean(results.mean(axis=-1)), unit),
        **with_interval("difference", by, replicates.mean((results - base).mean(axis=-1)), unit),
        **with_interval("probability_of_loss", by, loss, "1"),
        **with_interval("probability_difference", by, measures.probability_change(change, n), "1"),
    }
    coords = {**unit_coordinate(draws, outcomes), **BOUND_COORD, SCENARIO: list(scenarios)}
    return xr.Dataset(variables, coords)


def _check_draws(draws: xr.Dataset, priors: Priors, outcomes: Sequence[str]) -> None:
    require(draws, name="draws", dims=(REPLICATE, DRAW), variables=(*outcomes, *priors))
    if draws.attrs.get("priors_hash") != priors.hash:
        raise ValueError(
            "Expected draws made with these priors, got those of other priors. Run the study again."
        )


def _checked_levers(
    label: str, levers: Mapping[str, float], model: Model, priors: Priors
) -> dict[str, float]:
    """The values that a scenario sets, inside the model's ranges."""
    unknown = [name for name in levers if name not in priors]
    if unknown:
        near = suggest(unknown[0], priors)
        raise KeyError(f"Expected inputs in scenario {label!r}, got {unknown}.{near}")
    ranges = read_signature(model).inputs
    for name, value in levers.items():
        if states_of(priors[name].marginal):
            raise ValueError(
                f"Expected levers that are numbers in scenario {label!r}, got the regime {name!r}. "
                f"Run a study with priors.fix({name}={value!r}) instead."
            )
        if not isinstance(value, (int, float)):
            raise ValueError(
                f"Expected a number for `{name}` in scenario {label!r}, got {value!r}."
            )
        known = ranges.get(name, Quantity())
        if not known.low <= float(value) <= known.high:
            raise ValueError(
                f"Expected `{name}` inside [{known.low:g}, {known.high:g}] in scenario {label!r}, "
                f"got {value:g}."
            )
    return {name: float(value) for name, value in levers.items()}

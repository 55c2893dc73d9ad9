"""Tornado: what one input does alone, from its P10 to its P90, the others at their medians."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import outcome_arrays, unit_coordinate, variable
from risk.conditional import Conditional, states_of
from risk.evaluation import BoundModel, medians_of
from risk.names import END, ENDS, INPUT, OUTCOME
from risk.priors import Priors, labels

Array = NDArray[np.float64]

POINTS = np.array([0.1, 0.3, 0.5, 0.7, 0.9])


def tornado(model: BoundModel, priors: Priors, draws: xr.Dataset) -> xr.Dataset:
    """Each outcome with one input at its ends and every other at its median.

    The ends of a number are its P10 and P90. The ends of a regime are, for each outcome, the states
    that make it smallest and largest; inputs given the regime then stand at their medians there.
    Five points between the ends show whether an input works one way only.

    Returns
    -------
    Dataset over outcome, input and end: ``value``, ``input_value`` (the code of a state), ``state``
    (its name), ``monotone``, ``base`` (all at the median) and ``together`` (P10 and P90 of the
    simulation).
    """
    simulated = outcome_arrays(draws)
    wanted = [model.outcomes.index(name) for name in simulated]
    inputs = list(model.map.names)
    base = model(medians_of(model.map, 1), 1, "the tornado")[wanted, 0]
    rows = [_one_input(model, name, wanted) for name in inputs]
    value, at, state, monotone = (np.stack(part, axis=1) for part in zip(*rows, strict=True))
    both = np.stack([np.quantile(y, [0.1, 0.9]) for y in simulated.values()])
    by_end = (OUTCOME, INPUT, END)
    unit = "unit of the outcome"
    variables = {
        "value": variable(by_end, value, unit, "Outcome at the end"),
        "input_value": variable(by_end, at, "unit of the input", "Input at the end"),
        "state": variable(by_end, state.tolist(), "", "State of a regime at the end"),
        "monotone": variable(by_end[:2], monotone, "1", "Whether the input works one way only"),
        "base": variable((OUTCOME,), base, unit, "Outcome with every input at its median"),
        "together": variable((OUTCOME, END), both, unit, "P10 and P90 of the simulation"),
    }
    named = labels(priors)
    coords = {
        **unit_coordinate(draws, list(simulated)),
        INPUT: inputs,
        END: ENDS,
        "input_label": (INPUT, [named[n] for n in inputs]),
        "input_units": (INPUT, [priors[n].unit for n in inputs]),
    }
    return xr.Dataset(variables, coords)


def _one_input(model: BoundModel, name: str, wanted: Sequence[int]) -> tuple[Any, ...]:
    """Values, input values, states (outcomes, end) and monotony (outcomes,) of one input."""
    marginal = model.map.marginals[name]
    names = states_of(marginal)
    if names:
        codes = _possible(marginal)
        values = medians_of(model.map, len(codes), {name: codes})
        y = model(values, len(codes), "the tornado")[wanted]
        ends = np.stack([np.argmin(y, axis=1), np.argmax(y, axis=1)], axis=1)
        states = np.array(names)[codes[ends]]
        monotone = np.ones(len(y), dtype=bool)
    else:
        cube = np.full((len(model.map.names), len(POINTS)), 0.5)
        cube[model.map.names.index(name)] = POINTS
        values = model.map.alone(cube)
        y = model(values, len(POINTS), "the tornado")[wanted]
        ends = np.broadcast_to([0, len(POINTS) - 1], (len(y), 2))
        states, monotone = np.full(ends.shape, ""), _monotone(y)
    at = np.asarray(values[name], dtype=float)[ends]
    return np.take_along_axis(y, ends, axis=1), at, states, monotone


def _possible(marginal: Any) -> NDArray[np.intp]:
    """Codes of the states of a regime that can hold: another is no end."""
    given: Any = marginal.marginals.values() if isinstance(marginal, Conditional) else [marginal]
    return np.flatnonzero(np.any([m.probabilities for m in given], axis=0))


def _monotone(y: Array) -> NDArray[np.bool_]:
    """Whether values along the last axis rise or fall only, but for rounding."""
    noise = 64 * np.finfo(float).eps * np.abs(y).max(axis=1, keepdims=True)
    steps = np.diff(y, axis=1)
    return np.asarray(np.all(steps >= -noise, axis=1) | np.all(steps <= noise, axis=1))

"""Evidence: what is believed of inputs and outcomes once some outcomes have been observed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from scipy import special

from risk.analysis.labels import (
    BOUND_COORD,
    Variables,
    outcome_arrays,
    unit_coordinate,
    variable,
    with_interval,
)
from risk.analysis.observations import check_agreement, check_observations, check_size, observed
from risk.names import (
    DRAW,
    OBSERVATION,
    OUTCOME,
    PROBABILITY,
    REPLICATE,
    STATE,
    VARIABLE,
    require,
)
from risk.sources import Observation
from risk.stats import evidence as weighted
from risk.stats import measures
from risk.stats.replicates import Estimate

Array = NDArray[np.float64]

PROBABILITIES = (0.05, 0.5, 0.95)
SURPRISE = 0.01  # probability below which what is observed conflicts with what is expected
UNIT = "unit of the variable"


def evidence(draws: xr.Dataset, observations: Sequence[Observation]) -> xr.Dataset | None:
    """What the observations make of every uncertain input and every outcome.

    Each draw is weighted by how well its outcomes agree with what was observed: the same draws
    stand for the prior and, with their weights, for the posterior. ``shift`` says how far the
    evidence moves a number (Cliff's delta of posterior against prior, −1 … 1), ``narrowing`` what
    share of its range from P5 to P95 the evidence takes away (NaN of one that never varied).

    Parameters
    ----------
    draws
        The group ``draws`` of a study.
    observations
        Observed outcomes with independent normal errors; their order does not matter.

    Returns
    -------
    Dataset over variable, outcome, state, observation, probability and bound; None without
    observations. ``status`` is "ok" or says what conflicts: prior and evidence (an observation
    stands outside P1 to P99 of what the prior predicts, its error included), or the observations
    among themselves (even the best draw misses them by what errors do once in a hundred times).
    ``weight`` is each draw's, 1 on average.

    Raises
    ------
    ValueError
        For an observation that makes no sense or that no draw agrees with, and when the weights
        leave fewer than 400 effective draws.
    """
    if not observations:
        return None
    drawn = require(draws, name="draws", dims=(REPLICATE, DRAW)).transpose(REPLICATE, DRAW, ...)
    outcomes = outcome_arrays(drawn)
    check_observations(observations, {name: drawn[name].attrs["units"] for name in outcomes})
    y = np.stack([outcomes[o.outcome] for o in observations]).astype(float)
    distance = weighted.distances(y, *observed(observations))
    check_agreement(observations, y, distance)
    density = weighted.log_likelihood(y, *observed(observations))
    weight = weighted.weights(density)
    check_size(observations, y, weight)
    numbers = [str(k) for k, x in drawn.data_vars.items() if DRAW in x.dims and not _states(x)]
    predicted = _predicted(observations, y)
    surprising = (predicted.value < SURPRISE) | (predicted.value > 1 - SURPRISE)
    said = ["prior and evidence conflict"] if surprising.any() else []
    said += ["observations conflict"] if _apart(distance) else []
    size = weighted.effective_sample_size(weight)
    text = "Log of the density that the prior gives to what was observed"
    variables = {
        **_by_variable(drawn, numbers, weight),
        **_by_outcome(outcomes, weight),
        **_by_state(drawn, weight),
        **_by_observation(observations, predicted, surprising),
        **with_interval("log_evidence", (), weighted.log_evidence(density), "1", text),
        "effective_sample_size": variable((), size, "1", "Effective draws"),
        "status": variable((), ", ".join(said) or "ok", "", "Whether prior and evidence agree"),
        "weight": variable((REPLICATE, DRAW), weight / weight.mean(), "1", "Weight of a draw"),
    }
    coords = {
        **_named(drawn, numbers),
        **unit_coordinate(drawn, list(outcomes)),
        OBSERVATION: [o.label for o in observations],
        PROBABILITY: list(PROBABILITIES),
        **BOUND_COORD,
    }
    return xr.Dataset(variables, coords)


def _predicted(observations: Sequence[Observation], y: Array) -> Estimate:
    """How probable a smaller value than each observed one was, before the evidence."""
    pairs = zip(observations, y, strict=True)
    return _each(lambda p: weighted.predictive_probability(p[1], p[0].value, p[0].error), pairs)


def _apart(distance: Array) -> bool:
    """Whether even the draw that agrees best with several observations misses them together."""
    best = np.min(np.sum(distance**2, axis=0))
    return len(distance) > 1 and bool(special.chdtrc(len(distance), best) < SURPRISE)


def _by_variable(drawn: xr.Dataset, numbers: Sequence[str], weight: Array) -> Variables:
    """Quantiles and means before and after, and how far each number moves."""
    arrays = [drawn[name].values.astype(float) for name in numbers]
    before = _each(lambda y: measures.estimate_quantiles(y, PROBABILITIES), arrays)
    after = _each(lambda y: weighted.estimate_quantiles(y, weight, PROBABILITIES), arrays)
    width = np.ptp(before.value, axis=-1)
    with np.errstate(invalid="ignore"):
        narrowing = 1 - np.ptp(after.value, axis=-1) / np.where(width > 0, width, np.nan)
    by, by_level = (VARIABLE,), (VARIABLE, PROBABILITY)
    mean = _each(lambda y: weighted.mean(y, weight), arrays)
    shift = _each(lambda y: weighted.shift(y, weight), arrays)
    text = "Probability of being above the prior, less that of being below"
    return {
        **with_interval("prior_quantile", by_level, before, UNIT),
        **with_interval("posterior_quantile", by_level, after, UNIT),
        **with_interval("prior_mean", by, _each(measures.mean, arrays), UNIT),
        **with_interval("posterior_mean", by, mean, UNIT),
        **with_interval("shift", by, shift, "1", text),
        "narrowing": variable(by, narrowing, "1", "Share of the range from P5 to P95 taken away"),
    }


def _by_outcome(outcomes: Mapping[str, Array], weight: Array) -> Variables:
    before = _each(measures.probability_below, outcomes.values())
    after = _each(lambda y: weighted.probability_below(y, weight), outcomes.values())
    return {
        **with_interval("prior_probability_of_loss", (OUTCOME,), before, "1"),
        **with_interval("posterior_probability_of_loss", (OUTCOME,), after, "1"),
    }


def _by_state(drawn: xr.Dataset, weight: Array) -> Variables:
    """Probability of each state of each categorical input; nothing where there is none."""
    found = [
        (str(name), state, x.values == code)
        for name, x in drawn.data_vars.items()
        for code, state in enumerate(_states(x))
    ]
    if not found:
        return {}
    events = [event for _, _, event in found]
    before = _each(lambda event: weighted.probability(event, np.ones_like(weight)), events)
    after = _each(lambda event: weighted.probability(event, weight), events)
    inputs = [name for name, _, _ in found]
    labels = [drawn[name].attrs["long_name"] for name in inputs]
    return {
        **with_interval("prior_probability", (STATE,), before, "1"),
        **with_interval("posterior_probability", (STATE,), after, "1"),
        "state_input": variable((STATE,), inputs, "", "Categorical input"),
        "state_input_label": variable((STATE,), labels, "", "Label of the categorical input"),
        "state_name": variable((STATE,), [state for _, state, _ in found], "", "State"),
    }


def _by_observation(
    observations: Sequence[Observation], predicted: Estimate, surprising: NDArray[np.bool_]
) -> Variables:
    by = (OBSERVATION,)
    values, errors = observed(observations)
    conflict = np.where(surprising, "conflict", "ok").tolist()
    text = {
        "observed_outcome": ("Outcome", [o.outcome for o in observations]),
        "observed_units": ("Unit", [o.unit for o in observations]),
        "source_title": ("Source", [o.source.title for o in observations]),
        "source_url": ("Address of the source", [o.source.url for o in observations]),
        "agreement": ("Whether it agrees with what the prior predicts", conflict),
    }
    place = "Probability of a smaller value before the evidence"
    return {
        "observed": variable(by, values, "unit of the outcome", "Observed value"),
        "observation_error": variable(by, errors, "unit of the outcome", "Error of observation"),
        **with_interval("predictive_probability", by, predicted, "1", place),
        **{name: variable(by, words, "", what) for name, (what, words) in text.items()},
    }


def _named(drawn: xr.Dataset, numbers: Sequence[str]) -> dict[str, Any]:
    """The numbers and what is said of them along their dimension."""
    attrs = {"units": "units", "label": "long_name", "role": "role"}
    along = {
        f"{VARIABLE}_{key}": (VARIABLE, [drawn[name].attrs[attr] for name in numbers])
        for key, attr in attrs.items()
    }
    return {VARIABLE: list(numbers), **along}


def _states(x: xr.DataArray) -> list[str]:
    """States of a categorical input in the order of their codes, none of a number."""
    return str(x.attrs.get("flag_meanings", "")).split()


def _each(estimate: Callable[[Any], Estimate], items: Iterable[Any]) -> Estimate:
    """One estimate of each item, stacked on a first axis; one at a time, to spare memory."""
    return Estimate(*(np.stack(part) for part in zip(*map(estimate, items), strict=True)))

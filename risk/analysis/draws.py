"""The draws: every simulated input and outcome, with units and names."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from risk.conditional import states_of
from risk.exchanges import Job
from risk.names import DRAW, INPUT, OUTCOME, REPLICATE, readable
from risk.priors import Priors, labels
from risk.signature import read_signature
from risk.simulation import Runs


def draws(runs: Runs, job: Job, priors: Priors) -> xr.Dataset:
    """Inputs and outcomes of design A of every replicate: the sample that all other analyses use.

    Uncertain inputs and outcomes have the dimensions replicate and draw, fixed inputs none. A
    categorical input holds the codes that ``flag_values`` and ``flag_meanings`` explain.
    """
    attributes = draw_attributes(job, priors)
    values = runs.inputs | dict(zip(job.outcomes, runs.outcomes, strict=True))
    fixed = {n: p.marginal for n, p in priors.items() if isinstance(p.marginal, float)}
    variables: dict[str, Any] = {
        name: ((), fixed[name], attrs)
        if name in fixed
        else ((REPLICATE, DRAW), values[name], attrs)
        for name, attrs in attributes.items()
    }
    return xr.Dataset(variables, attrs={"priors_hash": priors.hash})


def draw_attributes(job: Job, priors: Priors) -> dict[str, dict[str, Any]]:
    """Units, name and role of every input and outcome; the states of a categorical input."""
    named = labels(priors)
    found: dict[str, dict[str, Any]] = {}
    for name, prior in priors.items():
        found[name] = {"units": prior.unit, "long_name": named[name], "role": INPUT}
        states = states_of(prior.marginal)
        if states:
            found[name]["flag_values"] = np.arange(len(states), dtype=np.int16)
            found[name]["flag_meanings"] = " ".join(states)
    units = read_signature(job.model.model).outcomes
    for name in job.outcomes:
        unit = units[name].unit if name in units else None
        found[name] = {"units": unit or "", "long_name": readable(name), "role": OUTCOME}
    return found

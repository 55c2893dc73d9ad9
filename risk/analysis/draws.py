"""The draws: every simulated input and outcome, with units and names."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from risk.dependence import states_of
from risk.engine import Job, Runs
from risk.names import DRAW, INPUT, OUTCOME, REPLICATE, readable
from risk.priors import Priors, labels
from risk.signature import read_signature


def draws(runs: Runs, job: Job, priors: Priors) -> xr.Dataset:
    """Inputs and outcomes of design A of every replicate: the sample that all other analyses use.

    Uncertain inputs and outcomes have the dimensions replicate and draw, fixed inputs none. A
    categorical input holds the codes that ``flag_values`` and ``flag_meanings`` explain.
    """
    named = labels(priors)
    variables: dict[str, Any] = {}
    for name, prior in priors.items():
        attrs: dict[str, Any] = {"units": prior.unit, "long_name": named[name], "role": INPUT}
        if isinstance(prior.marginal, float):
            variables[name] = ((), prior.marginal, attrs)
            continue
        states = states_of(prior.marginal)
        if states:
            attrs["flag_values"] = np.arange(len(states), dtype=np.int16)
            attrs["flag_meanings"] = " ".join(states)
        variables[name] = ((REPLICATE, DRAW), runs.inputs[name], attrs)
    units = read_signature(job.model.model).outcomes
    for name, values in zip(job.outcomes, runs.outcomes, strict=True):
        unit = units[name].unit if name in units else None
        attrs = {"units": unit or "", "long_name": readable(name), "role": OUTCOME}
        variables[name] = ((REPLICATE, DRAW), values, attrs)
    return xr.Dataset(variables, attrs={"priors_hash": priors.hash})

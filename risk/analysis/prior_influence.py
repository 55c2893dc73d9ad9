"""A quick look at what priors decide: which one alone, and what the pool of experts changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from risk.analysis.draws import draws
from risk.analysis.labels import variable
from risk.analysis.sobol import sobol
from risk.conditional import states_of
from risk.designs import sobol_replicate
from risk.evaluation import bind
from risk.experts import POOLS, pooled
from risk.factors import factor_coords, factors_of
from risk.names import INPUT
from risk.priors import Prior, Priors
from risk.signature import Model
from risk.simulation import plan, run_replicates

HEADLINE = ("real_revenue", "gross_profit", "operating_profit")  # of the profit model
POOL = "pool"
DRAWS, REPLICATES, SEED = 256, 8, 545
_POINTS = 8192  # at which the two pools are compared: the same for both


def influence(model: Model, priors: Priors) -> xr.Dataset:
    """First- and total-order indices of the headline outcomes, from few draws.

    Enough to see a prior that decides an outcome alone, in less than a second or two; `run_study`
    gives numbers to quote. For a model without the headline outcomes, of all of its outcomes.

    Raises
    ------
    ModelError
        When the model does not run on the priors.
    """
    bound = bind(model, priors)
    wanted = tuple(n for n in HEADLINE if n in bound.outcomes) or bound.outcomes
    factors = factors_of(priors, None)
    job = plan(bound, factors, wanted, DRAWS, SEED)
    runs = run_replicates(job, REPLICATES)
    found = sobol(runs, job, draws(runs, job, priors)).assign_coords(factor_coords(priors, factors))
    return found[["first_order", "total_order", "transform", "status"]]


def pools(model: Model, priors: Priors) -> xr.Dataset:
    """How probable a loss is where the experts of an input are pooled in one way and the other.

    Returns
    -------
    Dataset over input (those with several experts) and pool: ``probability_of_loss`` of the
    outcome that ``loss_of`` names, NaN with the reason in ``problem`` where a pool cannot be
    built. Without an outcome that can be a loss, all are NaN.
    """
    names = [name for name in priors.uncertain if len(priors[name].experts) > 1]
    chance = np.full((len(names), len(POOLS)), np.nan)
    problems = np.full((len(names), len(POOLS)), "", dtype=object)
    outcome = ""
    for k, name in enumerate(names):
        values = {}
        for j, pool in enumerate(POOLS):
            try:
                values[j] = _outcomes(model, _pooled(priors, name, pool), name)
            except ValueError as error:
                problems[k, j] = str(error)
        if 0 not in values:
            continue
        outcome = outcome or _loss(values[0])
        for j, found in values.items() if outcome else ():
            chance[k, j] = float(np.mean(found[outcome] < 0))
    dims = (INPUT, POOL)
    return xr.Dataset(
        {
            "probability_of_loss": variable(dims, chance, "1", "Probability of less than 0"),
            "problem": variable(dims, problems, "", "Why a pool cannot be built"),
        },
        {INPUT: names, POOL: list(POOLS)},
        {"loss_of": outcome},
    )


def _pooled(priors: Priors, name: str, pool: str) -> Priors:
    """The priors with the experts of one input pooled, without a regime that chose among them."""
    changed = priors.replace(**{name: pooled(priors[name].experts, pool)})
    regimes = getattr(priors[name].marginal, "regimes", ())
    inputs: dict[str, Prior] = dict(changed)
    for regime in regimes:
        others = [getattr(p.marginal, "regimes", ()) for n, p in inputs.items() if n != name]
        if not any(regime in given for given in others):
            del inputs[regime]
    return Priors(inputs, blocks=priors.blocks)


def _outcomes(model: Model, priors: Priors, name: str) -> Mapping[str, Any]:
    """Outcomes at points of the cube, the first of whose dimensions moves the input."""
    bound = bind(model, priors)
    axes = priors.map.axes
    first = [k for k, axis in enumerate(axes) if axis == name or name in priors.map.moves[axis]]
    regimes = [k for k, axis in enumerate(axes) if axis in priors and _is_regime(priors[axis])]
    order = list(dict.fromkeys([*first, *regimes, *range(len(axes))]))
    u = sobol_replicate(_POINTS, order, SEED, (0,))[0]
    values = bound(priors.map.inputs(priors.map.columns(u)), _POINTS, f"the pool of {name}")
    return dict(zip(bound.outcomes, values, strict=True))


def _is_regime(prior: Prior) -> bool:
    return bool(states_of(prior.marginal))


def _loss(values: Mapping[str, Any]) -> str:
    """The outcome whose sign matters: gross profit, else the first that is a loss in some draws."""
    able = [name for name, x in values.items() if 0 < float(np.mean(x < 0)) < 1]
    return "gross_profit" if "gross_profit" in able else next(iter(able), "")

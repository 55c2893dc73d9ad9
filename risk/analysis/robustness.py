"""Robustness: the ranking and the risk under every prior widened, narrowed and replaced."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor

import numpy as np
import xarray as xr

from risk.analysis.draws import draws
from risk.analysis.measures import risk
from risk.analysis.sobol import sobol
from risk.analysis.variants import Variant, variants
from risk.evaluation import bind, wanted_outcomes
from risk.factors import factor_coords, factors_of
from risk.priors import Priors
from risk.signature import Model
from risk.simulation import plan, run_replicates

Progress = Callable[[int, int], None]
VARIANT = "variant"
AS_THEY_ARE = Variant("", "", "as they are", "", None)  # type: ignore[arg-type]
KEPT = ("total_order", "total_order_interval", "rank_low", "rank_high")
RISKS = ("probability_of_loss", "probability_of_loss_interval", "mean")


def robustness(
    model: Model,
    priors: Priors,
    *,
    outcomes: Sequence[str] | None = None,
    draws: int = 256,
    replicates: int = 16,
    seed: int = 545,
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> xr.Dataset:
    """Indices, ranks and probabilities of loss under the priors and under variants of each.

    Every uncertain input is made half as wide again and half as wide (in normal scores), and
    replaced by the family that comes next with the same P5, P50 and P95, one at a time. The same
    points of the cube are used for all, so that differences are those of the priors.

    Returns
    -------
    Dataset over variant (the first: the priors as they are), outcome, factor and bound:
    ``total_order``, ``rank_low``, ``rank_high``, ``probability_of_loss``, ``mean``, with intervals;
    the coordinates ``variant_input``, ``variant_label``, ``variant_kind`` and ``variant_text`` say
    what was changed.
    """
    tried = [AS_THEY_ARE._replace(priors=priors), *variants(priors, model)]
    found = []
    for count, variant in enumerate(tried, start=1):
        found.append(_one(model, variant.priors, outcomes, draws, replicates, seed, executor))
        if progress is not None:
            progress(count, len(tried))
    every = xr.concat(found, VARIANT, coords="minimal", compat="override", join="exact")
    said = {
        f"{VARIANT}_{key}": (VARIANT, [getattr(variant, key) for variant in tried])
        for key in ("input", "label", "kind", "text")
    }
    every = every.assign_coords({VARIANT: np.arange(len(tried)), **said})
    for name in every.data_vars:
        every[name].attrs.setdefault("units", "1")
    return every


def _one(
    model: Model,
    priors: Priors,
    outcomes: Sequence[str] | None,
    n: int,
    replicates: int,
    seed: int,
    executor: Executor | None,
) -> xr.Dataset:
    """Indices and risk of one set of priors, without the other analyses."""
    bound = bind(model, priors)
    factors = factors_of(priors, None)
    job = plan(bound, factors, wanted_outcomes(bound, outcomes), n, seed)
    runs = run_replicates(job, replicates, executor)
    drawn = draws(runs, job, priors)
    indices = sobol(runs, job, drawn).assign_coords(factor_coords(priors, factors))
    losses = risk(drawn)
    both = xr.merge([indices[[*KEPT]], losses[[*RISKS]]], join="exact", compat="override")
    return both.drop_vars([c for c in both.coords if c in ("probability", "tail")])

"""Bridge: which step takes how much of an outcome, from its theoretical value to its real one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import BOUND_COORD, unit_coordinate, variable, with_interval
from risk.evaluation import BoundModel
from risk.marginals import Categorical
from risk.names import DRAW, OUTCOME, REPLICATE, STEP
from risk.priors import Priors
from risk.stats import measures, replicates, shapley

Array = NDArray[np.float64]

OTHER = "other inputs"
WORST = 0.05


def bridge(parts: xr.Dataset, tail: float = WORST) -> xr.Dataset:
    """Each step's part of the gap: on average, of its variance, and in the worst cases.

    Parameters
    ----------
    parts
        What `bridge_parts` gives.
    tail
        Share of the draws that counts as the worst: those with the lowest change of the outcome.

    Returns
    -------
    Dataset over outcome, step and bound. Over the steps, ``mean`` sums to ``end`` − ``start``, and
    ``variance_share`` and ``tail_share`` sum to 1; a share below 0 means that the step works
    against the gap.
    """
    steps = parts["part"].transpose(STEP, OUTCOME, REPLICATE, DRAW).values
    start, end = (parts[x].transpose(OUTCOME, REPLICATE, DRAW).values for x in ("start", "end"))
    gap = end - start
    by_step = (OUTCOME, STEP)
    unit = "unit of the outcome"
    variables = {
        **_labelled("mean", by_step, replicates.mean(steps.mean(axis=-1)), unit),
        **_labelled("variance_share", by_step, _variance_share(steps, gap), "1"),
        **_labelled("tail_share", by_step, _tail_share(steps, gap, tail), "1"),
        **with_interval("start", (OUTCOME,), replicates.mean(start.mean(axis=-1)), unit),
        **with_interval("end", (OUTCOME,), replicates.mean(end.mean(axis=-1)), unit),
    }
    kept = parts.drop_dims([REPLICATE, DRAW]).coords
    return xr.Dataset(variables, {**BOUND_COORD, **kept}, {"tail": tail})


def _labelled(
    name: str, dims: tuple[str, str], estimate: replicates.Estimate, units: str
) -> dict[str, Any]:
    by_outcome = replicates.Estimate(*(np.swapaxes(part, 0, 1) for part in estimate))
    return with_interval(name, dims, by_outcome, units)


def _variance_share(steps: Array, gap: Array) -> replicates.Estimate:
    """Cov(step, gap) / Var(gap), which sums to 1 over the steps."""
    z = gap - gap.mean(axis=(-2, -1), keepdims=True)
    centred = steps - steps.mean(axis=(-2, -1), keepdims=True)
    variance = (z * z).mean(axis=-1)
    # A gap that is the same at every draw has no variance to share: NaN says so.
    variance[variance.max(axis=-1) == 0] = np.nan
    return replicates.ratio((centred * z).mean(axis=-1), _like(steps, variance))


def _tail_share(steps: Array, gap: Array, tail: float) -> replicates.Estimate:
    """E[step | worst] / E[gap | worst], each replicate with its own worst draws."""
    weights = measures.tail_weights(gap.shape[-1], tail)
    worst = np.argsort(gap, axis=-1, kind="stable")[..., : len(weights)]
    taken = np.take_along_axis(steps, worst[None], axis=-1)
    total = np.sum(np.take_along_axis(gap, worst, axis=-1) * weights, axis=-1)
    return replicates.ratio(np.sum(taken * weights, axis=-1), _like(steps, total))


def _like(steps: Array, per_outcome: Array) -> Array:
    return np.broadcast_to(per_outcome, (len(steps), *per_outcome.shape))


def bridge_parts(model: BoundModel, priors: Priors, draws: xr.Dataset) -> xr.Dataset | None:
    """Every draw's gap, split over the steps by the Shapley value, whatever their order.

    A step is a group of inputs that moves together from the theoretical values to the drawn ones.
    Inputs without a theoretical value stay as drawn at both ends; steps in which nothing moves are
    left out. All 2^k sets of k steps are evaluated, so the parts of a draw sum to its gap.

    Returns
    -------
    Dataset with ``part`` over step, outcome, replicate and draw, and ``start`` and ``end``; None
    when the priors have no theoretical case.

    Raises
    ------
    ValueError
        For more than ten steps.
    """
    steps = _moving_steps(priors)
    names = [n for n in model.outcomes if n in draws and np.ptp(draws[n].values) > 0]
    if not steps or not names:
        return None
    parts = np.empty((len(steps), len(names), *draws[names[0]].shape))
    start, end = np.empty((2, *parts.shape[1:]))
    for r in range(draws.sizes[REPLICATE]):
        drawn = {name: draws[name].values[r] for name in model.map.names}
        values = _all_sets(model, drawn, _theory(priors), list(steps.values()))
        values = values[:, [model.outcomes.index(name) for name in names]]
        parts[:, :, r] = shapley.steps(values)
        start[:, r], end[:, r] = values[0], values[-1]
    per_draw = (OUTCOME, REPLICATE, DRAW)
    unit = "unit of the outcome"
    data = xr.Dataset(
        {
            "part": variable((STEP, *per_draw), parts, unit, "Part of the gap"),
            "start": variable(per_draw, start, unit, "At the theoretical values"),
            "end": variable(per_draw, end, unit, "At the drawn values"),
        },
        {STEP: list(steps), **unit_coordinate(draws, names)},
    )
    moved = np.abs(end - start).max(axis=(1, 2)) > 0
    return data.isel({OUTCOME: np.flatnonzero(moved)})


def _all_sets(
    model: BoundModel,
    drawn: Mapping[str, Array],
    theory: Mapping[str, float],
    steps: list[list[str]],
) -> Array:
    """Outcomes with every set of steps at the drawn values, the rest at the theoretical ones."""
    n = len(next(iter(drawn.values())))
    member = shapley.subsets(len(steps))
    values = np.empty((len(member), len(model.outcomes), n))
    for row, inside in zip(values, member, strict=True):
        moved = [name for names, on in zip(steps, inside, strict=True) if on for name in names]
        row[:] = model(
            dict(drawn) | {k: x for k, x in theory.items() if k not in moved}, n, "the bridge"
        )
    return values


def _moving_steps(priors: Priors) -> dict[str, list[str]]:
    """Step → its inputs that leave their theoretical value, in the order of the priors."""
    steps: dict[str, list[str]] = {}
    for name, value in _theory(priors).items():
        if priors[name].marginal != value:
            steps.setdefault(priors[name].step or OTHER, []).append(name)
    return steps


def _theory(priors: Priors) -> dict[str, float]:
    """Name → theoretical value, the code of the state for a regime."""
    states = {
        n: p.marginal.states for n, p in priors.items() if isinstance(p.marginal, Categorical)
    }
    return {
        name: float(states[name].index(str(x))) if name in states else float(x)
        for name, prior in priors.items()
        if (x := prior.theoretical) is not None
    }

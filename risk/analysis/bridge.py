"""Bridge: which step takes how much of an outcome, from its theoretical value to its real one."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Executor
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.labels import BOUND_COORD, Variables, unit_coordinate, with_interval
from risk.evaluation import BoundModel, theoretical_values
from risk.names import OUTCOME, REPLICATE, STEP
from risk.priors import Priors
from risk.stats import measures, replicates, shapley
from risk.trace import Program, Step
from risk.workers import run_all

Array = NDArray[np.float64]

OTHER = "other inputs"
WORST = 0.05
TOGETHER = 2048  # draws whose sets exist at once
CHECKED = 64  # draws on which a model and its operations are compared, with every set of steps


class Asked(NamedTuple):
    """What is to be split: outcomes of a model, between its theoretical and its drawn values."""

    model: BoundModel
    theory: Mapping[str, float]
    steps: list[list[str]]  # the inputs of each step
    outcomes: list[str]


class Parts(NamedTuple):
    """The gaps of a set of draws, split over the steps."""

    part: Array  # (steps, outcomes, n)
    start: Array  # (outcomes, n)
    end: Array  # (outcomes, n)


class Moments(NamedTuple):
    """What a replicate's parts come down to; outcomes are the last axis but steps come first."""

    part: Array  # mean of each part (steps, outcomes)
    start: Array
    end: Array
    covariance: Array  # of each part with the gap (steps, outcomes)
    variance: Array  # of the gap
    worst_part: Array  # means in the worst draws
    worst_gap: Array


def bridge(
    model: BoundModel,
    priors: Priors,
    draws: xr.Dataset,
    executor: Executor | None = None,
    tail: float = WORST,
) -> xr.Dataset | None:
    """Each step's part of the gap: on average, of its variance, and in the worst cases.

    A step is a group of inputs that moves together from the theoretical values to the drawn ones;
    `split` says how a draw's gap is split over the steps. Steps in which nothing moves are left
    out, and so are outcomes that no step moves.

    Parameters
    ----------
    tail
        Share of the draws that counts as the worst: those with the lowest change of the outcome.

    Returns
    -------
    Dataset over outcome, step and bound, None when the priors have no theoretical case. Over the
    steps, ``mean`` sums to ``end`` − ``start``, and ``variance_share`` and ``tail_share`` sum to
    1; a share below 0 means that the step works against the gap.

    Raises
    ------
    ValueError
        For more than ten steps.
    """
    steps = moving_steps(priors)
    names = [n for n in model.outcomes if n in draws and np.ptp(draws[n].values) > 0]
    if not steps or not names:
        return None
    shapley.subsets(len(steps))  # not too many
    drawn = [
        {name: draws[name].values[r] for name in model.map.names}
        for r in range(draws.sizes[REPLICATE])
    ]
    asked = Asked(model, theoretical_values(priors), list(steps.values()), names)
    program = operations(asked, {name: x[:CHECKED] for name, x in drawn[0].items()})
    found = run_all(partial(_moments, asked, program, tail), drawn, executor)
    moments = Moments(*(np.stack(part, axis=-1) for part in zip(*found, strict=True)))
    moved = (np.abs(moments.part).max(axis=(0, -1)) > 0) | (moments.variance.max(axis=-1) > 0)
    moments = Moments(*(part[..., moved, :] for part in moments))
    names = [name for name, kept in zip(names, moved, strict=True) if kept]
    coords = {**BOUND_COORD, STEP: list(steps), **unit_coordinate(draws, names)}
    return xr.Dataset(_variables(moments), coords, {"tail": tail}) if names else None


def _variables(moments: Moments) -> Variables:
    """The numbers of a bridge from the moments of R replicates, replicates last."""
    gap = moments.end - moments.start
    shift = moments.part - moments.part.mean(axis=-1, keepdims=True)
    gap_shift = gap - gap.mean(axis=-1, keepdims=True)
    # Moments about the pooled means: those about a replicate's own, and the shift between them.
    covariance = moments.covariance + shift * gap_shift
    variance = moments.variance + gap_shift**2
    # What is 0 at every draw, a variance or the gap of the worst draws, has no shares: NaN says so.
    variance = np.where(variance.max(axis=-1, keepdims=True) == 0, np.nan, variance)
    none = np.abs(moments.worst_gap).max(axis=-1, keepdims=True) == 0
    worst = np.broadcast_to(np.where(none, np.nan, moments.worst_gap), moments.worst_part.shape)
    every = np.broadcast_to(variance, covariance.shape)
    unit = "unit of the outcome"
    by_step = (OUTCOME, STEP)
    return {
        **_labelled("mean", by_step, replicates.mean(moments.part), unit),
        **_labelled("variance_share", by_step, replicates.ratio(covariance, every), "1"),
        **_labelled("tail_share", by_step, replicates.ratio(moments.worst_part, worst), "1"),
        **with_interval("start", (OUTCOME,), replicates.mean(moments.start), unit),
        **with_interval("end", (OUTCOME,), replicates.mean(moments.end), unit),
    }


def _labelled(
    name: str, dims: tuple[str, str], estimate: replicates.Estimate, units: str
) -> Variables:
    by_outcome = replicates.Estimate(*(np.swapaxes(part, 0, 1) for part in estimate))
    return with_interval(name, dims, by_outcome, units)


def _moments(
    asked: Asked, program: Program | None, tail: float, drawn: Mapping[str, Array]
) -> Moments:
    """One replicate's moments; a function of a module, so that any executor can run it."""
    part, start, end = split(asked, program, drawn)
    gap = end - start
    centred = gap - gap.mean(axis=-1, keepdims=True)
    weights = measures.tail_weights(gap.shape[-1], tail)
    worst = np.argsort(gap, axis=-1, kind="stable")[..., : len(weights)]
    return Moments(
        part.mean(axis=-1),
        start.mean(axis=-1),
        end.mean(axis=-1),
        np.mean((part - part.mean(axis=-1, keepdims=True)) * centred, axis=-1),
        np.mean(centred**2, axis=-1),
        np.sum(np.take_along_axis(part, worst[None], axis=-1) * weights, axis=-1),
        np.sum(np.take_along_axis(gap, worst, axis=-1) * weights, axis=-1),
    )


def split(asked: Asked, program: Program | None, drawn: Mapping[str, Array]) -> Parts:
    """Every draw's gap, split over the steps by the Shapley value, whatever their order.

    Inputs without a theoretical value stay as drawn at both ends. All 2^k sets of k steps are
    evaluated, so the parts of a draw sum to its gap.
    """
    n = len(next(iter(drawn.values())))
    # Made once: to touch new memory takes as long as to fill it.
    every = np.empty((len(asked.outcomes), 2 ** len(asked.steps), min(n, TOGETHER)))
    found = []
    for start in range(0, n, TOGETHER):
        few = {name: x[start : start + TOGETHER] for name, x in drawn.items()}
        values = every[..., : n - start]
        if program is not None:
            _repeat(asked, program, few, values)
        if program is None or not np.isfinite(values).all():  # the model says where and why
            _call(asked, few, values, start)
        # One outcome at a time: its sets fit into a processor's cache, those of all do not.
        part = np.stack([shapley.steps(v) for v in values], axis=1)
        found.append(Parts(part, values[:, 0].copy(), values[:, -1].copy()))
    return Parts(*(np.concatenate(part, axis=-1) for part in zip(*found, strict=True)))


def operations(asked: Asked, drawn: Mapping[str, Array]) -> Program | None:
    """The operations of a model between its two ends, if on these draws they give its very bits."""
    program = asked.model.traced(asked.theory)
    if program is None:
        return None
    n = len(next(iter(drawn.values())))
    expected, found = np.empty((2, len(asked.outcomes), 2 ** len(asked.steps), n))
    _call(asked, drawn, expected)
    _repeat(asked, program, drawn, found)
    return program if np.array_equal(found, expected) else None


def _call(asked: Asked, drawn: Mapping[str, Array], values: Array, first: int = 0) -> None:
    """Outcomes with every set of steps at the drawn values, the rest at the theoretical ones.

    They go into `values`, shape (outcomes, 2^k, n). `first` is the number of the first draw.
    """
    model, theory, steps, names = asked
    rows = [model.outcomes.index(name) for name in names]
    for s, inside in enumerate(shapley.subsets(len(steps))):
        moved = {name for group, on in zip(steps, inside, strict=True) if on for name in group}
        kept = {name: x for name, x in theory.items() if name not in moved}
        values[:, s] = model(dict(drawn) | kept, values.shape[-1], "the bridge", first)[rows]


def _repeat(asked: Asked, program: Program, drawn: Mapping[str, Array], values: Array) -> None:
    """The same from the model's operations: a set adds a step to another, and repeats few of them.

    The steps that most operations depend on are added first, so to the fewest sets.
    """
    model, theory, steps, names = asked
    numbers = [program.outcomes[name] for name in names]
    fixed, start = (
        {name: np.reshape(x, (1,)) for name, x in some.items()}
        for some in (model.map.fixed, theory)
    )
    moved = [{name: (drawn if name in drawn else fixed)[name] for name in group} for group in steps]
    after = [program.steps_after(group) for group in steps]
    order = sorted(range(len(steps)), key=lambda i: -len(after[i]))

    # What to start from, what to change in it, the place of the set, and where the next steps are.
    waiting: list[tuple[list[Any] | None, dict[str, Array], list[Step] | None, int, int]]
    waiting = [(None, {**drawn, **start}, None, 0, 0)]
    while waiting:
        before, changed, again, place, first = waiting.pop()
        found = program.run(model.named(changed), before, again)
        for row, number in enumerate(numbers):
            values[row, place] = found[number]
        for k in range(first, len(order)):
            i = order[k]
            waiting.append((found, moved[i], after[i], place | 1 << i, k + 1))


def moving_steps(priors: Priors) -> dict[str, list[str]]:
    """Step → its inputs that leave their theoretical value, in the order of the priors."""
    steps: dict[str, list[str]] = {}
    for name, value in theoretical_values(priors).items():
        if priors[name].marginal != value:
            steps.setdefault(priors[name].step or OTHER, []).append(name)
    return steps

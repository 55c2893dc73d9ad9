"""All replicates of a study: a pilot, the replicates, and a second look where tails are heavy."""

from __future__ import annotations

import hashlib
import time
import warnings
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.checkpoint import Checkpoint, CheckpointWarning
from risk.designs import CHUNK, sobol_replicate
from risk.engine import Replicate, run_replicate, standardised, with_draws, without_draws
from risk.evaluation import BoundModel
from risk.exchanges import Drawn, Job, Key, repeats
from risk.model_results import ModelError
from risk.stats.moments import effective_sample_size
from risk.stats.sobol import PickFreeze
from risk.stats.tally import REACH, Tally, bins_of
from risk.workers import blas_on_one_thread, work_through

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
Sink = Callable[[int, Replicate], Replicate]

PILOT_DRAWS = 1024
LEAST_SECONDS = 0.02  # of work in a task: to hand one out takes a cluster about a tenth of that
KEPT_DRAWS = 1 << 16  # of a study, all replicates together, unless asked otherwise
BEYOND = 4.0  # of asinh z: how much farther than the pilot's points the histograms reach
TOO_FEW = 100.0  # effective draws below which indices are those of asinh(outcome / scale)


class Runs(NamedTuple):
    """All replicates, stacked."""

    inputs: Drawn  # (R, keep)
    outcomes: Array  # (outcomes, R, keep)
    sums: PickFreeze  # (R, outcomes, ...): of asinh(outcome / scale) where `transformed`
    powers: Array  # (R, outcomes, 2, 4): power sums of (outcome − centre) / scale over A and B
    tallies: list[Tally]  # R, or none where all points are kept
    effective_sample_size: Array  # (outcomes,): how many draws the variance rests on
    constant: NDArray[np.bool_]  # (outcomes,)
    transformed: NDArray[np.bool_]  # (outcomes,)
    model_runs: int


def run_replicates(
    job: Job,
    replicates: int,
    executor: Executor | None = None,
    progress: Progress | None = None,
    checkpoint: Checkpoint | None = None,
    sink: Sink | None = None,
) -> Runs:
    """Evaluate a model on R independent replicates and reduce them.

    Outcomes whose variance rests on too few draws are looked at again: the indices of their
    asinh(y / scale) stand in.

    Parameters
    ----------
    job
        What to run, as `plan` makes it.
    replicates
        How many independent randomisations.
    executor
        Where to run them; None is this thread.
    progress
        Called with (done, total) after each replicate.
    checkpoint
        Where finished replicates are kept, and found again.
    sink
        Called with the number of each replicate and the replicate, in the order in which they are
        finished; it returns what to keep of it.

    Raises
    ------
    ModelError, WorkerError
        Whatever the model did that no analysis may use; workers that failed.
    """
    done = _run(job, replicates, executor, progress, checkpoint, sink)
    sums = PickFreeze(*(np.stack(part) for part in zip(*(r.sums for r in done), strict=True)))
    powers = np.stack([r.powers for r in done])
    size = effective_sample_size(powers.sum(axis=(0, 2)), 2 * replicates * job.draws)
    constant = _constant(job, sums, powers)
    heavy = ~constant & ~(size >= TOO_FEW)  # NaN where squares leave the range of a double
    if heavy.any():
        again = _run(_second_look(job, heavy), replicates, executor, progress, checkpoint)
        for part, other in zip(sums, zip(*(r.sums for r in again), strict=True), strict=True):
            part[:, heavy] = np.stack(other)
    return Runs(
        {name: np.stack([r.inputs[name] for r in done]) for name in done[0].inputs},
        np.stack([r.outcomes for r in done], axis=1),
        sums,
        powers,
        [r.tally for r in done if r.tally is not None],
        np.where(constant, np.nan, size),
        constant,
        heavy,
        replicates * job.draws * job.designs,
    )


@blas_on_one_thread()  # as in the workers: the bits of a pilot are part of the question
def plan(
    model: BoundModel,
    factors: Mapping[str, Sequence[str]],
    outcomes: tuple[str, ...],
    draws: int,
    seed: int,
    keep: int | None = None,
) -> Job:
    """The job of every replicate, from a pilot that enters no result.

    The pilot decides which inputs get the best dimensions of the net, and what each outcome is
    measured by: its median, and its median distance from it.
    """
    axes = list(range(len(model.map.axes)))
    inputs = model.map.inputs(model.map.columns(sobol_replicate(PILOT_DRAWS, axes, seed, (0,))[0]))
    rows = [model.outcomes.index(name) for name in outcomes]
    values = model(inputs, PILOT_DRAWS, "the pilot, design A")[rows]
    with np.errstate(over="ignore", invalid="ignore"):  # who has no scale is asked afterwards
        centre = np.median(values, axis=-1)
        scale = _scale(values, centre)
    _check_scale(outcomes, values, scale)
    half = {name: x[1::2].copy() for name, x in inputs.items()}
    alone = model(half, PILOT_DRAWS // 2, "the pilot, design A")[rows]
    _check_points_alone(outcomes, values[:, 1::2], alone, scale)
    job = Job(
        *(model, factors, outcomes, PILOT_DRAWS, seed, PILOT_DRAWS, axes, centre, scale),
        asinh=True,
    )
    program = model.traced()
    if program is not None and repeats(job, program, (0,)):
        job = replace(job, program=program)
    began = time.perf_counter()
    pilot = run_replicate(job, (0,))
    seconds = (time.perf_counter() - began) / (PILOT_DRAWS * job.designs)
    _check_points_alone(outcomes, values, pilot.outcomes, scale)
    kept = min(draws, keep or draws)
    bins = bins_of(standardised(job, values)) if draws > kept else None
    return replace(
        *(job,), draws=draws, keep=kept, order=importance_order(job, pilot), bins=bins, asinh=False,
        row_seconds=seconds, pilot=_digest(values, *pilot.sums, pilot.powers),
    )  # fmt: skip


def _check_scale(outcomes: Sequence[str], values: Array, scale: Array) -> None:
    """Refuse outcomes so far apart that their distances are no numbers."""
    for name, row, size in zip(outcomes, values, scale, strict=True):
        if not np.isfinite(size):
            raise ModelError(
                f"Expected outcomes whose distances are numbers, got `{name}` from {row.min():g} "
                f"to {row.max():g}. Give it a larger unit."
            )


def _check_points_alone(outcomes: Sequence[str], values: Array, again: Array, scale: Array) -> None:
    """Refuse a model that gives other values for the same points later, or beside others.

    One point in a hundred may differ by more than a millionth: where a solver stops, a tie falls.
    """
    for name, one, other, size in zip(outcomes, values, again, scale, strict=True):
        if np.isclose(one, other, rtol=1e-6, atol=1e-6 * size).mean() < 0.99:
            raise ModelError(
                f"Expected outcomes of each point alone, got another `{name}` for the same points "
                "among others. Leave out sums over the points, chance, and what a call remembers."
            )


def _digest(*arrays: Array) -> str:
    """A name for the bits of some arrays."""
    return hashlib.sha256(b"".join(np.ascontiguousarray(x).tobytes() for x in arrays)).hexdigest()


def importance_order(job: Job, pilot: Replicate) -> list[int]:
    """Axes of the cube by the mean over outcomes of their factor's total-order index."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total = pilot.sums.total / pilot.sums.variance
    total = np.where(np.isfinite(total), total, 0.0).mean(axis=0)  # of a constant outcome: 0/0
    moves = job.model.map.moves
    factor = {name: i for i, members in enumerate(job.factors.values()) for name in members}
    first = [columns[0] for columns in moves.values()]  # all columns of an axis share its factor
    weight = [total[factor[column]] if column in factor else 0.0 for column in first]
    return sorted(range(len(moves)), key=lambda k: (-weight[k], k))


def _run(
    job: Job,
    replicates: int,
    executor: Executor | None,
    progress: Progress | None,
    checkpoint: Checkpoint | None,
    sink: Sink | None = None,
) -> list[Replicate]:
    """The replicates of a job in their order: those of the checkpoint, and the others."""
    report = progress or (lambda done, total: None)
    keep = sink or (lambda place, found: found)
    names: list[str] = []
    done: dict[int, Replicate] = {}
    missing: list[tuple[Key, Replicate | None]] = []
    for r in range(replicates):
        name, stored = f"{_tag(job)}-{r:05d}", None
        if checkpoint is not None:
            name, stored = checkpoint.find(name, job.draws)
        names.append(name)
        before = usable(job, stored)
        if before is not None and before.points == job.draws:
            done[r] = keep(r, run_replicate(job, (1, r), before))
        else:
            missing.append(((1, r), None if before is None else without_draws(job, before)))

    def take(place: int, found: Replicate) -> None:
        key, before = missing[place]
        r = key[1]
        if before is not None and checkpoint is not None and job.keep:
            stored = checkpoint.load(names[r])
            found = run_replicate(job, key) if stored is None else with_draws(job, stored, found)
        if checkpoint is not None:
            checkpoint.save(names[r], found)
        done[r] = keep(r, found)
        report(len(done), replicates)

    report(len(done), replicates)
    finishing = None if checkpoint is None else _say_finishing
    work_through(partial(_replicate, job), missing, take, executor, tasks_together(job), finishing)
    return [done[r] for r in range(replicates)]


def _say_finishing(tasks: int) -> None:
    warnings.warn(
        f"Interrupted: waiting for {tasks} tasks that workers have begun; what they finish is "
        "kept. Interrupt again to drop it.",
        CheckpointWarning,
        stacklevel=2,
    )


def _replicate(job: Job, item: tuple[Key, Replicate | None]) -> Replicate:
    """A function of a module, so that every executor can run it."""
    return run_replicate(job, *item)


def tasks_together(job: Job) -> int:
    """How many replicates to send as one task, so that a task is worth sending."""
    seconds = job.row_seconds * job.draws * job.designs
    return max(1, round(LEAST_SECONDS / max(seconds, 1e-9)))


def usable(job: Job, before: Replicate | None) -> Replicate | None:
    """A stored replicate if the job can go on from it to the very same bits, else None."""
    if before is None or before.points > job.draws:
        return None
    whole_chunks = before.points == job.draws or before.points % CHUNK == 0
    enough = before.outcomes.shape[1] >= min(job.keep, before.points)
    return before if whole_chunks and enough else None


def _tag(job: Job) -> str:
    """What the files of a job's replicates are called: the second look has names of its own."""
    if not job.asinh:
        return "raw"
    return f"asinh-{hashlib.sha256(','.join(job.outcomes).encode()).hexdigest()[:8]}"


def _second_look(job: Job, heavy: NDArray[np.bool_]) -> Job:
    """The same points, for the indices of asinh of some outcomes."""
    names = tuple(name for name, wanted in zip(job.outcomes, heavy, strict=True) if wanted)
    centre, scale = job.centre[heavy], job.scale[heavy]
    return replace(job, outcomes=names, keep=0, bins=None, centre=centre, scale=scale, asinh=True)


def _constant(job: Job, sums: PickFreeze, powers: Array) -> NDArray[np.bool_]:
    """Outcomes that differ from their median by the rounding of a few operations only."""
    points = len(powers) * job.draws
    spread = np.sqrt(powers[..., 1].sum(axis=(0, 2)) / points) * job.scale
    moved = np.sqrt(sums.total.sum(axis=0).max(axis=-1) / points) * job.unit
    return np.asarray(np.maximum(spread, moved) <= 64 * np.finfo(float).eps * np.abs(job.centre))


def _scale(outputs: Array, centre: Array) -> Array:
    """The median distance from the median of each outcome, large enough for its histogram.

    Where more than half the outputs are equal, or differ by the rounding of larger numbers only, it
    is that of the others, and 1 where all are equal.
    """
    distance = np.abs(outputs - centre[:, None])
    scale, most = np.median(distance, axis=-1), distance.max(axis=-1)
    rounding = 64 * np.finfo(float).eps * most
    for k in np.flatnonzero(scale <= rounding):
        others = distance[k][distance[k] > rounding[k]]
        scale[k] = np.median(others) if others.size else 1.0
    return np.asarray(np.maximum(scale, most / np.sinh(REACH - BEYOND)))

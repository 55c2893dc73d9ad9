"""Run the replicates of a pick-freeze design through a model, on this thread or any executor.

A replicate maps its two designs to inputs once. Each factor is then exchanged between them, both
ways, and the model evaluated again; the outputs are reduced to row means on the spot, so the
design matrix of all rows never exists. A replicate depends only on the seed and its own number:
the results carry the same bits whoever computes them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, as_completed
from dataclasses import dataclass, replace
from functools import partial
from pickle import PicklingError
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from risk.designs import sobol_replicate
from risk.evaluation import BoundModel, ModelError
from risk.stats.sobol import PickFreeze, pick_freeze

Array = NDArray[np.float64]
Progress = Callable[[int, int], None]
Item = TypeVar("Item")
Result = TypeVar("Result")
PILOT_DRAWS = 1024


@dataclass(frozen=True)
class Job:
    """Everything that a replicate needs to know, small enough to send to another process."""

    model: BoundModel
    factors: Mapping[str, Sequence[str]]
    outcomes: tuple[str, ...]
    draws: int
    seed: int
    order: list[int]
    scale: Array | None = None  # of the asinh transform, one an outcome; None: from these draws


class Replicate(NamedTuple):
    """One replicate: its draws, and the row means of its pick-freeze design."""

    inputs: dict[str, NDArray[np.float64]]  # name → (n,), state codes for a categorical input
    outcomes: Array  # (outcomes, n)
    sums: PickFreeze  # of shape (..., 2, outcomes): of y / scale, then of asinh(y / scale)
    constant: NDArray[np.bool_]  # (outcomes,)
    scale: Array  # (outcomes,)


class Runs(NamedTuple):
    """All replicates, stacked: draws (R, n), sums with the replicate as their last axis."""

    inputs: dict[str, NDArray[np.float64]]
    outcomes: Array  # (outcomes, R, n)
    sums: PickFreeze
    constant: NDArray[np.bool_]
    model_runs: int


def run_replicates(
    job: Job, replicates: int, executor: Executor | None = None, progress: Progress | None = None
) -> tuple[Runs, Job]:
    """Evaluate a model on R independent replicates and reduce them.

    A pilot replicate first decides which inputs get the best dimensions of the net, and the scale
    of the asinh transform; it enters no result.

    Parameters
    ----------
    job
        What to run.
    replicates
        How many independent randomisations.
    executor
        Where to run them; None is this thread.
    progress
        Called with (done, total) after each replicate.

    Returns
    -------
    The stacked replicates, and the job with the order and scale that the pilot gave it.

    Raises
    ------
    ModelError
        Whatever the model did that no analysis may use.
    """
    job = replace(job, order=list(range(len(job.model.map.axes))))
    pilot = run_replicate(replace(job, draws=min(job.draws, PILOT_DRAWS)), (0,))
    job = replace(job, order=importance_order(job, pilot), scale=pilot.scale)
    done = run_all(
        partial(run_replicate, job), [(1, r) for r in range(replicates)], executor, progress
    )
    sums = PickFreeze(
        *(np.stack(part, axis=-1) for part in zip(*(r.sums for r in done), strict=True))
    )
    inputs = {name: np.stack([r.inputs[name] for r in done]) for name in done[0].inputs}
    values = np.stack([r.outcomes for r in done], axis=1)
    level = np.array([r.outcomes[:, 0] for r in done])
    constant = np.all([r.constant for r in done], axis=0) & np.all(_alike(level, level[0]), axis=0)
    rows = replicates * job.draws * (2 * len(job.factors) + 2)
    return Runs(inputs, values, sums, constant, rows), job


def run_all(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    executor: Executor | None = None,
    progress: Progress | None = None,
) -> list[Result]:
    """Results of independent pieces of work, in their order, whoever does them."""
    report = progress or (lambda done, total: None)
    if executor is None:
        done = []
        for item in items:
            done.append(work(item))
            report(len(done), len(items))
        return done
    futures = [executor.submit(work, item) for item in items]
    try:
        for count, future in enumerate(as_completed(futures), start=1):
            _result(future)
            report(count, len(items))
    finally:
        for future in futures:
            future.cancel()
    return [future.result() for future in futures]


def _result(future: Future[Result]) -> Result:
    """What a worker computed, or what is wrong in words that help."""
    try:
        return future.result()
    except (PicklingError, AttributeError, TypeError) as error:
        if "pickle" not in str(error) and not isinstance(error, PicklingError):
            raise
        raise ModelError(
            f"Expected a model that can be sent to another process, got one that cannot ({error}). "
            "Define it at the top level of a module, or use threads."
        ) from error
    except BrokenExecutor as error:
        raise ModelError(
            f"Expected workers that live until their work is done, got one that ended ({error}). "
            "Perhaps memory ran out: use fewer workers or fewer draws."
        ) from error


def run_replicate(job: Job, key: tuple[int, ...]) -> Replicate:
    """One replicate of the pick-freeze design: A, B and both exchanges of every factor."""
    map_ = job.model.map
    a, b = (map_.columns(u) for u in sobol_replicate(job.draws, job.order, job.seed, key))
    wanted = [job.model.outcomes.index(name) for name in job.outcomes]
    where = "the pilot" if key[0] == 0 else f"replicate {key[1]}"

    def outputs(columns: Mapping[str, NDArray[np.float64]], block: str) -> Array:
        values = job.model(map_.inputs(columns), job.draws, f"{where}, {block}")
        return values[wanted]

    f_a, f_b = outputs(a, "design A"), outputs(b, "design B")
    f_ab, f_ba = np.empty((2, len(job.factors), *f_a.shape))
    for i, (label, names) in enumerate(job.factors.items()):
        from_b, from_a = {n: b[n] for n in names}, {n: a[n] for n in names}
        f_ab[i] = outputs(a | from_b, f"design A with {label} of B")
        f_ba[i] = outputs(b | from_a, f"design B with {label} of A")
    scale = _scale(f_a) if job.scale is None else job.scale
    sums = pick_freeze(*(_both(f, scale) for f in (f_a, f_b, f_ab, f_ba)))
    middle = f_a[:, :1]
    constant = np.all(
        [np.all(_alike(f, middle), axis=-1) for f in (f_a, f_b, *f_ab, *f_ba)], axis=0
    )
    return Replicate(map_.inputs(a), f_a, sums, constant, scale)


def importance_order(job: Job, pilot: Replicate) -> list[int]:
    """Axes of the cube by the mean over outcomes of their factor's total-order index."""
    with np.errstate(divide="ignore", invalid="ignore"):
        total = (pilot.sums.total / pilot.sums.variance)[:, 1]  # of asinh: calm in heavy tails
    total = np.where(pilot.constant, 0.0, total).mean(axis=-1)
    moves = job.model.map.moves
    factor = {name: i for i, members in enumerate(job.factors.values()) for name in members}
    first = [columns[0] for columns in moves.values()]  # all columns of an axis share its factor
    weight = [total[factor[column]] if column in factor else 0.0 for column in first]
    return sorted(range(len(moves)), key=lambda k: (-weight[k], k))


def _both(outputs: Array, scale: Array) -> Array:
    """Outputs in units of their scale, and asinh of that, on a new axis before the outcomes.

    Indices do not see a scale, and squares of scaled outputs do not leave the range of a double.
    """
    scaled = outputs / scale[:, None]
    return np.stack([scaled, np.arcsinh(scaled)], axis=-3)


def _scale(outputs: Array) -> Array:
    """The median distance from the median of each outcome.

    Where more than half the outputs are equal it is that of the others, and 1 where all are.
    """
    distance = np.abs(outputs - np.median(outputs, axis=-1, keepdims=True))
    scale = np.median(distance, axis=-1)
    for k in np.flatnonzero(scale == 0):
        others = distance[k][distance[k] > 0]
        scale[k] = np.median(others) if others.size else 1.0
    return np.asarray(scale)


def _alike(values: Array, reference: Array) -> NDArray[np.bool_]:
    """Equal but for the rounding of a few operations."""
    return np.abs(values - reference) <= 64 * np.finfo(float).eps * np.abs(reference)

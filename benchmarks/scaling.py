"""How far does a study scale: two workers measured, and from their overheads a thousand projected?

The main case on this thread, on threads, on processes and on a Dask cluster of one-thread workers,
in turn; the outputs hash of one study from each of them; what a task, a replicate's return and a
checkpoint cost; and from these where a thousand workers would wait for something else than the
model.
"""

from __future__ import annotations

import contextlib
import functools
import pickle
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple
from unittest import mock

import risk
from benchmarks.models import REPLICATES
from benchmarks.report import publish, table
from benchmarks.scaling_places import HERE, Place, executor
from benchmarks.speed_case import SEED, Case, job_of, power, profit_case, timed
from risk import simulation, study, workers
from risk.checkpoint import open_checkpoint
from risk.engine import Replicate, run_replicate
from risk.exchanges import Job

POINTS = 1 << 16  # of a replicate
ROUNDS = 3
MANY = 64  # replicates of the larger load
TARGET = 1.6  # times as fast on two processes
HASH_DRAWS = 4096
BLOCKS = (512, 1024, 4096)  # points
TASKS = 200
CARD = 1e9  # bytes a second through one network card: assumed
WORKERS = 1000
KEPT = 64  # draws of each of a thousand replicates, 65,536 in all


PLACES = (HERE, *(Place(kind, n) for kind in ("threads", "processes", "Dask") for n in (1, 2)))
HASHED = (HERE, *(Place(kind, n) for kind in ("threads", "processes", "Dask") for n in (1, 2, 3)))


class Costs(NamedTuple):
    """What is paid a replicate beside the model, in seconds and bytes."""

    task: float  # of Dask's scheduler and worker
    parent: float  # processor time of the process that gathers
    returned: float
    sent: float
    checkpoint: float


def main() -> None:
    """Measure, project, and write the tables."""
    case = profit_case()
    with contextlib.ExitStack() as stack:
        open_ = {place: stack.enter_context(executor(place)) for place in PLACES}
        first = {place: warmed(case, place, open_[place]) for place in PLACES}
        seconds, speed = speed_up(case, open_, first)
        hashes = same_bits(case, open_)
        costs, overhead = overheads(case, open_)
    publish("scaling", [*speed, *hashes, *overhead, *projection(seconds, costs)])


def warmed(case: Case, place: Place, workers_: Executor | None) -> float:
    """Seconds until every worker has started, read the model and done a replicate."""
    job = replace(job_of(case, 512 * REPLICATES), row_seconds=1.0)
    return timed(simulation.run_replicates, job, 4 * place.workers, workers_)[0]


def speed_up(
    case: Case, open_: dict[Place, Executor | None], first: dict[Place, float]
) -> tuple[float, list[str]]:
    """Seconds that this thread takes for a replicate; the tables of both loads."""
    spent = {
        REPLICATES: raced(case, REPLICATES, PLACES, ROUNDS, open_),
        MANY: raced(case, MANY, [p for p in PLACES if p == HERE or p.workers == 2], 1, open_),
    }
    rows = []
    for replicates, times in spent.items():
        alone = median(times[HERE])
        for place, took in times.items():
            ratio = alone / median(took)
            met = "–"
            if place == Place("processes", 2):
                met = "yes" if ratio >= TARGET else "no"
            start = "–" if place == HERE else f"{first[place]:.2f}"
            cells = (f"{median(took):.2f}", f"{min(took):.2f}–{max(took):.2f}", f"{ratio:.2f}", met)
            rows.append([f"{replicates} × {power(POINTS)}", str(place), *cells, start])
    note = (
        f"**Two workers.** `run_replicates` on the main case; medians of {ROUNDS} interleaved "
        f"rounds ({MANY} replicates: one), a new net each round, after a small job has woken all "
        "workers (its time is in the last column: interpreters started, packages imported). Every "
        "run sends the model anew, and each process makes its tables of quantile functions. The "
        "machine has two cores, and Dask's scheduler shares them with its workers."
    )
    header = [
        *("replicates", "workers", "seconds", "range", "speed-up", f"met (≥ {TARGET:g})"),
        "first start, s",
    ]
    return median(spent[REPLICATES][HERE]) / REPLICATES, [note, table(header, rows)]


def raced(
    case: Case,
    replicates: int,
    places: Sequence[Place],
    rounds: int,
    open_: dict[Place, Executor | None],
) -> dict[Place, list[float]]:
    """Seconds of each round in each place."""
    spent: dict[Place, list[float]] = {place: [] for place in places}
    for turn in range(rounds):
        job = job_of(case, POINTS * replicates, SEED + turn, replicates)
        for place in places:
            took, _ = timed(simulation.run_replicates, job, replicates, open_[place])
            spent[place].append(took)
    return spent


def same_bits(case: Case, open_: dict[Place, Executor | None]) -> list[str]:
    """The outputs hash of one study from every executor and at every size of block."""
    found = {}
    for place in HASHED:
        with executor(place) if place not in open_ else contextlib.nullcontext(open_[place]) as who:
            found[place] = [hash_of(case, who, points) for points in BLOCKS]
    wanted = found[HERE][0]
    rows = [
        [str(place), *(h[:16] for h in hashes), "yes" if {*hashes} == {wanted} else "NO"]
        for place, hashes in found.items()
    ]
    note = (
        "**The same bits.** First 16 digits of the outputs hash of one `run_study`, "
        f"{HASH_DRAWS:,} draws and {REPLICATES} replicates, by workers and points in a block."
    )
    return [note, table(["workers", *(f"blocks of {n:,}" for n in BLOCKS), "same"], rows)]


def hash_of(case: Case, workers_: Executor | None, points: int) -> str:
    """The outputs hash of a study whose blocks have so many points."""

    def planned(*arguments: Any) -> Job:
        job = simulation.plan(*arguments)
        sizes = (replace(job, block_rows=1 << k) for k in range(30))
        return next(sized for sized in sizes if sized.block == points)

    with mock.patch.object(study, "plan", planned):
        tree = risk.run_study(
            risk.profit_model, case.priors, draws=HASH_DRAWS, executor=workers_, seed=SEED
        )
    return str(tree.attrs["outputs_hash"])


def nothing(item: int) -> int:
    """Work that takes no time."""
    return item


def overheads(case: Case, open_: dict[Place, Executor | None]) -> tuple[Costs, list[str]]:
    """What a task, its bytes and a checkpoint cost."""
    job = replace(job_of(case, POINTS * REPLICATES), draws=512, keep=KEPT, row_seconds=1.0)
    assert job.bins is not None
    rows = []
    tasks: dict[Place, float] = {}
    parents: dict[Place, float] = {}
    for place in PLACES[1:]:
        took = [timed(workers.run_all, nothing, range(TASKS), open_[place])[0] for _ in range(3)]
        tasks[place] = median(took) / TASKS
        start = time.process_time()
        simulation.run_replicates(job, TASKS, open_[place])
        parents[place] = (time.process_time() - start) / TASKS
        cpu = "–" if place.kind == "threads" else f"{1e3 * parents[place]:.2f}"
        rows.append([str(place), f"{1e3 * tasks[place]:.2f}", cpu])
    sent = len(workers._bytes_of(functools.partial(simulation._replicate, job)))
    sizes, found = returned(job)
    safe = checkpointed(found)
    cluster = Place("Dask", 2)
    costs = Costs(tasks[cluster], parents[cluster], sizes[-1][1], sent, safe)
    note = (
        f"**What a task costs.** {TASKS} tasks that do nothing, and as many replicates of 512 "
        "points, gathered: processor time of the process that sends and gathers, for a replicate "
        "(with Dask its scheduler is in there)."
    )
    header = ["workers", "ms a task", "ms of the parent a replicate"]
    bytes_note = (
        f"**Bytes.** A task carries the model, its priors and the job: {sent:,} bytes, compressed. "
        f"It returns a replicate, pickled; to make one safe in a checkpoint (the one with {KEPT} "
        f"draws: written, flushed to the disk, renamed) takes {1e3 * safe:.1f} ms, median of 20."
    )
    by_kind = [[name, f"{size:,.0f}"] for name, size in sizes]
    return costs, [
        *(note, table(header, rows), bytes_note),
        table(["a replicate that returns", "bytes"], by_kind),
    ]


def returned(job: Job) -> tuple[list[tuple[str, int]], Replicate]:
    """Bytes of a pickled replicate by what it keeps; the one that a thousand workers return."""
    found: list[tuple[str, int]] = []
    for keep, counts in ((4096, False), (4096, True), (0, False), (0, True), (KEPT, True)):
        one = replace(job, draws=8192, keep=keep, bins=job.bins if counts else None)
        replicate = run_replicate(one, (1, 0))
        name = f"sums, {keep:,} draws" + (", histograms" if counts else "")
        found.append((name, len(pickle.dumps(replicate))))
    return found, replicate


def checkpointed(replicate: Replicate) -> float:
    """Seconds to make a replicate safe."""
    with tempfile.TemporaryDirectory() as folder, open_checkpoint(folder, {}) as store:
        return median(timed(store.save, f"raw-{k:05d}", replicate)[0] for k in range(20))


def projection(seconds: float, costs: Costs) -> list[str]:
    """How many workers each of the shared parts can serve, by the size of a replicate."""
    shared = {
        "scheduler: t / s": costs.task,
        "parent, gathering and adding up: t / p": costs.parent,
        "returns through one card: t · C / b": costs.returned / CARD,
        "models sent through one card: t · C / m": costs.sent / CARD,
        "checkpoint on one disk: t / c": costs.checkpoint,
    }
    sizes = {POINTS: seconds, 1 << 20: seconds * (1 << 20) / POINTS}
    rows = [
        [name, *(text for t in sizes.values() for text in served(t, cost))]
        for name, cost in shared.items()
    ]
    worst = max(shared, key=lambda name: shared[name])
    note = (
        f"**A thousand workers**, projected. A replicate of {power(POINTS)} points takes "
        f"t = {seconds:.2f} s of one worker, one of 2^20 t = {sizes[1 << 20]:.1f} s (the time of a "
        f"point is flat). Each worker wants a task every t, so a part that needs x seconds a "
        f"replicate serves t / x workers and is busy {WORKERS:,} x / t of the time with "
        f"{WORKERS:,}. Measured: s = {1e3 * costs.task:.2f} ms a task (Dask, 2 workers, scheduler, "
        f"workers and client on the same two cores), p = {1e3 * costs.parent:.2f} ms of the parent "
        f"(its scheduler included), b = {costs.returned:,.0f} bytes returned with {KEPT} draws and "
        f"histograms, m = {costs.sent:,} bytes sent, c = {1e3 * costs.checkpoint:.1f} ms. Assumed: "
        f"a network card of C = {CARD / 1e9:g} GB/s, one disk like this one, and that the parts "
        "work beside each other. Over 100 % the workers wait."
    )
    header = ["limit"]
    for points in sizes:
        header += [f"{power(points)}: workers served", f"busy with {WORKERS:,}"]
    memory = costs.returned * WORKERS / 1e9
    end = (
        f"The first limit is the {worst.partition(':')[0]}. More points a replicate move every "
        "limit in proportion: 16 times as many points, 16 times as many workers. Memory is "
        f"another matter: the parent holds every replicate, b each, {memory:.1f} GB for "
        f"{WORKERS:,} replicates and {10 * memory:.0f} GB for {10 * WORKERS:,}, whatever their "
        "points; almost all of it are histograms."
    )
    return [note, table(header, rows), end]


def served(seconds: float, cost: float) -> tuple[str, str]:
    """How many workers a part can serve, and how busy it is with a thousand."""
    return f"{seconds / cost:,.0f}", f"{WORKERS * cost / seconds:.1%}"


if __name__ == "__main__":
    main()

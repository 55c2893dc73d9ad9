"""The main case as the benchmarks of speed run it: what is timed, and what is timed beside it."""

from __future__ import annotations

import contextlib
import functools
import os
import pickle
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import xarray as xr
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

import risk
from benchmarks.models import REPLICATES
from risk import analysis
from risk.evaluation import BoundModel, bind
from risk.exchanges import Job
from risk.shipped import main_case
from risk.simulation import KEPT_DRAWS, Runs, plan, run_replicates

Array = NDArray[np.float64]
SEED = 545
Result = TypeVar("Result")


class Case(NamedTuple):
    """A model bound to its priors."""

    bound: BoundModel
    priors: risk.Priors


@functools.cache
def profit_case() -> Case:
    """The profit model over the priors of the main case: 16 inputs, 13 outcomes."""
    priors = risk.read_priors(main_case(), risk.profit_model)
    return Case(bind(risk.profit_model, priors), priors)


def cold(case: Case) -> Case:
    """The same case without the tables of its quantile functions, which a pickle leaves out."""
    return case._replace(bound=pickle.loads(pickle.dumps(case.bound)))


def job_of(case: Case, points: int, seed: int = SEED, replicates: int = REPLICATES) -> Job:
    """What `run_study` would run for so many base points, all replicates together."""
    factors = {name: (name,) for name in case.bound.map.names}
    keep = KEPT_DRAWS // replicates
    draws = points // replicates
    return plan(case.bound, factors, case.bound.outcomes, draws, seed, min(keep, draws))


def analysed(case: Case, points: int, seed: int = SEED) -> tuple[Runs, xr.Dataset]:
    """All indices of all outcomes with intervals: what is timed as ours."""
    job = job_of(case, points, seed)
    runs = run_replicates(job, REPLICATES)
    return runs, analysis.sobol(runs, job, analysis.draws(runs, job, case.priors))


def arguments_of(bound: BoundModel, n: int) -> dict[str, Any]:
    """What the engine gives the model at n random points: read-only arrays."""
    taken: dict[str, Any] = {}

    def recorder(**arguments: Any) -> Mapping[str, Any]:
        taken.update(arguments)
        return bound.model(**arguments)

    points = np.random.default_rng(SEED).random((len(bound.map.axes), n))
    inputs = bound.map.inputs(bound.map.columns(points))
    replace(bound, model=recorder).evaluate(inputs, n)
    return taken


def timed(work: Callable[..., Result], *arguments: Any) -> tuple[float, Result]:
    """How many seconds one call takes, and what it gives."""
    start = time.perf_counter()
    result = work(*arguments)
    return time.perf_counter() - start, result


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Everything on this thread: no library starts others for its linear algebra."""
    with threadpool_limits(1):
        yield


class Memory:
    """How much memory is taken between two moments at most, in MB; NaN where Linux does not say."""

    def __init__(self) -> None:
        with contextlib.suppress(OSError):  # forget the peak until now
            Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
        self.before = _status("VmRSS")

    def peak(self) -> float:
        """The peak since then, beyond what was taken then."""
        return _status("VmHWM") - self.before


def _status(name: str) -> float:
    """A line of this process's status, in MB."""
    if not os.path.exists("/proc/self/status"):
        return float("nan")
    lines = Path("/proc/self/status").read_text("ascii").splitlines()
    found = next(line.split()[1] for line in lines if line.startswith(f"{name}:"))
    return float(found) / 1024


def power(n: int) -> str:
    """``2^14`` of 16384."""
    return f"2^{n.bit_length() - 1}"

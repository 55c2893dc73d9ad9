"""The same question asked of SALib, OpenTURNS and SciPy, each in its usual way.

All see points in the unit cube, the exact quantile functions of the same priors and the same model,
called once with all rows (SciPy calls it three times). One outcome of the model is analysed.
"""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import sobol as salib_analyze
from SALib.sample import sobol as salib_sample
from scipy import stats

from benchmarks.speed_case import SEED, Memory
from risk.evaluation import BoundModel

Array = NDArray[np.float64]
OUTCOME = "revenue_gap"


class Spent(NamedTuple):
    """Where the time of a peer went, in seconds, and the memory that it took, in MB."""

    total: float
    quantiles: float
    model: float
    memory: float

    @property
    def rest(self) -> float:
        """Points, estimates and intervals: the peer's own work."""
        return self.total - self.quantiles - self.model


class Task(NamedTuple):
    """How much to ask: base points, resamples, and whether of second order too."""

    points: int
    resamples: int = 100
    second: bool = False


class Clocked:
    """One outcome at points of the unit cube, shape (inputs, rows), with the time it takes."""

    def __init__(self, bound: BoundModel) -> None:
        self.bound, self.place = bound, bound.outcomes.index(OUTCOME)
        self.quantiles = self.model = 0.0

    def __call__(self, u: Array) -> Array:
        with self._added_to("quantiles"):
            map_ = self.bound.map
            columns = {n: map_.marginals[n].ppf(x) for n, x in zip(map_.axes, u, strict=True)}
            inputs = map_.inputs(columns)
        with self._added_to("model"):
            return self.bound.evaluate(inputs, u.shape[1])[self.place]

    @contextmanager
    def _added_to(self, name: str) -> Iterator[None]:
        start = time.perf_counter()
        yield
        setattr(self, name, getattr(self, name) + time.perf_counter() - start)


def salib(outcome: Clocked, task: Task) -> None:
    """Saltelli 2010 for the first and Jansen for the total order; rows resampled."""
    names = list(outcome.bound.map.axes)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    points = salib_sample.sample(
        problem, task.points, calc_second_order=task.second, scramble=True, seed=SEED
    )
    salib_analyze.analyze(
        problem,
        outcome(points.T),
        calc_second_order=task.second,
        num_resamples=task.resamples,
        parallel=False,
        seed=SEED,
    )


def openturns(outcome: Clocked, task: Task) -> None:
    """SobolIndicesExperiment by QMC, SaltelliSensitivityAlgorithm, its bootstrap for intervals."""
    ot = importlib.import_module("openturns")
    ot.TBB.Disable()
    ot.ResourceMap.SetAsString("SobolIndicesExperiment-SamplingMethod", "QMC")
    cube = ot.JointDistribution([ot.Uniform(0.0, 1.0)] * len(outcome.bound.map.axes))
    design = ot.SobolIndicesExperiment(cube, task.points, task.second).generate()
    values = ot.Sample(outcome(np.asarray(design).T)[:, None])
    found = ot.SaltelliSensitivityAlgorithm(design, values, task.points)
    found.setUseAsymptoticDistribution(False)
    found.setBootstrapSize(task.resamples)
    found.getFirstOrderIndices()
    found.getTotalOrderIndices()
    found.getFirstOrderIndicesInterval()
    found.getTotalOrderIndicesInterval()


def scipy(outcome: Clocked, task: Task) -> None:
    """scipy.stats.sobol_indices and its bootstrap (BCa: a jackknife of all N points)."""
    dists = [stats.uniform(0, 1)] * len(outcome.bound.map.axes)
    rng = np.random.default_rng(SEED)
    found = stats.sobol_indices(
        func=lambda u: outcome(u)[None], n=task.points, dists=dists, rng=rng
    )
    # Some inputs do not enter the outcome: their intervals are 0/0.
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        found.bootstrap(n_resamples=task.resamples)


PEERS: dict[str, Callable[[Clocked, Task], None]] = {
    "SALib": salib,
    "OpenTURNS": openturns,
    "SciPy": scipy,
}


def raced(peer: str, bound: BoundModel, task: Task) -> Spent:
    """One run of a peer."""
    outcome, memory = Clocked(bound), Memory()
    start = time.perf_counter()
    PEERS[peer](outcome, task)
    total = time.perf_counter() - start
    return Spent(total, outcome.quantiles, outcome.model, memory.peak())

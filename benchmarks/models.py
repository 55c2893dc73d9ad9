"""Models with exact indices, as a user of the project would write them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

import risk
from benchmarks import closed_forms
from benchmarks.closed_forms import Exact
from risk import analysis
from risk.engine import run_replicate
from risk.evaluation import bind
from risk.exchanges import Job
from risk.simulation import plan, run_replicates
from risk.stats import sobol as estimators
from risk.stats.sobol import Indices, PickFreeze

Array = NDArray[np.float64]
REPLICATES = 16
SHAPE = np.array([1.0, 0.7, 0.3, 0.1])  # how the log-variance is spread over four lognormals


class Case(NamedTuple):
    """A model, its priors and its indices; of asinh(y / scale) too where they are known."""

    name: str
    model: Callable[..., Mapping[str, Array]]
    priors: risk.Priors
    exact: Exact
    asinh: Callable[[float], Exact] | None = None

    @property
    def inputs(self) -> list[str]:
        """Names of the inputs."""
        return list(self.priors)


def _priors(count: int, distribution: Any) -> risk.Priors:
    source = "a test function"
    names = [f"x{i + 1}" for i in range(count)]
    return risk.Priors({name: risk.Prior(distribution, unit="1", source=source) for name in names})


def ishigami() -> Case:
    """Strongly curved, with an input that matters only through another."""

    def model(x1: Array, x2: Array, x3: Array) -> dict[str, Array]:
        return {"y": np.sin(x1) + 7 * np.sin(x2) ** 2 + 0.1 * x3**4 * np.sin(x1)}

    priors = _priors(3, stats.uniform(-np.pi, 2 * np.pi))
    return Case("Ishigami", model, priors, closed_forms.ishigami())


def g_function(name: str, a: list[float]) -> Case:
    """A product with kinks; equal a are exact ties."""

    def model(**x: Array) -> dict[str, Array]:
        parts = [(np.abs(4 * v - 2) + c) / (1 + c) for v, c in zip(x.values(), a, strict=True)]
        return {"y": np.prod(parts, axis=0)}

    return Case(name, model, _priors(len(a), stats.uniform(0, 1)), closed_forms.g_function(a))


def minimum() -> Case:
    """A kink across the diagonal: demand or capacity, whichever is less."""

    def model(x1: Array, x2: Array) -> dict[str, Array]:
        return {"y": np.minimum(x1, x2)}

    return Case("min(x1, x2)", model, _priors(2, stats.uniform(0, 1)), closed_forms.minimum())


def linear() -> Case:
    """No interaction at all, and an input that does nothing."""

    def model(x1: Array, x2: Array, x3: Array, x4: Array) -> dict[str, Array]:
        return {"y": 4 * x1 + 2 * x2 + x3}

    exact = closed_forms.linear(np.array([4.0, 2.0, 1.0, 0.0]))
    return Case("linear, one input inert", model, _priors(4, stats.norm(0, 1)), exact)


def lognormals(total: float) -> Case:
    """A product of four lognormals whose logarithm has this standard deviation in all."""
    sigma = total * SHAPE / np.sqrt((SHAPE**2).sum())

    def model(**x: Array) -> dict[str, Array]:
        return {"y": np.exp(sigma @ np.stack(list(x.values())))}

    def asinh(scale: float) -> Exact:
        return closed_forms.of_normal_sum(lambda z: np.arcsinh(np.exp(z) / scale), sigma)

    priors = _priors(4, stats.norm(0, 1))
    name = f"lognormals, log-sd {total:g}"
    return Case(name, model, priors, closed_forms.lognormals(sigma), asinh)


def every_case() -> list[Case]:
    """All models with exact indices."""
    return [
        ishigami(),
        g_function("g-function, 8 inputs", [0, 1, 4.5, 9, 99, 99, 99, 99]),
        g_function("g-function, 4 equal", [0, 0, 0, 0]),
        minimum(),
        linear(),
        *(lognormals(total) for total in (0.5, 1.0, 1.5)),
    ]


def planned(case: Case, draws: int, seed: int) -> Job:
    """What the engine would run of a case."""
    bound = bind(case.model, case.priors)
    return plan(bound, {name: (name,) for name in case.inputs}, ("y",), draws, seed)


def published(case: Case, job: Job) -> Any:
    """The Dataset of the indices, as a user sees it, without the other analyses."""
    runs = run_replicates(job, REPLICATES)
    return analysis.sobol(runs, job, analysis.draws(runs, job, case.priors))


def indices(job: Job) -> Indices:
    """Indices of a job's outcomes, or of their asinh: heavy tails or not, nothing is withheld."""
    each = zip(*(run_replicate(job, (1, r)).sums for r in range(REPLICATES)), strict=True)
    return estimators.indices(PickFreeze(*(np.stack(part) for part in each)))

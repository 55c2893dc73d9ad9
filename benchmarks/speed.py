"""How fast are all indices with intervals, beside SALib at the same number of model runs?

Both go the whole way: points, inputs from the same quantile functions, the same model, first-,
total- and second-order indices with intervals. Ours has 16 replicates and every outcome of the
model; SALib has 100 resamples and one outcome. Rounds are interleaved and the best of each counts,
so a busy machine slows both; only the ratio means something elsewhere.
"""

from __future__ import annotations

import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import sobol as salib_analyze
from SALib.sample import sobol as salib_sample

import risk
from benchmarks.models import REPLICATES, ishigami
from benchmarks.report import publish, table
from risk import analysis
from risk.engine import Job, run_replicates
from risk.evaluation import bind
from risk.shipped import main_case
from risk.signature import Model

Array = NDArray[np.float64]
ROUNDS = 3
RESAMPLES = 100
SEED = 545


class Question(NamedTuple):
    """A model, its priors and the outcome that SALib analyses."""

    name: str
    model: Model
    priors: risk.Priors
    outcome: str


def main() -> None:
    """Time both and write the table."""
    classic = ishigami()
    questions = [
        Question("Ishigami", classic.model, classic.priors, "y"),
        Question(
            *("profit model", risk.profit_model),
            *(risk.read_priors(main_case(), risk.profit_model), "revenue_gap"),
        ),
    ]
    rows = [compare(question, n) for question in questions for n in (256, 1024)]
    header = [
        *("model", "inputs", "outcomes: ours, SALib", "n", "model runs", "runs a second, ours"),
        *("runs a second, SALib", "ratio", "largest difference of ST", "half-width: ours, SALib"),
    ]
    note = (
        f"Best of {ROUNDS} interleaved rounds, one thread of one machine. SALib's base sample is "
        f"{REPLICATES} n, so that the model runs are the same; {RESAMPLES} resamples. The half-"
        "width is that of the largest total-order index."
    )
    publish("speed", [note, table(header, rows)])


def compare(question: Question, n: int) -> list[str]:
    """One row of the table."""
    times: dict[str, list[float]] = {"ours": [], "SALib": []}
    for _ in range(ROUNDS):
        for name, analyse in (("ours", ours), ("SALib", salib)):
            start = time.perf_counter()
            total, half, runs, outcomes = analyse(question, n)
            times[name].append(time.perf_counter() - start)
            if name == "ours":
                mine, mine_half, mine_outcomes = total, half, outcomes
    fast, slow = min(times["ours"]), min(times["SALib"])
    top = int(np.argmax(mine))
    return [
        *(question.name, str(len(mine)), f"{mine_outcomes}, {outcomes}", str(n), f"{runs:,}"),
        *(f"{runs / fast:,.0f}", f"{runs / slow:,.0f}", f"{slow / fast:.0f}"),
        *(f"{np.abs(mine - total).max():.4f}", f"{mine_half[top]:.4f}, {half[top]:.4f}"),
    ]


def ours(question: Question, n: int) -> tuple[Array, Array, int, int]:
    """Total-order indices, their half-widths, model runs and outcomes analysed."""
    bound = bind(question.model, question.priors)
    factors = {name: (name,) for name in bound.map.names}
    runs, job = run_replicates(Job(bound, factors, bound.outcomes, n, SEED, []), REPLICATES)
    drawn = analysis.draws(runs, job, question.priors)
    found = analysis.sobol(runs, job, drawn).sel(outcome=question.outcome)
    low, high = found["total_order_interval"].transpose("bound", "factor").values
    return found["total_order"].values, (high - low) / 2, runs.model_runs, len(bound.outcomes)


def salib(question: Question, n: int) -> tuple[Array, Array, int, int]:
    """The same by SALib, for one outcome."""
    bound = bind(question.model, question.priors)
    names = list(bound.map.names)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    points = salib_sample.sample(problem, REPLICATES * n, calc_second_order=True, seed=SEED)
    columns = bound.map.columns(points.T)
    values = bound(bound.map.inputs(columns), len(points))[bound.outcomes.index(question.outcome)]
    found = salib_analyze.analyze(
        problem, values, calc_second_order=True, num_resamples=RESAMPLES, seed=SEED
    )
    return found["ST"], found["ST_conf"], len(points), 1


if __name__ == "__main__":
    main()

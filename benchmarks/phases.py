"""Where does the time of the main case go, and what would the next factor of two take?

A profile by wrappers around the steps of the engine: each step's own time, without that of the
steps inside it, on one thread. Then the phases of `risk run` in a process of its own each time, so
that what is done once a process (fonts, imports) is in them, as it is for a user.
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

from benchmarks import speed_case
from benchmarks.models import REPLICATES
from benchmarks.report import publish, table
from benchmarks.speed_case import Case, analysed, job_of, one_thread, profit_case, timed
from risk import analysis, engine, simulation
from risk.dependence import InputMap
from risk.designs import Net
from risk.evaluation import BoundModel
from risk.simulation import run_replicates
from risk.trace import Program

POINTS = 1 << 16
ROUNDS = 5
IMPORTS = "risk.commands.run"
TARGETS = {"start-up": 1.5, "simulation and analysis": 2.0, "figures": 4.0}  # seconds
Step = tuple[Any, str, str]  # owner, name, what it is called in the table
MODEL, SUMS, REST = "the model's operations", "sums behind the indices", "the rest"
TABLES, REGIMES = "quantile functions, from tables", "states of regimes picked"
DRAWING = "imports of matplotlib and of the memo"
EXCHANGE = "factors exchanged, blocks put together"
STEPS: tuple[Step, ...] = (
    (Net, "points", "points of the net"),
    (InputMap, "columns", TABLES),
    (InputMap, "inputs", REGIMES),
    (Program, "run", MODEL),
    (BoundModel, "evaluate", "the model as a whole: the pilot checks its operations"),
    (engine, "pick_freeze", SUMS),
    (engine, "power_sums", SUMS),
    (engine, "add", "histograms"),
    (simulation, "run_replicate", EXCHANGE),
    (speed_case, "plan", "the pilot, the rest of it"),
    (analysis, "sobol", "indices, intervals and ranks"),
)


class Clock:
    """The own time of functions, without that of those that they call."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}
        self._inner = [0.0]

    def timed(self, label: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """The same function, with its time added to what the label has."""

        @functools.wraps(function)
        def call(*arguments: Any, **named: Any) -> Any:
            self._inner.append(0.0)
            start = time.perf_counter()
            try:
                return function(*arguments, **named)
            finally:
                took = time.perf_counter() - start
                self.spent[label] = self.spent.get(label, 0.0) + took - self._inner.pop()
                self._inner[-1] += took

        return call

    @contextlib.contextmanager
    def watching(self, steps: Sequence[Step]) -> Iterator[None]:
        """Time these functions wherever they are called by these names."""
        with contextlib.ExitStack() as stack:
            for owner, name, label in steps:
                watched = self.timed(label, getattr(owner, name))
                stack.enter_context(mock.patch.object(owner, name, watched))
            yield


def main() -> None:
    """Profile and write the tables."""
    publish("phases", [*engine_profile(profit_case()), *phases_of_run()])


def engine_profile(case: Case) -> list[str]:
    """Where an analysis spends its time."""
    with one_thread():
        analysed(case, POINTS)  # tables, net
        both = [(timed(analysed, case, POINTS)[0], profiled(case)) for _ in range(ROUNDS)]
        job = job_of(case, POINTS)
        ways = [job, replace(job, program=None)]
        turns = [[timed(run_replicates, way, REPLICATES)[0] for way in ways] for _ in range(ROUNDS)]
    plain, spent = median(took for took, _ in both), [each for _, each in both]
    labels = list(dict.fromkeys(label for _, _, label in STEPS))
    own = {k: median(each.get(k, 0.0) for each in spent) for k in (*labels, REST)}
    whole = sum(own.values())
    rows = [
        [label, f"{1e3 * took:.1f}", f"{took / whole:.1%}", f"{1e9 * took / POINTS:,.0f}"]
        for label, took in sorted(own.items(), key=lambda item: -item[1])
    ]
    note = (
        f"**The main case, {POINTS:,} base points**, all indices of all outcomes, one thread, "
        f"tables and net known: medians of {ROUNDS} interleaved runs. Without the wrappers it "
        f"takes {1e3 * plain:.0f} ms; the steps add up to {1e3 * whole:.0f} ms."
    )
    known, called = (median(took) for took in zip(*turns, strict=True))
    end = (
        f"Where its operations cannot be told, the model is called at all designs: {called:.2f} s "
        f"for the replicates instead of {known:.2f}, {called / known:.1f} times as long."
    )
    head = ["step", "ms", "share", "ns a base point"]
    return [note, table(head, rows), next_factor(case, own), end]


def profiled(case: Case) -> dict[str, float]:
    """Step → its own seconds in one analysis."""
    clock = Clock()
    with clock.watching(STEPS):
        took, _ = timed(analysed, case, POINTS)
    return clock.spent | {REST: took - sum(clock.spent.values())}


def next_factor(case: Case, own: dict[str, float]) -> str:
    """What the model's operations come to, and what would halve the time that is left."""
    job = job_of(case, POINTS)
    program, map_ = job.program, job.model.map
    if program is None:
        return "The operations of the model are not known: it is called as a whole."
    moved = [map_.changed_by(columns) for columns in job.factors.values()]
    again = [len(program.steps_after(inputs)) for inputs in moved]
    steps = len(program.steps)
    repeated = 2 * (steps + sum(again))
    whole, once = sum(own.values()), own[MODEL] + own[SUMS]
    largest = max(own, key=lambda label: own[label])
    passes = sum(own[label] for label in (MODEL, SUMS, TABLES, REGIMES, EXCHANGE)) / whole
    return (
        f"The model is {steps} operations that uncertain inputs enter; exchanging a factor repeats "
        f"{sum(again) / len(again):.1f} of them on average ({min(again)} to {max(again)}), so a "
        f"base point takes {repeated:,} operations instead of the {job.designs * steps:,} of "
        f"{job.designs} whole runs, {1e9 * own[MODEL] / POINTS / repeated:.1f} ns each. No step is "
        f"more than {own[largest] / whole:.0%} of the time ({largest}), so no single one is worth "
        f"a factor of two: without the operations and the sums {1 - once / whole:.0%} of the time "
        "would be left. The next factor of two would take a whole block, from quantile functions "
        f"to sums ({passes:.0%} of the time), as one compiled loop, in which a value stays in a "
        "register where NumPy writes an array and reads it again for every operation. That is "
        "code made for each model, no longer its plain Python function."
    )


def phases_of_run() -> list[str]:
    """The phases of `risk run`, each time in a new process."""
    python = min(started("pass") for _ in range(ROUNDS))
    imports = min(started(f"import {IMPORTS}") for _ in range(ROUNDS))
    found = [phases_in_new_process() for _ in range(3)]
    own = {label: median(each.get(label, 0.0) for each in found) for label in found[0]}
    groups = {
        "start-up": imports,
        "simulation and analysis": sum(t for k, t in own.items() if k.startswith("study")),
        "figures": own[DRAWING] + own["figures"],
    }
    rows = [
        ["Python itself", f"{python:.2f}", "–"],
        ["its imports", f"{imports - python:.2f}", "–"],
    ]
    rows += [[label, f"{took:.2f}", "–"] for label, took in own.items()]
    for label, took in groups.items():
        target = TARGETS[label]
        met = "yes" if took <= target else "no"
        rows.append([f"**{label}**", f"{took:.2f}", f"≤ {target:g}: {met}"])
    note = (
        "**The phases of `risk run`** on the main case, default size (16 replicates of 4,096 "
        "draws), one thread: best of five starts, medians of three runs, each in a process of its "
        "own. *Start-up* is Python and the imports that come before the simulation; those of what "
        "draws count as figures."
    )
    return [note, table(["phase", "seconds", "target, met"], rows)]


def started(code: str) -> float:
    """Seconds of a new Python that does this."""
    return timed(subprocess.run, [sys.executable, "-c", code])[0]


def phases_in_new_process() -> dict[str, float]:
    """Phase → its seconds."""
    command = [sys.executable, "-m", "benchmarks.phases", "phases"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout))


def phases() -> dict[str, float]:
    """What `risk run` does, step by step, in this process."""
    import risk
    from risk import study
    from risk.shipped import main_case

    groups = ("draws", "sobol", "risk", "risk_of_all", "evidence", "tornado", "bridge", "published")
    first: list[Step] = [
        (study, "bind", "study: bind model and priors"),
        (study, "plan", "study: pilot"),
        (study, "run_replicates", "study: simulate"),
        *((analysis, name, f"study: {name}") for name in groups),
        (risk, "run_study", "study: the rest"),
        (risk, "read_priors", "read priors"),
    ]
    clock = Clock()
    with clock.watching(first), one_thread():
        priors = risk.read_priors(main_case(), risk.profit_model)
        tree = risk.run_study(risk.profit_model, priors)
    runs = clock.timed(DRAWING, importlib.import_module)("risk.runs")
    then: list[Step] = [
        (runs, "save_study", "save study.nc"),
        (runs, "save_figures", "figures"),
        (runs, "memo", "memo"),
        (runs, "write_run", "numbers.json, record, files"),
    ]
    with clock.watching(then), one_thread(), tempfile.TemporaryDirectory() as out:
        runs.write_run(tree, Path(out))
    return clock.spent


if __name__ == "__main__":
    if sys.argv[1:] == ["phases"]:
        print(json.dumps(phases()))
    else:
        main()

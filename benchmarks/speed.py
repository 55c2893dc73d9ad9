"""How fast are all indices with intervals, beside SALib, OpenTURNS and SciPy?

Ours is all of the work from bound priors to labelled indices: 16 replicates, all outcomes, second
order included. A peer's is first and total order, second too where the table says so, of one
outcome with its own intervals. Ours and theirs take turns on one thread; what counts is the ratio
of the medians. Beside it: what a base point costs as points and inputs grow, what the bare model
costs, and whether SALib gets the same indices from the same outputs.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from importlib.metadata import version
from statistics import median
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

import risk
from benchmarks.models import REPLICATES
from benchmarks.report import publish, table
from benchmarks.speed_agreement import agreement
from benchmarks.speed_case import (
    SEED,
    Case,
    analysed,
    arguments_of,
    cold,
    one_thread,
    power,
    profit_case,
    timed,
)
from benchmarks.speed_peers import OUTCOME, Spent, Task, raced
from risk.evaluation import bind
from risk.families import lognormal

Array = NDArray[np.float64]
GROWING = {14: 5, 16: 5, 18: 3, 20: 3, 22: 1}  # power of two of the base points → rounds
INPUTS = (4, 8, 16, 32, 64)
FIXED = 1 << 16  # base points where something else varies
ROUNDS = 3
BLOCKS = (12, 13, 14, 15, 16)  # powers of two of rows that the bare model sees at once
WHOLE = 20
FLAT, BARE = 1.25, 1.5  # targets
SEEDS = itertools.count(SEED)  # a net of its own for every run


SHORT, LONG = "oto" * ROUNDS, "oooootooooo"


class Race(NamedTuple):
    """A peer, what it is asked, and how many times as long as ours it should take."""

    peer: str
    task: Task
    target: float | None = None
    turns: str = SHORT  # o ours, t theirs


RACES = (
    Race("SALib", Task(1 << 14), 40),
    Race("OpenTURNS", Task(1 << 14)),
    Race("SciPy", Task(1 << 14), None, LONG),
    Race("SALib", Task(1 << 17), 200, LONG),
    Race("OpenTURNS", Task(1 << 17), 100, LONG),
    Race("SALib", Task(1 << 17, 1000), 1000, LONG),
    Race("SALib", Task(1 << 16, 100, True), 400, LONG),
)


def main() -> None:
    """Time everything and write the tables."""
    case = profit_case()
    with one_thread():
        analysed(case, 1 << 12)  # imports, and what is computed once a process
        parts = (peers(case), flat(case), linear(), bare(case), agreement(case))
    publish("speed", [section for part in parts for section in part])


def peers(case: Case) -> list[str]:
    """The table of ratios."""
    header = [
        *("theirs", "N", "resamples, order", "theirs, s", "of it: quantiles", "model", "the rest"),
        *("peak MB", "ours, s", "with tables known", "ratio", "with tables known"),
        *("without their quantiles", "target", "met"),
    ]
    ours = (
        f"**Ratios.** N base points. Ours: {REPLICATES} replicates, all {len(case.bound.outcomes)} "
        "outcomes, first, total and second order with intervals. *Ours, s* makes the tables of the "
        "quantile functions anew, once for a set of priors; *with tables known* is a second study "
        "with the same priors. Every run of ours makes a net of its own (another seed)."
    )
    theirs = (
        f"Theirs: `{OUTCOME}` alone. SALib, scipy.stats.sobol_indices (BCa bootstrap) and "
        f"OpenTURNS {version('openturns')} (SobolIndicesExperiment by QMC, "
        "SaltelliSensitivityAlgorithm, bootstrap) map their whole design by the exact quantile "
        "functions of the same priors and call the model once with all rows (SciPy: three times). "
        "*Without their quantiles* is the ratio that is left if quantile functions cost them "
        "nothing. SciPy's bootstrap leaves out each point in turn, all N² indices at once: 2 GB an "
        "array at 2^14, 137 GB at 2^17, so it is asked no more than 2^14."
    )
    how = (
        f"Interleaved rounds on one thread, medians: {ROUNDS} of theirs and twice as many of ours, "
        "or, where the peer takes a minute or more, one of theirs between ten of ours. *Peak "
        "MB* is their memory beyond what the process held before; that of ours is in memory.md."
    )
    return [ours, theirs, how, table(header, [race_row(race, case) for race in RACES])]


def race_row(race: Race, case: Case) -> list[str]:
    """One row: ours and theirs in turn."""
    ours, known, theirs = [], [], []
    for turn in race.turns:
        if turn == "t":
            theirs.append(raced(race.peer, case.bound, race.task))
            continue
        fresh = cold(case)
        ours.append(timed(analysed, fresh, race.task.points, next(SEEDS))[0])
        known.append(timed(analysed, fresh, race.task.points, next(SEEDS))[0])
    mid = Spent(*(median(part) for part in zip(*theirs, strict=True)))
    mine, again = median(ours), median(known)
    ratio = mid.total / mine
    order = "second too" if race.task.second else "first, total"
    target = ["–", "–"]
    if race.target is not None:
        target = [f"{race.target:g}", "yes" if ratio >= race.target else "no"]
    return [
        *(race.peer, power(race.task.points), f"{race.task.resamples}, {order}"),
        *(f"{mid.total:.1f}", f"{mid.quantiles:.1f}", f"{mid.model:.2f}", f"{mid.rest:.1f}"),
        *(f"{mid.memory:,.0f}", f"{mine:.3f}", f"{again:.3f}", f"{ratio:.0f}"),
        *(f"{mid.total / again:.0f}", f"{(mid.total - mid.quantiles) / mine:.0f}", *target),
    ]


def flat(case: Case) -> list[str]:
    """What a base point costs as their number grows, rounds interleaved."""
    once: dict[int, list[float]] = {k: [] for k in GROWING}
    twice: dict[int, list[float]] = {k: [] for k in GROWING}
    for turn in range(max(GROWING.values())):
        for k in (k for k, rounds in GROWING.items() if turn < rounds):
            took, (runs, _) = timed(analysed, case, 1 << k, next(SEEDS))
            (twice if runs.transformed.any() else once)[k].append(1e9 * took / (1 << k))
    middle = {k: median(once[k] or [np.nan]) for k in GROWING}
    rows = []
    for k, mid in middle.items():
        over = mid / middle[16]
        met = "–" if k == 16 else "yes" if over <= FLAT else "no"
        least, most = min(once[k], default=np.nan), max(once[k], default=np.nan)
        again = f"{median(twice[k]):,.0f}" if twice[k] else "–"
        cells = (f"{mid * (1 << k) / 1e9:.2f}", f"{mid:,.0f}", f"{least:,.0f}–{most:,.0f}")
        count = f"{len(twice[k])} of {GROWING[k]}"
        rows.append([power(1 << k), *cells, f"{over:.2f}", met, again, count])
    header = [
        *("base points", "seconds", "ns a base point", "range", "over that at 2^16"),
        *(f"met (≤ {FLAT:g})", "ns with a second look", "rounds with one"),
    ]
    note = (
        f"**Flat in the points.** The whole analysis, {REPLICATES} replicates, tables known, a new "
        "net each round; medians of interleaved rounds. Where the variance of an outcome rests on "
        "fewer than 100 effective draws a second look repeats the runs for the indices of its "
        "asinh; such rounds stand in columns of their own. From 2^17 points on all outcomes are "
        "also counted into histograms for the risk measures. What a study costs once (its pilot "
        "and its net) shows at few points."
    )
    return [note, table(header, rows)]


def pairs_model(**x: Array) -> Mapping[str, Array]:
    """Sum of the products of neighbours and half of each input: four operations an input."""
    values = list(x.values())
    y = np.zeros_like(values[0])
    for one, other in itertools.pairwise([*values, values[0]]):
        y = y + (one * other + 0.5 * one)
    return {"y": y}


def lab(d: int) -> Case:
    """A model of d lognormal inputs."""
    prior = risk.Prior(lognormal(0.0, 0.3), unit="1", source="a synthetic input")
    priors = risk.Priors({f"x{i}": prior for i in range(d)})
    return Case(bind(pairs_model, priors), priors)


def linear() -> list[str]:
    """What a row costs as the number of inputs grows."""
    cases = {d: lab(d) for d in INPUTS}
    spent: dict[int, list[float]] = {d: [] for d in INPUTS}
    for _ in range(ROUNDS + 1):
        for d, case in cases.items():
            spent[d].append(timed(analysed, case, FIXED, next(SEEDS))[0])
    rows = []
    for d, times in spent.items():
        each = 1e9 * median(times[1:]) / FIXED  # the first one makes the tables
        row = each / (2 * d + 2)
        rows.append([str(d), str(2 * d + 2), f"{each:,.0f}", f"{row:.1f}", f"{row / d:.2f}"])
    header = ["inputs d", "rows a base point", "ns a base point", "ns a row", "ns a row and input"]
    note = (
        "**Linear in the inputs.** A model of d lognormal inputs, one outcome, four operations an "
        f"input; N = {power(FIXED)}, median of {ROUNDS} interleaved rounds, tables known. A base "
        "point is 2d + 2 rows of the model and a row is 4d operations, so it is the time of a row "
        "that should be linear: the last column flat, or falling where what a block costs once "
        "still shows."
    )
    return [note, table(header, rows)]


def bare(case: Case) -> list[str]:
    """The whole analysis beside the model alone on as many rows."""
    rows = FIXED * (2 * len(case.bound.map.names) + 2)
    arguments = {1 << k: arguments_of(case.bound, 1 << k) for k in (*BLOCKS, WHOLE)}
    spent: dict[int, list[float]] = {size: [] for size in arguments}
    whole = []
    for _ in range(ROUNDS):
        whole.append(timed(analysed, case, FIXED, next(SEEDS))[0])
        for size, given in arguments.items():
            calls = -(-rows // size)
            took, _ = timed(lambda n, of: [case.bound.model(**of) for _ in range(n)], calls, given)
            spent[size].append(took * rows / (calls * size))
    ours, each = median(whole), {size: median(times) for size, times in spent.items()}
    best = min(each, key=lambda size: each[size])
    lines = [["the whole analysis", f"{ours:.3f}", f"{1e9 * ours / rows:.0f}", "1", "–"]]
    for size, took in each.items():
        met = "–" if size != best else "yes" if ours <= BARE * took else "no"
        cells = (f"{took:.3f}", f"{1e9 * took / rows:.0f}", f"{ours / took:.2f}", met)
        lines.append([f"the model, {power(size)} rows at once", *cells])
    note = (
        f"**Beside the bare model.** {rows:,} rows, those of N = {power(FIXED)}: `profit_model` on "
        "read-only arrays, the same ones again and again, so that small ones stay in the cache "
        "(which flatters it), against points, inputs, the model, sums and indices of all outcomes. "
        f"Medians of {ROUNDS} interleaved rounds."
    )
    header = ["", "seconds", "ns a row", "the whole analysis over it", f"met (best ≤ {BARE:g})"]
    return [note, table(header, lines)]


if __name__ == "__main__":
    main()

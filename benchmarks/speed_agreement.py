"""Whether SALib gets the same indices as we do from the same outputs of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import sobol as salib_analyze

from benchmarks.models import REPLICATES
from benchmarks.report import table
from benchmarks.speed_case import SEED, Case, job_of
from risk.engine import Replicate, run_replicate
from risk.exchanges import Job

Array = NDArray[np.float64]
POINTS = 4096
TARGET = 1e-6


def agreement(case: Case) -> list[str]:
    """The same estimators from our sums and from SALib, on the same outputs."""
    job, found, outputs = replicate(case)
    names = list(job.factors)
    varying = [k for k, name in enumerate(job.outcomes) if np.ptp(outputs[name]) > 0]
    each = np.array([differences(job, found, k, outputs[job.outcomes[k]]) for k in varying])
    kinds = {
        "total order": "the engine's sums, by Jansen's formula",
        "first order": "the outputs, by the formula of Saltelli 2010",
        "second order": "the outputs, by the formula of Saltelli 2002",
    }
    rows = [
        [name, how, f"{worst:.0e}", f"{TARGET:.0e}", "yes" if worst <= TARGET else "no"]
        for (name, how), worst in zip(kinds.items(), each.max(axis=0), strict=True)
    ]
    note = (
        f"**Agreement.** The outputs of all designs of one replicate of {POINTS} points, handed "
        f"to SALib in its order: largest difference over {len(names)} inputs and the "
        f"{len(varying)} outcomes that vary. The engine itself takes first and second order from "
        "differences of outputs in both directions (Azzini, Mara & Rosati), which SALib has not."
    )
    return [note, table(["index", "ours from", "largest difference", "target", "met"], rows)]


def replicate(case: Case) -> tuple[Job, Replicate, dict[str, Array]]:
    """A replicate as the engine runs it, and all outputs of the model: pairs A, B; AB_i, BA_i."""
    seen: list[Mapping[str, Array]] = []

    def recorder(**arguments: Any) -> Mapping[str, Array]:
        seen.append(case.bound.model(**arguments))
        return seen[-1]

    job = job_of(case, POINTS * REPLICATES)
    called = replace(job.model, model=recorder)  # once for all designs at all points
    whole = replace(job, model=called, program=None, block_rows=job.designs * POINTS)
    run_replicate(whole, (1, 0))
    assert len(seen) == 1, "Expected one call of the model for the whole replicate."
    shape = (len(job.factors) + 1, 2, POINTS)
    outputs = {name: np.asarray(seen[0][name]).reshape(shape) for name in job.outcomes}
    return job, run_replicate(job, (1, 0)), outputs


def differences(job: Job, found: Replicate, k: int, outputs: Array) -> tuple[float, float, float]:
    """Largest differences from SALib's total, first and second order of the outcome k."""
    names = list(job.factors)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    every = in_salib_order(outputs)
    theirs = salib_analyze.analyze(problem, every.ravel(), num_resamples=2, seed=SEED)
    m1, m2 = found.powers[k].sum(axis=0)[:2] / (2 * job.draws)
    variance = (m2 - m1**2) * (job.scale[k] / job.unit[k]) ** 2
    total = found.sums.squares[k, 0] / (2 * job.draws) / variance
    first, second = saltelli(outputs, every)
    pairs = np.triu_indices(len(names), 1)
    apart = (total - theirs["ST"], first - theirs["S1"], (second - theirs["S2"])[pairs])
    one, two, three = (float(np.abs(difference).max()) for difference in apart)
    return one, two, three


def in_salib_order(outputs: Array) -> Array:
    """A, AB_1 … AB_d, BA_1 … BA_d, B of each point, shape (n, 2 d + 2)."""
    return np.concatenate([outputs[:, 0], outputs[1:, 1], outputs[:1, 1]]).T


def saltelli(outputs: Array, every: Array) -> tuple[Array, Array]:
    """First- and second-order indices by the formulas that SALib cites, standardised as it does."""
    y = (outputs - every.mean()) / every.std()
    (a, b), ab, ba = y[0], y[1:, 0], y[1:, 1]
    variance = np.concatenate([a, b]).var()
    first = np.mean(b * (ab - a), axis=-1) / variance
    second = (ba @ ab.T / len(a) - np.mean(a * b)) / variance - first[:, None] - first
    return first, second

"""Are our intervals better than SALib's at the same number of model runs?

SALib draws one scrambled Sobol' sample of 16 n points and resamples its rows; we draw 16 of n
points and look at their spread. Error, coverage and half-width are measured in the same run, over
the same seeds. One large net has the smaller error of the two wherever the model is smooth; the
question is which error bar can be believed.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from SALib.analyze import sobol as salib_analyze
from SALib.sample import sobol as salib_sample

from benchmarks.models import (
    REPLICATES,
    Case,
    g_function,
    indices,
    ishigami,
    lognormals,
    minimum,
    planned,
)
from benchmarks.report import interval_error, publish, table
from risk.evaluation import bind

Array = NDArray[np.float64]
SEEDS = 200
DRAWS = 256
RESAMPLES = 100
KEYS = {"first_order": "S1", "total_order": "ST"}


def main() -> None:
    """Run both and write the table."""
    cases = [
        ishigami(),
        g_function("g-function, 6 inputs", [0, 0.5, 3, 9, 99, 99]),
        minimum(),
        lognormals(1.0),
    ]
    rows = [row for case in cases for row in compare(case)]
    header = [
        *("model", "index", "model runs", "rmse 1e-4: ours, SALib", "ratio"),
        *("coverage: ours, SALib", "half-width 1e-4: ours, SALib", "half-width over rmse"),
    ]
    note = (
        f"{SEEDS} seeds, n = {DRAWS}, {REPLICATES} replicates; SALib: one sample of "
        f"{REPLICATES * DRAWS} points, {RESAMPLES} resamples, second order asked for so that the "
        f"model runs are the same. Standard error of one coverage {interval_error(SEEDS):.3f}; "
        "coverage is the mean over the inputs, the rest root mean squares over them. Indices are "
        "of the outcome itself, heavy tail or not."
    )
    publish("salib_coverage", [note, table(header, rows)])


def compare(case: Case) -> list[list[str]]:
    """The rows of one model: value, lower and upper of every seed against the closed form."""
    both = [(ours(case, seed), salib(case, seed)) for seed in range(SEEDS)]
    runs = REPLICATES * DRAWS * (2 * len(case.inputs) + 2)
    rows = []
    for kind, key in KEYS.items():
        truth = getattr(case.exact, kind)
        errors, covers, halves = [], [], []
        for side in (0, 1):
            value, lower, upper = np.stack([pair[side][kind] for pair in both], axis=1)
            errors.append(np.sqrt(np.mean((value - truth) ** 2)))
            covers.append(np.mean((lower <= truth) & (truth <= upper)))
            halves.append(np.sqrt(np.mean((upper - lower) ** 2)) / 2)
        rows.append(
            [
                *(case.name, key, f"{runs:,}"),
                f"{1e4 * errors[0]:.3g}, {1e4 * errors[1]:.3g}",
                f"{errors[1] / errors[0]:.2f}",
                f"{covers[0]:.3f}, {covers[1]:.3f}",
                f"{1e4 * halves[0]:.3g}, {1e4 * halves[1]:.3g}",
                ", ".join(f"{h / e:.2f}" for h, e in zip(halves, errors, strict=True)),
            ]
        )
    return rows


def ours(case: Case, seed: int) -> dict[str, Array]:
    """Value, lower and upper end of each index, shape (3, d), of the outcome itself."""
    each = indices(planned(case, DRAWS, seed))
    raw = {kind: getattr(each, kind) for kind in KEYS}
    return {kind: np.stack([one.value, one.lower, one.upper])[:, 0] for kind, one in raw.items()}


def salib(case: Case, seed: int) -> dict[str, Array]:
    """The same by SALib."""
    bound = bind(case.model, case.priors)
    d = len(case.inputs)
    problem = {"num_vars": d, "names": case.inputs, "bounds": [[0.0, 1.0]] * d}
    seeds = {"seed": seed + 1}  # a seed of 0 means none to SALib
    points = salib_sample.sample(problem, REPLICATES * DRAWS, calc_second_order=True, **seeds)
    values = bound(bound.map.inputs(bound.map.columns(points.T)), len(points))[0]
    found = salib_analyze.analyze(
        problem, values, calc_second_order=True, num_resamples=RESAMPLES, **seeds
    )
    parts = {}
    for kind, key in KEYS.items():
        value, half = found[key], found[f"{key}_conf"]
        parts[kind] = np.stack([value, value - half, value + half])
    return parts


if __name__ == "__main__":
    main()

"""How often do the 95 % intervals of Sobol' indices hold the exact index, and how wide are they?

Every seed is a whole analysis by the project's own engine, 16 replicates each. Half-widths are
compared with the root mean square error: a 95 % interval of 16 normal replicates is
2.13 errors wide to each side; much more would be a waste of model runs, much less a wrong claim.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks import models
from benchmarks.models import REPLICATES, Case, every_case, indices, planned
from benchmarks.report import interval_error, publish, table

Array = NDArray[np.float64]
SEEDS = 200
DRAWS = (256, 1024)
KINDS = ("first_order", "total_order", "second_order", "interaction")
SHORT = {"first_order": "S", "total_order": "ST", "second_order": "Sij", "interaction": "1−ΣS"}


class Seen(NamedTuple):
    """What one analysis says: per kind of index (4, indices) value, lower, upper, exact."""

    raw: dict[str, Array]
    asinh: dict[str, Array]
    published: dict[str, Array]
    status: str
    transform: str
    size: float
    wrong_order: bool
    resolved: float  # share of the pairs with different exact indices


def main() -> None:
    """Run every case and write the tables."""
    seen = {
        (case.name, n): [observe(case, n, seed) for seed in range(SEEDS)]
        for case in every_case()
        for n in DRAWS
    }
    error = interval_error(SEEDS)
    note = (
        f"{SEEDS} seeds, {REPLICATES} replicates of n points, "
        f"standard error of one coverage {error:.3f}."
    )
    publish(
        "coverage",
        [
            note,
            "## Sobol' indices of the outcome itself\n\n"
            "Coverage: mean over the indices of a kind, in brackets the lowest of one index. "
            "Width: mean half-width over root mean square error, of indices that have one.",
            summary(seen),
            "## Index by index",
            index_by_index(seen),
            "## Heavy tails: what is published\n\n"
            "Status and transform as a user sees them; coverage of S and ST together, of the "
            "outcome itself, of asinh(y / s), and of what is published.",
            heavy_tails(seen),
            "## Ranks\n\n"
            "Share of seeds in which any pair is put in an order that the exact total-order "
            "indices do not have (nominal at most 0.05), and share of unequal pairs resolved.",
            ranks(seen),
        ],
    )


def observe(case: Case, n: int, seed: int) -> Seen:
    """One analysis, compared with the closed forms."""
    job = planned(case, n, seed)
    found = models.published(case, job)
    by = {"raw": indices(job), "asinh": indices(replace(job, asinh=True))}
    exact = case.asinh(float(job.scale[0])) if case.asinh else None
    raw = {kind: _flat(getattr(by["raw"], kind), case.exact, kind) for kind in KINDS}
    asinh = (
        {kind: _flat(getattr(by["asinh"], kind), exact, kind) for kind in KINDS} if exact else {}
    )
    transform = found["transform"].item()
    if transform == "asinh" and exact is None:
        raise AssertionError(f"{case.name} has no closed form of its asinh")
    truth = case.exact if transform == "raw" or exact is None else exact
    published = {kind: _published(found, kind, truth) for kind in KINDS}
    above = resolved_pairs(by[transform].total_order.replicates[0])
    low, high = 1.0 + above.sum(axis=0), len(above) - 1.0 * above.sum(axis=1)
    assert np.array_equal(found["rank_low"].values[0], low)
    assert np.array_equal(found["rank_high"].values[0], high)
    larger = truth.total_order[:, None] > truth.total_order * (1 + 1e-12) + 1e-12
    return Seen(
        *(raw, asinh, published),
        *(found["status"].item(), transform, found["effective_sample_size"].item()),
        *(bool((above & ~larger).any()), (above & larger).sum() / max(larger.sum(), 1)),
    )


def resolved_pairs(replicates: Array) -> NDArray[np.bool_]:
    """Which factor is resolved to be larger than which: Holm's procedure, written out again."""
    d = len(replicates)
    tests = []
    for i in range(d):
        for j in range(i):
            difference = replicates[i] - replicates[j]
            if difference.any():
                t = difference.mean() / stats.sem(difference)
                p = 2 * stats.t.sf(abs(t), len(difference) - 1)
                tests.append((p, *((i, j) if t > 0 else (j, i))))
    above = np.zeros((d, d), dtype=bool)
    pairs = d * (d - 1) // 2
    for rank, (p, larger, smaller) in enumerate(sorted(tests)):
        if p > 0.05 / (pairs - rank):
            break
        above[larger, smaller] = True
    return above


def _flat(estimate: Any, exact: Any, kind: str) -> Array:
    """Value, lower, upper and exact of the only outcome, shape (4, indices)."""
    parts = (estimate.value, estimate.lower, estimate.upper)
    return _rows(*(part[0] for part in parts), getattr(exact, kind))


def _published(found: Any, kind: str, exact: Any) -> Array:
    interval = found[f"{kind}_interval"].values[0]
    return _rows(found[kind].values[0], interval[..., 0], interval[..., 1], getattr(exact, kind))


def _rows(*parts: Any) -> Array:
    """Each pair once, and no diagonal."""
    arrays = [np.asarray(part, dtype=float) for part in parts]
    if arrays[0].ndim == 2:
        arrays = [part[np.triu_indices(len(part), k=1)] for part in arrays]
    return np.stack([part.ravel() for part in arrays])


def _covered(runs: Array) -> Array:
    """Share of seeds whose interval holds the exact index, from (seeds, 4, indices)."""
    exact = runs[:, 3]
    tiny = 1e-13  # an exact zero that rounding makes −1e−17 is a zero
    inside = (runs[:, 1] <= exact + tiny) & (exact <= runs[:, 2] + tiny)
    return np.asarray(inside.mean(axis=0))


def _sizes(runs: Array) -> tuple[Array, Array]:
    """Mean half-width and root mean square error of each index."""
    half = np.mean(runs[:, 2] - runs[:, 1], axis=0) / 2
    return half, np.sqrt(np.mean((runs[:, 0] - runs[:, 3]) ** 2, axis=0))


def summary(seen: dict[tuple[str, int], list[Seen]]) -> str:
    """Coverage and width of every case and kind of index."""
    rows = []
    for (name, n), analyses in seen.items():
        cells = [name, str(n)]
        for kind in KINDS:
            runs = np.stack([one.raw[kind] for one in analyses])
            covered = _covered(runs)
            half, error = _sizes(runs)
            moves = error > 1e-12
            width = (half[moves] / error[moves]).mean()
            cells.append(f"{covered.mean():.3f} ({covered.min():.3f}), {width:.2f}")
        rows.append(cells)
    return table(["model", "n", *(f"{SHORT[k]}: coverage (lowest), width" for k in KINDS)], rows)


def index_by_index(seen: dict[tuple[str, int], list[Seen]]) -> str:
    """Coverage, half-width and error of each index of the two classic functions."""
    rows = []
    for name in dict.fromkeys(key[0] for key in seen if key[0] in ("Ishigami", FULL)):
        for kind in ("first_order", "total_order"):
            by_n = [np.stack([one.raw[kind] for one in seen[name, n]]) for n in DRAWS]
            for i in range(by_n[0].shape[2]):
                cells = [f"{name} {SHORT[kind]}{i + 1}", f"{by_n[0][0, 3, i]:.6f}"]
                for runs in by_n:
                    half, error = _sizes(runs)
                    cells += [f"{_covered(runs)[i]:.3f}", f"{1e4 * half[i]:.3g}"]
                    cells += [f"{1e4 * error[i]:.3g}"]
                rows.append(cells)
    each = [f"{what}, n = {n}" for n in DRAWS for what in ("coverage", "half-width 1e-4", "rmse")]
    return table(["index", "exact", *each], rows)


FULL = "g-function, 8 inputs"


def heavy_tails(seen: dict[tuple[str, int], list[Seen]]) -> str:
    """How often each status is seen, and what it is worth."""
    rows = []
    for (name, n), analyses in seen.items():
        if not analyses[0].asinh:
            continue
        size = np.median([one.size for one in analyses])
        states = [
            np.mean([one.status == "ok" for one in analyses]),
            np.mean([one.status == "heavy tail" and one.transform == "raw" for one in analyses]),
            np.mean([one.transform == "asinh" for one in analyses]),
        ]
        cover = []
        for part in ("raw", "asinh", "published"):
            both = [
                _covered(np.stack([getattr(one, part)[kind] for one in analyses]))
                for kind in ("first_order", "total_order")
            ]
            cover.append(f"{np.mean(both):.3f}")
        rows.append([name, str(n), f"{size:.0f}", *(f"{share:.2f}" for share in states), *cover])
    return table(
        [
            *("model", "n", "median effective draws", "ok", "heavy tail, raw", "withheld, asinh"),
            *("coverage raw", "coverage asinh", "coverage published"),
        ],
        rows,
    )


def ranks(seen: dict[tuple[str, int], list[Seen]]) -> str:
    """How often a wrong order is claimed, and how much is resolved."""
    rows = [
        [
            *(name, str(n)),
            f"{np.mean([one.wrong_order for one in analyses]):.3f}",
            f"{np.mean([one.resolved for one in analyses]):.2f}",
        ]
        for (name, n), analyses in seen.items()
    ]
    return table(["model", "n", "wrong order", "pairs resolved"], rows)


if __name__ == "__main__":
    main()

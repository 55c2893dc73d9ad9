"""Do inputs have the rank correlations that were asked for, whatever their families?

Independent points go through the same map that a study uses, in batches; SciPy measures each batch
(Spearman's with mid-ranks, Kendall's τ_b), and the mean of the batches stands beside the target,
with its standard error. Pairs: a lognormal and a truncated beta; a number of three values and a
lognormal; a regime of three states and a number of three values. Block: six inputs of every kind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.report import publish, table
from risk.blocks import Correlated
from risk.dependence import InputMap
from risk.families import FAMILIES, discrete, histogram, mixture, truncated
from risk.marginals import Categorical

Array = NDArray[np.float64]
Pairs = Mapping[tuple[str, str], float]
BATCHES = 64
POINTS = 1 << 14
TARGETS = (-0.8, -0.5, -0.2, 0.0, 0.3, 0.6, 0.9)
COPULAS = {"Gaussian": math.inf, "t, 5 degrees": 5.0}
INPUTS: dict[str, Any] = {
    "price": FAMILIES["lognormal"](0.6, 0.4),
    "tier": discrete([1, 2, 4], [0.2, 0.5, 0.3]),
    "mood": Categorical(("low", "usual", "high"), (0.3, 0.45, 0.25)),
    "share": truncated(FAMILIES["beta"](2.1, 4.9), 0.1, 0.8),
    "demand": mixture([FAMILIES["normal"](0, 1), FAMILIES["normal"](4, 0.5)], [2, 1]),
    "hours": histogram([0, 1, 3, 5], [1, 0, 2]),
}
KINDS = {
    "two continuous": ("price", "share"),
    "discrete, continuous": ("tier", "price"),
    "categorical, discrete": ("mood", "tier"),
}
SIX = {
    ("price", "tier"): 0.4,
    ("price", "mood"): 0.5,
    ("tier", "mood"): 0.25,
    ("share", "price"): -0.6,
    ("demand", "share"): 0.3,
    ("hours", "demand"): 0.45,
}
TAU = 0.7  # of Spearman's targets in the block, so that Kendall's hold together too


class Got(NamedTuple):
    """What was drawn."""

    value: float
    error: float

    def away(self, target: float) -> float:
        """Distance from the target in standard errors."""
        return (self.value - target) / self.error


def main() -> None:
    """Draw, measure, and write the tables."""
    rows: list[list[str]] = []
    every: list[float] = []
    for copula, df in COPULAS.items():
        for rank in ("spearman", "kendall"):
            for kind, pair in KINDS.items():
                cells = [cell(pair, target, rank, df, every) for target in TARGETS]
                rows.append([kind, rank, copula, *cells])
    blocks = []
    for pair in SIX:
        row = [" and ".join(pair)]
        for rank in ("spearman", "kendall"):
            row.append(f"{_target(pair, rank):g}")
            for df in COPULAS.values():
                row.append(_text(in_block(rank, df)[pair], _target(pair, rank), every))
        blocks.append(row)
    far = sum(abs(z) > 3 for z in every)
    note = (
        f"{BATCHES} batches of {POINTS:,} independent points. Each cell: what was drawn, and in "
        "brackets its distance from the target in standard errors. – is a target that discrete "
        "inputs cannot reach, which is refused with the range that they can."
    )
    said = (
        f"Of {len(every)} targets {far} are further than three standard errors; the furthest is "
        f"{max(map(abs, every)):.1f} away, where {_expected(len(every)):.1f} is the median of so "
        f"many right ones. Largest distance from a target: {max(_DISTANCES):.4f}; standard errors "
        f"are {min(_ERRORS):.4f} to {max(_ERRORS):.4f}."
    )
    short = list(COPULAS)
    head = ["pair", *(w for rank in ("Spearman", "Kendall") for w in (rank, *short))]
    publish(
        "rank_correlation",
        [
            note,
            table(["pair", "measure", "copula", *(f"{t:g}" for t in TARGETS)], rows),
            "Six inputs in one block:",
            table(head, blocks),
            said,
        ],
    )


_DISTANCES: list[float] = []
_ERRORS: list[float] = []
_BLOCKS: dict[tuple[str, float], dict[tuple[str, str], Got]] = {}


def cell(pair: tuple[str, str], target: float, rank: str, df: float, every: list[float]) -> str:
    """One target of one pair."""
    seed = [int(1000 * (target + 1)), len(rank), int(min(df, 99)), list(INPUTS).index(pair[0])]
    try:
        got = measured({pair: target}, rank, df, seed)[pair]
    except ValueError:
        return "–"
    return _text(got, target, every)


def in_block(rank: str, df: float) -> dict[tuple[str, str], Got]:
    """All pairs of the block of six, drawn once."""
    if (rank, df) not in _BLOCKS:
        pairs = {pair: _target(pair, rank) for pair in SIX}
        _BLOCKS[rank, df] = measured(pairs, rank, df, [7, len(rank), int(min(df, 99))])
    return _BLOCKS[rank, df]


def measured(pairs: Pairs, rank: str, df: float, seed: list[int]) -> dict[tuple[str, str], Got]:
    """Rank correlations of what the map draws."""
    block = Correlated(pairs, rank=rank, degrees_of_freedom=df)
    inputs = InputMap({name: INPUTS[name] for name in block.members}, {}, (block,))
    rng = np.random.default_rng(seed)
    measure = stats.spearmanr if rank == "spearman" else stats.kendalltau
    found: dict[tuple[str, str], list[float]] = {pair: [] for pair in pairs}
    for _ in range(BATCHES):
        values = inputs.inputs(inputs.columns(rng.random((len(inputs.axes), POINTS))))
        for pair, own in found.items():
            own.append(float(measure(*(values[name] for name in pair)).statistic))
    return {
        pair: Got(float(np.mean(own)), float(np.std(own, ddof=1)) / math.sqrt(BATCHES))
        for pair, own in found.items()
    }


def _target(pair: tuple[str, str], rank: str) -> float:
    return SIX[pair] if rank == "spearman" else round(TAU * SIX[pair], 3)


def _text(got: Got, target: float, every: list[float]) -> str:
    every.append(got.away(target))
    _DISTANCES.append(abs(got.value - target))
    _ERRORS.append(got.error)
    return f"{got.value:.4f} ({got.away(target):+.1f})"


def _expected(count: int) -> float:
    """The median of the furthest of so many standard normals."""
    return float(stats.norm.isf((1 - 0.5 ** (1 / count)) / 2))


if __name__ == "__main__":
    main()

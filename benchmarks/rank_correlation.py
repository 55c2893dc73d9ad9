"""Are the rank correlations that are asked for the ones that are drawn?

Pairs of inputs, continuous and discrete, with Spearman's or Kendall's correlation from -0.8 to 0.9
under a Gaussian and a t copula, and a block of six inputs with a discrete and a categorical one.
Drawn independently, so that the standard error of the sample correlation is known by resampling
disjoint parts: the spread over 40 parts, divided by the root of 40.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.report import publish, table
from risk import families
from risk.blocks import Correlated
from risk.dependence import InputMap
from risk.marginals import Categorical

Array = NDArray[np.float64]
TARGETS = (-0.8, -0.5, -0.2, 0.0, 0.3, 0.6, 0.9)
PARTS, DRAWS = 40, 4096
INPUTS: dict[str, Any] = {
    "price": families.lognormal(0.6, 0.3),
    "share": families.beta(2.1, 4.93),
    "growth": families.student_t(0.0, 1.0, 4.0),
    "volume": families.gamma(2.0, 3.0),
    "months": families.discrete([3, 6, 9, 12], [0.1, 0.3, 0.4, 0.2]),
    "regime": Categorical(("open", "partial", "closed"), (0.1, 0.6, 0.3)),
}
BLOCK = {
    ("price", "share"): -0.8,
    ("price", "volume"): 0.4,
    ("share", "months"): 0.5,
    ("growth", "volume"): 0.3,
    ("months", "regime"): 0.4,
    ("growth", "regime"): -0.2,
    ("price", "months"): -0.3,
}


def drawn(block: Correlated, seed: int) -> dict[str, Array]:
    """Independent draws of a block's inputs, shape (parts, draws)."""
    map_ = InputMap({name: INPUTS[name] for name in block.members}, {}, (block,))
    rng = np.random.default_rng(seed)
    u = rng.random((len(map_.axes), PARTS * DRAWS))
    values = map_.inputs(map_.columns(u))
    return {name: x.reshape(PARTS, DRAWS) for name, x in values.items()}


def measured(x: Array, y: Array, rank: str) -> tuple[float, float]:
    """The sample's rank correlation over disjoint parts, and its standard error."""
    measure = stats.spearmanr if rank == "spearman" else stats.kendalltau
    each = [float(measure(a, b).statistic) for a, b in zip(x, y, strict=True)]
    return float(np.mean(each)), float(np.std(each, ddof=1) / math.sqrt(PARTS))


def pairs() -> Iterator[list[str]]:
    """Rows of single pairs."""
    kinds = {
        "continuous": ("price", "share"),
        "with a discrete input": ("price", "months"),
        "with a categorical input": ("growth", "regime"),
        "discrete and categorical": ("months", "regime"),
    }
    seed = 0
    for rank in ("spearman", "kendall"):
        for df in (math.inf, 4.0):
            for kind, pair in kinds.items():
                for target in TARGETS:
                    seed += 1
                    yield _row(rank, df, kind, pair, target, seed)


def _row(
    rank: str, df: float, kind: str, pair: tuple[str, str], target: float, seed: int
) -> list[str]:
    copula = "Gaussian" if math.isinf(df) else f"t, {df:g} degrees"
    start = [rank.capitalize(), copula, kind, f"{target:+.1f}"]
    block = Correlated({pair: target}, name="b", rank=rank, degrees_of_freedom=df)
    try:
        values = drawn(block, seed)
    except ValueError as refusal:
        reach = str(refusal).partition("between ")[2].partition(", got")[0]
        return [*start, "refused", "", f"can be {reach}"]
    got, error = measured(values[pair[0]], values[pair[1]], rank)
    return [*start, f"{got:+.4f}", f"{error:.4f}", f"{(got - target) / error:+.1f}"]


def block_rows() -> Iterator[list[str]]:
    """Rows of the block of six, under both copulas."""
    for df in (math.inf, 4.0):
        block = Correlated(BLOCK, name="six", degrees_of_freedom=df)
        values = drawn(block, 545)
        copula = "Gaussian" if math.isinf(df) else f"t, {df:g} degrees"
        for (a, b), target in BLOCK.items():
            got, error = measured(values[a], values[b], "spearman")
            numbers = [f"{target:+.1f}", f"{got:+.4f}", f"{error:.4f}"]
            yield [f"{a} and {b}", copula, *numbers, f"{(got - target) / error:+.1f}"]


def main() -> None:
    """Write rank_correlation.md."""
    single, six = list(pairs()), list(block_rows())
    distances = [abs(float(row[-1])) for row in (*single, *six) if "can be" not in row[-1]]
    beyond = sum(d > 3 for d in distances)
    head = ["target", "drawn", "standard error", "distance in standard errors"]
    said = (
        f"{len(distances)} correlations, {PARTS} × {DRAWS:,} independent draws each: the largest "
        f"distance is {max(distances):.1f} standard errors, {beyond} lie beyond 3 "
        f"({len(distances) * 0.0027:.1f} would by chance). Refused are those that the values of "
        "discrete inputs cannot have, with the range that they can."
    )
    publish(
        "rank_correlation",
        [
            said,
            "## A block of six inputs, Spearman",
            table(["pair", "copula", *head], six),
            "## Pairs",
            table(["rank", "copula", "inputs", *head], single),
        ],
    )


if __name__ == "__main__":
    main()

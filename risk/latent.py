"""The latent correlations of a block: from what its pairs say to factors that can be drawn from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.blocks import Correlated
from risk.copula import (
    latent_correlation,
    rank_correlation,
    shrunk,
    smallest_eigenvalue,
    steps_of,
)

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Latent:
    """Latent correlations of a block in every state, and what was changed to make them hold."""

    factors: Array  # Cholesky factors, shape (states, members, members)
    shrinkage: tuple[float, ...]  # one a state: 0 where nothing was changed
    changes: tuple[str, ...]  # what a repair made of the pairs, in words


def latent_of(block: Correlated, marginals: Mapping[str, Any]) -> Latent:
    """Latent correlations of a block in every state, repaired where the block allows it.

    Raises
    ------
    ValueError
        When correlations cannot hold together, or discrete inputs cannot have them.
    """
    factors, shrinkage, changes = [], [], []
    at = {name: i for i, name in enumerate(block.members)}
    for state, pairs in block.by_state.items():
        matrix = np.eye(len(at))
        for (a, b), rank in pairs.items():
            steps = (steps_of(marginals[a]), steps_of(marginals[b]))
            r = latent_correlation(
                rank, block.rank, steps=steps, degrees_of_freedom=block.degrees_of_freedom
            )
            matrix[at[a], at[b]] = matrix[at[b], at[a]] = r
        repaired, a_ = shrunk(matrix)
        if a_:
            words = _repair(block, pairs, repaired, at, marginals)
            where = f" in the state {state}" if state else ""
            if not block.repair:
                raise ValueError(
                    "expected correlations that can hold together (a positive definite matrix), "
                    f"got a smallest eigenvalue of {smallest_eigenvalue(matrix):.3g}{where}, move "
                    f'them towards 0 or set repair = "shrink", which would make them {words}'
                )
            changes.append(f"correlations{where} shrunk by {a_:.1%}: {words}")
        factors.append(np.linalg.cholesky(repaired))
        shrinkage.append(a_)
    return Latent(np.array(factors), tuple(shrinkage), tuple(changes))


def _repair(
    block: Correlated,
    pairs: Mapping[tuple[str, str], float],
    repaired: Array,
    at: Mapping[str, int],
    marginals: Mapping[str, Any],
) -> str:
    """The rank correlations that a repaired matrix gives: "a and b 0.62 instead of 0.9, …"."""
    words = []
    for (a, b), rank in pairs.items():
        got = rank_correlation(
            float(repaired[at[a], at[b]]),
            block.rank,
            steps=(steps_of(marginals[a]), steps_of(marginals[b])),
            degrees_of_freedom=block.degrees_of_freedom,
        )
        words.append(f"{a} and {b} {got:.3g} instead of {rank:g}")
    return ", ".join(words)

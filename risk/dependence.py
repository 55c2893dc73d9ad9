"""Unit cube → inputs: independent marginals, Gaussian-copula blocks and regimes.

The map has two stages, so that a pick-freeze design never repeats the expensive one. `columns`
turns each innovation of the cube into a column of values (for an input given a regime: one row a
state). `inputs` then picks, for every point, the row of the state that holds. Exchanging columns
between two designs therefore needs no quantile function at all.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from risk.marginals import Categorical, Marginal, from_scipy

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Conditional:
    """What is believed of one number in each state of a regime."""

    regime: str
    marginals: Mapping[str, Marginal | float]

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest possible value over all states."""
        ends = [m.support if isinstance(m, Marginal) else (m, m) for m in self.marginals.values()]
        return min(low for low, _ in ends), max(high for _, high in ends)

    def ppf(self, u: Array) -> Array:
        """Values at the probabilities `u` in every state, shape (states, n)."""
        rows = [
            m.ppf(u) if isinstance(m, Marginal) else np.full(u.shape, m)
            for m in self.marginals.values()
        ]
        return np.stack(rows)

    def __str__(self) -> str:
        return "; ".join(f"{state}: {m}" for state, m in self.marginals.items())


Believed = Marginal | Categorical | Conditional | float  # of one input; a number is a fixed value


def marginal_of(distribution: Any, given: str | None) -> Believed:
    """One of our marginals for whatever a `Prior` takes as its distribution.

    Raises
    ------
    TypeError
        When it is no distribution, number or mapping of states.
    ValueError
        When its numbers make no sense.
    """
    if given is not None:
        if not isinstance(distribution, Mapping):
            raise TypeError(
                f"Expected one distribution for each state of {given!r}, got "
                f"{type(distribution).__name__}. Pass state → distribution or number."
            )
        states = {str(state): marginal_of(d, None) for state, d in distribution.items()}
        wrong = [s for s, m in states.items() if not isinstance(m, (Marginal, float))]
        if wrong or not states:
            raise TypeError(
                f"Expected a distribution or a number for each state of {given!r}, got "
                f"{f'another thing for {wrong[0]!r}' if wrong else 'no state'}. Give one for each."
            )
        return Conditional(given, states)  # type: ignore[arg-type]
    if isinstance(distribution, (Marginal, Categorical)):
        return distribution
    if isinstance(distribution, Mapping):
        return Categorical(tuple(map(str, distribution)), tuple(map(float, distribution.values())))
    if isinstance(distribution, (int, float, np.number)) and not isinstance(distribution, bool):
        if not math.isfinite(distribution):
            raise ValueError(f"Expected a finite number, got {distribution}. Correct it.")
        return float(distribution)
    return from_scipy(distribution)


@dataclass(frozen=True)
class InputMap:
    """The one map from the unit cube to named inputs, whatever the dependence.

    Parameters
    ----------
    marginals
        The uncertain inputs, in the order of the cube's axes.
    fixed
        Facts and levers: the same value at every point.
    correlation
        Spearman's rank correlation of pairs of inputs, joined by a Gaussian copula whose latent
        correlation is ``2 sin(π ρ / 6)``.
    """

    marginals: Mapping[str, Marginal | Categorical | Conditional]
    fixed: Mapping[str, float]
    correlation: Mapping[tuple[str, str], float]

    @property
    def names(self) -> tuple[str, ...]:
        """The uncertain inputs, one axis of the cube each."""
        return tuple(self.marginals)

    @cached_property
    def blocks(self) -> tuple[frozenset[str], ...]:
        """Sets of inputs that are correlated with each other, directly or through others."""
        blocks: list[frozenset[str]] = []
        for pair in self.correlation:
            touched = [block for block in blocks if block & set(pair)]
            blocks = [block for block in blocks if block not in touched]
            blocks.append(frozenset(pair).union(*touched))
        return tuple(blocks)

    def _is_correlated(self, name: str) -> bool:
        return any(name in pair for pair in self.correlation)

    @cached_property
    def _cholesky(self) -> Array:
        """Of the latent correlations of the correlated inputs, in the order of the cube's axes."""
        joined = list(filter(self._is_correlated, self.names))
        latent = np.eye(len(joined))
        for (a, b), rho in self.correlation.items():
            i, j = joined.index(a), joined.index(b)
            latent[i, j] = latent[j, i] = 2 * np.sin(np.pi * rho / 6)
        smallest = float(np.linalg.eigvalsh(latent)[0])
        if smallest <= 1e-12:
            raise ValueError(
                "Expected correlations that can hold together (a positive definite matrix), got "
                f"a smallest eigenvalue of {smallest:.3g}. Move them towards 0."
            )
        return np.asarray(np.linalg.cholesky(latent), dtype=float)

    def columns(self, u: Array, *, correlated: bool = True) -> dict[str, NDArray[Any]]:
        """Columns of values at points `u` of the unit cube, shape (inputs, n).

        ``correlated=False`` moves every input alone along its own marginal, as a tornado does.
        """
        if correlated and self.correlation:
            joined = [i for i, name in enumerate(self.names) if self._is_correlated(name)]
            u = u.copy()
            u[joined] = special.ndtr(self._cholesky @ special.ndtri(u[joined]))
        return {name: m.ppf(u[i]) for i, (name, m) in enumerate(self.marginals.items())}

    def inputs(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """Input values at every point: each regime picks the rows of its state; no fixed inputs."""
        values: dict[str, NDArray[Any]] = {}
        for name, marginal in self.marginals.items():
            column = columns[name]
            if isinstance(marginal, Conditional):
                state = columns[marginal.regime].astype(np.intp)
                column = np.take_along_axis(column, state[None], axis=0)[0]
            values[name] = column
        return values

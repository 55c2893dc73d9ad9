"""Unit cube → inputs: independent marginals, correlated blocks, shares and regimes.

The map has two stages, so that a pick-freeze design never repeats the expensive one. `columns`
turns each axis of the cube into a column of values (for an input given regimes: one row a state).
`inputs` then picks, for every point, the row of the state that holds. Exchanging columns between
two designs therefore needs no quantile function, but for blocks whose innovations are factors:
their columns stay scores of the cube, and `inputs` maps them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.blocks import Correlated, Shares
from risk.latent import Latent, latent_of
from risk.marginals import Categorical, Marginal, from_scipy

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
SEPARATOR = ", "  # between the states of several regimes: "open, high"


@dataclass(frozen=True)
class Conditional:
    """What is believed of one input in each state of one regime or several.

    Attributes
    ----------
    regimes
        The categorical inputs whose states decide.
    marginals
        State → belief, in the order of the states; of several regimes "open, high".
    """

    regimes: tuple[str, ...]
    marginals: Mapping[str, Marginal | Categorical | float]

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest possible value over all states; ∞, −∞ of a regime."""
        ends = [
            m.support if isinstance(m, Marginal) else (m, m)
            for m in self.marginals.values()
            if not isinstance(m, Categorical)
        ]
        return min((e[0] for e in ends), default=math.inf), max(
            (e[1] for e in ends), default=-math.inf
        )

    def ppf(self, u: Array) -> NDArray[Any]:
        """Values at the probabilities `u` in every state, shape (states, n)."""
        rows = [np.full(u.shape, m) if isinstance(m, float) else m.ppf(u) for m in
                self.marginals.values()]  # fmt: skip
        return np.stack(rows)

    def __str__(self) -> str:
        return "; ".join(f"{state}: {m}" for state, m in self.marginals.items())


Believed = Marginal | Categorical | Conditional | float  # of one input; a number is a fixed value
Block = Correlated | Shares


def states_of(believed: Any) -> tuple[str, ...]:
    """The states of a categorical input, given a regime or not; none of a number."""
    if isinstance(believed, Conditional):
        believed = next(iter(believed.marginals.values()))
    return believed.states if isinstance(believed, Categorical) else ()


def marginal_of(distribution: Any, given: str | Sequence[str] | None) -> Believed:
    """One of our marginals for whatever a `Prior` takes as its distribution.

    Raises
    ------
    TypeError
        When it is no distribution, number or mapping of states.
    ValueError
        When its numbers make no sense.
    """
    if given is not None:
        regimes = (given,) if isinstance(given, str) else tuple(given)
        named = ", ".join(regimes)
        if not isinstance(distribution, Mapping):
            raise TypeError(
                f"Expected one distribution for each state of {named!r}, got "
                f"{type(distribution).__name__}. Pass state → distribution or number."
            )
        states = {str(state): marginal_of(d, None) for state, d in distribution.items()}
        if len({states_of(m) for m in states.values()}) != 1:
            got = "states that differ between them" if states else "no state"
            raise TypeError(
                f"Expected a distribution or a number for each state of {named!r}, or the same "
                f"states with probabilities for each, got {got}. Give one for each."
            )
        return Conditional(regimes, states)  # type: ignore[arg-type]
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
        The uncertain inputs.
    fixed
        Facts and levers: the same value at every point.
    blocks
        Which of the inputs belong together; each in one block at most.
    """

    marginals: Mapping[str, Marginal | Categorical | Conditional]
    fixed: Mapping[str, float]
    blocks: tuple[Block, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The uncertain inputs."""
        return tuple(self.marginals)

    @cached_property
    def _single(self) -> tuple[str, ...]:
        joined = {name for block in self.blocks for name in block.members}
        return tuple(name for name in self.names if name not in joined)

    @cached_property
    def moves(self) -> dict[str, tuple[str, ...]]:
        """Axis of the cube → the columns that it moves, in the order of the inputs."""
        found: dict[str, tuple[str, ...]] = {name: (name,) for name in self._single}
        for block in self.blocks:
            own: list[tuple[str, ...]] = [
                (axis,) if block.innovations else block.members for axis in block.axes
            ]
            found |= dict(zip(block.axes, own, strict=True))
        known = {name: i for i, name in enumerate(self.names)}
        first = {
            axis: min(known.get(n, len(known)) for n in (axis, *found[axis])) for axis in found
        }
        return {a: found[a] for a in sorted(found, key=lambda a: known.get(a, first[a]))}

    @property
    def axes(self) -> tuple[str, ...]:
        """The axes of the cube; most bear the name of the input that they move."""
        return tuple(self.moves)

    @cached_property
    def latent(self) -> dict[str, Latent]:
        """Block name → latent correlations.

        Raises
        ------
        ValueError
            When correlations cannot hold together, with the smallest repair that would make them.
        """
        return {
            b.name: latent_of(b, self.marginals) for b in self.blocks if isinstance(b, Correlated)
        }

    @cached_property
    def _selectors(self) -> dict[str, tuple[str, ...]]:
        """Input → the regimes whose states pick its row: its block's, then its own."""
        of_block = {n: b.given for b in self.blocks if isinstance(b, Correlated) for n in b.members}
        own = {n: m.regimes for n, m in self.marginals.items() if isinstance(m, Conditional)}
        return {n: of_block.get(n, ()) + own.get(n, ()) for n in self.names}

    @cached_property
    def _order(self) -> tuple[str, ...]:
        """The inputs, each after the regimes that it is given."""
        ordered: list[str] = []
        while len(ordered) < len(self.names):
            ready = [
                n
                for n in self.names
                if n not in ordered and all(s in ordered for s in self._selectors[n])
            ]
            if not ready:
                raise ValueError("Expected regimes that do not depend on each other in a circle.")
            ordered += ready
        return tuple(ordered)

    def columns(self, u: Array) -> dict[str, NDArray[Any]]:
        """Columns of values at points `u` of the unit cube, shape (axes, n)."""
        row = dict(zip(self.axes, u, strict=True))
        found: dict[str, NDArray[Any]] = {n: self.marginals[n].ppf(row[n]) for n in self._single}
        for block in self.blocks:
            if block.innovations:
                found |= {axis: row[axis] for axis in block.axes}
            else:
                found |= self._members(block, np.stack([row[axis] for axis in block.axes]))
        return found

    def alone(
        self, u: Array, states: Mapping[str, NDArray[Any]] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Input values where every input moves along its own marginal, `u` of shape (inputs, n).

        As a tornado moves them: correlations do not hold; the shares of a block still sum to one.
        `states` are codes of regimes that hold whatever their rows of `u` say.
        """
        found: dict[str, NDArray[Any]] = {}
        row = dict(zip(self.names, u, strict=True))
        for block in self.blocks:
            if isinstance(block, Shares):
                found |= block.alone(np.stack([row[name] for name in block.members]))
        found |= {n: self.marginals[n].ppf(row[n]) for n in self.names if n not in found}
        own = {n: m.regimes for n, m in self.marginals.items() if isinstance(m, Conditional)}
        return self._picked(found | dict(states or {}), own)

    def inputs(self, columns: Columns) -> dict[str, NDArray[Any]]:
        """Input values at every point: each regime picks the rows of its state; no fixed inputs."""
        columns = dict(columns)
        for block in self.blocks:
            if block.innovations:
                points = np.stack([columns.pop(axis) for axis in block.axes])
                columns |= self._members(block, points)
        return self._picked(columns, self._selectors)

    def _picked(
        self, columns: Columns, selectors: Mapping[str, tuple[str, ...]]
    ) -> dict[str, NDArray[Any]]:
        """The values of the states that hold."""
        values: dict[str, NDArray[Any]] = {}
        for name in self._order:
            column = columns[name]
            if column.ndim == 2:
                row: NDArray[np.intp] = np.zeros(1, dtype=np.intp)
                for regime in selectors[name]:
                    count = len(states_of(self.marginals[regime]))
                    row = row * count + values[regime].astype(np.intp)
                column = np.take_along_axis(column, row[None], axis=0)[0]
            values[name] = column
        return {name: values[name] for name in self.names}

    def _members(self, block: Block, points: Array) -> dict[str, NDArray[Any]]:
        """Columns of a block's inputs at points of its axes."""
        if isinstance(block, Shares):
            return dict(block.values(points))
        scores = block.scores(points, self.latent[block.name].factors)
        found: dict[str, NDArray[Any]] = {}
        for i, name in enumerate(block.members):
            marginal = self.marginals[name]
            rows = [np.atleast_2d(marginal.ppf(state[i])) for state in scores]
            found[name] = np.concatenate(rows) if self._selectors[name] else rows[0][0]
        return found


def combinations(regimes: Sequence[str], inputs: Mapping[str, Any]) -> list[str]:
    """The states of one regime, or all combinations of those of several: "open, high"."""
    each = [states_of(inputs[name]) for name in regimes]
    return [SEPARATOR.join(states) for states in itertools.product(*each)]

"""Unit cube → inputs: independent marginals, correlated blocks, shares and regimes.

The map has two stages, so that a pick-freeze design never repeats the expensive one. `columns`
turns each axis of the cube into a column of values (for an input given regimes: one row a state).
`inputs` then picks, for every point, the row of the state that holds. Exchanging columns between
two designs therefore needs no quantile function, but for blocks whose innovations are factors:
their columns stay scores of the cube, and `inputs` maps them.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.blocks import Correlated, Shares
from risk.conditional import Conditional, states_of
from risk.latent import Latent, latent_of
from risk.marginals import Categorical, Marginal

Array = NDArray[np.float64]
Columns = Mapping[str, NDArray[Any]]
Block = Correlated | Shares


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
        found: dict[str, NDArray[Any]] = {n: self.marginals[n].draw(row[n]) for n in self._single}
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
        values = self._picked(found | dict(states or {}), own, {}, self.names)
        return {name: values[name] for name in self.names}

    def inputs(
        self, columns: Columns, known: Columns | None = None, changed: Iterable[str] | None = None
    ) -> dict[str, NDArray[Any]]:
        """Input values at every point: each regime picks the rows of its state; no fixed inputs.

        Parameters
        ----------
        columns
            As `columns` makes them.
        known, changed
            Input values where only the inputs `changed` are to be computed, and their values are to
            be returned.
        """
        wanted = set(self.names if changed is None else changed)
        columns = dict(columns)
        for block in self.blocks:
            if block.innovations and wanted.intersection(block.members):
                points = np.stack([columns.pop(axis) for axis in block.axes])
                columns |= self._members(block, points)
        values = self._picked(columns, self._selectors, dict(known or {}), wanted)
        return {name: values[name] for name in self.names if name in wanted}

    @cached_property
    def kinds(self) -> dict[str, np.dtype[Any]]:
        """Input → the type of its values: codes or numbers."""
        nowhere = self.inputs(self.columns(np.empty((len(self.axes), 0))))
        return {name: values.dtype for name, values in nowhere.items()}

    @cached_property
    def _needs(self) -> dict[str, frozenset[str]]:
        """Input → the columns that its value depends on: its own, and those of its regimes."""
        own: dict[str, frozenset[str]] = {name: frozenset([name]) for name in self.names}
        for block in self.blocks:
            if block.innovations:
                own |= dict.fromkeys(block.members, frozenset(block.axes))
        found: dict[str, frozenset[str]] = {}
        for name in self._order:
            found[name] = own[name].union(*(found[regime] for regime in self._selectors[name]))
        return found

    def changed_by(self, columns: Sequence[str]) -> tuple[str, ...]:
        """The inputs whose values may change when these columns do."""
        return tuple(n for n in self.names if not self._needs[n].isdisjoint(columns))

    def _picked(
        self,
        columns: Columns,
        selectors: Mapping[str, tuple[str, ...]],
        values: dict[str, NDArray[Any]],
        wanted: Container[str],
    ) -> dict[str, NDArray[Any]]:
        """The values of the states that hold, added to those that are known."""
        for name in self._order:
            if name in wanted:
                column = columns[name]
                if column.ndim == 2:
                    state = self._state(selectors[name], values)
                    column = column[0].copy()
                    for code, row in enumerate(columns[name][1:], start=1):
                        np.copyto(column, row, where=state == code)
                values[name] = column
        return values

    def _state(self, regimes: Sequence[str], values: Columns) -> NDArray[np.intp]:
        """Which combination of the states of regimes holds at every point."""
        code: NDArray[np.intp] = np.zeros(1, dtype=np.intp)
        for regime in regimes:
            code = code * len(states_of(self.marginals[regime])) + values[regime].astype(np.intp)
        return code

    def _members(self, block: Block, points: Array) -> dict[str, NDArray[Any]]:
        """Columns of a block's inputs at points of its axes."""
        if isinstance(block, Shares):
            return dict(block.values(points))
        scores = block.scores(points, self.latent[block.name].factors)
        found: dict[str, NDArray[Any]] = {}
        for i, name in enumerate(block.members):
            marginal = self.marginals[name]
            rows = [np.atleast_2d(marginal.draw(state[i])) for state in scores]
            found[name] = np.concatenate(rows) if self._selectors[name] else rows[0][0]
        return found

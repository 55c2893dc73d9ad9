"""All designs of a pick-freeze plan at a few points: inputs, exchanges, and what the model makes.

Points become inputs once; an exchange of a factor between A and B maps only those inputs again that
it changes, and where the operations of the model are known, only those are repeated that depend on
them. Else the model sees the designs of as many factors in one call as make a block.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.designs import CHUNK, Net, paired, sobol_net, sobol_shift
from risk.evaluation import BoundModel
from risk.stats.tally import Bins
from risk.trace import Program, Step, forgetful

Array = NDArray[np.float64]
Key = tuple[int, ...]
Drawn = dict[str, NDArray[np.float64]]  # input → values, state codes for a categorical one
MAPPED = 2048  # points that are mapped to inputs at once
BLOCK_ROWS = 1 << 14  # of the model at once: few calls of Python, and arrays that stay in cache


@dataclass(frozen=True)
class Job:
    """Everything that a replicate needs to know, small enough to send to another process.

    Attributes
    ----------
    factors
        Factor → the columns of the input map that it moves.
    outcomes
        Which of the model's outcomes to analyse.
    draws
        Points in a replicate, a power of two.
    keep
        How many of them return as draws, the first ones.
    order
        The axes of the input map, the most important first.
    centre, scale
        Of each outcome, shape (outcomes,): its powers are those of (y − centre) / scale.
    bins
        Those of the histograms that the outcomes of all points are counted into; None of none.
    asinh
        Whether the indices are those of asinh(y / scale).
    program
        The operations of the model, where they are known.
    block_rows
        About how many rows the model sees at once.
    row_seconds
        About how long a row takes, all in all; it decides how much work to send at once.
    pilot
        A digest of what the pilot gave: another model, whatever it hides, has another one.
    """

    model: BoundModel
    factors: Mapping[str, Sequence[str]]
    outcomes: tuple[str, ...]
    draws: int
    seed: int
    keep: int
    order: list[int]
    centre: Array
    scale: Array
    bins: Bins | None = None
    asinh: bool = False
    program: Program | None = None
    block_rows: int = BLOCK_ROWS
    row_seconds: float = 0.0
    pilot: str = ""

    @property
    def designs(self) -> int:
        """A, B, and every factor exchanged both ways: the model runs that a point takes."""
        return 2 * len(self.factors) + 2

    @property
    def block(self) -> int:
        """Points in a block: a chunk, or as many as the model likes to see at once."""
        rows = self.designs if self.program is None else 2  # as they exist at once
        chunks = max(1, self.block_rows // (rows * CHUNK))
        return min(self.draws, CHUNK << (chunks.bit_length() - 1))

    @cached_property
    def unit(self) -> Array:
        """What outcomes are divided by so that their squares stay numbers: 1 but in the extreme."""
        return np.where((self.scale > 1e-60) & (self.scale < 1e60), 1.0, self.scale)

    @cached_property
    def changed(self) -> list[tuple[str, ...]]:
        """Of each factor the inputs that may change with it."""
        return [self.model.map.changed_by(columns) for columns in self.factors.values()]

    @cached_property
    def after(self) -> list[tuple[set[str], list[Step]]]:
        """Of each factor the outcomes that may change with it, and the operations to repeat."""
        program, found = self.program, []
        if program is None:
            return []
        for changed in self.changed:
            moved = program.outcomes_after(changed).intersection(self.outcomes)
            steps = program.steps_after(changed) if moved else []
            found.append((moved, forgetful(steps, [program.outcomes[name] for name in moved])))
        return found

    @property
    def net(self) -> Net:
        """The net of the study, with A and B of each axis of the input map in turn."""
        net, places = sobol_net(2 * len(self.order), self.draws, self.seed), self._places
        return Net(net.first[places], net.starts[places])

    def shift(self, key: Key) -> NDArray[np.int64]:
        """The shift of the net that makes a replicate."""
        return sobol_shift(2 * len(self.order), self.seed, key)[self._places]

    @property
    def _places(self) -> NDArray[np.intp]:
        return paired(self.order).ravel()


class Panel(NamedTuple):
    """Inputs at a few points, of A and of B: as they are, and after each exchange."""

    inputs: Drawn  # (2, points)
    exchanged: list[Drawn]  # of each factor those that change: of A with B's, of B with A's

    def part(self, points: slice) -> Panel:
        """The same at some of the points."""
        cut = [{name: x[:, points] for name, x in some.items()}
               for some in (self.inputs, *self.exchanged)]  # fmt: skip
        return Panel(cut[0], cut[1:])


class Outputs(NamedTuple):
    """An outcome at the points of a panel, shape (2, points) each."""

    own: Array  # of A and of B
    exchanged: dict[int, Array]  # factor → after its exchange; it cannot change for the others


def panels(job: Job, key: Key, first: int) -> Iterator[tuple[int, Panel]]:
    """The inputs of a replicate, block by block, each with the number of its first point."""
    net, shift, length = job.net, job.shift(key), job.block
    if first:  # what is there may end within a block
        length = min(length, first & -first)
    mapped = max(length, MAPPED)
    for start in range(first, job.draws, mapped):
        panel = _panel(job, net.points(shift, start, start + mapped))
        for begin in range(start, min(start + mapped, job.draws), length):
            yield begin, panel.part(slice(begin - start, begin - start + length))


def _panel(job: Job, points: Array) -> Panel:
    """Points (2 axes, n) as inputs; an exchange maps only those inputs again that it changes."""
    map_, n = job.model.map, points.shape[1]
    columns = map_.columns(points.reshape(-1, 2 * n))
    both = map_.inputs(columns)
    exchanged = []
    for moved, changed in zip(job.factors.values(), job.changed, strict=True):
        swapped = {name: _swapped(columns[name]) for name in moved}
        found = map_.inputs(columns | swapped, both, changed)
        exchanged.append({name: x.reshape(2, n) for name, x in found.items()})
    return Panel({name: x.reshape(2, n) for name, x in both.items()}, exchanged)


def _swapped(column: Array) -> Array:
    """A column of A and B with the two exchanged."""
    n = column.shape[-1] // 2
    return np.concatenate([column[..., n:], column[..., :n]], axis=-1)


def outputs_of(job: Job, panel: Panel) -> list[Outputs]:
    """The outcomes of all designs at the points of a panel."""
    if job.program is None:
        return _called(job, panel)
    model, program = job.model, job.program
    base = program.run(model.named(panel.inputs))
    found = {name: Outputs(_full(base[program.outcomes[name]], panel), {}) for name in job.outcomes}
    for i, changed in enumerate(panel.exchanged):
        moved, steps = job.after[i]
        values = program.run(model.named(changed), base, steps)
        for name in moved:
            found[name].exchanged[i] = _full(values[program.outcomes[name]], panel)
    return [found[name] for name in job.outcomes]


def _full(values: Array, panel: Panel) -> Array:
    """An outcome as numbers, one a point also where no input enters it."""
    shape = next(iter(panel.inputs.values())).shape
    if values.shape == shape and values.dtype == float:
        return values
    return np.broadcast_to(np.asarray(values, float), shape)


def repeats(job: Job, program: Program, key: Key) -> bool:
    """Whether the operations of a model give the very bits that it gives itself."""
    for _, panel in panels(job, key, 0):
        with_program = outputs_of(replace(job, program=program), panel)
        for mine, theirs in zip(with_program, _called(job, panel), strict=True):
            pairs = [(mine.own, theirs.own)]
            pairs += [(mine.exchanged.get(i, mine.own), y) for i, y in theirs.exchanged.items()]
            if not all(np.array_equal(x, y) for x, y in pairs):
                return False
    return True


def _called(job: Job, panel: Panel) -> list[Outputs]:
    """The same by calling the model itself, at the designs of a few factors at a time."""
    shape = next(iter(panel.inputs.values())).shape
    together = max(1, job.block_rows // (2 * shape[1]))
    exchanges: list[Drawn] = [{}, *panel.exchanged]
    found: list[Array] = []
    for first in range(0, len(exchanges), together):
        some = exchanges[first : first + together]
        found.append(_at_once(job, panel.inputs, some, (len(some), *shape)))
    every = np.concatenate(found, axis=1)
    return [Outputs(y[0], dict(enumerate(y[1:]))) for y in every]


def _at_once(job: Job, inputs: Drawn, exchanges: list[Drawn], shape: tuple[int, int, int]) -> Array:
    """Outcomes (outcomes, exchanges, 2, points) of some exchanges in one call of the model."""
    designs = {name: np.empty(shape, x.dtype) for name, x in inputs.items()}
    for name, x in inputs.items():
        designs[name][:] = x
    for i, changed in enumerate(exchanges):
        for name, x in changed.items():
            designs[name][i] = x
    rows = math.prod(shape)
    values = job.model.evaluate({name: x.reshape(rows) for name, x in designs.items()}, rows)
    every = dict(zip(job.model.outcomes, values, strict=True))
    return np.stack([every[name].reshape(shape) for name in job.outcomes])

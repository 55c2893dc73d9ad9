"""What one replicate of a pick-freeze design gives: its draws, and the sums behind all indices.

A replicate is a digital shift of the study's net. It is worked through in blocks of points that
stay in cache: the points become inputs once, each factor is exchanged between A and B, both ways,
and the model is called at all designs of a block, or only those of its operations are repeated that
an exchange concerns. The outputs are added up on the spot, chunk by chunk in the order of the
points, so neither the design matrix of all points nor all of their outputs ever exist, and the size
of a block changes no bit of the result.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.designs import CHUNK
from risk.exchanges import Drawn, Job, Key, Outputs, Panel, outputs_of, panels
from risk.stats.moments import power_sums
from risk.stats.sobol import PickFreeze, pick_freeze
from risk.stats.tally import Tally, add, no_tally

Array = NDArray[np.float64]
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of malloc.h


class Replicate(NamedTuple):
    """One replicate: its first draws, and sums over all of its points."""

    points: int
    inputs: Drawn  # (keep,)
    outcomes: Array  # (outcomes, keep)
    sums: PickFreeze  # one an outcome
    powers: Array  # (outcomes, 2, 4): power sums of (y − centre) / scale over A, and over B
    tally: Tally | None  # of the outcomes of all points


def run_replicate(job: Job, key: Key, before: Replicate | None = None) -> Replicate:
    """One replicate of the pick-freeze design: A, B and both exchanges of every factor.

    Parameters
    ----------
    key
        Which replicate: keys that differ give independent shifts of the net.
    before
        The same replicate with fewer points, which the new ones are added to.

    Raises
    ------
    ModelError
        Whatever the model did that no analysis may use.
    """
    _keep_memory()
    found = _nothing(job) if before is None else _continued(job, before)
    inputs, outcomes = [found.inputs], [found.outcomes]
    for start, panel in panels(job, key, found.points):
        outputs = outputs_of(job, panel)
        own = np.stack([y.own for y in outputs])  # of A and B
        sums = _sums(job, outputs, own)
        if not all(np.isfinite(part).all() for part in sums):
            _check_finite(job, panel, outputs, key, start)
        for chunk in zip(*sums, strict=True):  # one after another: the order decides the bits
            for total, part in zip((*found.sums, found.powers), chunk, strict=True):
                total += part
        if found.tally is not None and job.bins is not None:
            add(found.tally, job.bins, own[:, 0], standardised(job, own[:, 0]))
        if start < job.keep:
            first = slice(0, job.keep - start)
            inputs.append({name: x[0, first].copy() for name, x in panel.inputs.items()})
            outcomes.append(own[:, 0, first].copy())
    kept = {name: np.concatenate([x[name] for x in inputs]) for name in found.inputs}
    every = np.concatenate(outcomes, axis=1)
    return found._replace(points=job.draws, inputs=kept, outcomes=every)


@cache
def _keep_memory() -> None:
    """Have the GNU C library keep the memory that arrays leave behind.

    By default it gives arrays of a block back to the system and asks for them again, which takes
    as long as the model itself. Other C libraries have other habits, and no such switch.
    """
    if os.name == "posix" and hasattr(ctypes.CDLL(None), "mallopt"):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_TRIM_THRESHOLD, 64 << 20)
        mallopt(_MMAP_THRESHOLD, 32 << 20)


def _nothing(job: Job) -> Replicate:
    """A replicate before its first point."""
    outcomes, factors = len(job.outcomes), len(job.factors)
    cross = np.zeros((outcomes, factors + 1, factors + 1))
    sums = PickFreeze(cross, np.zeros((outcomes, 2, factors)))
    tally = None if job.bins is None else no_tally(outcomes)
    inputs = {name: np.empty(0, kind) for name, kind in job.model.map.kinds.items()}
    return Replicate(0, inputs, np.empty((outcomes, 0)), sums, np.zeros((outcomes, 2, 4)), tally)


def _continued(job: Job, before: Replicate) -> Replicate:
    """A replicate that has some of the points, its sums free to be added to."""
    tally = None
    if job.bins is not None:
        if before.tally is not None:
            tally = Tally(*map(np.copy, before.tally))  # type: ignore[arg-type]
        else:  # until now all points were kept
            tally = no_tally(len(job.outcomes))
            add(tally, job.bins, before.outcomes, standardised(job, before.outcomes))
    sums = PickFreeze(*(part.copy() for part in before.sums))
    kept = {name: x[: job.keep] for name, x in before.inputs.items()}
    outcomes = before.outcomes[:, : job.keep]
    return Replicate(before.points, kept, outcomes, sums, before.powers.copy(), tally)


def without_draws(job: Job, before: Replicate) -> Replicate:
    """What a replicate goes on from: its sums and counts. Its draws need not travel to a worker."""
    found = _continued(job, before)
    inputs = {name: x[:0].copy() for name, x in found.inputs.items()}  # a view would keep them all
    return found._replace(inputs=inputs, outcomes=found.outcomes[:, :0].copy())


def with_draws(job: Job, before: Replicate, found: Replicate) -> Replicate:
    """A replicate that went on without its first draws, with them again."""
    first = slice(0, job.keep)
    inputs = {n: np.concatenate([x[first], found.inputs[n]]) for n, x in before.inputs.items()}
    outcomes = np.concatenate([before.outcomes[:, first], found.outcomes], axis=1)
    return found._replace(inputs=inputs, outcomes=outcomes)


def standardised(job: Job, outcomes: Array) -> Array:
    """Outcomes (outcomes, ...) in units of their scale from their centre."""
    shape = (-1, *[1] * (outcomes.ndim - 1))
    return (outcomes - job.centre.reshape(shape)) / job.scale.reshape(shape)


def _sums(job: Job, outputs: list[Outputs], own: Array) -> tuple[Array, Array, Array]:
    """Sums of each chunk of a panel: cross, squares and powers, with the chunks as first axis."""
    chunk, factors = min(CHUNK, own.shape[-1]), len(job.factors)
    cross = np.zeros((own.shape[-1] // chunk, len(own), factors + 1, factors + 1))
    squares = np.zeros((*cross.shape[:2], 2, factors))
    with np.errstate(over="ignore", invalid="ignore"):  # who is not finite is asked afterwards
        for k, y in enumerate(outputs):
            measured = [_measured(job, k, x) for x in (y.own, *y.exchanged.values())]
            found = pick_freeze(measured[0], measured[1:], chunk)
            moved = np.array([*y.exchanged, factors])  # the others changed nothing: sums of 0
            cross[:, k, moved[:, None], moved] = found.cross
            squares[:, k][:, :, moved[:-1]] = found.squares
        powers = power_sums(standardised(job, own), chunk)
    return cross, squares, powers


def _measured(job: Job, k: int, outputs: Array) -> Array:
    """The outputs of an outcome as its indices see them."""
    if job.asinh:
        return np.asarray(np.arcsinh(outputs / job.scale[k]))
    return outputs if job.unit[k] == 1 else np.asarray(outputs / job.unit[k])


def _check_finite(job: Job, panel: Panel, outputs: list[Outputs], key: Key, start: int) -> None:
    """Refuse the first design with outcomes that are not finite; sums may only have overflowed."""
    where = "the pilot" if key[0] == 0 else f"replicate {key[1]}"
    exchanges: list[Drawn] = [{}, *panel.exchanged]
    for i, (label, changed) in enumerate(zip(["", *job.factors], exchanges, strict=True)):
        for side, (own, other) in enumerate((("A", "B"), ("B", "A"))):
            design = f"design {own}" + (f" with {label} of {other}" if label else "")
            inputs = {name: x[side] for name, x in (panel.inputs | changed).items()}
            rows = np.stack([y.exchanged.get(i - 1, y.own)[side] for y in outputs])
            job.model.check_finite(rows, inputs, job.outcomes, f"{where}, {design}", start)

"""The whole pipeline on one screen: priors and a model in, one DataTree of numbers out."""

from __future__ import annotations

import contextlib
import json
import operator
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from risk import analysis
from risk.checkpoint import open_checkpoint
from risk.designs import MOST_POINTS
from risk.engine import Replicate
from risk.evaluation import bind, wanted_outcomes
from risk.exchanges import Job
from risk.factors import Factors, factor_coords, factors_of
from risk.identity import computation, model_hash, run_id
from risk.priors import Priors
from risk.signature import Model, read_signature
from risk.simulation import KEPT_DRAWS, Progress, Sink, plan, run_replicates
from risk.store import open_draws_file, provenance


def run_study(
    model: Model,
    priors: Priors,
    *,
    draws: int = 4096,
    replicates: int = 16,
    seed: int = 545,
    outcomes: Sequence[str] | None = None,
    factors: Factors | None = None,
    executor: Executor | None = None,
    checkpoint: str | Path | None = None,
    keep_draws: int = KEPT_DRAWS,
    draws_file: str | Path | None = None,
    progress: Progress | None = None,
) -> xr.DataTree:
    """Simulate a model over its priors and say how large, how risky, and what drives it.

    Parameters
    ----------
    model
        A function of named inputs, arrays of shape (n,), that returns outcome name → array (n,).
    priors
        What is believed of every input of the model.
    draws
        Points in a replicate, a power of two.
    replicates
        Independent randomisations, at least two; intervals come from the spread between them.
    seed
        Any integer; the same seed gives the same bits, whatever the executor.
    outcomes
        Names to analyse; all by default.
    factors
        Label → inputs that are moved together. Inputs not named are a factor each; inputs that
        are correlated with each other always share one.
    executor
        Any `concurrent.futures.Executor`: threads, processes, `Client.get_executor(pure=False)`
        of a Dask cluster; None is this thread.
    checkpoint
        A folder for finished replicates. After a crash the same call goes on from there, and so
        does one with more replicates or more draws; the result is the same to the last bit.
    keep_draws
        How many draws the study keeps at most, of every replicate the same number, its first.
        Indices and risk measures are of all draws; evidence and bridge of those that are kept.
    draws_file
        A netCDF file for every draw, written as they come. A checkpoint keeps them too, so one
        that was made without the file is computed again.
    progress
        Called with (replicates done, total): first with what the checkpoint holds. Outcomes with
        too heavy tails take a second pass.

    Returns
    -------
    DataTree with the groups draws, sobol, risk and tornado, and, where the priors have a
    theoretical case, bridge and published; where they have observations, evidence.

    Raises
    ------
    ValueError
        When an argument makes no sense, or the priors do not fit the model.
    TypeError
        When an argument is of another type.
    ModelError
        When the model fails or returns something that is not finite.
    CheckpointError
        When the checkpoint is of another question, or another process is at work on it.
    WorkerError
        When the model cannot be sent to the workers of the executor, or one of them died.

    Examples
    --------
    >>> from scipy.stats import uniform
    >>> import risk
    >>> x = {f"x{i}": risk.Prior(uniform(0, 1), unit="1", source="unit interval") for i in (1, 2)}
    >>> study = risk.run_study(lambda x1, x2: {"y": x1 * x2}, risk.Priors(x), draws=1024)
    >>> study["sobol"]["first_order"].sel(outcome="y", factor="x1").item()  # exactly 3/7
    0.428...
    """
    _check_kinds(priors, executor, progress)
    _check_numbers(draws, replicates, seed, keep_draws)
    draws, replicates, keep_draws = map(operator.index, (draws, replicates, keep_draws))
    bound = bind(model, priors)
    wanted = wanted_outcomes(bound, outcomes)
    grouped = factors_of(priors, factors)
    analysis.check_observations(priors.observations, _units(model, wanted))
    checked = analysis.published(bound, priors)
    question = _question(model, priors, draws, replicates, seed, outcomes, factors)
    asked = computation(model, priors, seed, outcomes, factors)  # before the pilot runs the model
    job = plan(bound, grouped, wanted, draws, seed, _kept(draws, replicates, keep_draws))
    with contextlib.ExitStack() as stack:
        store = sink = None
        if checkpoint is not None:
            asked |= {"pilot": job.pilot}
            store = stack.enter_context(open_checkpoint(checkpoint, asked))
        if draws_file is not None:
            sink = stack.enter_context(_every_draw(draws_file, job, priors, replicates))
            job = replace(job, keep=draws)
        runs = run_replicates(job, replicates, executor, progress, store, sink)
    drawn = analysis.draws(runs, job, priors)
    groups = {
        "draws": drawn,
        "sobol": analysis.sobol(runs, job, drawn).assign_coords(factor_coords(priors, grouped)),
        "risk": analysis.risk_of_all(runs, job, drawn) if runs.tallies else analysis.risk(drawn),
        "evidence": analysis.evidence(drawn, priors.observations),
        "tornado": analysis.tornado(bound, priors, drawn),
        "bridge": analysis.bridge(bound, priors, drawn, executor),
        "published": checked,
    }
    tree = xr.DataTree.from_dict({f"/{k}": v for k, v in groups.items() if v is not None})
    tree.attrs.update(provenance(tree, question))
    return tree


def _question(
    model: Model,
    priors: Priors,
    draws: int,
    replicates: int,
    seed: int,
    outcomes: Sequence[str] | None,
    factors: Factors | None,
) -> dict[str, Any]:
    """What is asked, for the attributes of the study; made first, so that it fails first."""
    return {
        "title": priors.title,
        "case": priors.case,
        "model": getattr(model, "__name__", type(model).__name__),
        "run_id": run_id(model, priors, draws, replicates, seed, outcomes, factors),
        "seed": int(seed) if abs(seed) < 2**63 else str(seed),
        "draws": int(draws),
        "replicates": int(replicates),
        "priors": json.dumps(priors.as_dict(), ensure_ascii=False, allow_nan=False),
        "priors_hash": priors.hash,
        "model_hash": model_hash(model),
    }


def _units(model: Model, outcomes: Sequence[str]) -> dict[str, str]:
    """Outcome → unit, empty where the model names none."""
    known = read_signature(model).outcomes
    return {n: (known[n].unit if n in known else None) or "" for n in outcomes}


def _check_kinds(priors: Any, executor: Any, progress: Any) -> None:
    if not isinstance(priors, Priors):
        raise TypeError(f"Expected `priors` to be risk.Priors, got {type(priors).__name__}.")
    if not isinstance(executor, Executor | None):
        raise TypeError(
            "Expected `executor` to be a concurrent.futures.Executor or None, got "
            f"{type(executor).__name__}. Of a Dask client take `client.get_executor(pure=False)`."
        )
    if progress is not None and not callable(progress):
        raise TypeError(
            f"Expected `progress` to be a function of (done, total), got {progress!r}. Pass "
            "`print`, or what `risk.progress_bar()` yields."
        )


def _check_numbers(draws: int, replicates: int, seed: int, keep_draws: int) -> None:
    given: dict[str, Any] = {
        "draws": draws, "replicates": replicates, "seed": seed, "keep_draws": keep_draws,
    }  # fmt: skip
    for name, value in given.items():
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
            raise TypeError(f"Expected `{name}` to be an integer, got {value!r}.")
    if draws < 2 or draws & (draws - 1):
        near = 2 ** max(1, round(np.log2(draws))) if draws > 0 else 4096
        raise ValueError(
            f"Expected `draws` to be a power of two, got {draws}. A Sobol' net is balanced only "
            f"then; use {near}."
        )
    if draws > MOST_POINTS:
        raise ValueError(
            f"Expected at most {MOST_POINTS:,} `draws`, got {draws:,}. Ask for more `replicates`."
        )
    if replicates < 2:
        raise ValueError(
            f"Expected at least 2 `replicates`, got {replicates}. Intervals come from their spread."
        )
    if keep_draws < replicates:
        raise ValueError(
            f"Expected to keep at least one draw of each replicate, got {keep_draws} "
            f"`keep_draws` for {replicates} replicates. Raise it, or take fewer replicates."
        )


def _kept(draws: int, replicates: int, total: int) -> int:
    """How many draws of each replicate the study keeps: a power of two, so that they are a net."""
    each = max(1, total // replicates)
    return min(draws, 1 << (each.bit_length() - 1))


@contextlib.contextmanager
def _every_draw(path: str | Path, job: Job, priors: Priors, replicates: int) -> Iterator[Sink]:
    """A sink that writes all draws of a replicate to a file, and keeps what the job would."""
    attributes = analysis.draw_attributes(job, priors)
    with open_draws_file(path, attributes, job.draws, replicates) as append:

        def write(place: int, found: Replicate) -> Replicate:
            append(place, found.inputs | dict(zip(job.outcomes, found.outcomes, strict=True)))
            kept = {name: x[: job.keep].copy() for name, x in found.inputs.items()}
            return found._replace(inputs=kept, outcomes=found.outcomes[:, : job.keep].copy())

        yield write

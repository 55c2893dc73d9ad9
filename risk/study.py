"""The whole pipeline on one screen: priors and a model in, one DataTree of numbers out."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Executor
from typing import Any

import numpy as np
import xarray as xr

from risk import analysis
from risk.engine import Job, Progress, run_replicates
from risk.evaluation import bind, wanted_outcomes
from risk.identity import model_hash, run_id
from risk.marginals import Categorical
from risk.names import suggest
from risk.priors import Priors, labels
from risk.signature import Model
from risk.store import provenance

Factors = Mapping[str, Sequence[str]]


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
        Any `concurrent.futures.Executor`; None is this thread.
    progress
        Called with (replicates done, total).

    Returns
    -------
    DataTree with the groups draws, sobol, risk and tornado, and, where the priors have a
    theoretical case, bridge and published.

    Raises
    ------
    ValueError
        When an argument makes no sense, or the priors do not fit the model.
    ModelError
        When the model fails or returns something that is not finite.

    Examples
    --------
    >>> from scipy.stats import uniform
    >>> import risk
    >>> x = {f"x{i}": risk.Prior(uniform(0, 1), unit="1", source="unit interval") for i in (1, 2)}
    >>> study = risk.run_study(lambda x1, x2: {"y": x1 * x2}, risk.Priors(x), draws=1024)
    >>> study["sobol"]["first_order"].sel(outcome="y", factor="x1").item()  # exactly 3/7
    0.428...
    """
    _check_numbers(draws, replicates, seed)
    if not isinstance(priors, Priors):
        raise TypeError(f"Expected `priors` to be risk.Priors, got {type(priors).__name__}.")
    bound = bind(model, priors)
    wanted = wanted_outcomes(bound, outcomes)
    grouped = _factors(priors, factors)
    checked = analysis.published(bound, priors)
    question = _question(model, priors, draws, replicates, seed, outcomes, factors)
    job = Job(bound, grouped, wanted, draws, seed, [])
    runs, job = run_replicates(job, replicates, executor, progress)
    drawn = analysis.draws(runs, job, priors)
    groups = {
        "draws": drawn,
        "sobol": analysis.sobol(runs, job, drawn, labels(priors)),
        "risk": analysis.risk(drawn),
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


def _check_numbers(draws: int, replicates: int, seed: int) -> None:
    given: dict[str, Any] = {"draws": draws, "replicates": replicates, "seed": seed}
    for name, value in given.items():
        if not isinstance(value, (int, np.integer)) or isinstance(value, bool):
            raise TypeError(f"Expected `{name}` to be an integer, got {value!r}.")
    if draws < 2 or draws & (draws - 1):
        near = 2 ** max(1, round(np.log2(max(draws, 2))))
        raise ValueError(
            f"Expected `draws` to be a power of two, got {draws}. A Sobol' net is balanced only "
            f"then; use {near}."
        )
    if replicates < 2:
        raise ValueError(
            f"Expected at least 2 `replicates`, got {replicates}. Intervals come from their spread."
        )


def _factors(priors: Priors, factors: Factors | None) -> dict[str, tuple[str, ...]]:
    """Every uncertain input in exactly one factor, correlated inputs together."""
    varying = [name for name in priors.uncertain if _varies(priors[name].marginal)]
    if not varying:
        raise ValueError("Expected at least one uncertain input, got fixed inputs only.")
    asked: Any = factors or {}
    lists = asked.values() if isinstance(asked, Mapping) else [""]
    if any(isinstance(names, str) or not names for names in lists):
        raise TypeError(
            f"Expected `factors` as label → list of inputs, got {factors!r}. "
            'Write for example {"cost": ["gpu_price", "utilisation"]}.'
        )
    grouped = {label: tuple(names) for label, names in (factors or {}).items()}
    named = [name for names in grouped.values() for name in names]
    wrong = [name for name in named if name not in varying]
    if wrong:
        what = "a fixed input, which is no factor" if wrong[0] in priors else "not an input"
        raise ValueError(
            f"Expected `factors` of uncertain inputs, got {wrong[0]!r}, {what}."
            + suggest(wrong[0], varying)
        )
    twice = {name for name in named if named.count(name) > 1}
    if twice:
        raise ValueError(f"Expected every input in one factor, got {sorted(twice)} in several.")
    for block in priors.map.blocks:
        split = [label for label, names in grouped.items() if block & set(names)]
        if split and not block <= set(grouped[split[0]]):
            raise ValueError(
                f"Expected the correlated inputs {sorted(block)} in one factor, got them split. "
                "Put them all in the same one."
            )
        if not split:
            members = tuple(name for name in priors.uncertain if name in block)
            grouped[" + ".join(members)] = members
    taken = {name for names in grouped.values() for name in names}
    singles = {name: (name,) for name in varying if name not in taken}
    clash = set(singles) & set(grouped)
    if clash:
        raise ValueError(f"Expected factor labels that are no inputs' names, got {sorted(clash)}.")
    ordered = {**grouped, **singles}
    first = {label: priors.uncertain.index(names[0]) for label, names in ordered.items()}
    return {label: ordered[label] for label in sorted(ordered, key=lambda k: first[k])}


def _varies(marginal: Any) -> bool:
    """Whether an input can take two values: a regime fixed in one state cannot."""
    return not isinstance(marginal, Categorical) or max(marginal.probabilities) < 1

"""`risk check`: what the engine made of a priors file, and what to mend in it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import NamedTuple

import xarray as xr

from risk.analysis.beliefs import beliefs
from risk.analysis.prior_influence import influence, pools
from risk.analysis.prior_sentences import Remark
from risk.analysis.prior_warnings import prior_warnings
from risk.memo.check import check_lines
from risk.memo.check_json import check_json
from risk.model_results import ModelError
from risk.priors import Priors
from risk.signature import Model
from risk.version import __version__

Progress = Callable[[int, int], None]


class Check(NamedTuple):
    """A priors file that can be used, looked at."""

    priors: Priors
    beliefs: xr.Dataset
    remarks: list[Remark]


def examine(model: Model, priors: Priors, today: date) -> Check:
    """What is believed, and every warning; a quick look with the model takes a second or two."""
    found = beliefs(priors, today)
    decides, pooled, failed = None, None, []
    if priors.uncertain:
        try:
            decides, pooled = influence(model, priors), pools(model, priors)
        except (ModelError, ValueError) as error:  # a regime fixed in one state is no factor
            first = str(error).partition("\n")[0]
            failed = [Remark("no quick look", (), f"Nothing is said of what decides: {first}")]
    return Check(priors, found, [*prior_warnings(priors, found, decides, pooled), *failed])


def summary(path: Path, priors: Priors) -> str:
    """What was read, in one line."""
    kinds = [prior.kind for prior in priors.values()]
    judged = sum(not prior.sources for prior in priors.values())
    return (
        f"{path}: ok. {priors.title}: {kinds.count('uncertain')} uncertain inputs, "
        f"{kinds.count('fact')} facts, {kinds.count('lever')} levers, {len(priors.published)} "
        f"published figures; {judged} inputs rest on judgement alone."
    )


def screen(check: Check, width: int, robust: Sequence[str] = ()) -> list[str]:
    """Everything under the first line."""
    texts = [remark.text for remark in check.remarks]
    return check_lines(check.beliefs, texts, width, robust)


def as_json(check: Check, files: Sequence[Path], robust: Sequence[str]) -> str:
    """The check as one JSON object."""
    warnings = [{"kind": r.kind, "names": list(r.names), "text": r.text} for r in check.remarks]
    return check_json(check.beliefs, warnings, list(map(str, files)), list(robust))


def figures(check: Check, out: Path) -> list[Path]:
    """Draw every prior into ``<out>/<case>``; nothing where no input is uncertain."""
    from risk.plots.priors import save_priors

    if not check.priors.uncertain:
        return []
    return save_priors(check.beliefs, out / check.priors.case, made_by=f"risk {__version__}")


def robust_lines(model: Model, check: Check, width: int, progress: Progress) -> list[str]:
    """How ranking and risk change when each prior is widened, narrowed or replaced."""
    from risk.analysis.robustness import robustness
    from risk.memo.robust import robust_screen

    with ThreadPoolExecutor() as threads:
        found = robustness(model, check.priors, executor=threads, progress=progress)
    return robust_screen(found, width)

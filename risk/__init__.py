"""Monte Carlo risk and sensitivity for the business models of AI labs.

Priors are data with sources. A design is a set of points in the unit cube; the priors map it to
named inputs. The model is a plain vectorised function of those names. An analysis reduces its
outcomes to labelled numbers, each with an interval. Figures and memos only read those numbers.

A map of the package, in the order in which data flows:

names, signature       dimension names; what a model's signature says
marginals, families    what a marginal is; distribution families as quantile functions
elicitation, data_fit  fitting them to quantiles and to data; experts pools several
copula, blocks         rank correlations; inputs that belong together
conditional            one belief for each state of a regime
dependence             unit cube → inputs: independent, in blocks, given regimes
priors, sources        what is believed of every input, and why
checks, block_checks   what does not fit, in the priors or between them and a model
prior_file (…)         TOML → priors, with every problem at its line and column
factors                what is exchanged together, and what it is called
tables                 quantile functions as tables, ten digits in a hundredth of the time
designs, evaluation    shifts of a scrambled Sobol' net; one checked call of a model
engine                 one replicate of a pick-freeze design, block by block
workers, processes     any executor; that of this machine's processes
checkpoint             finished replicates on disk
simulation             all replicates of a study; progress shows how far it is
stats                  estimators on plain arrays
analysis               estimators lifted to labelled data
study, identity, store the pipeline on one screen; names of questions; files
plots, memo, cli       what people see
model                  the profit model of an AI lab
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from risk.analysis import probability_below, what_if
    from risk.analysis.robustness import robustness
    from risk.blocks import Correlated, Shares
    from risk.checkpoint import CheckpointError, CheckpointWarning
    from risk.experts import Expert
    from risk.identity import run_id
    from risk.model import profit_model
    from risk.model_results import ModelError
    from risk.prior_file import PriorsError, read_priors
    from risk.priors import Prior, Priors
    from risk.progress import progress_bar
    from risk.sources import Evidence, Judgement, Observation, Published, Source
    from risk.store import open_study, save_study
    from risk.study import run_study
    from risk.version import __version__
    from risk.workers import WorkerError

__all__ = [
    "CheckpointError",
    "CheckpointWarning",
    "Correlated",
    "Evidence",
    "Expert",
    "Judgement",
    "ModelError",
    "Observation",
    "Prior",
    "Priors",
    "PriorsError",
    "Published",
    "Shares",
    "Source",
    "WorkerError",
    "__version__",
    "open_study",
    "probability_below",
    "profit_model",
    "progress_bar",
    "read_priors",
    "robustness",
    "run_id",
    "run_study",
    "save_study",
    "what_if",
]

_HOMES = {
    "risk.analysis": ("probability_below", "what_if"),
    "risk.analysis.robustness": ("robustness",),
    "risk.blocks": ("Correlated", "Shares"),
    "risk.model_results": ("ModelError",),
    "risk.experts": ("Expert",),
    "risk.model": ("profit_model",),
    "risk.prior_file": ("PriorsError", "read_priors"),
    "risk.priors": ("Prior", "Priors"),
    "risk.progress": ("progress_bar",),
    "risk.sources": ("Evidence", "Judgement", "Observation", "Published", "Source"),
    "risk.checkpoint": ("CheckpointError", "CheckpointWarning"),
    "risk.identity": ("run_id",),
    "risk.store": ("open_study", "save_study"),
    "risk.study": ("run_study",),
    "risk.version": ("__version__",),
    "risk.workers": ("WorkerError",),
}


def __getattr__(name: str) -> Any:
    """Public names are imported when first used, so that ``risk --help`` needs no SciPy."""
    for module, names in _HOMES.items():
        if name in names:
            return getattr(importlib.import_module(module), name)
    raise AttributeError(f"module 'risk' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

"""Priors as plain data: what the study records, what documents read, and what is hashed."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from risk.blocks import Shares
from risk.conditional import Conditional
from risk.marginals import Fit, Marginal

if TYPE_CHECKING:
    from risk.priors import Prior

PERCENTILES = (0.05, 0.5, 0.95)


def _parameters(marginal: Any) -> Any:
    if isinstance(marginal, Conditional):
        return {
            s: [getattr(m, "family", "fixed"), _parameters(m)]
            for s, m in marginal.marginals.items()
        }
    return marginal if isinstance(marginal, float) else dict(marginal.parameters)


def record(prior: Prior) -> dict[str, Any]:
    """One prior as plain data: numbers, text, sources."""
    marginal = prior.marginal
    quantiles = None
    if isinstance(marginal, Marginal):
        quantiles = [float(x) for x in marginal.ppf(np.array(PERCENTILES))]
    fixed = marginal if isinstance(marginal, float) else None
    return {
        "label": prior.label,
        "unit": prior.unit,
        "description": prior.description,
        "kind": prior.kind,
        "family": "given"
        if isinstance(marginal, Conditional)
        else getattr(marginal, "family", "fixed"),
        "parameters": _parameters(marginal),
        "text": f"{fixed:g}" if fixed is not None else str(marginal),
        "quantiles": quantiles,
        "value": fixed,
        "given": list(marginal.regimes) if isinstance(marginal, Conditional) else None,
        "fit": _fit_record(getattr(marginal, "fit", None)),
        "experts": [[e.who, e.weight, str(e.marginal)] for e in prior.experts],
        "theoretical": prior.theoretical,
        "step": prior.step,
        "sources": [asdict(source) for source in prior.sources],
        "judgement": asdict(prior.judgement) if prior.judgement else None,
        "evidence": [asdict(point) for point in prior.evidence],
    }


def _fit_record(fit: Fit | None) -> dict[str, Any] | None:
    """What a prior was fitted to, as plain data."""
    if fit is None:
        return None
    data = fit.data
    return {
        "asked": [[p, x] for p, x in fit.asked.items()],
        "misfit": fit.misfit,
        "runner_up": fit.runner_up,
        "data": None if data is None else [data.file, data.column, len(data.values), data.ks],
    }


def block_record(block: Any) -> dict[str, Any]:
    """A block as plain data, for the record and the hash of the priors."""
    if isinstance(block, Shares):
        own: dict[str, Any] = {
            "parameters": dict(block.parameters),
            "spread": None if block.spread is None else dict(block.spread),
        }
    else:
        df = block.degrees_of_freedom
        own = {
            "rank": block.rank,
            "degrees_of_freedom": None if math.isinf(df) else df,
            "given": list(block.given),
            "states": {
                s: [[a, b, r] for (a, b), r in p.items()] for s, p in block.by_state.items()
            },
            "repair": block.repair,
        }
    return {
        "kind": type(block).__name__.lower(),
        "name": block.name,
        "label": block.label,
        "innovations": block.innovations,
        **own,
        "sources": [asdict(source) for source in block.sources],
        "judgement": asdict(block.judgement) if block.judgement else None,
    }

"""Variants of priors: each input wider, narrower, and of the family that comes next."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from risk.blocks import Shares
from risk.conditional import Conditional
from risk.elicitation import LARGEST_MISFIT, families_by_misfit, from_quantiles
from risk.families import stretched
from risk.marginals import Categorical, Marginal
from risk.priors import Priors, labels
from risk.signature import Model, Quantity, read_signature

WIDER, NARROWER = 1.5, 0.5
QUANTILES = (0.05, 0.5, 0.95)  # that the family which comes next must return


class Variant(NamedTuple):
    """Priors with one belief changed."""

    input: str  # or the name of a block of shares
    label: str
    kind: str  # "wider", "narrower" or "other family"
    text: str  # what the belief became
    priors: Priors


def variants(priors: Priors, model: Model) -> Iterator[Variant]:
    """Every uncertain input half as wide again, half as wide, and of its runner-up family.

    Widths are those of normal scores, so that a share stays a share. A regime's probabilities go
    half way towards equal ones, or half way towards its likeliest state. Shares that sum to one are
    changed together. The other family has the same P5, P50 and P95, inside the model's range; an
    input that no other family fits to 5 % has no such variant.
    """
    named = labels(priors)
    ranges = read_signature(model).inputs
    shares = {name for b in priors.blocks if isinstance(b, Shares) for name in b.members}
    for name in priors.uncertain:
        if name in shares:
            continue
        believed = priors[name].marginal
        for kind, factor in (("wider", WIDER), ("narrower", NARROWER)):
            changed = _stretched(believed, factor)
            if changed is not None:
                text = f"{factor:g} × as wide"
                yield Variant(name, named[name], kind, text, priors.replace(**{name: changed}))
        other = _other_family(believed, ranges.get(name, Quantity()))
        if other is not None:
            changed = priors.replace(**{name: other})
            yield Variant(name, named[name], "other family", str(other), changed)
    for block in priors.blocks:
        if isinstance(block, Shares):
            for kind, factor in (("wider", WIDER), ("narrower", NARROWER)):
                text, label = f"{factor:g} × as wide", block.label or block.name
                yield Variant(block.name, label, kind, text, _with_shares(priors, block, factor))


def _stretched(believed: Any, factor: float) -> Any:
    """A belief made wider or narrower; None where it has no width."""
    if isinstance(believed, Categorical):
        p = np.array(believed.probabilities)
        towards = np.where(p > 0, 1.0, 0.0) if factor > 1 else (p == p.max()).astype(float)
        mixed = (p + towards / towards.sum()) / 2
        return None if p.max() == 1 else replace(believed, probabilities=tuple(mixed / mixed.sum()))
    if isinstance(believed, Conditional):
        states = {s: _stretched(m, factor) or m for s, m in believed.marginals.items()}
        return replace(believed, marginals=states)
    return stretched(believed, factor) if isinstance(believed, Marginal) else None


def _other_family(believed: Any, quantity: Quantity) -> Any:
    """The belief with the family that comes next, in every state of its regimes."""
    if isinstance(believed, Conditional):
        found = {
            state: (_runner_up(m, quantity) if isinstance(m, Marginal) else None) or m
            for state, m in believed.marginals.items()
        }
        same = all(found[state] is m for state, m in believed.marginals.items())
        return None if same else replace(believed, marginals=found)
    return _runner_up(believed, quantity) if isinstance(believed, Marginal) else None


def _runner_up(marginal: Marginal, quantity: Quantity) -> Marginal | None:
    """The closest other family inside the model's range, if one fits to 5 % of the range."""
    asked = dict(zip(QUANTILES, map(float, marginal.ppf(np.array(QUANTILES))), strict=True))
    for family, misfit in families_by_misfit(asked):
        if family != marginal.family and misfit <= LARGEST_MISFIT:
            with suppress(ValueError):  # too far from them once truncated
                return _inside(asked, family, quantity)
    return None


def _inside(asked: dict[float, float], family: str, quantity: Quantity) -> Marginal:
    """A family with these quantiles, truncated where it would leave the model's range."""
    found = from_quantiles(asked, family)
    low, high = found.support
    if low >= quantity.low and high <= quantity.high:
        return found
    minimum = quantity.low if low < quantity.low else -math.inf
    maximum = quantity.high if high > quantity.high else math.inf
    return from_quantiles(asked, family, minimum=minimum, maximum=maximum)


def _with_shares(priors: Priors, block: Shares, factor: float) -> Priors:
    """The priors with a block of shares wider or narrower around the same centre."""
    if block.spread is None:  # the variance of a Dirichlet goes with 1 / (1 + sum of alpha)
        own = {name: alpha / factor**2 for name, alpha in block.parameters.items()}
        changed = replace(block, parameters=own)
    else:
        changed = replace(block, spread={name: x * factor for name, x in block.spread.items()})
    return priors.replace_block(changed)

"""Inputs that belong together, as a check of priors shows them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from risk.analysis.labels import Variables, variable
from risk.blocks import Correlated
from risk.copula import rank_correlation, steps_of
from risk.dependence import Block
from risk.priors import Priors, labels

BLOCK, PAIR, MEMBER = "block", "pair", "member"


def block_variables(priors: Priors) -> tuple[Variables, dict[str, Any]]:
    """Blocks, the inputs in them along ``member``, and correlations along ``pair``.

    ``correlation`` is the rank correlation asked for, ``correlation_got`` the one that holds, which
    is another where a matrix had to be repaired.
    """
    named = labels(priors)
    pairs = [row for block in priors.blocks for row in _pairs(block, priors)]
    members = [(block.name, name) for block in priors.blocks for name in block.members]
    by_pair: Any = (PAIR,)
    variables = {
        "correlation": variable(by_pair, _floats([p[4] for p in pairs]), "1", "Rank correlation"),
        "correlation_got": variable(by_pair, _floats([p[5] for p in pairs]), "1", "That holds"),
    }
    words = {
        BLOCK: (BLOCK, [b.name for b in priors.blocks], "Block"),
        "block_label": (BLOCK, [b.label or b.name for b in priors.blocks], "Label of the block"),
        "block_kind": (BLOCK, [type(b).__name__.lower() for b in priors.blocks], "Kind"),
        "block_text": (BLOCK, [_text(b) for b in priors.blocks], "How they belong together"),
        "block_changes": (BLOCK, [_changes(b, priors) for b in priors.blocks], "Repairs"),
        "member_block": (MEMBER, [b for b, _ in members], "Block"),
        "member_input": (MEMBER, [n for _, n in members], "Input"),
        "pair_block": (PAIR, [p[0] for p in pairs], "Block"),
        "pair_state": (PAIR, [p[1] for p in pairs], "State in which it holds"),
        "pair_first": (PAIR, [named[p[2]] for p in pairs], "Label of the one"),
        "pair_second": (PAIR, [named[p[3]] for p in pairs], "Label of the other"),
    }
    coords = {
        key: variable((dim,), np.array(texts, dtype=object), "", long_name)
        for key, (dim, texts, long_name) in words.items()
    }
    return variables, coords


def _pairs(block: Block, priors: Priors) -> list[tuple[str, str, str, str, float, float]]:
    """Block, state, both inputs, correlation asked for and correlation that holds."""
    if not isinstance(block, Correlated):
        return []
    latent = priors.map.latent[block.name]
    at = {name: k for k, name in enumerate(block.members)}
    rows = []
    for k, (state, pairs) in enumerate(block.by_state.items()):
        matrix = latent.factors[k] @ latent.factors[k].T
        for (a, b), asked in pairs.items():
            got = asked
            if latent.shrinkage[k]:
                got = rank_correlation(
                    float(matrix[at[a], at[b]]),
                    block.rank,
                    steps=(steps_of(priors[a].marginal), steps_of(priors[b].marginal)),
                    degrees_of_freedom=block.degrees_of_freedom,
                )
            rows.append((block.name, state, a, b, asked, got))
    return rows


def _text(block: Block) -> str:
    """How the inputs of a block belong together: "Spearman, Gaussian copula, one factor"."""
    factors = "a factor each" if block.innovations else "one factor"
    if not isinstance(block, Correlated):
        return f"{'Dirichlet' if block.spread is None else 'logistic normal'}, {factors}"
    df = block.degrees_of_freedom
    copula = "Gaussian copula" if math.isinf(df) else f"t copula with {df:g} degrees of freedom"
    rank = "Spearman’s" if block.rank == "spearman" else "Kendall’s"
    return f"{rank} rank correlations, {copula}, {factors}"


def _changes(block: Block, priors: Priors) -> str:
    own = priors.map.latent.get(block.name)
    return "; ".join(own.changes) if own else ""


def _floats(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)

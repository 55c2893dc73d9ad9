"""Where the claim stands in what is believed, and whether the sources are still good."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import numpy as np
from numpy.typing import NDArray

from risk.analysis.belief_rows import Row, below
from risk.analysis.labels import Variables, variable
from risk.marginals import Categorical
from risk.names import END, INPUT
from risk.priors import Priors
from risk.sources import Source

EXCLUDED = 0.01  # probability on one side of a claim, itself included, below which it is excluded
_YEAR = 365  # days after which a source is to be read again
_SHADES = {"+": 0, "": 1, "-": 2}
_UNIT = "unit of the input"


def claim_variables(rows: Sequence[Row], priors: Priors) -> Variables:
    """The claim, its percentile, and whether it is outside P1–P99 of what is believed.

    A claimed state is excluded where it is less likely than 1 %.
    """
    value, under, over, low, high = np.full((5, len(rows)), math.nan)
    likely = np.full(len(rows), math.nan)  # of a claimed state
    states = []
    for k, row in enumerate(rows):
        claim = priors[row.name].theoretical
        states.append(claim if isinstance(claim, str) and not row.part else "")
        if isinstance(row.belief, Categorical):
            if states[-1]:
                likely[k] = row.belief.parameters[states[-1]]
            continue
        fixed = isinstance(row.belief, float)
        low[k], high[k] = (row.belief,) * 2 if fixed else row.belief.support
        if isinstance(claim, float):
            value[k] = claim
            under[k], over[k] = below(row.belief, claim)
    with np.errstate(invalid="ignore"):
        excluded = (1 - over < EXCLUDED) | (1 - under < EXCLUDED) | (likely < EXCLUDED)
    by = (INPUT,)
    ends = np.stack([low, high], axis=-1)
    named = np.array(states, dtype=object)
    return {
        "theoretical": variable(by, value, _UNIT, "What the claim assumes"),
        "theoretical_state": variable(by, named, "", "State that the claim assumes"),
        "theoretical_percentile": variable(by, (under + 1 - over) / 2, "1", "Its percentile"),
        "probability_below_theoretical": variable(by, under, "1", "Probability of less"),
        "probability_above_theoretical": variable(by, over, "1", "Probability of more"),
        "excluded": variable(by, excluded, "", "Whether the claim is outside P1–P99"),
        "support": variable((INPUT, END), ends, _UNIT, "Smallest and largest possible value"),
    }


def source_variables(rows: Sequence[Row], priors: Priors, today: date) -> Variables:
    """Whether an input rests on judgement alone, or on sources that must be read again."""
    own = [priors[row.name] for row in rows]
    alone: NDArray[np.bool_] = np.array([not p.sources for p in own], dtype=bool)
    old: NDArray[np.bool_] = np.array([outdated(p.sources, today) for p in own], dtype=bool)
    return {
        "judged_alone": variable((INPUT,), alone, "", "Rests on judgement alone"),
        "outdated": variable((INPUT,), old, "", "Every source is recalled or older than a year"),
    }


def outdated(sources: Sequence[Source], today: date) -> bool:
    """Whether every source is recalled (grade R) or was read more than a year ago.

    A source that does not say when it was read is not.

    >>> outdated([Source("A quote", read="2025-11-22")], date(2026, 11, 23))
    True
    """
    return bool(sources) and all(s.grade[:1] == "R" or _old(s.read, today) for s in sources)


def _old(read: str, today: date) -> bool:
    try:
        return (today - date.fromisoformat(read)).days > _YEAR
    except ValueError:
        return False


def grades(sources: Sequence[Source]) -> str:
    """Grades of the sources, the best first, each once: "A, B+"."""
    known = {s.grade for s in sources if s.grade}
    return ", ".join(sorted(known, key=lambda g: (g[0], _SHADES.get(g[1:], 1))))

"""Which conclusions survive other priors, as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.memo.formats import number
from risk.memo.layout import Group, table, wrapped
from risk.memo.tables import GAPS, NOT_EARNED, RISKS

LOSSES = 3  # outcomes at most whose probability of loss is shown
RANKED = 2  # and whose ranking is, of a model that is not the profit model


class Conclusion(NamedTuple):
    """Something that the priors say, and the variants in which it does not hold."""

    says: str
    value: str  # under the priors as they are
    fails: list[str]


def robust_screen(found: xr.Dataset, width: int = 100) -> list[str]:
    """Lines that say which conclusions survive when each prior is widened, narrowed or replaced."""
    tried = found.sizes["variant"] - 1
    rows, notes = [], []
    for conclusion in conclusions(found):
        kept = tried - len(conclusion.fails)
        rows.append([conclusion.says, conclusion.value, f"{kept} of {tried}"])
        if conclusion.fails:
            notes.append(f"{conclusion.says}, but not with {'; '.join(conclusion.fails)}.")
    heading = "Conclusions under other priors"
    how = (
        "Each prior half as wide again, half as wide (in normal scores), and of the family that "
        "comes next with the same P5, P50 and P95; one at a time."
    )
    lines = table(heading, [Group("", ["as they are", "survives"])], rows, width)
    return [*lines, *(line for text in (how, *notes) for line in wrapped(text, width))]


def conclusions(found: xr.Dataset) -> Iterator[Conclusion]:
    """What the priors say of the ranking and of losses, with the variants that say otherwise."""
    names = [str(name) for name in found["outcome"].values]
    ranked = [name for name in names if _ranks(found, name)]
    for outcome in [name for name in GAPS if name in ranked] or ranked[:RANKED]:
        yield _leader(found, outcome)
        yield _top_three(found, outcome)
    earned = [name for name in names if not NOT_EARNED & set(name.split("_"))]
    lost = [name for name in earned if 0 < found["probability_of_loss"].sel(outcome=name)[0] < 1]
    for outcome in [name for name in RISKS if name in lost] or lost[:LOSSES]:
        probability = found["probability_of_loss"].sel(outcome=outcome).values
        yield _loss(found, outcome, probability)


def _ranks(found: xr.Dataset, outcome: str) -> bool:
    return bool(np.isfinite(found["total_order"].sel(outcome=outcome).isel(variant=0)).any())


def _leader(found: xr.Dataset, outcome: str) -> Conclusion:
    """Which factor ranks first; it does not where another is resolved to."""
    total = found["total_order"].sel(outcome=outcome).values
    low = found["rank_low"].sel(outcome=outcome).values
    names = found["factor_label"].values
    first = int(np.nanargmax(total[0]))
    fails = [
        f"{_what(found, v)} ({names[int(np.nanargmax(total[v]))]} leads, "
        f"{np.nanmax(total[v]):.2f} to {total[v, first]:.2f})"
        for v in range(1, len(total))
        if low[v, first] > 1
    ]
    label = _label(found, outcome)
    return Conclusion(f"{names[first]} ranks first in the {label}", f"{total[0, first]:.2f}", fails)


def _top_three(found: xr.Dataset, outcome: str) -> Conclusion:
    """Which three lead; they do not where one of them is resolved to be behind."""
    total = found["total_order"].sel(outcome=outcome).values
    low = found["rank_low"].sel(outcome=outcome).values
    names = found["factor_label"].values
    three = np.argsort(-np.nan_to_num(total[0], nan=-1.0), kind="stable")[:3]
    fails = []
    for v in range(1, len(total)):
        behind = [str(names[k]) for k in three if low[v, k] > len(three)]
        if behind:
            fails.append(f"{_what(found, v)} ({' and '.join(behind)} falls out)")
    listed = ", ".join(str(names[k]) for k in three)
    says = f"The three that lead the {_label(found, outcome)} are {listed}"
    return Conclusion(says, ", ".join(f"{total[0, k]:.2f}" for k in three), fails)


def _loss(found: xr.Dataset, outcome: str, probability: NDArray[np.float64]) -> Conclusion:
    """Whether a loss is likelier than not, and the range over all variants."""
    likely = probability[0] > 0.5
    low, high = int(np.argmin(probability)), int(np.argmax(probability))
    text = [number(float(probability[v]), "1", None, "en", "probability") for v in (0, low, high)]
    label = _label(found, outcome)
    says = (
        f"{label[:1].upper()}{label[1:]} is below zero in {'more' if likely else 'less'} than half "
        f"of cases ({text[1]} with {_what(found, low)}, {text[2]} with {_what(found, high)})"
    )
    other = [v for v in range(1, len(probability)) if (probability[v] > 0.5) != likely]
    return Conclusion(says, text[0], [_what(found, v) for v in other])


def _what(found: xr.Dataset, variant: int) -> str:
    """What a variant changed: "GPU price wider", "Paid user share of another family"."""
    if variant == 0:
        return "the priors as they are"
    kind = str(found["variant_kind"].values[variant])
    label = str(found["variant_label"].values[variant])
    return f"{label} of another family" if kind == "other family" else f"{label} {kind}"


def _label(found: xr.Dataset, outcome: str) -> str:
    text = str(found["outcome_label"].sel(outcome=outcome).item())
    return text[:1].lower() + text[1:] if text[1:2].islower() else text

"""What an analyst should know or mend before trusting priors: one plain sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

import numpy as np
import xarray as xr

from risk.analysis.belief_claims import outdated
from risk.analysis.prior_doubts import decided, differing_pools, doubtful_fits, repaired
from risk.analysis.prior_sentences import Reading, Remark, joined, listed, lower, percent, plural
from risk.names import FACTOR, OUTCOME
from risk.priors import Priors, labels

MATTERS = 0.1  # total-order index from which it is said which prior needs a source first
NARROW = 0.01  # of its size: a prior whose P5–P95 and standard deviation are less is a fact


def prior_warnings(
    priors: Priors,
    beliefs: xr.Dataset,
    influence: xr.Dataset | None = None,
    pools: xr.Dataset | None = None,
) -> list[Remark]:
    """Every warning on some priors, what a claim or a decision hangs on first.

    Parameters
    ----------
    priors
        The case.
    beliefs
        What `risk.analysis.beliefs.beliefs` says of it.
    influence, pools
        What `risk.analysis.prior_influence` says of it with a model; None leaves out what only
        a model can tell.

    Examples
    --------
    >>> from scipy.stats import norm
    >>> import risk
    >>> from risk.analysis.beliefs import beliefs
    >>> x = risk.Prior(norm(5, 0.001), unit="USD", label="Price", theoretical=6, source="a quote")
    >>> case = risk.Priors({"price": x})
    >>> [r.kind for r in prior_warnings(case, beliefs(case, date(2026, 11, 23)))]
    ['claim excluded', 'fact in disguise']
    """
    today = date.fromisoformat(beliefs.attrs["checked"])
    whole = Reading.whole(beliefs)
    return [
        *_claims(whole),
        *decided(whole, influence),
        *differing_pools(whole, pools),
        *_narrow(whole),
        *_judged(whole, influence),
        *_old(priors, today),
        *_tails(whole),
        *doubtful_fits(beliefs, whole),
        *repaired(beliefs),
    ]


def _claims(whole: Reading) -> Iterator[Remark]:
    """Claims that the priors nearly exclude: inside, at the end of, and beyond what is possible."""
    at_end: list[int] = []
    beyond: list[int] = []
    for k in map(int, np.flatnonzero(whole.data["excluded"].values)):
        claim, (low, high) = whole.number("theoretical", k), whole.data["support"].values[k]
        if whole.data["theoretical_state"].values[k]:
            yield _unlikely_state(whole, k)
        elif low < claim < high:
            side = "below P1" if claim < whole.number("mean", k) else "above P99"
            yield Remark(
                "claim excluded",
                (whole.name(k),),
                f"{whole.label(k)}: the claim of {whole.value(claim, k)} is {side} of its prior "
                f"(P5–P95 {whole.band(k)}), which nearly excludes it. Widen the prior if the claim "
                "may be right, or say in the memo why it is not.",
            )
        else:
            (at_end if claim in (low, high) else beyond).append(k)
    if at_end:
        each = [f"{whole.label(k)} {whole.bare('theoretical', k)}" for k in at_end]
        yield Remark(
            "claim at the limit",
            tuple(map(whole.name, at_end)),
            f"The claim takes the very limit of {plural(len(at_end), 'prior')}, outside P1–P99: "
            f"{listed(each)}. An ideal case is no error; but where it may hold, give that value a "
            "probability of its own.",
        )
    if beyond:
        yield Remark(
            "claim impossible",
            tuple(map(whole.name, beyond)),
            f"The claim is outside all that {plural(len(beyond), 'prior')} can be: "
            f"{listed([whole.beyond(k) for k in beyond])}. Widen the prior if the claim may be "
            "right; else this part of the gap is certain by assumption: say so in the memo.",
        )


def _unlikely_state(whole: Reading, k: int) -> Remark:
    state = whole.data["theoretical_state"].values[k]
    return Remark(
        "claim excluded",
        (whole.name(k),),
        f"{whole.label(k)}: the claim assumes the state {state}, which has a probability below 1%. "
        "Give it more if the claim may be right, or say in the memo why it is not.",
    )


def _narrow(whole: Reading) -> Iterator[Remark]:
    """Priors so narrow that they are facts."""
    for k in range(len(whole)):
        low, _, high = whole.data["quantile"].values[k]
        size = max(abs(low), abs(high))
        if high - low <= NARROW * size and whole.number("standard_deviation", k) <= NARROW * size:
            yield Remark(
                "fact in disguise",
                (whole.name(k),),
                f"{whole.label(k)}: P5 to P95 is {whole.band(k)}, within {percent(NARROW)}: a "
                "fact in disguise. Write it as `fact`, or widen it to what is not known.",
            )


def _judged(whole: Reading, influence: xr.Dataset | None) -> Iterator[Remark]:
    """Priors without any source, and the one of them that matters most."""
    alone = [int(k) for k in np.flatnonzero(whole.data["judged_alone"].values)]
    if not alone:
        return
    names = tuple(map(whole.name, alone))
    first = _heaviest(names, influence)
    todo = f"Look for a source of {first} first" if first else "Look for sources"
    rest = "rests" if len(alone) == 1 else "rest"
    yield Remark(
        "judgement only",
        names,
        f"{len(alone)} of {plural(len(whole), 'prior')} {rest} on judgement alone: "
        f"{listed([whole.label(k) for k in alone])}. {todo}.",
    )


def _heaviest(names: Sequence[str], influence: xr.Dataset | None) -> str:
    """Of some inputs the one with the largest index of any headline outcome, and that index."""
    if influence is None:
        return ""
    known = [str(name) for name in influence["factor_inputs"].values]
    total = influence["total_order"].transpose(FACTOR, OUTCOME).values
    able = [k for k, name in enumerate(known) if name in names and not np.isnan(total[k]).all()]
    if not able:
        return ""
    k = max(able, key=lambda k: float(np.nanmax(total[k])))
    if np.nanmax(total[k]) < MATTERS:
        return ""
    outcome = lower(str(influence["outcome_label"].values[int(np.nanargmax(total[k]))]))
    label = str(influence["factor_label"].values[k])
    share = percent(float(np.nanmax(total[k])))
    return f"{label} (total effect on {outcome} {share})"


def _old(priors: Priors, today: date) -> Iterator[Remark]:
    """Inputs and blocks of which every source is recalled or old."""
    named = dict(labels(priors)) | {b.name: b.label or b.name for b in priors.blocks}
    every = {**{name: p.sources for name, p in priors.items()},
             **{block.name: block.sources for block in priors.blocks}}  # fmt: skip
    found = [name for name, sources in every.items() if outdated(sources, today)]
    if found:
        yield Remark(
            "outdated sources",
            tuple(found),
            f"Every source of {joined([named[name] for name in found])} is recalled (grade R) or "
            "was read more than a year ago. Read them again and correct the numbers.",
        )


def _tails(whole: Reading) -> Iterator[Remark]:
    for k in map(int, np.flatnonzero(np.isinf(whole.data["standard_deviation"].values))):
        yield Remark(
            "no variance",
            (whole.name(k),),
            f"{whole.label(k)}: its tail has no variance, so variance-based indices will not "
            "converge. Truncate it or use a lighter family.",
        )

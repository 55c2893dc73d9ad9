"""What an analyst should know or mend before trusting priors: one plain sentence each."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from risk.analysis.beliefs import outdated
from risk.analysis.prior_sentences import (
    Reading,
    capital,
    joined,
    listed,
    percent,
    plural,
)
from risk.names import FACTOR, INPUT, OUTCOME
from risk.priors import Priors, labels

EXCLUDED = 0.01  # probability on one side of a claim, itself included, below which it is excluded
DECIDES = 0.5  # first-order index from which one prior decides an outcome
NARROW = 0.01  # of its size: a prior whose P5–P95 and standard deviation are less is a fact
MISFIT = 0.01  # of the range of the quantiles asked for
EQUAL = 1e-4  # of that range: two families that miss the quantiles so alike fit them as well
UNLIKELY = 0.05  # p-value below which data speak against a family
POOLS_DIFFER = 0.01  # difference between two probabilities of loss that is worth a sentence


class Remark(NamedTuple):
    """One warning: what it is about, the inputs or blocks concerned, and the sentence."""

    kind: str
    names: tuple[str, ...]
    text: str


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
        *_influential(influence),
        *_pools(priors, pools),
        *_narrow(whole),
        *_judged(whole, influence),
        *_old(priors, today),
        *_tails(whole),
        *_fits(beliefs, whole),
        *_repairs(beliefs),
    ]


def is_excluded(beliefs: xr.Dataset) -> Any:
    """Which rows have a claim outside P1–P99, or a claimed state less likely than 1 %."""
    under = beliefs["probability_below_theoretical"].values
    over = beliefs["probability_above_theoretical"].values
    with np.errstate(invalid="ignore"):
        outside = (1 - over < EXCLUDED) | (1 - under < EXCLUDED)
    for k, state in enumerate(beliefs["theoretical_state"].values):
        own = beliefs["state_input"].values == beliefs[INPUT].values[k]
        likely = beliefs["state_probability"].values[own & (beliefs["state_name"].values == state)]
        outside[k] |= bool(state) and likely.size > 0 and float(likely[0]) < EXCLUDED
    return outside


def _claims(whole: Reading) -> Iterator[Remark]:
    """Claims that the priors nearly exclude: inside, at the end of, and beyond what is possible."""
    at_end: list[int] = []
    beyond: list[int] = []
    for k in np.flatnonzero(is_excluded(whole.data)):
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
            (at_end if claim in (low, high) else beyond).append(int(k))
    if at_end:
        each = [f"{whole.label(k)} {whole.value(whole.number('theoretical', k), k)}" for k in at_end]
        yield Remark(
            "claim at the limit",
            tuple(map(whole.name, at_end)),
            f"The claim takes the limit of what {plural(len(at_end), 'prior')} can reach, outside "
            f"P1–P99: {listed(each)}. That is the ideal case, not an error; where it may hold, give "
            "the value a probability of its own.",
        )
    if beyond:
        yield Remark(
            "claim impossible",
            tuple(map(whole.name, beyond)),
            f"The claim is outside what {plural(len(beyond), 'prior')} can be at all: "
            f"{listed([whole.beyond(k) for k in beyond])}. Widen the prior if the claim may be "
            "right; else the gap is certain by assumption, and the memo should say so.",
        )


def _unlikely_state(whole: Reading, k: int) -> Remark:
    state = whole.data["theoretical_state"].values[k]
    return Remark(
        "claim excluded",
        (whole.name(k),),
        f"{whole.label(k)}: the claim assumes the state {state}, which has a probability below 1%. "
        "Give it more if the claim may be right, or say in the memo why it is not.",
    )


def _influential(influence: xr.Dataset | None) -> Iterator[Remark]:
    """Priors, or blocks of them, that decide a headline outcome alone."""
    if influence is None:
        return
    first = influence["first_order"].transpose(FACTOR, OUTCOME).values
    outcomes = [str(text) for text in influence["outcome_label"].values]
    for k, factor in enumerate(influence[FACTOR].values):
        shares = [(o, float(s)) for o, s in zip(outcomes, first[k], strict=True) if s >= DECIDES]
        if shares:
            label = str(influence["factor_label"].values[k])
            inputs = str(influence["factor_inputs"].values[k]).split(" + ")
            what = f"{label} (a block of {len(inputs)} inputs)" if len(inputs) > 1 else label
            said = [f"{percent(share)} of the variance of {o[:1].lower()}{o[1:]}" for o, share in
                    shares]  # fmt: skip
            yield Remark(
                "prior decides",
                tuple(inputs),
                f"{what} fixes the answer: alone it explains about {joined(said)}. Spend the "
                f"effort on its evidence, and run --robust. [{factor}]",
            )


def _pools(priors: Priors, pools: xr.Dataset | None) -> Iterator[Remark]:
    """Experts whose pooling changes the probability of a loss."""
    named = labels(priors)
    for name in [] if pools is None else map(str, pools[INPUT].values):
        assert pools is not None
        own = pools.sel({INPUT: name})
        linear, logarithmic = map(float, own["probability_of_loss"].values)
        what = f"P({str(pools.attrs['loss_of']).replace('_', ' ')} < 0)"
        problem = str(own["problem"].values[1])
        if problem:
            yield Remark(
                "no logarithmic pool",
                (name,),
                f"{named[name]}: the experts have no logarithmic pool to compare the linear one "
                f"with ({problem.rstrip('.')}).",
            )
        elif abs(linear - logarithmic) >= POOLS_DIFFER:
            yield Remark(
                "pools differ",
                (name,),
                f"{named[name]}: its experts disagree, and {what} is {percent(linear)} under the "
                f"linear pool and {percent(logarithmic)} under the logarithmic one (the file uses "
                f"the {priors[name].pool}). Ask them what they know that the others do not.",
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
                f"{whole.label(k)}: P5 to P95 is {whole.band(k)}, within {percent(NARROW)}, so the "
                "prior is a fact in disguise. Write it as `fact`, or widen it to what is not known.",
            )


def _judged(whole: Reading, influence: xr.Dataset | None) -> Iterator[Remark]:
    """Priors without any source, and the one of them that matters most."""
    alone = np.flatnonzero(whole.data["judged_alone"].values)
    if not len(alone):
        return
    names = tuple(map(whole.name, alone))
    first = _heaviest(names, influence)
    todo = f"Look for a source for {first} first" if first else "Look for sources"
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
    outcome = str(influence["outcome_label"].values[int(np.nanargmax(total[k]))])
    label = str(influence["factor_label"].values[k])
    share = percent(float(np.nanmax(total[k])))
    return f"{label} (total effect on {outcome[:1].lower()}{outcome[1:]} {share})"


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
    for k in np.flatnonzero(np.isinf(whole.data["standard_deviation"].values)):
        yield Remark(
            "no variance",
            (whole.name(k),),
            f"{whole.label(k)}: its tail has no variance, so variance-based indices will not "
            "converge. Truncate it or use a lighter family.",
        )


def _fits(data: xr.Dataset, whole: Reading) -> Iterator[Remark]:
    """Fits that miss what was asked, ties between families, and data that disagree."""
    for j in range(data.sizes["fit"]):
        name, part = str(data["fit_input"].values[j]), str(data["fit_part"].values[j])
        k, family = whole.find(name), str(data["fit_family"].values[j])
        who = f"{whole.label(k)}{f', {part}' if part else ''}"
        own = data["asked_fit"].values == j
        asked, got = data["asked_quantile"].values[own], data["got_quantile"].values[own]
        at = [f"P{100 * p:g}" for p in data["asked_probability"].values[own]]
        misfit, other = float(data["misfit"].values[j]), str(data["fit_runner_up"].values[j])
        p_value = float(data["p_value"].values[j])
        count = int(data["data_count"].values[j])
        tied = abs(float(data["runner_up_misfit"].values[j]) - misfit) < EQUAL
        if misfit > MISFIT and not count:
            yield Remark(
                "misfit",
                (name,),
                f"{who}: the {family.replace('_', ' ')} misses its quantiles by {percent(misfit)} "
                f"of their range: {whole.pairs(at, asked, k)} asked, {whole.pairs(at, got, k)} "
                'got. Try family = "best" or "metalog", or check the quantiles.',
            )
        if other and len(asked) == 2 and not count and tied:
            yield Remark(
                "two quantiles",
                (name,),
                f"{who}: two quantiles fit several families as well; the engine took "
                f"{family.replace('_', ' ')}, and {other.replace('_', ' ')} comes next. Name the "
                "family or give a third quantile.",
            )
        if not math.isnan(p_value) and p_value < UNLIKELY:
            distance = float(data["kolmogorov"].values[j])
            yield Remark(
                "data disagree",
                (name,),
                f"{who}: its {count} values do not look like the {family.replace('_', ' ')} fitted "
                f"to them (largest distance {percent(distance)}, p = {p_value:.2g}). Choose another "
                'family, or family = "empirical".',
            )


def _repairs(data: xr.Dataset) -> Iterator[Remark]:
    """Correlations that could not hold together and were shrunk."""
    for block, label in zip(data["block"].values, data["block_label"].values, strict=True):
        own = data["pair_block"].values == block
        pairs = [
            f"{a} and {b}{f' ({state})' if state else ''} {got:.2f} instead of {asked:g}"
            for a, b, state, asked, got in zip(
                *(data[key].values[own] for key in ("pair_first", "pair_second", "pair_state",
                                                    "correlation", "correlation_got")),
                strict=True,
            )
            if abs(asked - got) > 1e-9
        ]  # fmt: skip
        if pairs:
            yield Remark(
                "correlations repaired",
                (str(block),),
                f"{capital(str(label))}: the correlations asked for cannot hold together and were "
                f"shrunk: {listed(pairs)}. Ask which of them is least sure, and lower it.",
            )

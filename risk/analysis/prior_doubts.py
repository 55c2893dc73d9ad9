"""Warnings that take more than one look: what decides, pools, fits, and correlations."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

import xarray as xr

from risk.analysis.prior_sentences import Reading, Remark, joined, listed, lower, percent
from risk.names import FACTOR, INPUT, OUTCOME

DECIDES = 0.5  # first-order index from which one prior decides an outcome
MISFIT = 0.01  # of the range of the quantiles asked for
EQUAL = 1e-4  # of that range: two families that miss the quantiles so alike fit them as well
UNLIKELY = 0.05  # p-value below which data speak against a family
POOLS_DIFFER = 0.01  # difference between two probabilities of loss that is worth a sentence


def decided(whole: Reading, influence: xr.Dataset | None) -> Iterator[Remark]:
    """Priors, or blocks of them, that decide a headline outcome alone."""
    if influence is None:
        return
    first = influence["first_order"].transpose(FACTOR, OUTCOME).values
    outcomes = [lower(str(text)) for text in influence["outcome_label"].values]
    tamed = influence["transform"].values == "asinh"
    for k, inputs in enumerate(influence["factor_inputs"].values):
        label, names = str(influence["factor_label"].values[k]), str(inputs).split(" + ")
        if len(names) > 1:
            label += f" ({joined([whole.label(whole.find(name)) for name in names])} together)"
        shares = zip(outcomes, map(float, first[k]), strict=True)
        said = [f"{percent(x)} of the variance of {what}" for what, x in shares if x >= DECIDES]
        how = ", heavy tails tamed by asinh" if tamed[first[k] >= DECIDES].any() else ""
        if said:
            yield Remark(
                "prior decides",
                tuple(names),
                f"{label} fixes the answer: alone it explains about {joined(said)}{how}. Spend the "
                "effort on its evidence, and see with --robust what another prior would say.",
            )


def differing_pools(whole: Reading, pools: xr.Dataset | None) -> Iterator[Remark]:
    """Experts whose pooling changes the probability of a loss."""
    if pools is None:
        return
    what = f"P({str(pools.attrs['loss_of']).replace('_', ' ')} < 0)"
    for name in map(str, pools[INPUT].values):
        own = pools.sel({INPUT: name})
        linear, logarithmic = map(float, own["probability_of_loss"].values)
        problem = next(filter(None, map(str, own["problem"].values)), "")
        label, used = (f(whole.find(name)) for f in (whole.label, whole.pool))
        if problem:
            yield Remark(
                "pool impossible",
                (name,),
                f"{label}: its experts cannot be pooled in both ways, so nothing is said of what "
                f"the pool changes: {problem}",
            )
        elif abs(linear - logarithmic) >= POOLS_DIFFER:
            yield Remark(
                "pools differ",
                (name,),
                f"{label}: its experts disagree. {what} is {percent(linear)} under the linear pool "
                f"and {percent(logarithmic)} under the logarithmic one; the file takes the {used} "
                "one. Settle why they differ, or show both numbers.",
            )


class _Fit(NamedTuple):
    """One fit as sentences need it."""

    who: str
    family: str
    runner_up: str
    asked: str
    got: str
    quantiles: int
    misfit: float
    tied: bool
    size: int
    distance: float
    p_value: float


def _fit(data: xr.Dataset, j: int, whole: Reading) -> _Fit:
    k, part = whole.find(str(data["fit_input"].values[j])), str(data["fit_part"].values[j])
    own = data["asked_fit"].values == j
    at = [f"P{100 * p:g}" for p in data["asked_probability"].values[own]]
    misfit, other = (float(data[key].values[j]) for key in ("misfit", "runner_up_misfit"))
    family, runner_up = (
        str(data[key].values[j]).replace("_", " ") for key in ("fit_family", "fit_runner_up")
    )
    asked, got = (
        whole.pairs(at, data[key].values[own], k) for key in ("asked_quantile", "got_quantile")
    )
    return _Fit(
        who=f"{whole.label(k)}, {part}" if part else whole.label(k),
        family=family,
        runner_up=runner_up,
        asked=asked,
        got=got,
        quantiles=len(at),
        misfit=misfit,
        tied=bool(runner_up) and abs(other - misfit) < EQUAL,
        size=int(data["data_count"].values[j]),
        distance=float(data["kolmogorov"].values[j]),
        p_value=float(data["p_value"].values[j]),
    )


def doubtful_fits(data: xr.Dataset, whole: Reading) -> Iterator[Remark]:
    """Fits that miss what was asked, ties between families, and data that disagree."""
    for j, name in enumerate(map(str, data["fit_input"].values)):
        fit = _fit(data, j, whole)
        if fit.misfit > MISFIT and not fit.size:
            yield Remark(
                "misfit",
                (name,),
                f"{fit.who}: the {fit.family} misses its quantiles by {percent(fit.misfit)} of "
                f"their range: asked {fit.asked}, got {fit.got}. Take a family that has them "
                '(family = "best", or "metalog"), or check them.',
            )
        if fit.tied and fit.quantiles == 2 and not fit.size:
            yield Remark(
                "two quantiles",
                (name,),
                f"{fit.who}: several families fit two quantiles as well; the engine took "
                f"{fit.family}, and {fit.runner_up} comes next. Name the family, or give a third "
                "quantile.",
            )
        if not math.isnan(fit.p_value) and fit.p_value < UNLIKELY:
            yield Remark(
                "data disagree",
                (name,),
                f"{fit.who}: its {fit.size} values do not look like the {fit.family} fitted to "
                f"them (Kolmogorov’s distance {percent(fit.distance)}, p = {fit.p_value:.2g}). "
                'Choose another family, or family = "empirical".',
            )


def repaired(data: xr.Dataset) -> Iterator[Remark]:
    """Correlations that could not hold together and were shrunk."""
    keys = ("pair_first", "pair_second", "pair_state", "correlation", "correlation_got")
    for block, label in zip(data["block"].values, data["block_label"].values, strict=True):
        own = data["pair_block"].values == block
        pairs = zip(*(data[key].values[own] for key in keys), strict=True)
        said = [
            f"{a} and {b}{f' ({state})' if state else ''} {_signed(f'{got:.2f}')} instead of "
            f"{_signed(f'{asked:g}')}"
            for a, b, state, asked, got in pairs
            if abs(asked - got) > 1e-9
        ]
        if said:
            yield Remark(
                "correlations repaired",
                (str(block),),
                f"{label}: the correlations asked for cannot hold together and were shrunk: "
                f"{listed(said)}. Lower the one that is least sure.",
            )


def _signed(text: str) -> str:
    """A number with the minus of print."""
    return text.replace("-", "−")

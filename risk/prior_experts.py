"""From the tables [[inputs.NAME.experts]] to what several experts believe of one number."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from risk.checks import UNKNOWN
from risk.experts import Expert, pooled
from risk.families.composed import is_discrete
from risk.marginals import Categorical
from risk.prior_belief import build_belief, parts
from risk.prior_report import Belief, Reading
from risk.prior_schema import ExpertSchema
from risk.priors import Prior


def expert_name(name: str) -> str:
    """The categorical input that says which expert is right about an input."""
    return f"{name}_expert"


def build_experts(belief: Belief, reading: Reading) -> list[Expert]:
    """What the experts of an input believe, `UNKNOWN` where that cannot be built."""
    report, found = reading.report, []
    pooled_ones = belief.schema.expert_factor is not True
    named: dict[str, str] = {}
    for own in parts(belief, "experts", ExpertSchema):
        if "family" not in own.table:
            report.add(own.at("family"), "missing, add it")
        marginal = build_belief(own, reading)
        if isinstance(marginal, Categorical):
            report.add(own.at("family"), "expected a family of numbers, choose one")
            marginal = UNKNOWN
        elif pooled_ones and marginal is not UNKNOWN and is_discrete(marginal):
            what = "experts of whom one is discrete cannot be pooled, choose a continuous family"
            report.add(own.at("family"), f"{what} or set expert_factor = true")
            marginal = UNKNOWN
        if own.has("who"):
            state = _state(own.schema.who)
            what = "" if state else "expected a name with a letter or a digit, rename it"
            if state in named:
                what = f"another expert is called {named[state]!r}, rename one of them"
            if what:
                report.add(own.at("who"), what)
                marginal = UNKNOWN
            named.setdefault(state, own.schema.who)
        found.append(Expert(own.schema.who, marginal, own.schema.weight))
    return found


def build_pool(belief: Belief, experts: Sequence[Expert], reading: Reading) -> Any:
    """The pool of the experts, or expert → belief where the expert is a factor."""
    schema, report = belief.schema, reading.report
    if schema.expert_factor and schema.pool == "logarithmic":
        what = "an expert is a factor of a linear pool only, remove one of the two"
        report.add(belief.at("expert_factor"), what)
        return UNKNOWN
    known = [expert.marginal for expert in experts if expert.marginal is not UNKNOWN]
    if not belief.has("experts") or len(known) < len(experts):
        return UNKNOWN
    if schema.expert_factor:
        return {_state(expert.who): expert.marginal for expert in experts}
    return report.tried(lambda: pooled(experts, schema.pool or "linear"), belief.at("experts"))


def which_expert(prior: Prior) -> Prior:
    """The categorical input that says which expert is right."""
    total = sum(expert.weight for expert in prior.experts)
    return Prior(
        {_state(expert.who): expert.weight / total for expert in prior.experts},
        unit="1",
        label=f"{prior.label}: which expert",
        description=f"Which expert is right about: {prior.label}.",
        source=prior.sources,
        judgement=prior.judgement,
    )


def _state(who: str) -> str:
    """The state named after an expert: without blanks and commas; empty if nothing is left."""
    name = "_".join(who.replace(",", " ").split())
    return name if any(map(str.isalnum, name)) else ""

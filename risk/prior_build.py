"""From the tables of a priors file to priors, with what cannot be built in the report.

An input that cannot be built still gets a prior, of which the distribution, or the state of it that
failed, is `UNKNOWN`. So everything else that is wrong with it, or with inputs that name it, is
found in the same reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from risk.blocks import Shares
from risk.checks import UNKNOWN, UNSAID, near
from risk.experts import Expert
from risk.locations import Where
from risk.marginals import Categorical
from risk.prior_belief import KEYS, build_belief, parts, unfitting, way_said
from risk.prior_experts import build_experts, build_pool, expert_name, which_expert
from risk.prior_report import Belief, Reading, Report, has_form, well_formed
from risk.prior_schema import (
    EvidenceSchema,
    ExpertSchema,
    InputSchema,
    JudgementSchema,
    PublishedSchema,
    SourceSchema,
    StateSchema,
)
from risk.priors import Prior
from risk.sources import Evidence, Judgement, Published, Source

Table = Mapping[str, Any]
Sources = Mapping[str, Source | None]  # None: its table has the wrong form
SAID_BY = ("family", "fact", "lever", "states", "share_of", "experts")
BESIDE = {"states": ("given",), "experts": ("pool", "expert_factor")}
_MISSING = {
    "states": "a distribution for each state of the `given` input",
    "experts": "a table [[{}.experts]] for each expert",
}


class Around(NamedTuple):
    """What an input may name: the sources and the shares of its file."""

    sources: Sources | None  # None: they are not a table
    share_tables: Table
    shares: Mapping[str, Shares]  # those of the tables that could be built


def build_sources(tables: Table) -> Sources:
    """The sources of the file by name."""
    return {k: _source(t) if has_form(SourceSchema, t) else None for k, t in tables.items()}


def build_inputs(tables: Table, around: Around, reading: Reading) -> dict[str, Prior]:
    """A prior for every input of the file, and for every expert that is a factor.

    Parameters
    ----------
    tables
        Input name → table.
    around
        What the tables may name.
    reading
        Its report knows already what is wrong with the form of the tables.
    """
    found: dict[str, Prior] = {}
    for name, table in tables.items():
        check_name(name, ("inputs", name), reading.report)
        prior = _prior(name, table, around, reading)
        which = expert_name(name)
        if isinstance(table, dict) and table.get("expert_factor") is True and which in tables:
            what = f"the input {which!r} has the name that `expert_factor` needs, rename it"
            reading.report.add(("inputs", name, "expert_factor"), what)
            prior = replace(prior, distribution=UNKNOWN, given=None)
        elif prior.experts and prior.given:
            found[which] = which_expert(prior)
        found[name] = prior
    return found


def check_name(name: str, where: Where, report: Report) -> None:
    """Report a name that a model, a file of results or a command line cannot use."""
    if not name.isidentifier():
        what = "expected a name of letters, digits and underscores that begins with a letter"
        report.add(where, f"{what}, rename it")


def build_published(tables: Iterable[Table], sources: Sources) -> list[Published]:
    """The published figures of a file without problems."""
    figures = [PublishedSchema.model_validate(table).model_dump() for table in tables]
    return [Published(**(figure | {"source": sources[figure["source"]]})) for figure in figures]


def check_source(key: str, sources: Sources | None, where: Where, report: Report) -> None:
    """Report a source that the file does not list, unless its text is wrong already."""
    if sources is not None and key not in sources and where not in report.keys:
        what = f"unknown source {key!r}, add a table [sources.{key}].{near(key, sources)}"
        report.add(where, what)


def found_sources(
    table: Table, sources: Sources | None, where: Where, report: Report
) -> list[Source]:
    """The sources that a table names, with unknown ones in the report."""
    listed = table.get("sources")
    keys = [str(key) for key in listed] if isinstance(listed, list) else []
    for i, key in enumerate(keys):
        check_source(key, sources, (*where, "sources", i), report)
    return [source for key in keys if (source := (sources or {}).get(key))]


def judged(schema: JudgementSchema | None) -> Judgement | None:
    """Who judged, when and why."""
    return None if schema is None else Judgement(schema.who, str(schema.when), schema.why)


def _source(table: Table) -> Source:
    schema = SourceSchema.model_validate(table)
    return Source(schema.title, schema.url, str(schema.read), schema.grade)


def _prior(name: str, table: Any, around: Around, reading: Reading) -> Prior:
    where: Where = ("inputs", name)
    report, sources = reading.report, around.sources
    if not isinstance(table, dict):
        return Prior(UNKNOWN, unit=UNSAID, theoretical=UNSAID, source=UNSAID)
    schema, wrong = well_formed(InputSchema, table)
    belief = Belief(schema, wrong, table, where)
    experts = build_experts(belief, reading)
    distribution = _distribution(name, belief, experts, around, reading)
    block = around.shares.get(schema.share_of or "")
    tables = [belief, *parts(belief, "experts", ExpertSchema)]
    found = [s for t in tables for s in found_sources(t.table, sources, t.where, report)]
    named = any(t.table.get("sources") for t in tables)
    if not (named or {"judgement", "share_of"} & set(table)):
        report.add(where, "no source and no judgement, add `sources` or `judgement`")
    found += block.sources if block else ()
    judgement = judged(schema.judgement) or (block.judgement if block else None)
    if "evidence" in table and isinstance(distribution, Categorical):
        what = "a categorical input has no values to stand beside, remove it"
        report.add((*where, "evidence"), what)
    factor = bool(experts) and schema.expert_factor is True
    given = (expert_name(name),) if factor else tuple(schema.given or ())
    return Prior(
        distribution,
        given=given if isinstance(distribution, dict) else None,
        experts=tuple(experts),
        pool=schema.pool or "linear",
        unit=schema.unit,
        label=schema.label,
        description=schema.description,
        theoretical=_claim(schema, wrong, distribution),
        step=schema.step,
        lever=schema.lever is not None,
        source=list(dict.fromkeys(found)) if found or judgement else UNSAID,
        judgement=judgement,
        evidence=_evidence(belief, sources, report),
    )


def _evidence(belief: Belief, sources: Sources | None, report: Report) -> tuple[Evidence, ...]:
    """Reported values beside the prior, with unknown sources in the report."""
    for point in parts(belief, "evidence", EvidenceSchema):
        if point.has("source"):
            check_source(point.schema.source, sources, point.at("source"), report)
    stand_in = Source(UNSAID)
    return tuple(
        Evidence(p.value, p.label, (sources or {}).get(p.source) or stand_in)
        for p in belief.schema.evidence
    )


def _claim(schema: InputSchema, wrong: set[str], distribution: Any) -> float | str | None:
    """The theoretical value, where it is clear whether it should be a number or a state."""
    unclear = distribution is UNKNOWN and schema.family in (None, "categorical")
    if "theoretical" in wrong or (unclear and not isinstance(schema.theoretical, float)):
        return UNSAID
    return schema.theoretical


def _distribution(
    name: str, belief: Belief, experts: Sequence[Expert], around: Around, reading: Reading
) -> Any:
    """What `Prior` takes as its distribution: a marginal, a number, or state → these."""
    schema = belief.schema
    way = _way(belief, SAID_BY, reading.report)
    if way == "family":
        return build_belief(belief, reading)
    if way == "states":
        return _by_state(belief, reading)
    if way == "experts":
        return build_pool(belief, experts, reading)
    if way == "share_of":
        return _share(name, belief, around, reading.report)
    if way in ("fact", "lever"):
        return getattr(schema, way) if belief.has(way) else UNKNOWN
    return UNKNOWN


def _share(name: str, belief: Belief, around: Around, report: Report) -> Any:
    """What a block of shares makes of an input."""
    wanted, where = belief.schema.share_of, belief.at("share_of")
    if wanted is None:
        return UNKNOWN
    if wanted not in around.share_tables:
        what = f"no table [shares.{wanted}], add it or name another"
        report.add(where, f"{what}.{near(wanted, around.share_tables)}")
        return UNKNOWN
    table = around.share_tables[wanted]
    named = table.get("parameters") if isinstance(table, dict) else None
    if isinstance(named, dict) and named and name not in named:
        report.add(where, f"[shares.{wanted}] does not name {name!r}, add it to its parameters")
        return UNKNOWN
    block = around.shares.get(wanted)
    return UNKNOWN if block is None else block[name]


def _by_state(belief: Belief, reading: Reading) -> Any:
    table, report = belief.table, reading.report
    if "given" not in table:
        report.add(belief.at("given"), "missing, add the categorical input of the `states`")
    if not isinstance(table["states"], dict):
        return UNKNOWN
    states = {s: _state(t, belief.at("states", s), reading) for s, t in table["states"].items()}
    known = {s: m for s, m in states.items() if m is not UNKNOWN}
    first = next(iter(known), "")
    fits = True
    for state, marginal in known.items():
        if isinstance(marginal, Categorical) != isinstance(known[first], Categorical):
            what = (
                f"expected numbers in every state or probabilities in every state, as in {first!r}"
            )
        elif isinstance(marginal, Categorical) and marginal.states != known[first].states:
            what = (
                f"expected the states of {first!r} in their order, {', '.join(known[first].states)}"
            )
        else:
            continue
        report.add(belief.at("states", state), f"{what}, got another, make them alike")
        fits = False
    if isinstance(known.get(first), Categorical):  # what cannot be built has its states too
        states = {state: known.get(state, known[first]) for state in states}
    return states if fits and states and belief.schema.given is not None else UNKNOWN


def _state(table: Any, where: Where, reading: Reading) -> Any:
    """A marginal, a number or probabilities for one state of a regime."""
    if not isinstance(table, dict):
        return UNKNOWN
    if "probabilities" in table and "family" not in table and "fact" not in table:
        table = {**table, "family": "categorical"}
    belief = Belief(*well_formed(StateSchema, table), table, where)
    match _way(belief, ("family", "fact"), reading.report):
        case "family":
            return build_belief(belief, reading)
        case "fact" if belief.has("fact"):
            return belief.schema.fact
    return UNKNOWN


def _way(belief: Belief, ways: Sequence[str], report: Report) -> str | None:
    """The one key that says what the distribution is, with nothing beside it that does not fit."""
    said = [way for way in ways if way in belief.table]
    asks = next((way for way, keys in BESIDE.items() if set(keys) & set(belief.table)), "")
    if not said and asks in ways:
        what = _MISSING[asks].format(".".join(map(str, belief.where)))
        report.add(belief.at(asks), f"missing, add {what}")
        return None
    if not said and set(KEYS) & set(belief.table):
        what = 'missing, name one such as "lognormal", or "best" for the one that comes closest'
        report.add(belief.at("family"), what)
        return None
    if len(said) != 1:
        got, todo = " and ".join(said) or "none", "keep one" if said else "add one"
        listed = f"{', '.join(ways[:-1])} or {ways[-1]}"
        report.add(belief.where, f"expected one of {listed}, got {got}, {todo}")
        return None
    (way,) = said
    for other, keys in BESIDE.items():
        for key in keys:
            where = (*belief.where, key)
            if key in belief.table and other != way and where not in report.keys:
                key_said = way_said(belief, way)
                report.add(where, f"does not go with `{key_said}`, remove one of the two")
    if way != "family":
        unfitting(belief, set(), way, report)
    return way

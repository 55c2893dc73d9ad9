"""From the tables of a priors file to priors, with what cannot be built in the report.

An input that cannot be built still gets a prior, of which the distribution, or the state of it that
failed, is `UNKNOWN`. So everything else that is wrong with it, or with inputs that name it, is
found in the same reading.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from risk.blocks import Shares
from risk.checks import UNKNOWN, UNSAID
from risk.experts import Expert, pooled
from risk.locations import Where
from risk.marginals import Categorical
from risk.names import suggest
from risk.prior_belief import Belief, Reading, build_belief, unfitting
from risk.prior_report import Report, problems_of
from risk.prior_schema import (
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


def build_sources(tables: Table) -> Sources:
    """The sources of the file by name."""
    return {k: None if problems_of(SourceSchema, t) else _source(t) for k, t in tables.items()}


def build_inputs(
    tables: Table, sources: Sources | None, shares: Mapping[str, Shares], reading: Reading
) -> dict[str, Prior]:
    """A prior for every input of the file, and for every expert that is a factor.

    Parameters
    ----------
    tables
        Input name → table.
    sources
        The file's sources, or None when they are not a table.
    shares
        Input name → the block in which it is a share.
    reading
        Its report knows already what is wrong with the form of the tables.
    """
    found: dict[str, Prior] = {}
    for name, table in tables.items():
        prior = _prior(name, table, sources, shares, reading)
        if prior.experts and prior.given:
            which = expert_name(name)
            if which in tables:
                what = f"the input {which!r} has the name that `expert_factor` needs, rename it"
                reading.report.add(("inputs", which), what)
            found[which] = _which_expert(prior)
        found[name] = prior
    return found


def expert_name(name: str) -> str:
    """The categorical input that says which expert is right about an input."""
    return f"{name}_expert"


def build_published(tables: Iterable[Table], sources: Sources) -> list[Published]:
    """The published figures of a file without problems."""
    figures = [PublishedSchema.model_validate(table).model_dump() for table in tables]
    return [Published(**(figure | {"source": sources[figure["source"]]})) for figure in figures]


def check_source(key: str, sources: Sources | None, where: Where, report: Report) -> None:
    """Report a source that the file does not list."""
    if sources is not None and key not in sources:
        near = suggest(key, sources)
        report.add(where, f"unknown source {key!r}, add a table [sources.{key}].{near}")


def found_sources(
    keys: Sequence[str], sources: Sources | None, where: Where, report: Report
) -> list[Source]:
    """The sources that a table names, with unknown ones in the report."""
    for i, key in enumerate(keys):
        check_source(key, sources, (*where, "sources", i), report)
    return [source for key in keys if (source := (sources or {}).get(key))]


def judged(schema: JudgementSchema | None) -> Judgement | None:
    """Who judged, when and why."""
    return None if schema is None else Judgement(schema.who, str(schema.when), schema.why)


def well_formed(form: type[BaseModel], table: Table, stand_ins: Table) -> tuple[Any, set[str]]:
    """What of a table has the right form, and the keys that do not."""
    wrong = {str(where[0]) for where, _ in problems_of(form, table)}
    kept = {key: value for key, value in table.items() if key not in wrong}
    return form.model_validate({**stand_ins, **kept}), wrong


def _source(table: Table) -> Source:
    schema = SourceSchema.model_validate(table)
    return Source(schema.title, schema.url, str(schema.read), schema.grade)


def _prior(
    name: str, table: Any, sources: Sources | None, shares: Mapping[str, Shares], reading: Reading
) -> Prior:
    where, report = ("inputs", name), reading.report
    if not isinstance(table, dict):
        return Prior(UNKNOWN, unit=UNSAID, theoretical=UNSAID, source=UNSAID)
    schema, wrong = well_formed(
        InputSchema, table, dict.fromkeys(("label", "unit", "description"), UNSAID)
    )
    belief = Belief(schema, wrong, table, where)
    experts = _experts(belief, sources, reading) if schema.experts else []
    distribution = _distribution(name, belief, experts, shares, reading)
    cited = [key for expert in schema.experts or () for key in expert.sources]
    block = shares.get(name) if "share_of" in table else None
    excused = wrong & {"sources", "judgement"} or "share_of" in table
    if not (schema.sources or cited or schema.judgement or excused):
        report.add(where, "no source and no judgement, add `sources` or `judgement`")
    found = found_sources(schema.sources, sources, where, report)
    found += [s for key in cited if (s := (sources or {}).get(key)) and s not in found]
    found += [s for s in (block.sources if block else ()) if s not in found]
    judgement = judged(schema.judgement) or (block.judgement if block else None)
    factor = bool(experts) and schema.expert_factor is True and distribution is not UNKNOWN
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
        source=found if found or judgement else UNSAID,
        judgement=judgement,
        evidence=_evidence(schema, where, sources, report),
    )


def _evidence(
    schema: InputSchema, where: Where, sources: Sources | None, report: Report
) -> tuple[Evidence, ...]:
    """Reported values beside the prior, with unknown sources in the report."""
    for i, point in enumerate(schema.evidence):
        check_source(point.source, sources, (*where, "evidence", i, "source"), report)
    known = [(p, (sources or {}).get(p.source)) for p in schema.evidence]
    return tuple(Evidence(p.value, p.label, source) for p, source in known if source)


def _claim(schema: InputSchema, wrong: set[str], distribution: Any) -> float | str | None:
    """The theoretical value, where it is clear whether it should be a number or a state."""
    unclear = distribution is UNKNOWN and schema.family in (None, "categorical")
    if "theoretical" in wrong or (unclear and not isinstance(schema.theoretical, float)):
        return UNSAID
    return schema.theoretical


def _distribution(
    name: str,
    belief: Belief,
    experts: Sequence[Expert],
    shares: Mapping[str, Shares],
    reading: Reading,
) -> Any:
    """What `Prior` takes as its distribution: a marginal, a number, or state → these."""
    schema = belief.schema
    way = _way(belief, SAID_BY, reading.report)
    if way == "family":
        return build_belief(belief, reading)
    if way == "states":
        return _by_state(belief, reading)
    if way == "experts":
        return _pool(name, belief, experts, reading)
    if way == "share_of":
        return _share(name, belief, shares, reading.report)
    if way in ("fact", "lever"):
        return getattr(schema, way) if belief.has(way) else UNKNOWN
    return UNKNOWN


def _share(name: str, belief: Belief, shares: Mapping[str, Shares], report: Report) -> Any:
    """What a block of shares makes of an input."""
    block, wanted = shares.get(name), belief.schema.share_of
    if block is not None and wanted == block.name:
        return block[name]
    if wanted is not None and (
        block is not None or not any(b.name == wanted for b in shares.values())
    ):
        known = {other.name for other in shares.values()}
        what = f"expected the [shares.…] table that names {name!r}, got {wanted!r}, name it."
        report.add((*belief.where, "share_of"), what + suggest(wanted, known))
    elif wanted is not None:
        what = f"the shares {wanted!r} do not name {name!r}, add it to their parameters"
        report.add((*belief.where, "share_of"), what)
    return UNKNOWN


def _by_state(belief: Belief, reading: Reading) -> Any:
    schema, _, table, where = belief
    if "given" not in table:
        what = "missing, add the categorical input of the `states`"
        reading.report.add((*where, "given"), what)
    if schema.given is None or not isinstance(table["states"], dict) or not table["states"]:
        return UNKNOWN
    states = {s: _state(t, (*where, "states", s), reading) for s, t in table["states"].items()}
    kinds = {isinstance(m, Categorical) for m in states.values() if m is not UNKNOWN}
    names = {m.states for m in states.values() if isinstance(m, Categorical)}
    if len(kinds) > 1 or len(names) > 1:
        what = "expected the same states, or numbers, in all, got a mix, make them alike"
        reading.report.add((*where, "states"), what)
        return UNKNOWN
    return states


def _state(table: Any, where: Where, reading: Reading) -> Any:
    """A marginal, a number or probabilities for one state of a regime."""
    if not isinstance(table, dict):
        return UNKNOWN
    if "probabilities" in table and "family" not in table and "fact" not in table:
        table = {**table, "family": "categorical"}
    schema, wrong = well_formed(StateSchema, table, {})
    belief = Belief(schema, wrong, table, where)
    match _way(belief, ("family", "fact"), reading.report):
        case "family":
            return build_belief(belief, reading)
        case "fact" if belief.has("fact"):
            return schema.fact
    return UNKNOWN


def _experts(belief: Belief, sources: Sources | None, reading: Reading) -> list[Expert]:
    """What the experts of an input believe, `UNKNOWN` where that cannot be built."""
    found = []
    for i, (schema, table) in enumerate(
        zip(belief.schema.experts, belief.table["experts"], strict=True)
    ):
        own = Belief(schema, set(), table, (*belief.where, "experts", i))
        for j, key in enumerate(schema.sources):
            check_source(key, sources, (*own.where, "sources", j), reading.report)
        if schema.family is None:
            reading.report.add((*own.where, "family"), "missing, add it")
        marginal = build_belief(own, reading)
        if isinstance(marginal, Categorical):
            reading.report.add((*own.where, "family"), "expected a family of numbers, choose one")
            marginal = UNKNOWN
        found.append(Expert(schema.who, marginal, schema.weight))
    return found


def _pool(name: str, belief: Belief, experts: Sequence[Expert], reading: Reading) -> Any:
    """The pool of the experts, or expert → belief where the expert is a factor."""
    schema, report = belief.schema, reading.report
    if not experts or any(expert.marginal is UNKNOWN for expert in experts):
        return UNKNOWN
    if schema.expert_factor:
        if schema.pool == "logarithmic":
            what = "an expert is a factor of a linear pool only, remove one of the two"
            report.add((*belief.where, "expert_factor"), what)
            return UNKNOWN
        return dict(zip(_expert_states(experts), (e.marginal for e in experts), strict=True))
    try:
        return pooled(experts, schema.pool or "linear")
    except ValueError as error:
        report.add((*belief.where, "experts"), str(error))
        return UNKNOWN


def _expert_states(experts: Sequence[Expert]) -> list[str]:
    """States named after the experts, without blanks and commas."""
    names = ["_".join(expert.who.replace(",", " ").split()) for expert in experts]
    twice = {name for name in names if names.count(name) > 1}
    return [f"{n}_{i + 1}" if n in twice else n for i, n in enumerate(names)]


def _which_expert(prior: Prior) -> Prior:
    """The categorical input that says which expert is right."""
    total = sum(expert.weight for expert in prior.experts)
    shares = [expert.weight / total for expert in prior.experts]
    return Prior(
        Categorical(tuple(_expert_states(prior.experts)), tuple(shares)),
        unit="1",
        label=f"{prior.label}: which expert",
        description=f"Which expert is right about: {prior.label}.",
        source=prior.sources,
        judgement=prior.judgement,
    )


def _way(belief: Belief, ways: Sequence[str], report: Report) -> str | None:
    """The one key that says what the distribution is, with nothing beside it that does not fit."""
    said = [way for way in ways if way in belief.table]
    if len(said) != 1:
        got, todo = " and ".join(said) or "none", "keep one" if said else "add one"
        report.add(belief.where, f"expected one of {', '.join(ways)}, got {got}, {todo}")
        return None
    (way,) = said
    for other, keys in BESIDE.items():
        for key in keys:
            where = (*belief.where, key)
            if key in belief.table and other != way and where not in report.keys:
                report.add(where, f"does not go with `{way}`, remove one of the two")
    if way != "family":
        unfitting(belief, set(), way, report)
    return way

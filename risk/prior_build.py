"""From the tables of a priors file to priors, with what cannot be built in the report.

An input that cannot be built still gets a prior, of which the distribution, or the state of it that
failed, is `UNKNOWN`. So everything else that is wrong with it, or with inputs that name it, is
found in the same reading.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from risk.checks import UNKNOWN, UNSAID
from risk.elicitation import from_quantiles
from risk.locations import Where
from risk.marginals import FAMILIES, Categorical
from risk.names import suggest
from risk.prior_report import Report, problems_of
from risk.prior_schema import InputSchema, PublishedSchema, SourceSchema, StateSchema
from risk.priors import Prior
from risk.sources import Judgement, Published, Source

Table = Mapping[str, Any]
Sources = Mapping[str, Source | None]  # None: its table has the wrong form
S = TypeVar("S", InputSchema, StateSchema)

BESIDE: dict[str, set[str]] = {  # what says the distribution → what stands beside it
    "family": {"parameters", "quantiles"},
    "fact": set(),
    "lever": set(),
    "states": {"given"},
}
_PERCENTILE = re.compile(r"p[0-9]{1,2}(\.[0-9]{1,9})?")
OTHERS = ("parameters", "quantiles", "probabilities", "given")


def build_sources(tables: Table) -> Sources:
    """The sources of the file by name."""
    return {k: None if problems_of(SourceSchema, t) else _source(t) for k, t in tables.items()}


def build_inputs(tables: Table, sources: Sources | None, report: Report) -> dict[str, Prior]:
    """A prior for every input of the file.

    Parameters
    ----------
    tables
        Input name → table.
    sources
        The file's sources, or None when they are not a table.
    report
        Knows already what is wrong with the form of the tables.
    """
    return {k: _prior(t, sources, ("inputs", k), report) for k, t in tables.items()}


def build_published(tables: Iterable[Table], sources: Sources) -> list[Published]:
    """The published figures of a file without problems."""
    figures = [PublishedSchema.model_validate(table).model_dump() for table in tables]
    return [Published(**(figure | {"source": sources[figure["source"]]})) for figure in figures]


def check_source(key: str, sources: Sources | None, where: Where, report: Report) -> None:
    """Report a source that the file does not list."""
    if sources is not None and key not in sources:
        near = suggest(key, sources)
        report.add(where, f"unknown source {key!r}, add a table [sources.{key}].{near}")


def _source(table: Table) -> Source:
    schema = SourceSchema.model_validate(table)
    return Source(schema.title, schema.url, str(schema.read), schema.grade)


def _prior(table: Any, sources: Sources | None, where: Where, report: Report) -> Prior:
    if not isinstance(table, dict):
        return Prior(UNKNOWN, unit=UNSAID, theoretical=UNSAID, source=UNSAID)
    texts = dict.fromkeys(("label", "unit", "description"), UNSAID)
    schema, wrong = _well_formed(InputSchema, table, texts)
    distribution = _distribution(schema, wrong, table, where, report)
    if not (schema.sources or schema.judgement or wrong & {"sources", "judgement"}):
        report.add(where, "no source and no judgement, add `sources` or `judgement`")
    for i, key in enumerate(schema.sources):
        check_source(key, sources, (*where, "sources", i), report)
    found = [source for key in schema.sources if (source := (sources or {}).get(key))]
    judged = schema.judgement
    return Prior(
        distribution,
        given=schema.given if isinstance(distribution, dict) else None,
        unit=schema.unit,
        label=schema.label,
        description=schema.description,
        theoretical=_claim(schema, wrong, distribution),
        step=schema.step,
        lever=schema.lever is not None,
        source=found if found or judged else UNSAID,
        judgement=None if judged is None else Judgement(judged.who, str(judged.when), judged.why),
    )


def _well_formed(form: type[S], table: Table, stand_ins: Table) -> tuple[S, set[str]]:
    """What of a table has the right form, and the keys that do not."""
    wrong = {str(where[0]) for where, _ in problems_of(form, table)}
    kept = {key: value for key, value in table.items() if key not in wrong}
    return form.model_validate({**stand_ins, **kept}), wrong


def _claim(schema: InputSchema, wrong: set[str], distribution: Any) -> float | str | None:
    """The theoretical value, where it is clear whether it should be a number or a state."""
    unclear = distribution is UNKNOWN and schema.family in (None, "categorical")
    if "theoretical" in wrong or (unclear and not isinstance(schema.theoretical, float)):
        return UNSAID
    return schema.theoretical


def _distribution(
    schema: InputSchema, wrong: set[str], table: Table, where: Where, report: Report
) -> Any:
    """What `Prior` takes as its distribution: a marginal, a number, or state → these."""
    way = _way(table, BESIDE, where, report)
    if way == "states":
        if "given" not in table:
            report.add((*where, "given"), "missing, add the categorical input of the `states`")
        if schema.given is None or not isinstance(table["states"], dict) or not table["states"]:
            return UNKNOWN
        return {
            state: _state(value, (*where, "states", state), report)
            for state, value in table["states"].items()
        }
    if way in ("fact", "lever"):
        return UNKNOWN if way in wrong else getattr(schema, way)
    if way == "family" and schema.family not in (None, "categorical"):
        return _family(schema, wrong, table, where, report)
    return _categorical(schema, table, where, report)


def _categorical(schema: InputSchema, table: Table, where: Where, report: Report) -> Any:
    """A categorical distribution; one with the same states where it cannot be built."""
    if schema.family == "categorical" and "probabilities" not in table:
        report.add((*where, "probabilities"), "missing, add { state = probability, … }")
    built = UNKNOWN
    if schema.probabilities:
        states, shares = tuple(schema.probabilities), tuple(schema.probabilities.values())
        built = _built(lambda: Categorical(states, shares), (*where, "probabilities"), report)
    named = table.get("probabilities")
    if built is UNKNOWN and isinstance(named, dict) and named:
        with suppress(ValueError):  # names that cannot be states
            return Categorical(tuple(named), (1 / len(named),) * len(named))
    return built


def _state(table: Any, where: Where, report: Report) -> Any:
    """A marginal or a number for one state of a regime."""
    if not isinstance(table, dict):
        return UNKNOWN
    schema, wrong = _well_formed(StateSchema, table, {})
    match _way(table, ("family", "fact"), where, report):
        case "family":
            return _family(schema, wrong, table, where, report)
        case "fact" if "fact" not in wrong:
            return schema.fact
    return UNKNOWN


def _way(table: Table, ways: Iterable[str], where: Where, report: Report) -> str | None:
    """The one key that says what the distribution is, with nothing beside it that does not fit."""
    said = [way for way in ways if way in table]
    if len(said) != 1:
        got, todo = " and ".join(said) or "none", "keep one" if said else "add one"
        report.add(where, f"expected one of {', '.join(ways)}, got {got}, {todo}")
        return None
    (way,) = said
    fits = {"probabilities"} if table[way] == "categorical" else BESIDE[way]
    for key in OTHERS:
        unclear = (*where, key) in report.keys or (*where, "family") in report.keys
        if key in table and key not in fits and not unclear:
            report.add((*where, key), f"does not go with `{way}`, remove one of the two")
    return way


def _family(
    schema: InputSchema | StateSchema, wrong: set[str], table: Table, where: Where, report: Report
) -> Any:
    """A family with its parameters or quantiles, or `UNKNOWN` with the problem in the report."""
    family = schema.family
    given = [key for key in ("parameters", "quantiles") if key in table]
    if len(given) != 1 and family is not None:
        got, todo = ("both", "remove one") if given else ("neither", "add one")
        report.add(where, f"expected either `parameters` or `quantiles`, got {got}, {todo}")
    if family is None or len(given) != 1 or not isinstance(table[given[0]], dict):
        return UNKNOWN
    place = (*where, given[0])
    if given[0] == "parameters":
        named = _parameters_fit(table["parameters"], family, place, report)
        parameters = schema.parameters
        if named and parameters is not None:
            return _built(lambda: FAMILIES[family](**parameters), place, report)
        return UNKNOWN
    quantiles = _by_probability(schema.quantiles or table["quantiles"], place, report)
    if quantiles is None or "quantiles" in wrong:
        return UNKNOWN
    return _built(lambda: from_quantiles(quantiles, family), place, report)


def _parameters_fit(parameters: Table, family: str, where: Where, report: Report) -> bool:
    """Whether these are the names of the family's parameters."""
    known = inspect.signature(FAMILIES[family]).parameters
    unknown = [name for name in parameters if name not in known]
    for name in unknown:
        what = f"unknown parameter of {family}, remove or rename it.{suggest(name, known)}"
        report.add((*where, name), what)
    needed = [name for name, parameter in known.items() if parameter.default is parameter.empty]
    missing = [name for name in needed if name not in parameters]
    if missing and where not in report.keys:
        report.add(where, f"{family} needs {' and '.join(missing)}, add what is missing")
    return not (unknown or missing)


def _by_probability(quantiles: Table, where: Where, report: Report) -> dict[float, Any] | None:
    """``p5`` → 0.05, ``p97.5`` → 0.975: each once, or None with the problem in the report."""
    values: dict[float, Any] = {}
    fits = True
    for name, value in quantiles.items():
        probability = float(name[1:]) / 100 if _PERCENTILE.fullmatch(name) else None
        if probability is None:
            report.add((*where, name), 'expected a name such as p5, p50 or "p97.5", rename it')
        elif probability in values:
            report.add((*where, name), "the same quantile twice, keep one")
        fits = fits and probability is not None and probability not in values
        if probability is not None:
            values[probability] = value
    return values if fits else None


def _built(build: Callable[[], Any], where: Where, report: Report) -> Any:
    try:
        return build()
    except ValueError as error:
        report.add(where, str(error))
        return UNKNOWN

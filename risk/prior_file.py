"""Priors files: TOML in, `Priors` out, or every problem of the file at once with its place."""

from __future__ import annotations

import contextlib
import inspect
import re
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from risk.checks import Problem, consistency_problems, model_problems
from risk.elicitation import from_quantiles
from risk.locations import Locator, syntax_error_place
from risk.marginals import FAMILIES, Categorical
from risk.names import suggest
from risk.prior_schema import (
    DistributionSchema,
    FileSchema,
    InputSchema,
    JudgementSchema,
    PublishedSchema,
    SourceSchema,
)
from risk.priors import Prior, Priors
from risk.signature import Model
from risk.sources import Judgement, Published, Source

Where = tuple[str | int, ...]
S = TypeVar("S", bound=BaseModel)


class PriorsError(ValueError):
    """A priors file that cannot be used: every problem in it, one a line, with its place."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def read_priors(path: str | Path, model: Model | None = None) -> Priors:
    """The priors of a case, from its TOML file.

    Parameters
    ----------
    path
        The file; priors/README.md lists its fields.
    model
        When given, the names, units and ranges of its signature are checked as well.

    Raises
    ------
    PriorsError
        With every problem as ``file:line:column: key: what, what to do``.
    """
    text = _read_text(Path(path))
    document = _parse(text, path)
    report = _Report(path, text)
    priors = _build(document, report)
    # An input that could not be built was reported already: it is neither missing nor unknown.
    failed = set(document.get("inputs", ())) - set(priors)
    report.add_all(p for p in consistency_problems(priors, {}) if not failed & _named(p, priors))
    if model is not None:
        report.add_all(p for p in model_problems(priors, model) if p[0] not in failed)
    if report.problems:
        raise PriorsError(report.sorted())
    return Priors(
        priors,
        title=document["title"],
        case=Path(path).stem,
        description=" ".join(document.get("description", "").split()),
        published=[_published(p, document["sources"]) for p in document.get("published", [])],
    )


def _named(problem: Problem, priors: dict[str, Prior]) -> set[str]:
    """The inputs that a problem is about: its own, and the regime that it is given."""
    return {problem[0], priors[problem[0]].given or ""}


class _Report:
    """The problems of one file, each with the place that it is about."""

    def __init__(self, path: str | Path, text: str) -> None:
        self.path, self.locator = path, Locator(text)
        self.problems: list[tuple[int, int, str]] = []

    def add(self, where: Where, what: str) -> None:
        line, column = self.locator.place(where)
        key = ".".join(map(str, where)) or "file"
        problem = (line, column, f"{self.path}:{line}:{column}: {key}: {what}")
        if problem not in self.problems:
            self.problems.append(problem)

    def add_all(self, problems: Iterable[Problem]) -> None:
        for name, field, what in problems:
            self.add(("inputs", name, *(field.split(".") if field else ())), what)

    def sorted(self) -> list[str]:
        return [text for _, _, text in sorted(self.problems)]


def _read_text(path: Path) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        near = suggest(path.name, [p.name for p in path.parent.glob("*.toml")])
        raise PriorsError([f"{path}:1:1: file: no such file, check the path.{near}"]) from None
    except IsADirectoryError:
        what = "a directory, name the priors file inside it"
        raise PriorsError([f"{path}:1:1: file: {what}"]) from None
    except OSError as error:
        what = f"cannot be read ({error.strerror}), check its permissions"
        raise PriorsError([f"{path}:1:1: file: {what}"]) from None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        what = f"byte 0x{data[error.start]:02x} is not UTF-8, save the file as UTF-8"
        raise PriorsError([f"{path}:{line}:{column}: file: {what}"]) from None
    if not text.strip():
        what = "empty, start from priors/deepseek_2025_02.toml"
        raise PriorsError([f"{path}:1:1: file: {what}"])
    return text


def _parse(text: str, path: str | Path) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, what = syntax_error_place(str(error), text)
        raise PriorsError([f"{path}:{line}:{column}: file: {what}"]) from None


def _build(document: dict[str, Any], report: _Report) -> dict[str, Prior]:
    """The priors that could be built; what could not is in the report."""
    try:
        FileSchema.model_validate(document)
    except ValidationError as error:
        for problem in error.errors():
            report.add(problem["loc"], _message(problem))
    listed = document.get("sources", {})
    sources = _valid(SourceSchema, listed)
    built: dict[str, Prior] = {}
    for name, schema in _valid(InputSchema, document.get("inputs")).items():
        where = ("inputs", name)
        known = [
            _known_source(key, listed, (*where, "sources", i), report)
            for i, key in enumerate(schema.sources)
        ]
        prior = _prior(schema, sources, where, report)
        if prior is not None and all(known):
            built[name] = prior
    for i, figure in enumerate(document.get("published", [])):
        if isinstance(figure, dict) and isinstance(key := figure.get("source"), str):
            _known_source(key, listed, ("published", i, "source"), report)
    return built


def _valid(schema: type[S], table: Any) -> dict[str, S]:
    """The entries of a table that have the right form; the others were reported before."""
    entries = {}
    for name, value in table.items() if isinstance(table, dict) else ():
        with contextlib.suppress(ValidationError):
            entries[name] = schema.model_validate(value)
    return entries


def _prior(
    schema: InputSchema, sources: dict[str, SourceSchema], where: Where, report: _Report
) -> Prior | None:
    distribution = _distribution_of_input(schema, where, report)
    if not schema.sources and schema.judgement is None:
        report.add(where, "no source and no judgement, add `sources` or `judgement`")
        return None
    if distribution is None:
        return None
    judged = schema.judgement
    return Prior(
        distribution,
        given=schema.given,
        unit=schema.unit,
        label=schema.label,
        description=schema.description,
        theoretical=schema.theoretical,
        step=schema.step,
        lever=schema.lever is not None,
        source=[_source(sources[key]) for key in schema.sources if key in sources],
        judgement=judged and Judgement(judged.who, str(judged.when), judged.why),
    )


def _known_source(key: str, sources: Any, where: Where, report: _Report) -> bool:
    if key not in sources:
        report.add(where, f"unknown source {key!r}, add [sources.{key}].{suggest(key, sources)}")
    return key in sources


def _source(schema: SourceSchema) -> Source:
    return Source(schema.title, schema.url, str(schema.read), schema.grade)


def _distribution_of_input(schema: InputSchema, where: Where, report: _Report) -> Any:
    """What `Prior` takes as its distribution, or None with the problem reported."""
    ways = ("family", "fact", "lever", "states")
    given = [way for way in ways if getattr(schema, way) is not None]
    if len(given) != 1:
        got = " and ".join(given) or "none"
        report.add(where, f"expected one of {', '.join(ways)}, got {got}. Keep the one you mean")
        return None
    if (schema.given is None) != (schema.states is None):
        report.add(where, "expected `given` and `states` together, got one of them. Add the other")
        return None
    if schema.lever is not None:
        return schema.lever
    if schema.states is not None:
        states = {
            state: _distribution(value, (*where, "states", state), report)
            for state, value in schema.states.items()
        }
        return None if None in states.values() else states
    if schema.family != "categorical":
        return _distribution(schema, where, report)
    if schema.probabilities is None:
        report.add(where, "a categorical prior needs `probabilities`, add them")
        return None
    return _built(
        lambda p: Categorical(tuple(p), tuple(p.values())),
        schema.probabilities,
        (*where, "probabilities"),
        report,
    )


def _distribution(schema: DistributionSchema, where: Where, report: _Report) -> Any:
    """A `Marginal` or a fixed number, or None with the problem reported."""
    if schema.fact is not None:
        return schema.fact
    family = FAMILIES.get(schema.family or "")
    if family is None:
        report.add(where, f"expected a `family` of {', '.join(FAMILIES)}, or a `fact`. Add one")
        return None
    if (schema.parameters is None) == (schema.quantiles is None):
        got = "neither" if schema.parameters is None else "both"
        report.add(where, f"expected either `parameters` or `quantiles`, got {got}")
        return None
    if schema.quantiles is not None:
        return _built(
            lambda q: from_quantiles(_probabilities(q), schema.family),
            schema.quantiles,
            (*where, "quantiles"),
            report,
        )
    known = inspect.signature(family).parameters
    missing = [n for n, p in known.items() if p.default is p.empty and n not in schema.parameters]
    for name in set(schema.parameters) - set(known):
        what = f"unknown parameter of {schema.family}, remove it.{suggest(name, known)}"
        report.add((*where, "parameters", name), what)
    for name in missing:
        report.add((*where, "parameters"), f"{schema.family} needs the parameter {name!r}, add it")
    if missing or set(schema.parameters) - set(known):
        return None
    return _built(lambda p: family(**p), schema.parameters, (*where, "parameters"), report)


def _built(build: Callable[[Any], Any], value: Any, where: Where, report: _Report) -> Any:
    try:
        return build(value)
    except ValueError as error:
        report.add(where, str(error)[:1].lower() + str(error)[1:])
        return None


def _probabilities(quantiles: dict[str, float]) -> dict[float, float]:
    """``p5`` → 0.05, ``p97.5`` → 0.975."""
    result = {}
    for key, value in quantiles.items():
        if not re.fullmatch(r"p\d{1,2}(\.\d+)?", key):
            raise ValueError(f"Expected quantiles named p5, p50, p95 and the like, got {key!r}.")
        result[float(key[1:]) / 100] = value
    return result


def _published(figure: dict[str, Any], sources: dict[str, Any]) -> Published:
    checked = PublishedSchema.model_validate(figure)
    source = SourceSchema.model_validate(sources[checked.source])
    return Published(**(checked.model_dump() | {"source": _source(source)}))


def _message(problem: Any) -> str:
    """What pydantic found, in the words of a priors file."""
    kind, got = problem["type"], problem["input"]
    if kind == "extra_forbidden":
        key = str(problem["loc"][-1])
        return f"unknown key, remove it.{suggest(key, _KEYS[len(problem['loc'])])}"
    if kind == "missing":
        return "missing, add it"
    if kind == "value_error":
        return str(problem["ctx"]["error"])
    if kind == "string_pattern_mismatch":
        return f"expected text like {_EXAMPLES[problem['loc'][-1]]}, got {got!r}"
    what = problem["msg"].replace("Input should be", "expected").replace(" valid", "")
    what = what.replace("dictionary", "table").replace("string", "text")
    return f"{what[:1].lower()}{what[1:]}, got {got!r}"


_EXAMPLES = {"url": "https://…", "grade": "A, B+, C-, D or R"}
_KEYS: dict[int, list[str]] = {
    1: list(FileSchema.model_fields),
    3: [*InputSchema.model_fields, *SourceSchema.model_fields, *PublishedSchema.model_fields],
    4: list(JudgementSchema.model_fields),
    5: list(DistributionSchema.model_fields),
}

"""The problems of one priors file, each at its line and column, in plain words."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from risk.checks import UNKNOWN, UNSAID, Problem, near
from risk.locations import Locator, Where
from risk.prior_forms import shown
from risk.prior_schema import (
    ComponentSchema,
    CorrelationSchema,
    EvidenceSchema,
    ExpertSchema,
    FileSchema,
    InputSchema,
    JudgementSchema,
    ObservationSchema,
    PublishedSchema,
    SharesSchema,
    SourceSchema,
    StateSchema,
    TruncationSchema,
)

LONGEST = 500  # characters of what a message says; a file may name things as long as it likes
MOST = 500  # problems of one file; who has more mends these first


class TooManyProblems(Exception):
    """More problems than anybody reads: those found so far are in the report."""


class Report:
    """The problems of one file, each with the place that it is about."""

    def __init__(self, path: str | Path, text: str) -> None:
        self.path, self.locator = path, Locator(text)
        self.problems: set[tuple[int, int, str]] = set()
        self.keys: set[Where] = set()

    def add(self, where: Where, what: str) -> None:
        """Note what is wrong with a key.

        Raises
        ------
        TooManyProblems
            When the report is full.
        """
        self.keys.add(where)
        line, column = self.locator.place(where)
        self.problems.add((line, column, problem_line(self.path, line, column, where, what)))
        if len(self.problems) == MOST:
            full = f"{MOST} problems or more, of which these were found first, mend them"
            self.problems.add((1, 1, problem_line(self.path, 1, 1, (), full)))
            raise TooManyProblems

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Note what does not fit between inputs, where the key itself has the right form."""
        self.add_new((("inputs", name, *keys_of(field)), what) for name, field, what in problems)

    def add_new(self, problems: Iterable[tuple[Where, str]]) -> None:
        """Note problems of keys with which nothing was wrong so far, and of whole tables."""
        known = frozenset(self.keys)
        for where, what in problems:
            if len(where) == 2 or where not in known:
                self.add(where, what)

    def tried(self, build: Callable[[], Any], where: Where) -> Any:
        """What `build` gives, or `UNKNOWN` with why it refuses noted."""
        try:
            return build()
        except ValueError as error:
            self.add(where, str(error))
            return UNKNOWN

    def lines(self) -> list[str]:
        """Every problem, one a line, in the order of the file."""
        return [text for _, _, text in sorted(self.problems)]


class Reading(NamedTuple):
    """What every step of the reading needs to know."""

    report: Report
    folder: Path  # of the priors file: data lies in it or below it


class Belief(NamedTuple):
    """One table, as it stands and as far as its keys have the right form."""

    schema: Any
    wrong: set[str]  # keys that are needed and missing, or do not have the right form
    table: Mapping[str, Any]
    where: Where

    def has(self, *keys: str) -> bool:
        """Whether keys are there, in the right form."""
        return all(key in self.table and key not in self.wrong for key in keys)

    def at(self, *keys: str | int) -> Where:
        """The place of a key of the table."""
        return (*self.where, *keys)

    @property
    def limits(self) -> tuple[float, float]:
        """Outside which nothing is possible."""
        cut = self.schema.truncated
        low, high = (cut.minimum, cut.maximum) if cut else (None, None)
        return -math.inf if low is None else low, math.inf if high is None else high


def keys_of(field: str, states: Iterable[str] = ()) -> Where:
    """The keys and indices of a field of an input or a block; the names of states may have dots.

    >>> keys_of("evidence.0.value"), keys_of("states.v1.5"), keys_of("states.open.2.1", ["open"])
    (('evidence', 0, 'value'), ('states', 'v1.5'), ('states', 'open', 2, 1))
    """
    first, _, rest = field.partition(".")
    if first != "states" or not rest:
        parts = field.split(".") if field else []
        return tuple(int(part) if part.isdecimal() else part for part in parts)
    state = max((s for s in states if f"{rest}.".startswith(f"{s}.")), key=len, default=rest)
    inner = rest[len(state) + 1 :]
    return (first, state, *(int(part) for part in inner.split(".") if part))


def problem_line(path: str | Path, line: int, column: int, where: Where, what: str) -> str:
    """``file:line:column: key: what, what to do`` on one line, whatever the file calls things.

    >>> problem_line("a.toml", 3, 8, ("inputs", "gpu price", "unit"), "Expected text. Add it.")
    "a.toml:3:8: inputs.'gpu price'.unit: expected text. Add it"
    """
    bare = re.compile("[A-Za-z0-9_-]{1,60}")
    key = ".".join(s if bare.fullmatch(s) else shown(s) for s in map(str, where)) or "file"
    what = " ".join(what.split()).removesuffix(".")
    what = "".join(c if c.isprintable() else repr(c)[1:-1] for c in what)
    what = what if len(what) <= LONGEST else f"{what[: LONGEST - 1]}…"
    if what[:1].isupper() and not what[1:2].isupper():
        what = what[0].lower() + what[1:]
    return f"{path}:{line}:{column}: {key}: {what}"


def form_problems(document: dict[str, Any]) -> Iterator[tuple[Where, str]]:
    """Keys that are unknown, missing or of the wrong type: where, and what to do."""
    for problem in _found(FileSchema, document):
        yield _place(problem["loc"]), _in_plain_words(problem)


def well_formed(form: type[BaseModel], table: Any) -> tuple[Any, set[str]]:
    """What of a table has the right form, and the keys that are missing or do not have it.

    Stand-ins take the place of what is needed; nothing may be made of them.
    """
    wrong = {str(problem["loc"][0]) for problem in _found(form, table)}
    kept = {key: value for key, value in table.items() if key not in wrong}
    return form.model_validate({**_STAND_INS.get(form, {}), **kept}), wrong


_STAND_INS: dict[Any, Mapping[str, Any]] = {
    InputSchema: dict.fromkeys(("label", "unit", "description"), UNSAID),
    ExpertSchema: {"who": UNSAID},
    EvidenceSchema: {"value": 0.0, "label": UNSAID, "source": UNSAID},
    ComponentSchema: {"family": "normal", "weight": 1.0},
    SharesSchema: {"label": UNSAID, "family": "dirichlet", "parameters": {UNSAID: 1.0}},
    CorrelationSchema: {"label": UNSAID},
}


def has_form(form: type[BaseModel], table: Any) -> bool:
    """Whether a table has the form of a schema."""
    return not _found(form, table)


def _found(form: type[BaseModel], table: Any) -> list[Any]:
    """What pydantic finds wrong with a table."""
    try:
        form.model_validate(table)
    except ValidationError as error:
        return list(error.errors(include_url=False))
    return []


def _place(where: Where) -> Where:
    """Without the tags of the schema, which stand for no key of the file."""
    return tuple(key for key in where if not str(key).startswith("<"))


def _in_plain_words(problem: Any) -> str:
    """What pydantic found, in the words of a priors file."""
    kind, where, got = problem["type"], problem["loc"], problem["input"]
    match kind:
        case "extra_forbidden":
            return f"unknown key, remove or rename it.{near(str(where[-1]), _known_keys(where))}"
        case "missing":
            return "missing, add it"
        case "value_error":  # from a validator of the schema
            return str(problem["ctx"]["error"])
        case "too_short":
            return "no entries, add at least one"
        case "too_long":
            most = problem["ctx"]["max_length"]
            return f"expected at most {most} entries, got {len(got)}, leave some out"
        case "literal_error":
            allowed = problem["ctx"]["expected"].replace("'", "")
            if " or " not in allowed:
                return f'expected "{allowed}", got {shown(got)}, write that'
            meant = near(got, re.split(", | or ", allowed)) if isinstance(got, str) else ""
            return f"expected one of {allowed}, got {shown(got)}, choose one.{meant}"
        case "string_pattern_mismatch":
            return f"expected {_TEXTS.get(where[-1], 'some text')}, got {shown(got)}, correct it"
    expected, todo = _TYPES[kind]
    return f"expected {expected}, got {shown(got)}, {todo}"


_TYPES = {
    "string_type": ("text", "put it in quotes"),
    "dict_type": ("a table", "write { key = value } or a [table]"),
    "model_type": ("a table", "write { key = value } or a [table]"),
    "list_type": ("a list", "put it in square brackets"),
    "bool_type": ("true or false", "write one without quotes"),
}
_TEXTS = {"url": "an address such as https://…", "grade": "a grade such as A, B+, C-, D or R"}


def _known_keys(where: Where) -> list[str]:
    """The keys that the table around an unknown key may have."""
    match where:
        case ("sources", _, _):
            schema: type[BaseModel] = SourceSchema
        case ("inputs", _, _):
            schema = InputSchema
        case ("inputs", _, "judgement", _):
            schema = JudgementSchema
        case (*_, "truncated", _):
            schema = TruncationSchema
        case (*_, "components", int(), _):
            schema = ComponentSchema
        case ("inputs", _, "evidence", _, _):
            schema = EvidenceSchema
        case ("inputs", _, "experts", _, _):
            schema = ExpertSchema
        case ("inputs", _, "states", _, _):
            schema = StateSchema
        case ("correlations", _, _):
            schema = CorrelationSchema
        case ("shares", _, _):
            schema = SharesSchema
        case (_, _, "judgement", _):
            schema = JudgementSchema
        case ("observations", _, _):
            schema = ObservationSchema
        case ("published", _, _):
            schema = PublishedSchema
        case _:
            schema = FileSchema
    return list(schema.model_fields)

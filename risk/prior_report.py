"""The problems of one priors file, each at its line and column, in plain words."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from risk.checks import Problem
from risk.locations import Locator, Where
from risk.names import suggest
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


class Report:
    """The problems of one file, each with the place that it is about."""

    def __init__(self, path: str | Path, text: str) -> None:
        self.path, self.locator = path, Locator(text)
        self.problems: list[tuple[int, int, str]] = []
        self.keys: set[Where] = set()

    def add(self, where: Where, what: str) -> None:
        """Note what is wrong with a key."""
        self.keys.add(where)
        line, column = self.locator.place(where)
        problem = (line, column, problem_line(self.path, line, column, where, what))
        if problem not in self.problems:
            self.problems.append(problem)

    def add_all(self, problems: Iterable[Problem]) -> None:
        """Note what does not fit between inputs, where the key itself has the right form."""
        for name, field, what in problems:
            where = ("inputs", name, *(field.split(".", 1) if field else ()))
            if not field or where not in self.keys:
                self.add(where, what)

    def lines(self) -> list[str]:
        """Every problem, one a line, in the order of the file."""
        return [text for _, _, text in sorted(self.problems)]


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


def form_problems(document: dict[str, Any]) -> list[tuple[Where, str]]:
    """Keys that are unknown, missing or of the wrong type: where, and what to do."""
    return problems_of(FileSchema, document)


def problems_of(schema: type[BaseModel], table: Any) -> list[tuple[Where, str]]:
    """Which keys of a table do not have the form of a schema, and what to do."""
    try:
        schema.model_validate(table)
    except ValidationError as error:
        return [(_place(p["loc"]), _in_plain_words(p)) for p in error.errors(include_url=False)]
    return []


def _place(where: Where) -> Where:
    """Without the tags of the schema, which stand for no key of the file."""
    return tuple(key for key in where if not str(key).startswith("<"))


def _in_plain_words(problem: Any) -> str:
    """What pydantic found, in the words of a priors file."""
    kind, where, got = problem["type"], problem["loc"], problem["input"]
    match kind:
        case "extra_forbidden":
            return f"unknown key, remove or rename it.{suggest(where[-1], _known_keys(where))}"
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
            near = suggest(got, re.split(", | or ", allowed)) if isinstance(got, str) else ""
            return f"expected one of {allowed}, got {shown(got)}, choose one.{near}"
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

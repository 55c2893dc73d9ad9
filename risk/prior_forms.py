"""The form of the values in a priors file: numbers, ratios, dates, pairs, names."""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Discriminator,
    Field,
    PlainSerializer,
    Tag,
    WithJsonSchema,
)

_FIGURE = r"[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_RATIO = rf"\s*(-?{_FIGURE})\s*/\s*({_FIGURE})\s*"
_LIKE_A_RATIO = r"[-+0-9.eE\s]*/[-+0-9.eE/\s]*"


def shown(value: Any) -> str:
    """A value of a TOML file as a message quotes it: short and on one line.

    >>> shown("open"), shown(True), shown({"p5": 1.0})
    ("'open'", 'true', 'a table')
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**20:  # Python refuses to print the largest
        return "a huge whole number"
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:59]}…"


def number_from(value: Any) -> float:
    """A number, or the quotient of two printed figures."""
    number = math.nan
    if isinstance(value, str) and (ratio := re.fullmatch(_RATIO, value)):
        top, bottom = float(ratio[1]), float(ratio[2])
        number = top / bottom if bottom and math.isfinite(bottom) else math.nan
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        with suppress(OverflowError):
            number = float(value)
    if not math.isfinite(number):
        todo = "correct it"
        if isinstance(value, str) and re.fullmatch(rf"-?{_FIGURE}", value):
            todo = "remove the quotes"
        if isinstance(value, dict):
            todo = "write a key with a dot in quotes"
        what = 'expected a finite number or a ratio such as "608/168"'
        raise ValueError(f"{what}, got {shown(value)}, {todo}")
    return number


def claim_from(value: Any) -> float | str:
    """A number, or the name of a state."""
    if isinstance(value, str) and value.strip() and not re.fullmatch(_LIKE_A_RATIO, value):
        return value
    return number_from(value)


def date_from(value: Any) -> datetime.date:
    """A day, written without quotes."""
    if type(value) is not datetime.date:
        what = "expected a date such as 2026-11-23 without quotes"
        raise ValueError(f"{what}, got {shown(value)}, write it so")
    return value


def not_zero(value: float) -> float:
    """A figure of which a relative difference makes sense."""
    if value == 0:
        what = "expected a figure other than 0, since the tolerance is relative to it"
        raise ValueError(f"{what}, got 0, leave the figure out")
    return value


def positive(value: float) -> float:
    """A number above 0."""
    if value <= 0:
        raise ValueError(f"expected a number above 0, got {value:g}, correct it")
    return value


def one_or_more(value: float) -> float:
    """A number from 1 on."""
    if value < 1:
        raise ValueError(f"expected a number of 1 or more, got {value:g}, correct it")
    return value


def thin(value: float) -> float:
    """A relative difference above 0."""
    if value <= 0:
        raise ValueError(f"expected a number above 0, got {value:g}, write 1e-3 for a thousandth")
    return value


def listed(value: Any) -> Any:
    """A list of names; one name stands for a list of one."""
    return [value] if isinstance(value, str) else value


def row_from(value: Any) -> tuple[Any, ...]:
    """Two inputs and a number, as a row of three."""
    if not (isinstance(value, list) and len(value) == 3):
        what = 'expected two inputs and a number such as ["gpu_price", "demand", 0.5]'
        got = shown(value) if not isinstance(value, list) else f"a list of {len(value)}"
        raise ValueError(f"{what}, got {got}, write it so")
    return tuple(value)


def plain_text(value: str) -> str:
    """Text without characters that hide or reorder what is around them."""
    hidden = [c for c in value if c not in "\n\t" and _is_hidden(c)]
    if hidden:
        what = "expected text without control characters"
        raise ValueError(f"{what}, got {shown(value)}, remove {hidden[0]!r}")
    return value


def one_line(value: str) -> str:
    """Plain text without line ends."""
    if len(value.splitlines()) > 1:
        raise ValueError(f"expected text on one line, got {shown(value)}, join its lines")
    return plain_text(value)


def _is_hidden(character: str) -> bool:
    """Whether it controls a terminal or the direction of writing instead of being written."""
    return unicodedata.category(character) == "Cc" or character in _DIRECTIONS


_DIRECTIONS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_RANK = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": f"^{_RATIO}$"}]}
_PAIR_ITEMS = [{"type": "string"}, {"type": "string"}, _RANK]
Ratio = Annotated[str, Field(pattern=f"^{_RATIO}$")]
Number = Annotated[float, BeforeValidator(number_from, json_schema_input_type=float | Ratio)]
Claim = Annotated[float | str, BeforeValidator(claim_from)]
Date = Annotated[datetime.date, BeforeValidator(date_from), PlainSerializer(str)]
Text = Annotated[str, Field(pattern=r"\S"), AfterValidator(plain_text)]
Line = Annotated[str, Field(pattern=r"\S"), AfterValidator(one_line)]
Web = Annotated[str, Field(pattern=r"^https?://\S+$"), AfterValidator(plain_text)]
Grade = Annotated[str, Field(pattern=r"^([ABCD][+-]?|R)$")]
Numbers = Annotated[dict[str, Number], Field(min_length=1)]
Values = Annotated[list[Number], Field(min_length=1, max_length=100)]
Chances = Annotated[dict[str, Number], Field(min_length=1, max_length=100)]
Edges = Annotated[list[Number], Field(min_length=1, max_length=1000)]
Names = Annotated[
    list[Line],
    Field(min_length=1),
    BeforeValidator(listed, json_schema_input_type=str | list[str]),
]
Pair = Annotated[
    tuple[Line, Line, Number],
    BeforeValidator(row_from),
    WithJsonSchema({"type": "array", "prefixItems": _PAIR_ITEMS, "minItems": 3, "maxItems": 3}),
]
Pairs = Annotated[list[Pair], Field(min_length=1, max_length=1000)]
# Tags in angle brackets leave the places of problems again: see `risk.prior_report`.
Probabilities = Annotated[
    Annotated[Values, Tag("<list>")] | Annotated[Chances, Tag("<table>")],
    Discriminator(lambda value: "<list>" if isinstance(value, list) else "<table>"),
]
Family = Literal[
    "normal",
    "student_t",
    "lognormal",
    "gamma",
    "beta",
    "uniform",
    "triangular",
    "pert",
    "metalog",
    "best",
]
ListFamily = Literal[
    Family, "mixture", "discrete", "histogram", "empirical", "categorical"
]  # fmt: skip

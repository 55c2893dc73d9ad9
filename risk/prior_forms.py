"""The form of the values in a priors file: numbers, ratios, dates, pairs, names."""

from __future__ import annotations

import datetime
import math
import re
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import (
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
        number = top / bottom if bottom else math.nan
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
        raise ValueError(f"expected a number above 0, got {value:g}, write 1e-3 for a thousandth")
    return value


def listed(value: Any) -> Any:
    """A list of names; one name stands for a list of one."""
    return [value] if isinstance(value, str) else value


def pair_from(value: Any) -> tuple[str, str, float]:
    """Two inputs and a number."""
    fits = (
        isinstance(value, list) and len(value) == 3 and all(isinstance(x, str) for x in value[:2])
    )
    if not fits:
        what = 'expected two inputs and a number such as ["gpu_price", "demand", 0.5]'
        raise ValueError(f"{what}, got {shown(value)}, write it so")
    return value[0], value[1], number_from(value[2])


_PAIR_ITEMS = [{"type": "string"}, {"type": "string"}, {"type": "number"}]
Ratio = Annotated[str, Field(pattern=f"^{_RATIO}$")]
Number = Annotated[float, BeforeValidator(number_from, json_schema_input_type=float | Ratio)]
Claim = Annotated[float | str, BeforeValidator(claim_from)]
Date = Annotated[datetime.date, BeforeValidator(date_from), PlainSerializer(str)]
Text = Annotated[str, Field(pattern=r"\S")]
Web = Annotated[str, Field(pattern=r"^https?://\S+$")]
Grade = Annotated[str, Field(pattern=r"^([ABCD][+-]?|R)$")]
Numbers = Annotated[dict[str, Number], Field(min_length=1)]
Names = Annotated[
    list[Text],
    Field(min_length=1),
    BeforeValidator(listed, json_schema_input_type=str | list[str]),
]
Pair = Annotated[
    tuple[str, str, float],
    BeforeValidator(pair_from),
    WithJsonSchema({"type": "array", "prefixItems": _PAIR_ITEMS, "minItems": 3, "maxItems": 3}),
]
# Tags in angle brackets leave the places of problems again: see `risk.prior_report`.
Probabilities = Annotated[
    Annotated[list[Number], Tag("<list>")] | Annotated[Numbers, Tag("<table>")],
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

"""The form of a priors file: its tables, keys and types; the JSON Schema for editors."""

from __future__ import annotations

import datetime
import json
import math
import re
from contextlib import suppress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

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


def _number(value: Any) -> float:
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


def _claim(value: Any) -> float | str:
    if isinstance(value, str) and value.strip() and not re.fullmatch(_LIKE_A_RATIO, value):
        return value
    return _number(value)


def _date(value: Any) -> datetime.date:
    if type(value) is not datetime.date:
        what = "expected a date such as 2026-11-23 without quotes"
        raise ValueError(f"{what}, got {shown(value)}, write it so")
    return value


def _not_zero(value: float) -> float:
    if value == 0:
        what = "expected a figure other than 0, since the tolerance is relative to it"
        raise ValueError(f"{what}, got 0, leave the figure out")
    return value


def _positive(value: float) -> float:
    if value <= 0:
        raise ValueError(f"expected a number above 0, got {value:g}, write 1e-3 for a thousandth")
    return value


Ratio = Annotated[str, Field(pattern=f"^{_RATIO}$")]
Number = Annotated[float, BeforeValidator(_number, json_schema_input_type=float | Ratio)]
Claim = Annotated[float | str, BeforeValidator(_claim)]
Date = Annotated[datetime.date, BeforeValidator(_date), PlainSerializer(str)]
Text = Annotated[str, Field(pattern=r"\S")]
Web = Annotated[str, Field(pattern=r"^https?://\S+$")]
Grade = Annotated[str, Field(pattern=r"^([ABCD][+-]?|R)$")]
Numbers = Annotated[dict[str, Number], Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class SourceSchema(_Strict):
    """Where a number was read, and when."""

    title: Text
    """What it is called."""
    url: Web
    """Where it is on the web."""
    read: Date
    """The day on which it was read."""
    grade: Grade
    """A official, read directly; B relayed or in open code; C secondary; D blog; R recalled."""


class JudgementSchema(_Strict):
    """Who judged a prior that no source settles, when and why."""

    who: Text
    """Who judged."""
    when: Date
    """On which day."""
    why: Text
    """On what grounds, and how wide on purpose."""


class StateSchema(_Strict):
    """What is believed in one state of a regime: a family, or a fixed value."""

    family: Literal["normal", "lognormal", "beta", "uniform", "triangular", "pert"] | None = None
    """The shape of the distribution; needs `parameters` or `quantiles`."""
    parameters: Numbers | None = None
    """The family's parameters by name."""
    quantiles: Numbers | None = None
    """Two or three quantiles instead: p5, p50, p95 or the like."""
    fact: Number | None = None
    """A fixed value."""


class InputSchema(_Strict):
    """One input: what it is, what is believed of it, and why."""

    label: Text
    """Its name in tables and figures."""
    unit: Text
    """The model's unit for it; "1" for a number without unit."""
    description: Text
    """What exactly it counts, in a sentence."""
    family: (
        Literal["normal", "lognormal", "beta", "uniform", "triangular", "pert", "categorical"]
        | None
    ) = None
    """The shape of the distribution; needs `parameters` or `quantiles`, or `probabilities`."""
    parameters: Numbers | None = None
    """The family's parameters by name."""
    quantiles: Numbers | None = None
    """Two or three quantiles instead: p5, p50, p95 or the like."""
    probabilities: Numbers | None = None
    """Of a categorical input: state → probability."""
    fact: Number | None = None
    """A fixed value that is known."""
    lever: Number | None = None
    """A fixed value that management chooses."""
    given: Text | None = None
    """The categorical input whose state decides the distribution; needs `states`."""
    states: Annotated[dict[str, StateSchema], Field(min_length=1)] | None = None
    """State of the `given` input → distribution or fixed value."""
    theoretical: Claim | None = None
    """What the headline claim assumes: a number, or a state of a categorical input."""
    step: Text | None = None
    """The step of the bridge in which the input moves from the claim to reality."""
    sources: list[Text] = []
    """Names of [sources.…] tables."""
    judgement: JudgementSchema | None = None
    """Who judged, when and why, where no source settles it."""


class PublishedSchema(_Strict):
    """A published figure that the theoretical case must reproduce."""

    label: Text
    """Its name in tables."""
    outcome: Text
    """The model's outcome that it is compared with."""
    value: Annotated[Number, AfterValidator(_not_zero)]
    """The figure, in `unit`."""
    unit: Text
    """The model's unit for the outcome."""
    tolerance: Annotated[Number, AfterValidator(_positive)]
    """The largest relative difference that its printed digits leave."""
    text: Text
    """The figure as it was printed."""
    source: Text
    """Name of a [sources.…] table."""


class FileSchema(_Strict):
    """A priors file of one case."""

    title: Text
    """What the case is called in the memo."""
    description: str = ""
    """What it is about, in a few sentences."""
    sources: dict[str, SourceSchema] = {}
    """Where the numbers were read."""
    inputs: Annotated[dict[str, InputSchema], Field(min_length=1)]
    """Every input of the model."""
    published: list[PublishedSchema] = []
    """Published figures that the theoretical case must reproduce."""


def json_schema() -> str:
    """The JSON Schema that lets an editor complete and check a priors file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= _plain(FileSchema.model_json_schema())
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _plain(schema: Any) -> Any:
    """Without null, which TOML does not have, and without titles that repeat the key."""
    if isinstance(schema, list):
        return [_plain(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    named = {"properties", "$defs"}
    kept = {
        key: {name: _plain(value) for name, value in item.items()} if key in named else _plain(item)
        for key, item in schema.items()
        if key not in ("title", "default")
    }
    if "anyOf" in kept:
        kinds = [kind for kind in kept.pop("anyOf") if kind != {"type": "null"}]
        kept = (kinds[0] if len(kinds) == 1 else {"anyOf": kinds}) | kept
    return kept

"""The form of a priors file: its tables, keys and types; the JSON Schema for editors."""

from __future__ import annotations

import datetime
import json
import math
import re
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


def _number(value: Any) -> float:
    """A finite number; a ratio of two printed figures may be written as the text "608/168"."""
    if isinstance(value, str) and re.fullmatch(r"\s*-?[\d.e+]+\s*/\s*[\d.e+]+\s*", value):
        top, bottom = (Fraction(part.strip()) for part in value.split("/"))
        if bottom:
            return float(top / bottom)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ValueError(f'expected a finite number or a ratio such as "608/168", got {value!r}')
    return float(value)


def _claim(value: Any) -> float | str:
    """A number, or the name of a regime's state."""
    if isinstance(value, str) and value and "/" not in value:
        return value
    return _number(value)


def _date(value: Any) -> datetime.date:
    if type(value) is not datetime.date:
        raise ValueError(f"expected a date such as 2026-11-23 without quotes, got {value!r}")
    return value


Number = Annotated[float, BeforeValidator(_number, json_schema_input_type=float | str)]
Claim = Annotated[float | str, BeforeValidator(_claim)]
Date = Annotated[datetime.date, BeforeValidator(_date), PlainSerializer(str)]
Text = Annotated[str, Field(min_length=1)]
Web = Annotated[str, Field(pattern=r"^https?://\S+$")]
Grade = Annotated[str, Field(pattern=r"^([ABCD][+-]?|R)$")]
Family = Literal["normal", "lognormal", "beta", "uniform", "triangular", "pert"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class SourceSchema(_Strict):
    """Where a number was read, and when; grade A (official) to D (blog), R recalled."""

    title: Text
    url: Web
    read: Date
    grade: Grade


class JudgementSchema(_Strict):
    """Who judged a prior that no source settles, when and why."""

    who: Text
    when: Date
    why: Text


class DistributionSchema(_Strict):
    """A family with parameters or quantiles, or a fixed value."""

    family: Family | Literal["categorical"] | None = None
    parameters: dict[str, Number] | None = None
    quantiles: dict[str, Number] | None = None
    fact: Number | None = None


class InputSchema(DistributionSchema):
    """One input: what it is, what is believed of it, and why."""

    label: Text
    unit: Text
    description: Text
    probabilities: dict[str, Number] | None = None
    lever: Number | None = None
    given: Text | None = None
    states: dict[str, DistributionSchema] | None = None
    theoretical: Claim | None = None
    step: Text | None = None
    sources: list[Text] = []
    judgement: JudgementSchema | None = None


class PublishedSchema(_Strict):
    """A published figure that the theoretical case must reproduce, within a relative tolerance."""

    label: Text
    outcome: Text
    value: Number
    unit: Text
    tolerance: Annotated[Number, Field(gt=0)]
    text: Text
    source: Text


class FileSchema(_Strict):
    """A priors file."""

    title: Text
    description: Text = ""
    sources: dict[str, SourceSchema] = {}
    inputs: Annotated[dict[str, InputSchema], Field(min_length=1)]
    published: list[PublishedSchema] = []


def json_schema() -> str:
    """The JSON Schema that lets an editor complete and check a priors file."""
    schema = FileSchema.model_json_schema()
    schema["properties"]["#:schema"] = {"type": "string"}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"

"""The form of a priors file: its tables and their keys; the JSON Schema for editors."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from risk.prior_forms import (
    Claim,
    Date,
    Edges,
    Family,
    Grade,
    Line,
    ListFamily,
    Names,
    Number,
    Numbers,
    Pairs,
    Probabilities,
    Text,
    Values,
    Web,
    not_zero,
    one_or_more,
    plain_text,
    positive,
    thin,
)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)


class SourceSchema(_Strict):
    """Where a number was read, and when."""

    title: Line
    """What it is called."""
    url: Web
    """Where it is on the web."""
    read: Date
    """The day on which it was read."""
    grade: Grade
    """A official, read directly; B relayed or in open code; C secondary; D blog; R recalled."""


class JudgementSchema(_Strict):
    """Who judged a prior that no source settles, when and why."""

    who: Line
    """Who judged."""
    when: Date
    """On which day."""
    why: Text
    """On what grounds, and how wide on purpose."""


class EvidenceSchema(_Strict):
    """A reported value of an input, shown beside its prior."""

    value: Number
    """The value, in the input's unit."""
    label: Line
    """What it is: "1-year contract, June 2026"."""
    source: Line
    """Name of a [sources.…] table."""


class TruncationSchema(_Strict):
    """Limits outside which nothing is possible; either or both."""

    minimum: Number | None = None
    """The smallest possible value."""
    maximum: Number | None = None
    """The largest possible value."""


class _BeliefSchema(_Strict):
    """What is believed of a number: what fixes its family."""

    parameters: Numbers | None = None
    """The family's parameters by name."""
    quantiles: Numbers | None = None
    """Two to seven quantiles instead: p5, p50, p95 or the like."""
    held: Numbers | None = None
    """Beside quantiles or data: parameters that are not fitted."""
    data: Line | None = None
    """Instead of parameters or quantiles: a CSV file in the folder of this file."""
    column: Line | None = None
    """Its column."""
    truncated: TruncationSchema | None = None
    """Limits outside which nothing is possible."""


class ComponentSchema(_BeliefSchema):
    """A part of a mixture."""

    family: Family
    """The shape of the distribution."""
    weight: Annotated[Number, AfterValidator(positive)]
    """How much it counts, compared with the other parts."""


class _ListsSchema(_BeliefSchema):
    """A belief that may also be a list of parts, values or bins."""

    family: ListFamily | None = None
    """The shape of the distribution."""
    components: Annotated[list[ComponentSchema], Field(min_length=1, max_length=100)] | None = None
    """Of a mixture: its parts."""
    values: Values | None = None
    """Of a discrete prior: its values, rising."""
    probabilities: Probabilities | None = None
    """Of a categorical input: state → probability; of a discrete one: one a value."""
    bins: Edges | None = None
    """Of a histogram: the edges of its bins, rising."""
    weights: Edges | None = None
    """Of a histogram: how much each bin counts."""


class ExpertSchema(_ListsSchema):
    """What one expert believes."""

    who: Line
    """Who it is."""
    weight: Annotated[Number, AfterValidator(positive)] = 1.0
    """How much it counts, compared with the others."""
    sources: list[Line] = []
    """Names of [sources.…] tables."""


class StateSchema(_ListsSchema):
    """What is believed in one state of a regime: a family, or a fixed value."""

    fact: Number | None = None
    """A fixed value."""


class InputSchema(_ListsSchema):
    """One input: what it is, what is believed of it, and why."""

    label: Line
    """Its name in tables and figures."""
    unit: Line
    """The model's unit for it; "1" for a number without unit."""
    description: Text
    """What exactly it counts, in a sentence."""
    fact: Number | None = None
    """A fixed value that is known."""
    lever: Number | None = None
    """A fixed value that management chooses."""
    given: Names | None = None
    """The categorical inputs whose states decide the distribution; needs `states`."""
    states: Annotated[dict[str, StateSchema], Field(min_length=1)] | None = None
    """State of the `given` input → distribution or fixed value; of several: "open, high"."""
    share_of: Line | None = None
    """Instead: the [shares.…] table whose shares sum to one."""
    experts: Annotated[list[ExpertSchema], Field(min_length=1, max_length=100)] | None = None
    """Instead: what several experts believe."""
    pool: Literal["linear", "logarithmic"] | None = None
    """How experts are pooled; linear if not said."""
    expert_factor: bool | None = None
    """Whether the expert becomes a factor of its own, so that disagreement gets an index."""
    theoretical: Claim | None = None
    """What the headline claim assumes: a number, or a state of a categorical input."""
    step: Line | None = None
    """The step of the bridge in which the input moves from the claim to reality."""
    sources: list[Line] = []
    """Names of [sources.…] tables."""
    judgement: JudgementSchema | None = None
    """Who judged, when and why, where no source settles it."""
    evidence: Annotated[list[EvidenceSchema], Field(max_length=100)] = []
    """Reported values that are shown beside the prior."""


class _BlockSchema(_Strict):
    """Inputs that belong together."""

    label: Line
    """Its name in tables and figures."""
    innovations: bool = False
    """Whether what each member adds to those before it is a factor, instead of the block."""
    sources: list[Line] = []
    """Names of [sources.…] tables."""
    judgement: JudgementSchema | None = None
    """Who judged, when and why."""


class CorrelationSchema(_BlockSchema):
    """Inputs that move together: one factor."""

    pairs: Pairs | None = None
    """Rows of two inputs and their rank correlation."""
    rank: Literal["spearman", "kendall"] = "spearman"
    """Which rank correlation."""
    copula: Literal["gaussian", "t"] = "gaussian"
    """How extremes meet: never in the Gaussian copula, often in the t copula."""
    degrees_of_freedom: Annotated[Number, AfterValidator(one_or_more)] | None = None
    """Of a t copula."""
    given: Names | None = None
    """Categorical inputs in whose states the correlations differ; needs `states`."""
    states: Annotated[dict[str, Pairs], Field(min_length=1)] | None = None
    """State → rows of two inputs and their rank correlation."""
    repair: Literal["shrink"] | None = None
    """Allows correlations that cannot hold together to be shrunk as little as possible."""


class SharesSchema(_BlockSchema):
    """Shares that sum to one."""

    family: Literal["dirichlet", "logistic_normal"]
    """A Dirichlet, or a normal on the logarithms of weights."""
    parameters: Numbers
    """Input → alpha, or → its share at the centre of the logistic normal."""
    spread: Numbers | None = None
    """Of the logistic normal: input → standard deviation of the logarithm of its weight."""


class ObservationSchema(_Strict):
    """Evidence: an observed value of an outcome, which re-weights the draws."""

    label: Line
    """Its name in tables."""
    outcome: Line
    """The model's outcome that was observed."""
    value: Number
    """What was observed, in `unit`."""
    error: Annotated[Number, AfterValidator(positive)]
    """Standard deviation of the error of observation."""
    unit: Line
    """The model's unit for the outcome."""
    source: Line
    """Name of a [sources.…] table."""


class PublishedSchema(_Strict):
    """A published figure that the theoretical case must reproduce."""

    label: Line
    """Its name in tables."""
    outcome: Line
    """The model's outcome that it is compared with."""
    value: Annotated[Number, AfterValidator(not_zero)]
    """The figure, in `unit`."""
    unit: Line
    """The model's unit for the outcome."""
    tolerance: Annotated[Number, AfterValidator(thin)]
    """The largest relative difference that its printed digits leave."""
    text: Line
    """The figure as it was printed."""
    source: Line
    """Name of a [sources.…] table."""


class FileSchema(_Strict):
    """A priors file of one case."""

    title: Line
    """What the case is called in the memo."""
    description: Annotated[str, AfterValidator(plain_text)] = ""
    """What it is about, in a few sentences."""
    sources: dict[str, SourceSchema] = {}
    """Where the numbers were read."""
    inputs: Annotated[dict[str, InputSchema], Field(min_length=1)]
    """Every input of the model."""
    correlations: dict[str, CorrelationSchema] = {}
    """Inputs that move together."""
    shares: dict[str, SharesSchema] = {}
    """Shares that sum to one."""
    published: list[PublishedSchema] = []
    """Published figures that the theoretical case must reproduce."""
    observations: list[ObservationSchema] = []
    """Evidence that re-weights the draws."""


def json_schema() -> str:
    """The JSON Schema that lets an editor complete and check a priors file."""
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema |= _plain(FileSchema.model_json_schema())
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _plain(schema: Any) -> Any:
    """Without null, which TOML does not have, and without titles that repeat the key."""
    if not isinstance(schema, dict):
        return [_plain(item) for item in schema] if isinstance(schema, list) else schema
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

"""From the table of one belief (of an input, a state, an expert) to a marginal.

What cannot be built is `UNKNOWN`, with the problem in the report.
"""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from risk.checks import UNKNOWN
from risk.data_column import read_column
from risk.data_fit import from_data
from risk.elicitation import from_quantiles
from risk.families import FAMILIES, discrete, histogram, mixture, truncated
from risk.locations import Where
from risk.marginals import Categorical, Marginal
from risk.names import suggest
from risk.prior_report import Report

Table = Mapping[str, Any]
WAYS = ("parameters", "quantiles", "data")  # of which a family of `FAMILIES` needs one
NEEDS = {  # family → the keys that say it
    "mixture": ("components",),
    "discrete": ("values", "probabilities"),
    "histogram": ("bins", "weights"),
    "empirical": ("data", "column"),
    "categorical": ("probabilities",),
}
KEYS = (*WAYS, "held", "column", "components", "values", "probabilities", "bins", "weights",
        "truncated")  # fmt: skip
_PERCENTILE = re.compile(r"p[0-9]{1,2}(\.[0-9]{1,9})?")


class Reading(NamedTuple):
    """What every step of the reading needs to know."""

    report: Report
    folder: Path  # of the priors file: data lies in it or below it


class Belief(NamedTuple):
    """One table, as it stands and as far as its keys have the right form."""

    schema: Any
    wrong: set[str]  # keys that do not have the right form
    table: Table
    where: Where

    def has(self, *keys: str) -> bool:
        """Whether keys are there, in the right form."""
        return all(key in self.table and key not in self.wrong for key in keys)


def build_belief(belief: Belief, reading: Reading) -> Any:
    """A marginal or a categorical, or `UNKNOWN` with the problem in the report."""
    family, report = belief.schema.family, reading.report
    if family is None:
        return UNKNOWN
    built = UNKNOWN
    if family in NEEDS:
        if _fits(belief, NEEDS[family], report) and belief.has(*NEEDS[family]):
            built = _listed(belief, reading)
        elif family == "categorical":
            built = _same_states(belief.table.get("probabilities"))
    else:
        way = _one_way(belief, report)
        if way is not None:
            beside = {"quantiles": ("held",), "data": ("column", "held")}.get(way, ())
            fits = _fits(belief, (way, *beside), report, optional=("held",))
            built = _by_way(belief, way, reading) if fits and belief.has(way) else UNKNOWN
    if "truncated" in belief.table and family == "categorical":
        report.add((*belief.where, "truncated"), "a categorical input has no limits, remove it")
    elif built is not UNKNOWN and belief.has("truncated") and "quantiles" not in belief.table:
        built = _built(lambda: truncated(built, **_limits(belief)), belief, "truncated", report)
    return built


def _one_way(belief: Belief, report: Report) -> str | None:
    """Which of parameters, quantiles and data says the family."""
    given = [way for way in WAYS if way in belief.table]
    ways = WAYS[1:] if belief.schema.family == "best" else WAYS
    if len(given) == 1 and given[0] in ways:
        return given[0]
    got = "none" if not given else " and ".join(given)
    todo = "keep one" if len(given) > 1 else "add one"
    listed = f"`{'`, `'.join(ways)}`"
    report.add(belief.where, f"expected one of {listed}, got {got}, {todo}")
    return None


def _fits(
    belief: Belief, needed: tuple[str, ...], report: Report, optional: tuple[str, ...] = ()
) -> bool:
    """Whether a family has the keys that it needs, and none that does not go with it."""
    fits = True
    for key in needed:
        if key not in belief.table and key not in optional:
            report.add((*belief.where, key), f"missing, {_EXAMPLES[key]}")
            fits = False
    return not unfitting(belief, {*needed, "truncated"}, "family", report) and fits


def unfitting(belief: Belief, fitting: set[str], way: str, report: Report) -> bool:
    """Report keys that do not go with the way in which the belief is said."""
    found = False
    for key in KEYS:
        where = (*belief.where, key)
        if key in belief.table and key not in fitting and where not in report.keys:
            family = belief.schema.family
            said = f"{way} = {family!r}".replace("'", '"') if way == "family" else way
            report.add(where, f"does not go with `{said}`, remove one of the two")
            found = True
    return found


_EXAMPLES = {
    "components": "add [ { weight = 1, family = …, parameters = { … } }, … ]",
    "values": "add [1, 2, …]",
    "probabilities": "add { state = probability, … }",
    "bins": "add the edges of the bins [0, 1, …]",
    "weights": "add a weight for each bin [1, 2, …]",
    "data": "name a CSV file",
    "column": "name a column of the CSV file",
}


def _listed(belief: Belief, reading: Reading) -> Any:
    """Families that are lists of values, bins, parts or states, or a column as it is."""
    schema, report = belief.schema, reading.report
    given: Any = schema.probabilities
    match schema.family:
        case "categorical" if isinstance(given, dict):
            states, shares = tuple(given), tuple(given.values())
            built = _built(lambda: Categorical(states, shares), belief, "probabilities", report)
            return _same_states(given) if built is UNKNOWN else built
        case "discrete" if isinstance(given, list):
            return _built(lambda: discrete(schema.values, given), belief, "values", report)
        case "categorical" | "discrete":
            kind = "a table { state = p, … }" if schema.family == "categorical" else "a list"
            report.add((*belief.where, "probabilities"), f"expected {kind}, got another, write it")
        case "histogram":
            return _built(lambda: histogram(schema.bins, schema.weights), belief, "bins", report)
        case "mixture":
            return _mixture(belief, reading)
        case "empirical":
            return _from_column(belief, reading)
    return UNKNOWN


def _same_states(given: Any) -> Any:
    """A categorical with the same states, for one that cannot be built: others depend on it."""
    if isinstance(given, dict) and given:
        with suppress(ValueError):  # names that cannot be states
            return Categorical(tuple(given), (1 / len(given),) * len(given))
    return UNKNOWN


def _mixture(belief: Belief, reading: Reading) -> Any:
    parts = []
    for i, (schema, table) in enumerate(
        zip(belief.schema.components, belief.table["components"], strict=True)
    ):
        part = Belief(schema, set(), table, (*belief.where, "components", i))
        parts.append(build_belief(part, reading))
    if any(part is UNKNOWN for part in parts):
        return UNKNOWN
    weights = [schema.weight for schema in belief.schema.components]
    return _built(lambda: mixture(parts, weights), belief, "components", reading.report)


def _by_way(belief: Belief, way: str, reading: Reading) -> Any:
    schema, report = belief.schema, reading.report
    if way == "data":
        return _from_column(belief, reading) if belief.has("column") else UNKNOWN
    if way == "parameters":
        given = belief.table["parameters"]
        if _parameters_fit(given, schema.family, (*belief.where, way), report):
            return _built(lambda: FAMILIES[schema.family](**schema.parameters), belief, way, report)
        return UNKNOWN
    quantiles = _by_probability(schema.quantiles, (*belief.where, way), report)
    if quantiles is None or "held" in belief.wrong or "truncated" in belief.wrong:
        return UNKNOWN
    held, limits = schema.held, _limits(belief)
    return _built(
        lambda: from_quantiles(quantiles, schema.family, held=held, **limits), belief, way, report
    )


def _from_column(belief: Belief, reading: Reading) -> Any:
    schema, report = belief.schema, reading.report

    def fitted() -> Marginal:
        values = read_column(reading.folder, schema.data, schema.column)
        return from_data(
            values, schema.family, held=schema.held, file=schema.data, column=schema.column
        )

    return _built(fitted, belief, "data", report)


def _limits(belief: Belief) -> dict[str, float]:
    cut = belief.schema.truncated
    low, high = (cut.minimum, cut.maximum) if cut else (None, None)
    return {
        "minimum": -math.inf if low is None else low,
        "maximum": math.inf if high is None else high,
    }


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


def _built(build: Callable[[], Any], belief: Belief, key: str, report: Report) -> Any:
    try:
        return build()
    except ValueError as error:
        report.add((*belief.where, key), str(error))
        return UNKNOWN

"""From the table of one belief (of an input, a state, an expert) to a marginal.

What cannot be built is `UNKNOWN`, with the problem in the report. Whatever has the right form is
looked at, also beside something that has not, so that one reading finds every problem.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from risk.checks import UNKNOWN, near
from risk.families import FAMILIES, discrete, histogram, mixture, truncated
from risk.families.composed import MOST_PARTS
from risk.locations import Where
from risk.marginals import Categorical
from risk.prior_fits import NAME_A_COLUMN, fitted_to_data, fitted_to_quantiles
from risk.prior_report import Belief, Reading, Report, well_formed
from risk.prior_schema import ComponentSchema

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
_EXAMPLES = {
    "components": "add [ { weight = 1, family = …, parameters = { … } }, … ]",
    "values": "add [1, 2, …]",
    "probabilities": "add { state = probability, … }",
    "bins": "add the edges of the bins [0, 1, …]",
    "weights": "add a weight for each bin [1, 2, …]",
    "data": "name a CSV file",
    "column": NAME_A_COLUMN,
}


def build_belief(belief: Belief, reading: Reading) -> Any:
    """A marginal or a categorical, or `UNKNOWN` with the problem in the report."""
    family, report = belief.schema.family, reading.report
    if family is None or "family" in belief.wrong:
        return UNKNOWN
    if family in NEEDS:
        built = _listed(belief, reading) if _fits(belief, NEEDS[family], report) else UNKNOWN
        if built is UNKNOWN and family == "categorical":
            built = _same_states(belief.table.get("probabilities"))
    else:
        built = _numbered(belief, reading)
    if "truncated" not in belief.table:
        return built
    if family == "categorical":
        report.add(belief.at("truncated"), "a categorical input has no limits, remove it")
    elif _limits_fit(belief, report) and built is not UNKNOWN and "quantiles" not in belief.table:
        return report.tried(lambda: truncated(built, *belief.limits), belief.at("truncated"))
    return built


def parts(belief: Belief, key: str, form: Any) -> Iterator[Belief]:
    """The tables of a list, each with what of it has the right form."""
    listed = belief.table.get(key)
    for i, table in enumerate(listed[:MOST_PARTS] if isinstance(listed, list) else ()):
        if isinstance(table, dict):
            yield Belief(*well_formed(form, table), table, belief.at(key, i))


def unfitting(belief: Belief, fitting: set[str], way: str, report: Report) -> None:
    """Report keys that do not go with the way in which the belief is said."""
    for key in KEYS:
        where = belief.at(key)
        if key in belief.table and key not in fitting and where not in report.keys:
            said = way_said(belief, way)
            report.add(where, f"does not go with `{said}`, remove one of the two")


def way_said(belief: Belief, way: str) -> str:
    """The key that says what is believed, as the file has it."""
    family = belief.schema.family
    return f'family = "{family}"' if way == "family" and family else way


def _limits_fit(belief: Belief, report: Report) -> bool:
    """Whether there are limits in the right order."""
    low, high = belief.limits
    if not belief.has("truncated"):
        return False
    if not belief.table["truncated"]:
        report.add(belief.at("truncated"), "no limits, add minimum or maximum")
    elif not low < high:
        what = f"expected minimum < maximum, got {low:g} and {high:g}, correct them"
        report.add(belief.at("truncated"), what)
    return low < high


def _fits(belief: Belief, needed: Sequence[str], report: Report) -> bool:
    """Whether a family has the keys that it needs, in the right form; others are reported."""
    for key in needed:
        if key not in belief.table:
            numbers = belief.schema.family == "discrete" and key == "probabilities"
            example = "add one for each value [0.2, …]" if numbers else _EXAMPLES[key]
            report.add(belief.at(key), f"missing, {example}")
    unfitting(belief, {*needed, "truncated"}, "family", report)
    return belief.has(*needed) or needed == ("components",)


def _listed(belief: Belief, reading: Reading) -> Any:
    """Families that are lists of values, bins, parts or states, or a column as it is."""
    schema, report = belief.schema, reading.report
    given: Any = schema.probabilities
    match schema.family:
        case "categorical" if isinstance(given, dict):
            states, shares = tuple(given), tuple(given.values())
            for state in states:
                if not state.isprintable():
                    what = "expected a name of characters that can be seen, rename the state"
                    report.add(belief.at("probabilities", state), what)
            where = belief.at("probabilities")
            fits = _chances_fit(given, where, report)
            return report.tried(lambda: Categorical(states, shares), where) if fits else UNKNOWN
        case "discrete" if isinstance(given, list):
            return _paired(discrete, belief, ("values", "probabilities"), 0, report)
        case "categorical" | "discrete":
            want = "a table { state = p, … }" if schema.family == "categorical" else "a list"
            got = "a list" if isinstance(given, list) else "a table"
            report.add(belief.at("probabilities"), f"expected {want}, got {got}, write it so")
        case "histogram":
            return _paired(histogram, belief, ("bins", "weights"), 1, report)
        case "mixture":
            return _mixture(belief, reading)
        case "empirical":
            return fitted_to_data(belief, reading)
    return UNKNOWN


def _same_states(given: Any) -> Any:
    """A categorical with the same states, for one that cannot be built: others depend on it."""
    if isinstance(given, dict) and given:
        with suppress(ValueError):  # names that cannot be states
            return Categorical(tuple(given), (1 / len(given),) * len(given))
    return UNKNOWN


def _paired(
    family: Callable[..., Any], belief: Belief, keys: tuple[str, str], fewer: int, report: Report
) -> Any:
    """A family of two lists; what is wrong with the first does not depend on the second."""
    first, second = (getattr(belief.schema, key) for key in keys)
    count = len(first) - fewer
    even = [1 / max(count, 1)] * count
    built = report.tried(lambda: family(first, even), belief.at(keys[0]))
    most = 1.0 if family is discrete else math.inf
    if not _chances_fit(second, belief.at(keys[1]), report, most) or built is UNKNOWN:
        return UNKNOWN
    return report.tried(lambda: family(first, second), belief.at(keys[1]))


def _chances_fit(given: Any, where: Where, report: Report, most: float = 1.0) -> bool:
    """Whether each of a list or a table of probabilities, or of weights, can be one."""
    each = given.items() if isinstance(given, dict) else enumerate(given)
    wrong = [(key, p) for key, p in each if not 0 <= p <= most]
    for key, p in wrong:
        expected = "a probability between 0 and 1" if most == 1 else "a number of at least 0"
        report.add((*where, key), f"expected {expected}, got {p:g}, correct it")
    return not wrong


def _mixture(belief: Belief, reading: Reading) -> Any:
    found = [(p, build_belief(p, reading)) for p in parts(belief, "components", ComponentSchema)]
    if not belief.has("components") or any(marginal is UNKNOWN for _, marginal in found):
        return UNKNOWN
    weights = [part.schema.weight for part, _ in found]
    return reading.report.tried(
        lambda: mixture([m for _, m in found], weights), belief.at("components")
    )


def _numbered(belief: Belief, reading: Reading) -> Any:
    """A family of numbers with names, from parameters, quantiles or data."""
    report, table = reading.report, belief.table
    given = [way for way in WAYS if way in table]
    best = belief.schema.family == "best"
    if best and given == ["parameters"]:
        what = 'family = "best" is fitted to quantiles or data, give these instead'
        report.add(belief.at("parameters"), what)
        return UNKNOWN
    if len(given) != 1:
        ways = "quantiles or data" if best else "parameters, quantiles or data"
        got, todo = (" and ".join(given), "keep one") if given else ("none of them", "add one")
        report.add(belief.where, f"expected {ways}, got {got}, {todo}")
        return UNKNOWN
    (way,) = given
    beside = {"quantiles": {"held"}, "data": {"column", "held"}}.get(way, set())
    for key in ("held", "column"):
        if key in table and key not in beside:
            report.add(belief.at(key), f"does not go with `{way}`, remove one of the two")
    unfitting(belief, {way, *beside, "held", "column", "truncated"}, "family", report)
    return _FROM[way](belief, reading)


def _from_parameters(belief: Belief, reading: Reading) -> Any:
    """The family with these parameters, after a look at their names."""
    family, report = belief.schema.family, reading.report
    given, where = belief.table["parameters"], belief.at("parameters")
    if not isinstance(given, dict):
        return UNKNOWN
    known = inspect.signature(FAMILIES[family]).parameters
    unknown = [name for name in given if name not in known]
    for name in unknown:
        meant = near(name, known) or f" It has {', '.join(known)}."
        what = f"unknown parameter of {family}, remove or rename it.{meant}"
        report.add((*where, name), what)
    needed = [name for name, parameter in known.items() if parameter.default is parameter.empty]
    missing = [name for name in needed if name not in given]
    if missing and where not in report.keys:
        report.add(where, f"{family} needs {' and '.join(missing)}, add what is missing")
    if unknown or missing or not belief.has("parameters"):
        return UNKNOWN
    low, high = (belief.schema.parameters.get(end) for end in ("minimum", "maximum"))
    if family == "metalog" and None not in (low, high) and not low < high:
        what = f"expected minimum < maximum, got {low:g} and {high:g}, correct them"
        report.add((*where, "minimum"), what)
        return UNKNOWN
    return report.tried(lambda: FAMILIES[family](**belief.schema.parameters), where)


_FROM: dict[str, Callable[[Belief, Reading], Any]] = {
    "parameters": _from_parameters,
    "quantiles": fitted_to_quantiles,
    "data": fitted_to_data,
}

"""From quantiles, or from a column of data, to the closest marginal of a family."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from risk.checks import UNKNOWN, near
from risk.data_column import MissingColumn, read_column
from risk.data_fit import from_data
from risk.elicitation import HELD, from_quantiles
from risk.locations import Where
from risk.marginals import Marginal
from risk.prior_report import Belief, Reading, Report

NAME_A_COLUMN = "name a column of the CSV file"
_PERCENTILE = re.compile(r"p[0-9]{1,2}(\.[0-9]{1,9})?")
_MOST_TERMS = 6  # of a metalog


def fitted_to_quantiles(belief: Belief, reading: Reading) -> Any:
    """The family that returns the quantiles, or `UNKNOWN` with the problem in the report."""
    schema, report, where = belief.schema, reading.report, belief.at("quantiles")
    given = belief.table["quantiles"]
    names = _probabilities(given if isinstance(given, dict) else {}, where, report)
    low, high = belief.limits
    outside = [name for name, x in (schema.quantiles or {}).items() if not low < x < high]
    for name in outside if low < high else ():
        what = f"expected a quantile {_inside(low, high)}, got {schema.quantiles[name]:g}"
        report.add((*where, name), f"{what}, change it or the limits")
    held = _held_fits(belief, min(_MOST_TERMS, len(names)), report)
    fits = len(names) == len(schema.quantiles or {}) and not outside and low < high
    if not (held and fits and belief.has("quantiles")) or "truncated" in belief.wrong:
        return UNKNOWN
    asked = {p: schema.quantiles[name] for name, p in names.items()}
    return report.tried(lambda: _from_quantiles(asked, schema, low, high), where)


def _inside(low: float, high: float) -> str:
    """``above 0 and below 10``: between the limits that there are."""
    ends = [f"above {low:g}"] * (low > -math.inf) + [f"below {high:g}"] * (high < math.inf)
    return " and ".join(ends)


def _from_quantiles(asked: dict[float, float], schema: Any, low: float, high: float) -> Marginal:
    """The marginal that returns the quantiles; of a metalog, how many terms would do."""
    held = dict(schema.held or {})

    def fit(more: dict[str, float]) -> Marginal:
        return from_quantiles(asked, schema.family, held=held | more, minimum=low, maximum=high)

    try:
        return fit({})
    except ValueError as error:
        if "quantile function rises" not in str(error):  # of a metalog
            raise
        terms = int(held.get("terms", min(_MOST_TERMS, len(asked))))
        todo = "Give quantiles that are less uneven"
        for fewer in range(terms - 1, 2, -1):
            with suppress(ValueError):
                fit({"terms": fewer})
                todo = f"Hold fewer: held = {{ terms = {fewer} }}"
                break
        raise ValueError(
            f"Expected quantiles that a metalog of {terms} terms can return, got ones between "
            f"which it would fall. {todo}."
        ) from None


def _probabilities(quantiles: Mapping[str, Any], where: Where, report: Report) -> dict[str, float]:
    """``p5`` → 0.05, ``p97.5`` → 0.975: each once, others in the report."""
    found: dict[str, float] = {}
    for name in quantiles:
        if not _PERCENTILE.fullmatch(name):
            report.add((*where, name), 'expected a name such as p5, p50 or "p97.5", rename it')
        elif (probability := float(name[1:]) / 100) in found.values():
            report.add((*where, name), "the same quantile twice, keep one")
        else:
            found[name] = probability
    return found


def _held_fits(belief: Belief, terms: int, report: Report) -> bool:
    """Whether parameters that are held are ones that the family can hold."""
    family, held = belief.schema.family, belief.table.get("held")
    if not isinstance(held, dict):
        return held is None
    known, fits = HELD.get(family, ()), belief.has("held")
    for name in held:
        if name in known:
            continue
        what = f"{family} has no parameter that can be held, remove it"
        if family == "best":
            what = "only parameters of a family with a name can be held, name it or remove this"
        if known:
            what = f"{family} can hold {' and '.join(known)} only, remove or rename it"
            what += f".{near(name, known)}"
        report.add(belief.at("held", name), what)
        fits = False
    if not fits:
        return False
    own = belief.schema.held
    count, low, high = own.get("terms"), own.get("minimum"), own.get("maximum")
    wrong = []
    if count is not None and terms >= 3 and count not in range(3, terms + 1):
        most = f"a whole number from 3 to {terms}" if terms > 3 else "3, as many as quantiles"
        wrong.append(("terms", f"expected {most}, got {count:g}"))
    if own.get("degrees_of_freedom", 1.0) <= 0:
        got = own["degrees_of_freedom"]
        wrong.append(("degrees_of_freedom", f"expected a number above 0, got {got:g}"))
    if low is not None and high is not None and not low < high:
        wrong.append(("minimum", f"expected minimum < maximum, got {low:g} and {high:g}"))
    for name, what in wrong:
        report.add(belief.at("held", name), f"{what}, correct it")
    return not wrong


def fitted_to_data(belief: Belief, reading: Reading) -> Any:
    """A family that fits a column of data, or the column as it is."""
    schema, report = belief.schema, reading.report
    if "column" not in belief.table:
        report.add(belief.at("column"), f"missing, {NAME_A_COLUMN}")
    held = _held_fits(belief, _MOST_TERMS, report)
    if not belief.has("data", "column"):
        return UNKNOWN
    try:
        values = read_column(reading.folder, schema.data, schema.column)
    except ValueError as error:
        key = "column" if isinstance(error, MissingColumn) else "data"
        report.add(belief.at(key), str(error))
        return UNKNOWN
    low, high = belief.limits
    outside = next((x for x in values if not low <= x <= high), None)
    if outside is not None and low < high:
        what = f"expected data {_inside(low, high)}, got {outside:g}, change the limits or the data"
        report.add(belief.at("data"), what)
        return UNKNOWN
    if min(values) == max(values):
        what = f"expected values that differ, got {values[0]:g} in every line, write a fact instead"
        report.add(belief.at("data"), what)
        return UNKNOWN
    if not held:
        return UNKNOWN
    named = {"file": schema.data, "column": schema.column}
    return report.tried(
        lambda: from_data(values, schema.family, held=schema.held, **named), belief.at("data")
    )

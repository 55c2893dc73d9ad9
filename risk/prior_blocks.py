"""From the tables [correlations.…], [shares.…] and [[observations]] to what they say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from risk.blocks import Correlated, Pairs, Shares
from risk.checks import UNKNOWN, near
from risk.dependence import Block
from risk.latent import latent_of
from risk.locations import Where
from risk.prior_build import Sources, check_name, found_sources, judged
from risk.prior_forms import Pair
from risk.prior_report import Belief, Report, keys_of, well_formed
from risk.prior_schema import CorrelationSchema, ObservationSchema, SharesSchema
from risk.sources import Observation

Table = Mapping[str, Any]
_ROW: TypeAdapter[Any] = TypeAdapter(Pair)
_LEAST, _MOST = 1e-3, 1_000_000  # alpha, spread: beyond, shares have no quantiles
_SMALLEST = 1e-6  # centre of a share
_WIDEST = 40  # standard deviation of a logarithm: beyond, shares are 0 or 1


@dataclass(frozen=True)
class Placed:
    """A block of a file, and where the file says it."""

    block: Block
    where: Where
    rows: Mapping[str, list[int]] = field(default_factory=dict)  # state → rows of its pairs

    def at(self, named: str) -> Where:
        """Where the file says a field of the block: ``pairs.0`` is its first pair that fits."""
        keys = keys_of(named, self.rows)
        first = 1 if keys[:1] == ("pairs",) else 2
        rows = self.rows.get("" if first == 1 else str(keys[1]), []) if len(keys) > first else []
        if rows:
            keys = (*keys[:first], rows[int(keys[first])], *keys[first + 1 :])
        return (*self.where, *keys)


def build_shares(tables: Table, sources: Sources | None, report: Report) -> list[Placed]:
    """The blocks of shares that can be built."""
    found = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            continue
        where: Where = ("shares", name)
        belief = Belief(*well_formed(SharesSchema, table), table, where)
        schema, about = belief.schema, _about(name, belief, sources, report)
        spread = schema.spread if _spread_fits(belief, report) else None
        if _shares_fit(belief, report):
            block = Shares(schema.parameters, spread=spread, **about)
            if (
                report.tried(partial(getattr, block, "marginals"), (*where, "parameters"))
                is not UNKNOWN
            ):
                found.append(Placed(block, where))
    return found


def _shares_fit(belief: Belief, report: Report) -> bool:
    """Whether the parameters of a block of shares are ones that it can have."""
    given = belief.schema.parameters if belief.has("parameters") else {}
    least = _LEAST if belief.schema.family == "dirichlet" else _SMALLEST
    wrong: dict[tuple[str, ...], str] = {}
    for name, x in given.items():
        if not least <= x <= _MOST:
            numbers = f"a number from {least:g} to {_MOST:,}" if x > 0 else "a number above 0"
            wrong[name,] = f"expected {numbers}, got {x:g}, correct it"
    if len(given) == 1:
        wrong[()] = "expected two shares or more, got one, add the others"
    for keys, what in wrong.items():
        report.add(belief.at("parameters", *keys), what)
    return bool(given) and not wrong


def _spread_fits(belief: Belief, report: Report) -> bool:
    """Whether a logistic normal has a spread for each share, and a Dirichlet has none."""
    schema, table = belief.schema, belief.table
    listed, normal = table.get("parameters"), schema.family == "logistic_normal"
    names = list(listed) if isinstance(listed, dict) else []
    wrong: list[tuple[tuple[str, ...], str]] = []
    if "spread" in table and belief.has("family") and not normal:
        wrong.append(((), 'does not go with `family = "dirichlet"`, remove one of the two'))
    elif "spread" not in table and normal:
        wrong.append(((), "missing, add a standard deviation for each share"))
    elif belief.has("spread") and names:
        missing = [name for name in names if name not in schema.spread]
        wrong += [((), f"no number for the share {name!r}, add it") for name in missing]
        for name, x in schema.spread.items():
            if name not in names:
                what = f"no share of this name, remove or rename it.{near(name, missing)}"
                wrong.append(((name,), what))
            elif not _LEAST <= x <= _WIDEST:
                what = f"expected a number from {_LEAST:g} to {_WIDEST}, got {x:g}, correct it"
                wrong.append(((name,), what))
    for keys, what in wrong:
        report.add(belief.at("spread", *keys), what)
    return not wrong and "spread" not in belief.wrong


def build_correlations(tables: Table, sources: Sources | None, report: Report) -> list[Placed]:
    """The correlated blocks of which at least one pair fits."""
    found = []
    for name, table in tables.items():
        if not isinstance(table, dict):
            continue
        belief = Belief(*well_formed(CorrelationSchema, table), table, ("correlations", name))
        schema, about = belief.schema, _about(name, belief, sources, report)
        _check_keys(belief, report)
        pairs, rows = _every_pair(belief, report)
        single, given = pairs.pop("", {}), tuple(schema.given or ())
        if not single and not (given and pairs):
            continue
        df = schema.degrees_of_freedom
        block = Correlated(
            single,
            rank=schema.rank,
            degrees_of_freedom=math.inf if df is None else df,
            given=() if single else given,
            states={} if single else pairs,
            repair=schema.repair is not None,
            **about,
        )
        found.append(Placed(block, belief.where, rows))
    return found


def build_observations(tables: Iterable[Table], sources: Sources) -> list[Observation]:
    """The observations of a file without problems."""
    rows = [ObservationSchema.model_validate(table).model_dump() for table in tables]
    return [Observation(**(row | {"source": sources[row["source"]]})) for row in rows]


def unheld_problems(block: Correlated, beliefs: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Correlations that inputs cannot have, or that cannot hold together: (field, what)."""
    if not _refusal(block, block.by_state, beliefs):
        return []
    found = []
    for state, pairs in block.by_state.items():
        place = f"states.{state}" if state else "pairs"
        each = [_refusal(block, {"": {pair: rank}}, beliefs) for pair, rank in pairs.items()]
        found += [(f"{place}.{i}.2", why) for i, why in enumerate(each) if why]
        if not any(each) and (why := _refusal(block, {"": pairs}, beliefs)):
            found.append((place, why))
    return found


def _refusal(block: Correlated, by_state: Mapping[str, Pairs], beliefs: Mapping[str, Any]) -> str:
    """Why pairs in some states, instead of the block's own, cannot hold; empty if they can."""
    single = by_state.get("", {})
    own: dict[str, Any] = {"given": (), "states": {}} if single else {}
    try:
        latent_of(replace(block, pairs=single, **own), beliefs)
    except ValueError as error:
        return str(error)
    return ""


def _about(name: str, belief: Belief, sources: Sources | None, report: Report) -> dict[str, Any]:
    """What all blocks say of themselves."""
    schema, table = belief.schema, belief.table
    check_name(name, belief.where, report)
    found = found_sources(table, sources, belief.where, report)
    if not (table.get("sources") or "judgement" in table):
        report.add(belief.where, "no source and no judgement, add `sources` or `judgement`")
    return {
        "name": name,
        "label": schema.label,
        "innovations": schema.innovations,
        "sources": tuple(found),
        "judgement": judged(schema.judgement),
    }


def _check_keys(belief: Belief, report: Report) -> None:
    """Report a table without pairs, or `given` with states, or without what its copula needs."""
    table, schema = belief.table, belief.schema
    wrong: dict[str, str] = {}
    by_state = [key for key in ("given", "states") if key in table]
    if "pairs" in table and by_state:
        wrong["pairs"] = f"does not go with `{by_state[0]}`, remove one of the two"
    elif not by_state and "pairs" not in table:
        wrong[""] = "expected `pairs`, or `given` with `states`, got neither, add one"
    elif len(by_state) == 1:
        missing = {"given": "states", "states": "given"}[by_state[0]]
        wrong[missing] = "missing, `given` and `states` go together, add it"
    if schema.copula == "t" and "degrees_of_freedom" not in table:
        wrong["degrees_of_freedom"] = "missing, a t copula needs them, add a number such as 5"
    elif schema.copula != "t" and "degrees_of_freedom" in table and "copula" not in belief.wrong:
        wrong["degrees_of_freedom"] = 'they go with copula = "t", add that or remove them'
    for key, what in wrong.items():
        report.add(belief.at(*([key] if key else [])), what)


def _every_pair(
    belief: Belief, report: Report
) -> tuple[dict[str, dict[tuple[str, str], float]], dict[str, list[int]]]:
    """State → pair → rank correlation, and the rows in which they stand; "" without states."""
    table = belief.table
    pairs: dict[str, dict[tuple[str, str], float]] = {}
    rows: dict[str, list[int]] = {}
    if isinstance(table.get("pairs"), list):
        pairs[""], rows[""] = _pairs(table["pairs"], belief.at("pairs"), report)
    elif isinstance(table.get("states"), dict):
        for state, listed in table["states"].items():
            where = belief.at("states", state)
            pairs[state], rows[state] = _pairs(listed, where, report)
    return pairs, rows


def _pairs(
    listed: Any, where: Where, report: Report
) -> tuple[dict[tuple[str, str], float], list[int]]:
    """Pair → rank correlation and its row; what does not fit is in the report and left out."""
    found: dict[tuple[str, str], float] = {}
    rows: list[int] = []
    for i, row in enumerate(listed if isinstance(listed, list) else ()):
        with suppress(ValidationError):  # found with the form of the file
            a, b, rank = _ROW.validate_python(row, strict=True)
            other = next((p for p in ((a, b), (b, a)) if p in found), None)
            if a == b:
                what = f"expected two different inputs, got {a!r} twice, correct or remove the row"
                report.add((*where, i), what)
            elif other is not None:
                first = rows[list(found).index(other)] + 1
                report.add((*where, i), f"the same pair as in row {first}, remove one of them")
            elif not -1 < rank < 1:
                what = f"expected a rank correlation above -1 and below 1, got {rank:g}, correct it"
                report.add((*where, i, 2), what)
            else:
                found[a, b] = rank
                rows.append(i)
    return found, rows

"""From the tables [correlations.…], [shares.…] and [[observations]] to what they say."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from risk.blocks import Correlated, Shares
from risk.dependence import SEPARATOR, Block
from risk.locations import Where
from risk.prior_build import Sources, found_sources, judged, well_formed
from risk.prior_report import Report
from risk.prior_schema import CorrelationSchema, ObservationSchema, SharesSchema
from risk.sources import Observation

Table = Mapping[str, Any]


def build_shares(tables: Table, sources: Sources | None, report: Report) -> list[Shares]:
    """The blocks of shares whose tables have the right form."""
    found = []
    for name, table in tables.items():
        where: Where = ("shares", name)
        schema, about = _about(SharesSchema, name, table, sources, where, report)
        if schema is None:
            continue
        needs_spread = schema.family == "logistic_normal"
        if needs_spread != (schema.spread is not None):
            what = "missing, add a standard deviation for each share" if needs_spread else (
                "does not go with a Dirichlet, remove it"
            )  # fmt: skip
            report.add((*where, "spread"), what)
            continue
        try:
            found.append(Shares(schema.parameters, spread=schema.spread, **about))
        except ValueError as error:
            report.add((*where, "parameters"), str(error))
    return found


def build_correlations(tables: Table, sources: Sources | None, report: Report) -> list[Correlated]:
    """The correlated blocks whose tables have the right form."""
    found = []
    for name, table in tables.items():
        where: Where = ("correlations", name)
        schema, about = _about(CorrelationSchema, name, table, sources, where, report)
        if schema is None or not _says_one_thing(schema, table, where, report):
            continue
        states = {
            SEPARATOR.join(part.strip() for part in state.split(",")): _pairs(
                rows, (*where, "states", state), report
            )
            for state, rows in (schema.states or {}).items()
        }
        pairs = _pairs(schema.pairs or [], (*where, "pairs"), report)
        df = math.inf if schema.degrees_of_freedom is None else schema.degrees_of_freedom
        found.append(
            Correlated(
                pairs,
                rank=schema.rank,
                degrees_of_freedom=df,
                given=tuple(schema.given or ()),
                states=states,
                repair=schema.repair is not None,
                **about,
            )
        )
    return found


def build_observations(tables: Iterable[Table], sources: Sources) -> list[Observation]:
    """The observations of a file without problems."""
    rows = [ObservationSchema.model_validate(table).model_dump() for table in tables]
    return [Observation(**(row | {"source": sources[row["source"]]})) for row in rows]


def block_place(block: Block, field: str) -> Where:
    """Where a file says a field of a block: ``pairs.0`` is its first pair."""
    kind = "shares" if isinstance(block, Shares) else "correlations"
    keys = [int(part) if part.isdigit() else part for part in field.split(".")] if field else []
    return (kind, block.name, *keys)


def _about(
    form: Any, name: str, table: Any, sources: Sources | None, where: Where, report: Report
) -> tuple[Any, dict[str, Any]]:
    """A block's table and what all blocks say of themselves; None if its form is wrong."""
    if not isinstance(table, dict):
        return None, {}
    schema, wrong = well_formed(form, table, _STAND_INS.get(form, {"label": "?"}))
    found = found_sources(schema.sources, sources, where, report)
    if not (schema.sources or schema.judgement or wrong & {"sources", "judgement"}):
        report.add(where, "no source and no judgement, add `sources` or `judgement`")
    about = {
        "name": name,
        "label": schema.label,
        "innovations": schema.innovations,
        "sources": tuple(found),
        "judgement": judged(schema.judgement),
    }
    return (None if wrong else schema), about


_STAND_INS: dict[Any, Table] = {
    SharesSchema: {"label": "?", "family": "dirichlet", "parameters": {"?": 1.0}}
}


def _says_one_thing(schema: Any, table: Table, where: Where, report: Report) -> bool:
    """Whether a table has pairs, or `given` with states, and what its copula needs."""
    fits = True
    by_state = "given" in table or "states" in table
    if by_state == ("pairs" in table):
        got, todo = ("both", "remove one") if by_state else ("neither", "add `pairs`")
        report.add(where, f"expected `pairs`, or `given` with `states`, got {got}, {todo}")
        fits = False
    for key in ("given", "states") if by_state else ():
        if key not in table:
            report.add((*where, key), "missing, `given` and `states` go together, add it")
            fits = False
    if (schema.copula == "t") != (schema.degrees_of_freedom is not None):
        need = "a t copula needs them, add a number such as 5"
        what = (
            need if schema.copula == "t" else 'they go with copula = "t", add that or remove them'
        )
        report.add((*where, "degrees_of_freedom"), what)
        fits = False
    return fits


def _pairs(
    rows: Sequence[tuple[str, str, float]], where: Where, report: Report
) -> dict[tuple[str, str], float]:
    """Pair → rank correlation, with a pair named twice in the report."""
    found: dict[tuple[str, str], float] = {}
    for i, (a, b, rank) in enumerate(rows):
        if (a, b) in found:
            report.add((*where, i), "expected each pair once, remove this one")
        found[a, b] = rank
    return found

"""The answer on one screen: reproduced, risk, ranking, bridge, files."""

from __future__ import annotations

from collections.abc import Iterable

import xarray as xr

from risk.memo import tables
from risk.memo.context import Context
from risk.memo.evidence import evidence_rows, evidence_said, state_rows
from risk.memo.layout import Group, table, wrapped

FACTORS = 8  # in the ranking; the leaders of every outcome shown are among them
WIDTH = 100


def screen(study: xr.DataTree | Context, files: Iterable[str] = (), width: int = WIDTH) -> str:
    """Everything that a run says, in the order in which it is read.

    Parameters
    ----------
    study
        What `risk.run_study` returns, or its `Context`.
    files
        Lines that say where the files are.
    width
        Of the screen in characters. Labels wrap to it; numbers are never cut.
    """
    context = Context.of(study)
    about = context.about
    head = [about["title"], f"run {about['run_id']}", f"{context.n('run.draws')} draws"]
    blocks = [
        wrapped(" · ".join([*head, f"seed {about['seed']}"]), width),
        _published(context, width),
        _risk(context, width),
        _evidence(context, width),
        _ranking(context, width),
        _bridge(context, width),
        list(files),
    ]
    return "\n\n".join("\n".join(lines) for lines in blocks if lines) + "\n"


def _published(context: Context, width: int) -> list[str]:
    rows = [
        [row.label, row.published, row.ours, row.difference + ("" if row.agrees else " *")]
        for row in tables.published_rows(context)
    ]
    if not rows:
        return []
    columns = Group("", ["published", "ours", "difference"])
    lines = table("Reproduced at the theoretical values", [columns], rows, width)
    return [*lines, "* outside its tolerance"] if any(r[-1].endswith("*") for r in rows) else lines


def _risk(context: Context, width: int) -> list[str]:
    names = tables.shown(context, tables.RISKS, "risk", 6)
    rows = [
        [row.label, *row.percentiles, row.mean, row.error, row.below_zero, row.lowest]
        for row in tables.risk_rows(context, names)
    ]
    columns = ["P5", "P50", "P95", "mean", "± error", "P(< 0)", "lowest 5%"]
    note = "± error: standard error of the mean. lowest 5%: mean of the lowest twentieth of cases."
    return [
        *table(_titled(context, "Risk", names), [Group("", columns)], rows, width),
        *wrapped(note, width),
    ]


def _evidence(context: Context, width: int) -> list[str]:
    names = tables.shown(context, tables.RISKS, "risk", 6)
    rows = [
        [row.label, *row.before, *row.after, row.shift] for row in evidence_rows(context, names)
    ]
    if not rows:
        return []
    rows += [
        [f"{row.label}: {row.state}", "", row.before, "", "", row.after, "", ""]
        for row in state_rows(context)
    ]
    three = ["P5", "P50", "P95"]
    groups = [Group("before", three), Group("after", three), Group("", ["shift"])]
    notes = (
        "shift: chance that the value after is above the one before, less that it is below. "
        "The ranking and the bridge below are those before the evidence.",
        evidence_said(context),
    )
    return [
        *table(_titled(context, "After the evidence", names), groups, rows, width),
        *(line for note in notes for line in wrapped(note, width)),
    ]


def _ranking(context: Context, width: int) -> list[str]:
    names = tables.shown(context, tables.GAPS)
    if not names:
        return []
    ranked = {name: {row.name: row for row in tables.drivers(context, name)} for name in names}
    leaders = [factor for rows in ranked.values() for factor in list(rows)[: FACTORS - 2]]
    rows = []
    for factor in list(dict.fromkeys(leaders))[:FACTORS]:
        found = [ranked[name][factor] for name in names]
        cells = [cell for row in found for cell in (row.rank, row.total, row.interval)]
        rows.append([found[0].label, *cells])
    groups = [Group(context.labels[name], ["rank", "total", "95% interval"]) for name in names]
    note = (
        "total: share of the variance that would be left if all else were known. "
        "rank: the places that hold for all inputs together at 95%."
    )
    caveats = [tables.caveat(context, name) for name in names]
    notes = [line for text in (note, *caveats) for line in wrapped(text, width)]
    return [*table("What drives the spread", groups, rows, width), *notes]


def _bridge(context: Context, width: int) -> list[str]:
    names = tables.shown(context, tables.BRIDGED, "bridge")
    if not names:
        return []
    found = {name: tables.bridge_rows(context, name) for name in names}
    steps = {name: {row.step: row for row in found[name][1:-1]} for name in names}
    rows = []
    for step in map(tables.capital, context.study["bridge"].to_dataset()["step"].values):
        if any(step in steps[name] for name in names):
            cells = [steps[name].get(step, tables.NO_STEP) for name in names]
            rows.append(
                [step, *(x for cell in cells for x in (cell.mean, cell.variance, cell.worst))]
            )
    ends = [
        [label, *(x for name in names for x in (found[name][k].mean, "", ""))]
        for k, label in ((0, "Theoretical"), (-1, "Real, mean"))
    ]
    groups = [Group(context.labels[name], ["mean", "spread", "worst 5%"]) for name in names]
    note = (
        "Shapley steps, mean of the cases. spread: share of the variance of the gap. "
        "worst 5%: share of the gap in the cases that fall furthest."
    )
    return [
        *table(_titled(context, "Bridge", names), groups, [ends[0], *rows, ends[1]], width),
        *wrapped(note, width),
    ]


def _titled(context: Context, title: str, names: list[str]) -> str:
    """A title with what the money in the table is per: "Risk, $ a day"."""
    return ", ".join(filter(None, [title, tables.money_a(context, names)]))

"""The answer on one screen: reproduced, risk, ranking, bridge, files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import xarray as xr
from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from risk.memo.context import Context

PREFERRED = ("real_revenue", "revenue_capture", "gross_profit", "operating_profit")
GAPS = ("revenue_gap", "profit_gap")
MOST = 4  # outcomes of a model of the user's own that are shown
TOP = 8  # factors


def screen(study: xr.DataTree, files: Iterable[str] = ()) -> Group:
    """Everything that a run says, in the order in which it is read."""
    context = Context(study)
    about = context.about
    head = f"{about['title']} · run {about['run_id']} · {context.n('run.draws')} draws"
    parts: list[RenderableType] = [Text(f"{head}, seed {about['seed']}", style="bold")]
    parts += [_published(context)] if context.published else []
    parts += [_risk(context), _ranking(context)]
    bridged = [o for o in ("real_revenue", "gross_profit") if context.bridge_has(o)]
    parts += [_bridge(context, bridged)] if bridged else []
    parts += [Text(line) for line in files]
    return Group(*parts)


def show(study: xr.DataTree, files: Iterable[str] = ()) -> None:
    """Print the screen on standard output; 100 columns where it is not a terminal."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=100)
    console.print(screen(study, files))


def _table(title: str, columns: Sequence[str]) -> Table:
    table = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=box.SIMPLE_HEAD,
        padding=(0, 1),
        collapse_padding=True,
        pad_edge=False,
        show_edge=False,
    )
    table.add_column(columns[0])  # the one that gives way in a narrow terminal
    for name in columns[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    return table


def _published(context: Context) -> Table:
    table = _table(
        "\nReproduced at the theoretical values", ["", "published", "ours", "difference"]
    )
    for row in context.published:
        mark = "" if row["agrees"] else "  outside its tolerance"
        table.add_row(row["label"], row["text"], row["ours"], row["difference"] + mark)
    return table


def _outcomes(context: Context, preferred: Sequence[str]) -> list[str]:
    """The outcomes to show: the profit model's best known, or the first few that vary."""
    data = context.study["sobol"].to_dataset()
    varying = [
        str(o) for o in data["outcome"].values if data["status"].sel(outcome=o) != "constant"
    ]
    return [name for name in preferred if name in varying] or varying[:MOST]


def _risk(context: Context) -> Table:
    names = _outcomes(context, PREFERRED)
    columns = ["", "P5", "P50", "P95", "mean", "± error", "P(< 0)", "worst 5 %"]
    table = _table("\nRisk", columns)
    labels = context.labels
    for name in names:
        keys = ["p5", "p50", "p95", "mean"]
        table.add_row(
            labels[name],
            *(context.n(f"{name}.{key}") for key in keys),
            context.error(f"{name}.mean"),
            context.n(f"{name}.loss_probability"),
            context.negative(f"{name}.es5"),
        )
    return table


def _ranking(context: Context) -> Table:
    gaps = _outcomes(context, GAPS)[:2]
    labels = context.labels
    columns = ["\ntotal-order index"]
    for gap in gaps:
        columns += [f"{labels[gap]}\nrank", "\nindex", "\n95 % interval"]
    table = _table("\nWhat drives the spread", columns)
    everyone = {gap: {r["name"]: r for r in context.ranking(gap, None)} for gap in gaps}
    leaders = [r["name"] for gap in gaps for r in context.ranking(gap, TOP - 2)]
    for name in list(dict.fromkeys(leaders))[:TOP]:
        rows = [everyone[gap][name] for gap in gaps]
        cells = [cell for r in rows for cell in (r["rank"], r["total"], r["interval"])]
        table.add_row(rows[0]["label"], *cells)
    notes = [context.caveat(gap) for gap in gaps]
    if any(notes):
        table.caption = " ".join(filter(None, notes))
    return table


def _bridge(context: Context, outcomes: Sequence[str]) -> Table:
    labels = context.labels
    title = "\nBridge from the theoretical to the real value, mean of the draws"
    columns = ["\nstep"]
    for name in outcomes:
        columns += [f"{labels[name]}\nmean", "share of\nvariance", "share of\nworst 5 %"]
    table = _table(title, columns)
    ends = [[context.n(f"bridge.{o}.{end}") for o in outcomes] for end in ("start", "end")]
    table.add_row("Theoretical", *(cell for text in ends[0] for cell in (text, "", "")))
    rows = {o: {r["step"]: r for r in context.bridge(o)} for o in outcomes}
    steps = dict.fromkeys(step for o in outcomes for step in rows[o])
    for step in steps:
        cells: list[str] = []
        for o in outcomes:
            row = rows[o].get(step)
            empty = ["–", "", ""]
            cells += [row["mean"], row["variance_share"], row["tail_share"]] if row else empty
        table.add_row(step, *cells)
    table.add_row("Real, mean", *(cell for text in ends[1] for cell in (text, "", "")))
    return table

"""The rows of the tables that a memo and the screen show, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from risk.memo import formats
from risk.memo.context import Context
from risk.memo.entries import slug

RISKS = ("real_revenue", "revenue_capture", "gross_profit", "operating_profit")
GAPS = ("revenue_gap", "profit_gap")
BRIDGED = ("real_revenue", "gross_profit")
DRIVER = 0.05  # total-order index from which an input counts as a driver
TOP = 6  # rows of a ranking
NOT_EARNED = {"cost", "costs", "expense", "expenses", "gap", "loss", "losses", "hours", "price"}


PROFIT = (  # what the sentences on the profit model need
    *(f"{x}.p50" for x in (*RISKS, "inference_cost", "breakeven_paid_share")),
    *(f"bridge.{x}.start" for x in BRIDGED),
    *(f"sobol.{x}.interaction" for x in GAPS),
    "prior.paid_user_share.p50",
)


class PublishedRow(NamedTuple):
    """A published figure beside ours."""

    label: str
    quoted: str  # as it was printed
    published: str
    ours: str
    difference: str
    agrees: bool
    size: float  # of the difference
    source: dict[str, str]  # title, url, read, grade


class RiskRow(NamedTuple):
    """How large an outcome is, and how bad it can get; "–" where that means nothing."""

    name: str
    label: str
    percentiles: list[str]  # P5, P50, P95
    mean: str
    error: str
    below_zero: str
    lowest: str


class Driver(NamedTuple):
    """A factor in the ranking of an outcome."""

    name: str
    label: str
    rank: str
    total: str
    interval: str
    first: str
    key: str  # its part of a key of the registry
    raw: float  # total-order index
    inputs: tuple[str, ...]
    judged: bool  # no source for any of its inputs, only a judgement


class BridgeRow(NamedTuple):
    """A step of a bridge, or one of its ends."""

    step: str
    mean: str
    gap: str  # share of the mean gap
    variance: str
    worst: str


NO_STEP = BridgeRow("", "–", "–", "–", "–")  # of a step that does nothing to an outcome
ENDS = ("Theoretical", "Real, mean")


def shown(
    context: Context, preferred: Sequence[str], group: str = "sobol", most: int = 2
) -> list[str]:
    """The outcomes to show: the profit model's best known, or the first few that vary."""
    if group not in context.study.children:
        return []
    names = [str(name) for name in context.study[group].to_dataset()["outcome"].values]
    varying = [name for name in names if context.has(f"sobol.{name}.interaction")]
    found = [name for name in preferred if name in varying] or varying[:most]
    return found or (names[:most] if group == "risk" else [])


def money_a(context: Context, outcomes: Sequence[str]) -> str:
    """What the money of these outcomes is per, for a heading: "$ a day"; nothing if there is none.

    Numbers in other units carry theirs.
    """
    entries = [context.entry(f"{name}.mean") for name in outcomes]
    units = {entry["unit"] for entry in entries if entry["unit"].startswith("USD/")}
    return f"$ {formats.unit_words(units.pop(), context.language)}" if len(units) == 1 else ""


def tells_profit(context: Context) -> bool:
    """Whether the study is of the profit model, with a claim to start from."""
    return context.has(*PROFIT)


def published_rows(context: Context) -> list[PublishedRow]:
    """Published figures beside ours, and whether they agree within their tolerance."""
    if "published" not in context.study.children:
        return []
    data = context.study["published"].to_dataset()
    sources = {figure["label"]: figure["source"] for figure in context.published}
    rows = []
    for label, quoted in zip(data["check"].values, data["text"].values, strict=True):
        key = f"published.{slug(str(label))}"
        theirs, ours = context.row([f"{key}.published", f"{key}.ours"])
        size = abs(context.value(f"{key}.difference"))
        rows.append(
            PublishedRow(
                str(label),
                str(quoted),
                theirs,
                ours,
                context.n(f"{key}.difference"),
                size <= context.value(f"{key}.tolerance"),
                size,
                sources[str(label)],
            )
        )
    return rows


def risk_rows(context: Context, outcomes: Sequence[str]) -> list[RiskRow]:
    """Percentiles, mean, probability below zero and mean of the lowest 5 % of outcomes."""
    rows = []
    for name in outcomes:
        bad_when_low = not NOT_EARNED & set(name.lower().split("_"))
        rows.append(
            RiskRow(
                name,
                context.labels[name],
                context.row(f"{name}.{p}" for p in ("p5", "p50", "p95")),
                context.n(f"{name}.mean"),
                context.error(f"{name}.mean"),
                context.n(f"{name}.loss_probability") if bad_when_low else "–",
                context.lowest(name) if bad_when_low else "–",
            )
        )
    return rows


def simulation_error(context: Context, outcomes: Sequence[str]) -> str:
    """Bound on the standard error of the means, as a share of an outcome's range from P5 to P95."""
    shares = [1e-4]  # a smaller one is of no use to a reader
    for name in outcomes:
        width = context.value(f"{name}.p95") - context.value(f"{name}.p5")
        error = context.entry(f"{name}.mean")["standard_error"] or 0.0
        shares += [error / width] if width else []
    return formats.number(max(shares), "1", None, context.language, "share")


def drivers(
    context: Context, outcome: str, top: int | None = None, least: float = 0.0
) -> list[Driver]:
    """Factors by total-order index, largest first; at most `top`, with an index of `least`."""
    data = context.study["sobol"].to_dataset().sel(outcome=outcome)
    order = np.argsort(-data["total_order"].values, kind="stable")
    names = [str(name) for name in data["factor"].values]
    labels = [str(label) for label in data["factor_label"].values]
    rows = [_driver(context, outcome, names[i], labels[i]) for i in order]
    return [row for row in rows if row.raw >= least][:top]


def _driver(context: Context, outcome: str, name: str, label: str) -> Driver:
    key = f"sobol.{outcome}.{slug(name)}"
    total = context.entry(f"{key}.total")
    best, worst = (context.n(f"{key}.{end}") for end in ("rank_low", "rank_high"))
    text = context.n(f"{key}.total")
    places = len(text.partition(".")[2])
    low, high = (f"{x + 0.0:.{places}f}".replace("-", "−") for x in total["interval"])
    inputs = context.factor_inputs[name]
    return Driver(
        name,
        label,
        best if best == worst else f"{best}–{worst}",
        text,
        low if low == high == "0" else f"{low}–{high}",
        context.n(f"{key}.first"),
        slug(name),
        total["value"],
        inputs,
        bool(inputs) and not any(context.inputs[i]["sources"] for i in inputs),
    )


def idle(context: Context, outcome: str, among: str) -> list[Driver]:
    """Top drivers of the outcome `among` that cannot move this one: their index in it is zero."""
    still = {row.name for row in drivers(context, outcome) if row.raw == 0}
    return [row for row in drivers(context, among, top=TOP) if row.name in still]


def caveat(context: Context, outcome: str) -> str:
    """What a reader must know before using the indices of an outcome, or nothing."""
    row = context.study["sobol"].to_dataset().sel(outcome=outcome)
    label, count = context.labels[outcome], context.n(f"sobol.{outcome}.effective_draws")
    if row["transform"] == "asinh":
        what = "indices are of asinh(outcome / scale); those of the outcome itself are withheld"
    elif row["status"] == "heavy tail":
        what = "read its indices as rough"
    else:
        return ""
    return f"{label}: heavy tail, its variance rests on {count} effective draws; {what}."


def bridge_rows(context: Context, outcome: str) -> list[BridgeRow]:
    """Both ends of a bridge and its steps in the order of the priors; idle steps are left out.

    The money of one bridge is read as one statement with a digit more than elsewhere, so that a
    reader who adds it up arrives.
    """
    data = context.study["bridge"].to_dataset().sel(outcome=outcome)
    moving = data["step"].values[data["mean"].values != 0]
    keys = [f"bridge.{outcome}.{slug(str(step))}" for step in moving]
    start, end = f"bridge.{outcome}.start", f"bridge.{outcome}.end"
    digits = 4 if context.entry(start)["style"] is None else 0
    ends = context.row([start, end], digits=digits)
    means = context.row([f"{key}.mean" for key in keys], sign=True, digits=digits)
    columns = [_column(context, keys, x) for x in ("mean_share", "variance_share", "tail_share")]
    labels = map(capital, moving)
    steps = [BridgeRow(*row) for row in zip(labels, means, *columns, strict=True)]
    first, last = (BridgeRow(x, text, "–", "–", "–") for x, text in zip(ENDS, ends, strict=True))
    return [first, *steps, last]


def capital(step: str) -> str:
    """A step as the first word of a row."""
    return str(step)[:1].upper() + str(step)[1:]


def _column(context: Context, keys: Sequence[str], name: str) -> list[str]:
    """One share of every step, whole percent; "–" where the gap has none to share."""
    if not context.has(*(f"{key}.{name}" for key in keys)):
        return ["–"] * len(keys)
    return context.row(f"{key}.{name}" for key in keys)

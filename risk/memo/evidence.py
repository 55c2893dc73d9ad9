"""What a document says of the evidence: before and after, and what was observed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from risk.memo.context import Context
from risk.memo.entries import slug
from risk.memo.evidence_numbers import WHEN
from risk.names import STATE, VARIABLE, said_state

MOVED = 0.1  # shift or narrowing from which an input is shown
TOP = 6


class EvidenceRow(NamedTuple):
    """A number before and after the evidence."""

    name: str
    label: str
    before: list[str]  # P5, P50, P95
    after: list[str]
    shift: str


class StateRow(NamedTuple):
    """The probability of a regime's state before and after the evidence."""

    label: str
    state: str
    before: str
    after: str


class ObservationRow(NamedTuple):
    """What was observed, and its place among what was expected."""

    label: str
    value: str
    error: str
    place: str
    source: dict[str, Any]


def evidence_rows(
    context: Context, outcomes: Sequence[str] = (), top: int = TOP
) -> list[EvidenceRow]:
    """The outcomes asked for, then the inputs that the evidence moves or narrows most."""
    if "evidence" not in context.study.children:
        return []
    data = context.study["evidence"].to_dataset()
    names = list(map(str, data[VARIABLE].values))
    moved = np.fmax(np.abs(data["shift"].values), data["narrowing"].values)  # NaN never wins
    role = data["variable_role"].values
    order = [names[i] for i in np.argsort(-moved, kind="stable") if role[i] == "input"]
    inputs = [name for name in order[:top] if moved[names.index(name)] >= MOVED]
    labels = dict(zip(names, map(str, data["variable_label"].values), strict=True))
    rows = []
    for name in [*(n for n in outcomes if n in names), *inputs]:
        keys = [[f"evidence.{name}.{when}_p{p}" for p in (5, 50, 95)] for when in WHEN]
        words = context.unit(keys[0][0])
        once = words if " " in words and name not in outcomes else ""  # said beside the label
        before, after = ([t.removesuffix(once).rstrip() for t in context.row(k)] for k in keys)
        label = ", ".join(filter(None, [labels[name], once]))
        rows.append(EvidenceRow(name, label, before, after, context.n(f"evidence.{name}.shift")))
    return rows


def state_rows(context: Context) -> list[StateRow]:
    """The probability of each state of each regime, before and after the evidence."""
    if "evidence" not in context.study.children or STATE not in context.study["evidence"].dims:
        return []
    data = context.study["evidence"].to_dataset()
    columns = (data[key].values for key in ("state_input", "state_input_label", "state_name"))
    rows = []
    for name, label, state in zip(*columns, strict=True):
        keys = [f"evidence.{name}.{slug(str(state))}.{when}" for when in WHEN]
        rows.append(StateRow(str(label), said_state(str(state)), *map(context.n, keys)))
    return rows


def observation_rows(context: Context) -> list[ObservationRow]:
    """What was observed, with its place in the distribution that was expected of it."""
    if "evidence" not in context.study.children:
        return []
    rows = []
    for observed in context.observations:
        key = f"observation.{slug(observed['label'])}"
        value, error = context.n(f"{key}.value"), context.n(f"{key}.error")
        place = place_of(context.value(f"{key}.prediction"))
        rows.append(ObservationRow(observed["label"], value, error, place, observed["source"]))
    return rows


def place_of(probability: float) -> str:
    """A place among percentiles.

    >>> place_of(0.618), place_of(0.002), place_of(0.9995)
    ('P62', 'below P1', 'above P99')
    """
    if not 0.01 <= probability <= 0.99:
        return "below P1" if probability < 0.5 else "above P99"
    return f"P{100 * probability:.0f}"


def evidence_said(context: Context) -> str:
    """What was observed, in a sentence, and a warning where something conflicts."""
    seen = "; ".join(
        f"{row.label} {row.value} ± {row.error}, {row.place} of what was expected"
        for row in observation_rows(context)
    )
    text = f"Observed: {seen}. {context.n('evidence.effective_draws')} effective draws."
    status = str(context.study["evidence"]["status"].item())
    if status != "ok":
        text += f" Note: {status}; check the observation and the priors before using either."
    return text

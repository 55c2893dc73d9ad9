"""The check of priors on one screen: the table of beliefs, what moves together, warnings."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import xarray as xr

from risk.memo.formats import number, numbers, unit_words
from risk.memo.layout import Group, table, wrapped
from risk.names import INPUT

_COLUMNS = ("P5", "P50", "P95", "mean", "claim", "at", "basis")
_NOTE = (
    "claim: what the theoretical case assumes; at: its percentile in the prior. basis: grades of "
    "the sources, or judged where there is none."
)
_PARTS = {
    "state": "States with their probabilities stand under the input that they decide. ",
    "expert": "Experts with their weights stand under their pool. ",
}
_APART = 30.0  # ratio from which two numbers of a row have digits of their own
_FEW = 0.1  # shares below it are read to two digits
_NONE = "–"


class Line(NamedTuple):
    """One row of the beliefs, with plain Python values."""

    label: str
    part: str
    role: str
    unit: str
    style: str | None
    weight: float
    quantiles: list[float]
    mean: float
    claim: float
    percentile: float
    grades: str
    alone: bool


def check_lines(
    beliefs: xr.Dataset, warnings: Sequence[str], width: int, more: Iterable[str] = ()
) -> list[str]:
    """Everything that a check says under its first line.

    Parameters
    ----------
    beliefs
        What `risk.analysis.beliefs.beliefs` returns.
    warnings
        Sentences.
    width
        Of the screen in characters. Labels wrap to it; numbers are never cut.
    more
        Lines of other checks, which stand before the warnings.
    """
    count = len(warnings)
    heading = f"{count} {'warning' if count == 1 else 'warnings'}" if count else "No warnings"
    blocks = [
        _table(beliefs, width),
        _listed("Fits", fit_texts(beliefs), width),
        _listed("Regimes", _regimes(beliefs), width),
        _listed("What moves together", _blocks(beliefs), width),
        list(more),
        _listed(heading, warnings, width) or [heading],
    ]
    return [line for block in blocks if block for line in ("", *block)]


def lines_of(beliefs: xr.Dataset) -> Iterator[Line]:
    """The rows that are numbers."""
    data = {str(name): x.values for name, x in beliefs.variables.items()}
    for k in range(beliefs.sizes[INPUT]):
        if data["kind"][k] != "regime":
            yield Line(
                label=str(data["input_label"][k]),
                part=str(data["input_part"][k]),
                role=str(data["input_role"][k]),
                unit=str(data["input_units"][k]),
                style=str(data["input_style"][k]) or None,
                weight=float(data["weight"][k]),
                quantiles=[float(x) for x in data["quantile"][k]],
                mean=float(data["mean"][k]),
                claim=float(data["theoretical"][k]),
                percentile=float(data["theoretical_percentile"][k]),
                grades=str(data["grades"][k]),
                alone=bool(data["judged_alone"][k]),
            )


def fit_texts(beliefs: xr.Dataset) -> list[str]:
    """Every fit: quantiles asked for (or of the data) beside those got, how close, who is next."""
    if "fit" not in beliefs.dims:
        return []
    data = {str(name): x.values for name, x in beliefs.variables.items()}
    return [_fit_text(data, j) for j in range(beliefs.sizes["fit"])]


def _fit_text(data: Any, j: int) -> str:
    name, part = str(data["fit_input"][j]), str(data["fit_part"][j])
    k = [str(key) for key in data[INPUT]].index(name)
    own = data["asked_fit"] == j
    at = [f"P{100 * p:g}" for p in data["asked_probability"][own]]
    pair = [*map(float, data["asked_quantile"][own]), *map(float, data["got_quantile"][own])]
    texts = value_texts(pair, str(data["input_units"][k]), str(data["input_style"][k]) or None)
    both = zip(at, texts[: len(at)], texts[len(at) :], strict=True)
    values = ", ".join(f"{p} {asked} → {got}" for p, asked, got in both)
    who = ", ".join(filter(None, [str(data["input_label"][k]), part]))
    family = str(data["fit_family"][j]).replace("_", " ")
    text = f"{who}: {family}, asked → got {values}; misfit {_percent(data['misfit'][j])}"
    if str(data["fit_data"][j]):
        text = (
            f"{who}: {family} fitted to {data['data_count'][j]} values ({data['fit_data'][j]}), "
            f"data → fit {values}; Kolmogorov's distance {data['kolmogorov'][j]:.2f}"
        )
        text += f", p = {data['p_value'][j]:.2f}" if math.isfinite(data["p_value"][j]) else ""
    runner = str(data["fit_runner_up"][j]).replace("_", " ")
    other = _percent(data["runner_up_misfit"][j])
    return text + (f"; runner-up {runner}, misfit {other}" if runner else "")


def _percent(share: float) -> str:
    return number(float(share), "1", style="share") if share >= 5e-4 else "0%"


def _table(beliefs: xr.Dataset, width: int) -> list[str]:
    lines = list(lines_of(beliefs))
    if not lines:
        return []
    rows = [_row(line) for line in lines]
    roles = dict.fromkeys(line.role for line in lines if line.role)
    note = "".join(_PARTS[role] for role in roles) + _NOTE
    return [*table("Priors", [Group("", _COLUMNS)], rows, width), *wrapped(note, width)]


def _row(line: Line) -> list[str]:
    texts = value_texts([*line.quantiles, line.mean, line.claim], line.unit, line.style)
    if line.part:  # the claim is one of the whole input
        label = f"  {line.part} {number(line.weight, '1', style='share')}"
        return [label, *texts[:4], "", "", ""]
    basis = "judged" if line.alone else line.grades or "sources"
    return [titled(line.label, line.unit), *texts, percentile_words(line.percentile), basis]


def titled(label: str, unit: str) -> str:
    """A label with what its numbers are per or of, where they do not say it themselves.

    >>> titled("GPU price", "USD/GPU/hour"), titled("Life of a model", "month")
    ('GPU price, per GPU-hour', 'Life of a model')
    """
    words = unit_words(unit)
    said = not words or words in label.lower() or words == "mo"
    return label if said else f"{label}, {words}"


def value_texts(values: Sequence[float], unit: str, style: str | None) -> list[str]:
    """Numbers of one row, the quantiles first; "–" where there is none.

    They have one precision where they are of one size. Shares are in whole percent, or to two
    digits where all quantiles are small.

    >>> value_texts([1.3, 1.908, 2.8], "USD/GPU/hour", None)
    ['$1.30', '$1.91', '$2.80']
    >>> value_texts([0.0196, 0.04, 0.077, 1.0], "1", "share")
    ['2.0%', '4.0%', '7.7%', '100%']
    """
    known = [x for x in values if math.isfinite(x)]
    sizes = [abs(x) for x in known if x]
    if style == "share":
        few = max(map(abs, values[:3])) < _FEW
        digits = {x: 2 if few and 0.01 <= x < _FEW else None for x in known}
        each = {x: number(x, "1", style="share", digits=digits[x]) for x in known}
    else:
        own = _plain(unit, max(sizes, default=0.0))
        together = max(sizes, default=1.0) <= _APART * min(sizes, default=1.0)
        texts = numbers(known, own) if together else [number(x, own) for x in known]
        each = {x: t.removesuffix(" tokens") for x, t in zip(known, texts, strict=True)}
    return [each[x] if math.isfinite(x) else "∞" if math.isinf(x) else _NONE for x in values]


def _plain(unit: str, largest: float) -> str:
    """The unit, or a shorter one where it takes words that the label says."""
    if unit.partition("/")[0] == "USD" or (unit == "month" and largest < 1e4):
        return unit
    return "token" if largest >= 1e6 else "1"


def percentile_words(share: float) -> str:
    """A probability as a percentile.

    >>> percentile_words(0.184), percentile_words(0.9996), percentile_words(math.nan)
    ('P18', '>P99', '–')
    """
    if math.isnan(share):
        return _NONE
    if share < 0.005 or share > 0.995:
        return "<P1" if share < 0.005 else ">P99"
    return f"P{100 * share:.0f}"


def _regimes(beliefs: xr.Dataset) -> Iterator[str]:
    """States of every categorical input: "Export regime: open 10%, closed 90%; claim open; B"."""
    data: dict[str, Any] = {str(name): x.values for name, x in beliefs.variables.items()}
    which = set(data["given"][data["input_role"] == "expert"])  # their weights stand in the table
    for k, key in enumerate(data[INPUT]):
        if data["kind"][k] != "regime" or data["input_label"][k] in which:
            continue
        own = data["state_input"] == key
        pairs = zip(data["state_name"][own], data["state_probability"][own], strict=True)
        states = ", ".join(
            f"{str(state).replace('_', ' ')} {number(float(p), '1', style='share')}"
            for state, p in pairs
        )
        part = f", {data['input_part'][k]}" if data["input_part"][k] else ""
        claim = f"; claim: {data['theoretical_state'][k]}" if data["theoretical_state"][k] else ""
        basis = "judged" if data["judged_alone"][k] else str(data["grades"][k]) or "sources"
        yield f"{data['input_label'][k]}{part}: {states}{claim}; {basis}"


def _blocks(beliefs: xr.Dataset) -> Iterator[str]:
    """Correlations and shares: "Market: GPU price and output tokens 0.45 (…, one factor)"."""
    data: dict[str, Any] = {str(name): x.values for name, x in beliefs.variables.items()}
    labels = dict(zip(data["input_name"], data["input_label"], strict=True))
    for k, block in enumerate(data["block"]):
        own = data["pair_block"] == block
        keys = ("pair_first", "pair_second", "pair_state", "correlation_got")
        said = [
            f"{a} and {b}{f' ({state})' if state else ''} {f'{r:.2f}'.replace('-', '−')}"
            for a, b, state, r in zip(*(data[key][own] for key in keys), strict=True)
        ]
        members = [labels[n] for n in data["member_input"][data["member_block"] == block]]
        text = ", ".join(said) or f"{', '.join(members)} sum to 1"
        yield f"{data['block_label'][k]}: {text} ({data['block_text'][k]})"


def _listed(heading: str, sentences: Iterable[str], width: int) -> list[str]:
    """A heading over sentences that wrap under their first word; nothing where there are none."""
    found = [
        line
        for text in sentences
        for line in textwrap.wrap(
            text, width, initial_indent="• ", subsequent_indent="  ", break_on_hyphens=False
        )
    ]
    return [heading, *found] if found else []

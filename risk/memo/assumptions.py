"""What was assumed, and why: the rows of the tables of inputs, and their footnotes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

from risk.memo import formats
from risk.memo.context import Context
from risk.memo.entries import slug
from risk.names import said_state


class Assumption(NamedTuple):
    """An input, or what it is in one state of its regime."""

    name: str
    label: str  # with the unit, where that takes several words
    percentiles: list[str]  # P5, P50, P95 of an uncertain input
    value: str  # of a fixed one
    theoretical: str  # what the headline assumes
    kind: str
    basis: str  # "sources", "judged" or both


class Regime(NamedTuple):
    """An input that takes one of a few named states."""

    name: str
    label: str
    states: str  # "open 10%, closed 90%"
    theoretical: str
    basis: str


class Together(NamedTuple):
    """Inputs that belong together, and how."""

    label: str
    text: str
    shares: bool  # of one whole, instead of correlated
    sources: list[dict[str, Any]]
    judgement: dict[str, str] | None


def assumptions(context: Context, *kinds: str) -> list[Assumption]:
    """Inputs of these kinds (uncertain, fact, lever), in the order of the kinds.

    An input given a regime has a row for each state; the regimes themselves are in `regimes`.
    """
    rows = []
    for kind in kinds:
        for name, prior in context.inputs.items():
            if prior["kind"] == kind and not is_regime(prior):
                states = prior["parameters"] if prior["given"] else [""]
                rows += [_assumption(context, name, state) for state in states]
    return rows


def _assumption(context: Context, name: str, state: str) -> Assumption:
    prior = context.inputs[name]
    words = formats.unit_words(prior["unit"], context.language)
    once = words if " " in words else ""  # said beside the label; "%" and "mo" stay with numbers
    label = context.input_label(name)
    parts = [label, once if once not in label else "", said_state(state)]

    def short(texts: Iterable[str]) -> list[str]:
        return [text.removesuffix(once).rstrip() for text in texts]

    key = f"prior.{name}"
    within = f"{key}.{slug(state)}" if state else key
    keys = [f"{within}.{p}" for p in ("p5", "p50", "p95")]
    value, claim = (
        short([context.n(k)])[0] if context.has(k) else "–"
        for k in (f"{key}.value", f"{key}.theoretical")
    )
    return Assumption(
        name,
        ", ".join(filter(None, parts)),
        short(context.row(keys)) if context.has(*keys) else ["–"] * 3,
        value,
        claim,
        prior["kind"],
        basis(context, [name]),
    )


def regimes(context: Context) -> list[Regime]:
    """The inputs that take one of a few named states, with their probabilities."""
    rows = []
    for name, prior in context.inputs.items():
        if is_regime(prior):
            claim = str(prior["theoretical"] or "–")
            label, why = context.input_label(name), basis(context, [name])
            if prior["given"] is None:
                text = _shares(context, f"prior.{name}", prior["parameters"])
                rows.append(Regime(name, label, text, claim, why))
            for state, (_, shares) in prior["parameters"].items() if prior["given"] else ():
                text = _shares(context, f"prior.{name}.{slug(state)}", shares)
                rows.append(Regime(name, f"{label}, {said_state(state)}", text, claim, why))
    return rows


def blocks(context: Context) -> list[Together]:
    """The inputs that move together, or that are shares of one whole."""
    return [_together(context, block) for block in context.blocks]


def _together(context: Context, block: dict[str, Any]) -> Together:
    rank = "Spearman" if block.get("rank") == "spearman" else "Kendall"
    if block["kind"] == "shares":
        names = [context.input_label(name) for name in block["parameters"]]
        how = "a Dirichlet" if block["spread"] is None else "a logistic normal"
        text = f"{', '.join(names)}, {how}"
    else:
        each = [
            ", ".join(
                f"{context.input_label(a)} with {context.input_label(b)} {_signed(r)}"
                for a, b, r in pairs
            )
            + (f" when {said_state(state)}" if state else "")
            for state, pairs in block["states"].items()
            if pairs
        ]
        copula = "Gaussian" if block["degrees_of_freedom"] is None else "t"
        text = f"{'; '.join(each)} ({rank}'s rank correlation, {copula} copula)"
    label = block["label"] or "Correlated"
    shares = block["kind"] == "shares"
    return Together(label, text, shares, block["sources"], block["judgement"])


def _signed(rank: float) -> str:
    return f"{rank:+.2g}".replace("-", "−")


def is_regime(prior: dict[str, Any]) -> bool:
    """Whether an input takes named states, in itself or in each state of another."""
    given = [family for family, _ in prior["parameters"].values()] if prior["given"] else []
    return prior["family"] == "categorical" or "categorical" in given


def _shares(context: Context, key: str, states: Iterable[str]) -> str:
    """States with their probabilities: "open 10%, closed 90%"."""
    return ", ".join(f"{said_state(state)} {context.n(f'{key}.{slug(state)}')}" for state in states)


def basis(context: Context, names: Iterable[str]) -> str:
    """What inputs rest on: sources, judgement or both."""
    priors = [context.inputs[name] for name in names]
    words = ["sources"] if any(prior["sources"] for prior in priors) else []
    words += ["judged"] if any(prior["judgement"] for prior in priors) else []
    return ", ".join(words)


class Footnotes:
    """Footnotes in the order in which the text first refers to them, each once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._notes: dict[str, int] = {}

    def cite(self, *names: str) -> str:
        """References to the sources and judgements of inputs: ``[^1] [^4]``."""
        marks: dict[str, None] = {}
        for name in names:
            prior = self._context.inputs[name]
            notes = [source_note(source) for source in prior["sources"]]
            if prior["judgement"]:
                notes.append(judgement_note(self._context.input_label(name), prior["judgement"]))
            marks |= dict.fromkeys(map(self._mark, notes))
        return " ".join(marks)

    def cite_block(self, row: Together) -> str:
        """References to the sources and the judgement of inputs that belong together."""
        notes = [source_note(source) for source in row.sources]
        if row.judgement:
            notes.append(judgement_note(row.label, row.judgement))
        return " ".join(map(self._mark, notes))

    def cite_source(self, source: dict[str, Any]) -> str:
        """Reference to a source, the same as that of the inputs that cite it."""
        return self._mark(source_note(source))

    def _mark(self, note: str) -> str:
        return f"[^{self._notes.setdefault(note, len(self._notes) + 1)}]"

    @property
    def notes(self) -> list[str]:
        """The definitions, first reference first."""
        return [f"[^{number}]: {note}" for note, number in self._notes.items()]


def source_note(source: dict[str, Any]) -> str:
    """Where a number was read, when, and how far that is trusted, as one line of Markdown."""
    link = str(source.get("url") or "").replace("<", "%3C").replace(">", "%3E")
    parts = [
        plain(source["title"]),
        f"<{link}>" if link else "",
        f"read {plain(source['read'])}" if source.get("read") else "",
        f"grade {plain(source['grade'])}" if source.get("grade") else "",
    ]
    return ", ".join(filter(None, parts)) + "."


def judgement_note(label: str, judgement: dict[str, str]) -> str:
    """Who judged an input, when and why, as one line of Markdown."""
    who, when, why = (plain(judgement[key]) for key in ("who", "when", "why"))
    return f"{plain(label)}, judged by {who}, {when}: {why}"


def plain(text: object) -> str:
    r"""Words of a priors file as Markdown that shows them as they are, on one line.

    >>> print(plain("1. a | b\n# <b>c</b>"))
    1\. a \| b \# \<b>c\</b>
    """
    words = " ".join(str(text).split())
    words = "".join(f"\\{c}" if c in "\\`*_[]<|#~" else c for c in words)
    # At the start of a line these would begin a list or a quotation.
    return re.sub(r"^(\d*)([-+.)](?=\s|$)|>)", r"\1\\\2", words)

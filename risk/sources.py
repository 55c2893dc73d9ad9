"""Why a number is believed: sources, judgements and published figures."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Source:
    """Where a number was read, and how far it is trusted (A official … D blog, R recalled)."""

    title: str
    url: str = ""
    read: str = ""
    grade: str = ""


@dataclass(frozen=True)
class Judgement:
    """Who judged a prior that no source settles, when and why."""

    who: str
    when: str
    why: str


@dataclass(frozen=True)
class Published:
    """A published figure that the theoretical case must reproduce."""

    label: str
    outcome: str
    value: float
    unit: str
    tolerance: float
    text: str
    source: Source

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
class Evidence:
    """A value that somebody reported of an input: a point beside its prior, never a part of it."""

    value: float
    label: str
    source: Source


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


@dataclass(frozen=True)
class Observation:
    """Evidence: a value of an outcome that was observed, and how precisely.

    Attributes
    ----------
    error
        Standard deviation of a normal error of observation, in the unit of the outcome.
    """

    label: str
    outcome: str
    value: float
    error: float
    unit: str
    source: Source

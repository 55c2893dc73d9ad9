"""One number as a document needs it: raw value, unit, texts, error; and the keys of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import numpy as np
import xarray as xr

from risk.memo.formats import number
from risk.names import BOUND

Entry = dict[str, Any]
LANGUAGES = ("en", "fr")


class KeyClash(ValueError):
    """Two numbers of a study would have the same key."""


def slug(text: str) -> str:
    """A key for a text: ``free web and app`` becomes ``free_web_and_app``.

    >>> slug("fees, refunds and taxes"), slug("Größe (€)")
    ('fees_refunds_and_taxes', 'größe')
    """
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def slugs(labels: Iterable[str], what: str) -> dict[str, str]:
    """Label → its part of a key, which no other label may have.

    >>> slugs(["Free web", "free web"], "steps")
    Traceback (most recent call last):
    risk.memo.entries.KeyClash: Expected steps with keys of their own, got ...
    """
    owners: dict[str, str] = {}
    for label in labels:
        key = slug(label)
        if key in owners:
            raise KeyClash(
                f"Expected {what} with keys of their own, got {owners[key]!r} and {label!r}, "
                f"both `{key}`. Rename one."
            )
        owners[key] = label
    return {label: key for key, label in owners.items()}


class Group:
    """A group of a study as plain arrays; label look-up in xarray would take most of the time."""

    def __init__(self, data: xr.Dataset, *dims: str) -> None:
        data = data.transpose(*dims, ..., BOUND, missing_dims="ignore")
        self.arrays = {str(name): x.values for name, x in data.variables.items()}

    def names(self, name: str) -> list[str]:
        """The labels along a dimension, or of a text variable."""
        return list(map(str, self.arrays[name]))

    def value(self, name: str, *at: int) -> float:
        """One number."""
        return float(self.arrays[name][at])

    def pick(self, name: str, *at: int) -> dict[str, Any]:
        """A number with its error and interval, as arguments of `make_entry`."""
        return {
            "value": self.value(name, *at),
            "error": self.value(f"{name}_standard_error", *at),
            "interval": self.arrays[f"{name}_interval"][at],
        }


def make_entry(
    value: float,
    unit: str,
    style: str | None = None,
    error: float | None = None,
    interval: Any = None,
    digits: int | None = None,
) -> Entry:
    """A number with its texts; an error or an interval that is not finite is none."""
    known = error if error is not None and np.isfinite(error) else None
    ends = None if interval is None or not np.isfinite(interval).all() else interval
    return {
        "value": float(value),
        "unit": unit,
        "style": style,
        "text": {
            lang: number(value, unit, known, lang, style, digits=digits) for lang in LANGUAGES
        },
        "standard_error": known,
        "interval": None if ends is None else [float(x) for x in ends],
    }


def index_entry(pick: dict[str, Any]) -> Entry:
    """A Sobol' index to three decimals, or two where its error reaches the third."""
    exact = pick["value"] == 0 and not np.any(pick["interval"])
    places = 0 if exact else 3 if pick["error"] < 0.002 else 2
    return make_entry(unit="1", **pick) | {"text": plain_texts(f"{pick['value'] + 0.0:.{places}f}")}


def count_entry(count: int) -> Entry:
    """A whole number, written out."""
    return make_entry(count, "1") | {"text": plain_texts(f"{count:,}")}


def plain_texts(text: str) -> dict[str, str]:
    """A number that Python wrote, in both languages."""
    text = text.replace("-", "−")
    french = text.replace(",", "\u202f").replace(".", ",").replace("%", "\u00a0%")
    return dict(zip(LANGUAGES, (text, french), strict=True))

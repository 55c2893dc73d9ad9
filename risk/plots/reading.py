"""What a figure reads off a study: labels, units, the way its numbers are written, its origin."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

import numpy as np
import xarray as xr

from risk.memo.formats import number, number_range, numbers, unit_words
from risk.names import reads_as_share, suggest

_LONGEST = 160  # characters of a label that a figure takes


class Quantity(NamedTuple):
    """An input or outcome of a study, and how its numbers read."""

    name: str
    label: str
    unit: str
    style: str | None

    @property
    def money(self) -> bool:
        """Whether it is an amount of US dollars."""
        return self.unit.partition("/")[0] == "USD"

    @property
    def per(self) -> str:
        """What a sentence adds to an amount of money: " a day"; nothing for other units."""
        words = unit_words(self.unit)
        said = not words or self.label.endswith(f" {words}")  # "Training cost a day"
        return f" {words}" if self.money and not said else ""

    @property
    def axis(self) -> str:
        """The unit as a subtitle names it: "US$ a day", "%", "node-hours a day"."""
        if self.money:
            return f"US$ {unit_words(self.unit)}".strip()
        return {"share": "%"}.get(self.style or "", unit_words(self.unit))

    def text(self, value: float, *, sign: bool = False) -> str:
        """One number with its unit, for a sentence."""
        return number(value, self.unit, style=self.style, sign=sign)

    def range(self, low: float, high: float, standard_error: float | None = None) -> str:
        """A range with its unit, for a sentence."""
        return number_range(low, high, self.unit, standard_error, style=self.style)

    def labels(
        self,
        values: Sequence[float],
        standard_error: float | None = None,
        *,
        digits: int | None = None,
        sign: bool = False,
    ) -> list[str]:
        """Numbers of one precision for the chart, whose subtitle names a long unit."""
        return self._write(values, standard_error, digits, sign)

    def ends(self, low: float, high: float) -> tuple[str, str]:
        """Two values of an input, with a third digit if two would print the same."""
        plain = self.unit in ("", "1") and self.style is None and max(abs(low), abs(high)) < 1
        if self.style == "share":  # each by itself: 0.3% and 18%, not 0% and 18%
            texts = self._write([low]) + self._write([high])
        else:
            texts = self._write([low, high], digits=2 if plain else None)
        if texts[0] == texts[1] and low != high:
            texts = self._write([low, high], digits=3)
        return texts[0], texts[1]

    def ticks(self, values: Sequence[float]) -> list[str]:
        """Round numbers of an axis, with no more digits than their step needs."""
        if len(values) < 2:
            return self._write(values)
        step = Decimal(f"{values[1] - values[0]:.6g}").normalize()
        largest = Decimal(f"{max(map(abs, values)):.6g}")
        place = int(step.as_tuple().exponent)
        return self._write(values, digits=max(1, largest.adjusted() - place + 1))

    def _write(
        self,
        values: Sequence[float],
        standard_error: float | None = None,
        digits: int | None = None,
        sign: bool = False,
    ) -> list[str]:
        """Numbers without a unit of several words, which the subtitle names."""
        unit = self.unit
        largest = max(map(abs, values), default=0.0)
        if not (self.money or self.style or (unit == "month" and largest < 1e4)):
            unit = "token" if largest >= 1e6 else "1"  # "1.20m", and not "1.20 million kg"
        texts = numbers(values, unit, standard_error, style=self.style, digits=digits, sign=sign)
        return [text.removesuffix(" tokens") for text in texts]


class Draws(NamedTuple):
    """The draws of an outcome, smallest first, and the standard error of their mean."""

    ordered: np.ndarray[tuple[int], np.dtype[np.float64]]
    standard_error: float | None  # None where a single replicate gives none


def clean(text: object) -> str:
    """A label of a study as one line of printable text."""
    line = " ".join(str(text).split())
    line = "".join(sign for sign in line if sign.isprintable() or sign in "\u202f\u00a0")
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def group(study: xr.DataTree, name: str, outcome: str) -> xr.Dataset:
    """Numbers of one analysis for one outcome.

    Raises
    ------
    ValueError
        The study has no such analysis, or the analysis no such outcome.
    """
    if name not in study.children:
        has = ", ".join(sorted(map(str, study.children))) or "nothing"
        raise ValueError(f"Expected a study with `{name}`, got one with {has}. Run the study.")
    known = outcomes(study, name)
    if outcome not in known:
        raise ValueError(
            f"Expected `outcome` of `{name}` to be one of {', '.join(known)}, got {outcome!r}."
            f"{suggest(outcome, known)}"
        )
    return study[name].to_dataset().isel(outcome=known.index(outcome))


def outcomes(study: xr.DataTree, name: str) -> list[str]:
    """Names of the outcomes of an analysis, in its order."""
    return [str(each) for each in study[name].to_dataset()["outcome"].values]


def quantity(study: xr.DataTree, name: str, label: object = None, unit: object = None) -> Quantity:
    """How an input or outcome reads; label and unit come from the draws unless given."""
    data = study["draws"].to_dataset()
    attrs = data[name].attrs if name in data else {}
    words = clean(attrs.get("long_name", name) if label is None else label) or clean(name)
    text = clean(attrs.get("units", "1") if unit is None else unit)
    return Quantity(name, words, text, _style(data, name) if text in ("", "1") else None)


def _style(data: xr.Dataset, name: str) -> str | None:
    """Percent for a share, nothing for another number without unit."""
    values = data[name].values if name in data else np.zeros(1)
    return "share" if reads_as_share(name, float(values.min()), float(values.max())) else None


def draws(study: xr.DataTree, name: str) -> Draws:
    """The draws of an outcome over every replicate."""
    values = np.asarray(study["draws"][name].values, dtype=np.float64)
    means = values.mean(axis=-1) if values.ndim == 2 else np.zeros(0)
    error = float(means.std(ddof=1)) / math.sqrt(means.size) if means.size > 1 else None
    return Draws(np.sort(values.ravel()), error)


def version(study: xr.DataTree) -> str:
    """Program and version that made the study: "risk 0.1.0"."""
    try:
        known = json.loads(str(study.attrs.get("versions", "{}")))
    except json.JSONDecodeError:
        known = {}
    return clean(f"risk {known.get('risk', '')}")


def provenance(study: xr.DataTree, short: bool = False) -> str:
    """The line under every figure: what was studied, run, draws, seed, priors, version."""
    attrs = study.attrs
    replicates, points = int(attrs["replicates"]), int(attrs["draws"])
    design = "" if short else f" ({replicates}×{points:,} scrambled Sobol’)"
    parts = [
        "" if short else attrs["title"],
        f"run {attrs['run_id']}",
        f"{replicates * points:,} draws{design}",
        f"seed {attrs['seed']}",
        f"priors {attrs['case']}" if attrs.get("case") and not short else "",
        version(study),
    ]
    return " · ".join(clean(part) for part in parts if part)

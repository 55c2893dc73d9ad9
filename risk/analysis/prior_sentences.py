"""Words of the warnings on priors: lists, shares, and the numbers of one input."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import xarray as xr

from risk.memo.formats import number, number_range, numbers, unit_words
from risk.names import INPUT


class Remark(NamedTuple):
    """One warning: what it is about, the inputs or blocks concerned, and the sentence."""

    kind: str
    names: tuple[str, ...]
    text: str


@dataclass(frozen=True)
class Reading:
    """The inputs as a whole, by their number, as sentences read them."""

    data: xr.Dataset

    @classmethod
    def whole(cls, beliefs: xr.Dataset) -> Reading:
        """Of what is believed, the rows of whole inputs."""
        return cls(beliefs.isel({INPUT: beliefs["input_part"].values == ""}))

    def __len__(self) -> int:
        return int(self.data.sizes[INPUT])

    def name(self, k: int) -> str:
        """Name of the k-th input."""
        return str(self.data["input_name"].values[k])

    def label(self, k: int) -> str:
        """Label of the k-th input."""
        return str(self.data["input_label"].values[k])

    def find(self, name: str) -> int:
        """Which input has this name."""
        return [str(own) for own in self.data["input_name"].values].index(name)

    def number(self, variable: str, k: int) -> float:
        """A number of the k-th input."""
        return float(self.data[variable].values[k])

    def value(self, x: float, k: int) -> str:
        """A value of the k-th input with its unit: "$2.00 per GPU-hour"."""
        text = number(x, self._unit(k), style=self._style(k))
        return f"{text}{self._per(k)}"

    def band(self, k: int) -> str:
        """P5 to P95 of the k-th input, with a third digit if two would print the same."""
        low, _, high = map(float, self.data["quantile"].values[k])
        text = number_range(low, high, self._unit(k), style=self._style(k))
        if low < high and text == number(high, self._unit(k), style=self._style(k)):
            text = number_range(low, high, self._unit(k), style=self._style(k), digits=5)
        return text

    def pairs(self, names: Sequence[str], values: Sequence[float], k: int) -> str:
        """Quantiles with their probabilities: "P5 2.2, P95 9.2"."""
        texts = numbers(list(map(float, values)), self._unit(k), style=self._style(k), digits=3)
        return ", ".join(f"{name} {text}" for name, text in zip(names, texts, strict=True))

    def bare(self, variable: str, k: int) -> str:
        """A number of the k-th input without what it is per: "$2.00"."""
        return self._bare(self.number(variable, k), k)

    def beyond(self, k: int) -> str:
        """A claim outside what is possible, and where that begins or ends."""
        claim = self.number("theoretical", k)
        low, high = map(float, self.data["support"].values[k])
        end = f"from {self._bare(low, k)}" if claim < low else f"up to {self._bare(high, k)}"
        return f"{self.label(k)} {self._bare(claim, k)} (prior {end})"

    def pool(self, k: int) -> str:
        """The pool of the experts of the k-th input."""
        return str(self.data["pool"].values[k])

    def _bare(self, x: float, k: int) -> str:
        return number(x, self._unit(k), style=self._style(k))

    def _unit(self, k: int) -> str:
        return str(self.data["input_units"].values[k])

    def _style(self, k: int) -> str | None:
        return str(self.data["input_style"].values[k]) or None

    def _per(self, k: int) -> str:
        unit = self._unit(k)
        words = unit_words(unit) if unit.partition("/")[0] in ("USD", "EUR", "GBP") else ""
        return f" {words}" if words else ""


def percent(share: float) -> str:
    """A share in whole percent, to the tenth below 10 %: "23%", "1.3%".

    >>> percent(0.234), percent(0.0132), percent(0.01)
    ('23%', '1.3%', '1%')
    """
    text = f"{100 * share:.0f}" if share >= 0.0995 else f"{100 * share:.1f}".removesuffix(".0")
    return f"{text}%"


def joined(texts: Sequence[str]) -> str:
    """Texts in one sentence: "a, b and c"."""
    return " and ".join([*([", ".join(texts[:-1])] if texts[1:] else []), *texts[-1:]])


def listed(texts: Iterable[str]) -> str:
    """Texts in a row: "a, b, c"."""
    return ", ".join(texts)


def plural(count: int, noun: str) -> str:
    """A count with its noun: "1 prior", "3 priors"."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def lower(text: str) -> str:
    """A label inside a sentence."""
    return text[:1].lower() + text[1:]

"""What a document may say: the numbers of a study by key, as text."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import xarray as xr

from risk.memo import formats
from risk.memo.entries import Entry
from risk.memo.numbers import Registry, inputs_of, numbers
from risk.names import readable, suggest


class UnknownKey(LookupError):
    """A document asks for a number that the study does not have."""


@dataclass(frozen=True)
class Context:
    """A study as documents see it; every number comes from the registry, which is made once."""

    study: xr.DataTree
    language: str = "en"

    @classmethod
    def of(cls, study: xr.DataTree | Context) -> Context:
        """The context of a study, or the one given."""
        return study if isinstance(study, Context) else cls(study)

    @cached_property
    def registry(self) -> Registry:
        """Key → number."""
        return numbers(self.study)

    @property
    def about(self) -> dict[str, Any]:
        """Title, case, run id, hashes, seed, date."""
        return {str(key): x for key, x in self.study.attrs.items() if key != "priors"}

    @cached_property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """Input → what was assumed of it."""
        return inputs_of(self.study)

    @cached_property
    def published(self) -> list[dict[str, Any]]:
        """Published figures as the priors give them."""
        return list(json.loads(self.study.attrs["priors"])["published"])

    @cached_property
    def blocks(self) -> list[dict[str, Any]]:
        """Inputs that belong together, as the priors give them."""
        return list(json.loads(self.study.attrs["priors"])["blocks"])

    @cached_property
    def observations(self) -> list[dict[str, Any]]:
        """Observed outcomes as the priors give them."""
        return list(json.loads(self.study.attrs["priors"])["observations"])

    @property
    def description(self) -> str:
        """What the case is about, in the words of its priors."""
        return str(json.loads(self.study.attrs["priors"])["description"])

    @cached_property
    def labels(self) -> dict[str, str]:
        """Outcome → label."""
        data = self.study["sobol"].to_dataset()
        pairs = zip(data["outcome"].values, data["outcome_label"].values, strict=True)
        return {str(name): str(label) for name, label in pairs}

    @cached_property
    def factor_inputs(self) -> dict[str, tuple[str, ...]]:
        """Factor → the inputs that it stands for."""
        data = self.study["sobol"].to_dataset()
        pairs = zip(data["factor"].values, data["factor_inputs"].values, strict=True)
        return {str(name): tuple(str(inputs).split(" + ")) for name, inputs in pairs}

    def input_label(self, name: str) -> str:
        """Label of an input."""
        return str(self.inputs[name]["label"] or readable(name))

    def has(self, *keys: str) -> bool:
        """Whether the study has all these numbers."""
        return all(key in self.registry for key in keys)

    def entry(self, key: str) -> Entry:
        """The registry's entry of a key.

        Raises
        ------
        UnknownKey
            With the nearest key that exists.
        """
        if key not in self.registry:
            near = suggest(str(key), self.registry)
            raise UnknownKey(f"Expected a key of numbers.json, got {key!r}.{near}")
        return self.registry[key]

    def n(self, key: str) -> str:
        """Text of a number."""
        return str(self.entry(key)["text"][self.language])

    def value(self, key: str) -> float:
        """Raw value of a number, for a condition in a template."""
        return float(self.entry(key)["value"])

    def r(self, low: str, high: str) -> str:
        """Text of the range between two numbers of one unit."""
        first, last = self.entry(low), self.entry(high)
        ends = first["value"], last["value"], first["unit"], _error([first, last])
        return formats.number_range(*ends, self.language, first["style"])

    def row(self, keys: Iterable[str], *, sign: bool = False, digits: int = 0) -> list[str]:
        """Texts of numbers that are read together: one unit and one precision.

        Where that would print one as zero that is none, each has its own: a skewed outcome spans
        powers of ten. `digits` are those of the largest number, if not the three of the style;
        `sign` writes a plus too.
        """
        entries = [self.entry(key) for key in keys]
        if not entries:
            return []
        style = entries[0]["style"]
        texts = self._texts(entries, digits, sign)
        lost = any(
            e["value"] and not re.search("[1-9]", t) for e, t in zip(entries, texts, strict=True)
        )
        if lost and style not in ("share", "probability"):  # there 0% is what a reader expects
            return [self._texts([entry], digits, sign)[0] for entry in entries]
        return texts

    def _texts(self, entries: Sequence[Entry], digits: int, sign: bool) -> list[str]:
        values = [entry["value"] for entry in entries]
        unit, style = entries[0]["unit"], entries[0]["style"]
        error, language = _error(entries), self.language
        return formats.numbers(
            values, unit, error, language, style, digits=digits or None, sign=sign
        )

    def unit(self, key: str) -> str:
        """Words that follow a number of this unit: "a day" for dollars a day."""
        return formats.unit_words(self.entry(key)["unit"], self.language)

    def share(self, key: str) -> str:
        """Text of a number without unit in percent, such as a Sobol' index."""
        entry = self.entry(key)
        return formats.number(entry["value"], "1", entry["standard_error"], self.language, "share")

    def quotient(self, part: str, whole: str) -> str:
        """Text of one number as a share of another."""
        return formats.number(
            self.value(part) / self.value(whole), "1", None, self.language, "share"
        )

    def error(self, key: str) -> str:
        """Text of a number's standard error, one digit."""
        entry = self.entry(key)
        error = entry["standard_error"] or 0.0
        return formats.number(error, entry["unit"], None, self.language, entry["style"], digits=1)

    def lowest(self, outcome: str) -> str:
        """Text of the mean of an outcome's lowest 5 %: minus its expected shortfall."""
        entry = self.entry(f"{outcome}.es5")
        error = entry["standard_error"]
        return formats.number(-entry["value"], entry["unit"], error, self.language, entry["style"])


def _error(entries: Sequence[Entry]) -> float | None:
    """The largest standard error of a statement, which bounds its precision."""
    return max((entry["standard_error"] or 0.0 for entry in entries), default=None)

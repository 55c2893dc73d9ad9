"""What a document may say: numbers by key, and the rows of its tables, from a study alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import xarray as xr

from risk.memo import formats
from risk.memo.numbers import Registry, numbers, slug
from risk.names import suggest

TOP = 6  # rows of a ranking
DRIVER = 0.05  # total-order index from which an input counts as a driver


class UnknownKey(LookupError):
    """A document asks for a number that the study does not have."""


@dataclass(frozen=True)
class Context:
    """A study as documents see it; every number comes from the registry."""

    study: xr.DataTree
    language: str = "en"

    @cached_property
    def registry(self) -> Registry:
        """Key → number."""
        return numbers(self.study)

    @property
    def about(self) -> dict[str, Any]:
        """Title, case, run id, hashes, seed, versions."""
        return dict(self.study.attrs)

    def entry(self, key: str) -> dict[str, Any]:
        """The registry's entry of a key.

        Raises
        ------
        UnknownKey
            With the nearest key that exists.
        """
        if key not in self.registry:
            raise UnknownKey(
                f"Expected a key of the registry, got {key!r}.{suggest(key, self.registry)}"
            )
        return self.registry[key]

    def n(self, key: str) -> str:
        """Text of a number."""
        return str(self.entry(key)["text"][self.language])

    def r(self, low: str, high: str) -> str:
        """Text of the range between two numbers of one unit."""
        first, last = self.entry(low), self.entry(high)
        return formats.number_range(
            first["value"],
            last["value"],
            first["unit"],
            language=self.language,
            style=first["style"],
        )

    def value(self, key: str) -> float:
        """Raw value of a number, for a condition in a template."""
        return float(self.entry(key)["value"])

    def error(self, key: str) -> str:
        """Text of a number's standard error, two digits."""
        entry = self.entry(key)
        error = entry["standard_error"] or 0.0
        return formats.number(error, entry["unit"], None, self.language, entry["style"], digits=2)

    def negative(self, key: str) -> str:
        """Text of minus a number: the mean of the worst cases, from an expected shortfall."""
        entry = self.entry(key)
        error = entry["standard_error"]
        return formats.number(-entry["value"], entry["unit"], error, self.language, entry["style"])

    @cached_property
    def labels(self) -> dict[str, str]:
        """Outcome → label."""
        data = self.study["sobol"].to_dataset()
        pairs = zip(data["outcome"].values, data["outcome_label"].values, strict=True)
        return {str(name): str(label) for name, label in pairs}

    def caveat(self, outcome: str) -> str:
        """What a reader must know before using the indices of an outcome, or nothing."""
        row = self.study["sobol"].to_dataset().sel(outcome=outcome)
        label, size = self.labels[outcome], row["effective_sample_size"].item()
        if row["transform"] == "asinh":
            what = "indices are of asinh(outcome / scale); those of the outcome itself are withheld"
        elif row["status"] == "heavy tail":
            what = "the variance rests on few draws"
        else:
            return ""
        return f"{label}: heavy tail ({size:.0f} effective draws), {what}."

    def bridge_has(self, outcome: str) -> bool:
        """Whether the study has a bridge of this outcome."""
        known = self.study.children.get("bridge")
        return known is not None and outcome in known["outcome"]

    def ranking(self, outcome: str, top: int | None = TOP) -> list[dict[str, str]]:
        """Factors by total-order index, largest first: label, texts, interval, ranks, evidence."""
        data = self.study["sobol"].to_dataset().sel(outcome=outcome)
        order = data["total_order"].sortby(data["total_order"], ascending=False)["factor"].values
        return [self._factor(data.sel(factor=f), outcome) for f in map(str, order[:top])]

    def _factor(self, row: xr.Dataset, outcome: str) -> dict[str, str]:
        key = f"sobol.{outcome}.{slug(row['factor'].item())}"
        low, high = row["total_order_interval"].values
        best, worst = int(row["rank_low"].item()), int(row["rank_high"].item())
        prior = self.priors.get(row["factor"].item())
        return {
            "name": row["factor"].item(),
            "label": row["factor_label"].item(),
            "total": self.n(f"{key}.total"),
            "first": self.n(f"{key}.first"),
            "interval": f"{low + 0.0:.3f}–{high + 0.0:.3f}".replace("-", "−"),
            "rank": str(best) if best == worst else f"{best}–{worst}",
            "evidence": "" if prior is None else "sources" if prior["sources"] else "judged",
            "why": (prior or {}).get("judgement", None) and prior["judgement"]["why"] or "",
        }

    def drivers(self, outcome: str) -> list[dict[str, str]]:
        """The factors that matter: a total-order index of at least 0.05."""
        rows = self.ranking(outcome, top=None)
        return [
            row
            for row in rows
            if self.value(f"sobol.{outcome}.{slug(row['name'])}.total") >= DRIVER
        ]

    def bridge(self, outcome: str) -> list[dict[str, str]]:
        """Steps of the bridge in the order of the priors, those that do nothing left out."""
        if "bridge" not in self.study.children:
            return []
        data = self.study["bridge"].to_dataset()
        rows = []
        for step in map(str, data["step"].values):
            key = f"bridge.{outcome}.{slug(step)}"
            if data["mean"].sel(outcome=outcome, step=step) != 0:
                shares = ("mean_share", "variance_share", "tail_share")
                texts = {name: self.n(f"{key}.{name}") for name in shares}
                rows.append(
                    {"step": step[:1].upper() + step[1:], "mean": self._signed(key), **texts}
                )
        return rows

    def _signed(self, key: str) -> str:
        """Mean of a bridge step, with its sign."""
        entry = self.entry(f"{key}.mean")
        return formats.number(
            entry["value"], entry["unit"], language=self.language, style=entry["style"], sign=True
        )

    @property
    def published(self) -> list[dict[str, Any]]:
        """Published figures beside ours, and whether they agree within their tolerance."""
        if "published" not in self.study.children:
            return []
        data = self.study["published"].to_dataset()
        return [
            {
                "label": check,
                "text": data["text"].sel(check=check).item(),
                "source": data["source_title"].sel(check=check).item(),
                "ours": self.n(f"published.{slug(check)}.ours"),
                "difference": self.n(f"published.{slug(check)}.difference"),
                "agrees": bool(abs(row["relative_difference"]) <= row["tolerance"]),
            }
            for check in map(str, data["check"].values)
            for row in [data.sel(check=check)]
        ]

    @cached_property
    def priors(self) -> dict[str, dict[str, Any]]:
        """Input → what was assumed, with footnote numbers of its sources."""
        return dict(json.loads(self.study.attrs["priors"])["inputs"])

    @property
    def description(self) -> str:
        """What the case is about, in the words of its priors file."""
        return str(json.loads(self.study.attrs["priors"]).get("description", ""))

    @cached_property
    def sources(self) -> list[dict[str, str]]:
        """Every source once, in the order in which the inputs name them."""
        seen: dict[str, dict[str, str]] = {}
        for prior in self.priors.values():
            for source in prior["sources"]:
                seen.setdefault(source["url"] or source["title"], source)
        return list(seen.values())

    def assumptions(self, kind: str) -> Iterator[dict[str, Any]]:
        """Inputs of a kind (uncertain, fact, lever): label, texts and footnote numbers."""
        keys = [source["url"] or source["title"] for source in self.sources]
        for name, prior in self.priors.items():
            if prior["kind"] != kind:
                continue
            numeric = prior["quantiles"] is not None
            claimed = prior["theoretical"]
            yield {
                "label": prior["label"] or name,
                "unit": formats.unit_words(prior["unit"], self.language)
                if prior["unit"].startswith("USD/")
                else "",
                "value": self.n(f"prior.{name}.value") if prior["value"] is not None else "",
                "percentiles": [self.n(f"prior.{name}.{p}") for p in ("p5", "p50", "p95")]
                if numeric
                else [],
                "text": prior["text"],
                "theoretical": claimed
                if isinstance(claimed, str)
                else self.n(f"prior.{name}.theoretical")
                if claimed is not None
                else "",
                "footnotes": [keys.index(s["url"] or s["title"]) + 1 for s in prior["sources"]],
                "judgement": prior["judgement"],
            }

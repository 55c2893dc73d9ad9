"""The registry: every number that a document may show, with its unit, its text and its error."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from risk.memo.formats import number
from risk.names import reads_as_share

Entry = dict[str, Any]
Registry = dict[str, Entry]
LANGUAGES = ("en", "fr")


def numbers(study: xr.DataTree) -> Registry:
    """Key → value, unit, text in English and French, standard error and 95 % interval.

    Keys read like ``revenue_gap.p50``, ``sobol.revenue_gap.paid_user_share.total``,
    ``bridge.real_revenue.free_web_and_app.mean``, ``published.cost_of_the_day.ours`` and
    ``prior.gpu_price.p95``. A number that does not exist (an index of a constant outcome) has no
    key.
    """
    styles = _styles(study)
    found = dict(_run(study))
    for part in (_measures, _indices, _tornado, _bridge, _published, _priors):
        found |= dict(part(study, styles))
    return found


def as_json(study: xr.DataTree, registry: Registry) -> str:
    """The registry as the text of numbers.json, with the run that it is of."""
    about = {key: study.attrs[key] for key in ("title", "case", "run_id", "outputs_hash")}
    return json.dumps({**about, "numbers": registry}, ensure_ascii=False, indent=1) + "\n"


def slug(text: str) -> str:
    """A key for a text: ``free web and app`` becomes ``free_web_and_app``.

    >>> slug("fees, refunds and taxes")
    'fees_refunds_and_taxes'
    """
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _entry(
    value: float,
    unit: str,
    style: str | None = None,
    error: float | None = None,
    interval: Any = None,
    digits: int | None = None,
) -> Entry:
    known = error is not None and np.isfinite(error)
    texts = {lang: number(value, unit, error if known else None, lang, style) for lang in LANGUAGES}
    return {
        "value": float(value),
        "unit": unit,
        "style": style,
        "text": texts,
        "standard_error": float(error) if known and error is not None else None,
        "interval": None if interval is None else [float(x) for x in interval],
    }


def _styles(study: xr.DataTree) -> dict[str, str | None]:
    """Variable → how it reads; only a number without unit needs a style."""
    data = study["draws"].to_dataset()
    return {
        str(name): "share"
        if x.attrs["units"] in ("", "1")
        and reads_as_share(str(name), float(x.min()), float(x.max()))
        else None
        for name, x in data.data_vars.items()
    }


def _pick(data: xr.Dataset, name: str, **at: Any) -> dict[str, Any]:
    """A number of a Dataset with its error and interval, as arguments of `_entry`."""
    return {
        "value": data[name].sel(at).item(),
        "error": data[f"{name}_standard_error"].sel(at).item(),
        "interval": data[f"{name}_interval"].sel(at).values,
    }


def _run(study: xr.DataTree) -> Iterator[tuple[str, Entry]]:
    replicates, draws = int(study.attrs["replicates"]), int(study.attrs["draws"])
    runs = int(study["sobol"].attrs["model_runs"])
    counts = {"draws": replicates * draws, "replicates": replicates, "model_runs": runs}
    for key, count in counts.items():
        yield f"run.{key}", _count(count)


def _measures(study: xr.DataTree, styles: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    data = study["risk"].to_dataset()
    for outcome, unit in zip(data["outcome"].values, data["outcome_units"].values, strict=True):
        style, unit = styles[str(outcome)], str(unit)
        for name, key in (("mean", "mean"), ("standard_deviation", "sd")):
            yield (
                f"{outcome}.{key}",
                _entry(unit=unit, style=style, **_pick(data, name, outcome=outcome)),
            )
        for p in data["probability"].values:
            pick = _pick(data, "quantile", outcome=outcome, probability=p)
            yield f"{outcome}.p{100 * p:g}", _entry(unit=unit, style=style, **pick)
        for tail in data["tail"].values:
            for name, key in (("value_at_risk", "var"), ("expected_shortfall", "es")):
                pick = _pick(data, name, outcome=outcome, tail=tail)
                yield f"{outcome}.{key}{100 * tail:g}", _entry(unit=unit, style=style, **pick)
        loss = _pick(data, "probability_of_loss", outcome=outcome)
        yield f"{outcome}.loss_probability", _entry(unit="1", style="probability", **loss)
        gain = loss | {"value": 1 - loss["value"], "interval": 1 - loss["interval"][::-1]}
        yield f"{outcome}.gain_probability", _entry(unit="1", style="probability", **gain)


def _indices(study: xr.DataTree, _: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    data = study["sobol"].to_dataset()
    for outcome in map(str, data["outcome"].values):
        if data["status"].sel(outcome=outcome) == "constant":
            continue
        yield f"sobol.{outcome}.interaction", _index(_pick(data, "interaction", outcome=outcome))
        for factor in map(str, data["factor"].values):
            at = {"outcome": outcome, "factor": factor}
            key = f"sobol.{outcome}.{slug(factor)}"
            yield f"{key}.first", _index(_pick(data, "first_order", **at))
            yield f"{key}.total", _index(_pick(data, "total_order", **at))
            for end in ("rank_low", "rank_high"):
                yield f"{key}.{end}", _count(int(data[end].sel(at).item()))


def _index(pick: dict[str, Any]) -> Entry:
    """A Sobol' index to three decimals, or two where its error is larger than the third."""
    places = 3 if not np.isfinite(pick["error"]) or pick["error"] < 0.005 else 2
    return _entry(unit="", **pick) | {"text": _plain(f"{pick['value'] + 0.0:.{places}f}")}


def _count(count: int) -> Entry:
    """A whole number, written out."""
    return _entry(count, "") | {"text": _plain(f"{count:,}")}


def _plain(text: str) -> dict[str, str]:
    """A number that Python wrote, in both languages."""
    text = text.replace("-", "−")
    french = text.translate(str.maketrans({",": "\u202f", ".": ",", "%": "\u00a0%"}))
    return dict(zip(LANGUAGES, (text, french), strict=True))


def _tornado(study: xr.DataTree, styles: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    data = study["tornado"].to_dataset()
    for outcome, unit in zip(data["outcome"].values, data["outcome_units"].values, strict=True):
        style, unit = styles[str(outcome)], str(unit)
        yield (
            f"tornado.{outcome}.base",
            _entry(data["base"].sel(outcome=outcome).item(), unit, style),
        )
        for name in map(str, data["input"].values):
            for end in ("low", "high"):
                value = data["value"].sel(outcome=outcome, input=name, end=end).item()
                yield f"tornado.{outcome}.{name}.{end}", _entry(value, unit, style)


def _bridge(study: xr.DataTree, styles: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    if "bridge" not in study.children:
        return
    data = study["bridge"].to_dataset()
    for outcome, unit in zip(data["outcome"].values, data["outcome_units"].values, strict=True):
        style, unit = styles[str(outcome)], str(unit)
        for end in ("start", "end"):
            pick = _pick(data, end, outcome=outcome)
            yield f"bridge.{outcome}.{end}", _entry(unit=unit, style=style, **pick)
        gap = data["end"].sel(outcome=outcome).item() - data["start"].sel(outcome=outcome).item()
        yield f"bridge.{outcome}.gap", _entry(gap, unit, style)
        for step in map(str, data["step"].values):
            at, key = {"outcome": outcome, "step": step}, f"bridge.{outcome}.{slug(step)}"
            mean = _pick(data, "mean", **at)
            yield f"{key}.mean", _entry(unit=unit, style=style, **mean)
            yield f"{key}.mean_share", _entry(mean["value"] / gap, "1", "share")
            for name in ("variance_share", "tail_share"):
                pick = _pick(data, name, **at)
                if np.isfinite(pick["value"]):
                    yield f"{key}.{name}", _entry(unit="1", style="share", **pick)


def _published(study: xr.DataTree, styles: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    if "published" not in study.children:
        return
    data = study["published"].to_dataset()
    for check in map(str, data["check"].values):
        row = data.sel(check=check)
        unit, key = row["units"].item(), f"published.{slug(check)}"
        percent = row["text"].item().endswith("%")
        style = "share" if percent else styles.get(row["outcome"].item()) or "full"
        for name in ("published", "ours"):
            yield f"{key}.{name}", _entry(row[name].item(), unit, style)
        difference = row["relative_difference"].item()
        entry = _entry(difference, "1", "share")
        yield f"{key}.difference", entry | {"text": _plain(f"{100 * difference:+.2f}%")}


def _priors(study: xr.DataTree, styles: Mapping[str, Any]) -> Iterator[tuple[str, Entry]]:
    inputs = json.loads(study.attrs["priors"])["inputs"]
    for name, prior in inputs.items():
        style = styles[name]
        values = dict(zip(("p5", "p50", "p95"), prior["quantiles"] or (), strict=False))
        values |= {"value": prior["value"], "theoretical": prior["theoretical"]}
        for key, value in values.items():
            if isinstance(value, (int, float)):
                digits = _digits(value) if key in ("value", "theoretical") else None
                yield f"prior.{name}.{key}", _entry(value, prior["unit"], style, digits=digits)


def _digits(value: float) -> int:
    """Significant digits that show a fact as it was given, three at the most."""
    return next((k for k in (1, 2) if float(f"{value:.{k}g}") == value), 3)

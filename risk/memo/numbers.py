"""The registry: every number that a document may show, with its unit, its text and its error."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from risk.memo.entries import (
    Entry,
    Group,
    KeyClash,
    count_entry,
    index_entry,
    make_entry,
    plain_texts,
    slug,
    slugs,
)
from risk.memo.evidence_numbers import evidence_numbers
from risk.names import END, FACTOR, FACTOR_2, INPUT, OUTCOME, reads_as_share

Registry = dict[str, Entry]
Found = Iterator[tuple[str, Entry]]
Styles = Mapping[str, str | None]
PAIR = 0.01  # second-order index from which a pair of factors has a key


def numbers(study: xr.DataTree) -> Registry:
    """Key → value, unit, text in English and French, standard error and 95 % interval.

    Keys read like ``revenue_gap.p50``, ``sobol.revenue_gap.paid_user_share.total``,
    ``tornado.revenue_gap.gpu_price.low``, ``bridge.real_revenue.free_web_and_app.mean``,
    ``published.cost_of_the_day.ours`` and ``prior.gpu_price.p95``. A number that does not exist (an
    index of a constant outcome) has no key.

    Raises
    ------
    KeyClash
        When two labels give the same key.
    """
    styles = _styles(study)
    found: Registry = {}
    parts = (_run, _measures, _indices, _tornado, _bridge, _published, _priors, _states)
    for part in (*parts, evidence_numbers):
        for key, entry in part(study, styles):
            if key in found:
                raise KeyClash(f"Expected one number a key, got two for {key!r}. Rename one.")
            found[key] = entry
    return found


def as_json(study: xr.DataTree, registry: Registry) -> str:
    """The registry as the text of numbers.json, with the run that it is of."""
    about = {key: study.attrs[key] for key in ("title", "case", "run_id", "outputs_hash")}
    data = {**about, "numbers": registry}
    return json.dumps(data, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def _styles(study: xr.DataTree) -> dict[str, str | None]:
    """Variable → how it reads; only a number without unit needs a style."""
    data = study["draws"].to_dataset()
    return {
        str(name): "share"
        if x.attrs["units"] in ("", "1")
        and (
            reads_as_share(str(name), float(x.min()), float(x.max()))
            or "share" in x.attrs["long_name"].lower().split()
        )
        else None
        for name, x in data.data_vars.items()
    }


def _run(study: xr.DataTree, _: Styles) -> Found:
    replicates, draws = int(study.attrs["replicates"]), int(study.attrs["draws"])
    yield "run.draws", count_entry(replicates * draws)
    yield "run.replicates", count_entry(replicates)
    yield "run.model_runs", count_entry(int(study["sobol"].attrs["model_runs"]))


def _measures(study: xr.DataTree, styles: Styles) -> Found:
    data = Group(study["risk"].to_dataset(), OUTCOME)
    units = data.names("outcome_units")
    for i, outcome in enumerate(data.names(OUTCOME)):
        as_outcome: Any = {"unit": units[i], "style": styles[outcome]}
        yield f"{outcome}.mean", make_entry(**as_outcome, **data.pick("mean", i))
        yield f"{outcome}.sd", make_entry(**as_outcome, **data.pick("standard_deviation", i))
        if np.isfinite(data.value("skewness", i)):  # without spread there is none
            yield f"{outcome}.skewness", make_entry(unit="1", **data.pick("skewness", i))
        for k, p in enumerate(data.arrays["probability"]):
            yield f"{outcome}.p{100 * p:g}", make_entry(**as_outcome, **data.pick("quantile", i, k))
        for k, tail in enumerate(data.arrays["tail"]):
            for name, key in (("value_at_risk", "var"), ("expected_shortfall", "es")):
                pick = data.pick(name, i, k)
                yield f"{outcome}.{key}{100 * tail:g}", make_entry(**as_outcome, **pick)
        loss = data.pick("probability_of_loss", i)
        yield f"{outcome}.loss_probability", make_entry(unit="1", style="probability", **loss)
        gain = loss | {"value": 1 - loss["value"], "interval": 1 - loss["interval"][::-1]}
        yield f"{outcome}.gain_probability", make_entry(unit="1", style="probability", **gain)


def _indices(study: xr.DataTree, _: Styles) -> Found:
    data = Group(study["sobol"].to_dataset(), OUTCOME, FACTOR, FACTOR_2)
    keys = slugs(data.names(FACTOR), "factors")
    for i, outcome in enumerate(data.names(OUTCOME)):
        if data.arrays["status"][i] == "constant":
            continue
        of: Entry = {}  # an index of asinh(y / s) is not one of y: whoever reads it must see that
        if data.arrays["transform"][i] == "asinh":
            of = {"of": "asinh(outcome / scale)"}
        start = f"sobol.{outcome}"
        size = round(data.value("effective_sample_size", i))
        yield f"{start}.effective_draws", count_entry(size)
        yield f"{start}.interaction", index_entry(data.pick("interaction", i)) | of
        for j, key in enumerate(keys.values()):
            yield f"{start}.{key}.first", index_entry(data.pick("first_order", i, j)) | of
            yield f"{start}.{key}.total", index_entry(data.pick("total_order", i, j)) | of
            for end in ("rank_low", "rank_high"):
                yield f"{start}.{key}.{end}", count_entry(int(data.value(end, i, j)))
            for k, other in enumerate(keys.values()):
                if j < k and data.value("second_order", i, j, k) >= PAIR:
                    pick = data.pick("second_order", i, j, k)
                    yield f"{start}.{key}.{other}.second", index_entry(pick) | of


def _tornado(study: xr.DataTree, styles: Styles) -> Found:
    data = Group(study["tornado"].to_dataset(), OUTCOME, INPUT, END)
    inputs, units = data.names(INPUT), data.names("input_units")
    for i, outcome in enumerate(data.names(OUTCOME)):
        unit, style = data.names("outcome_units")[i], styles[outcome]
        yield f"tornado.{outcome}.base", make_entry(data.value("base", i), unit, style)
        for k, end in enumerate(data.names(END)):
            together = data.value("together", i, k)
            yield f"tornado.{outcome}.together_{end}", make_entry(together, unit, style)
            for j, name in enumerate(inputs):
                value = data.value("value", i, j, k)
                yield f"tornado.{outcome}.{name}.{end}", make_entry(value, unit, style)
    for j, name in enumerate(inputs):
        if not any(data.arrays["state"][0, j]):  # of a regime the ends are states, without P10, P90
            for k, key in enumerate(("p10", "p90")):
                value = data.value("input_value", 0, j, k)
                yield f"prior.{name}.{key}", make_entry(value, units[j], styles[name])


def _bridge(study: xr.DataTree, styles: Styles) -> Found:
    if "bridge" not in study.children:
        return
    data = Group(study["bridge"].to_dataset(), OUTCOME, "step")
    keys = slugs(data.names("step"), "bridge steps")
    for i, outcome in enumerate(data.names(OUTCOME)):
        as_outcome: Any = {"unit": data.names("outcome_units")[i], "style": styles[outcome]}
        for end in ("start", "end"):
            yield f"bridge.{outcome}.{end}", make_entry(**as_outcome, **data.pick(end, i))
        gap = data.value("end", i) - data.value("start", i)
        yield f"bridge.{outcome}.gap", make_entry(gap, **as_outcome)
        for j, step in enumerate(keys.values()):
            key = f"bridge.{outcome}.{step}"
            mean = data.pick("mean", i, j)
            yield f"{key}.mean", make_entry(**as_outcome, **mean)
            if gap:
                yield f"{key}.mean_share", make_entry(mean["value"] / gap, "1", "share")
            for name in ("variance_share", "tail_share"):
                pick = data.pick(name, i, j)
                if np.isfinite(pick["value"]):  # a gap without variance has none to share
                    yield f"{key}.{name}", make_entry(unit="1", style="share", **pick)


def _published(study: xr.DataTree, styles: Styles) -> Found:
    if "published" not in study.children:
        return
    data = Group(study["published"].to_dataset())
    for i, check in enumerate(slugs(data.names("check"), "published figures").values()):
        unit, key = data.names("units")[i], f"published.{check}"
        percent = data.names("text")[i].endswith("%")
        style = "share" if percent else styles.get(data.names("outcome")[i]) or "full"
        for name in ("published", "ours"):
            yield f"{key}.{name}", make_entry(data.value(name, i), unit, style)
        difference = data.value("relative_difference", i)
        text = {"text": plain_texts(f"{100 * difference:+.2f}%")}
        yield f"{key}.difference", make_entry(difference, "1", "share") | text
        tolerance = data.value("tolerance", i)
        yield f"{key}.tolerance", make_entry(tolerance, "1", "share", digits=1)


def _priors(study: xr.DataTree, styles: Styles) -> Found:
    for name, prior in inputs_of(study).items():
        unit, style = prior["unit"], styles[name]
        for key, value in zip(("p5", "p50", "p95"), prior["quantiles"] or (), strict=False):
            yield f"prior.{name}.{key}", make_entry(value, unit, style)
        for key in ("value", "theoretical"):
            if isinstance(value := prior[key], (int, float)):
                # A fixed discount of 0.75 is known from a factor by its size: it has no spread.
                share = unit == "1" and prior["kind"] != "uncertain" and 0 < value < 1
                how = "share" if share else style
                yield (
                    f"prior.{name}.{key}",
                    make_entry(value, unit, how, digits=_digits(value, unit)),
                )


def _digits(value: float, unit: str) -> int | None:
    """Significant digits that show a fact as it was given, three at the most; money in cents."""
    if unit.startswith(("USD", "EUR", "GBP")) and abs(value) >= 0.1:
        return None
    return next((k for k in (1, 2) if float(f"{value:.{k}g}") == value), None)


def _states(study: xr.DataTree, styles: Styles) -> Found:
    """Probabilities of a regime's states, and what the draws of an input are in each of them."""
    inputs, data = inputs_of(study), study["draws"].to_dataset()
    for name, prior in inputs.items():
        if prior["family"] == "categorical":
            for state, share in prior["parameters"].items():
                yield f"prior.{name}.{slug(state)}", make_entry(share, "1", "share")
        if prior["given"] is None:
            continue
        held = states_held(data, prior["given"])
        for state, (family, parameters) in prior["parameters"].items():
            key = f"prior.{name}.{slug(state)}"
            if family == "categorical":
                for own, share in parameters.items():
                    yield f"{key}.{slug(own)}", make_entry(share, "1", "share")
                continue
            drawn = data[name].values[held == state]
            for p in (5, 50, 95) if len(drawn) else ():
                value = float(np.quantile(drawn, p / 100))
                yield f"{key}.p{p}", make_entry(value, prior["unit"], styles[name])


def states_held(draws: xr.Dataset, regimes: Sequence[str]) -> Any:
    """The state of each draw, of several regimes "open, high", shape (replicate, draw)."""
    found: Any = ""
    for regime in regimes:
        names = np.array(draws[regime].attrs["flag_meanings"].split())
        own = names[draws[regime].values.astype(int)]
        found = own if isinstance(found, str) else np.char.add(np.char.add(found, ", "), own)
    return found


def inputs_of(study: xr.DataTree) -> dict[str, dict[str, Any]]:
    """Input → what was assumed of it, in the order of the priors."""
    return dict(json.loads(study.attrs["priors"])["inputs"])

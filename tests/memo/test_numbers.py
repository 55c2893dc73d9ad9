"""The registry: every number of a study under one key, as the study has it, and readable back."""

from __future__ import annotations

import json
import math
import re

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import risk
from risk.memo.context import Context
from risk.memo.entries import KeyClash, make_entry, slug, slugs
from risk.memo.numbers import as_json, numbers

SCALES = {"k": 1e3, "m": 1e6, "bn": 1e9, "tn": 1e12, "million": 1e6, "billion": 1e9}
FRENCH = {"k": 1e3, "M": 1e6, "Md": 1e9, "millions": 1e6, "milliards": 1e9}


def read(text: str, language: str) -> tuple[float, float]:
    """The number that a text says, and what one of its last digit is worth."""
    clean = text.replace("−", "-").replace("\u202f", "").replace("\u00a0", " ")
    clean = clean.replace(",", "" if language == "en" else ".")
    found = re.fullmatch(r"([-+]?)\$? ?([\d.]+)(?:e(-?\d+))? ?(.*)", clean)
    assert found, text
    sign, digits, power, tail = found.groups()
    words = tail.replace("$", "").replace("%", " % ").split()
    scales = SCALES if language == "en" else FRENCH
    scale = scales.get(words[0], 1.0) if words else 1.0
    scale *= (0.01 if "%" in words else 1.0) * 10.0 ** int(power or 0)
    whole, _, places = digits.partition(".")
    zeros = min(len(whole) - len(whole.rstrip("0")), max(0, len(whole) - 3))  # of 6,410 one
    return float(sign + digits) * scale, scale * 10.0 ** (-len(places) if places else zeros)


def rounding(text: str, entry: dict, language: str) -> float:
    """How far the value may be from what the text says: half a step of the coarsest rounding."""
    said, step = read(text, language)
    error = entry["standard_error"] or 0.0
    coarse = 10 ** math.ceil(math.log10(2 * error)) if error else 0.0
    return max(step, coarse) / 2 * (1 + 1e-9) + 1e-12 * abs(said)


@pytest.mark.parametrize("which", ["context", "own"])
@pytest.mark.parametrize("language", ["en", "fr"])
def test_every_text_reads_back_to_its_value(
    which: str, language: str, request: pytest.FixtureRequest
) -> None:
    registry = request.getfixturevalue(which).registry
    for key, entry in registry.items():
        text = entry["text"][language]
        value = entry["value"]
        if text.startswith(("<", ">")):
            assert entry["style"] == "probability", key
            assert value < 0.01 if text[0] == "<" else value > 0.99, key
            continue
        said, _ = read(text, language)
        assert abs(said - value) <= rounding(text, entry, language), (key, text, value)


def at(study: xr.DataTree, group: str, name: str, **where: object) -> float:
    return float(study[group].to_dataset()[name].sel(where).item())


def same(context: Context, key: str, group: str, name: str, **where: object) -> None:
    """The registry has the study's value, standard error and interval."""
    entry, data = context.entry(key), context.study[group].to_dataset()
    assert entry["value"] == at(context.study, group, name, **where), key
    if f"{name}_interval" in data:
        error = at(context.study, group, f"{name}_standard_error", **where)
        assert entry["standard_error"] == error, key
        assert entry["interval"] == data[f"{name}_interval"].sel(where).values.tolist(), key
    else:
        assert entry["standard_error"] is None, key


@pytest.mark.parametrize("which", ["context", "own"])
def test_risk_numbers_are_the_studys(which: str, request: pytest.FixtureRequest) -> None:
    context = request.getfixturevalue(which)
    data = context.study["risk"].to_dataset()
    for outcome in map(str, data["outcome"].values):
        one = {"outcome": outcome}
        same(context, f"{outcome}.mean", "risk", "mean", **one)
        same(context, f"{outcome}.sd", "risk", "standard_deviation", **one)
        for p in data["probability"].values:
            same(context, f"{outcome}.p{100 * p:g}", "risk", "quantile", **one, probability=p)
        for tail in data["tail"].values:
            tails = one | {"tail": tail}
            same(context, f"{outcome}.var{100 * tail:g}", "risk", "value_at_risk", **tails)
            same(context, f"{outcome}.es{100 * tail:g}", "risk", "expected_shortfall", **tails)
        same(context, f"{outcome}.loss_probability", "risk", "probability_of_loss", **one)
        loss, gain = (context.entry(f"{outcome}.{x}_probability") for x in ("loss", "gain"))
        assert gain["value"] == 1 - loss["value"]
        assert gain["interval"] == [1 - loss["interval"][1], 1 - loss["interval"][0]]
        skewness = at(context.study, "risk", "skewness", **one)
        if math.isfinite(skewness):
            same(context, f"{outcome}.skewness", "risk", "skewness", **one)
        else:
            assert not context.has(f"{outcome}.skewness")


@pytest.mark.parametrize("which", ["context", "own"])
def test_indices_are_the_studys(which: str, request: pytest.FixtureRequest) -> None:
    context = request.getfixturevalue(which)
    data = context.study["sobol"].to_dataset()
    keys = {str(f): slug(str(f)) for f in data["factor"].values}
    for outcome in map(str, data["outcome"].values):
        start, one = f"sobol.{outcome}", {"outcome": outcome}
        if data["status"].sel(outcome=outcome) == "constant":
            assert not any(key.startswith(f"{start}.") for key in context.registry)
            continue
        same(context, f"{start}.interaction", "sobol", "interaction", **one)
        size = at(context.study, "sobol", "effective_sample_size", **one)
        assert context.value(f"{start}.effective_draws") == round(size)
        for factor, key in keys.items():
            here = one | {"factor": factor}
            same(context, f"{start}.{key}.first", "sobol", "first_order", **here)
            same(context, f"{start}.{key}.total", "sobol", "total_order", **here)
            for end in ("rank_low", "rank_high"):
                same(context, f"{start}.{key}.{end}", "sobol", end, **here)
        pairs = data["second_order"].sel(outcome=outcome).values
        wanted = {
            f"{start}.{a}.{b}.second"
            for i, a in enumerate(keys.values())
            for j, b in enumerate(keys.values())
            if i < j and pairs[i, j] >= 0.01
        }
        assert wanted == {
            k for k in context.registry if k.startswith(start + ".") and "second" in k
        }


@pytest.mark.parametrize("which", ["context", "own"])
def test_tornado_and_bridge_numbers_are_the_studys(
    which: str, request: pytest.FixtureRequest
) -> None:
    context = request.getfixturevalue(which)
    tornado, bridge = (context.study[g].to_dataset() for g in ("tornado", "bridge"))
    for outcome in map(str, tornado["outcome"].values):
        start = f"tornado.{outcome}"
        same(context, f"{start}.base", "tornado", "base", outcome=outcome)
        for end in ("low", "high"):
            ends = {"outcome": outcome, "end": end}
            same(context, f"{start}.together_{end}", "tornado", "together", **ends)
            for name in map(str, tornado["input"].values):
                same(context, f"{start}.{name}.{end}", "tornado", "value", input=name, **ends)
    for outcome in map(str, bridge["outcome"].values):
        start = f"bridge.{outcome}"
        for end in ("start", "end"):
            same(context, f"{start}.{end}", "bridge", end, outcome=outcome)
        gap = context.value(f"{start}.end") - context.value(f"{start}.start")
        assert context.value(f"{start}.gap") == gap
        means = 0.0
        for step in map(str, bridge["step"].values):
            here, key = {"outcome": outcome, "step": step}, f"{start}.{slug(step)}"
            same(context, f"{key}.mean", "bridge", "mean", **here)
            same(context, f"{key}.variance_share", "bridge", "variance_share", **here)
            same(context, f"{key}.tail_share", "bridge", "tail_share", **here)
            means += context.value(f"{key}.mean_share")
        assert means == pytest.approx(1.0)


def test_published_figures_and_priors_are_the_studys(context: Context) -> None:
    published = context.study["published"].to_dataset()
    for check in map(str, published["check"].values):
        key = f"published.{slug(check)}"
        for name in ("published", "ours", "tolerance"):
            same(context, f"{key}.{name}", "published", name, check=check)
        same(context, f"{key}.difference", "published", "relative_difference", check=check)
    inputs = json.loads(context.study.attrs["priors"])["inputs"]
    for name, prior in inputs.items():
        for k, p in enumerate(("p5", "p50", "p95")):
            if prior["quantiles"]:
                assert context.value(f"prior.{name}.{p}") == prior["quantiles"][k]
        for key in ("value", "theoretical"):
            if isinstance(prior[key], float):
                assert context.value(f"prior.{name}.{key}") == prior[key]


def test_a_regime_has_its_probabilities_and_what_holds_in_each_state(own: Context) -> None:
    assert own.value("prior.regime.calm") == 0.25
    draws = own.study["draws"].to_dataset()
    calm = draws["fee"].values[draws["regime"].values == 0]
    assert own.value("prior.fee.calm.p95") == np.quantile(calm, 0.95)
    assert own.value("prior.fee.rough.p5") == own.value("prior.fee.rough.p95") == 0.2
    assert not own.has("prior.regime.p10")
    assert own.value("prior.price.p10") == pytest.approx(1.2)


@pytest.mark.parametrize("which", ["context", "own"])
def test_the_file_is_strict_json_and_the_same_each_time(
    which: str, request: pytest.FixtureRequest
) -> None:
    study = request.getfixturevalue(which).study

    def refuse(constant: str) -> None:
        pytest.fail(f"{constant} is not JSON")

    text = as_json(study, numbers(study))
    data = json.loads(text, parse_constant=refuse)
    assert text == as_json(study, numbers(study))
    assert data["run_id"] == study.attrs["run_id"]
    assert data["numbers"] == numbers(study)
    wanted = {"value", "unit", "style", "text", "standard_error", "interval"}
    for key, entry in data["numbers"].items():
        assert set(entry) - {"of"} == wanted, key
        assert set(entry["text"]) == {"en", "fr"}, key


def test_an_error_or_an_interval_that_does_not_exist_is_null() -> None:
    entry = make_entry(1.0, "1", error=math.nan, interval=[math.nan, math.inf])
    assert entry["standard_error"] is None
    assert entry["interval"] is None


def test_indices_of_a_transform_say_so() -> None:
    heavy = {"x": risk.Prior(stats.lognorm(4.0), unit="1", source="s")}
    study = risk.run_study(lambda x: {"y": x}, risk.Priors(heavy), draws=64, replicates=2)
    registry = numbers(study)
    assert study["sobol"]["transform"].item() == "asinh"
    assert registry["sobol.y.x.total"]["of"] == "asinh(outcome / scale)"
    assert "of" not in registry["y.mean"]


def test_an_index_that_is_zero_by_construction_is_a_plain_zero(context: Context) -> None:
    assert context.value("sobol.revenue_gap.gpu_price.total") == 0
    assert context.n("sobol.revenue_gap.gpu_price.total") == "0"


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("prior.premium_offpeak_discount.value", "75%"),
        ("prior.standard_hit_price.value", "$0.07"),
        ("prior.gpu_price.theoretical", "$2.00"),
        ("prior.gpus_per_node.value", "8 GPUs a node"),
        ("prior.price_level.value", "1"),
        ("prior.input_output_ratio.value", "3.62"),
        ("published.cost_of_the_day.published", "$87,072"),
        ("published.cost_profit_ratio.ours", "545%"),
        ("published.cost_of_the_day.difference", "+0.05%"),
    ],
)
def test_a_fact_reads_as_it_was_given(context: Context, key: str, text: str) -> None:
    assert context.n(key) == text


def test_labels_with_one_key_are_refused_by_name() -> None:
    assert slugs(["a b", "a c"], "steps") == {"a b": "a_b", "a c": "a_c"}
    with pytest.raises(KeyClash, match="got 'Free web' and 'free-web', both `free_web`. Rename"):
        slugs(["Free web", "free-web"], "steps")


def test_factors_with_one_key_are_refused() -> None:
    x = {name: risk.Prior(stats.uniform(0, 1), unit="1", source="s") for name in ("a", "b")}
    study = risk.run_study(
        lambda a, b: {"y": a * b}, risk.Priors(x), draws=64, replicates=2,
        factors={"free web": ["a"], "Free web": ["b"]},
    )  # fmt: skip
    with pytest.raises(KeyClash, match="Expected .* keys of their own, got|one number a key"):
        numbers(study)

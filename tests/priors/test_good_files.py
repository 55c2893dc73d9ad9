"""Files that are right: the main case, the examples of the README, and the JSON Schema."""

from __future__ import annotations

import datetime
import inspect
import json
import re
import time
import tomllib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from risk.elicitation import from_quantiles
from risk.families import FAMILIES
from risk.locations import Locator
from risk.model import profit_model
from risk.prior_file import read_priors
from risk.prior_forms import shown
from risk.prior_schema import FileSchema, InputSchema, StateSchema, json_schema
from risk.priors import Prior, Priors
from risk.shipped import main_case, priors_directory
from risk.sources import Judgement, Published, Source

FOLDER = priors_directory()
README = (FOLDER / "README.md").read_text(encoding="utf-8")


def written(tmp_path: Path, text: str) -> Priors:
    path = tmp_path / "a_case.toml"
    path.write_text(text, encoding="utf-8")
    return read_priors(path)


def test_the_main_case_fits_the_profit_model() -> None:
    priors = read_priors(main_case(), profit_model)
    assert priors.case == "deepseek_2025_02"
    kinds = [prior.kind for prior in priors.values()]
    assert [kinds.count(kind) for kind in ("uncertain", "fact", "lever")] == [16, 9, 8]
    assert priors["input_output_ratio"].marginal == 608 / 168
    assert all(prior.sources or prior.judgement for prior in priors.values())
    assert len(priors.published) == 4


def test_reading_is_quick() -> None:
    def seconds() -> float:
        start = time.perf_counter()
        read_priors(main_case(), profit_model)
        return time.perf_counter() - start

    assert min(seconds() for _ in range(3)) < 0.5


def test_places_are_not_searched_while_nothing_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def search(self: Locator, where: Any) -> None:
        raise AssertionError("searched")

    monkeypatch.setattr(Locator, "place", search)
    read_priors(main_case(), profit_model)


LISTED = Source("API price list", "https://example.org/prices", "2026-11-23", "A")


def described(distribution: Any, label: str, unit: str, description: str, **more: Any) -> Prior:
    """A prior of the README, from its source or, with `why`, by judgement."""
    if "why" in more:
        more["judgement"] = Judgement("J. Doe", "2026-11-23", more.pop("why"))
    else:
        more["source"] = LISTED
    return Prior(distribution, unit=unit, label=label, description=description, **more)


def test_the_readmes_file_is_read_as_it_says(tmp_path: Path) -> None:
    example = re.findall("```toml\n(.*?)```", README, re.DOTALL)[0]
    inputs = {
        "volume": described(1000, "Billed tokens", "Mtoken/day", "Tokens billed in the day."),
        "discount": described(0.5, "Discount", "1", "Discount on the list price.", lever=True),
        "share": described(
            FAMILIES["beta"](alpha=2, beta=5),
            *("Paid share", "1", "Share of the tokens that somebody pays for."),
            theoretical=1.0,
            step="free users",
            why="No data; wide on purpose.",
        ),
        "price": described(
            from_quantiles({0.05: 1.3, 0.95: 2.8}, "lognormal"),
            *("Price", "USD/Mtoken", "List price of a million tokens."),
        ),
        "regime": described(
            {"open": 0.25, "closed": 0.75},
            *("Export regime", "1", "Open or closed."),
            theoretical="open",
            why="Rules change twice a year.",
        ),
        "premium": described(
            {"open": 1.0, "closed": FAMILIES["pert"](1.1, 1.5, 2.0)},
            *("Premium on GPUs", "1", "Price of a GPU divided by its price in an open market."),
            given="regime",
            theoretical=1.0,
            step="export controls",
            why="Reported premiums of 20 to 100%.",
        ),
    }
    figure = ("Revenue of the day", "theoretical_revenue", 2000.0, "USD/day", 1e-3, "$2,000")
    about = {"title": "A small case", "description": "What it is about, in a few sentences."}
    expected = Priors(inputs, case="a_case", published=[Published(*figure, LISTED)], **about)  # type: ignore[arg-type]
    read = written(tmp_path, example)
    assert read.as_dict() == expected.as_dict()
    assert read.hash == expected.hash


def test_the_readme_names_every_key_family_and_parameter() -> None:
    keys = [*FileSchema.model_fields, *InputSchema.model_fields, *FAMILIES]
    keys += [name for family in FAMILIES.values() for name in inspect.signature(family).parameters]
    schema = json.loads(json_schema())["$defs"].values()
    keys += [name for table in schema for name in table["properties"]]
    named = re.findall(r"`[^`\n]*`|^\w+ =|\[\w+", README, re.MULTILINE)
    words = {word for name in named for word in re.findall(r"\w+", name)}
    assert set(keys) <= words


def test_the_json_schema_is_up_to_date() -> None:
    committed = (FOLDER / "schema.json").read_text(encoding="utf-8")
    assert committed == json_schema(), "Write risk.prior_schema.json_schema() into the file."


def test_the_main_case_names_the_schema_and_has_its_form() -> None:
    text = main_case().read_text(encoding="utf-8")
    name = text.splitlines()[0].removeprefix("#:schema ")
    assert (FOLDER / name).resolve() == (FOLDER / "schema.json").resolve()
    FileSchema.model_validate(tomllib.loads(text))


def faults(schema: Any, value: Any, root: Any, at: str = "file") -> list[str]:
    """What of a value a JSON Schema refuses, for the words that ours uses."""
    schema = schema | root["$defs"].get(schema.get("$ref", "").removeprefix("#/$defs/"), {})
    if isinstance(value, datetime.date):
        value = str(value)
    types = {"object": dict, "array": list, "string": str, "number": (int, float)}
    found = []
    if "anyOf" in schema and all(faults(kind, value, root, at) for kind in schema["anyOf"]):
        found.append(f"{at}: none of {schema['anyOf']}")
    if "type" in schema and not isinstance(value, types[schema["type"]]):
        return [f"{at}: not {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: not in {schema['enum']}")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{at}: not {schema['pattern']}")
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += [f"{at}: no {key}" for key in schema.get("required", []) if key not in value]
        for key, inner in value.items():
            below = known.get(key, schema.get("additionalProperties", {}))
            found += (
                [f"{at}: {key}"] if below is False else faults(below, inner, root, f"{at}.{key}")
            )
    if isinstance(value, list):
        for inner in value:
            found += faults(schema.get("items", {}), inner, root, f"{at}[]")
    return found


def test_the_json_schema_accepts_the_main_case_and_refuses_others() -> None:
    schema = json.loads(json_schema())
    document = tomllib.loads(main_case().read_text(encoding="utf-8"))
    assert faults(schema, document, schema) == []
    gpu = document["inputs"]["gpu_price"]
    gpu |= {"unitt": "1", "family": "gamut", "fact": "1/2/3", "label": ""}
    del gpu["unit"]
    document["sources"]["day6"]["grade"] = "E"
    found = [line.split(":")[0] for line in faults(schema, document, schema)]
    assert sorted(found) == [
        "file.inputs.gpu_price",
        "file.inputs.gpu_price",
        "file.inputs.gpu_price.fact",
        "file.inputs.gpu_price.family",
        "file.inputs.gpu_price.label",
        "file.sources.day6.grade",
    ]


def test_the_families_of_a_file_are_those_of_the_library() -> None:
    def named(schema: type[StateSchema] | type[InputSchema]) -> list[str]:
        literal, _ = get_args(schema.model_fields["family"].annotation)
        return list(get_args(literal))

    lists = ["mixture", "discrete", "histogram", "empirical", "categorical"]
    assert named(StateSchema) == named(InputSchema) == [*FAMILIES, "best", *lists]


SMALL = """
title = "A small case"
[sources.accounts]
title = "Accounts"
url = "https://example.org/accounts"
read = 2026-11-23
grade = "A"
"""
INPUT = """
[inputs.{name}]
label = "{name}"
unit = "1"
description = "What it counts."
{belief}
sources = ["accounts"]
"""
PARTS = re.findall("```toml\n(.*?)```", README, re.DOTALL)[1:]


@pytest.mark.parametrize("part", PARTS, ids=[part.split()[0] for part in PARTS])
def test_the_readmes_parts_are_read(tmp_path: Path, part: str) -> None:
    """A part may be keys of an input, or tables that need inputs beside them."""
    (tmp_path / "data").mkdir()
    rows = "\n".join(f"{1.5 + 0.1 * k}" for k in range(12))
    (tmp_path / "data" / "gpu_prices.csv").write_text(f"price\n{rows}\n", encoding="utf-8")
    normal = 'family = "normal"\nparameters = { mean = 1, standard_deviation = 0.1 }'
    named = sorted(set(re.findall(r'\["(\w+)", "(\w+)",', part)))
    others = [*dict.fromkeys(name for pair in named for name in pair), "other"]
    text = SMALL + "".join(INPUT.format(name=name, belief=normal) for name in others)
    if part.startswith("family"):
        text += INPUT.format(name="shown", belief=part)
    else:
        text += part
    for name in ("app_share", "web_share") if "[shares." in part else ():
        text += INPUT.format(name=name, belief='share_of = "channels"')
    priors = written(tmp_path, text)
    assert len(priors) > len(others) or priors.blocks or priors.observations


def test_every_key_says_what_it_is() -> None:
    for table in json.loads(json_schema())["$defs"].values():
        assert all(key["description"] for key in table["properties"].values())


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        ([1], "a list"),
        (10**20, "a huge whole number"),
        (-(10**19), "-10000000000000000000"),
        (1.5, "1.5"),
        ("x\ny", r"'x\ny'"),
        ("x" * 99, f"'{'x' * 58}…"),
        (datetime.date(2026, 11, 23), "2026-11-23"),
    ],
)
def test_a_value_is_quoted_briefly(value: Any, expected: str) -> None:
    assert shown(value) == expected


@pytest.mark.parametrize(
    "text", ['"608/168"', '" 608 / 168 "', '"6.08e2/1.68e+2"', "3.619047619047619"]
)
def test_a_number_may_be_a_ratio(tmp_path: Path, text: str) -> None:
    priors = written(
        tmp_path,
        f"""
        title = "A"
        [inputs.x]
        label = "X"
        unit = "1"
        description = "A ratio."
        fact = {text}
        judgement.who = "J. Doe"
        judgement.when = 2026-11-23
        judgement.why = "Two printed figures."
        """,
    )
    assert priors.fixed == {"x": pytest.approx(608 / 168, rel=1e-15)}


def test_a_quantile_with_a_dot_is_quoted(tmp_path: Path) -> None:
    priors = written(
        tmp_path,
        """
        title = "A"
        [inputs.x]
        label = "X"
        unit = "1"
        description = "A number."
        family = "normal"
        quantiles = { "p2.5" = -1, "p97.5" = "3/1" }
        judgement = { who = "J. Doe", when = 2026-11-23, why = "A guess." }
        """,
    )
    ends = priors["x"].marginal.ppf(np.array([0.025, 0.5, 0.975]))  # type: ignore[union-attr]
    np.testing.assert_allclose(ends, [-1, 1, 3], rtol=1e-12)


def test_a_number_that_python_does_not_print_is_quoted_too() -> None:
    assert shown(-(10**5000)) == "a huge whole number"

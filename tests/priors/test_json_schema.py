"""The JSON Schema that editors use: up to date, and neither too strict nor too loose."""

from __future__ import annotations

import datetime
import json
import math
import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from risk.families import FAMILIES
from risk.prior_belief import NEEDS
from risk.prior_file import read_priors
from risk.prior_forms import Family, ListFamily
from risk.prior_schema import FileSchema, json_schema
from risk.shipped import main_case, priors_directory

FOLDER = priors_directory()
EVERYTHING = Path(__file__).parent / "good" / "everything.toml"
GOOD = [*sorted(FOLDER.glob("*.toml")), EVERYTHING]


def every_key(schema: Any, value: Any, root: Any, found: set[tuple[str, str]]) -> None:
    """Note every key of every table of a document, with the name of the table's form."""
    name = schema.get("$ref", "#/$defs/").removeprefix("#/$defs/")
    schema = root["$defs"].get(name, schema)
    if isinstance(value, dict):
        for key, inner in value.items():
            known = schema.get("properties", {})
            if key in known:
                found.add((name, key))
            every_key(known.get(key, schema.get("additionalProperties") or {}), inner, root, found)
    for inner in value if isinstance(value, list) else ():
        every_key(schema.get("items", {}), inner, root, found)


def test_everything_is_in_the_file_that_says_everything() -> None:
    """So that what is made of it, in the fuzz too, is made of every key of every table."""
    root, used = json.loads(json_schema()), set[tuple[str, str]]()
    document = tomllib.loads(EVERYTHING.read_text(encoding="utf-8"))
    every_key(root, document, root, used)
    known = {("", key) for key in root["properties"]}
    known |= {(name, key) for name, table in root["$defs"].items() for key in table["properties"]}
    beliefs = {"StateSchema", "ExpertSchema", "ComponentSchema"}  # as an input's
    assert {(name, key) for name, key in known - used if name not in beliefs} == set()
    families = {table.get("family") for table in document["inputs"].values()}
    assert families - {None} == set(get_args(ListFamily))
    priors = read_priors(EVERYTHING)
    assert len(priors) == len(document["inputs"]) + 1  # the expert that is a factor
    points = np.random.default_rng(0).random((len(priors.map.axes), 64))
    drawn = priors.map.inputs(priors.map.columns(points))
    assert set(drawn) == set(priors.uncertain)
    assert all(np.isfinite(values).all() for values in drawn.values())
    shares = [drawn[name] for name in ("api_share", "app_share", "web_share")]
    np.testing.assert_allclose(sum(shares), 1, rtol=1e-12)


def test_the_json_schema_is_up_to_date() -> None:
    committed = (FOLDER / "schema.json").read_text(encoding="utf-8")
    assert committed == json_schema(), "Write risk.prior_schema.json_schema() into the file."


def test_the_main_case_names_the_schema_and_has_its_form() -> None:
    text = main_case().read_text(encoding="utf-8")
    name = text.splitlines()[0].removeprefix("#:schema ")
    assert (FOLDER / name).resolve() == (FOLDER / "schema.json").resolve()
    FileSchema.model_validate(tomllib.loads(text))


KEYWORDS = {  # of JSON Schema, that ours uses and `faults` knows
    *("$schema", "$defs", "$ref", "description", "type", "properties", "required", "enum"),
    *("additionalProperties", "items", "prefixItems", "anyOf", "oneOf", "pattern", "const"),
    *("minItems", "maxItems", "minProperties", "maxProperties", "format"),
}


def faults(schema: Any, value: Any, root: Any, at: str = "file") -> list[str]:
    """What of a value a JSON Schema refuses, for the words that ours uses."""
    schema = schema | root["$defs"].get(schema.get("$ref", "").removeprefix("#/$defs/"), {})
    assert not schema.keys() - KEYWORDS, schema.keys() - KEYWORDS
    if isinstance(value, datetime.date):
        value = str(value)
    types = {"object": dict, "array": list, "string": str, "number": (int, float), "boolean": bool}
    found = []
    kinds = schema.get("anyOf", schema.get("oneOf", []))
    fitting = [kind for kind in kinds if not faults(kind, value, root, at)]
    if kinds and (not fitting or ("oneOf" in schema and len(fitting) > 1)):
        found.append(f"{at}: {len(fitting)} of {kinds}")
    if "type" in schema and not isinstance(value, types[schema["type"]]):
        return [f"{at}: not {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{at}: not in {schema['enum']}")
    if "const" in schema and value != schema["const"]:
        found.append(f"{at}: not {schema['const']}")
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
    if isinstance(value, (list, dict)):
        few, most = (schema.get(f"{end}{what}", default) for end, what, default in (
            ("min", "Items" if isinstance(value, list) else "Properties", 0),
            ("max", "Items" if isinstance(value, list) else "Properties", math.inf),
        ))  # fmt: skip
        found += [] if few <= len(value) <= most else [f"{at}: {len(value)} entries"]
    if isinstance(value, list):
        each = schema.get("prefixItems", [])
        for i, inner in enumerate(value):
            form = each[i] if i < len(each) else schema.get("items", {})
            found += faults(form, inner, root, f"{at}[]")
    return found


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_the_json_schema_accepts_every_good_file(path: Path) -> None:
    schema = json.loads(json_schema())
    assert faults(schema, tomllib.loads(path.read_text(encoding="utf-8")), schema) == []
    assert read_priors(path).case == path.stem


def test_the_json_schema_refuses_others() -> None:
    schema = json.loads(json_schema())
    document = tomllib.loads(EVERYTHING.read_text(encoding="utf-8"))
    document["inputs"]["lognormal"] |= {"unitt": "1", "family": "log", "fact": "1/2/3", "label": ""}
    del document["inputs"]["lognormal"]["unit"]
    document["inputs"]["mixture"]["components"] = []
    document["inputs"]["discrete"]["values"][0] = "one"
    document["inputs"]["export_regime"]["probabilities"] = "open"
    document["inputs"]["pooled"]["pool"] = "geometric"
    document["correlations"]["market"]["pairs"] = [["a", "b"], ["a", "b", "c"]]
    document["correlations"]["tails"] |= {"repair": "yes", "innovations": 1}
    document["sources"]["list"]["grade"] = "E"
    found = [line.split(":")[0] for line in faults(schema, document, schema)]
    assert sorted(found) == [
        "file.correlations.market.pairs[]",
        "file.correlations.market.pairs[][]",
        "file.correlations.tails.innovations",
        "file.correlations.tails.repair",
        "file.inputs.discrete.values[]",
        "file.inputs.export_regime.probabilities",
        "file.inputs.lognormal",
        "file.inputs.lognormal",
        "file.inputs.lognormal.fact",
        "file.inputs.lognormal.family",
        "file.inputs.lognormal.label",
        "file.inputs.mixture.components",
        "file.inputs.pooled.pool",
        "file.sources.list.grade",
    ]


def test_the_families_of_a_file_are_those_of_the_library() -> None:
    assert list(get_args(Family)) == [*FAMILIES, "best"]
    assert list(get_args(ListFamily)) == [*FAMILIES, "best", *NEEDS]


def test_every_key_says_what_it_is() -> None:
    for table in json.loads(json_schema())["$defs"].values():
        assert all(key["description"] for key in table["properties"].values())

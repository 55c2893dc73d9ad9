"""The README of the priors: its examples are read as it says, and it names every key."""

from __future__ import annotations

import inspect
import json
import math
import re
import shutil
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from benchmarks.mutations import toml_text
from risk import data_column
from risk.copula import latent_correlation
from risk.elicitation import from_quantiles
from risk.families import FAMILIES
from risk.prior_file import LARGEST, read_priors
from risk.prior_forms import ListFamily
from risk.prior_report import MOST
from risk.prior_schema import FileSchema, InputSchema, json_schema
from risk.priors import Prior, Priors
from risk.shipped import priors_directory
from risk.sources import Judgement, Published, Source

FOLDER = priors_directory()
README = (FOLDER / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall("```toml\n(.*?)```", README, re.DOTALL)
EVERYTHING = Path(__file__).parent / "good" / "everything.toml"


def written(tmp_path: Path, text: str) -> Priors:
    path = tmp_path / "a_case.toml"
    path.write_text(text, encoding="utf-8")
    return read_priors(path)


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


SAID = {  # input of the README's other examples → what it is
    "take_rate": "Mixture of 60% Beta(40, 5), 40% PERT(",
    "releases": "Discrete(1: 0.2, 2: 0.5, 4: 0.3)",
    "delay": "Histogram(2 bins, 0 to 3)",
    "price_level": "Lognormal(",
    "growth": "Student t(1.2, 0.12747",
    "gpu_price": "Lognormal(0.89",
    "gpu_price_as_seen": "Empirical(12 values, 2.05 to 2.95)",
    "utilisation_now": "Normal(0.7, 0.2) within 0 to 1",
    "fleet": "A._Smith: Normal(50, 6.07957); B._Jones: Lognormal(4.20592, 0.1786",
    "fleet_expert": "A._Smith 33% / B._Jones 67%",
    "demand": "open: high 70% / low 30%; closed: high 40% / low 60%",
    "rent": "open, high: Uniform(2, 3); open, low: 2.0; closed, high: PERT(2, 3, 6); ",
    "fleet_size": "Lognormal(4.0",
    "api_share": "Beta(4, 8)",
    "app_share": "Beta(6, 6)",
    "web_share": "Beta(2, 10)",
    "contract_price": "Lognormal(",
}


def test_the_readmes_other_examples_are_read_beside_its_file(tmp_path: Path) -> None:
    document = tomllib.loads(EXAMPLES[0])
    first = set(document["inputs"])
    for example in EXAMPLES[1:]:
        for key, part in tomllib.loads(example).items():
            if isinstance(part, list):
                document.setdefault(key, []).extend(part)
            else:
                assert not set(part) & set(document.setdefault(key, {}))
                document[key] |= part
    about = {
        "label": "X",
        "unit": "1",
        "description": "What is left out.",
        "sources": ["price_list"],
    }
    inputs = document["inputs"]
    document["inputs"] = {k: v if k in first else about | v for k, v in inputs.items()}
    (tmp_path / "data").mkdir()
    shutil.copy(EVERYTHING.parent / "data" / "prices.csv", tmp_path / "data" / "gpu_prices.csv")
    priors = written(tmp_path, toml_text(document))
    said = {name: str(priors[name].marginal) for name in priors if name not in first}
    assert set(said) == set(SAID)
    assert {k: said[k][: len(v)] for k, v in SAID.items()} == SAID
    assert [len(block.members) for block in priors.blocks] == [3, 3]
    assert [o.outcome for o in priors.observations] == ["real_revenue"]
    assert [e.value for e in priors["contract_price"].evidence] == [2.65]


def test_the_readme_says_what_a_rank_correlation_means() -> None:
    """P(above its median | the other is) = 1/2 + asin(r) / π under the Gaussian copula."""
    together = [0.5 + math.asin(latent_correlation(rank)) / math.pi for rank in (0.3, 0.5, 0.8)]
    assert together == pytest.approx([6 / 10, 2 / 3, 4 / 5], abs=0.007)
    assert "6 of 10 draws at 0.3, in 2 of 3 at 0.5, in 4 of 5 at 0.8" in README


def test_the_readme_says_the_bounds() -> None:
    said = re.sub(r"\s+", " ", README)
    assert f"a file has at most {LARGEST:,} bytes" in said
    assert f"no more than {MOST}" in said
    assert f"8 to {data_column.MOST:,} numbers, at most {data_column.LARGEST // 10**6} MB" in said


def test_the_readme_names_every_key_family_and_parameter() -> None:
    keys = [*FileSchema.model_fields, *InputSchema.model_fields, *get_args(ListFamily)]
    keys += [name for family in FAMILIES.values() for name in inspect.signature(family).parameters]
    schema = json.loads(json_schema())["$defs"].values()
    keys += [name for table in schema for name in table["properties"]]
    named = re.findall(r"`[^`\n]*`|^\w+ =|\[\w+", README, re.MULTILINE)
    words = {word for name in named for word in re.findall(r"\w+", name)}
    unnamed = {"a3", "a4", "a5", "a6"} & (set(keys) - words)  # "a3 to a6"
    assert set(keys) - words == unnamed <= {"a4", "a5"}

"""Files that are right: every case, and every way to write a number."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from risk.locations import Locator
from risk.model import profit_model
from risk.prior_file import read_priors
from risk.prior_forms import shown
from risk.priors import Priors
from risk.shipped import main_case


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

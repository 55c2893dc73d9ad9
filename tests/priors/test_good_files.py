"""Files that are right: every case, and every way to write a number."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from risk import families
from risk.blocks import Correlated, Shares
from risk.conditional import Conditional
from risk.data_fit import from_data
from risk.elicitation import from_quantiles
from risk.locations import Locator
from risk.marginals import Categorical, Marginal
from risk.model import profit_model
from risk.prior_file import read_priors
from risk.prior_forms import shown
from risk.priors import Priors
from risk.shipped import main_case
from risk.sources import Evidence, Judgement, Observation, Source

EVERYTHING = Path(__file__).parent / "good" / "everything.toml"


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


@pytest.fixture(scope="module")
def everything() -> Priors:
    return read_priors(EVERYTHING)


PRICES = [2.31, 2.42, 2.18, 2.77, 2.51, 2.64, 2.05, 2.38, 2.95, 2.47, 2.23, 2.58]
FIVE = {0.05: 0.1, 0.25: 0.2, 0.5: 0.4, 0.75: 0.6, 0.95: 0.9}
NARROW, WIDE = families.normal(1, 0.1), families.uniform(2, 3)
MADE: dict[str, Callable[[], Any]] = {  # input → the same, made in code
    "normal": lambda: families.truncated(NARROW, minimum=0.5),
    "student_t": lambda: families.student_t(1, 0.1, 5),
    "gamma": lambda: families.truncated(families.gamma(2, 3, 1), maximum=30),
    "metalog": lambda: families.metalog(1, 0.2, 0.05, 0.01, minimum=0, maximum=10),
    "two_quantiles": lambda: from_quantiles({0.05: 1, 0.95: 2}, "normal"),
    "held": lambda: from_quantiles(
        {0.05: 1, 0.5: 2, 0.95: 3}, "student_t", held={"degrees_of_freedom": 6}
    ),
    "held_metalog": lambda: from_quantiles(
        FIVE, "metalog", held={"minimum": 0, "maximum": 1, "terms": 4}
    ),
    "cut_quantiles": lambda: from_quantiles({0.05: 1, 0.95: 4}, "normal", minimum=0, maximum=10),
    "from_data": lambda: families.truncated(
        from_data(PRICES, "lognormal", held={"shift": 1}), minimum=1.5, maximum=4
    ),
    "empirical": lambda: from_data(PRICES, "empirical"),
    "mixture": lambda: families.mixture(
        [
            families.truncated(NARROW, minimum=0),
            from_quantiles({0.1: 2, 0.9: 3}, "uniform"),
        ],
        [0.7, 0.3],
    ),
    "discrete": lambda: families.discrete([1, 2, 4], [0.2, 0.5, 0.3]),
    "histogram": lambda: families.histogram([0, 1, 3], [2, 1]),
    "agreed": lambda: families.logarithmic_pool(
        [families.lognormal(0, 0.2), families.gamma(20, 0.05)], [1, 1]
    ),
    "pooled": lambda: families.mixture(
        [NARROW, from_quantiles({0.05: 1, 0.95: 3}, "normal")], [2, 1]
    ),
    "api_share": lambda: families.beta(4, 8),
}


@pytest.mark.parametrize("name", MADE)
def test_a_file_says_what_code_says(everything: Priors, name: str) -> None:
    u = np.linspace(0.001, 0.999, 99)
    read, made = everything[name].marginal, MADE[name]()
    assert isinstance(read, Marginal)
    assert (read.family, str(read)) == (made.family, str(made))
    np.testing.assert_array_equal(read.ppf(u), made.ppf(u))


def test_regimes_of_a_file_are_those_of_code(everything: Priors) -> None:
    demand, premium = everything["demand"].marginal, everything["premium"].marginal
    disputed = everything["disputed"].marginal
    assert isinstance(demand, Conditional)
    assert isinstance(premium, Conditional)
    assert isinstance(disputed, Conditional)
    assert demand.regimes == ("export_regime",)
    assert demand.marginals == {
        "open": Categorical(("high", "low"), (0.8, 0.2)),
        "closed": Categorical(("high", "low"), (0.3, 0.7)),
    }
    assert premium.regimes == ("export_regime", "demand")
    assert premium.marginals["open, low"] == 1.0
    assert list(premium.marginals) == ["open, high", "open, low", "closed, high", "closed, low"]
    assert disputed.regimes == ("disputed_expert",)
    which = everything["disputed_expert"].marginal
    assert which == Categorical(("A._Smith", "B._Jones"), (0.6, 0.4))
    assert [str(m) for m in disputed.marginals.values()] == [str(NARROW), str(WIDE)]


def test_blocks_of_a_file_are_those_of_code(everything: Priors) -> None:
    channels, models, market, tails, by_state = everything.blocks
    judged = Judgement("J. Doe", "2026-11-23", "A guess.")
    survey = Source("A survey of buyers", "https://example.org/survey", "2026-11-22", "C+")
    assert channels == Shares(
        {"api_share": 4, "app_share": 6, "web_share": 2},
        name="channels",
        label="Channel mix",
        innovations=True,
        sources=(survey,),
    )
    assert models == Shares(
        {"small_share": 0.3, "large_share": 0.7},
        spread={"small_share": 0.4, "large_share": 0.2},
        name="models",
        label="Model mix",
        judgement=judged,
    )
    pairs = {("lognormal", "gamma"): 0.4, ("lognormal", "export_regime"): 0.3}
    assert market == Correlated(
        {**pairs, ("gamma", "discrete"): -0.2},
        name="market",
        label="GPU market",
        sources=(survey,),
    )
    assert tails == Correlated(
        {("beta", "uniform"): 0.9, ("uniform", "pert"): 0.9, ("beta", "pert"): -0.9},
        rank="kendall",
        degrees_of_freedom=4.0,
        innovations=True,
        repair=True,
        name="tails",
        label="Bad days",
        judgement=judged,
    )
    assert by_state == Correlated(
        given=("demand",),
        states={
            "high": {("normal", "student_t"): 0.2},
            "low": {("normal", "student_t"): 0.6, ("student_t", "triangular"): 1 / 3},
        },
        name="by_state",
        label="Depends on the state",
        sources=(survey,),
    )


def test_evidence_of_a_file_is_that_of_code(everything: Priors) -> None:
    listed = Source("API price list", "https://example.org/prices", "2026-11-23", "A")
    survey = Source("A survey of buyers", "https://example.org/survey", "2026-11-22", "C+")
    assert everything["lognormal"].evidence == (
        Evidence(2.65, "1-year contract, June 2026", survey),
        Evidence(2.65, "3-year contract, June 2026", listed),
    )
    assert everything.observations == (
        Observation("Revenue of 2025", "real_revenue", 35.8e6, 2e6, "USD/day", survey),
    )
    assert everything["pooled"].sources == (survey,)  # named by an expert
    assert everything["api_share"].sources == (survey,)  # named by the block
    assert everything["small_share"].judgement == Judgement("J. Doe", "2026-11-23", "A guess.")

"""What does not fit, found all at once: among the inputs, and between them and a model."""

from __future__ import annotations

from math import inf, nan
from typing import Annotated, Any, TypedDict

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from risk.block_checks import block_problems
from risk.blocks import components
from risk.checks import (
    UNKNOWN,
    UNSAID,
    consistency_problems,
    model_problems,
    published_problems,
    quantity_problems,
    support,
)
from risk.priors import Prior
from risk.signature import Quantity

Array = NDArray[np.float64]
STATES = {"open": 0.25, "closed": 0.75}


class Outcomes(TypedDict):
    revenue: Annotated[Array, "USD/day"]
    margin: Array


def market(
    price: Annotated[Array, "USD/Mtoken", (0.0, inf)],
    share: Annotated[Array, "1", (0.0, 1.0)],
    discount: Annotated[Array, "1"] = 0.0,  # type: ignore[assignment]
) -> Outcomes:
    return Outcomes(revenue=price * share * (1 - discount), margin=share)


def prior(distribution: Any, unit: str = "1", **more: Any) -> Prior:
    return Prior(distribution, unit=unit, source="a source", **more)


SHARE, PRICE = prior(stats.beta(2, 5)), prior(stats.lognorm(0.2), "USD/Mtoken")
REGIME = prior(STATES)


def test_what_fits_has_no_problems() -> None:
    premium = prior({"open": 1, "closed": stats.uniform(1, 1)}, given="regime")
    inputs = {"price": PRICE, "share": SHARE, "regime": REGIME, "premium": premium}
    assert consistency_problems(inputs) == []
    assert block_problems(inputs, components({("price", "share"): 0.5})) == []
    assert model_problems({"price": PRICE, "share": SHARE}, market) == []


@pytest.mark.parametrize(
    ("states", "regime", "expected"),
    [
        (
            {"opn": 1, "closed": 2},
            "regime",
            [
                (
                    "states.opn",
                    "unknown state of regime, remove or rename it. Did you mean 'open'?",
                ),
                ("states", "no distribution for the state 'open' of regime, add one"),
            ],
        ),
        (
            {"closed": 2, "open": 1},
            "regime",
            [
                (
                    "states",
                    "expected the order of regime: open, closed, got closed, open, reorder them",
                )
            ],
        ),
        (
            {"open": 1},
            "regimes",
            [
                (
                    "given",
                    "expected a categorical input (regime), got 'regimes', name one or add it. "
                    "Did you mean 'regime'?",
                )
            ],
        ),
        (
            {"open": 1},
            "price",
            [("given", "expected a categorical input (regime), got 'price', name one or add it.")],
        ),
    ],
)
def test_states_are_those_of_the_regime(
    states: dict[str, float], regime: str, expected: list[tuple[str, str]]
) -> None:
    inputs = {"regime": REGIME, "price": PRICE, "premium": prior(states, given=regime)}
    assert consistency_problems(inputs) == [("premium", *what) for what in expected]


@pytest.mark.parametrize(
    ("distribution", "claimed", "message"),
    [
        (STATES, "opened", "one of the states open, closed, got 'opened', name one. Did you mean"),
        (STATES, 1.0, "one of the states open, closed, got 1.0, name one"),
        (stats.norm(), "open", "expected a finite number, got 'open', correct it"),
        (stats.norm(), nan, "expected a finite number, got nan, correct it"),
        (3, inf, "expected a finite number, got inf, correct it"),
    ],
)
def test_a_claim_is_a_number_or_a_state(distribution: Any, claimed: Any, message: str) -> None:
    ((name, field, what),) = consistency_problems({"x": prior(distribution, theoretical=claimed)})
    assert (name, field) == ("x", "theoretical")
    assert message in what


def test_a_step_has_somewhere_to_start_from() -> None:
    inputs = {
        "a": prior(stats.norm(), step="one"),
        "b": prior(stats.norm(), step="one"),
        "c": prior(stats.norm(), step="two"),
        "d": prior(1.0, step="two"),  # a fact claims its own value
    }
    what = "no input of the step 'one' has a theoretical value, so nothing moves in it"
    assert consistency_problems(inputs) == [("a", "step", f"{what}: add `theoretical` to a or b")]


def test_steps_differ_in_more_than_their_spelling() -> None:
    inputs = {
        name: prior(1.0, step=step)
        for name, step in zip("abc", ("Web", "web!", "app"), strict=True)
    }
    what = "nearly the step 'Web' of a, spell both alike or rename one"
    assert consistency_problems(inputs) == [("b", "step", what)]


def test_names_are_compared_both_ways() -> None:
    found = model_problems({"prise": PRICE, "fee": SHARE}, market)
    assert found == [
        ("prise", "", "the model does not have this input, remove it. Did you mean 'price'?"),
        ("fee", "", "the model does not have this input, remove it."),
        ("price", "", "the model needs this input, add a prior for it. Did you mean 'prise'?"),
        ("share", "", "the model needs this input, add a prior for it."),
    ]


def test_a_regime_need_not_be_an_argument() -> None:
    premium = prior({"open": 1, "closed": 0.5}, given="regime")
    assert model_problems({"price": PRICE, "regime": REGIME, "share": premium}, market) == []


def test_a_model_that_takes_any_input_has_no_needless_one() -> None:
    def takes_any(price: Any, **others: Any) -> dict[str, Any]:
        return {"y": price}

    assert model_problems({"price": PRICE, "fee": SHARE}, takes_any) == []


@pytest.mark.parametrize(
    ("belief", "quantity", "expected"),
    [
        (
            prior(1.0, "USD"),
            Quantity("USD/day"),
            [
                (
                    "unit",
                    "expected the model's unit 'USD/day', got 'USD', convert the values to that "
                    "unit",
                )
            ],
        ),
        (prior(1.0, "USD"), Quantity(), []),
        (prior(1.5), Quantity("1", 0, 1), [("fact", "inside the model's range [0, 1], got 1.5")]),
        (prior(-1, lever=True), Quantity("1", 0, inf), [("lever", "range [0, ∞], got -1")]),
        (prior(stats.norm()), Quantity("1", 0, 1), [("", "range [0, 1], got -∞ to ∞, choose a")]),
        (prior(stats.uniform(0, 1)), Quantity("1", 0, 1), []),
        (
            prior({"a": 0.5, "b": stats.uniform(0, 2)}, given="regime"),
            Quantity("1", 0, 1),
            [("states.b", "range [0, 1], got 0 to 2")],
        ),
        (
            prior(stats.beta(2, 5), theoretical=2),
            Quantity("1", 0, 1),
            [("theoretical", "expected a value inside the model's range [0, 1], got 2, correct")],
        ),
        (
            prior(0.5, theoretical=2),
            Quantity("1", 0, 1),
            [("theoretical", "expected a value inside the model's range [0, 1], got 2")],
        ),
        (prior(STATES, theoretical="open"), Quantity("1", 5, 6), []),
    ],
)
def test_units_and_ranges_are_the_models(
    belief: Prior, quantity: Quantity, expected: list[tuple[str, str]]
) -> None:
    found = quantity_problems(belief, quantity)
    assert [field for field, _ in found] == [field for field, _ in expected]
    assert all(part in what for (_, what), (_, part) in zip(found, expected, strict=True))


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        ({"outcome": "revenue", "unit": "USD/day"}, []),
        ({"outcome": "margin", "unit": "anything"}, []),  # the model names no unit
        ({"outcome": "revenue", "unit": 3}, []),  # the form is not this check's business
        ({"unit": "USD"}, []),
        (
            {"outcome": "revenu", "unit": "USD"},
            [
                (
                    "outcome",
                    "the model does not have the outcome 'revenu', name one that it has. "
                    "Did you mean 'revenue'?",
                )
            ],
        ),
        (
            {"outcome": "revenue", "unit": "USD"},
            [
                (
                    "unit",
                    "expected the model's unit 'USD/day', got 'USD', convert the values to that "
                    "unit",
                )
            ],
        ),
    ],
)
def test_a_published_figure_is_of_an_outcome(
    figure: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert published_problems(figure, market) == expected


def test_a_model_that_names_no_outcomes_is_taken_at_its_word() -> None:
    assert published_problems({"outcome": "y", "unit": "1"}, lambda price: {"y": price}) == []


def test_of_what_is_unknown_nothing_is_said() -> None:
    unknown = Prior(UNKNOWN, unit="1", theoretical=UNSAID, step="one", source="a source")
    premium = prior({"open": UNKNOWN, "closed": 2}, given="unknown")
    assert consistency_problems({"unknown": unknown, "premium": premium}) == []
    assert quantity_problems(unknown, Quantity("1", 0, 1)) == []
    assert support(unknown) == (inf, -inf)
    assert support(premium) == (2, 2)  # of the state that is known

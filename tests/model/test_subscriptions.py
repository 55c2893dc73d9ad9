"""The consumer business: its limits, second routes to its numbers, and what it leaves alone."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.model import profit_model, sales, subscriptions

Inputs = dict[str, Any]
Evaluate = Callable[..., Any]


def test_without_consumers_the_metered_lab_keeps_its_numbers_to_the_last_bit(
    leaky: Inputs, claim: Inputs, consumers: Inputs
) -> None:
    silent = {name: value for name, value in leaky.items() if name not in consumers}
    metered = profit_model(**silent, theoretical=claim)
    nobody = {"active_users": 0.0}
    assert profit_model(**leaky | nobody, theoretical=claim | consumers | nobody) == metered


def test_subscriptions_that_earn_the_cost_need_no_paid_token(both: Evaluate) -> None:
    rich, poor = (both(subscriber_share=share, paid_user_share=0.3) for share in (0.5, 0.001))
    assert rich["breakeven_paid_share"] < 0 < poor["breakeven_paid_share"]
    nothing_metered = both(subscriber_share=0.5, paid_user_share=0.0)
    assert nothing_metered["gross_profit"] > 0


@given(share=st.floats(0.0, 1.0), multiple=st.floats(0.1, 100.0))
def test_subscribers_have_their_share_of_the_tokens(share: float, multiple: float) -> None:
    """Two routes: subscribers alone, and their part of all by the share of paid tokens."""
    inputs: Any = (1e6, 1e3, share, multiple)
    users: Any = (1e6 * share, 1e3, 1.0, multiple)
    part: Any = sales.paid_token_share(*inputs[2:])
    whole = subscriptions.consumer_output(*inputs)
    assert part * whole == pytest.approx(subscriptions.consumer_output(*users), rel=1e-12)


def test_free_users_cost_and_earn_nothing(both: Evaluate) -> None:
    without, free = both(active_users=0.0), both(subscriber_share=0.0)
    assert free["real_revenue"] == without["real_revenue"]
    assert free["inference_cost"] > without["inference_cost"]


def test_a_consumer_token_costs_what_a_metered_one_does(leaky: Inputs) -> None:
    """The same traffic, once metered and once wanted by consumers."""
    tokens: Any = subscriptions.consumer_output(
        *(leaky[name] for name in ("active_users", "tokens_a_user", "subscriber_share")), 3.0
    )
    metered = leaky | {"active_users": 0.0, "output_tokens": leaky["output_tokens"] + tokens}
    days = [profit_model(**each, theoretical=leaky) for each in (leaky, metered)]
    assert days[0]["inference_cost"] == pytest.approx(days[1]["inference_cost"], rel=1e-14)
    part: Any = (days[0]["inference_cost"], tokens, leaky["output_tokens"] + tokens)
    silent = profit_model(**leaky | {"active_users": 0.0}, theoretical=leaky)
    assert subscriptions.consumer_cost(*part) == pytest.approx(
        days[0]["inference_cost"] - silent["inference_cost"], rel=1e-12
    )


@given(served=st.floats(0.01, 1.0))
def test_short_capacity_takes_no_fee(served: float, both: Evaluate) -> None:
    short = both(served_share=served, paid_user_share=0.0)
    full = both(paid_user_share=0.0)
    assert short["real_revenue"] == full["real_revenue"]
    assert short["inference_cost"] <= full["inference_cost"]


def test_the_price_list_does_not_move_a_fee(both: Evaluate) -> None:
    cheap, dear = (both(price_level=level, paid_user_share=0.0) for level in (0.5, 2.0))
    assert cheap["real_revenue"] == dear["real_revenue"]

"""The profit model as a whole: second routes to its numbers, limits and signs."""

from collections.abc import Callable
from typing import Any, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk.model import ProfitStatement, profit_model

Inputs = dict[str, Any]
Evaluate = Callable[..., Any]

shares = st.floats(0.0, 1.0)
positive_shares = st.floats(0.01, 1.0)
losses = st.floats(0.0, 0.99)  # a share lost, of which something is left
LEAKS = st.fixed_dictionaries(
    {
        "paid_output_skew": st.floats(0.1, 1.0),
        "served_share": positive_shares,
        "overseas_share": shares,
        "ban_loss": losses,
        "paid_user_share": shares,
        "paid_usage_multiple": st.floats(0.1, 10.0),
        "premium_share": shares,
        "offpeak_share": shares,
        "premium_offpeak_discount": losses,
        "standard_offpeak_discount": losses,
        "net_to_gross": positive_shares,
        "price_level": positive_shares,
        "subscriber_share": shares,
        "subscription_price": st.floats(0.0, 20.0),
    }
)
CLAIMS = st.fixed_dictionaries(
    {
        "output_tokens": st.floats(1e6, 1e15),
        "input_output_ratio": st.floats(0.1, 100.0),
        "cache_hit_share": shares,
        "paid_usage_multiple": st.floats(0.1, 10.0),  # no leak when everybody pays
        "overseas_share": shares,  # nor these while nobody is banned and nothing is off-peak
        "premium_offpeak_discount": shares,
        "premium_hit_price": st.floats(0.0, 10.0),
        "premium_miss_price": st.floats(0.0, 10.0),
        "premium_output_price": st.floats(0.01, 100.0),
        "gpu_price": st.floats(0.1, 10.0),
        "utilisation": st.floats(0.1, 1.0),
        "active_users": st.floats(0.0, 1e10),
        "tokens_a_user": st.floats(0.0, 1e6),
        "subscriber_share": shares,
        "subscriber_usage_multiple": st.floats(0.1, 100.0),
        "subscription_price": st.floats(0.0, 1e3),
    }
)


GROWING = [
    "net_to_gross", "price_level", "paid_user_share", "subscriber_share", "subscription_price"
]  # fmt: skip


def claim_by_hand(claim: Inputs) -> tuple[float, float]:
    """Theoretical revenue and cost of the day, per output token and per user first."""
    tokens, users = claim["output_tokens"], claim["active_users"]
    ratio, hit_share = claim["input_output_ratio"], claim["cache_hit_share"]
    price = ratio * hit_share * claim["premium_hit_price"]
    price += ratio * (1 - hit_share) * claim["premium_miss_price"] + claim["premium_output_price"]
    nodes = ratio * (1 - hit_share) / claim["prefill_throughput"] + 1 / claim["decode_throughput"]
    hourly_rate = claim["gpus_per_node"] * claim["gpu_price"]
    fee = claim["subscription_price"] * 12 / 365.25 * claim["subscriber_share"]
    wanted = tokens + users * tokens_a_user_by_hand(claim)
    return tokens * price / 1e6 + users * fee, wanted * nodes / 3600 * hourly_rate


def tokens_a_user_by_hand(x: Inputs) -> float:
    """Output tokens of an average user: free users and payers, each weighted with their number."""
    free = (1 - x["subscriber_share"]) * x["tokens_a_user"]
    return float(free + x["subscriber_share"] * x["subscriber_usage_multiple"] * x["tokens_a_user"])


def statement_by_hand(x: Inputs, claim: Inputs) -> dict[str, float]:
    """One pass of plain arithmetic: billed tokens are counted first, then priced."""
    output = x["output_tokens"] * x["served_share"]
    hits = output * x["input_output_ratio"] * x["cache_hit_share"]
    misses = output * x["input_output_ratio"] * (1 - x["cache_hit_share"])
    # a consumer's token is served like any other
    scale = 1 + x["active_users"] * tokens_a_user_by_hand(x) / x["output_tokens"]
    seconds = scale * (misses / x["prefill_throughput"] + output / x["decode_throughput"])
    node_hours = seconds / 3600 / x["utilisation"]
    premium_gpus = node_hours * x["gpus_per_node"] * x["exposed_fleet_share"]
    other_gpus = node_hours * x["gpus_per_node"] - premium_gpus
    compute = (premium_gpus * x["accelerator_premium"] + other_gpus) * x["gpu_price"]
    cost = compute + compute * x["operating_cost_ratio"]

    usage = x["paid_user_share"] * x["paid_usage_multiple"]
    paid = usage / (usage + 1 - x["paid_user_share"])
    sold = {"hit": paid * hits, "miss": paid * misses}
    sold["output"] = paid * output * x["paid_output_skew"]
    received = x["net_to_gross"] * (1 - x["overseas_share"] * x["ban_loss"])
    net = x["price_level"] * received
    payers = x["active_users"] * x["subscriber_share"]
    subscribed = payers * x["subscription_price"] * 12 / 365.25 * received
    revenue = subscribed
    for model, share in (("premium", x["premium_share"]), ("standard", 1 - x["premium_share"])):
        value = sum(sold[kind] * x[f"{model}_{kind}_price"] for kind in sold) / 1e6
        cut = x["offpeak_share"] * x[f"{model}_offpeak_discount"]
        revenue += share * value * (1 - cut) * net

    claimed, claimed_cost = claim_by_hand(claim)
    training = x["final_run_cost"] / x["final_run_share"] / (x["model_life"] / 12 * 365.25)
    return {
        "theoretical_revenue": claimed,
        "real_revenue": revenue,
        "revenue_gap": claimed - revenue,
        "revenue_capture": revenue / claimed,
        "node_hours": node_hours,
        "theoretical_cost": claimed_cost,
        "inference_cost": cost,
        "gross_profit": revenue - cost,
        "profit_gap": claimed - claimed_cost - (revenue - cost),
        "cost_profit_ratio": revenue / cost - 1,
        "training_cost_a_day": training,
        "operating_profit": revenue - cost - training,
        "breakeven_paid_share": paid * (cost - subscribed) / (revenue - subscribed),
    }


def test_outcomes_are_those_of_the_statement_in_its_order(statement: Evaluate) -> None:
    assert list(statement()) == list(get_type_hints(ProfitStatement))


def test_statement_equals_a_calculation_by_hand(
    leaky: Inputs, claim: Inputs, consumers: Inputs
) -> None:
    # differences of large amounts: a few roundings of 1e-16, magnified at most a hundredfold
    whole = claim | consumers
    assert profit_model(**leaky, theoretical=whole) == pytest.approx(
        statement_by_hand(leaky, whole), rel=1e-13
    )


def test_theoretical_day(statement: Evaluate) -> None:
    day = statement()
    assert day["theoretical_revenue"] == pytest.approx(562_100, rel=1e-14)
    assert day["theoretical_cost"] == pytest.approx(87_072, rel=1e-3)
    assert day["node_hours"] == pytest.approx(5_442, rel=1e-3)
    assert day["cost_profit_ratio"] == pytest.approx(5.45, abs=0.005)
    assert day["breakeven_paid_share"] == pytest.approx(0.155, abs=0.0005)


def test_without_leakage_the_real_day_is_the_theoretical_one_to_the_last_bit(
    statement: Evaluate,
) -> None:
    day = statement()
    assert day["real_revenue"] == day["theoretical_revenue"]
    assert day["inference_cost"] == day["theoretical_cost"]
    assert day["revenue_gap"] == day["profit_gap"] == 0.0
    assert day["revenue_capture"] == 1.0


@given(changes=CLAIMS)
def test_without_leakage_any_claim_is_met_to_the_last_bit(
    changes: Inputs, claim: Inputs, training: Inputs
) -> None:
    other = claim | changes
    day = profit_model(**other, **training, theoretical=other)
    assert day["real_revenue"] == day["theoretical_revenue"]
    assert day["inference_cost"] == day["theoretical_cost"]


@given(leaks=LEAKS)
def test_leaks_only_lose_revenue(leaks: Inputs, both: Evaluate) -> None:
    day = both(**leaks)
    # the shares of the two models add up to 1 within a few roundings
    assert 0.0 <= day["real_revenue"] <= day["theoretical_revenue"] * (1 + 1e-14)
    assert day["real_revenue"] + day["revenue_gap"] == pytest.approx(day["theoretical_revenue"])
    assert day["gross_profit"] + day["profit_gap"] == pytest.approx(
        day["theoretical_revenue"] - day["theoretical_cost"]
    )


@given(leaks=LEAKS, name=st.sampled_from(GROWING))
def test_revenue_grows_with_each_share_of_it(leaks: Inputs, name: str, both: Evaluate) -> None:
    less = both(**leaks | {name: leaks[name] / 2})
    assert less["real_revenue"] <= both(**leaks)["real_revenue"]


@given(leaks=LEAKS, name=st.sampled_from(["ban_loss", "overseas_share", "offpeak_share"]))
def test_revenue_falls_with_each_loss(leaks: Inputs, name: str, both: Evaluate) -> None:
    less = both(**leaks | {name: leaks[name] / 2})
    assert less["real_revenue"] >= both(**leaks)["real_revenue"]


@given(
    name=st.sampled_from(
        ["gpu_price", "operating_cost_ratio", "accelerator_premium", "exposed_fleet_share"]
    ),
    factor=st.floats(1.0, 10.0),
)
def test_a_dearer_fleet_costs_more_and_leaves_revenue_alone(
    name: str, factor: float, leaky: Inputs, claim: Inputs
) -> None:
    day = profit_model(**leaky, theoretical=claim)
    dearer = profit_model(**leaky | {name: leaky[name] * factor}, theoretical=claim)
    assert dearer["inference_cost"] >= day["inference_cost"]
    assert dearer["real_revenue"] == day["real_revenue"]
    assert dearer["revenue_gap"] == day["revenue_gap"]


@given(scale=st.floats(0.01, 100.0))
def test_twice_the_traffic_is_twice_the_day(scale: float, leaky: Inputs, claim: Inputs) -> None:
    day: Any = profit_model(**leaky, theoretical=claim)
    traffic = {name: leaky[name] * scale for name in ("output_tokens", "active_users")}
    scaled: Any = profit_model(**leaky | traffic, theoretical=claim)
    for name in ("real_revenue", "node_hours", "inference_cost", "gross_profit"):
        assert scaled[name] == pytest.approx(scale * day[name], rel=1e-12)
    for name in ("cost_profit_ratio", "breakeven_paid_share"):
        assert scaled[name] == pytest.approx(day[name], rel=1e-12)


@given(leaks=LEAKS)
def test_gross_profit_is_zero_at_the_break_even_share(leaks: Inputs, both: Evaluate) -> None:
    share = both(**leaks)["breakeven_paid_share"]
    # the users' share is the tokens' share when payers use as much as others, and may exceed 1
    even = both(**leaks | {"paid_usage_multiple": 1.0, "paid_user_share": share})
    subscribed = both(**leaks | {"paid_user_share": 0.0})["real_revenue"]
    amounts = even["inference_cost"] * (1 + abs(share)) + subscribed
    assert even["gross_profit"] == pytest.approx(0.0, abs=1e-12 * amounts)


@pytest.mark.parametrize(
    ("model", "turning_share"), [("premium", 0.336), ("standard", 0.689)], ids=["R1", "V3"]
)
def test_cache_hits_pay_only_while_few_tokens_are_billed(
    model: str, turning_share: float, claim: Inputs, statement: Evaluate
) -> None:
    """A hit saves the prefill of a token and cuts its price; both are constant per token."""
    prefill_price = 16 / (claim["prefill_throughput"] * 3600) * 1e6  # USD/Mtoken, missed
    price_cut = claim[f"{model}_miss_price"] - claim[f"{model}_hit_price"]
    turning = prefill_price / price_cut
    assert turning == pytest.approx(turning_share, abs=0.0005)

    def gain(paid_user_share: float) -> float:
        fixed = {"paid_user_share": paid_user_share, "premium_share": float(model == "premium")}
        few, many = (statement(**fixed, cache_hit_share=share) for share in (0.4, 0.7))
        return float(many["gross_profit"] - few["gross_profit"])

    assert gain(turning * 0.99) > 0 > gain(turning * 1.01)


@pytest.mark.parametrize("name", ["gpu_price", "premium_output_price"])
def test_a_missing_theoretical_value_is_named(name: str, leaky: Inputs, claim: Inputs) -> None:
    rest = {other: value for other, value in claim.items() if other != name}
    with pytest.raises(TypeError, match=f"missing 1 required keyword-only argument: '{name}'"):
        profit_model(**leaky, theoretical=rest)


def test_training_needs_no_theoretical_value(claim: Inputs, training: Inputs) -> None:
    assert not claim.keys() & training.keys()

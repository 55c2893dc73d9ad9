"""Profit: margins, the statement of the day, and the profit model from top to bottom."""

from collections.abc import Mapping
from typing import Any, TypedDict

from risk.model import gaps, sales, serving, subscriptions, training, workload
from risk.model.subscriptions import NONE, SAME
from risk.model.units import (
    USD,
    GPUsPerNode,
    Months,
    NodeHoursPerDay,
    Ratio,
    Share,
    SignedRatio,
    TokensPerDay,
    TokensPerSecondPerNode,
    TokensPerUserPerDay,
    USDPerDay,
    USDPerGPUHour,
    USDPerMtoken,
    USDPerUserPerMonth,
    Users,
)


class ProfitStatement(TypedDict):
    """Outcomes of the profit model, in the order of the statement; units are in the types."""

    theoretical_revenue: USDPerDay
    real_revenue: USDPerDay
    revenue_gap: USDPerDay
    revenue_capture: Ratio
    node_hours: NodeHoursPerDay
    theoretical_cost: USDPerDay
    inference_cost: USDPerDay
    gross_profit: USDPerDay
    profit_gap: USDPerDay
    cost_profit_ratio: SignedRatio
    training_cost_a_day: USDPerDay
    operating_profit: USDPerDay
    breakeven_paid_share: SignedRatio


def gross_profit(real_revenue: USDPerDay, inference_cost: USDPerDay) -> USDPerDay:
    """What the day leaves after the cost of serving it (USD/day).

    Examples
    --------
    >>> gross_profit(80.0, 90.0)
    -10.0
    """
    return real_revenue - inference_cost


def gross_margin(gross_profit: USDPerDay, real_revenue: USDPerDay) -> SignedRatio:
    """Gross profit per dollar of revenue: the margin of an income statement, below 1.

    Not an outcome of the model: the published 545 % is `cost_profit_ratio`, a mark-up on cost.

    Examples
    --------
    >>> round(gross_margin(562_027.0 - 87_072.0, 562_027.0), 3)
    0.845
    """
    return gross_profit / real_revenue


def operating_margin(operating_profit: USDPerDay, real_revenue: USDPerDay) -> SignedRatio:
    """Operating profit per dollar of revenue; of operating cost it knows research compute alone.

    Not an outcome of the model either: a lab that reports it counts sales and administration too.

    Examples
    --------
    >>> operating_margin(-210.0, 100.0)
    -2.1
    """
    return operating_profit / real_revenue


def cost_profit_ratio(gross_profit: USDPerDay, inference_cost: USDPerDay) -> SignedRatio:
    """Gross profit per dollar of inference cost; in theory this is the published 545 %.

    Examples
    --------
    >>> round(cost_profit_ratio(562_027.0 - 87_072.0, 87_072.0), 2)
    5.45
    """
    return gross_profit / inference_cost


def operating_profit(gross_profit: USDPerDay, training_cost_a_day: USDPerDay) -> USDPerDay:
    """What the day leaves after serving and after the day's part of research (USD/day).

    Examples
    --------
    >>> operating_profit(-10.0, 200.0)
    -210.0
    """
    return gross_profit - training_cost_a_day


def breakeven_paid_share(
    inference_cost: USDPerDay,
    revenue_if_all_paid: USDPerDay,
    subscription_revenue: USDPerDay = NONE,
) -> SignedRatio:
    """Paid share of metered tokens at which gross profit is zero, everything else as it is.

    Metered revenue is the paid share times the revenue if all were paid, so the share that earns
    what subscriptions leave of the cost is their ratio. Above 1 no paid share is enough; below 0
    none is needed, since subscriptions alone earn more than the whole cost.

    Examples
    --------
    >>> breakeven_paid_share(50.0, 200.0), breakeven_paid_share(50.0, 200.0, 60.0)
    (0.25, -0.05)
    """
    return (inference_cost - subscription_revenue) / revenue_if_all_paid


def profit_statement(
    theoretical_revenue: USDPerDay,
    theoretical_cost: USDPerDay,
    real_revenue: USDPerDay,
    revenue_if_all_paid: USDPerDay,
    subscription_revenue: USDPerDay,
    node_hours: NodeHoursPerDay,
    inference_cost: USDPerDay,
    training_cost_a_day: USDPerDay,
) -> ProfitStatement:
    """Income statement of the day: the given lines, and the gaps and ratios between them."""
    earned = gross_profit(real_revenue, inference_cost)
    return {
        "theoretical_revenue": theoretical_revenue,
        "real_revenue": real_revenue,
        "revenue_gap": gaps.revenue_gap(theoretical_revenue, real_revenue),
        "revenue_capture": gaps.revenue_capture(theoretical_revenue, real_revenue),
        "node_hours": node_hours,
        "theoretical_cost": theoretical_cost,
        "inference_cost": inference_cost,
        "gross_profit": earned,
        "profit_gap": gaps.profit_gap(theoretical_revenue, theoretical_cost, earned),
        "cost_profit_ratio": cost_profit_ratio(earned, inference_cost),
        "training_cost_a_day": training_cost_a_day,
        "operating_profit": operating_profit(earned, training_cost_a_day),
        "breakeven_paid_share": breakeven_paid_share(
            inference_cost, revenue_if_all_paid, subscription_revenue
        ),
    }


def profit_model(
    *,
    # workload
    output_tokens: TokensPerDay,
    input_output_ratio: Ratio,
    cache_hit_share: Share,
    paid_output_skew: Ratio,
    # serving
    prefill_throughput: TokensPerSecondPerNode,
    decode_throughput: TokensPerSecondPerNode,
    utilisation: Share,
    gpus_per_node: GPUsPerNode,
    gpu_price: USDPerGPUHour,
    operating_cost_ratio: Ratio,
    # export controls and bans
    accelerator_premium: Ratio,
    exposed_fleet_share: Share,
    served_share: Share,
    overseas_share: Share,
    ban_loss: Share,
    # sales
    paid_user_share: Share,
    paid_usage_multiple: Ratio,
    premium_share: Share,
    offpeak_share: Share,
    premium_offpeak_discount: Share,
    standard_offpeak_discount: Share,
    premium_hit_price: USDPerMtoken,
    premium_miss_price: USDPerMtoken,
    premium_output_price: USDPerMtoken,
    standard_hit_price: USDPerMtoken,
    standard_miss_price: USDPerMtoken,
    standard_output_price: USDPerMtoken,
    price_level: Ratio,
    net_to_gross: Share,
    # training
    final_run_cost: USD,
    final_run_share: Share,
    model_life: Months,
    # a consumer business beside the metered one; none unless said otherwise
    active_users: Users = NONE,
    tokens_a_user: TokensPerUserPerDay = NONE,
    subscriber_share: Share = NONE,
    subscriber_usage_multiple: Ratio = SAME,
    subscription_price: USDPerUserPerMonth = NONE,
    # the values that the headline claim assumes, by input name
    theoretical: Mapping[str, float],
) -> ProfitStatement:
    """Income statement of one day, beside the day that the headline claim describes.

    The theoretical revenue and cost come from `theoretical` alone, so they have no spread and keep
    its shape; every other outcome has the shape of the inputs that it needs. A day that serves or
    sells nothing has no cost ratio or no break-even share: those are not finite then.

    Parameters
    ----------
    output_tokens
        Metered traffic: the API, or all of it where nobody pays by the month.
    active_users
        Users of a consumer business whose tokens come on top of the metered ones; it is billed by
        `subscription_price` and never by the token.
    theoretical
        Theoretical value of each input that `theoretical_revenue` and `theoretical_cost` need.
        More names do no harm; training has no theoretical value and needs none. A claim that does
        not name the consumer business has none.

    Returns
    -------
    ProfitStatement
        The outcomes, money in USD a day.

    Raises
    ------
    TypeError
        When `theoretical` misses a name.
    """
    metered = workload.served_output(output_tokens, served_share)
    sold = workload.served_tokens(metered, input_output_ratio, cache_hit_share)
    consumer_output = subscriptions.consumer_output(
        active_users, tokens_a_user, subscriber_share, subscriber_usage_multiple
    )
    wanted = workload.wanted_output(output_tokens, consumer_output)
    output = workload.served_output(wanted, served_share)
    tokens = workload.served_tokens(output, input_output_ratio, cache_hit_share)

    nodes = serving.busy_nodes(tokens.miss, tokens.output, prefill_throughput, decode_throughput)
    node_hours = serving.node_hours(nodes, utilisation)
    gpu_rate = serving.gpu_rate(gpu_price, exposed_fleet_share, accelerator_premium)
    compute_cost = serving.compute_cost(node_hours, gpus_per_node, gpu_rate)

    billable = sales.billable_tokens(sold, paid_output_skew)
    premium = sales.PriceList(premium_hit_price, premium_miss_price, premium_output_price)
    standard = sales.PriceList(standard_hit_price, standard_miss_price, standard_output_price)
    premium_sales = sales.premium_sales(
        billable, premium, premium_share, offpeak_share, premium_offpeak_discount
    )
    standard_sales = sales.standard_sales(
        billable, standard, premium_share, offpeak_share, standard_offpeak_discount
    )
    access = sales.access(overseas_share, ban_loss)
    revenue_if_all_paid = sales.revenue_if_all_paid(
        premium_sales, standard_sales, price_level, access, net_to_gross
    )
    paid_token_share = sales.paid_token_share(paid_user_share, paid_usage_multiple)
    fees = subscriptions.subscription_fees(active_users, subscriber_share, subscription_price)
    subscribed = subscriptions.subscription_revenue(fees, access, net_to_gross)

    claim: dict[str, Any] = dict(theoretical)
    return profit_statement(
        theoretical_revenue=sales.theoretical_revenue(**claim),
        theoretical_cost=serving.theoretical_cost(**claim),
        real_revenue=sales.real_revenue(paid_token_share, revenue_if_all_paid, subscribed),
        revenue_if_all_paid=revenue_if_all_paid,
        subscription_revenue=subscribed,
        node_hours=node_hours,
        inference_cost=serving.inference_cost(compute_cost, operating_cost_ratio),
        training_cost_a_day=training.training_cost_a_day(
            final_run_cost, final_run_share, model_life
        ),
    )

"""Subscriptions: a consumer business beside the metered one, free users and payers by the month.

Its tokens are served like all others and never billed by the token; its payers pay a price by the
month, whatever they use. A lab without it has no active users: every term of it is then zero, and
the metered business keeps its numbers to the last bit.
"""

from typing import Any

from risk.model.units import (
    DAYS_A_MONTH,
    Ratio,
    Share,
    TokensPerDay,
    TokensPerUserPerDay,
    USDPerDay,
    USDPerUserPerMonth,
    Users,
)

# What the inputs of a consumer business stand at for a lab that has none.
NONE: Any = 0.0
SAME: Any = 1.0


def subscribers(active_users: Users, subscriber_share: Share) -> Users:
    """Active users who pay by the month (user).

    Examples
    --------
    >>> subscribers(900.0, 0.25)
    225.0
    """
    return active_users * subscriber_share


def consumer_output(
    active_users: Users,
    tokens_a_user: TokensPerUserPerDay,
    subscriber_share: Share,
    subscriber_usage_multiple: Ratio,
) -> TokensPerDay:
    """Output tokens that free users and subscribers want (token/day).

    A free user wants ``tokens_a_user`` a day, a subscriber ``subscriber_usage_multiple`` times as
    many.

    Examples
    --------
    >>> consumer_output(100.0, 1000.0, 0.25, 3.0)
    150000.0
    """
    usage = 1 - subscriber_share + subscriber_share * subscriber_usage_multiple
    return active_users * tokens_a_user * usage


def subscription_fees(
    active_users: Users, subscriber_share: Share, subscription_price: USDPerUserPerMonth
) -> USDPerDay:
    """What the subscribers pay for the day (USD/day), before bans, fees and taxes.

    At the theoretical values this is what the headline claims of them.

    Examples
    --------
    >>> subscription_fees(365.25, 0.5, 20.0)
    120.0
    """
    return subscribers(active_users, subscriber_share) * subscription_price / DAYS_A_MONTH


def subscription_revenue(
    subscription_fees: USDPerDay, access: Share, net_to_gross: Share
) -> USDPerDay:
    """What of the subscription fees reaches the lab (USD/day).

    Bans, fees and taxes take the same share of it as of metered sales. Short capacity takes none:
    a fee is paid by the month, and a lab that cannot serve everybody slows its free users down
    first, so the served share cuts the cost of subscribers' tokens but not their price.

    Examples
    --------
    >>> subscription_revenue(100.0, 0.75, 0.5)
    37.5
    """
    return subscription_fees * access * net_to_gross


def consumer_cost(
    inference_cost: USDPerDay, consumer_output: TokensPerDay, all_output: TokensPerDay
) -> USDPerDay:
    """The part of the inference cost that serves free users and subscribers (USD/day).

    All tokens are served alike, so it is their share of the output. The yardstick of labs that
    report a segment; no outcome of the profit model depends on it.

    Examples
    --------
    >>> consumer_cost(80.0, 3e9, 4e9)
    60.0
    """
    return inference_cost * consumer_output / all_output

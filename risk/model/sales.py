"""Sales: from served tokens to the revenue that reaches the lab.

Two models are sold, a premium one (R1) and a standard one (V3), each by its price list and with its
off-peak discount. Metered revenue is valued first as though every token were paid for, and the paid
share multiplies it last: that is the same product in another order, it shows that revenue is linear
in the paid share, and the break-even share can be read from it. Subscriptions are added to it.
"""

from typing import Any, NamedTuple

from risk.model import subscriptions, workload
from risk.model.subscriptions import NONE
from risk.model.units import (
    TOKENS_A_MTOKEN,
    Ratio,
    Share,
    TokensPerDay,
    USDPerDay,
    USDPerMtoken,
    USDPerUserPerMonth,
    Users,
)
from risk.model.workload import TokenFlow


class PriceList(NamedTuple):
    """List prices of one model (USD/Mtoken): cached input, other input, output."""

    hit: USDPerMtoken
    miss: USDPerMtoken
    output: USDPerMtoken


def paid_token_share(paid_user_share: Share, paid_usage_multiple: Ratio) -> Share:
    """Share of the tokens that somebody pays for.

    Paying users are ``paid_user_share`` of all and use ``paid_usage_multiple`` times as much each.

    Examples
    --------
    >>> paid_token_share(0.25, 3.0)
    0.5
    """
    paid_usage = paid_user_share * paid_usage_multiple
    free_usage = 1 - paid_user_share
    return paid_usage / (paid_usage + free_usage)


def access(overseas_share: Share, ban_loss: Share) -> Share:
    """Share of the billing that is left after overseas bans.

    Examples
    --------
    >>> access(0.4, 0.5)
    0.8
    """
    return 1 - overseas_share * ban_loss


def billable_tokens(served_tokens: TokenFlow, paid_output_skew: Ratio) -> TokenFlow:
    """Tokens of the day if every user paid and wrote like a paying one (token/day).

    Paying users get ``paid_output_skew`` times the output per input of an average user.

    Examples
    --------
    >>> billable_tokens(TokenFlow(100.0, 300.0, 100.0), 1.5)
    TokenFlow(hit=100.0, miss=300.0, output=150.0)
    """
    return TokenFlow(served_tokens.hit, served_tokens.miss, served_tokens.output * paid_output_skew)


def list_value(tokens: TokenFlow, prices: PriceList) -> USDPerDay:
    """Value of the tokens of a day at list prices (USD/day).

    Examples
    --------
    >>> list_value(TokenFlow(2e6, 1e6, 3e6), PriceList(0.125, 0.5, 2.0))
    6.75
    """
    value = tokens.hit * prices.hit + tokens.miss * prices.miss + tokens.output * prices.output
    return value / TOKENS_A_MTOKEN


def theoretical_revenue(
    *,
    output_tokens: TokensPerDay,
    input_output_ratio: Ratio,
    cache_hit_share: Share,
    premium_hit_price: USDPerMtoken,
    premium_miss_price: USDPerMtoken,
    premium_output_price: USDPerMtoken,
    active_users: Users = NONE,
    subscriber_share: Share = NONE,
    subscription_price: USDPerUserPerMonth = NONE,
    **_others: Any,
) -> USDPerDay:
    """What the headline claims: metered tokens at the premium list prices, and all fees (USD/day).

    Takes the theoretical values, all of them or at least these; the others cannot matter. It does
    not pass through the leakages of `profit_model`, so that it checks them: with every leakage
    switched off, real revenue is this number to the last bit.

    Examples
    --------
    >>> round(theoretical_revenue(
    ...     output_tokens=168e9, input_output_ratio=608 / 168, cache_hit_share=342 / 608,
    ...     premium_hit_price=0.14, premium_miss_price=0.55, premium_output_price=2.19))
    562100
    """
    tokens = workload.served_tokens(output_tokens, input_output_ratio, cache_hit_share)
    prices = PriceList(premium_hit_price, premium_miss_price, premium_output_price)
    fees = subscriptions.subscription_fees(active_users, subscriber_share, subscription_price)
    return list_value(tokens, prices) + fees


def premium_sales(
    billable_tokens: TokenFlow,
    premium_prices: PriceList,
    premium_share: Share,
    offpeak_share: Share,
    premium_offpeak_discount: Share,
) -> USDPerDay:
    """Sales of the premium model if every token were paid for, after discounts (USD/day).

    Examples
    --------
    >>> premium_sales(TokenFlow(0.0, 0.0, 1e6), PriceList(0.1, 0.5, 2.0), 0.5, 0.5, 0.5)
    0.75
    """
    discount = offpeak_share * premium_offpeak_discount
    return premium_share * list_value(billable_tokens, premium_prices) * (1 - discount)


def standard_sales(
    billable_tokens: TokenFlow,
    standard_prices: PriceList,
    premium_share: Share,
    offpeak_share: Share,
    standard_offpeak_discount: Share,
) -> USDPerDay:
    """Sales of the standard model if every token were paid for, after discounts (USD/day).

    Examples
    --------
    >>> standard_sales(TokenFlow(0.0, 0.0, 1e6), PriceList(0.1, 0.3, 1.0), 0.75, 0.5, 0.5)
    0.1875
    """
    discount = offpeak_share * standard_offpeak_discount
    return (1 - premium_share) * list_value(billable_tokens, standard_prices) * (1 - discount)


def revenue_if_all_paid(
    premium_sales: USDPerDay,
    standard_sales: USDPerDay,
    price_level: Ratio,
    access: Share,
    net_to_gross: Share,
) -> USDPerDay:
    """Revenue of the day if every token were paid for, after bans, fees and taxes (USD/day).

    Examples
    --------
    >>> revenue_if_all_paid(60.0, 40.0, 1.0, 0.75, 0.5)
    37.5
    """
    return (premium_sales + standard_sales) * price_level * access * net_to_gross


def real_revenue(
    paid_token_share: Share, revenue_if_all_paid: USDPerDay, subscription_revenue: USDPerDay
) -> USDPerDay:
    """Revenue of the day that reaches the lab, metered and by the month (USD/day).

    Examples
    --------
    >>> real_revenue(0.25, 200.0, 30.0)
    80.0
    """
    return paid_token_share * revenue_if_all_paid + subscription_revenue

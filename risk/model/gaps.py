"""Gaps: how far the real day falls short of the day that the headline describes."""

from risk.model.units import Ratio, USDPerDay


def revenue_gap(theoretical_revenue: USDPerDay, real_revenue: USDPerDay) -> USDPerDay:
    """Revenue that the headline counts and the lab does not get (USD/day).

    Examples
    --------
    >>> revenue_gap(500.0, 80.0)
    420.0
    """
    return theoretical_revenue - real_revenue


def revenue_capture(theoretical_revenue: USDPerDay, real_revenue: USDPerDay) -> Ratio:
    """Real revenue per dollar of theoretical revenue.

    Examples
    --------
    >>> revenue_capture(500.0, 80.0)
    0.16
    """
    return real_revenue / theoretical_revenue


def profit_gap(
    theoretical_revenue: USDPerDay, theoretical_cost: USDPerDay, gross_profit: USDPerDay
) -> USDPerDay:
    """Gross profit that the headline counts and the lab does not get (USD/day).

    Examples
    --------
    >>> profit_gap(500.0, 85.0, -10.0)
    425.0
    """
    return theoretical_revenue - theoretical_cost - gross_profit

"""The disclosure of day 6: what its rounded counts allow, and its hourly curves."""

import csv
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from risk.model.sales import PriceList, list_value
from risk.model.serving import compute_cost
from risk.model.workload import TokenFlow

HOURLY = Path(__file__).parents[2] / "priors" / "data" / "deepseek_day6_hourly.csv"


@pytest.fixture(scope="module")
def hours() -> list[dict[str, str]]:
    with HOURLY.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_published_revenue_lies_in_what_rounded_counts_allow() -> None:
    prices: Any = PriceList(0.14, 0.55, 2.19)  # type: ignore[arg-type]
    values = []
    for d_input, d_hit, d_output in product((-0.5e9, 0.5e9), repeat=3):
        hit = 342e9 + d_hit
        tokens: Any = (hit, 608e9 + d_input - hit, 168e9 + d_output)
        values.append(list_value(TokenFlow(*tokens), prices))
    low, high = min(values), max(values)
    assert (low, high) == pytest.approx((560_525, 563_675), abs=1e-6)
    assert low < 562_027 < high


def test_every_hour_of_the_day_is_there_once(hours: list[dict[str, str]]) -> None:
    assert sorted(row["hour_start_utc8"] for row in hours) == [
        f"{hour:02}:00" for hour in range(24)
    ]


def test_hourly_nodes_add_up_to_the_published_node_hours(hours: list[dict[str, str]]) -> None:
    nodes = [float(row["h800_nodes"]) for row in hours]
    assert sum(nodes) == 5_442.0 == 226.75 * 24
    assert max(nodes) == 278
    day: Any = (sum(nodes), 8.0, 2.0)
    assert compute_cost(*day) == 87_072.0


def test_hourly_income_adds_up_to_the_published_revenue(hours: list[dict[str, str]]) -> None:
    # read off a chart: bars to 60 dollars each, so a sum of 24 to 60 * sqrt(24) = 294
    assert sum(float(row["theoretical_income_usd"]) for row in hours) == pytest.approx(
        562_027, abs=294
    )


def test_share_of_value_in_the_discount_window(hours: list[dict[str, str]]) -> None:
    """Discounts run from 00:30 to 08:30: half of the first and of the last hour."""
    income = {
        int(row["hour_start_utc8"][:2]): float(row["theoretical_income_usd"]) for row in hours
    }
    window = income[0] / 2 + sum(income[hour] for hour in range(1, 8)) + income[8] / 2
    assert window / sum(income.values()) == pytest.approx(0.170, abs=0.0005)

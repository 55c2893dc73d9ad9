"""Pools of experts: what each of the two kinds is, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from risk.experts import POOLS, Expert, pooled
from risk.families import lognormal, normal

A, B = Expert("A", normal(0.0, 1.0), 3.0), Expert("B", normal(4.0, 2.0), 1.0)


def test_the_linear_pool_is_a_mixture() -> None:
    pool = pooled([A, B])
    x = np.linspace(-5, 12, 50)
    expected = 0.75 * A.marginal.cdf(x) + 0.25 * B.marginal.cdf(x)
    np.testing.assert_allclose(pool.cdf(x), expected, rtol=1e-12)
    assert pool.mean() == pytest.approx(1.0)
    # within the experts and between them
    variance = 0.75 * (1 + 1) + 0.25 * (4 + 9)
    assert pool.standard_deviation() == pytest.approx(math.sqrt(variance))
    np.testing.assert_allclose(pool.cdf(pool.ppf(np.array([0.1, 0.9]))), [0.1, 0.9], rtol=1e-10)


def test_the_logarithmic_pool_weighs_by_precision() -> None:
    pool = pooled([A, B], "logarithmic")
    precision = 0.75 / 1 + 0.25 / 4
    assert pool.family == "normal"
    assert pool.mean() == pytest.approx(0.25 / 4 * 4 / precision)
    assert pool.standard_deviation() == pytest.approx(precision**-0.5)
    assert pool.standard_deviation() < pooled([A, B]).standard_deviation()


@pytest.mark.parametrize("pool", POOLS)
def test_one_expert_is_the_pool(pool: str) -> None:
    one = Expert("A", lognormal(0.3, 0.5))
    u = np.array([0.05, 0.5, 0.95])
    np.testing.assert_allclose(pooled([one], pool).ppf(u), one.marginal.ppf(u), rtol=1e-9)


@pytest.mark.parametrize(
    ("experts", "pool", "message"),
    [
        ([A, B], "geometric", "Expected `pool` to be linear or logarithmic, got 'geometric'."),
        ([], "linear", "one to 100 parts of a mixture with a weight each, got 0 parts"),
        ([], "logarithmic", "one to 100 parts of a pool with a weight each, got 0 parts"),
        ([A, Expert("C", normal(0, 1), 0.0)], "linear", "weights above 0 for a mixture, got 3, 0"),
    ],
)
def test_pools_that_make_no_sense_are_refused(
    experts: list[Expert], pool: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        pooled(experts, pool)

"""Intervals over replicates: closed forms, coverage and Holm's procedure."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from risk.stats import replicates


def test_the_interval_is_students() -> None:
    x = np.random.default_rng(0).normal(size=16)
    found = replicates.mean(x)
    expected = stats.ttest_1samp(x, 0).confidence_interval()
    assert found.interval == pytest.approx([expected.low, expected.high])
    assert found.standard_error == pytest.approx(stats.sem(x))


def test_a_ratio_is_pooled_and_linearised() -> None:
    rng = np.random.default_rng(1)
    den = rng.lognormal(size=(3, 16))
    num = 2 * den + rng.normal(size=(3, 16))
    found = replicates.ratio(num, den)
    assert found.value == pytest.approx(num.sum(axis=1) / den.sum(axis=1))
    # The delta method's variance of a ratio of means, written out.
    cov = np.array([np.cov(a, b) for a, b in zip(num, den, strict=True)])
    v = cov[:, 0, 0] - 2 * found.value * cov[:, 0, 1] + found.value**2 * cov[:, 1, 1]
    assert found.standard_error == pytest.approx(np.sqrt(v / 16) / den.mean(axis=1))


def test_intervals_cover_as_often_as_they_say() -> None:
    """2,000 intervals for a normal mean: 95 %, within three binomial standard errors."""
    x = np.random.default_rng(2).normal(size=(2000, 8))
    found = replicates.mean(x)
    share = np.mean((found.lower < 0) & (found.upper > 0))
    assert abs(share - 0.95) < 3 * np.sqrt(0.95 * 0.05 / 2000)


def test_rank_intervals_of_equal_things_are_whole() -> None:
    low, high = replicates.rank_interval(np.ones((4, 8)))
    assert low.tolist() == [1] * 4
    assert high.tolist() == [4] * 4


def test_rank_intervals_of_resolved_things_are_ranks() -> None:
    noise = np.random.default_rng(3).normal(scale=1e-3, size=(5, 16))
    values = np.array([3.0, 1.0, 5.0, 2.0, 4.0])
    low, high = replicates.rank_interval(values[:, None] + noise)
    assert low.tolist() == high.tolist() == [3, 5, 1, 4, 2]


def test_one_factor_has_rank_one() -> None:
    low, high = replicates.rank_interval(np.ones((1, 4)))
    assert (low.tolist(), high.tolist()) == ([1], [1])


def test_exactly_resolved_without_spread() -> None:
    """A difference without any spread is a difference."""
    low, high = replicates.rank_interval(np.array([[2.0] * 4, [1.0] * 4]))
    assert (low.tolist(), high.tolist()) == ([1, 2], [1, 2])


def test_family_wise_error_of_the_ranks() -> None:
    """Ten equal things, 400 times: some pair is called resolved in about 5 % or fewer."""
    rng = np.random.default_rng(4)
    wrong = 0
    for _ in range(400):
        low, high = replicates.rank_interval(rng.normal(size=(10, 16)))
        wrong += bool((low > 1).any() or (high < 10).any())
    assert wrong / 400 < 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


def test_holm_is_the_step_down_procedure() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.005])
    # sorted: .005 ≤ .05/4, .01 ≤ .05/3, .03 > .05/2: stop
    assert replicates._holm(p, 0.05).tolist() == [True, False, False, True]


def test_rounding_resolves_no_rank() -> None:
    low, high = replicates.rank_interval(np.array([[1.0] * 4, [1e-32] * 4, [0.0] * 4]))
    assert (low.tolist(), high.tolist()) == ([1, 2, 2], [1, 3, 3])

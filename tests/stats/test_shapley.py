"""The Shapley bridge: its axioms, and the exact value for products."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from risk.stats import shapley


def by_orders(values: np.ndarray, k: int) -> np.ndarray:
    """The definition: the mean over all orders of what each step changes."""
    total = np.zeros((k, *values.shape[1:]))
    orders = list(itertools.permutations(range(k)))
    for order in orders:
        taken = 0
        for step in order:
            total[step] += values[taken | 1 << step] - values[taken]
            taken |= 1 << step
    return total / len(orders)


@given(st.integers(1, 4).flatmap(lambda k: arrays(float, (2**k, 3), elements=st.floats(-1e3, 1e3))))
def test_it_is_the_mean_over_all_orders(values: np.ndarray) -> None:
    k = len(values).bit_length() - 1
    assert np.allclose(shapley.steps(values), by_orders(values, k), atol=1e-9)


@given(arrays(float, (2**5, 4), elements=st.floats(-1e6, 1e6)))
def test_steps_sum_to_the_gap(values: np.ndarray) -> None:
    gap = values[-1] - values[0]
    assert np.allclose(shapley.steps(values).sum(axis=0), gap, rtol=1e-9, atol=1e-6)


def test_a_step_that_changes_nothing_gets_exactly_nothing() -> None:
    rng = np.random.default_rng(0)
    half = rng.normal(size=(8, 5))
    values = np.concatenate([half, half])  # the last of four steps changes nothing
    assert (shapley.steps(values)[3] == 0).all()


def test_relabelling_steps_relabels_their_parts() -> None:
    values = np.random.default_rng(1).normal(size=(8, 2))
    order = [2, 0, 1]
    member = shapley.subsets(3)
    moved = np.array(
        [
            values[np.flatnonzero((member == row[np.argsort(order)]).all(axis=1))[0]]
            for row in member
        ]
    )
    assert np.allclose(shapley.steps(moved), shapley.steps(values)[order])


def test_a_product_is_integrated_along_its_diagonal() -> None:
    """For a product the Shapley value is ∫ ∂f/∂x_i along the straight line (Owen 1972)."""
    rng = np.random.default_rng(2)
    x0, x1 = rng.random((2, 4, 6)) + 0.2
    values = np.array([np.prod(np.where(s[:, None], x1, x0), axis=0) for s in shapley.subsets(4)])
    t, w = np.polynomial.legendre.leggauss(4)
    line = x0 + (t[:, None, None] + 1) / 2 * (x1 - x0)
    partial = np.prod(line, axis=1, keepdims=True) / line
    exact = (x1 - x0) * (w[:, None, None] / 2 * partial).sum(axis=0)
    assert np.allclose(shapley.steps(values), exact, rtol=1e-12)


def test_too_many_steps() -> None:
    with pytest.raises(ValueError, match="Expected at most 10 bridge steps, got 11"):
        shapley.subsets(11)

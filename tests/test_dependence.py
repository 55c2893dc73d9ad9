"""One map from the unit cube to inputs: marginals kept, dependence as asked."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats

from risk.blocks import components
from risk.conditional import Conditional, marginal_of
from risk.dependence import InputMap
from risk.families import FAMILIES
from risk.marginals import Categorical

PRICE = FAMILIES["lognormal"](0.6, 0.2)
SHARE = FAMILIES["beta"](2.1, 4.9)
DEMAND = FAMILIES["normal"](10.0, 2.0)
REGIME = Categorical(("open", "partial", "closed"), (0.1, 0.6, 0.3))
PREMIUM = Conditional(
    ("regime",),
    {
        "open": 1.0,
        "partial": FAMILIES["uniform"](1.0, 2.0),
        "closed": FAMILIES["triangular"](1.5, 2.0, 3.0),
    },
)
INPUTS = {"price": PRICE, "premium": PREMIUM, "share": SHARE, "regime": REGIME, "demand": DEMAND}
FREE = InputMap(INPUTS, {"fee": 0.1})
PAIRS = {("demand", "price"): 0.5, ("share", "demand"): -0.7}
JOINED = InputMap(INPUTS, {"fee": 0.1}, components(PAIRS))
N = 1 << 14


def cube(seed: int, n: int = N) -> NDArray[np.float64]:
    return np.random.default_rng(seed).random((len(INPUTS), n))


def test_without_correlation_each_input_is_the_quantile_of_its_own_axis() -> None:
    u = cube(1)
    values = FREE.inputs(FREE.columns(u))
    for axis, name in enumerate(FREE.names):
        if name != "premium":
            # to the precision of a table of the quantile function
            np.testing.assert_allclose(values[name], INPUTS[name].ppf(u[axis]), rtol=1e-9)
    assert list(values) == list(INPUTS)  # nothing fixed


@pytest.mark.parametrize("joined", [FREE, JOINED], ids=["independent", "correlated"])
def test_every_marginal_is_kept(joined: InputMap) -> None:
    values = joined.inputs(joined.columns(cube(2)))
    for name in ("price", "share", "demand"):
        marginal = INPUTS[name]
        # With a fixed seed, a Kolmogorov–Smirnov test at one in a thousand fails or never does.
        assert stats.kstest(values[name], marginal.distribution.cdf).pvalue > 1e-3  # type: ignore[union-attr]
    counts = np.bincount(values["regime"], minlength=3)
    assert stats.chisquare(counts, N * np.array(REGIME.probabilities)).pvalue > 1e-3


@pytest.mark.parametrize("rho", [-0.95, -0.5, 0.0, 0.3, 0.9])
def test_the_rank_correlation_is_the_one_asked_for(rho: float) -> None:
    joined = InputMap(INPUTS, {}, components({("price", "share"): rho}))
    values = joined.inputs(joined.columns(cube(3)))
    got = stats.spearmanr(values["price"], values["share"]).statistic
    # Fisher's z of Spearman's rho has a standard error of √((1 + ρ²/2) / (n − 3)).
    error = np.sqrt((1 + rho**2 / 2) / (N - 3))
    assert abs(np.arctanh(got) - np.arctanh(rho)) < 3 * error


def test_correlations_of_a_block_hold_together_and_leave_the_others_alone() -> None:
    u = cube(4)
    values, free = JOINED.inputs(JOINED.columns(u)), FREE.inputs(FREE.columns(u))
    for (a, b), rho in PAIRS.items():
        error = np.sqrt((1 + rho**2 / 2) / (N - 3))
        got = stats.spearmanr(values[a], values[b]).statistic
        assert abs(np.arctanh(got) - np.arctanh(rho)) < 3 * error
    # price and share: no pair was named, so their latent correlation is 0
    assert abs(stats.spearmanr(values["price"], values["share"]).statistic) < 3 / np.sqrt(N)
    for name in ("premium", "regime"):
        np.testing.assert_array_equal(values[name], free[name])


def test_alone_each_input_moves_along_its_own_marginal() -> None:
    u = cube(5, 100)
    alone, free = JOINED.alone(u), FREE.inputs(FREE.columns(u))
    for name in INPUTS:
        np.testing.assert_allclose(alone[name], free[name], rtol=1e-9)


def test_the_points_are_left_as_they_were() -> None:
    u = cube(6, 100)
    before = u.copy()
    JOINED.columns(u)
    np.testing.assert_array_equal(u, before)


def test_in_each_state_the_input_has_that_state_s_distribution() -> None:
    values = FREE.inputs(FREE.columns(cube(7)))
    for code, marginal in enumerate(PREMIUM.marginals.values()):
        given_state = values["premium"][values["regime"] == code]
        if isinstance(marginal, float):
            assert set(given_state.tolist()) == {marginal}
        else:
            assert stats.kstest(given_state, marginal.distribution.cdf).pvalue > 1e-3
    assert PREMIUM.support == (1.0, 3.0)
    assert str(PREMIUM) == "open: 1.0; partial: Uniform(1, 2); closed: Triangular(1.5, 2, 3)"


@given(st.sets(st.sampled_from(sorted(INPUTS)), min_size=1), st.integers(0, 1000))
def test_exchanging_columns_is_exchanging_axes(names: set[str], seed: int) -> None:
    a, b = cube(seed, 64), cube(seed + 1, 64)
    swapped_axes = a.copy()
    for name in names:
        axis = FREE.names.index(name)
        swapped_axes[axis] = b[axis]
    columns = FREE.columns(a) | {name: FREE.columns(b)[name] for name in names}
    expected = FREE.inputs(FREE.columns(swapped_axes))
    for name, values in FREE.inputs(columns).items():
        np.testing.assert_array_equal(values, expected[name])


def test_exchanging_a_whole_block_is_exchanging_its_axes() -> None:
    a, b = cube(8, 64), cube(9, 64)
    block = JOINED.blocks[0].members
    assert set(block) == {"price", "share", "demand"}
    swapped_axes = a.copy()
    for name in block:
        axis = JOINED.names.index(name)
        swapped_axes[axis] = b[axis]
    columns = JOINED.columns(a) | {name: JOINED.columns(b)[name] for name in block}
    expected = JOINED.inputs(JOINED.columns(swapped_axes))
    for name, values in JOINED.inputs(columns).items():
        np.testing.assert_array_equal(values, expected[name])


def test_correlations_that_cannot_hold_together_are_refused() -> None:
    pairs = {("price", "share"): 0.9, ("share", "demand"): 0.9, ("price", "demand"): -0.9}
    with pytest.raises(ValueError, match=r"positive definite matrix\), got .* -0.8\d+, move them"):
        InputMap(INPUTS, {}, components(pairs)).columns(cube(1, 4))


@pytest.mark.parametrize(
    ("distribution", "regime", "message"),
    [
        (1.0, "regime", "Expected one distribution for each state of 'regime', got float. Pass"),
        ({}, "regime", "for each state of 'regime'.* got no state. Give one for each."),
        ({"open": REGIME, "closed": 2.0}, "regime", "got states that differ between them. Give"),
        (
            {"open": REGIME, "closed": {"open": 0.5, "shut": 0.5}},
            "regime",
            "same states with probabilities for each, got states that differ between them",
        ),
        ({}, ["a", "b"], "for each state of 'a, b'.* got no state."),
        ("beta", None, "Expected a frozen SciPy distribution .* got str"),
        (True, None, "Expected a frozen SciPy distribution .* got bool"),
    ],
)
def test_what_is_no_belief_is_refused(
    distribution: object, regime: str | list[str] | None, message: str
) -> None:
    with pytest.raises(TypeError, match=message):
        marginal_of(distribution, regime)


def test_a_fixed_value_is_finite() -> None:
    with pytest.raises(ValueError, match=r"Expected a finite number, got inf. Correct it."):
        marginal_of(np.float64("inf"), None)
    assert marginal_of(np.int64(3), None) == 3.0

"""Correlated inputs and shares on their own: axes, scores and closed forms of both families."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components
from scipy.stats import qmc

from risk.blocks import Correlated, Shares, components

Array = NDArray[np.float64]
N = 1 << 14
PAIRS = {("a", "b"): 0.5, ("c", "b"): -0.4}
LABELS = {"a": "Price", "b": "Demand", "c": "Cost", "api": "API", "app": "App", "web": "Web"}
MATRIX = np.array([[1.0, 0.5, 0.0], [0.5, 1.0, -0.4], [0.0, -0.4, 1.0]])
FACTORS = np.linalg.cholesky(MATRIX)[None]
DIRICHLET = {"api": 2.0, "app": 5.0, "web": 0.7}
SPREAD = {"api": 0.2, "app": 0.6, "web": 0.4}


def net(axes: int, seed: int, n: int = N) -> Array:
    points = qmc.Sobol(axes, scramble=True, rng=np.random.default_rng(seed)).random(n)
    return np.asarray(points.T + 2.0**-31)


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)).filter(lambda p: p[0] != p[1])))
def test_components_are_the_connected_inputs(pairs: list[tuple[int, int]]) -> None:
    letters = "abcdefgh"
    blocks = components({(letters[i], letters[j]): 0.1 for i, j in pairs})
    graph = csr_array((np.ones(len(pairs)), tuple(zip(*pairs, strict=True)) or ([], [])), (8, 8))
    _, component = connected_components(graph, directed=False)
    groups = [{n for n, k in zip(letters, component, strict=True) if k == j} for j in range(8)]
    assert {frozenset(b.members) for b in blocks} == {frozenset(g) for g in groups if len(g) > 1}
    for one, other in itertools.combinations(blocks, 2):
        assert not set(one.members) & set(other.members)
    assert sum(len(b.pairs) for b in blocks) == len(set(pairs))
    assert all(b.name == " + ".join(b.members) for b in blocks)


def test_names_and_axes_of_a_correlated_block() -> None:
    block = Correlated(PAIRS)
    assert block.members == ("a", "b", "c")
    assert block.name == "a + b + c"
    assert block.axes == ("a", "b", "c")
    ordered = Correlated(PAIRS, name="market", innovations=True, degrees_of_freedom=4)
    assert ordered.axes == ("a", "b | a", "c | a, b", "market shock")
    assert ordered.axis_labels(LABELS) == {
        "a": "Price",
        "b | a": "Demand, beyond what Price explains",
        "c | a, b": "Cost, beyond what Price and Demand explain",
        "market shock": "Common shock of market",
    }
    assert [ordered.inputs_of(axis) for axis in ordered.axes] == [
        ("a",), ("b",), ("c",), ("a", "b", "c")
    ]  # fmt: skip
    states = {"open": {("a", "b"): 0.1}, "closed": {("c", "a"): 0.2}}
    assert Correlated(given=("regime",), states=states).members == ("a", "b", "c")


def test_names_and_axes_of_shares() -> None:
    mix = Shares(DIRICHLET, innovations=True, label="Mix")
    assert mix.members == ("api", "app", "web")
    assert mix.axes == ("api", "app | api")  # the last is what is left
    assert mix.axis_labels(LABELS)["app | api"] == "App, beyond what API explains"
    weights = Shares(DIRICHLET, spread=SPREAD, innovations=True)
    assert weights.axes == ("api", "app", "web")  # each weight moves all shares
    assert weights.axis_labels(LABELS)["app"] == "Weight of App"


@pytest.mark.parametrize("df", [math.inf, 5.0])
def test_scores_are_uniform(df: float) -> None:
    block = Correlated(PAIRS, degrees_of_freedom=df)
    for score in block.scores(net(len(block.axes), 1), FACTORS)[0]:
        assert stats.kstest(score, "uniform").pvalue > 1e-3


def test_the_first_score_of_a_gaussian_copula_is_the_point_itself() -> None:
    u = net(3, 2)
    scores = Correlated(PAIRS).scores(u, FACTORS)[0]
    np.testing.assert_allclose(scores[0], u[0], rtol=1e-12)
    free = Correlated(PAIRS).scores(u, np.eye(3)[None])[0]
    np.testing.assert_allclose(np.sort(free, axis=1), np.sort(u, axis=1), rtol=1e-12)


def test_scores_stay_inside_the_unit_interval() -> None:
    far = np.full((4, 2), [2.0**-53, 1 - 2.0**-53])
    factors = np.linalg.cholesky(np.full((3, 3), 0.9) + 0.1 * np.eye(3))[None]
    for df in (math.inf, 1.0):
        scores = Correlated(PAIRS, degrees_of_freedom=df).scores(far, factors)
        assert scores.min() >= 2.0**-53
        assert scores.max() <= 1 - 2.0**-53


def test_each_state_has_its_own_factors() -> None:
    u = net(3, 3, 64)
    block = Correlated(PAIRS)
    both = block.scores(u, np.concatenate([FACTORS, np.eye(3)[None]]))
    assert both.shape == (2, 3, 64)
    np.testing.assert_allclose(both[0], block.scores(u, FACTORS)[0], rtol=1e-14)
    np.testing.assert_allclose(both[1], u, rtol=1e-12)


@pytest.mark.parametrize("df", [2.0, 5.0])
def test_joint_extremes_of_a_t_copula_are_the_multivariate_ts(df: float) -> None:
    """P(both below P2), independent points, within three standard errors."""
    block = Correlated({("a", "b"): 0.5}, degrees_of_freedom=df)
    matrix = np.array([[1.0, 0.5], [0.5, 1.0]])
    n = 1 << 18
    u = np.random.default_rng(4).random((3, n))
    a, b = block.scores(u, np.linalg.cholesky(matrix)[None])[0]
    got = float(np.mean((a < 0.02) & (b < 0.02)))
    at = np.full(2, stats.t.ppf(0.02, df))
    law = stats.multivariate_t([0, 0], matrix, df=df, seed=1)
    exact = float(law.cdf(at))
    assert abs(got - exact) < 3 * math.sqrt(exact * (1 - exact) / n) + 1e-5
    assert stats.kendalltau(a[:20_000], b[:20_000]).statistic == pytest.approx(1 / 3, abs=0.02)


@pytest.mark.parametrize("mix", [Shares(DIRICHLET), Shares(DIRICHLET, spread=SPREAD)],
                         ids=["dirichlet", "logistic normal"])  # fmt: skip
def test_shares_sum_to_one_and_have_their_marginals(mix: Shares) -> None:
    shares = mix.values(net(len(mix.axes), 5))
    assert tuple(shares) == mix.members
    np.testing.assert_allclose(sum(shares.values()), 1.0, rtol=0, atol=1e-15)
    assert min(x.min() for x in shares.values()) >= 0
    for name, x in shares.items():
        assert stats.kstest(x, mix[name].cdf).pvalue > 1e-3


def test_a_dirichlets_moments() -> None:
    """Of independent points: means a/s, covariances (a_i s δ_ij − a_i a_j) / s²(s + 1)."""
    mix = Shares(DIRICHLET)
    a = np.array(list(DIRICHLET.values()))
    s = a.sum()
    x = np.stack(list(mix.values(np.random.default_rng(6).random((2, N))).values()))
    covariance = (np.diag(a * s) - np.outer(a, a)) / (s**2 * (s + 1))
    error = np.sqrt(np.diag(covariance) / N)
    assert np.all(np.abs(x.mean(axis=1) - a / s) < 3 * error)
    centred = x - (a / s)[:, None]
    for i, j in itertools.combinations_with_replacement(range(3), 2):
        products = centred[i] * centred[j]
        assert abs(products.mean() - covariance[i, j]) < 3 * products.std() / math.sqrt(N)
    for name, alpha in DIRICHLET.items():
        assert (mix[name].family, mix.centre[name]) == ("beta", pytest.approx(alpha / s))
        assert mix[name].parameters == {"alpha": alpha, "beta": pytest.approx(s - alpha)}


def test_the_first_share_is_the_quantile_of_its_own_axis() -> None:
    u = net(2, 7)
    mix = Shares(DIRICHLET)
    shares = mix.values(u)
    np.testing.assert_array_equal(shares["api"], mix["api"].ppf(u[0]))
    # and what a second takes of the rest does not depend on the first
    part = shares["app"] / (1 - shares["api"])
    np.testing.assert_allclose(part, stats.beta(5.0, 0.7).ppf(u[1]), rtol=1e-9)


def test_ratios_of_a_logistic_normal_are_lognormal() -> None:
    """log(x_i / x_j) = log(c_i / c_j) + s_i z_i − s_j z_j: exact, point by point."""
    mix, u = Shares(DIRICHLET, spread=SPREAD), net(3, 8, 256)
    shares, z = mix.values(u), special.ndtri(u)
    for (i, a), (j, b) in itertools.combinations(enumerate(mix.members), 2):
        expected = math.log(DIRICHLET[a] / DIRICHLET[b]) + SPREAD[a] * z[i] - SPREAD[b] * z[j]
        np.testing.assert_allclose(np.log(shares[a] / shares[b]), expected, rtol=1e-9, atol=1e-12)
    middle = mix.values(np.full((3, 1), 0.5))
    assert {k: float(x[0]) for k, x in middle.items()} == pytest.approx(mix.centre)


@pytest.mark.parametrize("spread", [None, SPREAD], ids=["dirichlet", "logistic normal"])
def test_alone_one_share_moves_and_the_others_keep_their_proportions(
    spread: dict[str, float] | None,
) -> None:
    mix = Shares(DIRICHLET, spread=spread)
    at = np.array([0.01, 0.3, 0.5, 0.9])
    for i, name in enumerate(mix.members):
        u = np.full((3, len(at)), 0.5)
        u[i] = at
        found = mix.alone(u)
        np.testing.assert_allclose(sum(found.values()), 1.0, atol=1e-15)
        moved = at != 0.5
        np.testing.assert_array_equal(found[name][moved], mix[name].ppf(at[moved]))
        others = [other for other in mix.members if other != name]
        ratio = found[others[0]] / found[others[1]]
        np.testing.assert_allclose(ratio, mix.centre[others[0]] / mix.centre[others[1]])
        assert {k: x[2] for k, x in found.items()} == pytest.approx(mix.centre)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Correlated({}),
            "Expected either pairs, or `given` with pairs for each state, got",
        ),
        (
            lambda: Correlated(PAIRS, given=("r",), states={"x": PAIRS}),
            "got 2 pairs, 1 states and `given` r. Give one of the two.",
        ),
        (lambda: Correlated(states={"x": PAIRS}), "1 states and `given` nothing. Give one"),
        (lambda: Correlated(PAIRS, rank="pearson"), "spearman or kendall, got 'pearson'. Choose"),
        (lambda: Correlated(PAIRS, degrees_of_freedom=0), "degrees of freedom above 0, got 0."),
        (lambda: Correlated(PAIRS, degrees_of_freedom=math.nan), "above 0, got nan. Leave them"),
        (lambda: Shares({"a": 1.0}), "Expected two or more shares with numbers above 0, got a 1."),
        (lambda: Shares({"a": 1.0, "b": 0.0}), "numbers above 0, got a 1, b 0."),
        (lambda: Shares({}), "numbers above 0, got none."),
        (lambda: Shares(DIRICHLET, spread={"api": 1.0}), "a spread above 0 and below 50 for each "),
        (lambda: Shares(DIRICHLET, spread=dict.fromkeys(DIRICHLET, 0.0)), "got api 0, app 0, web"),
    ],
)
def test_blocks_that_make_no_sense_are_refused(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()

"""Latent correlations against closed forms, SciPy and simulation; the smallest repair."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats
from scipy.stats import qmc

from risk.copula import (
    FLOOR,
    _conditional,
    latent_correlation,
    rank_correlation,
    shrunk,
    smallest_eigenvalue,
    steps_of,
)
from risk.families import discrete, normal
from risk.marginals import Categorical, from_scipy

Array = NDArray[np.float64]
TARGETS = [-0.8, -0.3, 0.0, 0.2, 0.6, 0.9]
N = 1 << 17
THREE = np.array([0.2, 0.7])  # steps of an input with three values
FOUR = np.array([0.1, 0.5, 0.9])
TWO = np.array([0.35])


@pytest.mark.parametrize("rank", TARGETS)
def test_continuous_pairs_have_the_closed_forms(rank: float) -> None:
    assert latent_correlation(rank) == pytest.approx(2 * math.sin(math.pi * rank / 6), abs=1e-12)
    tau = math.sin(math.pi * rank / 2)
    assert latent_correlation(rank, "kendall") == pytest.approx(tau, abs=1e-12)
    assert latent_correlation(rank, "kendall", degrees_of_freedom=3) == pytest.approx(tau)
    # the same by quadrature, where a t is nearly normal
    same = latent_correlation(rank, degrees_of_freedom=1e7)
    assert same == pytest.approx(2 * math.sin(math.pi * rank / 6), abs=2e-6)


@settings(max_examples=30, deadline=None)
@given(
    st.floats(-0.99, 0.99),
    st.sampled_from(["spearman", "kendall"]),
    st.sampled_from([(None, None), (THREE, None), (None, THREE), (THREE, FOUR)]),
    st.sampled_from([math.inf, 4.0]),
)
def test_one_undoes_the_other(
    r: float, kind: str, steps: tuple[Array | None, Array | None], df: float
) -> None:
    rank = rank_correlation(r, kind, steps=steps, degrees_of_freedom=df)
    back = latent_correlation(rank, kind, steps=steps, degrees_of_freedom=df)
    assert back == pytest.approx(r, abs=1e-7)
    mirrored = rank_correlation(r, kind, steps=steps[::-1], degrees_of_freedom=df)
    assert mirrored == pytest.approx(rank, abs=2e-4)  # which of the two is summed over cells
    if steps[0] is None and steps[1] is None:
        assert rank_correlation(-r, kind, degrees_of_freedom=df) == pytest.approx(-rank, abs=1e-9)


def test_two_by_two_tables_by_hand() -> None:
    """Of two halves P(both low) is 1/4 + asin(r) / 2π, and all rank correlations are one number."""
    half = np.array([0.5])
    for r in (-0.7, 0.2, 0.95):
        both = 0.25 + math.asin(r) / (2 * math.pi)
        expected = 4 * both - 1
        for kind in ("spearman", "kendall"):
            got = rank_correlation(r, kind, steps=(half, half))
            assert got == pytest.approx(expected, abs=1e-5)


def test_a_half_and_a_normal_by_hand() -> None:
    """Of a half and a normal Spearman's is √3 (2 P(X > 0, Φ(Y) > U) − 1/2) · 2, with r / √2."""
    for r in (-0.6, 0.3, 0.9):
        expected = math.sqrt(3) * 2 / math.pi * math.asin(r / math.sqrt(2))
        got = rank_correlation(r, steps=(np.array([0.5]), None))
        assert got == pytest.approx(expected, abs=1e-5)


def test_the_closed_table_of_normals() -> None:
    """P(both below their steps) is the bivariate normal distribution function."""
    r, z = 0.6, special.ndtri(THREE)
    edges = [-np.inf, *z, np.inf]
    law = stats.multivariate_normal([0, 0], [[1, r], [r, 1]])
    cumulative = np.array([[law.cdf([a, b]) if min(a, b) > -np.inf else 0 for b in edges]
                           for a in edges])  # fmt: skip
    table = np.diff(np.diff(cumulative, axis=0), axis=1)
    sizes = np.round(table * 1e6).astype(int)
    x, y = (np.repeat(k.ravel(), sizes.ravel()) for k in np.indices((3, 3)))
    expected = stats.spearmanr(x, y).statistic
    assert rank_correlation(r, steps=(THREE, THREE)) == pytest.approx(expected, abs=1e-5)
    expected = stats.somersd(sizes).statistic  # Somers' D of a symmetric table is τ_b
    assert rank_correlation(r, "kendall", steps=(THREE, THREE)) == pytest.approx(expected, abs=1e-5)


def drawn(r: float, df: float, seed: int) -> Array:
    """Uniform scores of a Gaussian or a t copula, by its definition, independent points."""
    rng = np.random.default_rng(seed)
    z = rng.standard_normal((2, N))
    z[1] = r * z[0] + math.sqrt(1 - r**2) * z[1]
    if math.isinf(df):
        return np.asarray(stats.norm.cdf(z))
    return np.asarray(stats.t.cdf(z / np.sqrt(rng.chisquare(df, N) / df), df))


@pytest.mark.parametrize("df", [math.inf, 3.0])
@pytest.mark.parametrize(
    "steps", [(None, None), (THREE, None), (TWO, FOUR)], ids=["continuous", "mixed", "discrete"]
)
@pytest.mark.parametrize("kind", ["spearman", "kendall"])
def test_what_is_drawn_has_the_rank_correlation(
    df: float, steps: tuple[Array | None, Array | None], kind: str
) -> None:
    """SciPy's statistics, with ties, in 16 batches: within three of their standard errors."""
    r = latent_correlation(0.5, kind, steps=steps, degrees_of_freedom=df)
    u = drawn(r, df, seed=11)
    x, y = (v if s is None else np.searchsorted(s, v) for v, s in zip(u, steps, strict=True))
    measure = stats.spearmanr if kind == "spearman" else stats.kendalltau
    if kind == "kendall" and steps[1] is None and steps[0] is not None:
        # Ties of one input alone: τ_b leaves a factor out for the other, as ours does.
        assert len(np.unique(y)) == N
    got = [measure(a, b).statistic for a, b in
           zip(x.reshape(32, -1), y.reshape(32, -1), strict=True)]  # fmt: skip
    error = np.std(got, ddof=1) / math.sqrt(len(got))
    assert abs(np.mean(got) - 0.5) < 3 * error
    assert error < 0.003


@pytest.mark.parametrize(("df", "r"), [(3.0, 0.5), (5.0, 0.3), (8.0, -0.2)])
def test_extremes_of_a_t_copula_come_together(df: float, r: float) -> None:
    """P(Y extreme | X extreme) → 2 T(−√((ν + 1)(1 − r) / (1 + r)), ν + 1)."""
    limit = 2 * stats.t.cdf(-math.sqrt((df + 1) * (1 - r) / (1 + r)), df + 1)
    level = 1e-14
    extreme = level * (np.arange(2000) + 0.5) / 2000
    both = _conditional(np.array([level]), extreme, r, df)[1].mean()
    assert both == pytest.approx(limit, rel=0.01)
    # of a Gaussian copula they do not
    assert _conditional(np.array([level]), extreme, r, math.inf)[1].mean() < 0.1 * limit


def test_what_discrete_inputs_cannot_reach_is_refused() -> None:
    rare, even = np.array([0.95]), np.array([0.5])
    most = rank_correlation(0.9999, steps=(rare, even))
    least = rank_correlation(-0.9999, steps=(rare, even))
    message = f"between {least:.2f} and {most:.2f}, got 0.9, move it there"
    with pytest.raises(ValueError, match=f"a rank correlation that these inputs can .*{message}"):
        latent_correlation(0.9, steps=(rare, even))
    # A rare event and a half: at most 0.05 of the 0.5 meet, √(0.05 / 0.95) of the way.
    assert most == pytest.approx(math.sqrt(0.05 / 0.95), rel=1e-3)
    with pytest.raises(ValueError, match="between -0.79 and 0.79, got -0.95, move it there"):
        latent_correlation(-0.95, "kendall", steps=(THREE, None), degrees_of_freedom=4)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=6).filter(lambda w: sum(map(bool, w)) > 1))
def test_states_without_probability_do_not_count(weights: list[int]) -> None:
    p = np.array(weights) / sum(weights)
    all_of_them = Categorical(tuple("abcdef"[: len(p)]), tuple(p.tolist()))
    steps = steps_of(all_of_them)
    assert steps is not None
    np.testing.assert_allclose(steps, np.cumsum(p[p > 0])[:-1])
    for df in (math.inf, 4.0):
        one = rank_correlation(0.5, steps=(steps, None), degrees_of_freedom=df)
        two = rank_correlation(0.5, steps=(steps, steps), degrees_of_freedom=df)
        assert 0 < one < 0.5
        assert 0 < two < 0.5


def test_which_marginals_have_steps() -> None:
    assert steps_of(normal(0, 1)) is None
    assert steps_of(3.0) is None
    assert steps_of(discrete([1, 2, 4], [0.2, 0.5, 0.3])) == pytest.approx([0.2, 0.7])
    assert steps_of(discrete([1, 2, 4], [0.2, 0.0, 0.8])) == pytest.approx([0.2])
    poisson = steps_of(from_scipy(stats.poisson(0.7)))
    assert poisson is not None
    assert poisson[:3] == pytest.approx(stats.poisson(0.7).cdf([0, 1, 2]))
    assert steps_of(from_scipy(stats.poisson(1e6))) is None  # as good as continuous


def test_many_values_are_as_good_as_continuous() -> None:
    fine = np.arange(1, 1000) / 1000
    for kind in ("spearman", "kendall"):
        got = rank_correlation(0.5, kind, steps=(fine, fine))
        assert got == pytest.approx(rank_correlation(0.5, kind), abs=2e-3)


names = st.integers(3, 6)


@st.composite
def matrices(draw: st.DrawFn) -> Array:
    """Symmetric, ones on the diagonal, zeros here and there, rarely positive definite."""
    size = draw(names)
    count = size * (size - 1) // 2
    values = draw(st.lists(st.sampled_from([-0.9, -0.5, 0.0, 0.3, 0.7, 0.95]), min_size=count,
                           max_size=count))  # fmt: skip
    matrix = np.eye(size)
    matrix[np.triu_indices(size, 1)] = values
    return matrix + matrix.T - np.eye(size)


@given(matrices())
def test_the_repair_is_the_smallest_that_keeps_zeros_and_signs(matrix: Array) -> None:
    before = matrix.copy()
    repaired, a = shrunk(matrix)
    np.testing.assert_array_equal(matrix, before)
    if smallest_eigenvalue(matrix) >= FLOOR:
        assert a == 0
        np.testing.assert_array_equal(repaired, matrix)
        return
    assert smallest_eigenvalue(repaired) == pytest.approx(FLOOR, rel=1e-2, abs=1e-14)
    np.linalg.cholesky(repaired)
    np.testing.assert_array_equal(np.sign(repaired), np.sign(matrix))
    np.testing.assert_array_equal(np.diag(repaired), 1)
    off = ~np.eye(len(matrix), dtype=bool)
    np.testing.assert_allclose(repaired[off], (1 - a) * matrix[off])
    less = a - 1e-11
    assert smallest_eigenvalue((1 - less) * matrix + less * np.eye(len(matrix))) < FLOOR


def test_the_points_of_a_net_have_the_rank_correlation_too() -> None:
    r = latent_correlation(0.4, steps=(THREE, None))
    z = special.ndtri(qmc.Sobol(2, rng=np.random.default_rng(1)).random(1 << 14).T + 2.0**-31)
    x, y = np.searchsorted(THREE, special.ndtr(z[0])), r * z[0] + math.sqrt(1 - r**2) * z[1]
    assert stats.spearmanr(x, y).statistic == pytest.approx(0.4, abs=1e-3)

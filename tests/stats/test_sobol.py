"""Sobol' indices against closed forms, in-sample guarantees and SALib."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from numpy.typing import NDArray
from SALib.analyze import sobol as salib
from scipy import stats

from risk.designs import sobol_replicate
from risk.stats.sobol import Indices, PickFreeze, indices, pick_freeze

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Case:
    """A function of the unit cube whose indices are known."""

    name: str
    function: Callable[[Array], Array]
    first: list[float]
    total: list[float]
    pairs: dict[tuple[int, int], float]


def ishigami() -> Case:
    """Ishigami & Homma 1990 with a = 7, b = 0.1."""
    a, b, pi = 7.0, 0.1, np.pi
    v1, v2 = 0.5 * (1 + b * pi**4 / 5) ** 2, a**2 / 8
    v13 = 8 * b**2 * pi**8 / 225
    v = v1 + v2 + v13

    def function(u: Array) -> Array:
        x = pi * (2 * u - 1)
        return np.sin(x[0]) + a * np.sin(x[1]) ** 2 + b * x[2] ** 4 * np.sin(x[0])

    total = [(v1 + v13) / v, v2 / v, v13 / v]
    return Case("ishigami", function, [v1 / v, v2 / v, 0.0], total, {(0, 2): v13 / v, (0, 1): 0.0})


def product(name: str, r: list[float], function: Callable[[Array], Array]) -> Case:
    """A product of independent factors with squared coefficients of variation r."""
    ratio = np.array(r)
    p = np.prod(1 + ratio)
    first = ratio / (p - 1)
    total = ratio / (1 + ratio) * p / (p - 1)
    pairs = {(i, j): ratio[i] * ratio[j] / (p - 1) for i, j in ((0, 1), (0, 2))}
    return Case(name, function, first.tolist(), total.tolist(), pairs)


def g_function() -> Case:
    """Sobol' g with a = 0, 1, 4.5, 9."""
    a = np.array([0.0, 1.0, 4.5, 9.0])[:, None]
    r = (1 / (3 * (1 + a[:, 0]) ** 2)).tolist()
    return product("g", r, lambda u: np.prod((np.abs(4 * u - 2) + a) / (1 + a), axis=0))


def lognormals() -> Case:
    """A product of lognormals with log-standard deviations .2, .3 and .5."""
    s = np.array([0.2, 0.3, 0.5])[:, None]
    r = np.expm1(s[:, 0] ** 2).tolist()
    return product("lognormals", r, lambda u: np.exp((s * stats.norm.ppf(u)).sum(axis=0)))


def kink() -> Case:
    """min(x1, x2) of the unit square."""
    return Case("kink", lambda u: u.min(axis=0), [0.4, 0.4], [0.6, 0.6], {(0, 1): 0.2})


CASES = [ishigami(), g_function(), lognormals(), kink()]


def outputs_of(case: Case, n: int, seed: int, replicate: int) -> Array:
    """Outputs of all designs in pairs: A, B; AB_1, BA_1; …"""
    d = len(case.first)
    a, b = sobol_replicate(n, list(range(d)), seed, (replicate,))
    pairs = [(a, b)]
    for i in range(d):
        mine = (np.arange(d) == i)[:, None]
        pairs.append((np.where(mine, b, a), np.where(mine, a, b)))
    return np.array([[case.function(u) for u in pair] for pair in pairs])


def split(pairs: Array) -> tuple[Array, list[Array]]:
    """The outputs of A and B, and those after each exchange."""
    return pairs[0], list(pairs[1:])


def sums_of(case: Case, n: int, seed: int, replicates: int = 16) -> PickFreeze:
    """Sums of a case's design, stacked over replicates."""
    rows = [pick_freeze(*split(outputs_of(case, n, seed, r))) for r in range(replicates)]
    return PickFreeze(*(np.concatenate(part) for part in zip(*rows, strict=True)))


def estimate(case: Case, n: int = 1024, seed: int = 545) -> Indices:
    return indices(sums_of(case, n, seed))


@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_closed_forms(case: Case) -> None:
    """Every index lies within four of its own standard errors of the truth."""
    found = estimate(case)
    for truth, result in ((case.first, found.first_order), (case.total, found.total_order)):
        # 1e-6: an index that is exactly 0 in theory has an error of rounding only
        slack = 4 * result.standard_error + 1e-6
        assert np.all(np.abs(result.value - truth) < slack)
        assert np.all(result.standard_error < 0.01)
    for (i, j), truth_ij in case.pairs.items():
        second = found.second_order
        assert abs(second.value[i, j] - truth_ij) < 4 * second.standard_error[i, j] + 1e-6
        assert second.value[i, j] == second.value[j, i]
    left = 1 - sum(case.first)
    assert abs(found.interaction.value - left) < 4 * found.interaction.standard_error + 1e-6


def test_the_error_shrinks_with_more_points() -> None:
    case = g_function()
    small, large = estimate(case, 256), estimate(case, 4096)
    assert np.all(large.total_order.standard_error < small.total_order.standard_error / 2)


def test_order_of_indices_holds_in_every_sample() -> None:
    """0 ≤ S_T and S ≤ S_T even from eight points, where estimates are far from the truth."""
    for seed, case in itertools.product(range(20), CASES):
        found = indices(sums_of(case, 8, seed, replicates=2))
        assert np.all(found.total_order.value >= 0)
        assert np.all(found.first_order.value <= found.total_order.value + 1e-12)


def test_indices_do_not_see_a_shift_or_a_scale() -> None:
    case = ishigami()
    moved = Case("moved", lambda u: 1e6 - 3 * case.function(u), case.first, case.total, {})
    plain, other = estimate(case), estimate(moved)
    assert np.allclose(plain.first_order.value, other.first_order.value, rtol=0, atol=1e-9)
    assert np.allclose(plain.total_order.interval, other.total_order.interval, rtol=0, atol=1e-9)


def test_an_independent_implementation_agrees() -> None:
    """SALib's estimator on its own design, within its own (bootstrap) interval and ours."""
    case = g_function()
    d = len(case.first)
    n = 4096
    a, b = sobol_replicate(n, list(range(d)), 1, (0,))
    rows = np.empty((n, 2 * d + 2, d))
    rows[:, 0], rows[:, -1] = a.T, b.T
    for i in range(d):
        rows[:, 1 + i], rows[:, 1 + d + i] = a.T, b.T
        rows[:, 1 + i, i], rows[:, 1 + d + i, i] = b[i], a[i]
    y = case.function(rows.reshape(-1, d).T)
    problem = {"num_vars": d, "names": [f"x{i}" for i in range(d)], "bounds": [[0, 1]] * d}
    theirs = salib.analyze(problem, y, calc_second_order=True, seed=1)
    ours = estimate(case)
    gap = np.abs(theirs["ST"] - ours.total_order.value)
    assert np.all(gap < theirs["ST_conf"] + 4 * ours.total_order.standard_error)
    gap = np.abs(theirs["S1"] - ours.first_order.value)
    assert np.all(gap < theirs["S1_conf"] + 4 * ours.first_order.standard_error)


def test_sums_are_those_of_the_definition() -> None:
    """Every sum against its formula, written out."""
    case = g_function()
    pairs = outputs_of(case, 64, 3, 0)
    (a, b), ab, ba = pairs[0], pairs[1:, 0], pairs[1:, 1]
    found = pick_freeze(*split(pairs))
    expected = {
        "first": 2 * np.sum((ba - b) * (a - ab), axis=-1),
        "total": np.sum((b - ba) ** 2 + (a - ab) ** 2, axis=-1),
        "variance": np.sum((a - b) ** 2 + (ba - ab) ** 2, axis=-1),
        "second": np.sum((ab - a)[:, None] * (ba - b)[None], axis=-1),
    }
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(found, name)[0], value, rtol=1e-12, atol=1e-13)


def test_the_same_estimators_on_the_same_points_are_salibs() -> None:
    """Jansen's total and Saltelli's first-order index from our design, to 1e-6 and far below."""
    case = ishigami()
    pairs = outputs_of(case, 1024, 0, 0)
    (a, b), ab, ba = pairs[0], pairs[1:, 0], pairs[1:, 1]
    y = np.stack([a, *ab, *ba, b], axis=1).ravel()
    problem = {"num_vars": 3, "names": ["x0", "x1", "x2"], "bounds": [[0, 1]] * 3}
    theirs = salib.analyze(problem, y, calc_second_order=True, num_resamples=2, seed=1)
    spread = np.var(np.concatenate([a, b]))
    jansen = pick_freeze(*split(pairs)).squares[0, 0] / (2 * 1024 * spread)
    np.testing.assert_allclose(jansen, theirs["ST"], rtol=0, atol=1e-10)
    saltelli = np.mean((b - np.mean(y)) * (ab - a), axis=-1) / spread
    np.testing.assert_allclose(saltelli, theirs["S1"], rtol=0, atol=1e-10)


@pytest.mark.parametrize("chunk", [1, 16, 128, 256])
def test_a_chunk_has_the_same_bits_wherever_it_stands(chunk: int) -> None:
    pairs = outputs_of(g_function(), 256, 1, 0)
    together = pick_freeze(*split(pairs), chunk)
    for k in range(256 // chunk):
        alone = pick_freeze(*split(pairs[..., k * chunk : (k + 1) * chunk]))
        assert np.array_equal(together.cross[k], alone.cross[0])
        assert np.array_equal(together.squares[k], alone.squares[0])

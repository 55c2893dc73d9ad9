"""The logarithmic pool against conjugate closed forms and quadrature of its definition."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
import pytest
from scipy import integrate, stats

from risk.families import (
    beta,
    discrete,
    gamma,
    logarithmic_pool,
    lognormal,
    mixture,
    normal,
    pert,
    student_t,
    triangular,
    uniform,
)
from risk.marginals import Marginal, from_scipy

CONJUGATE = {  # parts, weights, and the parameters by hand
    "normal": (
        [normal(1.0, 2.0), normal(4.0, 0.5)],
        [1, 3],
        # precisions 1/16 and 3
        {"mean": (1 / 16 + 12) / (1 / 16 + 3), "standard_deviation": (1 / 16 + 3) ** -0.5},
    ),
    "lognormal": (
        [lognormal(0.0, 1.0), lognormal(1.0, 0.5)],
        [1, 1],
        {"mu": 2 / 2.5, "sigma": 2.5**-0.5},
    ),
    "gamma": (
        [gamma(2.0, 3.0), gamma(6.0, 1.0)],
        [1, 3],
        {"shape": 5.0, "scale": 1 / (1 / 12 + 3 / 4)},
    ),
    "beta": ([beta(2.0, 3.0), beta(6.0, 1.0)], [1, 1], {"alpha": 4.0, "beta": 2.0}),
}
MIXED: dict[str, tuple[list[Marginal], list[float]]] = {  # pools that have no closed form
    "normal and t": ([normal(0.0, 1.0), student_t(2.0, 0.5, 3.0)], [2, 1]),
    "gamma and lognormal": ([gamma(2.0, 1.0), lognormal(1.0, 0.4)], [1, 1]),
    "shifted gammas": ([gamma(2.0, 1.0), gamma(2.0, 1.0, -1.0)], [1, 1]),
    "pert and triangular": ([pert(0.0, 1.0, 5.0), triangular(0.5, 3.0, 6.0)], [1, 2]),
    "beta and uniform": ([beta(0.5, 0.7), uniform(0.2, 3.0)], [1, 1]),
    "infinite at both ends": ([beta(0.5, 0.5), pert(-1.0, 0.5, 2.0)], [3, 1]),
    "a user's own": ([from_scipy(stats.gamma(2.0, 1.0)), gamma(3.0, 1.0)], [1, 1]),
}


def pooled_density(parts: Sequence[Marginal], weights: Sequence[float]) -> Callable[[float], float]:
    def density(x: float) -> float:
        with np.errstate(divide="ignore"):
            logs = sum(
                w * part.distribution.logpdf(x) for w, part in zip(weights, parts, strict=True)
            )
        return float(np.exp(logs / sum(weights)))

    return density


def integral(density: Callable[[float], float], low: float, high: float) -> float:
    return float(integrate.quad(density, low, high, limit=500, epsabs=1e-13, epsrel=1e-10)[0])


@pytest.mark.parametrize("family", CONJUGATE)
def test_families_that_pool_into_themselves(family: str) -> None:
    parts, weights, parameters = CONJUGATE[family]
    pool = logarithmic_pool(parts, weights)
    assert pool.family == family
    assert pool.parameters == pytest.approx(parameters, rel=1e-12)
    density = pooled_density(parts, weights)
    low, middle, high = pool.ppf(np.array([1e-9, 0.4, 1 - 1e-9]))
    share = integral(density, low, middle) / integral(density, low, high)
    assert share == pytest.approx(0.4, abs=1e-7)


@pytest.mark.parametrize("name", MIXED)
def test_others_are_the_normed_product_of_densities(name: str) -> None:
    parts, weights = MIXED[name]
    pool = logarithmic_pool(parts, weights)
    density = pooled_density(parts, weights)
    u = np.array([1e-10, 0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99, 1 - 1e-10])
    x = pool.ppf(u)
    mass = np.array([integral(density, a, b) for a, b in pairwise(x)])
    # The quantile function is a straight line in each of 8192 cells or more.
    np.testing.assert_allclose(np.cumsum(mass)[:-1] / mass.sum(), u[1:-1], atol=2e-6)
    np.testing.assert_allclose(pool.cdf(x[1:-1]), u[1:-1], atol=1e-12)
    mean = integral(lambda t: t * density(t), *x[[0, -1]]) / mass.sum()
    variance = integral(lambda t: (t - mean) ** 2 * density(t), *x[[0, -1]]) / mass.sum()
    assert pool.mean() == pytest.approx(mean, rel=1e-5)
    assert pool.standard_deviation() == pytest.approx(math.sqrt(variance), rel=1e-4)


@pytest.mark.parametrize("name", MIXED)
def test_no_value_falls_where_probabilities_rise(name: str) -> None:
    pool = logarithmic_pool(*MIXED[name])
    u = np.random.default_rng(5).random(2000)
    x = pool.ppf(np.unique([0.0, *u, *np.nextafter(u, 1.0), 1.0]))
    assert np.all(np.diff(x) >= 0)
    assert pool.support == (x[0], x[-1])


def test_experts_who_agree_are_left_as_they_are() -> None:
    one = triangular(0.0, 1.0, 3.0)
    pool = logarithmic_pool([one, one], [1, 4])
    u = np.linspace(0, 1, 101)
    np.testing.assert_allclose(pool.ppf(u), one.ppf(u), atol=1e-6)


def test_the_pool_is_narrower_than_the_mixture() -> None:
    parts = [normal(0.0, 1.0), student_t(2.0, 1.0, 5.0)]
    logarithmic, linear = logarithmic_pool(parts, [1, 1]), mixture(parts, [1, 1])
    assert logarithmic.standard_deviation() < 0.9 * linear.standard_deviation()


def test_only_the_shares_of_the_weights_count() -> None:
    parts, _ = MIXED["normal and t"]
    one, other = logarithmic_pool(parts, [2, 1]), logarithmic_pool(parts, [40, 20])
    np.testing.assert_allclose(one.ppf(np.array([0.1, 0.9])), other.ppf(np.array([0.1, 0.9])))


def test_what_it_says_of_itself() -> None:
    pool = logarithmic_pool([normal(0, 1), uniform(0, 1)], [3, 1])
    assert str(pool) == "Logarithmic pool of 75% Normal(0, 1), 25% Uniform(0, 1)"
    assert [part["weight"] for part in pool.parameters["components"]] == [0.75, 0.25]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ([uniform(0, 1), uniform(2, 3)], "who share some possible values for a logarithmic pool"),
        ([normal(0, 1), uniform(1e160, 2e160)], "got Normal.0, 1.; Uniform.1e.160, 2e.160.. Use"),
        ([normal(0, 1), mixture([normal(0, 1)], [1])], "with a density .* got Mixture of 100% Nor"),
        (
            [normal(0, 1), discrete([1, 2], [0.5, 0.5])],
            "with a density for a logarithmic pool, nor",
        ),
    ],
)
def test_pools_that_make_no_sense_are_refused(parts: list[Marginal], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        logarithmic_pool(parts, [1, 1])

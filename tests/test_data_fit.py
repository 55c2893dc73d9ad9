"""Fits to data: maximum likelihood as SciPy finds it, and how far the data is from the fit."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

from risk.data_fit import CANDIDATES, from_data, goodness
from risk.families import FAMILIES, normal
from risk.marginals import Marginal

Array = NDArray[np.float64]
PARENTS = {
    "normal": FAMILIES["normal"](3.0, 2.0),
    "lognormal": FAMILIES["lognormal"](0.3, 0.6),
    "gamma": FAMILIES["gamma"](2.5, 3.0),
    "beta": FAMILIES["beta"](2.0, 5.0),
    "student_t": FAMILIES["student_t"](1.0, 2.0, 3.0),
    "uniform": FAMILIES["uniform"](-1.0, 4.0),
    "triangular": FAMILIES["triangular"](1.0, 2.0, 5.0),
    "pert": FAMILIES["pert"](1.0, 2.0, 5.0),
    "metalog": FAMILIES["metalog"](1.0, 0.5, 0.2),
}
LIKELIEST = ("normal", "lognormal", "gamma", "beta", "student_t")


def sample(family: str, n: int, seed: int) -> Array:
    return PARENTS[family].ppf(np.random.default_rng(seed).random(n))


def likelihood(belief: Marginal, x: Array) -> float:
    return float(belief.distribution.logpdf(x).sum())


SCIPY: dict[str, Callable[[Array], Any]] = {
    "normal": lambda x: stats.norm(*stats.norm.fit(x)),
    "lognormal": lambda x: stats.lognorm(*stats.lognorm.fit(x, floc=0)),
    "gamma": lambda x: stats.gamma(*stats.gamma.fit(x, floc=0)),
    "beta": lambda x: stats.beta(*stats.beta.fit(x, floc=0, fscale=1)),
    "student_t": lambda x: stats.t(*stats.t.fit(x)),
}


@pytest.mark.parametrize("family", LIKELIEST)
@pytest.mark.parametrize("n", [12, 300])
def test_the_fit_is_the_likeliest(family: str, n: int) -> None:
    x = sample(family, n, seed=n)
    fitted = from_data(x.tolist(), family)
    assert fitted.family == family
    theirs = SCIPY[family](x)
    assert likelihood(fitted, x) >= float(theirs.logpdf(x).sum()) - 1e-6
    at = np.array([0.05, 0.5, 0.95])
    np.testing.assert_allclose(fitted.ppf(at), theirs.ppf(at), rtol=2e-3)


@pytest.mark.parametrize("family", LIKELIEST)
def test_no_other_parameters_are_likelier(family: str) -> None:
    x = sample(family, 100, seed=2)
    fitted = from_data(x.tolist(), family)
    best = likelihood(fitted, x)
    for name, value in fitted.parameters.items():
        for step in (-0.01, 0.01):
            near = fitted.parameters | {name: value + step * (abs(value) + 0.01)}
            assert likelihood(FAMILIES[family](**near), x) < best


@pytest.mark.parametrize("family", PARENTS)
def test_of_much_data_the_parent_is_found_again(family: str) -> None:
    """By quantiles: within 4 % of the range, ten standard errors or so of 4000 values."""
    x = sample(family, 4000, seed=4)
    at = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
    fitted, parent = from_data(x.tolist(), family), PARENTS[family].ppf(at)
    np.testing.assert_allclose(fitted.ppf(at), parent, atol=0.04 * np.ptp(parent))
    assert fitted.fit is not None
    assert fitted.fit.data is not None
    assert fitted.fit.data.ks == pytest.approx(stats.kstest(x, fitted.cdf).statistic, rel=1e-12)
    assert fitted.fit.data.ks < 2 / math.sqrt(4000)


@pytest.mark.parametrize(
    ("family", "held"),
    [
        ("student_t", {"degrees_of_freedom": 3.0}),
        ("lognormal", {"shift": -1.0}),
        ("gamma", {"shift": -1.0}),
        ("beta", {"minimum": -1.0, "maximum": 2.0}),
        ("metalog", {"terms": 3, "minimum": -9.0}),
    ],
)
def test_what_is_held_is_not_fitted(family: str, held: dict[str, float]) -> None:
    x = sample(family, 60, seed=3)
    fitted = from_data(x.tolist(), family, held=held)
    kept = {k: value for k, value in held.items() if k != "terms"}
    assert kept.items() <= fitted.parameters.items()
    if family == "student_t":
        _, location, scale = stats.t.fit(x, f0=3.0)
        assert fitted.parameters["location"] == pytest.approx(location, rel=1e-3)
        assert fitted.parameters["scale"] == pytest.approx(scale, rel=1e-3)


def test_a_sample_without_heavy_tails_is_nearly_normal_as_a_t() -> None:
    x = stats.norm(2.0, 3.0).ppf((np.arange(200) + 0.5) / 200)
    fitted = from_data(x.tolist(), "student_t")
    assert fitted.parameters["degrees_of_freedom"] > 100
    assert fitted.parameters["scale"] == pytest.approx(3.0, rel=0.02)


def test_the_record_of_a_fit() -> None:
    x = sample("gamma", 50, seed=5)
    fitted = from_data(x.tolist(), "gamma", file="data/x.csv", column="price")
    assert fitted.fit is not None
    data = fitted.fit.data
    assert data is not None
    assert (data.file, data.column) == ("data/x.csv", "price")
    assert list(data.values) == sorted(x.tolist())
    at = np.array(list(fitted.fit.asked))
    own = np.quantile(x, at)
    assert list(fitted.fit.asked.values()) == own.tolist()
    misfit = np.abs(fitted.ppf(at) - own).max() / (own[-1] - own[0])
    assert fitted.fit.misfit == pytest.approx(misfit)


def test_the_sample_as_it_is() -> None:
    x = [3.0, 1.0, 2.0]
    empirical = from_data(x, "empirical")
    assert empirical.family == "empirical"
    assert empirical.ppf(np.array([0.0, 0.5, 1.0])).tolist() == [1, 2, 3]
    assert empirical.fit is not None
    assert empirical.fit.misfit == 0


def test_the_best_has_the_smallest_information_criterion() -> None:
    x = sample("gamma", 400, seed=6)
    best = from_data(x.tolist(), "best")
    found = {}
    for family in CANDIDATES:
        try:
            own = from_data(x.tolist(), family)
        except ValueError:  # a beta has no room for it
            continue
        found[family] = 2 * len(own.parameters) - 2 * likelihood(own, x)
    order = sorted(found, key=lambda family: found[family])
    assert best.family == order[0] == "gamma"
    assert best.fit is not None
    assert best.fit.runner_up == order[1]
    other = from_data(x.tolist(), order[1]).fit
    assert other is not None
    assert best.fit.runner_up_misfit == other.misfit


def test_p_values_are_uniform_where_the_family_is_right() -> None:
    """20 samples: their share below 1/2, and their mean, stay inside four standard errors."""
    p = [goodness(from_data(sample("lognormal", 25, seed).tolist(), "lognormal"))
         for seed in range(20)]  # fmt: skip
    assert abs(np.mean(np.array(p) < 0.5) - 0.5) < 4 * math.sqrt(0.25 / 20)
    assert abs(np.mean(p) - 0.5) < 4 * math.sqrt(1 / 12 / 20)
    assert min(p) > 0.001


@pytest.mark.parametrize(
    ("parent", "wrong"), [("student_t", "normal"), ("lognormal", "normal"), ("uniform", "normal")]
)
def test_p_values_are_small_where_it_is_wrong(parent: str, wrong: str) -> None:
    assert goodness(from_data(sample(parent, 300, seed=7).tolist(), wrong)) == 0.01


@pytest.mark.parametrize("family", ["student_t", "beta", "uniform", "metalog"])
def test_every_family_has_a_p_value(family: str) -> None:
    assert goodness(from_data(sample(family, 20, seed=8).tolist(), family)) > 0.02


def test_only_a_fit_to_data_has_a_p_value() -> None:
    for belief in (normal(0, 1), from_data([1, 2, 3], "empirical")):
        with pytest.raises(ValueError, match="Expected a marginal of a family that was fitted to"):
            goodness(belief)


@pytest.mark.parametrize(
    ("values", "family", "held", "message"),
    [
        ([1, 2, 3], "normal", {}, "at least 8 finite values that differ, got 3. Give more data"),
        ([1] * 9, "normal", {}, "at least 8 finite values that differ, got 9"),
        ([*range(9), math.nan], "normal", {}, "at least 8 finite values that differ, got 10"),
        ([1, 1], "empirical", {}, "two different finite values for an empirical prior, got 1, 1"),
        (range(9), "gauss", {}, "a family of normal, .*, best or empirical, got 'gauss'. Choose"),
        (range(9), "lognormal", {}, "inside the support of a lognormal prior, got 0 to 8. Choose"),
        (range(9), "beta", {}, "inside the support of a beta prior, got 0 to 8. Choose another"),
        (
            range(1, 10),
            "gamma",
            {"shift": 2},
            "support of a gamma prior, got 1 to 9. .* hold other",
        ),
        (range(9), "normal", {"mean": 0}, "`held` parameters of normal among none, got 'mean'"),
        (range(9), "best", {"shift": 0}, "`held` parameters of best among none, got 'shift'"),
        (
            [1e250 * k for k in range(1, 9)],
            "normal",
            {},
            "that a normal prior can be fitted to, got 8 values from 1e.250 to 8e.250. .* unit.",
        ),
        (
            (0.5 + 1e-9 * np.arange(9)).tolist(),
            "beta",
            {},
            "that a beta prior can be fitted to, got 9 values from 0.5 to 0.5. Choose another fam",
        ),
    ],
)
def test_data_that_cannot_be_fitted_is_refused(
    values: list[float], family: str, held: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        from_data(values, family, held=held)


def test_of_the_best_those_that_cannot_be_fitted_are_left_out() -> None:
    x = (0.5 + 1e-9 * np.random.default_rng(1).random(20)).tolist()
    assert from_data(x, "best").family in ("normal", "student_t", "lognormal")

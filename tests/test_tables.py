"""Tables of quantile functions: as good as the function itself, or the function itself."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import special, stats

import risk
from risk import families as fam
from risk.elicitation import from_quantiles
from risk.marginals import Categorical, Marginal, from_scipy
from risk.tables import Table, tabulated

Array = NDArray[np.float64]
EPS = float(np.finfo(float).eps)
BODY, TAIL = 1e-9, 1e-6  # of the spread; of the value: what the docstring promises


def probabilities(strata: int) -> Array:
    """Even strata, both tails to the last double, and every cell's ends with their neighbours."""
    ends = np.ravel(2.0 ** -np.arange(1, 20)[:, None] * np.linspace(1, 2, 65))
    tails = 2.0 ** -np.linspace(1, 53, 2000)
    marks = np.concatenate([ends, tails, 2.0 ** -np.arange(1.0, 54)])
    marks = np.concatenate([marks, 1 - marks])
    even = (np.arange(strata) + 0.37) / strata
    u = np.concatenate([even, marks, np.nextafter(marks, 0), np.nextafter(marks, 1)])
    return np.unique(u[(u > 2.0**-54) & (u < 1)])


U = probabilities(100_000)


def room(quantile: Any, x: Array) -> Array:
    """How far a value may be from the exact one, `x`."""
    low, middle, high = quantile(np.array([0.25, 0.5, 0.75]))
    spread = np.maximum(high - low, np.abs(x - middle))
    one_sign = x.min() >= 0 or x.max() <= 0
    allowed = np.minimum(BODY * spread, TAIL * np.abs(x)) if one_sign else BODY * spread
    return np.asarray(np.maximum(allowed, 4 * EPS * np.abs(x)))


def assert_as_promised(draw: Any, exact: Any, u: Array) -> None:
    """The bounds on the error, the order and the range."""
    x, drawn = exact(u), draw(u)
    assert not np.isnan(drawn).any()
    far = np.abs(drawn - x) > room(exact, x)
    assert not far.any(), (u[far][:3], drawn[far][:3], x[far][:3])
    iqr = float(np.ptp(exact(np.array([0.25, 0.75]))))
    larger = np.maximum(np.maximum(np.abs(drawn[1:]), np.abs(drawn[:-1])), iqr)
    own = np.maximum(-np.diff(x), 0)  # by which the exact function falls itself
    falls = -np.diff(drawn) > 2 * EPS * larger + own
    assert not falls.any(), (u[1:][falls][:3], np.diff(drawn)[falls][:3])
    assert drawn.min() >= x.min()
    assert drawn.max() <= x.max()


RNG = np.random.default_rng(545)
OURS = {
    str(marginal): marginal
    for marginal in [
        fam.normal(0.0, 1.0),
        fam.normal(1e9, 1.0),
        fam.normal(1e300, 1e299),
        fam.lognormal(0.0, 3.0),
        fam.gamma(0.05, 1.0),
        fam.gamma(1e4, 1.0, -7.0),
        fam.beta(14.12, 11.04),
        fam.beta(2.2269, 2.2269),
        fam.beta(0.3, 0.4),
        fam.beta(0.01, 5.0),
        fam.beta(5.0, 0.01),
        fam.beta(500.0, 2.0, -3.0, 9.0),
        fam.uniform(0.0, 1.0),
        fam.uniform(1e-300, 2e-300),
        fam.triangular(0.0, 0.3, 1.0),
        fam.metalog(1.0, 0.5, 0.1, 0.2, 0.1, 0.1),
        fam.metalog(0.0, 0.6, minimum=0.0),
        fam.metalog(0.1, 0.5, 0.1, minimum=0.0, maximum=1.0),
        fam.discrete([1, 2, 4], [0.25, 0.5, 0.25]),
        fam.histogram([0, 1, 3, 5], [1, 0, 2]),
        fam.empirical(RNG.lognormal(size=300).tolist()),
        fam.mixture([fam.normal(-1.0, 1.0), fam.normal(1.0, 0.2)], [1, 1]),
        fam.mixture([fam.uniform(0.0, 1.0), fam.uniform(3.0, 5.0)], [1, 3]),
        fam.mixture([fam.histogram(range(11), range(1, 11)), fam.triangular(0, 1, 9)], [1, 1]),
        fam.truncated(fam.normal(0.0, 1.0), -1.0, 2.0),
        fam.stretched(fam.beta(4.0, 6.0), 1.5),
        fam.logarithmic_pool([fam.normal(0.0, 1.0), fam.triangular(-1, 0, 2)], [1, 1]),
        from_quantiles({0.05: 1.0, 0.5: 2.0, 0.95: 5.0}),
        from_quantiles({0.1: 0.2, 0.9: 0.6}, "beta"),
    ]
}
SCIPYS = {
    "poisson": stats.poisson(3),
    "binom": stats.binom(10, 0.3),
    "cauchy": stats.cauchy(),
    "gamma": stats.gamma(0.05),
    "beta": stats.beta(0.3, 0.4),
    "weibull_min": stats.weibull_min(0.5),
    "arcsine": stats.arcsine(),
    "norm": stats.norm(0, 1e-300),
    "rv_histogram": stats.rv_histogram(
        (np.array([1, 5, 2]), np.array([0.0, 1, 1.5, 4])), density=False
    ),
}


@pytest.mark.parametrize("name", OURS)
def test_of_every_family_a_draw_is_its_quantile(name: str) -> None:
    assert_as_promised(OURS[name].draw, OURS[name].ppf, U)
    low, high = OURS[name].support
    drawn = OURS[name].draw(U)
    assert low <= drawn.min()
    assert drawn.max() <= high


@pytest.mark.parametrize("name", SCIPYS)
def test_of_any_distribution_a_draw_is_its_quantile(name: str) -> None:
    law = SCIPYS[name]  # a histogram is no frozen distribution
    draw = from_scipy(law).draw if hasattr(law, "dist") else tabulated(law.ppf)
    assert_as_promised(draw, law.ppf, U)


def test_of_a_slow_distribution_a_draw_is_its_quantile() -> None:
    slow = stats.argus(1.0)  # SciPy looks for each of its quantiles, half a millisecond
    assert_as_promised(from_scipy(slow).draw, slow.ppf, probabilities(1000)[::40])


@pytest.mark.parametrize("degrees", [0.7, 1.5, 4.0, 30.0])
def test_student_t_is_scipys_and_better_where_scipy_is_off(degrees: float) -> None:
    """Within 1e-7 of one half SciPy's quantiles are off by up to 2e-8 of their spread."""
    t = fam.student_t(0.0, 1.0, degrees)
    assert_as_promised(t.draw, t.ppf, U[np.abs(U - 0.5) > 1e-6])
    near = 0.5 + np.linspace(-1e-6, 1e-6, 2001)
    np.testing.assert_allclose(stats.t(degrees).cdf(t.draw(near)), near, rtol=0, atol=1e-10)


CLOSED = {
    "exponential": (fam.gamma(1.0, 1.0), lambda u: -np.log1p(-u)),
    "root": (fam.beta(2.0, 1.0), np.sqrt),
    "arcsine": (fam.beta(0.5, 0.5), lambda u: np.sin(np.pi * u / 2) ** 2),
    "cauchy": (fam.student_t(0.0, 1.0, 1.0), lambda u: -1 / np.tan(np.pi * u)),
    "logistic": (fam.metalog(0.0, 1.0), lambda u: np.log(u) - np.log1p(-u)),
    "beta": (fam.beta(4.0, 6.0), stats.beta(4.0, 6.0).ppf),
    "truncated": (fam.truncated(fam.normal(0, 1), -1, 2), stats.truncnorm(-1, 2).ppf),
}


@pytest.mark.parametrize("name", CLOSED)
def test_draws_are_closed_forms(name: str) -> None:
    marginal, exact = CLOSED[name]
    u = (np.arange(9999) + 0.5) / 9999
    u = u[np.abs(u - 0.5) > 1e-6]
    x = exact(u)
    assert np.all(np.abs(marginal.draw(u) - x) <= room(exact, x) + 1e-12 * np.abs(x))


def test_the_main_cases_inputs_are_tables(main_priors: risk.Priors) -> None:
    believed = [getattr(prior, "marginal", None) for prior in main_priors.values()]
    states = [getattr(m, "marginals", {"": m}).values() for m in believed]
    marginals = [m for some in states for m in some if isinstance(m, Marginal)]
    assert len(marginals) > 10
    for marginal in marginals:
        assert_as_promised(marginal.draw, marginal.ppf, U[::10])
        if marginal.family in {"beta", "pert", "lognormal"}:
            at_most = 2 * 2.0**-11 / 16  # the outermost cell of either end
            assert tabulated(marginal.ppf).marked <= at_most  # type: ignore[attr-defined]


inside = st.floats(0.001, 0.999)
SHAPES = {
    "kink": lambda at: lambda u: u + np.maximum(u - at, 0),
    "jump": lambda at: lambda u: u + (u > at),
    "atom": lambda at: lambda u: np.where(u < at, u, np.maximum(u - 1e-3, at)),
}


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(sorted(SHAPES)), inside, st.integers(-3, 3))
def test_no_kink_or_jump_is_missed_wherever_it_is(shape: str, at: float, ulps: int) -> None:
    for place in (at, round(at * 64) / 64 + ulps * 2.0**-40):  # anywhere; beside a cell's end
        exact = SHAPES[shape](place)
        table = tabulated(exact)
        assert isinstance(table, Table)
        assert table.marked < 0.02
        near = place + np.linspace(-0.02, 0.02, 4001)
        u = np.unique(np.concatenate([near, place + near * 1e-6, U[::50]]))
        assert_as_promised(table, exact, u[(u > 0) & (u < 1)])


weights = st.lists(st.integers(0, 20), min_size=2, max_size=8).filter(lambda w: sum(w) > 0)
HISTOGRAMS = weights.map(lambda w: fam.histogram(np.cumsum(np.arange(1.0, len(w) + 2)), w))
PARTS = st.one_of(
    HISTOGRAMS,
    st.builds(fam.normal, st.floats(-9, 9), st.floats(0.01, 9)),
    st.builds(fam.lognormal, st.floats(-1, 1), st.floats(0.05, 2)),
    st.builds(fam.beta, st.floats(0.3, 50), st.floats(0.3, 50)),
    st.builds(lambda a, b, c: fam.triangular(a, a + b, a + b + c), *[st.floats(0.1, 3)] * 3),
)
MIXTURES = st.lists(st.tuples(PARTS, st.floats(0.01, 1)), min_size=2, max_size=3)


@settings(max_examples=25, deadline=None)
@given(MIXTURES)
def test_draws_of_mixtures_are_their_quantiles(some: list[tuple[Marginal, float]]) -> None:
    belief = fam.mixture(*zip(*some, strict=True))
    assert_as_promised(belief.draw, belief.ppf, probabilities(2000)[::3])
    for part, _ in some:
        assert_as_promised(tabulated(part.ppf), part.ppf, U[::20])


def test_what_leaves_its_curve_and_is_back_is_off_by_less_than_the_rise() -> None:
    """The docstring's limit: an empty bin and a denser one, both a ten-thousandth wide."""
    exact = fam.histogram([0, 0.3006, 0.3007, 0.3008, 1], [3006, 0, 2, 6992]).ppf
    error = np.abs(tabulated(exact)(U) - exact(U))
    assert error.max() < 1 / 440
    assert error[np.abs(U - 0.3007) > 2e-4].max() < 1e-9


def _half_flat(u: Array) -> Array:
    return np.maximum(special.ndtri(u), 0.7)  # no interquartile range


@pytest.mark.parametrize("exact", [_half_flat, np.ones_like, stats.bernoulli(0.2).ppf])
def test_where_most_values_are_equal_the_rest_is_as_good(exact: Any) -> None:
    table = tabulated(exact)
    assert isinstance(table, Table)
    assert_as_promised(table, exact, U)
    assert table.low.nbytes + table.high.nbytes < 100_000  # of the cache


def test_no_value_can_round_beyond_the_range() -> None:
    """A cell that ends at the largest value of all, or the smallest, is not in the table."""
    outermost = np.array([1.01 * 2.0**-11, 1 - 1.01 * 2.0**-11])
    table = tabulated(special.ndtri)
    assert isinstance(table, Table)
    assert np.isnan(table.polynomials(outermost)).all()
    assert not np.isnan(table.polynomials(0.5 + 0.998 * (outermost - 0.5))).any()


def test_a_function_full_of_kinks_stays_itself() -> None:
    exact = fam.empirical(RNG.random(1000).tolist()).ppf
    assert tabulated(exact) is exact


def test_any_shape_is_kept_and_each_value_is_its_own() -> None:
    draw = fam.beta(4.0, 6.0).draw
    u = RNG.random((3, 20_000))
    before = u.copy()
    together = draw(u)
    np.testing.assert_array_equal(u, before)
    np.testing.assert_array_equal(together, np.stack([draw(row) for row in u]))
    np.testing.assert_array_equal(draw(u[:, ::7]), together[:, ::7])
    assert draw(np.array(u[0, 0])) == together[0, 0]
    assert draw(np.empty((2, 0))).shape == (2, 0)


def test_the_ends_are_those_of_the_quantile_function() -> None:
    ends = np.array([0.0, 1.0, 5e-324, 2.0**-53, 1 - 2.0**-53])
    for marginal in (fam.normal(0.0, 1.0), fam.gamma(2.0, 1.0), fam.uniform(2.0, 3.0)):
        np.testing.assert_array_equal(marginal.draw(ends), marginal.ppf(ends))


def test_a_table_is_made_at_the_first_draw_once_and_not_sent() -> None:
    calls: list[int] = []

    def counted(u: Array) -> Array:
        calls.append(u.size)
        return np.asarray(special.ndtri(u))

    marginal = Marginal("counted", {}, stats.norm(), counted)
    assert calls == []
    first = marginal.draw(U[50_000:51_000])
    assert len(calls) == 1
    np.testing.assert_array_equal(marginal.draw(U[50_000:51_000]), first)
    assert len(calls) == 1
    assert marginal == Marginal("counted", {}, None, counted)


def test_a_marginal_that_has_drawn_is_sent_as_small_as_before() -> None:
    marginal = fam.beta(14.12, 11.04)
    size = len(pickle.dumps(marginal))
    drawn = marginal.draw(U[::100])
    assert len(pickle.dumps(marginal)) == size
    again = pickle.loads(pickle.dumps(marginal))
    assert again == marginal
    np.testing.assert_array_equal(again.draw(U[::100]), drawn)


def test_states_are_drawn_as_they_are() -> None:
    regime = Categorical(("open", "closed"), (0.25, 0.75))
    u = np.array([0.1, 0.25, 0.9])
    np.testing.assert_array_equal(regime.draw(u), regime.ppf(u))
    assert regime.draw(u).dtype == np.int16

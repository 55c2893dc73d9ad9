"""What a marginal is: categorical beliefs, a user's own distributions, and what is refused."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from risk.families import empirical, metalog, mixture, normal, truncated
from risk.marginals import Categorical, Marginal, from_scipy, named

probabilities = st.lists(st.integers(0, 50), min_size=1, max_size=6).filter(any)


@given(probabilities)
def test_each_state_gets_its_share_of_the_unit_interval(weights: list[int]) -> None:
    total = sum(weights)
    states = tuple(f"state_{i}" for i in range(len(weights)))
    regime = Categorical(states, tuple(w / total for w in weights))
    # The midpoints of 200 · total equal cells: no cell straddles two states.
    u = (np.arange(200 * total) + 0.5) / (200 * total)
    codes = regime.ppf(u)
    assert codes.dtype == np.int16
    assert np.all(np.diff(codes) >= 0)
    np.testing.assert_array_equal(np.bincount(codes, minlength=len(weights)) / 200, weights)


def test_a_categorical_belief_reads_as_its_shares() -> None:
    regime = Categorical(("open", "partial", "closed"), (0.1, 0.6, 0.3))
    assert str(regime) == "open 10% / partial 60% / closed 30%"


def test_rounding_gives_no_code_too_many() -> None:
    regime = Categorical(tuple("abcdefghij"), (0.1,) * 10)  # sums to 0.9999999999999999
    assert regime.ppf(np.array([np.nextafter(1, 0), 1.0])).tolist() == [9, 9]


@pytest.mark.parametrize(
    ("states", "shares", "message"),
    [
        (("a", "b"), (0.5, 0.4), "Expected probabilities that sum to 1, got a sum of 0.9. Change"),
        (("a", "b"), (1.5, -0.5), "for every state, got a 1.5, b -0.5. Correct them."),
        (("a", "b"), (math.nan, 1.0), "for every state, got a nan, b 1."),
        ((), (), "for every state, got no state"),
        (
            ("wide open", "b"),
            (0.5, 0.5),
            "named without blanks or commas, got 'wide open'. Rename it.",
        ),
        (("a,b", "c"), (0.5, 0.5), "without blanks or commas, got 'a,b'. Rename it."),
    ],
)
def test_probabilities_that_make_no_sense_are_refused(
    states: tuple[str, ...], shares: tuple[float, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Categorical(states, shares)


def test_a_distribution_of_scipy_is_a_marginal() -> None:
    gamma = from_scipy(stats.gamma(2.0, scale=3.0))
    assert isinstance(gamma, Marginal)
    assert (gamma.family, gamma.parameters) == ("gamma", {"argument_1": 2.0, "scale": 3.0})
    assert gamma.ppf(np.array([0.5]))[0] == pytest.approx(3 * special.gammaincinv(2, 0.5))
    assert gamma.support == (0, math.inf)


def test_parameters_that_make_no_distribution_are_refused() -> None:
    with pytest.raises(ValueError, match="that make a distribution, got norm with .* no median"):
        from_scipy(stats.norm(0, -1))


@pytest.mark.parametrize("thing", ["normal", None, stats.norm, object()])
def test_what_is_no_distribution_is_refused(thing: object) -> None:
    with pytest.raises(TypeError, match=r"Expected a frozen SciPy distribution .*, got \w+. Give"):
        from_scipy(thing)


def test_the_moments_of_a_users_own_are_scipys() -> None:
    gamma, cauchy = from_scipy(stats.gamma(2.0, scale=3.0)), from_scipy(stats.cauchy())
    assert gamma.mean() == 6.0
    assert gamma.standard_deviation() == pytest.approx(math.sqrt(18))
    assert cauchy.standard_deviation() == math.inf
    x = np.array([[0.5, 2.0], [7.0, 30.0]])
    np.testing.assert_array_equal(gamma.cdf(x), stats.gamma(2.0, scale=3.0).cdf(x))


def test_families_are_named_as_people_write_them() -> None:
    assert named("student_t", {"location": 1.5, "scale": 2}) == "Student t(1.5, 2)"
    assert named("pert", {"minimum": 0, "mode": 1, "maximum": 1e6}) == "PERT(0, 1, 1e+06)"


@pytest.mark.parametrize(
    "belief",
    [
        normal(1.0, 2.0),
        metalog(1.0, 0.5, 0.1, minimum=0.0),
        truncated(mixture([normal(0, 1), empirical([1.0, 2.0, 4.0])], [1, 2]), 0.0),
        from_scipy(stats.gamma(2.0)),
    ],
    ids=str,
)
def test_a_marginal_can_be_sent_to_another_process(belief: Marginal) -> None:
    u = np.linspace(0.01, 0.99, 99)
    before = belief.ppf(u)  # with whatever it keeps after its first use
    again = pickle.loads(pickle.dumps(belief))
    np.testing.assert_array_equal(again.ppf(u), before)
    assert str(again) == str(belief)

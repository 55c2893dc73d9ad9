"""Fits return the quantiles that they were given, or say which family would."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from risk.elicitation import from_quantiles
from risk.families import FAMILIES
from risk.families.fitting import EXACT
from risk.marginals import Marginal

TWO = [(0.05, 0.95), (0.1, 0.9), (0.25, 0.75), (0.01, 0.99), (0.05, 0.5)]
MORE = [  # four to seven
    (0.05, 0.25, 0.75, 0.95),
    (0.05, 0.25, 0.5, 0.75, 0.95),
    (0.01, 0.1, 0.3, 0.6, 0.9, 0.99),
    (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99),
]
THREE = [(0.05, 0.5, 0.95), (0.1, 0.5, 0.9), (0.25, 0.5, 0.75), (0.01, 0.5, 0.99), (0.05, 0.6, 0.9)]


def numbers(low: float, high: float) -> st.SearchStrategy[float]:
    return st.floats(low, high, allow_nan=False, allow_subnormal=False)


def powers(low: float, high: float) -> st.SearchStrategy[float]:
    return numbers(low, high).map(lambda x: float(10.0**x))


@st.composite
def three_points(draw: st.DrawFn, family: str) -> Marginal:
    low, width, mode = draw(numbers(-100, 100)), draw(powers(-3, 3)), draw(numbers(0, 1))
    return FAMILIES[family](low, min(low + mode * width, low + width), low + width)


BELIEFS: dict[str, st.SearchStrategy[Marginal]] = {
    "normal": st.builds(FAMILIES["normal"], numbers(-100, 100), powers(-4, 4)),
    "student_t": st.builds(FAMILIES["student_t"], numbers(-100, 100), powers(-4, 4)),
    "lognormal": st.builds(FAMILIES["lognormal"], numbers(-8, 8), powers(-1.5, 0.3)),
    "gamma": st.builds(FAMILIES["gamma"], powers(-0.5, 2.5), powers(-3, 3)),
    "beta": st.builds(FAMILIES["beta"], powers(-0.4, 2.5), powers(-0.4, 2.5)),
    "uniform": st.builds(lambda a, w: FAMILIES["uniform"](a, a + w), numbers(-9, 9), powers(-3, 3)),
    "triangular": three_points("triangular"),
    "pert": three_points("pert"),
}
SHIFTED = {
    "lognormal": st.builds(
        FAMILIES["lognormal"], numbers(-3, 3), powers(-1.5, 0.3), numbers(-9, 9)
    ),
    "gamma": st.builds(FAMILIES["gamma"], powers(-0.3, 2), powers(-3, 3), numbers(-9, 9)),
}


def is_ordinary(share: Marginal) -> bool:
    """Whether a share's P1 and P99 are not a millionth from the ends."""
    low, high = share.ppf(np.array([0.01, 0.99]))
    return bool(low > 1e-6 and high < 1 - 1e-6)


def check_return(
    belief: Marginal, probabilities: tuple[float, ...], family: str | None
) -> Marginal:
    at = np.array(probabilities)
    asked = belief.ppf(at)
    fitted = from_quantiles(dict(zip(probabilities, asked.tolist(), strict=True)), family)
    assert fitted.family == (family or fitted.family)
    assert np.abs(fitted.ppf(at) - asked).max() <= EXACT * (asked[-1] - asked[0])
    assert fitted.fit is not None
    assert fitted.fit.asked == dict(zip(probabilities, asked.tolist(), strict=True))
    assert fitted.fit.misfit <= EXACT
    return fitted


@pytest.mark.parametrize("family", ["normal", "student_t", "lognormal", "gamma", "beta", "uniform"])
@settings(max_examples=25, deadline=None)
@given(st.data())
def test_two_quantiles_are_returned(family: str, data: st.DataObject) -> None:
    belief, probabilities = data.draw(BELIEFS[family]), data.draw(st.sampled_from(TWO))
    assume(family != "beta" or is_ordinary(belief))
    check_return(belief, probabilities, family)


@pytest.mark.parametrize("family", BELIEFS)
@settings(max_examples=40, deadline=None)
@given(st.data())
def test_three_to_seven_quantiles_of_a_family_are_returned(
    family: str, data: st.DataObject
) -> None:
    belief, probabilities = data.draw(BELIEFS[family]), data.draw(st.sampled_from(THREE + MORE))
    assume(family != "beta" or is_ordinary(belief))
    check_return(belief, probabilities, family)


@pytest.mark.parametrize("family", SHIFTED)
@settings(max_examples=20, deadline=None)
@given(st.data())
def test_three_quantiles_or_more_fix_a_shift(family: str, data: st.DataObject) -> None:
    belief, probabilities = data.draw(SHIFTED[family]), data.draw(st.sampled_from(THREE + MORE))
    check_return(belief, probabilities, family)


@settings(max_examples=12, deadline=None)
@given(st.one_of(*BELIEFS.values(), *SHIFTED.values()), st.sampled_from(THREE))
def test_without_a_family_the_first_that_returns_them_is_taken(
    belief: Marginal, probabilities: tuple[float, ...]
) -> None:
    check_return(belief, probabilities, None)


@pytest.mark.parametrize(
    ("belief", "probabilities"),
    [
        (FAMILIES["normal"](1.3, 0.4), (0.05, 0.95)),
        (FAMILIES["lognormal"](-1.609, 0.557), (0.05, 0.95)),
        (FAMILIES["lognormal"](-1.609, 0.557), (0.05, 0.5, 0.95)),
        (FAMILIES["lognormal"](0.3, 0.4, -1.5), (0.05, 0.5, 0.95)),
        (FAMILIES["student_t"](1.3, 0.4), (0.05, 0.95)),
        (FAMILIES["gamma"](2.5, 3.0), (0.05, 0.95)),
        (FAMILIES["gamma"](2.5, 3.0), (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)),
        (FAMILIES["gamma"](2.5, 3.0, -4.0), (0.05, 0.5, 0.95)),
        (FAMILIES["beta"](2.1, 4.93), (0.05, 0.95)),
        (FAMILIES["beta"](0.5, 19.5), (0.05, 0.5, 0.95)),
        (FAMILIES["uniform"](-1.0, 2.0), (0.05, 0.95)),
        (FAMILIES["triangular"](1.05, 1.25, 1.4), (0.05, 0.5, 0.95)),
        (FAMILIES["pert"](0.55, 0.9, 1.0), (0.05, 0.5, 0.95)),
    ],
    ids=str,
)
def test_the_parameters_are_found_again(belief: Marginal, probabilities: tuple[float, ...]) -> None:
    fitted = check_return(belief, probabilities, belief.family)
    assert fitted.parameters == pytest.approx(belief.parameters, rel=1e-5)


def test_the_order_of_the_quantiles_does_not_matter() -> None:
    one = from_quantiles({0.95: 5.0, 0.05: 1.0, 0.5: 2.0})
    assert one.parameters == from_quantiles({0.05: 1.0, 0.5: 2.0, 0.95: 5.0}).parameters


@pytest.mark.parametrize(
    ("quantiles", "family", "message"),
    [
        ({}, "normal", "Expected two to seven quantiles, got 0. Give P5, P50 and P95, or two."),
        ({0.5: 1}, "normal", "Expected two to seven quantiles, got 1"),
        ({k / 9: k for k in range(1, 9)}, "normal", "Expected two to seven quantiles, got 8"),
        ({0.05: 1, 0.95: 2}, None, "Expected a family with two quantiles, since several fit them"),
        ({0.05: 1, 0.95: 2}, "gauss", "Expected a family of normal, .*, got 'gauss'. Choose one"),
        ({0.0: 1, 0.95: 2}, "normal", "strictly between P0 and P100, got P0 = 1, P95 = 2. Correct"),
        ({5: 1, 95: 2}, "normal", "strictly between P0 and P100, got P500 = 1"),
        ({0.05: float("nan"), 0.95: 2}, "normal", "Expected finite quantiles .* got P5 = nan"),
        ({0.05: -1e308, 0.95: 1e308}, "normal", "Expected quantiles of a usual size.*the unit."),
        ({0.05: 0, 0.95: 1e-200}, "normal", "Expected quantiles of a usual size"),
        (
            {0.05: 2, 0.5: 1, 0.95: 5},
            "normal",
            "Expected quantiles that increase .*, got P5 = 2, P50 = 1, P95 = 5, which cross. Put",
        ),
        ({0.05: 1, 0.95: 1}, "uniform", "which cross. Put them in order."),
        (
            {0.05: 0, 0.95: 0.5},
            "beta",
            r"inside the support \(0, 1\) of a beta prior, got P5 = 0, P95 = 0.5. Change them or",
        ),
        ({0.05: 0.5, 0.95: 1}, "beta", r"inside the support \(0, 1\)"),
        ({0.05: -1, 0.95: 2}, "lognormal", r"inside the support \(0, ∞\) of a lognormal prior"),
        ({0.05: 1, 0.95: 2}, "pert", "Expected three quantiles for a pert prior, got 2. Add one."),
        ({0.05: 1, 0.95: 2}, "triangular", "Expected three quantiles for a triangular prior, got"),
        (
            {0.05: 1, 0.5: 2, 0.95: 5},
            "normal",
            r"Expected quantiles that a normal prior can return, got P5 = 1, P50 = 2, P95 = 5 "
            r"\(it gives P5 = 0.666667, P50 = 2.66667, P95 = 4.66667\). Of all families lognormal "
            "returns them: use it or change the quantiles.",
        ),
        (
            {0.05: -1, 0.5: 2, 0.95: 2.7},  # skewed to the left: no lognormal is
            "lognormal",
            "that a lognormal prior can return.* Of all families pert comes closest, with P5 = ",
        ),
        (
            {0.05: 1, 0.5: 1000, 0.95: 1001},
            None,
            "that any family can return, got P5 = 1, P50 = 1000, P95 = 1001. Of all families pert "
            "comes closest, with P5 = .*, P50 = .*, P95 = .*: use it or change the quantiles.",
        ),
        (
            {0.05: 1, 0.5: 1000, 0.95: 1001},
            "pert",
            r"\(it gives P5 = .*\). No family but a metalog comes closer: use that or change",
        ),
        (
            {0.05: 0.1, 0.5: 0.11, 0.95: 0.9},
            "beta",
            r"\(it gives .*\). Of all families lognormal returns them",
        ),
    ],
)
def test_quantiles_that_cannot_be_are_refused(
    quantiles: dict[float, float], family: str | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        from_quantiles(quantiles, family)

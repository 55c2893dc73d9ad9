"""Least squares over more quantiles than parameters, held parameters and truncated families."""

from __future__ import annotations

import math

import numpy as np
import pytest

from risk.elicitation import CANDIDATES, LARGEST_MISFIT, families_by_misfit, from_quantiles
from risk.families import FAMILIES, truncated
from risk.families.fitting import EXACT
from risk.marginals import Marginal

FIVE = (0.05, 0.25, 0.5, 0.75, 0.95)
# Five quantiles that no family returns, but several come near; as a normal, a lognormal, … all
NEAR = {0.2: 0.215, 0.35: 0.293, 0.5: 0.356, 0.65: 0.4275, 0.8: 0.508}


@pytest.mark.parametrize("family", [*CANDIDATES, "metalog"])
def test_of_all_parameters_the_fitted_ones_come_closest(family: str) -> None:
    """The sum of squares rises in whatever direction a parameter is moved."""
    at, asked = np.array(list(NEAR)), np.array(list(NEAR.values()))
    held = {"metalog": {"terms": 3}}.get(family)
    fitted = from_quantiles(NEAR, family, held=held)

    def squares(parameters: dict[str, float]) -> float:
        return float(((FAMILIES[family](**parameters).ppf(at) - asked) ** 2).sum())

    own = {k: float(x) for k, x in fitted.parameters.items()}
    least = squares(own)
    moved = [name for name in own if name != "degrees_of_freedom"]
    rng = np.random.default_rng(1)
    for size in (1e-2, 1e-3):
        for direction in rng.standard_normal((20, len(moved))):
            # on the scale of each number, or of the quantiles where it is a place
            steps = size * direction * [abs(own[k]) + 0.05 for k in moved]
            near = own | {k: own[k] + d for k, d in zip(moved, steps, strict=True)}
            assert squares(near) > least
    assert fitted.fit is not None
    got = np.abs(fitted.ppf(at) - asked).max() / (asked[-1] - asked[0])
    assert fitted.fit.misfit == pytest.approx(got)
    assert EXACT < fitted.fit.misfit < LARGEST_MISFIT


def test_a_metalog_of_as_many_terms_returns_them() -> None:
    wide = {0.05: 0.1, 0.25: 0.22, 0.5: 0.3, 0.75: 0.4, 0.95: 0.6}
    for terms in (3, 4, 5):
        fitted = from_quantiles(wide, "metalog", held={"terms": terms})
        assert len(fitted.parameters) == terms
    assert fitted.fit is not None
    assert fitted.fit.misfit < 1e-12
    with pytest.raises(ValueError, match=r"a5 = .*\. Use fewer terms, or quantiles that are less"):
        from_quantiles(NEAR, "metalog")  # a line through all five would fall somewhere


def test_the_best_family_and_the_next() -> None:
    order = families_by_misfit(NEAR)
    best = from_quantiles(NEAR, "best")
    assert best == from_quantiles(NEAR)
    assert best.family == order[0][0]
    assert best.fit is not None
    assert best.fit.misfit == order[0][1] <= order[1][1]
    assert (best.fit.runner_up, best.fit.runner_up_misfit) == order[1]
    for family, misfit in order:
        if misfit <= LARGEST_MISFIT:
            own = from_quantiles(NEAR, family).fit
            assert own is not None
            assert (own.misfit, own.runner_up) == (misfit, None)
    # Of those that return them, the one that comes first in the list, not the smallest rounding.
    assert from_quantiles({0.05: 1.0, 0.5: 3.0, 0.95: 5.0}).family == "normal"
    assert from_quantiles({0.05: 1.0, 0.95: 5.0}, "best").family == "normal"


@pytest.mark.parametrize(
    ("belief", "held"),
    [
        (FAMILIES["student_t"](1.0, 2.0, 7.0), {"degrees_of_freedom": 7.0}),
        (FAMILIES["lognormal"](0.3, 0.4, -1.5), {"shift": -1.5}),
        (FAMILIES["gamma"](2.0, 0.4, 3.0), {"shift": 3.0}),
        (FAMILIES["beta"](2.0, 3.0, -1.0, 4.0), {"minimum": -1.0, "maximum": 4.0}),
        (FAMILIES["metalog"](1.0, 0.5, 0.2, minimum=-2.0), {"minimum": -2.0}),
    ],
    ids=str,
)
def test_what_is_held_is_not_fitted(belief: Marginal, held: dict[str, float]) -> None:
    at = np.array([0.05, 0.5, 0.95])
    asked = dict(zip(at.tolist(), belief.ppf(at).tolist(), strict=True))
    fitted = from_quantiles(asked, belief.family, held=held)
    assert fitted.parameters == pytest.approx(belief.parameters, rel=1e-6)
    assert held.items() <= fitted.parameters.items()


@pytest.mark.parametrize(
    ("family", "held", "message"),
    [
        ("normal", {"mean": 0}, "Expected `held` parameters of normal among none, got 'mean'. Rem"),
        (None, {"shift": 0}, "Expected `held` parameters of best among none, got 'shift'"),
        ("beta", {"alpha": 2}, "of beta among minimum, maximum, got 'alpha'"),
        ("metalog", {"terms": 6}, "Expected 3 to 3 terms of a metalog with 3 quantiles, got 6."),
        ("metalog", {"terms": 2.5}, "3 to 3 terms of a metalog with 3 quantiles, got 2.5. Change"),
        ("lognormal", {"shift": 1.5}, r"inside the support \(1.5, ∞\) of a lognormal prior"),
    ],
)
def test_what_cannot_be_held_is_refused(
    family: str | None, held: dict[str, float], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        from_quantiles({0.05: 1.0, 0.5: 2.0, 0.95: 5.0}, family, held=held)


@pytest.mark.parametrize(
    "whole",
    [
        FAMILIES["normal"](1.0, 2.0),
        FAMILIES["student_t"](1.0, 2.0),
        FAMILIES["lognormal"](0.3, 0.8),
        FAMILIES["gamma"](2.0, 1.0),
        FAMILIES["beta"](2.0, 3.0),
        FAMILIES["triangular"](-1.0, 1.0, 5.0),
        FAMILIES["pert"](-1.0, 1.0, 5.0),
        FAMILIES["metalog"](1.0, 0.5, 0.2),
    ],
    ids=str,
)
@pytest.mark.parametrize("ends", [(0.1, 0.8), (0.02, None), (None, 0.9)])
@pytest.mark.parametrize("probabilities", [(0.05, 0.5, 0.95), FIVE])
def test_quantiles_of_a_truncated_family_are_those_of_what_is_left(
    whole: Marginal, ends: tuple[float | None, float | None], probabilities: tuple[float, ...]
) -> None:
    low, high = (
        end if u is None else float(whole.ppf(np.array(u)))
        for u, end in zip(ends, (-math.inf, math.inf), strict=True)
    )
    at = np.array(probabilities)
    asked = dict(zip(probabilities, truncated(whole, low, high).ppf(at).tolist(), strict=True))
    held = {"terms": 3} if whole.family == "metalog" else None
    fitted = from_quantiles(asked, whole.family, held=held, minimum=low, maximum=high)
    assert fitted.family == "truncated"
    ends_of_both = max(low, whole.support[0]), min(high, whole.support[1])
    assert fitted.support == pytest.approx(ends_of_both, rel=1e-6)
    assert fitted.fit is not None
    assert fitted.fit.misfit <= EXACT
    np.testing.assert_allclose(fitted.ppf(at), list(asked.values()), rtol=1e-5)


def test_quantiles_beyond_the_limits_are_refused() -> None:
    message = "inside the limits 0 to 4, got P5 = 1, P95 = 5. Move the limits out or change the"
    with pytest.raises(ValueError, match=message):
        from_quantiles({0.05: 1.0, 0.95: 5.0}, "normal", minimum=0, maximum=4)

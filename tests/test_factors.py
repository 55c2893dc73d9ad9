"""Which columns are exchanged together, and what the factors are called."""

from __future__ import annotations

import math
from typing import Any

import pytest
from scipy.stats import norm

import risk
from risk.blocks import Correlated, Shares
from risk.factors import factor_coords, factors_of, varies
from risk.marginals import Categorical

MIX = Shares({"api": 2.0, "app": 5.0, "web": 1.0}, name="mix", label="Channel mix")


def prior(distribution: Any, **more: Any) -> risk.Prior:
    return risk.Prior(distribution, unit="1", source="a source", **more)


def priors(innovations: bool, df: float = math.inf, label: str = "Market") -> risk.Priors:
    market = Correlated(
        {("d", "b"): 0.5, ("b", "e"): 0.2},
        name="market",
        label=label,
        innovations=innovations,
        degrees_of_freedom=df,
    )
    mix = Shares(MIX.parameters, name="mix", label=MIX.label, innovations=innovations)
    inputs = {name: prior(norm(0, 1), label=name.upper()) for name in "abcde"}
    inputs |= {name: prior(mix[name]) for name in mix.members}
    inputs |= {"fact": prior(1.0), "regime": prior({"x": 1.0, "y": 0.0})}
    return risk.Priors(inputs, blocks=[market, mix])


def test_by_default_a_block_is_one_factor_in_the_order_of_the_inputs() -> None:
    assert factors_of(priors(False), None) == {
        "a": ("a",),
        "market": ("d", "b", "e"),
        "c": ("c",),
        "mix": ("api", "app", "web"),
    }
    found = factors_of(priors(False), None)
    assert list(found) == ["a", "market", "c", "mix"]  # b, the second input, is in the market


def test_innovations_are_factors_of_their_own() -> None:
    found = factors_of(priors(True, 4.0), None)
    assert all(columns == (factor,) for factor, columns in found.items())
    assert set(found) == {
        "a", "c", "d", "b | d", "e | d, b", "market shock", "api", "app | api"
    }  # fmt: skip
    coords = factor_coords(priors(True, 4.0), found)
    labels = dict(zip(found, coords["factor_label"][1], strict=True))
    assert labels == {
        "a": "A",
        "c": "C",
        "d": "D",
        "b | d": "B, beyond what D explains",
        "e | d, b": "E, beyond what D and B explain",
        "market shock": "Common shock of Market",
        "api": "Api",
        "app | api": "App, beyond what Api explains",
    }
    inputs = dict(zip(found, coords["factor_inputs"][1], strict=True))
    assert inputs["e | d, b"] == "e"
    assert inputs["market shock"] == "d + b + e"


def test_a_block_is_called_by_its_label_or_its_name() -> None:
    for label, expected in (("Market", "Market"), ("", "market")):
        case = priors(False, label=label)
        found = factors_of(case, None)
        coords = factor_coords(case, found)
        assert coords["factor_label"][1] == ["A", expected, "C", "Channel mix"]
        assert coords["factor_inputs"][1] == ["a", "d + b + e", "c", "api + app + web"]


def test_a_factor_of_ones_own_takes_a_block_whole() -> None:
    for innovations, columns in ((False, ("d", "b", "e")), (True, ("d", "b | d", "e | d, b"))):
        found = factors_of(priors(innovations), {"all": ["a", "d", "b", "e"]})
        assert found["all"] == ("a", *columns)
        assert not set(columns) & set(found)


@pytest.mark.parametrize(
    ("factors", "message"),
    [
        (
            {"part": ["d", "b"]},
            r"the inputs \['d', 'b', 'e'\], which belong together, in one factor",
        ),
        ({"part": ["api"]}, r"the inputs \['api', 'app', 'web'\], which belong together"),
        ({"one": ["d", "b"], "two": ["e"]}, "got them split. Put them all in the same one."),
        ({"c": ["a"]}, r"factor labels that are no inputs' names, got \['c'\]"),
        (
            {"market": ["a"]},
            "factor labels that are no blocks' names, got 'market'. Choose another",
        ),
        ({"one": ["fact"]}, "got 'fact', a fixed input, which is no factor"),
        ({"one": ["regime"]}, "got 'regime', a fixed input, which is no factor"),
        ({"one": ["market"]}, "of uncertain inputs, got 'market', not an input"),
    ],
)
@pytest.mark.parametrize("innovations", [False, True])
def test_factors_that_make_no_sense_are_refused(
    factors: dict[str, list[str]], message: str, innovations: bool
) -> None:
    if innovations and "market" in factors:
        assert factors_of(priors(True), factors)["market"] == ("a",)  # the name is free
        return
    with pytest.raises(ValueError, match=message):
        factors_of(priors(innovations), factors)


def test_what_can_take_two_values_varies() -> None:
    assert varies(prior(norm(0, 1)).marginal)
    assert varies(Categorical(("a", "b"), (0.5, 0.5)))
    assert not varies(Categorical(("a", "b"), (1.0, 0.0)))

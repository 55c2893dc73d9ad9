"""What does not fit between inputs and the blocks that they belong to, found all at once."""

from __future__ import annotations

from dataclasses import replace
from math import nan
from typing import Any

import pytest
from scipy import stats

import risk
from risk.block_checks import block_problems
from risk.blocks import Correlated, Shares, components
from risk.checks import UNKNOWN
from risk.families import discrete
from risk.priors import Prior

STATES = {"open": 0.25, "closed": 0.75}


def prior(distribution: Any, **more: Any) -> Prior:
    return Prior(distribution, unit="1", source="a source", **more)


NUMBER, REGIME = prior(stats.beta(2, 5)), prior(STATES)
CHILD = prior({"open": {"low": 0.5, "high": 0.5}, "closed": {"low": 1, "high": 0}}, given="regime")
INPUTS = {
    "a": NUMBER,
    "bb": NUMBER,
    "c": prior(discrete([1, 2], [0.5, 0.5])),
    "fixed": prior(1.0),
    "regime": REGIME,
    "child": CHILD,
    "given": prior({"open": 1, "closed": stats.norm()}, given="regime"),
    "stepped": prior({"open": discrete([1, 2], [0.5, 0.5]), "closed": 2}, given="regime"),
    "counted": prior({"open": stats.poisson(2), "closed": 2}, given="regime"),
    "other": prior({"x": 0.5, "y": 0.5}),
}


def test_what_fits_has_no_problems() -> None:
    pairs = {("a", "bb"): 0.5, ("bb", "c"): 0.2, ("other", "a"): 0.3, ("given", "c"): -0.4}
    assert block_problems(INPUTS, [Correlated(pairs)]) == []
    states = {
        state: {("a", "bb"): 0.5} for state in ("open, x", "open, y", "closed, x", "closed, y")
    }
    assert block_problems(INPUTS, [Correlated(given=("regime", "other"), states=states)]) == []
    assert block_problems(INPUTS, [Correlated({("a", "regime"): 0.5})]) == []


@pytest.mark.parametrize(
    ("correlation", "place", "message"),
    [
        (
            {("a", "x"): 0.5},
            "pairs.0.1",
            "that can be correlated, got 'x', which is no input, name",
        ),
        (
            {("b", "a"): 0.5},
            "pairs.0.0",
            "got 'b', which is no input, name one. Did you mean 'bb'?",
        ),
        ({("a", "fixed"): 0.5}, "pairs.0.1", "got 'fixed', which is fixed, remove the pair"),
        ({("a", "child"): 0.5}, "pairs.0.1", "got 'child', a regime given another, correlate that"),
        ({("a", "stepped"): 0.5}, "pairs.0.1", "got 'stepped', which is discrete in some state, g"),
        ({("a", "counted"): 0.5}, "pairs.0.1", "got 'counted', which is discrete in some state, g"),
        (
            {("a", "a"): 0.5, ("a", "bb"): 0.1},
            "pairs.0",
            "expected each pair of different inputs once, remove this o",
        ),
        ({("a", "bb"): 1.0}, "pairs.0.2", "a rank correlation inside (-1, 1), got 1, correct it"),
        ({("a", "bb"): nan}, "pairs.0.2", "expected a rank correlation inside (-1, 1), got nan"),
        (
            {("a", "bb"): 0.5, ("bb", "a"): 0.5},
            "pairs.1",
            "expected each pair of different inputs once, remove this one",
        ),
    ],
)
def test_a_correlation_joins_two_uncertain_inputs(
    correlation: dict[tuple[str, str], float], place: str, message: str
) -> None:
    (block,) = components(correlation)
    ((name, field, what),) = block_problems(INPUTS, [block])
    assert (name, field) == (block.name, place)
    assert message in what


def test_all_problems_are_found_at_once() -> None:
    found = block_problems(INPUTS, [Correlated({("x", "y"): 2.0, ("a", "fixed"): -3.0})])
    assert [field for _, field, _ in found] == [
        "pairs.0.0", "pairs.0.1", "pairs.0.2", "pairs.1.1", "pairs.1.2"
    ]  # fmt: skip


def test_an_input_is_in_one_block_and_names_are_blocks_own() -> None:
    one = Correlated({("a", "bb"): 0.5}, name="one")
    again = Correlated({("c", "bb"): 0.5}, name="two")
    ((name, field, what),) = block_problems(INPUTS, [one, again])
    assert (name, field) == ("two", "pairs.0.1")
    assert what == "the input 'bb' is in 'one' already, join the two blocks"
    third = Correlated({("c", "other"): 0.5}, name="one")
    found = block_problems(INPUTS, [one, third])
    assert found == [("one", "", "another block has this name, rename one of them")]
    fourth = Correlated({("a", "bb"): 0.5}, name="c")
    assert block_problems(INPUTS, [fourth]) == [
        ("c", "", "an input has this name, rename the block")
    ]


def test_two_blocks_without_names_do_not_share_their_correlations() -> None:
    blocks = [Correlated({("a", "bb"): 0.5}), Correlated({("c", "other"): -0.5})]
    priors = risk.Priors(INPUTS, blocks=blocks)
    factors = {name: latent.factors[0, 1, 0] for name, latent in priors.map.latent.items()}
    assert factors["a + bb"] == pytest.approx(0.5176, abs=1e-4)
    assert factors["c + other"] < -0.6


@pytest.mark.parametrize(
    ("given", "states", "field", "message"),
    [
        (("c",), ["open", "closed"], "given", "categorical input (regime, child, other), got 'c'"),
        (("regim",), ["open", "closed"], "given", "name one or add it. Did you mean 'regime'?"),
        (("regime", "regime"), ["open"], "given.1", "each regime once, got 'regime' again, remove"),
        (("regime",), ["open"], "states", "no pairs for the state 'closed' of regime, add one"),
        (("regime",), ["closed", "open"], "states", "order of regime: open, closed, got closed, o"),
        (("regime",), ["open", "closed", "shut"], "states.shut", "unknown state of regime, remove"),
    ],
)
def test_states_of_a_block_are_those_of_its_regimes(
    given: tuple[str, ...], states: list[str], field: str, message: str
) -> None:
    block = Correlated(given=given, states={state: {("a", "bb"): 0.5} for state in states})
    ((_, place, what),) = block_problems(INPUTS, [block])
    assert place == field
    assert message in what


def test_a_regime_does_not_move_with_what_it_decides() -> None:
    found = block_problems(INPUTS, [Correlated({("given", "regime"): 0.5, ("a", "regime"): 0.1})])
    what = "'given' is given 'regime', so the two cannot be correlated as well, remove one of them"
    assert found == [("given + regime + a", "pairs.0.0", f"{what} from the block")]
    states = {"open": {("a", "regime"): 0.5}, "closed": {("a", "regime"): 0.1}}
    ((_, field, what),) = block_problems(INPUTS, [Correlated(given=("regime",), states=states)])
    assert field == "states.open.0.1"
    assert "the states of 'regime' decide the correlations, so it cannot have any itself" in what


def test_regimes_of_blocks_in_a_circle_are_found() -> None:
    """The block's states are those of child, which is given regime, which the block moves."""
    states = {"low": {("a", "regime"): 0.5}, "high": {("a", "regime"): 0.1}}
    found = block_problems(INPUTS, [Correlated(given=("child",), states=states, name="market")])
    assert [(name, field) for name, field, _ in found] == [("market", "given")]
    assert "depend on each other in a circle" in found[0][2]


def test_shares_are_the_blocks_own() -> None:
    mix = Shares({"x": 1.0, "y": 2.0}, name="mix")
    right = {"x": prior(mix["x"]), "y": prior(mix["y"])}
    assert block_problems(right, [mix]) == []
    assert block_problems(right, [replace(mix, innovations=True)]) == []  # equal is as good
    assert block_problems(right | {"x": prior(UNKNOWN)}, [mix]) == []
    ((name, field, what),) = block_problems(right | {"x": NUMBER}, [mix])
    assert (name, field) == ("mix", "parameters.x")
    assert what.startswith('the input "x" says what is believed of it itself, leave that to the')
    ((_, field, what),) = block_problems({"x": right["x"]}, [mix])
    assert field == "parameters.y"
    assert "no input has this name, add [inputs.y] or rename it." in what


def test_priors_refuse_them_all_together() -> None:
    with pytest.raises(ValueError, match="a \\+ x.pairs.0.1: .*'x'.*\n.*fixed.pairs.0.1: "):
        risk.Priors(INPUTS, {("a", "x"): 0.5, ("bb", "fixed"): 0.1})
    pairs = {("a", "bb"): 0.9, ("bb", "given"): 0.9, ("a", "given"): -0.9}
    with pytest.raises(ValueError, match="expected correlations that can hold together"):
        risk.Priors(INPUTS, pairs)
    shrunk = risk.Priors(INPUTS, blocks=[Correlated(pairs, repair=True)])
    assert "shrunk by" in shrunk.map.latent["a + bb + given"].changes[0]
    with pytest.raises(ValueError, match="a rank correlation that these inputs can have, between"):
        risk.Priors(INPUTS, {("regime", "other"): 0.99})


def test_fixing_an_input_keeps_what_other_inputs_share_in_some_states() -> None:
    inputs = {name: prior(stats.norm(0, 1)) for name in ("a", "b", "c")}
    states = {"open": {("a", "b"): 0.4}, "closed": {("a", "b"): 0.4, ("b", "c"): 0.5}}
    block = Correlated(name="both", given=("regime",), states=states)
    priors = risk.Priors({"regime": prior(STATES), **inputs}, blocks=[block])
    (kept,) = priors.fix(a=0.0).blocks
    assert isinstance(kept, Correlated)
    assert kept.states == {"open": {}, "closed": {("b", "c"): 0.5}}
    assert priors.fix(b=0.0).blocks == ()

"""What is left of beliefs and blocks when inputs are fixed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from risk.blocks import Correlated
from risk.conditional import states_of
from risk.dependence import Block


def without(block: Block, names: set[str]) -> Block | None:
    """A block without some of its inputs; None where nothing is left that belongs together."""
    if not names & set(block.members):
        return block
    if not isinstance(block, Correlated):
        fixed = ", ".join(sorted(names & set(block.members)))
        raise ValueError(
            f"Expected inputs to fix that vary alone, got {fixed} of the shares {block.name!r}, "
            "which sum to one. Fix none of them, or give other priors."
        )
    states = {
        state: {pair: rho for pair, rho in pairs.items() if not names & set(pair)}
        for state, pairs in block.by_state.items()
    }
    if block.given:
        return replace(block, states=states) if any(states.values()) else None
    return replace(block, pairs=states[""]) if states[""] else None


def fixed_belief(marginal: Any, name: str, value: float | str) -> Any:
    """What `Prior` takes for an input that no longer varies."""
    states = states_of(marginal)
    if not states:
        if isinstance(value, str):
            raise ValueError(f"Expected a number for `{name}`, got {value!r}.")
        return float(value)
    if value not in states:
        known = ", ".join(states)
        raise ValueError(f"Expected a state of `{name}`, one of {known}, got {value!r}.")
    return {state: float(state == value) for state in states}

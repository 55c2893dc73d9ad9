"""What does not fit between inputs and the blocks that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from risk.blocks import Correlated, Shares
from risk.checks import UNKNOWN, Problem
from risk.dependence import Block, Conditional, combinations, states_of
from risk.marginals import Categorical, Marginal
from risk.names import suggest

if TYPE_CHECKING:
    from risk.priors import Prior


def block_problems(priors: Mapping[str, Prior], blocks: Sequence[Block]) -> list[Problem]:
    """What does not fit between blocks and inputs: (block, field, what)."""
    found: list[Problem] = []
    seen: dict[str, str] = {}
    for block in blocks:
        for name in block.members:
            if name in seen:
                what = f"the input {name!r} is in {seen[name]!r} already, join the two blocks"
                found.append((block.name, "", what))
            seen[name] = block.name
        if block.name in priors:
            found.append((block.name, "", "an input has this name, rename the block"))
        if isinstance(block, Shares):
            found += [(block.name, *what) for what in _share_problems(block, priors)]
        else:
            found += [(block.name, *what) for what in _correlation_problems(block, priors)]
    return found


def _share_problems(block: Shares, priors: Mapping[str, Prior]) -> list[tuple[str, str]]:
    wrong = [name for name in block.members if name not in priors]
    if wrong:
        return [
            (
                "parameters",
                f"{wrong[0]!r} is not an input, add or rename it.{suggest(wrong[0], priors)}",
            )
        ]
    other = [n for n in block.members if priors[n].marginal not in (block[n], UNKNOWN)]
    what = "expected the share's own distribution, got another, use the block's"
    return [("parameters", f"{name}: {what}") for name in other]


def _correlation_problems(block: Correlated, priors: Mapping[str, Prior]) -> list[tuple[str, str]]:
    """What does not fit between a correlated block and the inputs."""
    can = [n for n, p in priors.items() if _can_correlate(p.marginal)]
    found: list[tuple[str, str]] = []
    for state, pairs in block.by_state.items():
        place = f"states.{state}" if state else "pairs"
        for i, ((a, b), rank) in enumerate(pairs.items()):
            at = f"{place}.{i}"
            wrong = next((n for n in (a, b) if n not in can), None)
            if wrong is not None:
                near = suggest(wrong, can)
                what = f"expected a correlation between two uncertain inputs, got {wrong!r}.{near}"
                found.append((at, what))
            elif a == b or (b, a) in pairs:
                found.append((at, "expected each pair of different inputs once, remove this one"))
            elif not -1 < rank < 1:
                found.append((at, f"expected a rank correlation inside (-1, 1), got {rank:g}"))
    beliefs = {name: p.marginal for name, p in priors.items()}
    for regime in block.given:
        if not states_of(beliefs.get(regime)):
            return [*found, ("given", f"expected a categorical input, got {regime!r}, name one")]
    if block.given and list(block.states) != combinations(block.given, beliefs):
        expected = "; ".join(combinations(block.given, beliefs)[:9])
        found.append(("states", f"expected the states {expected} in this order, write these"))
    # A regime that moves with its own child would change what the child is in each state.
    for name in block.members:
        own = beliefs.get(name)
        above = {*block.given, *(own.regimes if isinstance(own, Conditional) else ())}
        for regime in above & set(block.members):
            what = f"{name!r} is given {regime!r}, so the two cannot be correlated as well"
            found.append(("", f"{what}, remove one of them from the block"))
    return found


def _can_correlate(marginal: Any) -> bool:
    """Whether an input has ranks in every state: numbers, or the ordered states of a regime."""
    if isinstance(marginal, Conditional):
        return all(
            isinstance(m, float) or (isinstance(m, Marginal) and m.family != "discrete")
            for m in marginal.marginals.values()
        )
    return isinstance(marginal, (Marginal, Categorical))

"""What does not fit between inputs and the blocks that they belong to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from risk.blocks import Correlated, Shares
from risk.checks import UNKNOWN, Problem, circle_said, circles, given_problems, near
from risk.conditional import Conditional, states_of
from risk.copula import steps_of
from risk.dependence import Block
from risk.marginals import Categorical, Marginal

if TYPE_CHECKING:
    from risk.priors import Prior

Beliefs = Mapping[str, Any]


def block_problems(priors: Mapping[str, Prior], blocks: Sequence[Block]) -> list[Problem]:
    """What does not fit between blocks and inputs: (block, field, what)."""
    found: list[Problem] = []
    seen: dict[str, str] = {}
    names: set[str] = set()
    beliefs = {name: prior.marginal for name, prior in priors.items()}
    for block in blocks:
        for name in block.members:
            if name in seen:
                what = f"the input {name!r} is in {seen[name]!r} already, join the two blocks"
                found.append((block.name, _place(block, name), what))
        if block.name in priors:
            found.append((block.name, "", "an input has this name, rename the block"))
        if block.name in names:
            found.append((block.name, "", "another block has this name, rename one of them"))
        if isinstance(block, Shares):
            own = [name for name in block.members if name not in seen]
            found += [(block.name, *what) for what in _share_problems(block, own, beliefs)]
        else:
            found += [(block.name, *what) for what in _correlation_problems(block, beliefs)]
        names.add(block.name)
        seen = dict.fromkeys(block.members, block.name) | seen
    return found + _circle_problems(beliefs, blocks)


def _place(block: Block, name: str) -> str:
    """Where a block names an input first."""
    if isinstance(block, Shares):
        return f"parameters.{name}"
    rows = [
        (f"states.{state}" if state else "pairs", i, pair.index(name))
        for state, pairs in block.by_state.items()
        for i, pair in enumerate(pairs)
        if name in pair
    ]
    return ".".join(map(str, rows[0]))


def _share_problems(block: Shares, names: Sequence[str], beliefs: Beliefs) -> list[tuple[str, str]]:
    found = []
    for name in names:
        if name not in beliefs:
            what = f"no input has this name, add [inputs.{name}] or rename it.{near(name, beliefs)}"
            found.append((f"parameters.{name}", what))
        elif beliefs[name] is not UNKNOWN and beliefs[name] != block[name]:
            what = f"the input {name!r} says what is believed of it itself"
            todo = f"leave that to the shares, with share_of = {block.name!r}, or remove it here"
            found.append((f"parameters.{name}", f"{what}, {todo}".replace("'", '"')))
    return found


def _correlation_problems(block: Correlated, beliefs: Beliefs) -> list[tuple[str, str]]:
    """What does not fit between a correlated block and the inputs."""
    can = [name for name, belief in beliefs.items() if _can_correlate(belief)]
    regimes = [name for name, belief in beliefs.items() if states_of(belief)]
    found: list[tuple[str, str]] = []
    for state, pairs in block.by_state.items():
        place = f"states.{state}" if state else "pairs"
        for i, ((a, b), rank) in enumerate(pairs.items()):
            found += [(f"{place}.{i}.{k}", _cannot(n, beliefs, can)) for k, n in
                      enumerate((a, b)) if n not in can]  # fmt: skip
            if a == b or (b, a) in list(pairs)[:i]:
                what = "expected each pair of different inputs once, remove this one"
                found.append((f"{place}.{i}", what))
            if not -1 < rank < 1:
                what = f"expected a rank correlation inside (-1, 1), got {rank:g}, correct it"
                found.append((f"{place}.{i}.2", what))
    if block.given:
        found += given_problems(block.given, tuple(block.states), beliefs, regimes, "pairs")
    return found + _child_problems(block, beliefs)


def _cannot(name: str, beliefs: Beliefs, can: Sequence[str]) -> str:
    """Why an input cannot be correlated, and what to do."""
    what = f"expected an uncertain input that can be correlated, got {name!r}"
    if isinstance(beliefs.get(name), float):
        return f"{what}, which is fixed, remove the pair"
    if isinstance(beliefs.get(name), Conditional) and states_of(beliefs[name]):
        return f"{what}, a regime given another, correlate that one instead"
    if _is_certain(beliefs.get(name)):
        return f"{what}, which has one possible value only, remove the pair"
    if name in beliefs:
        return f"{what}, which is discrete in some state, give it a continuous family there"
    return f"{what}, which is no input, name one.{near(name, can)}"


def _child_problems(block: Correlated, beliefs: Beliefs) -> list[tuple[str, str]]:
    """A regime that moves with its own child would change what the child is in each state."""
    members, found = set(block.members), []
    for regime in sorted(members & set(block.given)):
        what = f"the states of {regime!r} decide the correlations, so it cannot have any itself"
        found.append((_place(block, regime), f"{what}, remove its pairs"))
    for name in block.members:
        for regime in sorted(members & _ancestors(name, beliefs) - {name}):
            what = f"{name!r} is given {regime!r}, so the two cannot be correlated as well"
            found.append((_place(block, name), f"{what}, remove one of them from the block"))
    return found


def _ancestors(name: str, beliefs: Beliefs) -> set[str]:
    """The regimes that an input is given, those that they are given, and so on."""
    found: set[str] = set()
    new = _given(beliefs.get(name))
    while new:
        found |= new
        new = {regime for other in new for regime in _given(beliefs.get(other))} - found
    return found


def _given(belief: Any) -> set[str]:
    return set(belief.regimes) if isinstance(belief, Conditional) else set()


def _circle_problems(beliefs: Beliefs, blocks: Sequence[Block]) -> list[Problem]:
    """Blocks whose regimes depend on their own members."""
    own = {name: _given(belief) for name, belief in beliefs.items()}
    given = {b.name: set(b.given) - set(b.members) for b in blocks if isinstance(b, Correlated)}
    of = {name: b.name for b in blocks if given.get(b.name) for name in b.members}
    if not of:
        return []
    every = {name: above | given.get(of.get(name, ""), set()) for name, above in own.items()}
    found = []
    for circle in circles(every):
        steps = zip(circle, [*circle[1:], circle[0]], strict=True)
        by_block = [of[name] for name, regime in steps if regime not in own[name]]
        if by_block:  # the others were found among the inputs
            found.append((by_block[0], "given", circle_said(circle)))
    return found


def _can_correlate(marginal: Any) -> bool:
    """Whether an input has ranks in every state: numbers, or the ordered states of a regime."""
    if isinstance(marginal, Conditional):
        return all(
            isinstance(m, float) or (isinstance(m, Marginal) and steps_of(m) is None)
            for m in marginal.marginals.values()
        )
    return isinstance(marginal, (Marginal, Categorical)) and not _is_certain(marginal)


def _is_certain(marginal: Any) -> bool:
    """Whether a discrete input or a regime has one possible value only."""
    steps = steps_of(marginal)
    return steps is not None and len(steps) == 0

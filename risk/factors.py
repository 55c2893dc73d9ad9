"""The factors of a study: columns of the input map that are exchanged together, and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from risk.conditional import Conditional
from risk.dependence import Block
from risk.marginals import Categorical
from risk.names import FACTOR, suggest
from risk.priors import Priors, labels

Factors = Mapping[str, Sequence[str]]


def factors_of(priors: Priors, asked: Factors | None) -> dict[str, tuple[str, ...]]:
    """Factor → the columns that it moves; every uncertain input is in exactly one.

    By default an input is a factor, and so is a block of inputs that belong together, or each
    innovation of a block that asks for them.

    Raises
    ------
    TypeError
        When `asked` is not label → list of inputs.
    ValueError
        When it names a fixed input, one twice, or a part of a block.
    """
    varying = [name for name in priors.uncertain if varies(priors[name].marginal)]
    if not varying:
        raise ValueError("Expected at least one uncertain input, got fixed inputs only.")
    grouped = _checked(asked, priors, varying)
    for block in priors.blocks:
        split = [label for label, names in grouped.items() if set(block.members) & set(names)]
        if split and not set(block.members) <= set(grouped[split[0]]):
            raise ValueError(
                f"Expected the inputs {list(block.members)}, which belong together, in one factor, "
                "got them split. Put them all in the same one."
            )
        if not split and not block.innovations:
            if block.name in grouped:
                raise ValueError(
                    f"Expected factor labels that are no blocks' names, got {block.name!r}. "
                    "Choose another."
                )
            grouped[block.name] = block.members
    columns = {label: _columns(names, priors.blocks) for label, names in grouped.items()}
    taken = {column for moved in columns.values() for column in moved}
    left = [c for moves in priors.map.moves.values() for c in moves if c not in taken]
    singles = {c: (c,) for c in left if c in varying or c not in priors}
    clash = set(singles) & set(columns)
    if clash:
        raise ValueError(f"Expected factor labels that are no inputs' names, got {sorted(clash)}.")
    every = {**columns, **singles}
    order: dict[str, int] = {}
    for i, moves in enumerate(priors.map.moves.values()):
        order = {column: i for column in moves} | order  # a column's first axis counts
    return {label: every[label] for label in sorted(every, key=lambda k: order[every[k][0]])}


def factor_coords(priors: Priors, factors: Factors) -> dict[str, Any]:
    """Coordinates along the factors: their labels, and the inputs that they stand for."""
    named, inputs = _labels(priors), _inputs(priors, factors)
    return {
        "factor_label": (FACTOR, [named.get(factor, factor) for factor in factors]),
        "factor_inputs": (FACTOR, [" + ".join(inputs[factor]) for factor in factors]),
    }


def _labels(priors: Priors) -> dict[str, str]:
    """Factor → label for people."""
    named: dict[str, str] = dict(labels(priors))
    for block in priors.blocks:
        own = block.axis_labels(named) if block.innovations else {}
        named |= own | ({} if block.innovations else {block.name: block.label or block.name})
    return named


def _inputs(priors: Priors, factors: Factors) -> dict[str, tuple[str, ...]]:
    """Factor → the inputs that it stands for: of an innovation one, of a common shock its block."""
    of = {axis: block.inputs_of(axis) for block in priors.blocks for axis in block.axes}
    found = {}
    for factor, columns in factors.items():
        names = [n for c in columns for n in ((c,) if c in priors else of[c])]
        found[factor] = tuple(dict.fromkeys(names))
    return found


def varies(marginal: Any) -> bool:
    """Whether an input can take two values: a regime fixed in one state cannot."""
    if isinstance(marginal, Conditional):
        return True
    return not isinstance(marginal, Categorical) or max(marginal.probabilities) < 1


def _checked(
    asked: Factors | None, priors: Priors, varying: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    given: Any = asked or {}
    lists = given.values() if isinstance(given, Mapping) else [""]
    if any(isinstance(names, str) or not names for names in lists):
        raise TypeError(
            f"Expected `factors` as label → list of inputs, got {asked!r}. "
            'Write for example {"cost": ["gpu_price", "utilisation"]}.'
        )
    grouped = {str(label): tuple(names) for label, names in given.items()}
    named = [name for names in grouped.values() for name in names]
    wrong = [name for name in named if name not in varying]
    if wrong:
        what = "a fixed input, which is no factor" if wrong[0] in priors else "not an input"
        raise ValueError(
            f"Expected `factors` of uncertain inputs, got {wrong[0]!r}, {what}."
            + suggest(wrong[0], varying)
        )
    twice = {name for name in named if named.count(name) > 1}
    if twice:
        raise ValueError(f"Expected every input in one factor, got {sorted(twice)} in several.")
    return grouped


def _columns(names: Sequence[str], blocks: Sequence[Block]) -> tuple[str, ...]:
    """The columns of inputs: of a block with innovations, all of its axes."""
    axes = {n: b.axes for b in blocks if b.innovations for n in b.members}
    return tuple(dict.fromkeys(column for name in names for column in axes.get(name, (name,))))

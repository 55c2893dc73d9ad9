"""What does not fit: the priors among themselves, and the priors to a model's signature.

Every function returns problems instead of raising, so that a reader of files can report all of
them at once, each with its place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from risk.dependence import Conditional, combinations, states_of
from risk.marginals import Categorical, Marginal
from risk.names import suggest
from risk.signature import Model, Quantity, read_signature

if TYPE_CHECKING:
    from risk.priors import Prior

Problem = tuple[str, str, str]  # input, field ("" for the whole input), what and what to do


class _NoValues:
    """A distribution of which nothing is known, not even one possible value."""

    def support(self) -> tuple[float, float]:
        return math.inf, -math.inf


# Stand for a distribution and for a claim of a priors file that cannot be read: that was reported
# in its place, and nothing that follows from it is worth reporting again.
UNKNOWN = Marginal("unknown", {}, _NoValues())
UNSAID = "?"


def consistency_problems(priors: Mapping[str, Prior]) -> list[Problem]:
    """What does not fit together among the inputs."""
    found: list[Problem] = []
    for name, prior in priors.items():
        found += [(name, *what) for what in _regime_problems(prior, priors)]
        found += [(name, "theoretical", what) for what in _claim_problems(prior)]
    return found + _circles(priors) + _step_problems(priors)


def _step_problems(priors: Mapping[str, Prior]) -> list[Problem]:
    """Steps in which nothing can move, and steps that differ in their spelling alone."""
    steps: dict[str, list[str]] = {}
    for name, prior in priors.items():
        if prior.step is not None:
            steps.setdefault(prior.step, []).append(name)
    found: list[Problem] = []
    spelled: dict[str, str] = {}
    for step, names in steps.items():
        if all(priors[name].theoretical is None for name in names):
            what = f"no input of the step {step!r} has a theoretical value, so nothing moves in it"
            found.append((names[0], "step", f"{what}: add `theoretical` to {' or '.join(names)}"))
        first = spelled.setdefault(key_of(step), step)
        if first != step:
            what = f"nearly the step {first!r} of {steps[first][0]}, spell both alike or rename one"
            found.append((names[0], "step", what))
    return found


def key_of(text: str) -> str:
    """What is left of a text in the keys of a memo's numbers: letters and digits.

    >>> key_of("Fees, refunds"), key_of("fees (refunds)")
    ('fees_refunds', 'fees_refunds')
    """
    return re.sub(r"\W+", "_", text.lower()).strip("_")


def model_problems(priors: Mapping[str, Prior], model: Model) -> list[Problem]:
    """What of the priors does not fit the model's signature.

    A regime that only decides other inputs' distributions need not be an argument of the model.
    """
    signature = read_signature(model)
    known = (*signature.required, *signature.optional)
    beliefs = [prior.marginal for prior in priors.values()]
    regimes = {name for m in beliefs if isinstance(m, Conditional) for name in m.regimes}
    needless = [n for n in priors if n not in known and n not in regimes]
    missing = [n for n in signature.required if n not in priors]
    found = [
        (name, "", f"the model does not have this input, remove it.{suggest(name, unused)}")
        for name in needless
        if not signature.takes_any
        for unused in [[n for n in known if n not in priors]]
    ]
    found += [
        (name, "", f"the model needs this input, add a prior for it.{suggest(name, needless)}")
        for name in missing
    ]
    for name, quantity in signature.inputs.items():
        if name in priors:
            found += [(name, *what) for what in quantity_problems(priors[name], quantity)]
    return found


def quantity_problems(prior: Prior, quantity: Quantity) -> list[tuple[str, str]]:
    """What of one prior does not fit the model's unit and range: (field, what)."""
    found = []
    if quantity.unit is not None and prior.unit != quantity.unit:
        found.append(("unit", _unit_problem(quantity.unit, prior.unit)))
    limits = f"the model's range [{_limit(quantity.low)}, {_limit(quantity.high)}]"
    low, high = support(prior)
    if low < quantity.low or high > quantity.high:
        got = _limit(low) if low == high else f"{_limit(low)} to {_limit(high)}"
        what = f"expected values inside {limits}, got {got}"
        todo = "choose a family, parameters or a value that stay inside"
        found.append((_field_of_belief(prior), f"{what}, {todo}"))
    claimed = prior.theoretical
    outside = isinstance(claimed, (int, float)) and not quantity.low <= claimed <= quantity.high
    if outside and claimed != prior.marginal:
        what = f"expected a value inside {limits}, got {claimed:g}, correct it"
        found.append(("theoretical", what))
    return found


def _limit(value: float) -> str:
    return f"{value:g}".replace("inf", "∞")


def _field_of_belief(prior: Prior) -> str:
    """Where a file says what is believed, as far as a prior still knows it."""
    if isinstance(prior.marginal, Conditional):
        return "states"
    return prior.kind if isinstance(prior.marginal, float) else ""


def support(prior: Prior) -> tuple[float, float]:
    """The smallest and the largest possible value of an input; ∞, −∞ where it has no numbers."""
    if isinstance(prior.marginal, Categorical):
        return math.inf, -math.inf
    if isinstance(prior.marginal, float):
        return prior.marginal, prior.marginal
    return prior.marginal.support


def published_problems(figure: Mapping[str, Any], model: Model) -> list[tuple[str, str]]:
    """What of a published figure does not fit the model's outcomes: (field, what).

    A model whose return annotation names no outcomes is taken at its word.
    """
    outcomes = read_signature(model).outcomes
    name, unit = figure.get("outcome"), figure.get("unit")
    if not outcomes or not isinstance(name, str):
        return []
    if name not in outcomes:
        what = f"the model does not have the outcome {name!r}, name one that it has."
        return [("outcome", what + suggest(name, outcomes))]
    expected = outcomes[name].unit
    wrong = expected is not None and isinstance(unit, str) and unit != expected
    return [("unit", _unit_problem(str(expected), str(unit)))] if wrong else []


def _unit_problem(expected: str, got: str) -> str:
    return f"expected the model's unit {expected!r}, got {got!r}, convert the values to that unit"


def _regime_problems(prior: Prior, priors: Mapping[str, Prior]) -> list[tuple[str, str]]:
    conditional = prior.marginal
    if not isinstance(conditional, Conditional):
        return []
    beliefs = {name: p.marginal for name, p in priors.items()}
    if any(beliefs.get(name) is UNKNOWN for name in conditional.regimes):
        return []
    known = [n for n, m in beliefs.items() if states_of(m)]
    for regime in conditional.regimes:
        if regime not in known:
            one_of = f"expected a categorical input ({', '.join(known) or 'there is none'})"
            what = f"{one_of}, got {regime!r}, name one or add it."
            return [("given", what + suggest(regime, known))]
    if len(set(conditional.regimes)) < len(conditional.regimes):
        return [("given", "expected each regime once, remove the other")]
    return _state_problems(conditional, combinations(conditional.regimes, beliefs))


def _state_problems(conditional: Conditional, expected: Sequence[str]) -> list[tuple[str, str]]:
    """States that a prior lacks, or that its regimes do not have."""
    states, of = tuple(conditional.marginals), " and ".join(conditional.regimes)
    unused = [s for s in expected if s not in states]
    found = [
        (f"states.{s}", f"unknown state of {of}, remove or rename it.{suggest(s, unused)}")
        for s in states
        if s not in expected
    ]
    found += [("states", f"no distribution for the state {s!r} of {of}, add one") for s in unused]
    if not found and states != tuple(expected):
        what = f"expected the order of {of}: {'; '.join(expected[:9])}"
        if len(conditional.regimes) == 1:
            what = f"expected the order of {of}: {', '.join(expected)}"
        found = [("states", f"{what}, got {', '.join(states[:9])}, reorder them")]
    return found


def _circles(priors: Mapping[str, Prior]) -> list[Problem]:
    """Regimes that depend on each other in a circle."""
    given = {
        name: set(prior.marginal.regimes)
        for name, prior in priors.items()
        if isinstance(prior.marginal, Conditional)
    }
    try:
        tuple(TopologicalSorter(given).static_order())
    except CycleError as error:
        circle = [str(name) for name in error.args[1]]
        what = f"regimes that depend on each other in a circle ({' of '.join(circle)}), break it"
        return [(circle[0], "given", what)]
    return []


def _claim_problems(prior: Prior) -> list[str]:
    claimed, marginal = prior.theoretical, prior.marginal
    if claimed is None or claimed == UNSAID:
        return []
    states = states_of(marginal)
    if states:
        if claimed in states:
            return []
        near = suggest(str(claimed), states)
        one_of = f"expected one of the states {', '.join(states)}"
        return [f"{one_of}, got {claimed!r}, name one.{near}"]
    if isinstance(claimed, str) or not math.isfinite(claimed):
        return [f"expected a finite number, got {claimed!r}, correct it"]
    return []

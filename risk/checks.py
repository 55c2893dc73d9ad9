"""What does not fit: the priors among themselves, and the priors to a model's signature.

Every function returns problems instead of raising, so that a reader of files can report all of
them at once, each with its place.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any

from risk.conditional import Conditional, combinations, states_of
from risk.dependence import Block
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
MOST_STATES = 1000  # of all regimes that an input is given together
_MOST_KNOWN = 500  # words among which a near one is searched, which takes a while


def consistency_problems(priors: Mapping[str, Prior]) -> list[Problem]:
    """What does not fit together among the inputs."""
    found: list[Problem] = []
    beliefs = {name: prior.marginal for name, prior in priors.items()}
    regimes = [name for name, belief in beliefs.items() if states_of(belief)]
    for name, prior in priors.items():
        if isinstance(prior.marginal, Conditional):
            states = tuple(prior.marginal.marginals)
            problems = given_problems(prior.marginal.regimes, states, beliefs, regimes)
            found += [(name, *what) for what in problems]
        found += [(name, "theoretical", what) for what in _claim_problems(prior)]
    return found + _circle_problems(beliefs) + _step_problems(priors)


def near(word: str, known: Iterable[str]) -> str:
    """`suggest`, for files of any size: nothing for a long word or among very many.

    >>> near("gpu_prise", ["gpu_price"]), near("gpu_prise" * 99, ["gpu_price" * 99])
    (" Did you mean 'gpu_price'?", '')
    """
    words = list(known)
    return suggest(word, words) if len(word) <= 100 and len(words) <= _MOST_KNOWN else ""


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


def model_problems(
    priors: Mapping[str, Prior], model: Model, blocks: Iterable[Block] | None = None
) -> list[Problem]:
    """What of the priors does not fit the model's signature.

    A regime that only decides others' distributions or correlations need not be an argument of the
    model. The blocks are those of the priors, where they are not given.
    """
    signature = read_signature(model)
    known = (*signature.required, *signature.optional)
    beliefs = [prior.marginal for prior in priors.values()]
    regimes = {name for m in beliefs if isinstance(m, Conditional) for name in m.regimes}
    for block in getattr(priors, "blocks", ()) if blocks is None else blocks:
        regimes.update(getattr(block, "given", ()))
    needless = [n for n in priors if n not in known and n not in regimes]
    missing = [n for n in signature.required if n not in priors]
    found = [
        (name, "", f"the model does not have this input, remove it.{near(name, unused)}")
        for name in needless
        if not signature.takes_any
        for unused in [[n for n in known if n not in priors]]
    ]
    found += [
        (name, "", f"the model needs this input, add a prior for it.{near(name, needless)}")
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
    for field, low, high in _ends(prior):
        if low < quantity.low or high > quantity.high:
            got = _limit(low) if low == high else f"{_limit(low)} to {_limit(high)}"
            todo = "choose a family, parameters or a value that stay inside"
            found.append((field, f"expected values inside {limits}, got {got}, {todo}"))
    single: list[tuple[str, Any]] = [
        (f"evidence.{i}.value", point.value) for i, point in enumerate(prior.evidence)
    ]
    if prior.theoretical != prior.marginal:
        single.append(("theoretical", prior.theoretical))
    for field, value in single:
        if isinstance(value, (int, float)) and not quantity.low <= value <= quantity.high:
            what = f"expected a value inside {limits}, got {value:g}, correct it"
            found.append((field, what))
    return found


def _ends(prior: Prior) -> list[tuple[str, float, float]]:
    """Field, smallest and largest value of what is believed; of each state of a regime its own."""
    marginal = prior.marginal
    if isinstance(marginal, Conditional):
        each = {s: _support(m) for s, m in marginal.marginals.items()}
        return [(f"states.{state}", *ends) for state, ends in each.items()]
    return [(prior.kind if isinstance(marginal, float) else "", *support(prior))]


def _limit(value: float) -> str:
    return f"{value:g}".replace("inf", "∞")


def support(prior: Prior) -> tuple[float, float]:
    """The smallest and the largest possible value of an input; ∞, −∞ where it has no numbers."""
    return _support(prior.marginal)


def _support(marginal: Any) -> tuple[float, float]:
    if isinstance(marginal, Categorical):
        return math.inf, -math.inf
    return (marginal, marginal) if isinstance(marginal, float) else marginal.support


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
        return [("outcome", what + near(name, outcomes))]
    expected = outcomes[name].unit
    wrong = expected is not None and isinstance(unit, str) and unit != expected
    return [("unit", _unit_problem(str(expected), str(unit)))] if wrong else []


def _unit_problem(expected: str, got: str) -> str:
    return f"expected the model's unit {expected!r}, got {got!r}, convert the values to that unit"


def given_problems(
    given: Sequence[str],
    states: Sequence[str],
    beliefs: Mapping[str, Any],
    regimes: Sequence[str],
    each: str = "distribution",
) -> list[tuple[str, str]]:
    """What of regimes, and of what is said for their states, does not fit: (field, what).

    Parameters
    ----------
    given, states, each
        The regimes, the states for which something is said, and what that is.
    beliefs, regimes
        Of every input its belief, and which of them have states.
    """
    found: list[tuple[str, str]] = []
    for i, name in enumerate(given):
        at = f"given.{i}" if len(given) > 1 else "given"
        if beliefs.get(name) is not UNKNOWN and name not in regimes:
            one_of = f"expected a categorical input ({', '.join(regimes[:9]) or 'there is none'})"
            what = f"{one_of}, got {name!r}, name one or add it.{near(name, regimes)}"
            found.append((at, what))
        elif name in given[:i]:
            found.append((at, f"expected each regime once, got {name!r} again, remove one"))
    if found or any(beliefs.get(name) is UNKNOWN for name in given):
        return found
    count = math.prod(len(states_of(beliefs[name])) for name in given)
    if count > MOST_STATES:
        what = f"expected at most {MOST_STATES:,} states of all regimes together, got {count:,}"
        return [("given", f"{what}, name fewer regimes")]
    return _state_problems(states, given, combinations(given, beliefs), each)


def _state_problems(
    states: Sequence[str], given: Sequence[str], expected: Sequence[str], each: str
) -> list[tuple[str, str]]:
    """States that are missing, or that the regimes do not have."""
    of, known = " and ".join(given), frozenset(expected)
    unused = [state for state in expected if state not in states]
    found = [
        (f"states.{s}", f"unknown state of {of}, remove or rename it.{near(s, unused)}")
        for s in [state for state in states if state not in known][:MOST_STATES]
    ]
    if len(unused) > 9:
        some = "; ".join(unused[:3])
        found.append(("states", f"no {each} for {len(unused)} states of {of}: {some}; …, add them"))
    else:
        found += [("states", f"no {each} for the state {s!r} of {of}, add one") for s in unused]
    if not found and tuple(states) != tuple(expected):
        between = ", " if len(given) == 1 else "; "
        order, got = between.join(expected[:9]), between.join(states[:9])
        found = [("states", f"expected the order of {of}: {order}, got {got}, reorder them")]
    return found


def _circle_problems(beliefs: Mapping[str, Any]) -> list[Problem]:
    """Regimes that depend on each other in a circle."""
    above = {n: set(m.regimes) for n, m in beliefs.items() if isinstance(m, Conditional)}
    return [(circle[0], "given", circle_said(circle)) for circle in circles(above)]


def circle_said(circle: Sequence[str]) -> str:
    """What to do about a circle of regimes."""
    if len(circle) == 1:
        return f"{circle[0]!r} cannot be given itself, name another regime"
    said = " given ".join([*circle, circle[0]])
    return f"regimes that depend on each other in a circle ({said}), break it"


def circles(above: Mapping[str, set[str]]) -> list[list[str]]:
    """The circles in what is given what, each from the first of its names on.

    >>> circles({"a": {"b"}, "b": {"a", "c"}, "c": {"c"}})
    [['a', 'b'], ['c']]
    """
    left = {name: set(names) for name, names in above.items()}
    order = {name: i for i, name in enumerate(above)}
    found = []
    while True:
        try:
            tuple(TopologicalSorter(left).static_order())
        except CycleError as error:
            circle = list(reversed(error.args[1]))[:-1]  # each is given the next one
            first = min(range(len(circle)), key=lambda i: order[circle[i]])
            circle = circle[first:] + circle[:first]
            found.append(circle)
            left[circle[0]].remove(circle[1 % len(circle)])
        else:
            return sorted(found, key=lambda circle: order[circle[0]])


def _claim_problems(prior: Prior) -> list[str]:
    claimed, marginal = prior.theoretical, prior.marginal
    if claimed is None or claimed == UNSAID:
        return []
    states = states_of(marginal)
    if states:
        if claimed in states:
            return []
        one_of = f"expected one of the states {', '.join(states)}"
        return [f"{one_of}, got {claimed!r}, name one.{near(str(claimed), states)}"]
    if isinstance(claimed, str) or not math.isfinite(claimed):
        return [f"expected a finite number, got {claimed!r}, correct it"]
    return []

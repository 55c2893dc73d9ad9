"""What does not fit: the priors among themselves, and the priors to a model's signature.

Every function returns problems instead of raising, so that a reader of files can report all of
them at once, each with its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from risk.dependence import Conditional
from risk.marginals import Categorical, Marginal
from risk.names import suggest
from risk.signature import Model, Quantity, read_signature

if TYPE_CHECKING:
    from risk.priors import Prior

Problem = tuple[str, str, str]  # input, field ("" for the whole input), what and what to do


def consistency_problems(
    priors: Mapping[str, Prior], correlation: Mapping[tuple[str, str], float]
) -> list[Problem]:
    """What does not fit together among the inputs."""
    found: list[Problem] = []
    for name, prior in priors.items():
        found += [(name, *what) for what in _regime_problems(prior, priors)]
        found += [(name, "theoretical", what) for what in _claim_problems(prior)]
    for pair, rho in correlation.items():
        what = _correlation_problem(pair, rho, priors, correlation)
        found += [(" and ".join(pair), "", what)] if what else []
    steps: dict[str, list[str]] = {}
    for name, prior in priors.items():
        if prior.step is not None:
            steps.setdefault(prior.step, []).append(name)
    for step, names in steps.items():
        if all(priors[name].theoretical is None for name in names):
            what = f"expected a theoretical value for an input of the step {step!r}, got none"
            found.append((names[0], "step", what))
    return found


def model_problems(priors: Mapping[str, Prior], model: Model) -> list[Problem]:
    """What of the priors does not fit the model's signature.

    A regime that only decides other inputs' distributions need not be an argument of the model.
    """
    signature = read_signature(model)
    known = (*signature.required, *signature.optional)
    regimes = {p.marginal.regime for p in priors.values() if isinstance(p.marginal, Conditional)}
    found = [
        (name, "", f"the model does not have this input, remove it.{suggest(name, known)}")
        for name in priors
        if name not in known and name not in regimes and not signature.takes_any
    ]
    found += [
        (name, "", f"the model needs this input, add a prior for it.{suggest(name, priors)}")
        for name in signature.required
        if name not in priors
    ]
    for name, quantity in signature.inputs.items():
        if name in priors:
            found += [(name, *what) for what in quantity_problems(priors[name], quantity)]
    return found


def quantity_problems(prior: Prior, quantity: Quantity) -> list[tuple[str, str]]:
    """What of one prior does not fit the model's unit and range: (field, what)."""
    found = []
    if quantity.unit is not None and prior.unit != quantity.unit:
        found.append(("unit", f"expected the model's unit {quantity.unit!r}, got {prior.unit!r}"))
    limits = f"the model's range [{quantity.low:g}, {quantity.high:g}]"
    low, high = support(prior)
    if low < quantity.low or high > quantity.high:
        what = f"expected values inside {limits}, got {low:g} to {high:g}"
        found.append(("", f"{what}. Choose a family, parameters or a value that stay inside"))
    claimed = prior.theoretical
    if isinstance(claimed, float) and not quantity.low <= claimed <= quantity.high:
        found.append(("theoretical", f"expected a value inside {limits}, got {claimed:g}"))
    return found


def support(prior: Prior) -> tuple[float, float]:
    """The smallest and the largest possible value of an input; 0, 0 of a categorical one."""
    if isinstance(prior.marginal, Categorical):
        return 0.0, 0.0
    if isinstance(prior.marginal, float):
        return prior.marginal, prior.marginal
    return prior.marginal.support


def _regime_problems(prior: Prior, priors: Mapping[str, Prior]) -> list[tuple[str, str]]:
    conditional = prior.marginal
    if not isinstance(conditional, Conditional):
        return []
    regime = priors[conditional.regime].marginal if conditional.regime in priors else None
    if not isinstance(regime, Categorical):
        known = [n for n, p in priors.items() if isinstance(p.marginal, Categorical)]
        what = f"expected the name of a categorical input, got {conditional.regime!r}."
        return [("given", what + suggest(conditional.regime, known))]
    states = tuple(conditional.marginals)
    found = [
        (f"states.{s}", f"unknown state of {conditional.regime}.{suggest(s, regime.states)}")
        for s in states
        if s not in regime.states
    ]
    found += [
        ("states", f"no distribution for the state {s!r} of {conditional.regime}, add one")
        for s in regime.states
        if s not in states
    ]
    if not found and states != regime.states:
        found = [("states", f"expected the order {', '.join(regime.states)}, reorder them")]
    return found


def _claim_problems(prior: Prior) -> list[str]:
    claimed, marginal = prior.theoretical, prior.marginal
    if isinstance(marginal, Categorical):
        if claimed is None or claimed in marginal.states:
            return []
        known = ", ".join(marginal.states)
        return [f"expected a state of {known}, got {claimed!r}."]
    return [f"expected a number, got {claimed!r}"] if isinstance(claimed, str) else []


def _correlation_problem(
    pair: tuple[str, str],
    rho: float,
    priors: Mapping[str, Prior],
    correlation: Mapping[tuple[str, str], float],
) -> str:
    for name in pair:
        if name not in priors or not isinstance(priors[name].marginal, Marginal):
            return f"expected a correlation between two uncertain numbers, got {name!r}"
    if pair[0] == pair[1] or tuple(reversed(pair)) in correlation:
        return "expected each pair of different inputs once"
    return "" if -1 < rho < 1 else f"expected a rank correlation inside (-1, 1), got {rho:g}"

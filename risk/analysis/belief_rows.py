"""What is looked at one by one when priors are checked: inputs, their states, their experts."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk.conditional import Conditional, states_of
from risk.designs import sobol_replicate
from risk.families.numeric import inverted
from risk.marginals import Categorical, Marginal, Quantile
from risk.priors import Prior, Priors

Array = NDArray[np.float64]
_POINTS = 1 << 14  # of the priors' own map, from which joint states get their probabilities


class Row(NamedTuple):
    """One belief of the check: an input as a whole, or a part of it."""

    name: str  # of the input
    part: str  # "" for the input as a whole, else the state or the expert
    role: str  # of the part: "", "state" or "expert"
    weight: float  # probability of the state, share of the expert
    belief: Any  # Marginal, Categorical, Blend or a number

    @property
    def key(self) -> str:
        """Name of the row, different for each."""
        return f"{self.name} | {self.part}" if self.part else self.name


@dataclass(frozen=True)
class Blend:
    """An input over all states of what it is given: a mixture in which numbers may be fixed.

    >>> from risk.families import uniform
    >>> both = Blend((1.0, uniform(0.0, 1.0)), np.array([0.25, 0.75]))
    >>> both.mean(), both.ppf(np.array([0.6, 0.9])).round(9), below(both, 1.0)
    (0.625, array([0.8, 1. ]), (0.75, 0.0))
    """

    parts: tuple[Marginal | float, ...]
    weights: Array

    def cdf(self, x: Array | float) -> Array:
        """Probability of values up to x."""
        total = np.zeros(np.shape(x))
        for weight, part in zip(self.weights, self.parts, strict=True):
            total = total + weight * (np.asarray(x) >= part if isinstance(part, float)
                                      else part.cdf(np.asarray(x)))  # fmt: skip
        return np.minimum(total, 1.0)

    def ppf(self, u: Array) -> Array:
        """The value at each probability inside (0, 1): between those of the parts."""
        each = np.stack([quantile_of(part)(u) for part in self.parts])
        low, high = float(each.min()), float(each.max())
        found = inverted(self.cdf, u, low, high)
        for part in self.parts:  # halving stops beside a value that is fixed in some state
            if isinstance(part, float):
                found = np.where(np.abs(found - part) <= 1e-12 * (high - low), part, found)
        return np.clip(found, each.min(axis=0), each.max(axis=0))

    @property
    def support(self) -> tuple[float, float]:
        """From the smallest to the largest value of any part."""
        ends = [(p, p) if isinstance(p, float) else p.support for p in self.parts]
        return min(low for low, _ in ends), max(high for _, high in ends)

    @cached_property
    def _moments(self) -> tuple[Array, Array]:
        means = [p if isinstance(p, float) else p.mean() for p in self.parts]
        deviations = [
            0.0 if isinstance(p, float) else p.standard_deviation() for p in self.parts
        ]  # fmt: skip
        return np.array(means), np.array(deviations)

    def mean(self) -> float:
        """Expectation."""
        return float(self.weights @ self._moments[0])

    def standard_deviation(self) -> float:
        """Of the parts, and between their means; infinite where one of the parts has none."""
        means, deviations = self._moments
        if not np.isfinite(deviations).all():
            return math.inf
        return math.sqrt(float(self.weights @ (deviations**2 + (means - self.mean()) ** 2)))

    def __str__(self) -> str:
        return "; ".join(f"{p:g}" if isinstance(p, float) else str(p) for p in self.parts)


def rows_of(priors: Priors) -> Iterator[Row]:
    """Every uncertain input, followed by its states or its experts."""
    joint = _joint_states(priors)
    for name in priors.uncertain:
        prior = priors[name]
        believed = prior.marginal
        if not isinstance(believed, Conditional):
            yield Row(name, "", "", 1.0, believed)
            yield from _experts(name, prior)
            continue
        weights = _weights(believed.regimes, priors, joint)
        parts = tuple(believed.marginals.values())
        role = "expert" if prior.experts else "state"
        yield Row(name, "", "", 1.0, _whole(parts, weights))
        for k, state in enumerate(believed.marginals):
            label = prior.experts[k].who if prior.experts else state
            yield Row(name, label, role, float(weights[k]), parts[k])


def _experts(name: str, prior: Prior) -> Iterator[Row]:
    total = math.fsum(expert.weight for expert in prior.experts)
    for expert in prior.experts:
        yield Row(name, expert.who, "expert", expert.weight / total, expert.marginal)


def _whole(parts: Sequence[Any], weights: Array) -> Blend | Categorical:
    """What is believed over all states together."""
    if isinstance(parts[0], Categorical):
        shares = weights @ np.array([part.probabilities for part in parts])
        return Categorical(parts[0].states, tuple((shares / shares.sum()).tolist()))
    held = [k for k, weight in enumerate(weights) if weight > 0]  # the others never hold
    return Blend(tuple(parts[k] for k in held), weights[held])


def _weights(regimes: Sequence[str], priors: Priors, joint: Mapping[str, NDArray[Any]]) -> Array:
    """Probability of each combination of states, in their order."""
    first = priors[regimes[0]].marginal
    if len(regimes) == 1 and isinstance(first, Categorical):
        return np.array(first.probabilities)
    code, count = np.zeros(_POINTS, dtype=np.intp), 1
    for regime in regimes:
        states = len(states_of(priors[regime].marginal))
        code, count = code * states + joint[regime].astype(np.intp), count * states
    return np.bincount(code, minlength=count) / _POINTS


def _joint_states(priors: Priors) -> dict[str, NDArray[Any]]:
    """Codes of all regimes at points of the priors' own map, where some regime needs them.

    A chain of regimes, or regimes that are correlated, have no closed form.
    """
    conditional = [p.marginal for p in priors.values() if isinstance(p.marginal, Conditional)]
    plain = all(
        len(m.regimes) == 1 and isinstance(priors[m.regimes[0]].marginal, Categorical)
        for m in conditional
    )
    if plain:
        return {}
    map_ = priors.map
    first = [i for i, a in enumerate(map_.axes) if a in priors and states_of(priors[a].marginal)]
    order = [*first, *(i for i in range(len(map_.axes)) if i not in first)]
    drawn = map_.inputs(map_.columns(sobol_replicate(_POINTS, order, 0, (0,))[0]))
    return {name: drawn[name] for name in drawn if states_of(priors[name].marginal)}


def below(belief: Any, value: float) -> tuple[float, float]:
    """Probabilities of values below and above a value."""
    if isinstance(belief, float):
        return float(belief < value), float(belief > value)
    under = belief.cdf(np.array([np.nextafter(value, -math.inf), value]))
    return float(under[0]), 1.0 - float(under[1])


def quantile_of(belief: Any) -> Quantile:
    """The quantile function of a belief."""
    if isinstance(belief, float):
        return lambda u: np.full(u.shape, belief)
    return belief.ppf  # type: ignore[no-any-return]


def label_of(part: str) -> str:
    """A state or an expert as people write it.

    >>> label_of("One-year_contracts")
    'One-year contracts'
    """
    return part.replace("_", " ")

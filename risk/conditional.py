"""What is believed of one input: a marginal, a number, or one of them for each state of regimes."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.marginals import Categorical, Marginal, from_scipy

Array = NDArray[np.float64]
SEPARATOR = ", "  # between the states of several regimes: "open, high"


@dataclass(frozen=True)
class Conditional:
    """What is believed of one input in each state of one regime or several.

    Attributes
    ----------
    regimes
        The categorical inputs whose states decide.
    marginals
        State → belief, in the order of the states; of several regimes "open, high".
    """

    regimes: tuple[str, ...]
    marginals: Mapping[str, Marginal | Categorical | float]

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest possible value over all states; ∞, −∞ of a regime."""
        ends = [
            m.support if isinstance(m, Marginal) else (m, m)
            for m in self.marginals.values()
            if not isinstance(m, Categorical)
        ]
        return min((e[0] for e in ends), default=math.inf), max(
            (e[1] for e in ends), default=-math.inf
        )

    def ppf(self, u: Array) -> NDArray[Any]:
        """Values at the probabilities `u` in every state, shape (states, n)."""
        return np.stack(
            [np.full(u.shape, m) if isinstance(m, float) else m.ppf(u) for m in self._each]
        )

    def draw(self, u: Array) -> NDArray[Any]:
        """The same from the tables of the marginals."""
        return np.stack(
            [np.full(u.shape, m) if isinstance(m, float) else m.draw(u) for m in self._each]
        )

    @property
    def _each(self) -> Iterable[Marginal | Categorical | float]:
        return self.marginals.values()

    def __str__(self) -> str:
        return "; ".join(f"{state}: {m}" for state, m in self.marginals.items())


Believed = Marginal | Categorical | Conditional | float  # of one input; a number is a fixed value


def states_of(believed: Any) -> tuple[str, ...]:
    """The states of a categorical input, given a regime or not; none of a number."""
    if isinstance(believed, Conditional):
        believed = next(iter(believed.marginals.values()))
    return believed.states if isinstance(believed, Categorical) else ()


def marginal_of(distribution: Any, given: str | Sequence[str] | None) -> Believed:
    """One of our marginals for whatever a `Prior` takes as its distribution.

    Raises
    ------
    TypeError
        When it is no distribution, number or mapping of states.
    ValueError
        When its numbers make no sense.
    """
    if given is not None:
        regimes = (given,) if isinstance(given, str) else tuple(given)
        named = ", ".join(regimes)
        if not isinstance(distribution, Mapping):
            raise TypeError(
                f"Expected one distribution for each state of {named!r}, got "
                f"{type(distribution).__name__}. Pass state → distribution or number."
            )
        states = {str(state): marginal_of(d, None) for state, d in distribution.items()}
        if len({states_of(m) for m in states.values()}) != 1:
            got = "states that differ between them" if states else "no state"
            raise TypeError(
                f"Expected a distribution or a number for each state of {named!r}, or the same "
                f"states with probabilities for each, got {got}. Give one for each."
            )
        return Conditional(regimes, states)  # type: ignore[arg-type]
    if isinstance(distribution, (Marginal, Categorical)):
        return distribution
    if isinstance(distribution, Mapping):
        return Categorical(tuple(map(str, distribution)), tuple(map(float, distribution.values())))
    if isinstance(distribution, (int, float, np.number)) and not isinstance(distribution, bool):
        if not math.isfinite(distribution):
            raise ValueError(f"Expected a finite number, got {distribution}. Correct it.")
        return float(distribution)
    return from_scipy(distribution)


def combinations(regimes: Sequence[str], inputs: Mapping[str, Any]) -> list[str]:
    """The states of one regime, or all combinations of those of several: "open, high"."""
    each = [states_of(inputs[name]) for name in regimes]
    return [SEPARATOR.join(states) for states in itertools.product(*each)]

"""Distribution families as quantile functions, from their parameters.

A family is a function from its parameters to a frozen SciPy distribution, so every marginal, ours
or a user's own, is the same kind of object: something with ``ppf`` and ``support``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Marginal:
    """What is believed of one number: a family, its parameters and its quantile function.

    >>> lognormal(mu=0.0, sigma=1.0).ppf(np.array([0.5]))
    array([1.])
    """

    family: str
    parameters: Mapping[str, float]
    distribution: Any

    def ppf(self, u: Array) -> Array:
        """Values at the probabilities `u`, shape kept."""
        return np.asarray(self.distribution.ppf(u), dtype=float)

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest possible value."""
        low, high = self.distribution.support()
        return float(low), float(high)

    def __str__(self) -> str:
        numbers = ", ".join(f"{value:g}" for value in self.parameters.values())
        return f"{'PERT' if self.family == 'pert' else self.family.capitalize()}({numbers})"


@dataclass(frozen=True)
class Categorical:
    """Which of a few named states holds, with their probabilities.

    >>> Categorical(("open", "closed"), (0.25, 0.75)).ppf(np.array([0.1, 0.25, 0.9]))
    array([0, 1, 1], dtype=int16)
    """

    states: tuple[str, ...]
    probabilities: tuple[float, ...]
    family: str = "categorical"

    def __post_init__(self) -> None:
        if not self.states or any(not (0 <= p <= 1) for p in self.probabilities):
            got = ", ".join(f"{s} {p:g}" for s, p in self.parameters.items()) or "no state"
            raise ValueError(
                f"Expected a probability between 0 and 1 for every state, got {got}. Correct them."
            )
        blank = next((s for s in self.states if not s or any(c.isspace() for c in s)), None)
        if blank is not None:
            raise ValueError(f"Expected states named without blanks, got {blank!r}. Rename it.")
        total = math.fsum(self.probabilities)
        if abs(total - 1) > 1e-9:
            raise ValueError(
                f"Expected probabilities that sum to 1, got a sum of {total:g}. "
                "Change them so that the states cover every possibility once."
            )

    @property
    def parameters(self) -> dict[str, float]:
        """State name → probability."""
        return dict(zip(self.states, self.probabilities, strict=True))

    def ppf(self, u: Array) -> NDArray[np.int16]:
        """State codes (0, 1, … in the order of the states) at the probabilities `u`."""
        # The last edge is left out so that rounding of the sum can never give a code too many.
        edges = np.cumsum(self.probabilities)[:-1]
        return np.searchsorted(edges, u, side="right").astype(np.int16)

    def __str__(self) -> str:
        return " / ".join(f"{s} {p:.0%}" for s, p in self.parameters.items())


def _expect(condition: bool, family: str, rule: str, **got: float) -> None:
    if not (condition and all(math.isfinite(value) for value in got.values())):
        values = ", ".join(f"{name} = {value:g}" for name, value in got.items())
        raise ValueError(f"Expected {rule} for a {family} prior, got {values}. Correct them.")


def _made(family: str, parameters: Mapping[str, float], distribution: Any) -> Marginal:
    """The marginal, if its numbers are ones that a computer can hold."""
    marginal = Marginal(family, {k: float(x) for k, x in parameters.items()}, distribution)
    finite = False
    with np.errstate(all="ignore"), suppress(OverflowError):
        finite = bool(np.isfinite(marginal.ppf(np.array([1e-9, 0.05, 0.5, 0.95, 1 - 1e-9]))).all())
    _expect(finite, family, "parameters with finite quantiles", **parameters)
    return marginal


def normal(mean: float, standard_deviation: float) -> Marginal:
    """Symmetric, unbounded uncertainty around a mean."""
    parameters = {"mean": mean, "standard_deviation": standard_deviation}
    _expect(standard_deviation > 0, "normal", "standard_deviation > 0", **parameters)
    return _made("normal", parameters, stats.norm(mean, standard_deviation))


def lognormal(mu: float, sigma: float, shift: float = 0.0) -> Marginal:
    """A positive number whose logarithm is normal; `shift` moves its lower end away from 0."""
    parameters = {"mu": mu, "sigma": sigma} | ({"shift": shift} if shift else {})
    _expect(sigma > 0, "lognormal", "sigma > 0", **parameters)
    median = math.exp(mu) if mu < 700 else math.inf
    return _made("lognormal", parameters, stats.lognorm(s=sigma, loc=shift, scale=median))


def beta(alpha: float, beta: float, minimum: float = 0.0, maximum: float = 1.0) -> Marginal:
    """A share between `minimum` and `maximum`."""
    parameters = {"alpha": alpha, "beta": beta}
    _expect(alpha > 0 and beta > 0, "beta", "alpha > 0 and beta > 0", **parameters)
    if (minimum, maximum) != (0.0, 1.0):
        parameters |= {"minimum": minimum, "maximum": maximum}
    _expect(minimum < maximum, "beta", "minimum < maximum", **parameters)
    return _made("beta", parameters, stats.beta(alpha, beta, minimum, maximum - minimum))


def uniform(minimum: float, maximum: float) -> Marginal:
    """Every value between two limits is as likely as every other."""
    parameters = {"minimum": minimum, "maximum": maximum}
    _expect(minimum < maximum, "uniform", "minimum < maximum", **parameters)
    return _made("uniform", parameters, stats.uniform(minimum, maximum - minimum))


def triangular(minimum: float, mode: float, maximum: float) -> Marginal:
    """A smallest, a most likely and a largest value, with straight lines between them."""
    parameters = {"minimum": minimum, "mode": mode, "maximum": maximum}
    _expect_ordered("triangular", **parameters)
    width = maximum - minimum
    return _made("triangular", parameters, stats.triang((mode - minimum) / width, minimum, width))


def pert(minimum: float, mode: float, maximum: float) -> Marginal:
    """A smallest, a most likely and a largest value, smooth: a beta with weight 4 on the mode."""
    parameters = {"minimum": minimum, "mode": mode, "maximum": maximum}
    _expect_ordered("pert", **parameters)
    width = maximum - minimum
    a, b = 1 + 4 * (mode - minimum) / width, 1 + 4 * (maximum - mode) / width
    return _made("pert", parameters, stats.beta(a, b, minimum, width))


def _expect_ordered(family: str, minimum: float, mode: float, maximum: float) -> None:
    parameters = {"minimum": minimum, "mode": mode, "maximum": maximum}
    ordered = minimum <= mode <= maximum and minimum < maximum
    _expect(ordered, family, "minimum ≤ mode ≤ maximum and minimum < maximum", **parameters)


FAMILIES: dict[str, Callable[..., Marginal]] = {
    "normal": normal,
    "lognormal": lognormal,
    "beta": beta,
    "uniform": uniform,
    "triangular": triangular,
    "pert": pert,
}


def from_scipy(frozen: Any) -> Marginal:
    """The marginal of a frozen SciPy distribution such as ``scipy.stats.gamma(2.0)``.

    Raises
    ------
    TypeError
        When `frozen` is not a frozen distribution.
    ValueError
        When its parameters make no distribution.
    """
    if not (hasattr(frozen, "ppf") and hasattr(frozen, "dist")):
        raise TypeError(
            "Expected a frozen SciPy distribution such as scipy.stats.uniform(0, 1), "
            f"got {type(frozen).__name__}. Give one, or a number for a fixed input."
        )
    if not np.isfinite(frozen.ppf(0.5)):
        raise ValueError(
            f"Expected parameters that make a distribution, got {frozen.dist.name} with "
            f"{frozen.args} {frozen.kwds}, which has no median. Correct them."
        )
    shapes = {f"argument_{i + 1}": float(value) for i, value in enumerate(frozen.args)}
    named = {str(key): float(value) for key, value in frozen.kwds.items()}
    return Marginal(str(frozen.dist.name), shapes | named, frozen)

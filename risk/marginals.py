"""What a marginal is: a quantile function with a name, parameters and, where fitted, how well.

Every input's belief, ours or a user's own SciPy distribution, becomes one of these: something with
`ppf`, `cdf`, `support`, `mean` and `standard_deviation`. The families are in `risk.families`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.tables import tabulated

Array = NDArray[np.float64]
Quantile = Callable[[Array], Array]
# Families of ours whose quantile functions are straight pieces, or as fast as a table (2 to 10 ns
# a value; the sorted search in a sample or a pool takes 50 to 80, but has too many kinks for one).
UNTABULATED = frozenset(
    {"uniform", "triangular", "discrete", "histogram", "empirical", "logarithmic_pool"}
)


@dataclass(frozen=True)
class DataFit:
    """The column of data that a marginal was fitted to, and how far the two are apart."""

    file: str
    column: str
    values: tuple[float, ...]  # sorted
    ks: float  # Kolmogorov's distance between the fitted and the empirical distribution


@dataclass(frozen=True)
class Fit:
    """What a marginal was fitted to, and how well.

    Attributes
    ----------
    asked
        Probability → the quantile that was asked for (of data: the empirical one).
    misfit
        Largest distance between a quantile asked for and the fitted one, as a share of the range
        of those asked for.
    runner_up, runner_up_misfit
        The family that comes next, where the best of several was taken.
    data
        The data, where it was fitted to data.
    """

    asked: Mapping[float, float]
    misfit: float
    runner_up: str | None = None
    runner_up_misfit: float = math.nan
    data: DataFit | None = None


@dataclass(frozen=True)
class Marginal:
    """What is believed of one number: a family, its parameters and its quantile function.

    >>> from risk.families import lognormal
    >>> lognormal(mu=0.0, sigma=1.0).ppf(np.array([0.5]))
    array([1.])
    """

    family: str
    parameters: Mapping[str, Any]
    # with cdf, mean and std; and ppf and support where there is no `quantile`
    distribution: Any = field(compare=False)
    quantile: Quantile | None = field(default=None, compare=False)
    text: str = ""
    fit: Fit | None = None

    def ppf(self, u: Array) -> Array:
        """Values at the probabilities `u`, shape kept; at 0 and 1 the ends of the support."""
        return np.asarray((self.quantile or self.distribution.ppf)(u), dtype=float)

    def draw(self, u: Array) -> Array:
        """Values at the probabilities `u` inside (0, 1), shape kept; `ppf` to 1e-9 of the spread.

        They come from a table made at the first call (see `risk.tables.tabulated`); `ppf` is exact.

        >>> from risk.families import beta
        >>> beta(4.0, 6.0).draw(np.array([0.05, 0.95])).round(4)
        array([0.1688, 0.6551])
        """
        return np.asarray(self._drawn(u), dtype=float)

    @cached_property
    def _drawn(self) -> Quantile:
        """The quantile function, or a table of it."""
        if self.quantile is not None and self.family in UNTABULATED:
            return self.quantile
        return tabulated(self.quantile or self.distribution.ppf)

    def __getstate__(self) -> dict[str, Any]:
        """What is sent to another process: not the table, which is soon made again."""
        return {name: value for name, value in self.__dict__.items() if name != "_drawn"}

    def cdf(self, x: Array) -> Array:
        """Probabilities of values up to `x`, shape kept."""
        return np.asarray(self.distribution.cdf(x), dtype=float)

    @property
    def support(self) -> tuple[float, float]:
        """The smallest and the largest possible value."""
        if self.quantile is None:
            low, high = self.distribution.support()
            return float(low), float(high)
        low, high = self.ppf(np.array([0.0, 1.0]))
        return float(low), float(high)

    def mean(self) -> float:
        """Expectation; infinite or NaN where there is none."""
        return float(self.distribution.mean())

    def standard_deviation(self) -> float:
        """Standard deviation; infinite where a tail is too heavy to have one."""
        found = float(self.distribution.std())
        return math.inf if math.isnan(found) else found

    def __str__(self) -> str:
        return self.text or named(self.family, self.parameters)


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
        check_probabilities(self.probabilities, self.states, "state")
        blank = next(
            (s for s in self.states if not s or "," in s or any(c.isspace() for c in s)), None
        )
        if blank is not None:
            raise ValueError(
                f"Expected states named without blanks or commas, got {blank!r}. Rename it."
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

    def draw(self, u: Array) -> NDArray[np.int16]:
        """As `ppf`: what `Marginal.draw` is of a number."""
        return self.ppf(u)

    def __str__(self) -> str:
        return " / ".join(f"{s} {p:.0%}" for s, p in self.parameters.items())


def check_probabilities(probabilities: Any, names: Any, what: str) -> None:
    """Refuse probabilities that are none, or that do not sum to 1."""
    if not len(names) or any(not (0 <= p <= 1) for p in probabilities):
        pairs = zip(names, probabilities, strict=True)
        got = ", ".join(f"{name} {p:g}" for name, p in pairs) or f"no {what}"
        raise ValueError(
            f"Expected a probability between 0 and 1 for every {what}, got {got}. Correct them."
        )
    total = math.fsum(probabilities)
    if abs(total - 1) > 1e-9:
        raise ValueError(
            f"Expected probabilities that sum to 1, got a sum of {total:g}. "
            f"Change them so that the {what}s cover every possibility once."
        )


def named(family: str, parameters: Mapping[str, Any]) -> str:
    """``Lognormal(0.646, 0.233)``: the family and its parameters in their order."""
    numbers = ", ".join(f"{value:g}" for value in parameters.values())
    words = "PERT" if family == "pert" else family.replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}({numbers})"


def expect(condition: bool, family: str, rule: str, **got: float) -> None:
    """Refuse parameters that break a rule of their family, or that are not finite."""
    if not (condition and all(math.isfinite(value) for value in got.values())):
        values = ", ".join(f"{name} = {value:g}" for name, value in got.items())
        raise ValueError(f"Expected {rule} for a {family} prior, got {values}. Correct them.")


def made(
    family: str, parameters: Mapping[str, float], distribution: Any, quantile: Quantile
) -> Marginal:
    """The marginal, if its numbers are ones that a computer can hold."""
    numbers = {k: float(x) for k, x in parameters.items()}
    marginal = Marginal(family, numbers, distribution, quantile)
    finite = False
    with np.errstate(all="ignore"), suppress(OverflowError):
        ends = marginal.ppf(np.array([0.0, 1.0]))  # may be infinite
        inside = marginal.ppf(np.array([1e-9, 0.05, 0.5, 0.95, 1 - 1e-9]))
        finite = bool(np.isfinite(inside).all() and not np.isnan(ends).any())
        # Shapes near 0 leave one value, or its rounding.
        finite = finite and bool(inside[3] - inside[1] > 2e-12 * np.abs(inside[[1, 3]]).max())
    expect(finite, family, "parameters with finite quantiles", **parameters)
    return marginal


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
    numbers = {str(key): float(value) for key, value in frozen.kwds.items()}
    return Marginal(str(frozen.dist.name), shapes | numbers, frozen)

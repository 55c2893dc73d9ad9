"""Inputs that belong together: correlated ones, and shares that sum to one.

A block maps some axes of the unit cube to its members. It is one factor of the sensitivity analysis
unless it has `innovations`: then its axes are factors of their own, ordered and independent, each
what its member adds to those before it.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import special

from risk.families import beta, empirical
from risk.marginals import Marginal
from risk.sources import Judgement, Source

Array = NDArray[np.float64]
Pairs = Mapping[tuple[str, str], float]
_SAMPLE = 1 << 14  # points from which the marginal of a logistic-normal share is taken


@dataclass(frozen=True, kw_only=True)
class Block(ABC):
    """What all blocks have.

    Attributes
    ----------
    name, label
        Its key (the names of its inputs unless given), and its name in tables and figures.
    innovations
        Whether its axes are factors of their own.
    sources, judgement
        Why it is believed.
    """

    name: str = ""
    label: str = ""
    innovations: bool = False
    sources: tuple[Source, ...] = ()
    judgement: Judgement | None = None

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", " + ".join(self.members))

    @property
    @abstractmethod
    def members(self) -> tuple[str, ...]:
        """The inputs of the block."""

    @property
    @abstractmethod
    def axes(self) -> tuple[str, ...]:
        """The axes of the unit cube that the block takes."""

    def innovation(self, k: int) -> str:
        """The axis of the k-th member: its name, and after a bar what came before it."""
        before = ", ".join(self.members[:k])
        return f"{self.members[k]} | {before}" if before and self.innovations else self.members[k]

    def inputs_of(self, axis: str) -> tuple[str, ...]:
        """The inputs that an axis stands for: its own; of a shock that all share, all."""
        own = [k for k in range(len(self.members)) if self.innovation(k) == axis]
        return (self.members[own[0]],) if own else self.members

    def axis_labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """What the axes are called: "GPU price, beyond what Demand explains"."""
        named = {axis: f"Common shock of {self.label or self.name}" for axis in self.axes}
        for k, name in enumerate(self.members):
            before = " and ".join(labels[other] for other in self.members[:k])
            verb = "explains" if k == 1 else "explain"
            said = f"{labels[name]}, beyond what {before} {verb}" if before else labels[name]
            if self.innovation(k) in named:
                named[self.innovation(k)] = said
        return named


@dataclass(frozen=True)
class Correlated(Block):
    """Inputs joined by a Gaussian or a t copula with given rank correlations.

    Attributes
    ----------
    pairs
        Pair of inputs → rank correlation; pairs not named have a latent correlation of 0.
    rank
        "spearman" or "kendall".
    degrees_of_freedom
        Of a t copula, whose extremes come together; infinite for the Gaussian copula.
    given, states
        Instead of `pairs`: regimes, and pairs for each of their states.
    repair
        Whether a matrix that is none may be shrunk towards independence.

    Examples
    --------
    >>> Correlated({("a", "b"): 0.5, ("b", "c"): 0.2}).members
    ('a', 'b', 'c')
    """

    pairs: Pairs = field(default_factory=dict)
    rank: str = field(default="spearman", kw_only=True)
    degrees_of_freedom: float = field(default=math.inf, kw_only=True)
    given: tuple[str, ...] = field(default=(), kw_only=True)
    states: Mapping[str, Pairs] = field(default_factory=dict, kw_only=True)
    repair: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if self.rank not in ("spearman", "kendall"):
            raise ValueError(
                f"Expected `rank` to be spearman or kendall, got {self.rank!r}. Choose one."
            )
        if not self.degrees_of_freedom > 0:
            raise ValueError(
                f"Expected degrees of freedom above 0, got {self.degrees_of_freedom:g}. "
                "Leave them out for a Gaussian copula."
            )
        if bool(self.pairs) == bool(self.states) or bool(self.states) != bool(self.given):
            raise ValueError(
                "Expected either pairs, or `given` with pairs for each state, got "
                f"{len(self.pairs)} pairs, {len(self.states)} states and `given` "
                f"{', '.join(self.given) or 'nothing'}. Give one of the two."
            )
        super().__post_init__()

    @property
    def by_state(self) -> Mapping[str, Pairs]:
        """State → pairs; one nameless state where the correlation is always the same."""
        return self.states or {"": self.pairs}

    @cached_property
    def members(self) -> tuple[str, ...]:
        """The inputs of the block, in the order in which its pairs name them."""
        names = (name for pairs in self.by_state.values() for pair in pairs for name in pair)
        return tuple(dict.fromkeys(names))

    @property
    def axes(self) -> tuple[str, ...]:
        """One axis a member, and of a t copula one for the shock that all share."""
        shock = () if math.isinf(self.degrees_of_freedom) else (f"{self.name} shock",)
        return tuple(map(self.innovation, range(len(self.members)))) + shock

    def scores(self, u: Array, factors: Array) -> Array:
        """Uniform scores of the members in every state, shape (states, members, n).

        Parameters
        ----------
        u
            Points, shape (axes, n).
        factors
            Cholesky factors of the latent matrices, shape (states, members, members).
        """
        size = len(self.members)
        latent = factors @ special.ndtri(u[:size])
        if math.isinf(self.degrees_of_freedom):
            scores = special.ndtr(latent)
        else:
            df = self.degrees_of_freedom
            mixing = special.gammaincinv(df / 2, u[size]) * 2 / df
            scores = special.stdtr(df, latent / np.sqrt(mixing))
        # A sum of scores beyond eight standard deviations rounds to 0 or 1, where quantiles are
        # infinite; every score of the cube itself lies inside these limits.
        return np.asarray(np.clip(scores, 2.0**-53, 1 - 2.0**-53))


@dataclass(frozen=True)
class Shares(Block):
    """Shares that sum to one: a Dirichlet, or a logistic normal where `spread` is given.

    Attributes
    ----------
    parameters
        Input → alpha of the Dirichlet; or → the share at the centre of the logistic normal.
    spread
        Input → standard deviation of the logarithm of its weight, before all are divided by their
        sum.

    Examples
    --------
    >>> mix = Shares({"api": 2.0, "app": 6.0, "web": 2.0})
    >>> str(mix["app"]), {k: float(v[0]) for k, v in mix.values(np.full((2, 1), 0.5)).items()}
    ('Beta(6, 4)', {'api': 0.179..., 'app': 0.632..., 'web': 0.187...})
    """

    parameters: Mapping[str, float] = field(default_factory=dict)
    spread: Mapping[str, float] | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        numbers = {**self.parameters}
        if len(numbers) < 2 or not all(0 < x < math.inf for x in numbers.values()):
            got = ", ".join(f"{k} {x:g}" for k, x in numbers.items()) or "none"
            raise ValueError(f"Expected two or more shares with numbers above 0, got {got}.")
        if self.spread is not None and (
            set(self.spread) != set(numbers) or not all(0 < x < 50 for x in self.spread.values())
        ):
            raise ValueError(
                "Expected a spread above 0 and below 50 for each share, got "
                f"{', '.join(f'{k} {x:g}' for k, x in self.spread.items()) or 'none'}."
            )
        super().__post_init__()

    @property
    def members(self) -> tuple[str, ...]:
        """The shares."""
        return tuple(self.parameters)

    @property
    def axes(self) -> tuple[str, ...]:
        """Of a Dirichlet one axis fewer than shares: the last is what is left."""
        count = len(self.members) - (self.spread is None)
        return tuple(map(self.innovation, range(count)))

    def innovation(self, k: int) -> str:
        """Of a logistic normal the weight of the k-th share, before all sum to one."""
        return super().innovation(k) if self.spread is None else self.members[k]

    def axis_labels(self, labels: Mapping[str, str]) -> dict[str, str]:
        """What the axes are called: "Weight of API share" for a logistic normal."""
        if self.spread is None:
            return super().axis_labels(labels)
        return {name: f"Weight of {labels[name]}" for name in self.members}

    @cached_property
    def centre(self) -> dict[str, float]:
        """Shares of an ordinary case, which sum to one: means, or the logistic normal's centre."""
        total = math.fsum(self.parameters.values())
        return {name: x / total for name, x in self.parameters.items()}

    @cached_property
    def marginals(self) -> dict[str, Marginal]:
        """What is believed of each share alone."""
        if self.spread is None:
            total = math.fsum(self.parameters.values())
            return {name: beta(a, total - a) for name, a in self.parameters.items()}
        # The marginal has no closed form: quantiles of a balanced sample stand for it.
        from scipy.stats import qmc

        sample = qmc.Sobol(len(self.members), scramble=True, rng=np.random.default_rng(0))
        drawn = self.values(sample.random(_SAMPLE).T + 2.0**-31)
        return {name: empirical(x.tolist()) for name, x in drawn.items()}

    def __getitem__(self, name: str) -> Marginal:
        return self.marginals[name]

    def values(self, u: Array) -> dict[str, Array]:
        """The shares at points of shape (axes, n)."""
        names = self.members
        if self.spread is not None:
            logs = np.log(list(self.centre.values()))[:, None]
            spread = np.array([self.spread[name] for name in names])[:, None]
            return dict(
                zip(names, special.softmax(logs + spread * special.ndtri(u), axis=0), strict=True)
            )
        alpha = np.array(list(self.parameters.values()))
        left = np.ones(u.shape[1:])
        found = {}
        for i, name in enumerate(names[:-1]):  # each takes a part of what is left
            part = special.betaincinv(alpha[i], alpha[i + 1 :].sum(), u[i])
            found[name] = left * part
            left = left * (1 - part)
        return found | {names[-1]: left}

    def alone(self, u: Array) -> dict[str, Array]:
        """Shares of which one moves along its own marginal and the others keep their proportions.

        `u` has shape (members, n); members at 1/2 follow.
        """
        moved = u != 0.5
        own = np.stack(
            [self.marginals[name].ppf(row) for name, row in zip(self.members, u, strict=True)]
        )
        middle = np.array([self.centre[name] for name in self.members])[:, None]
        left = 1 - np.where(moved, own, 0.0).sum(axis=0)
        weight = np.where(moved, 0.0, middle).sum(axis=0)
        follow = middle * left / np.where(weight > 0, weight, 1.0)
        return dict(zip(self.members, np.where(moved, own, follow), strict=True))


def components(pairs: Pairs) -> tuple[Correlated, ...]:
    """Blocks of inputs that are correlated with each other, directly or through others.

    >>> [block.members for block in components({("a", "b"): 0.1, ("c", "d"): 0.2, ("d", "e"): 0.3})]
    [('a', 'b'), ('c', 'd', 'e')]
    """
    groups: list[set[str]] = []
    for pair in pairs:
        touched = [group for group in groups if group & set(pair)]
        groups = [group for group in groups if group not in touched]
        groups.append(set(pair).union(*touched))
    blocks = [{p: r for p, r in pairs.items() if set(p) <= group} for group in groups]
    return tuple(map(Correlated, blocks))

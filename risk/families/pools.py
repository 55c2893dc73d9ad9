"""The logarithmic pool of several marginals: the product of their densities to their weights."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from risk.families import parametric
from risk.families.composed import parameters_of, shares_of, text_of
from risk.families.numeric import PROBABILITIES
from risk.families.tabular import Broken
from risk.marginals import Marginal

Array = NDArray[np.float64]
_CONJUGATE = {  # families that pool into themselves, as long as they have these parameters only
    "normal": ("mean", "standard_deviation"),
    "lognormal": ("mu", "sigma"),
    "gamma": ("shape", "scale"),
    "beta": ("alpha", "beta"),
}


def logarithmic_pool(parts: Sequence[Marginal], weights: Sequence[float]) -> Marginal:
    """What several experts leave in common: the product of their densities to their weights.

    Narrower than the linear pool. Of normals, lognormals, gammas or betas it is one of the same;
    else its distribution function is computed on a fine grid.

    Raises
    ------
    ValueError
        When a part has no density in closed form, or no value is possible to all.

    Examples
    --------
    >>> str(logarithmic_pool([parametric.normal(0.0, 1.0), parametric.normal(4.0, 1.0)], [3, 1]))
    'Normal(1, 1)'
    """
    shares = shares_of(parts, weights, "pool")
    closed = _conjugate(parts, shares)
    if closed is not None:
        return closed
    unknown = next((p for p in parts if not hasattr(p.distribution, "pdf")), None)
    if unknown is not None:
        raise ValueError(
            "Expected experts with a density for a logarithmic pool, "
            f"{', '.join(parametric.QUANTILES)}, got {unknown}. Use the linear pool."
        )
    low, high = max(p.support[0] for p in parts), min(p.support[1] for p in parts)
    nodes = np.unique(np.clip([part.ppf(PROBABILITIES) for part in parts], low, max(low, high)))
    logs = _log_density(nodes, parts, shares)
    if not np.isfinite(logs).any():
        raise ValueError(
            "Expected experts who share some possible values for a logarithmic pool, got "
            f"{'; '.join(map(str, parts))}. Use the linear pool."
        )
    law = Broken(_cumulative(nodes, logs), nodes)
    text = "Logarithmic pool of " + text_of(parts, shares).removeprefix("Mixture of ")
    return Marginal("logarithmic_pool", parameters_of(parts, shares), law, law.ppf, text)


def _log_density(nodes: Array, parts: Sequence[Marginal], shares: Array) -> Array:
    """Logarithm of the pool's density, but for a constant, at three points of every cell."""
    width = np.diff(nodes)
    inside = [nodes[:-1] + width * q for q in (0.5 - 0.6**0.5 / 2, 0.5, 0.5 + 0.6**0.5 / 2)]
    with np.errstate(all="ignore"):  # far from its middle a density leaves the numbers
        logs = sum(
            share * part.distribution.logpdf(np.array(inside))
            for share, part in zip(shares, parts, strict=True)
        )
    # A point may round to an end of a support where the density is infinite: its cell is empty.
    return np.where(np.isfinite(logs), logs, -np.inf)


def _cumulative(nodes: Array, logs: Array) -> Array:
    """The distribution function at the nodes, by Gauss–Legendre in every cell."""
    weights = np.array([5.0, 8.0, 5.0]) / 18
    mass = np.cumsum(np.diff(nodes) * (weights @ np.exp(logs - logs.max())))
    return np.concatenate([[0.0], mass / mass[-1]])


def _conjugate(parts: Sequence[Marginal], shares: Array) -> Marginal | None:
    """The pool in closed form, where all parts are of a family that pools into itself."""
    families = {part.family for part in parts}
    own = _CONJUGATE.get(next(iter(families)))
    if len(families) != 1 or any(tuple(part.parameters) != own for part in parts):
        return None
    first, second = np.array([list(part.parameters.values()) for part in parts]).T
    match families.pop():
        case "normal" | "lognormal" as family:
            precision = shares / second**2
            of = parametric.normal if family == "normal" else parametric.lognormal
            mean = float(precision @ first / precision.sum())
            return of(mean, float(precision.sum() ** -0.5))
        case "gamma":
            return parametric.gamma(float(shares @ first), float(1 / (shares @ (1 / second))))
        case "beta":
            return parametric.beta(float(shares @ first), float(shares @ second))
    return None

"""A marginal made wider or narrower around its median, inside its own support."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from risk.families.numeric import deviation_of, mean_of
from risk.marginals import Marginal

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Stretched:
    """Quantiles F⁻¹(Φ(s z)) at the normal score z: s times as wide in normal scores."""

    marginal: Marginal
    factor: float

    def ppf(self, u: Array) -> Array:
        """The value at each probability."""
        u = np.asarray(u, dtype=float)
        # Scores beyond those of a double's smallest probability would leave the distribution.
        score = np.clip(self.factor * special.ndtri(u), -8.2, 8.2)
        inner = np.where((u == 0) | (u == 1), u, special.ndtr(score))
        return self.marginal.ppf(inner)

    def cdf(self, x: Array) -> Array:
        """Probability of values up to x."""
        return np.asarray(special.ndtr(special.ndtri(self.marginal.cdf(x)) / self.factor))

    def mean(self) -> float:
        """Expectation."""
        return mean_of(self.ppf)

    def std(self) -> float:
        """Standard deviation."""
        return deviation_of(self.ppf)


def stretched(marginal: Marginal, factor: float) -> Marginal:
    """The marginal `factor` times as wide, with the same median and support.

    A normal's standard deviation and a lognormal's sigma are multiplied; a share stays a share.

    >>> from risk.families import normal
    >>> stretched(normal(3.0, 1.0), 2.0).ppf(np.array([0.5, special.ndtr(1.0)]))
    array([3., 5.])
    """
    if not factor > 0:
        raise ValueError(
            f"Expected a factor above 0, got {factor:g}. Use 1.5 for half as wide again."
        )
    law = Stretched(marginal, float(factor))
    parameters = {"of": str(marginal), "factor": float(factor)}
    return Marginal("stretched", parameters, law, law.ppf, f"{marginal} × {factor:g} as wide")

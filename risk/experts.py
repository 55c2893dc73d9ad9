"""Several elicitations of one number, and their pools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from risk.families import logarithmic_pool, mixture
from risk.marginals import Marginal

POOLS = ("linear", "logarithmic")


@dataclass(frozen=True)
class Expert:
    """What one expert believes, and how much that counts."""

    who: str
    marginal: Marginal
    weight: float = 1.0


def pooled(experts: Sequence[Expert], pool: str = "linear") -> Marginal:
    """What experts believe together.

    The linear pool is a mixture: one of them is right. The logarithmic pool multiplies densities to
    their weights: what they have in common, and narrower (Genest and Zidek 1986,
    doi:10.1214/ss/1177013825).

    Examples
    --------
    >>> from risk.families import normal
    >>> two = [Expert("A", normal(0.0, 1.0)), Expert("B", normal(2.0, 1.0))]
    >>> pooled(two).standard_deviation().__round__(4), str(pooled(two, "logarithmic"))
    (1.4142, 'Normal(1, 1)')
    """
    if pool not in POOLS:
        raise ValueError(f"Expected `pool` to be linear or logarithmic, got {pool!r}. Choose one.")
    parts = [expert.marginal for expert in experts]
    weights = [expert.weight for expert in experts]
    return (mixture if pool == "linear" else logarithmic_pool)(parts, weights)

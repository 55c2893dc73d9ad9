"""Shapley steps of a gap: what each group of inputs contributes, whatever the order."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
MOST_STEPS = 10


def subsets(steps: int) -> NDArray[np.bool_]:
    """All sets of steps as rows of booleans, the empty one first, shape (2^k, k).

    Raises
    ------
    ValueError
        For more than ten steps, whose 1024 sets are the most that is evaluated.
    """
    if steps > MOST_STEPS:
        raise ValueError(
            f"Expected at most {MOST_STEPS} bridge steps, got {steps}. "
            "Give inputs that belong together the same step."
        )
    return (np.arange(2**steps)[:, None] >> np.arange(steps)) & 1 == 1


def weights(steps: int) -> Array:
    """Weights of the sets' values in each step's Shapley value, shape (k, 2^k).

    ``φ_i = Σ_S |S|! (k − |S| − 1)! / k! (v(S ∪ i) − v(S))`` over the sets S without i
    (Shapley 1953, doi:10.1515/9781400881970-018).

    Examples
    --------
    >>> weights(2) @ np.array([0.0, 1.0, 2.0, 6.0])   # v(∅), v(1), v(2), v(1, 2)
    array([2.5, 3.5])
    """
    member = subsets(steps)
    size = member.sum(axis=1)
    fact = [math.factorial(s) for s in range(steps + 1)]
    joined = np.array([fact[s - 1] * fact[steps - s] if s else 0 for s in size]) / fact[steps]
    left = np.array([fact[s] * fact[steps - s - 1] if s < steps else 0 for s in size])
    return np.where(member.T, joined, -left / fact[steps])

"""Shapley steps of a gap: what each group of inputs contributes, whatever the order."""

from __future__ import annotations

import functools
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
    return np.asarray((np.arange(2**steps)[:, None] >> np.arange(steps)) & 1, dtype=bool)


def steps(values: Array) -> Array:
    """What each of k steps contributes, for any order of the steps.

    The mean, over all orders, of what the outcome changes by when the step is taken:
    ``φ_i = Σ_S |S|! (k − |S| − 1)! / k! (v(S ∪ i) − v(S))`` over the sets S without i (Shapley
    1953, doi:10.1515/9781400881970-018). They sum to v(all) − v(none), and a step that never
    changes the outcome gets exactly 0.

    Parameters
    ----------
    values
        Outcome of each set, in the order of `subsets`, shape (2^k, ..., n).

    Returns
    -------
    Shape (k, ..., n).

    Examples
    --------
    >>> steps(np.array([[0.0], [1.0], [2.0], [6.0]]))[:, 0]   # v(∅), v(1), v(2), v(1, 2)
    array([2.5, 3.5])
    """
    count = len(values).bit_length() - 1
    flat = values.reshape(2**count, -1)
    parts = _weights(count) @ flat
    for i, part in enumerate(parts):
        pairs = flat.reshape(-1, 2, 2**i, flat.shape[1])  # sets without the step, and with it
        if np.array_equal(pairs[:, 0], pairs[:, 1]):
            part[:] = 0  # not what is left of a sum by rounding
    return np.asarray(parts.reshape(count, *values.shape[1:]))


@functools.cache
def _weights(count: int) -> Array:
    """What each set counts in each step's part, shape (k, 2^k)."""
    inside = subsets(count)
    size = inside.sum(axis=1)
    fact = np.array([math.factorial(s) for s in range(count + 1)])
    with_step = fact[size - 1] * fact[count - size] / fact[count]
    without = fact[size] * fact[count - size - 1] / fact[count]
    return np.asarray(np.where(inside, with_step[:, None], -without[:, None]).T)

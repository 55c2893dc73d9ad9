"""Risk measures of a sample, and their intervals from replicates.

Every measure takes an outcome that is good when large (profit, revenue), so its losses are its low
values; a *loss* measure (value at risk, expected shortfall) is positive when money is lost.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from risk.stats import replicates

Array = NDArray[np.float64]


def quantile(y: Array, probability: float) -> Array:
    """The value below which `y` falls with this probability, shape (..., n) to (...)."""
    return np.asarray(np.quantile(y, probability, axis=-1))


def value_at_risk(y: Array, tail: float) -> Array:
    """The loss that is exceeded with probability `tail`, positive when money is lost.

    Examples
    --------
    >>> float(value_at_risk(np.arange(-50.0, 51.0), tail=0.05))
    45.0
    """
    return -quantile(y, tail)


def expected_shortfall(y: Array, tail: float) -> Array:
    """The mean loss in the worst `tail` of cases, positive when money is lost.

    The boundary case counts with the fraction that makes the weight of the worst cases exactly
    `tail` (Acerbi & Tasche 2002, doi:10.1016/S0378-4266(02)00283-2), so the measure is coherent
    in every sample.

    Examples
    --------
    >>> float(expected_shortfall(np.array([-4.0, -2.0, 0.0, 6.0]), tail=0.5))
    3.0
    """
    weight = tail_weights(y.shape[-1], tail)
    worst = np.sort(np.partition(y, len(weight) - 1, axis=-1)[..., : len(weight)], axis=-1)
    return np.asarray(-np.sum(worst * weight, axis=-1))


def tail_weights(n: int, tail: float) -> Array:
    """Weights of the lowest order statistics of n in the mean of the worst `tail`."""
    size = round(n * tail, 9)  # 0.07 * 100 is 7.000000000000001
    whole = int(size)
    weights = np.append(np.full(whole, 1.0), size - whole) / size
    return weights[:-1] if size == whole else weights


def skewness(y: Array) -> Array:
    """The third standardised moment: positive when the long tail is above."""
    z = y - y.mean(axis=-1, keepdims=True)
    return np.asarray((z**3).mean(axis=-1) / (z**2).mean(axis=-1) ** 1.5)


def estimate(measure: Callable[[Array], Array], y: Array) -> replicates.Estimate:
    """A measure of the pooled sample, with the interval that its replicates give it.

    Parameters
    ----------
    measure
        Array of shape (..., n) to array of shape (...).
    y
        Outcomes of R replicates, shape (..., R, n).

    Examples
    --------
    >>> y = np.random.default_rng(1).random((16, 1024))
    >>> bool(abs(estimate(lambda x: x.mean(axis=-1), y).value - 0.5) < 0.01)
    True
    """
    pooled = y.reshape(*y.shape[:-2], -1)
    return replicates.from_replicates(measure(pooled), measure(y))


def probability_below(y: Array, threshold: float = 0.0) -> replicates.Estimate:
    """The probability that an outcome is below a threshold, of loss by default.

    The interval is Wilson's at the effective sample size p(1 − p)/se² that the replicates show,
    with Student's t for the normal, so it stays inside [0, 1]. Where every replicate says the same
    0 or 1 it is Clopper and Pearson's for that many independent draws, which is wider.

    Parameters
    ----------
    y
        Outcomes of R replicates, shape (..., R, n).

    Examples
    --------
    >>> y = np.linspace(-1.0, 3.0, 4096).reshape(256, 16).T
    >>> float(probability_below(y).value)
    0.25
    """
    shares = np.mean(y < threshold, axis=-1)
    plain = replicates.mean(shares)
    p, count, n = plain.value, y.shape[-2], y.shape[-2] * y.shape[-1]
    t = replicates.student_t(count)
    alpha = (1 - replicates.LEVEL) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        size = p * (1 - p) / plain.standard_error**2
        middle = (p + t**2 / (2 * size)) / (1 + t**2 / size)
        half = t / (1 + t**2 / size) * np.sqrt(p * (1 - p) / size + (t / (2 * size)) ** 2)
    lower, upper = middle - half, middle + half
    never, always = p == 0, p == 1
    alike = (plain.standard_error == 0) & ~never & ~always
    lower = np.where(never, 0.0, np.where(always, alpha ** (1 / n), np.where(alike, p, lower)))
    upper = np.where(always, 1.0, np.where(never, 1 - alpha ** (1 / n), np.where(alike, p, upper)))
    return plain._replace(lower=lower, upper=upper)

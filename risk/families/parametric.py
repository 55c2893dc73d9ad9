"""The usual families. Their quantile functions are SciPy's special functions without its checks.

Each is exact at 0 and 1 (the ends of the support) and gives the bits that SciPy's ``ppf`` gives.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from risk.marginals import Marginal, expect, made

Array = NDArray[np.float64]


def normal_quantile(u: Array, mean: float, standard_deviation: float) -> Array:
    """Quantiles of a normal."""
    return np.asarray(special.ndtri(u) * standard_deviation + mean)


def student_t_quantile(
    u: Array, location: float, scale: float, degrees_of_freedom: float = 4.0
) -> Array:
    """Quantiles of Student's t, moved and stretched."""
    values = special.stdtrit(degrees_of_freedom, u) * scale + location
    return np.where(u == 0, -math.inf, values)  # SciPy's function is +∞ there


def lognormal_quantile(u: Array, mu: float, sigma: float, shift: float = 0.0) -> Array:
    """Quantiles of a lognormal."""
    median = math.exp(mu) if mu < 700 else math.inf
    return np.asarray(np.exp(sigma * special.ndtri(u)) * median + shift)


def gamma_quantile(u: Array, shape: float, scale: float, shift: float = 0.0) -> Array:
    """Quantiles of a gamma."""
    return np.asarray(special.gammaincinv(shape, u) * scale + shift)


def beta_quantile(
    u: Array, alpha: float, beta: float, minimum: float = 0.0, maximum: float = 1.0
) -> Array:
    """Quantiles of a beta between two limits."""
    unit = special.betaincinv(alpha, beta, u)
    return np.asarray(unit) if (minimum, maximum) == (0, 1) else _between(unit, minimum, maximum)


def uniform_quantile(u: Array, minimum: float, maximum: float) -> Array:
    """Quantiles of a uniform."""
    return _between(np.asarray(u, dtype=float), minimum, maximum)


def triangular_quantile(u: Array, minimum: float, mode: float, maximum: float) -> Array:
    """Quantiles of a triangular."""
    c = (mode - minimum) / (maximum - minimum)
    unit = np.where(u < c, np.sqrt(c * u), 1 - np.sqrt((1 - c) * (1 - u)))
    return _between(unit, minimum, maximum)


def pert_quantile(u: Array, minimum: float, mode: float, maximum: float) -> Array:
    """Quantiles of a PERT."""
    return beta_quantile(u, *_pert_shapes(minimum, mode, maximum), minimum, maximum)


def _pert_shapes(minimum: float, mode: float, maximum: float) -> tuple[float, float]:
    width = maximum - minimum
    return 1 + 4 * (mode - minimum) / width, 1 + 4 * (maximum - mode) / width


def _between(unit: Array, minimum: float, maximum: float) -> Array:
    """From [0, 1] onto [minimum, maximum]; rounding neither leaves it nor misses its ends."""
    values = np.clip(unit * (maximum - minimum) + minimum, minimum, maximum)
    return np.where(unit == 1, maximum, values)


QUANTILES: dict[str, Callable[..., Array]] = {
    "normal": normal_quantile,
    "student_t": student_t_quantile,
    "lognormal": lognormal_quantile,
    "gamma": gamma_quantile,
    "beta": beta_quantile,
    "uniform": uniform_quantile,
    "triangular": triangular_quantile,
    "pert": pert_quantile,
}


def _made(family: str, parameters: dict[str, float], law: Any) -> Marginal:
    return made(family, parameters, law, partial(QUANTILES[family], **parameters))


def normal(mean: float, standard_deviation: float) -> Marginal:
    """Symmetric, unbounded uncertainty around a mean."""
    parameters = {"mean": mean, "standard_deviation": standard_deviation}
    expect(standard_deviation > 0, "normal", "standard_deviation > 0", **parameters)
    law = stats.norm(mean, standard_deviation)
    return _made("normal", parameters, law)


def student_t(location: float, scale: float, degrees_of_freedom: float = 4.0) -> Marginal:
    """Symmetric with heavy tails; no variance up to two degrees of freedom."""
    parameters = {"location": location, "scale": scale, "degrees_of_freedom": degrees_of_freedom}
    positive = scale > 0 and degrees_of_freedom > 0
    expect(positive, "student_t", "scale > 0 and degrees_of_freedom > 0", **parameters)
    law = stats.t(degrees_of_freedom, location, scale)
    return _made("student_t", parameters, law)


def lognormal(mu: float, sigma: float, shift: float = 0.0) -> Marginal:
    """A positive number whose logarithm is normal; `shift` moves its lower end away from 0."""
    parameters = {"mu": mu, "sigma": sigma} | ({"shift": shift} if shift else {})
    expect(sigma > 0, "lognormal", "sigma > 0", **parameters)
    median = math.exp(mu) if mu < 700 else math.inf
    law = stats.lognorm(s=sigma, loc=shift, scale=median)
    return _made("lognormal", parameters, law)


def gamma(shape: float, scale: float, shift: float = 0.0) -> Marginal:
    """A positive number with a lighter upper tail than a lognormal's: a sum of waiting times."""
    parameters = {"shape": shape, "scale": scale} | ({"shift": shift} if shift else {})
    expect(shape > 0 and scale > 0, "gamma", "shape > 0 and scale > 0", **parameters)
    law = stats.gamma(shape, loc=shift, scale=scale)
    return _made("gamma", parameters, law)


def beta(alpha: float, beta: float, minimum: float = 0.0, maximum: float = 1.0) -> Marginal:
    """A share between `minimum` and `maximum`."""
    parameters = {"alpha": alpha, "beta": beta}
    expect(alpha > 0 and beta > 0, "beta", "alpha > 0 and beta > 0", **parameters)
    if (minimum, maximum) != (0.0, 1.0):
        parameters |= {"minimum": minimum, "maximum": maximum}
    expect(minimum < maximum, "beta", "minimum < maximum", **parameters)
    law = stats.beta(alpha, beta, minimum, maximum - minimum)
    return _made("beta", parameters, law)


def uniform(minimum: float, maximum: float) -> Marginal:
    """Every value between two limits is as likely as every other."""
    parameters = {"minimum": minimum, "maximum": maximum}
    expect(minimum < maximum, "uniform", "minimum < maximum", **parameters)
    law = stats.uniform(minimum, maximum - minimum)
    return _made("uniform", parameters, law)


def triangular(minimum: float, mode: float, maximum: float) -> Marginal:
    """A smallest, a most likely and a largest value, with straight lines between them."""
    parameters = {"minimum": minimum, "mode": mode, "maximum": maximum}
    _expect_ordered("triangular", **parameters)
    width = maximum - minimum
    law = stats.triang((mode - minimum) / width, minimum, width)
    return _made("triangular", parameters, law)


def pert(minimum: float, mode: float, maximum: float) -> Marginal:
    """A smallest, a most likely and a largest value, smooth: a beta with weight 4 on the mode."""
    parameters = {"minimum": minimum, "mode": mode, "maximum": maximum}
    _expect_ordered("pert", **parameters)
    law = stats.beta(*_pert_shapes(minimum, mode, maximum), minimum, maximum - minimum)
    return _made("pert", parameters, law)


def _expect_ordered(family: str, minimum: float, mode: float, maximum: float) -> None:
    parameters = {"minimum": minimum, "mode": mode, "maximum": maximum}
    ordered = minimum <= mode <= maximum and minimum < maximum
    expect(ordered, family, "minimum ≤ mode ≤ maximum and minimum < maximum", **parameters)

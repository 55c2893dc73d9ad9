"""Marginals from a sample of data: maximum likelihood, with how well it fits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from risk.elicitation import HELD
from risk.families import FAMILIES, empirical
from risk.families.fitting import closest
from risk.marginals import DataFit, Fit, Marginal

Array = NDArray[np.float64]
SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles that stand beside the empirical ones
FEWEST = 8  # values that a family is fitted to
CANDIDATES = ("normal", "lognormal", "gamma", "beta", "student_t")  # for "best": by AIC
_MOST_ORDERED = 500  # order statistics of a fit by least squares; of more values, quantiles
_SAMPLES = 99  # of the parametric bootstrap


def from_data(
    values: Sequence[float],
    family: str,
    *,
    held: Mapping[str, float] | None = None,
    file: str = "",
    column: str = "",
) -> Marginal:
    """The marginal of a family that fits a sample.

    Normal, lognormal, gamma, beta and Student's t are fitted by maximum likelihood,
    uniform, triangular, PERT and metalog by least squares on the order statistics at (k − ½) / n.

    Parameters
    ----------
    values
        At least eight numbers (two for "empirical").
    family
        One of `risk.families.FAMILIES`, "empirical" for the sample as it is, or "best" for the one
        of `CANDIDATES` with the smallest AIC.
    held
        Parameters that are not fitted.
    file, column
        Where the values come from, for the record.

    Returns
    -------
    Marginal whose `fit` holds the empirical quantiles, the misfit and Kolmogorov's distance.

    Raises
    ------
    ValueError
        When the values are too few, not finite, or outside the family's support.

    Examples
    --------
    >>> str(from_data([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], "normal"))
    'Normal(4.5, 2.29129)'
    """
    x = np.sort(np.asarray(values, dtype=float))
    if family == "empirical":
        return _recorded(empirical(x.tolist()), x, file, column)
    if len(x) < FEWEST or not np.isfinite(x).all() or x[0] == x[-1]:
        raise ValueError(
            f"Expected at least {FEWEST} finite values that differ, got {len(x)}. "
            "Give more data, or quantiles."
        )
    if family not in ("best", *FAMILIES):
        raise ValueError(
            f"Expected a family of {', '.join(FAMILIES)}, best or empirical, got {family!r}. "
            "Choose one of these."
        )
    own = dict(held or {})
    known = HELD.get(family, ())
    wrong = [name for name in own if name not in known]
    if wrong:
        raise ValueError(
            f"Expected `held` parameters of {family} among {', '.join(known) or 'none'}, got "
            f"{wrong[0]!r}. Remove it."
        )
    if family != "best":
        return _recorded(_fitted(family, x, own), x, file, column)
    found = {}
    for name in CANDIDATES:
        with suppress(ValueError):
            found[name] = _recorded(_fitted(name, x, {}), x, file, column)
    order = sorted(found, key=lambda name: _aic(found[name], x))
    if len(order) < 2:
        raise ValueError(
            f"Expected data of a usual size, got {x[0]:g} to {x[-1]:g}. Change the unit."
        )
    first, second = found[order[0]], found[order[1]]
    assert first.fit is not None
    assert second.fit is not None
    record = replace(first.fit, runner_up=order[1], runner_up_misfit=second.fit.misfit)
    return replace(first, fit=record)


def goodness(marginal: Marginal, held: Mapping[str, float] | None = None) -> float:
    """P-value of the fit to its data: the share of samples of the fitted family that fit no better.

    A parametric bootstrap of Kolmogorov's distance, each sample fitted again, since the textbook
    p-value does not know that the parameters were fitted (Stute and others 1993,
    doi:10.1007/BF02613687).
    """
    if marginal.fit is None or marginal.fit.data is None or marginal.family not in FAMILIES:
        raise ValueError(
            f"Expected a marginal of a family that was fitted to data, got {marginal}. Fit one."
        )
    data = marginal.fit.data
    n = len(data.values)
    rng = np.random.default_rng(n)
    further = 0
    for _ in range(_SAMPLES):
        sample = np.sort(marginal.ppf(rng.random(n)))
        try:
            again = _fitted(marginal.family, sample, dict(held or {}))
        except ValueError:  # a sample that cannot even be fitted fits no better
            further += 1
            continue
        further += _distance(again, sample) >= data.ks
    return (1 + further) / (1 + _SAMPLES)


def _fitted(family: str, x: Array, held: Mapping[str, float]) -> Marginal:
    if not _has_room(family, x, held):
        raise ValueError(
            f"Expected data inside the support of a {family} prior, got {x[0]:g} to {x[-1]:g}. "
            "Choose another family, or hold other limits."
        )
    if family in _LIKELIEST:
        try:
            with np.errstate(all="ignore"):
                likeliest = _LIKELIEST[family](x, held)
            return FAMILIES[family](**{k: float(v) for k, v in likeliest.items()})
        except (RuntimeError, ValueError, OverflowError):  # SciPy's search ends in any of these
            raise ValueError(
                f"Expected data that a {family} prior can be fitted to, got {len(x)} values from "
                f"{x[0]:g} to {x[-1]:g}. Choose another family, or change the unit."
            ) from None
    n = min(len(x), _MOST_ORDERED)
    p = (np.arange(n) + 0.5) / n
    x = np.quantile(x, p, method="hazen")  # the order statistics themselves, if not too many
    if family == "metalog":  # as many terms, at most five, as are feasible
        terms = int(held.get("terms", 5))
        for fewer in range(terms, 1, -1):
            parameters = closest(family, p, x, dict(held) | {"terms": fewer}).parameters
            try:
                return FAMILIES[family](**parameters)
            except ValueError:
                if fewer == 2 or "terms" in held:
                    raise
    return FAMILIES[family](**closest(family, p, x, held).parameters)


def _has_room(family: str, x: Array, held: Mapping[str, float]) -> bool:
    low, high = -math.inf, math.inf
    if family == "beta":
        low, high = held.get("minimum", 0.0), held.get("maximum", 1.0)
    elif family in ("lognormal", "gamma"):
        low = held.get("shift", 0.0)
    return bool(low < x[0] and x[-1] < high)


def _student(x: Array, held: Mapping[str, float]) -> dict[str, float]:
    """Maximum likelihood with gradients, from the quartiles; SciPy's own search takes 30 times."""
    centre, range_ = float(np.median(x)), float(np.subtract(*np.quantile(x, [0.75, 0.25])))
    size = range_ / 1.5 if range_ > 0 else float(x.std())
    z, known = (x - centre) / size, held.get("degrees_of_freedom")

    def loss(theta: Array) -> tuple[float, Array]:
        """Minus the mean log-likelihood, and its slopes."""
        scale = math.exp(theta[1])
        v = math.exp(theta[2]) if known is None else known
        r = (z - theta[0]) / scale
        weight, logs = (v + 1) / (v + r**2), float(np.log1p(r**2 / v).mean())
        constant = special.gammaln((v + 1) / 2) - special.gammaln(v / 2) - math.log(v) / 2
        slope = (special.digamma((v + 1) / 2) - special.digamma(v / 2) - 1 / v - logs) / 2
        slopes = [-(weight * r).mean() / scale, 1 - (weight * r**2).mean()]
        slopes.append(-v * slope - (weight * r**2).mean() / 2)
        return theta[1] + (v + 1) / 2 * logs - constant, np.array(slopes[: len(theta)])

    # A sample without heavy tails would send the degrees of freedom to infinity.
    limits = [(None, None), (-20.0, 20.0), (-3.0, math.log(1e6))]
    start = [0.0, 0.0, math.log(5.0)][: 3 if known is None else 2]
    options = {"ftol": 1e-14, "gtol": 1e-9}
    theta = optimize.minimize(
        loss, start, jac=True, method="L-BFGS-B", bounds=limits[: len(start)], options=options
    ).x
    return {
        "location": centre + size * float(theta[0]),
        "scale": size * math.exp(theta[1]),
        "degrees_of_freedom": math.exp(theta[2]) if known is None else known,
    }


def _lognormal(x: Array, held: Mapping[str, float]) -> dict[str, float]:
    logs = np.log(x - held.get("shift", 0.0))
    return {"mu": logs.mean(), "sigma": logs.std()} | dict(held)


def _gamma(x: Array, held: Mapping[str, float]) -> dict[str, float]:
    shape, _, scale = stats.gamma.fit(x, floc=held.get("shift", 0.0))
    return {"shape": shape, "scale": scale} | dict(held)


def _beta(x: Array, held: Mapping[str, float]) -> dict[str, float]:
    low, high = held.get("minimum", 0.0), held.get("maximum", 1.0)
    alpha, beta, _, _ = stats.beta.fit(x, floc=low, fscale=high - low)
    return {"alpha": alpha, "beta": beta} | dict(held)


_LIKELIEST: dict[str, Callable[[Array, Mapping[str, float]], dict[str, float]]] = {
    "normal": lambda x, held: {"mean": x.mean(), "standard_deviation": x.std()},
    "student_t": _student,
    "lognormal": _lognormal,
    "gamma": _gamma,
    "beta": _beta,
}


def _aic(marginal: Marginal, x: Array) -> float:
    return float(2 * len(marginal.parameters) - 2 * np.sum(marginal.distribution.logpdf(x)))


def _distance(marginal: Marginal, x: Array) -> float:
    """Kolmogorov's distance between a marginal and a sorted sample."""
    heights, n = marginal.cdf(x), len(x)
    steps = np.arange(n)
    return float(max(np.max(heights - steps / n), np.max((steps + 1) / n - heights)))


def _recorded(marginal: Marginal, x: Array, file: str, column: str) -> Marginal:
    at = np.array(SHOWN)
    own = np.quantile(x, at)
    misfit = float(np.max(np.abs(marginal.ppf(at) - own)) / (own[-1] - own[0]))
    data = DataFit(file, column, tuple(x.tolist()), _distance(marginal, x))
    return replace(
        marginal, fit=Fit(dict(zip(SHOWN, own.tolist(), strict=True)), misfit, data=data)
    )

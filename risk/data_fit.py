"""Marginals from a sample of data: maximum likelihood, with how well it fits."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from risk.elicitation import HELD
from risk.families import FAMILIES, empirical
from risk.families.fitting import closest
from risk.marginals import DataFit, Fit, Marginal

Array = NDArray[np.float64]
SHOWN = (0.05, 0.25, 0.5, 0.75, 0.95)  # quantiles that stand beside the empirical ones
FEWEST = 8  # values that a family is fitted to
CANDIDATES = ("normal", "lognormal", "gamma", "beta", "student_t")  # for "best": by AIC
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

    Normal, lognormal, gamma, beta and Student's t are fitted by maximum likelihood (SciPy),
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
    found = {n: _fitted(n, x, {}) for n in CANDIDATES if _has_room(n, x, {})}
    order = sorted(found, key=lambda name: _aic(found[name], x))
    first, second = (_recorded(found[name], x, file, column) for name in order[:2])
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
    if marginal.fit is None or marginal.fit.data is None:
        raise ValueError("Expected a marginal that was fitted to data, got another. Fit it first.")
    data = marginal.fit.data
    n = len(data.values)
    rng = np.random.default_rng(n)
    further = 0
    for _ in range(_SAMPLES):
        sample = np.sort(marginal.ppf(rng.random(n)))
        again = _fitted(marginal.family, sample, dict(held or {}))
        further += _distance(again, sample) >= data.ks
    return (1 + further) / (1 + _SAMPLES)


def _fitted(family: str, x: Array, held: Mapping[str, float]) -> Marginal:
    if not _has_room(family, x, held):
        raise ValueError(
            f"Expected data inside the support of a {family} prior, got {x[0]:g} to {x[-1]:g}. "
            "Choose another family, or hold other limits."
        )
    if family in _LIKELIEST:
        with np.errstate(all="ignore"):
            return FAMILIES[family](**{k: float(v) for k, v in _LIKELIEST[family](x, held).items()})
    p = (np.arange(len(x)) + 0.5) / len(x)
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
    fixed = {"f0": held["degrees_of_freedom"]} if "degrees_of_freedom" in held else {}
    # A sample without heavy tails would send the degrees of freedom to infinity.
    df, location, scale = stats.t.fit(x, **fixed)
    return {"location": location, "scale": scale, "degrees_of_freedom": min(df, 1e6)}


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

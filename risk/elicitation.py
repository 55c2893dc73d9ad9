"""Marginals from two or three quantiles, the way experts and published ranges give them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from risk.marginals import Marginal, beta, lognormal, normal, pert, triangular, uniform

Array = NDArray[np.float64]
Quantiles = Mapping[float, float]

TOLERANCE = 1e-6  # largest misfit of a fitted quantile, as a share of the range of the given ones


def from_quantiles(quantiles: Quantiles, family: str | None = None) -> Marginal:
    """The marginal whose quantiles are the given ones, to 1e-6 of their range.

    Parameters
    ----------
    quantiles
        Two or three of probability → value, both increasing.
    family
        normal, lognormal, beta, uniform, triangular or pert. Three quantiles may leave it out: the
        first of these that returns them is taken.

    Raises
    ------
    ValueError
        When the quantiles are not two or three increasing numbers inside the family's support, or
        when the family cannot return them; the message then names the family that comes closest.

    Examples
    --------
    >>> float(from_quantiles({0.05: 1.0, 0.5: 2.0, 0.95: 5.0}).ppf(np.array(0.5)).round(9))
    2.0
    """
    probabilities, values = _ordered(quantiles)
    if family is not None and family not in _FITS:
        raise ValueError(
            f"Expected a family of {', '.join(_FITS)}, got {family!r}. Choose one of these."
        )
    if family is None and len(values) == 2:
        raise ValueError(
            "Expected a family with two quantiles, since several fit them, got none. "
            f"Name one of {', '.join(_FITS)}, or give a third quantile."
        )
    fits = {} if family is None else {family: _fit(family, probabilities, values)}
    if family is None or fits[family][1] > TOLERANCE:
        others = [name for name in _FITS if name not in fits and _reaches(name, values)]
        fits |= {name: _fit(name, probabilities, values) for name in others}
    chosen = family or next((n for n in fits if fits[n][1] <= TOLERANCE), None)
    if chosen is None or fits[chosen][1] > TOLERANCE:
        raise ValueError(_misfit(fits, family, probabilities, values))
    return fits[chosen][0]


def _ordered(quantiles: Quantiles) -> tuple[Array, Array]:
    if len(quantiles) not in (2, 3):
        raise ValueError(
            f"Expected two or three quantiles, got {len(quantiles)}. Give P5, P50 and P95, or two."
        )
    probabilities, values = (
        np.array(x, dtype=float) for x in zip(*sorted(quantiles.items()), strict=True)
    )
    shown = _show(probabilities, values)
    if not (np.all(np.isfinite(values)) and probabilities[0] > 0 and probabilities[-1] < 1):
        raise ValueError(
            f"Expected finite quantiles strictly between P0 and P100, got {shown}. Correct them."
        )
    largest = np.abs(values).max()
    if not 1e-30 < largest < 1e30:
        raise ValueError(f"Expected quantiles of a usual size, got {shown}. Change the unit.")
    if not np.all(np.diff(values) > 1e-12 * largest):
        raise ValueError(
            f"Expected quantiles that increase with their probability, got {shown}, which cross. "
            "Put them in order."
        )
    return probabilities, values


def _reaches(family: str, values: Array) -> bool:
    """Whether the family has room for these values and as many parameters as there are values."""
    if family == "beta":
        return bool(values[0] > 0 and values[-1] < 1)
    if family == "lognormal":
        return len(values) == 3 or bool(values[0] > 0)
    return len(values) == 3 or family in ("normal", "uniform")


def _fit(family: str, probabilities: Array, values: Array) -> tuple[Marginal, float]:
    """The family's closest marginal, and its largest misfit relative to the range of values."""
    if not _reaches(family, values):
        if family in ("triangular", "pert"):
            raise ValueError(
                f"Expected three quantiles for a {family} prior, got {len(values)}. Add one."
            )
        support = "(0, 1)" if family == "beta" else "(0, ∞)"
        raise ValueError(
            f"Expected quantiles inside the support {support} of a {family} prior, got "
            f"{_show(probabilities, values)}. Change them or choose another family."
        )
    with np.errstate(all="ignore"):  # a step of the search may leave the numbers; the result counts
        marginal = _FITS[family](probabilities, values)
    misfit = np.max(np.abs(marginal.ppf(probabilities) - values)) / (values[-1] - values[0])
    return marginal, float(misfit)


def _fit_normal(p: Array, x: Array) -> Marginal:
    z = stats.norm.ppf(p)
    sd = (x[-1] - x[0]) / (z[-1] - z[0])
    return normal(float(x[0] - sd * z[0]), float(sd))


def _fit_lognormal(p: Array, x: Array) -> Marginal:
    """Two quantiles fix mu and sigma; a third, where they do not return it, fixes the shift."""
    z = stats.norm.ppf(p)

    def shifted(shift: float) -> Marginal:
        logs = np.log(x - shift)
        sigma = (logs[-1] - logs[0]) / (z[-1] - z[0])
        return lognormal(float(logs[0] - sigma * z[0]), float(sigma), shift)

    def middle(log_room: float) -> float:
        logs = np.log(x - x[0] + math.exp(log_room))
        return float((logs[1] - logs[0]) / (logs[2] - logs[0]) - (z[1] - z[0]) / (z[2] - z[0]))

    if len(x) == 2:
        return shifted(0.0)
    if x[0] > 0 and abs(shifted(0.0).ppf(p[1]) - x[1]) <= 1e-12 * x[1]:
        return shifted(0.0)
    width = math.log(x[-1] - x[0])
    low, high = width - 30.0, width + 8.0  # e⁸ ranges away, a lognormal is a normal
    if middle(low) * middle(high) > 0:  # skewed to the left, or symmetric: no shift returns it
        return shifted(float(x[0]) - math.exp(high))
    return shifted(float(x[0]) - math.exp(optimize.brentq(middle, low, high, xtol=1e-14)))


def _fit_uniform(p: Array, x: Array) -> Marginal:
    slope = (x[-1] - x[0]) / (p[-1] - p[0])
    return uniform(float(x[0] - slope * p[0]), float(x[0] + slope * (1 - p[0])))


def _fit_beta(p: Array, x: Array) -> Marginal:
    """Least squares over the logarithms of alpha and beta, from several starts until one fits."""
    mean = float(np.mean(x))
    spread = float((x[-1] - x[0]) / (stats.norm.ppf(p[-1]) - stats.norm.ppf(p[0])))
    size = max(mean * (1 - mean) / spread**2 - 1, 0.1)
    near = [math.log(mean * size), math.log((1 - mean) * size)]
    starts = [near, [0.0, 0.0], [-1.5, 0.0], [0.0, -1.5], [-1.0, -1.0], [-1.5, 3.0], [3.0, -1.5]]

    def shapes(theta: Array) -> Array:
        return np.asarray(np.exp(np.clip(theta, -30, 30)), dtype=float)

    def misfit(theta: Array) -> Array:
        found: Array = (special.betaincinv(*shapes(theta), p) - x) / (x[-1] - x[0])
        return found

    found = []
    for start in starts:
        found.append(optimize.least_squares(misfit, start, xtol=1e-15, ftol=1e-15, gtol=1e-15))
        if found[-1].cost < (TOLERANCE / 10) ** 2:
            break
    best = min(found, key=lambda result: float(result.cost))
    return beta(*map(float, shapes(best.x)))


def _fit_three_points(
    family: Callable[..., Marginal], quantiles: Callable[[float, Array], Array]
) -> Callable[[Array, Array], Marginal]:
    """A fit of minimum, mode and maximum; `quantiles` are those on [0, 1] of a mode there.

    The mode decides where the middle quantile lies between the others: further up, the further up
    it is itself. Minimum and maximum then follow from the outer two.
    """

    def fit(p: Array, x: Array) -> Marginal:
        def middle(mode: float) -> float:
            q = quantiles(mode, p)
            return float((q[1] - q[0]) / (q[2] - q[0]) - (x[1] - x[0]) / (x[2] - x[0]))

        mode = 0.0 if middle(0.0) >= 0 else 1.0  # where no mode returns the middle, the nearest
        if middle(0.0) < 0 < middle(1.0):
            mode = float(optimize.brentq(middle, 0.0, 1.0, xtol=1e-15))
        q = quantiles(mode, p)
        width = float((x[2] - x[0]) / (q[2] - q[0]))
        low = float(x[0]) - width * float(q[0])
        return family(low, low + width * mode, low + width)

    return fit


def _triangular_quantiles(mode: float, p: Array) -> Array:
    return np.where(p < mode, np.sqrt(p * mode), 1 - np.sqrt((1 - p) * (1 - mode)))


def _pert_quantiles(mode: float, p: Array) -> Array:
    return np.asarray(special.betaincinv(1 + 4 * mode, 5 - 4 * mode, p), dtype=float)


_FITS: dict[str, Callable[[Array, Array], Marginal]] = {
    "normal": _fit_normal,
    "lognormal": _fit_lognormal,
    "beta": _fit_beta,
    "uniform": _fit_uniform,
    "triangular": _fit_three_points(triangular, _triangular_quantiles),
    "pert": _fit_three_points(pert, _pert_quantiles),
}


def _show(probabilities: Array, values: Array) -> str:
    pairs = zip(probabilities, values, strict=True)
    return ", ".join(f"P{100 * p:g} = {v:g}" for p, v in pairs)


def _misfit(
    fits: Mapping[str, tuple[Marginal, float]], family: str | None, p: Array, x: Array
) -> str:
    asked = _show(p, x)
    what, own = "any family", ""
    if family:
        closest = _show(p, fits[family][0].ppf(p))
        what, own = f"a {family} prior", f" (it gives {closest})" if closest != asked else ""
    returning = [name for name in fits if fits[name][1] <= TOLERANCE]
    best = returning[0] if returning else min(fits, key=lambda name: fits[name][1])
    advice = f"Of all families {best} returns them: use it or change the quantiles."
    if not returning:
        its = _show(p, fits[best][0].ppf(p))
        advice = (
            f"Of all families {best} comes closest, with {its}: use it or change the quantiles."
        )
    if best == family:
        advice = "No family comes closer: change the quantiles."
    return f"Expected quantiles that {what} can return, got {asked}{own}. {advice}"

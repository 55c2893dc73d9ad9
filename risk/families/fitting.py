"""Each family's closest parameters to some quantiles, in the sense of least squares.

Least squares are over the quantiles themselves, as shares of their range: what a reader compares.
Families with a location and a scale have them in closed form, and so has the metalog. The others
start from the exact solution for the outer quantiles (and a middle one) and are refined where
there are more quantiles than parameters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from risk.families.metalog import fit_metalog
from risk.families.parametric import QUANTILES

Array = NDArray[np.float64]
Parameters = dict[str, float]
_TOLERANCES = dict.fromkeys(("xtol", "ftol", "gtol"), 1e-12)
_MOST_STEPS = 80  # of a search: one that goes on is on its way to a limit, a normal for instance
EXACT = 1e-6  # of the range: a fit that returns its quantiles so closely returns them


class Closest(NamedTuple):
    """What a family can do for some quantiles."""

    parameters: Parameters
    misfit: float  # the largest, as a share of the range


def closest(family: str, p: Array, x: Array, held: Mapping[str, float]) -> Closest:
    """The family's parameters whose quantiles come closest to `x` at the probabilities `p`.

    Parameters
    ----------
    family
        A key of `risk.families.FAMILIES`.
    p, x
        Two to seven probabilities and quantiles, both increasing.
    held
        Parameters that are not fitted.
    """
    if family == "metalog":
        limits = {k: x for k, x in held.items() if k != "terms"}
        terms = int(held.get("terms", min(len(x), 6)))
        parameters, got = fit_metalog(p, x, terms, limits)
        return Closest(parameters, _misfit(got, x))
    with np.errstate(all="ignore"):  # a step of a search may leave the numbers; the result counts
        return _FITS[family](p, x, dict(held))


def _misfit(got: Array, x: Array) -> float:
    found = float(np.max(np.abs(got - x)) / (x[-1] - x[0]))
    return found if math.isfinite(found) else math.inf


def _found(family: str, parameters: Parameters, p: Array, x: Array) -> Closest:
    return Closest(parameters, _misfit(QUANTILES[family](p, **parameters), x))


def _straight(family: str, names: tuple[str, str], p: Array, x: Array, held: Parameters) -> Closest:
    """A location and a scale: a straight line through the unit quantiles."""
    unit = QUANTILES[family](p, **dict(zip(names, (0.0, 1.0), strict=True)), **held)
    slope, start = np.polynomial.Polynomial.fit(unit, x, 1).convert().coef[::-1]
    return _found(family, dict(zip(names, map(float, (start, slope)), strict=True)) | held, p, x)


def _fit_uniform(p: Array, x: Array, held: Parameters) -> Closest:
    slope, start = np.polynomial.Polynomial.fit(p, x, 1).convert().coef[::-1]
    return _found("uniform", {"minimum": float(start), "maximum": float(start + slope)}, p, x)


def _least_squares(
    family: str, form: Callable[[Array], Parameters], starts: list[list[float]], p: Array, x: Array
) -> Closest:
    """The best of searches from several starts; the first that returns the quantiles ends them."""

    def error(theta: Array) -> Array:
        got = QUANTILES[family](p, **form(theta))
        error = np.nan_to_num((got - x) / (x[-1] - x[0]), nan=1e6, posinf=1e6, neginf=-1e6)
        return np.asarray(error)

    best: Closest | None = None
    for start in starts:
        with np.errstate(all="ignore"):
            result = optimize.least_squares(
                error, start, x_scale="jac", max_nfev=_MOST_STEPS, **_TOLERANCES
            )
        got = _found(family, form(result.x), p, x)
        if best is None or got.misfit < best.misfit:
            best = got
        if best.misfit <= EXACT / 10:
            break
    assert best is not None
    return best


def _clipped(theta: Array, low: float = -30.0, high: float = 30.0) -> list[float]:
    return [float(t) for t in np.clip(theta, low, high)]


def _fit_beta(p: Array, x: Array, held: Parameters) -> Closest:
    low, high = held.get("minimum", 0.0), held.get("maximum", 1.0)
    y = (x - low) / (high - low)
    mean = float(np.mean(y))
    spread = float((y[-1] - y[0]) / (special.ndtri(p[-1]) - special.ndtri(p[0])))
    size = max(mean * (1 - mean) / spread**2 - 1, 0.1)
    near = [math.log(mean * size), math.log((1 - mean) * size)]
    starts = [near, [0.0, 0.0], [-1.5, 0.0], [0.0, -1.5], [-1.0, -1.0], [-1.5, 3.0], [3.0, -1.5]]

    def form(theta: Array) -> Parameters:
        a, b = _clipped(theta)
        return {"alpha": math.exp(a), "beta": math.exp(b)} | held

    return _least_squares("beta", form, starts, p, x)


def _fit_lognormal(p: Array, x: Array, held: Parameters) -> Closest:
    """Two parameters where they return the quantiles; else the shift is fitted as well."""
    z = special.ndtri(p)

    def at(shift: float) -> Closest:
        if not shift < x[0]:
            return Closest({"mu": 0.0, "sigma": 1.0}, math.inf)
        logs = np.log(x - shift)
        sigma = (logs[-1] - logs[0]) / (z[-1] - z[0])
        own = {"mu": float(logs[0] - sigma * z[0]), "sigma": float(sigma)}
        return _found("lognormal", own | ({"shift": shift} if shift else {}), p, x)

    def form(theta: Array) -> Parameters:
        mu, log_sigma, *shift = theta
        own = {"mu": float(mu), "sigma": math.exp(min(float(log_sigma), 10.0))}
        return own | dict(zip(["shift"], map(float, shift), strict=False)) | held

    def refined(start: Closest, free: bool) -> Closest:
        mu, sigma, shift = (start.parameters.get(k, 0.0) for k in ("mu", "sigma", "shift"))
        theta = [mu, math.log(sigma)] + ([shift] if free else [])
        if not math.isfinite(start.misfit) or start.misfit <= EXACT / 10:
            return start
        return min(start, _least_squares("lognormal", form, [theta], p, x), key=_by_misfit)

    plain = at(held.get("shift", 0.0))
    if len(x) == 2 or "shift" in held or plain.misfit <= 1e-12:
        return refined(plain, free=False)
    plain = refined(plain, free=False)
    moved = refined(at(_shift_of(p, x)), free=True)
    return plain if plain.misfit <= max(moved.misfit, EXACT) else moved


def _shift_of(p: Array, x: Array) -> float:
    """The shift of the lognormal through the outer two quantiles and the one in the middle."""
    three = [0, len(x) // 2, len(x) - 1]
    z, x = special.ndtri(p[three]), x[three]

    def middle(log_room: float) -> float:
        logs = np.log(x - x[0] + math.exp(log_room))
        return float((logs[1] - logs[0]) / (logs[2] - logs[0]) - (z[1] - z[0]) / (z[2] - z[0]))

    width = math.log(x[-1] - x[0])
    low, high = width - 30.0, width + 8.0  # e⁸ ranges away, a lognormal is a normal
    if middle(low) * middle(high) > 0:  # skewed to the left, or symmetric: no shift returns it
        return float(x[0]) - math.exp(high)
    return float(x[0]) - math.exp(optimize.brentq(middle, low, high, xtol=1e-14))


def _fit_gamma(p: Array, x: Array, held: Parameters) -> Closest:
    """Two parameters where they return the quantiles; else the shift is fitted as well."""

    def form(theta: Array) -> Parameters:
        a, b = _clipped(theta[:2], -60.0, 60.0)
        moved = dict(zip(["shift"], map(float, theta[2:]), strict=False))
        return {"shape": math.exp(a), "scale": math.exp(b)} | moved | held

    def near(shift: float) -> list[float]:
        spread = (x[-1] - x[0]) / (special.ndtri(p[-1]) - special.ndtri(p[0]))
        middle = float(np.interp(0.5, p, x)) - shift
        shape = max((middle / spread) ** 2, 0.05)
        return [math.log(shape), math.log(max(middle, 1e-300) / shape)]

    shift = held.get("shift", 0.0)
    plain = Closest({"shape": 1.0, "scale": 1.0}, math.inf)
    if shift < x[0]:
        a, b = near(shift)
        starts = [[a, b], [a + 1, b - 1], [a - 1, b + 1], [0.0, a + b], [-2.0, a + b + 2]]
        plain = _least_squares("gamma", form, starts, p, x)
    if len(x) == 2 or "shift" in held or plain.misfit <= EXACT:
        return plain
    away = [float(x[0] - room * (x[-1] - x[0])) for room in (0.01, 0.1, 0.5, 2.0, 10.0)]
    moved = _least_squares("gamma", form, [[*near(shift), shift] for shift in away], p, x)
    return moved if moved.misfit < plain.misfit else plain


def _fit_three_points(
    family: str, unit: Callable[[float, Array], Array], p: Array, x: Array, held: Parameters
) -> Closest:
    """Minimum, mode and maximum; `unit` are the quantiles on [0, 1] of a mode there.

    The mode decides where the middle quantile lies between the others: further up, the further up
    it is itself. Minimum and maximum then follow from the outer two.
    """
    three = [0, len(x) // 2, len(x) - 1]

    def middle(mode: float) -> float:
        q, y = unit(mode, p[three]), x[three]
        return float((q[1] - q[0]) / (q[2] - q[0]) - (y[1] - y[0]) / (y[2] - y[0]))

    mode = 0.0 if middle(0.0) >= 0 else 1.0  # where no mode returns the middle, the nearest
    if middle(0.0) < 0 < middle(1.0):
        mode = float(optimize.brentq(middle, 0.0, 1.0, xtol=1e-15))
    q = unit(mode, p[three])
    width = float((x[-1] - x[0]) / (q[2] - q[0]))
    low = float(x[0]) - width * float(q[0])

    def form(theta: Array) -> Parameters:
        start, log_width, angle = theta
        size = math.exp(min(float(log_width), 700.0))
        low, high = float(start), max(float(start) + size, np.nextafter(start, np.inf))
        at = low + size * math.sin(float(angle)) ** 2
        return {"minimum": low, "mode": min(at, high), "maximum": float(high)}

    start = [low, math.log(width), math.asin(math.sqrt(mode))]
    found = _found(family, form(np.array(start)), p, x)
    exact = _found(
        family, {"minimum": low, "mode": low + width * mode, "maximum": low + width}, p, x
    )
    if exact.misfit <= EXACT:
        return exact
    inner = [[low, math.log(width), math.pi / 4]]
    return min(found, _least_squares(family, form, [start, *inner], p, x), key=_by_misfit)


def _unit_triangular(mode: float, p: Array) -> Array:
    return np.where(p < mode, np.sqrt(p * mode), 1 - np.sqrt((1 - p) * (1 - mode)))


def _unit_pert(mode: float, p: Array) -> Array:
    return np.asarray(special.betaincinv(1 + 4 * mode, 5 - 4 * mode, p), dtype=float)


def _by_misfit(found: Closest) -> float:
    return found.misfit


_T_HELD = {"degrees_of_freedom": 4.0}
_FITS: dict[str, Callable[[Array, Array, Parameters], Closest]] = {
    "normal": partial(_straight, "normal", ("mean", "standard_deviation")),
    "lognormal": _fit_lognormal,
    "gamma": _fit_gamma,
    "beta": _fit_beta,
    "student_t": lambda p, x, held: _straight(
        "student_t", ("location", "scale"), p, x, _T_HELD | held
    ),
    "uniform": _fit_uniform,
    "triangular": partial(_fit_three_points, "triangular", _unit_triangular),
    "pert": partial(_fit_three_points, "pert", _unit_pert),
}

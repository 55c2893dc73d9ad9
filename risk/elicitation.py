"""Marginals from quantiles, the way experts and published ranges give them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from risk.families import FAMILIES, truncated
from risk.families.fitting import EXACT, Closest, closest
from risk.marginals import Fit, Marginal

Array = NDArray[np.float64]
Quantiles = Mapping[float, float]

# In the order in which equally good ones are taken: fewer and better-known parameters first.
CANDIDATES = (
    "normal", "lognormal", "gamma", "beta", "student_t", "uniform", "triangular", "pert",
)  # fmt: skip
LARGEST_MISFIT = 0.05  # of the range of the quantiles: beyond it, a family is refused
MOST = 7  # quantiles
HELD = {  # parameters that may be given beside quantiles; the others are fitted
    "student_t": ("degrees_of_freedom",),
    "lognormal": ("shift",),
    "gamma": ("shift",),
    "beta": ("minimum", "maximum"),
    "metalog": ("minimum", "maximum", "terms"),
}
_ABOVE_ZERO = {"standard_deviation", "scale", "sigma", "shape", "alpha", "beta", "shift"}
_LEAST = {"triangular": 3, "pert": 3, "metalog": 3}  # quantiles that a family needs


def from_quantiles(
    quantiles: Quantiles,
    family: str | None = None,
    *,
    held: Mapping[str, float] | None = None,
    minimum: float = -math.inf,
    maximum: float = math.inf,
) -> Marginal:
    """The marginal whose quantiles come closest to the given ones, by least squares.

    Parameters
    ----------
    quantiles
        Two to seven of probability → value, both increasing.
    family
        One of `risk.families.FAMILIES`; "best" for the closest of `CANDIDATES`, the first of those
        that return the quantiles to a millionth of their range. Three or more may leave it out,
        which means "best".
    held
        Parameters that are not fitted, such as ``degrees_of_freedom`` or a metalog's ``minimum``.
    minimum, maximum
        Limits at which the family is truncated; the quantiles are those of the truncated one.

    Returns
    -------
    Marginal whose `fit` tells the largest misfit, as a share of the range, and the runner-up.

    Raises
    ------
    ValueError
        When the quantiles are not two to seven increasing numbers inside the family's support, or
        when the misfit exceeds 5 %; the message then names the family that comes closest.

    Examples
    --------
    >>> float(from_quantiles({0.05: 1.0, 0.5: 2.0, 0.95: 5.0}).ppf(np.array(0.5)).round(9))
    2.0
    """
    p, x = _ordered(quantiles)
    own = dict(held or {})
    _check_family(family, len(x), own)
    limits = (float(minimum), float(maximum))
    if not limits[0] < x[0] or not x[-1] < limits[1]:
        raise ValueError(
            f"Expected quantiles inside the limits {minimum:g} to {maximum:g}, got {_show(p, x)}. "
            "Move the limits out or change the quantiles."
        )
    best = family in (None, "best")
    names: Sequence[str] = CANDIDATES if best else [str(family)]
    fits = {n: _fit(n, p, x, own, limits) for n in names if not best or _reaches(n, x)}
    order = sorted(fits, key=lambda n: max(fits[n][1], EXACT))  # of equal ones the first
    chosen = order[0]
    if fits[chosen][1] > LARGEST_MISFIT:
        raise ValueError(_refusal(fits, None if best else chosen, p, x))
    marginal, misfit = fits[chosen]
    asked = dict(zip(p.tolist(), x.tolist(), strict=True))
    next_one = order[1] if len(order) > 1 else None
    record = Fit(asked, misfit, next_one, fits[next_one][1] if next_one else math.nan)
    return replace(marginal, fit=record)


def families_by_misfit(quantiles: Quantiles) -> list[tuple[str, float]]:
    """The candidate families with their misfit, the closest first: what "best" chooses from.

    >>> families_by_misfit({0.05: 1.0, 0.5: 2.0, 0.95: 3.0})[0][0]
    'normal'
    """
    p, x = _ordered(quantiles)
    none = (-math.inf, math.inf)
    found = [(n, _fit(n, p, x, {}, none)[1]) for n in CANDIDATES if _reaches(n, x)]
    return sorted(found, key=lambda pair: max(pair[1], EXACT))


def _ordered(quantiles: Quantiles) -> tuple[Array, Array]:
    if not 2 <= len(quantiles) <= MOST:
        raise ValueError(
            f"Expected two to seven quantiles, got {len(quantiles)}. Give P5, P50 and P95, or two."
        )
    p, x = (np.array(v, dtype=float) for v in zip(*sorted(quantiles.items()), strict=True))
    shown = _show(p, x)
    if not (np.all(np.isfinite(x)) and p[0] > 0 and p[-1] < 1):
        raise ValueError(
            f"Expected finite quantiles strictly between P0 and P100, got {shown}. Correct them."
        )
    largest = np.abs(x).max()
    if not 1e-30 < largest < 1e30:
        raise ValueError(f"Expected quantiles of a usual size, got {shown}. Change the unit.")
    if not np.all(np.diff(x) > 1e-12 * largest):
        raise ValueError(
            f"Expected quantiles that increase with their probability, got {shown}, which cross. "
            "Put them in order."
        )
    return p, x


def _check_family(family: str | None, count: int, held: Mapping[str, float]) -> None:
    if family not in (None, "best", *FAMILIES):
        known = ", ".join(FAMILIES)
        raise ValueError(f"Expected a family of {known}, got {family!r}. Choose one of these.")
    if family is None and count == 2:
        raise ValueError(
            "Expected a family with two quantiles, since several fit them, got none. "
            f"Name one of {', '.join(CANDIDATES)}, or give a third quantile."
        )
    least = _LEAST.get(str(family), 2)
    if count < least:
        raise ValueError(f"Expected three quantiles for a {family} prior, got {count}. Add one.")
    can = HELD.get(str(family), ())
    wrong = [name for name in held if name not in can]
    if wrong:
        raise ValueError(
            f"Expected `held` parameters of {family or 'best'} among {', '.join(can) or 'none'}, "
            f"got {wrong[0]!r}. Remove it."
        )
    terms = held.get("terms")
    if terms is not None and terms not in range(3, min(count, 6) + 1):
        raise ValueError(
            f"Expected 3 to {min(count, 6)} terms of a metalog with {count} quantiles, got "
            f"{terms:g}. Change them."
        )


def _reaches(family: str, x: Array) -> bool:
    """Whether the family has room for these values and as many parameters as there are values."""
    if family == "beta":
        return bool(x[0] > 0 and x[-1] < 1)
    if family in ("lognormal", "gamma"):
        return len(x) > 2 or bool(x[0] > 0)
    return len(x) >= _LEAST.get(family, 2)


def _fit(
    family: str, p: Array, x: Array, held: Mapping[str, float], limits: tuple[float, float]
) -> tuple[Marginal, float]:
    """The family's closest marginal, and its largest misfit relative to the range of values."""
    _check_support(family, p, x, held)
    if np.isinf(limits).all():
        found = closest(family, p, x, held)
        return _made(family, found), found.misfit
    if family not in ("lognormal", "gamma") or "shift" in held or len(x) == 2:
        return _fit_within(family, p, x, held, limits, held)
    # A shift only where nothing else will do; then from several, since it is hard to see.
    rooms = [float(x[0] - room * (x[-1] - x[0])) for room in (0.3, 3.0, 0.03)]
    known = [{"shift": 0.0}] if x[0] > 0 else []
    fits = []
    for own in (*known, {}, *({"shift": shift} for shift in rooms)):
        fits.append(_fit_within(family, p, x, own, limits, own if own in known else {}))
        if fits[-1][1] <= EXACT:
            break
    return min(fits, key=lambda fit: fit[1])


def _fit_within(
    family: str,
    p: Array,
    x: Array,
    near: Mapping[str, float],
    limits: tuple[float, float],
    held: Mapping[str, float],
) -> tuple[Marginal, float]:
    """The closest of a truncated family, by least squares from the whole family's near it."""
    start = closest(family, p, x, near).parameters
    names = [name for name in start if name not in {*held, "degrees_of_freedom"}]
    fixed = {name: value for name, value in start.items() if name not in names}
    logs = np.array([name in _ABOVE_ZERO for name in names])
    # A shift is searched for by its distance below the first quantile.
    values = np.array([x[0] - start[name] if name == "shift" else start[name] for name in names])
    theta = np.where(logs, np.log(np.where(logs, values, 1.0)), values)

    def at(theta: Array) -> Marginal:
        values = np.where(logs, np.exp(np.clip(theta, -600.0, 600.0)), theta)
        own = dict(zip(names, values.tolist(), strict=True)) | fixed
        if "shift" in names:
            own["shift"] = float(x[0]) - own["shift"]
        return truncated(FAMILIES[family](**own), *limits)

    def error(theta: Array) -> Array:
        try:
            return np.asarray((at(theta).ppf(p) - x) / (x[-1] - x[0]))
        except ValueError:  # no distribution: far off
            return np.full(len(x), 1e3)

    with np.errstate(all="ignore"):
        result = optimize.least_squares(
            error, theta, xtol=1e-14, ftol=1e-14, gtol=1e-14, x_scale="jac", max_nfev=60
        )
    return at(result.x), float(np.max(np.abs(error(result.x))))


def _made(family: str, found: Closest) -> Marginal:
    return FAMILIES[family](**found.parameters)


def _check_support(family: str, p: Array, x: Array, held: Mapping[str, float]) -> None:
    low, high = -math.inf, math.inf
    if family == "beta":
        low, high = held.get("minimum", 0.0), held.get("maximum", 1.0)
    elif family in ("lognormal", "gamma") and (len(x) == 2 or "shift" in held):
        low = held.get("shift", 0.0)
    if not (low < x[0] and x[-1] < high):
        support = f"({low:g}, {high:g})".replace("inf", "∞")
        raise ValueError(
            f"Expected quantiles inside the support {support} of a {family} prior, got "
            f"{_show(p, x)}. Change them or choose another family."
        )


def _show(p: Sequence[float] | Array, x: Sequence[float] | Array) -> str:
    return ", ".join(f"P{100 * a:g} = {b:g}" for a, b in zip(p, x, strict=True))


def _refusal(
    fits: dict[str, tuple[Marginal, float]], family: str | None, p: Array, x: Array
) -> str:
    """Why no fit will do, and which family would."""
    asked = _show(p, x)
    what, own = "any family", ""
    if family:
        closest_values = _show(p, fits[family][0].ppf(p))
        what = f"a {family} prior"
        own = f" (it gives {closest_values})" if closest_values != asked else ""
        none = (-math.inf, math.inf)
        others = [n for n in CANDIDATES if n != family and _reaches(n, x)]
        fits = fits | {name: _fit(name, p, x, {}, none) for name in others}
    best = min(fits, key=lambda name: fits[name][1])
    returning = [name for name in fits if fits[name][1] <= EXACT]
    advice = f"Of all families {best} comes closest, with {_show(p, fits[best][0].ppf(p))}: "
    if returning:
        advice = f"Of all families {returning[0]} returns them: "
    if best == family:
        return (
            f"Expected quantiles that {what} can return, got {asked}{own}. "
            "No family but a metalog comes closer: use that or change the quantiles."
        )
    return (
        f"Expected quantiles that {what} can return, got {asked}{own}. {advice}"
        "use it or change the quantiles."
    )

"""Observations that cannot be used, each with what to do about it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from risk.names import suggest
from risk.sources import Observation
from risk.stats import evidence as weighted

Array = NDArray[np.float64]

ENOUGH = 400.0  # effective draws below which nothing is said of the posterior
AGREES = 3.0  # errors within which a draw agrees with an observation


def check_observations(observations: Sequence[Observation], units: Mapping[str, str]) -> None:
    """Stop at an observation that cannot be used, before anything is simulated.

    Parameters
    ----------
    units
        Outcome → unit, "" where it is not known.

    Raises
    ------
    ValueError
        Naming the observation and what to do.
    """
    labels = [o.label for o in observations]
    for o in observations:
        of = f"observation {o.label!r}"
        if labels.count(o.label) > 1:
            raise ValueError(f"Expected one {of}, got {labels.count(o.label)}. Rename one.")
        if o.outcome not in units:
            near = suggest(o.outcome, units) or f" Name one of {', '.join(units)}."
            raise ValueError(f"Expected an outcome of the study in {of}, got {o.outcome!r}.{near}")
        if not math.isfinite(o.value):
            raise ValueError(f"Expected a finite value in {of}, got {o.value!r}. Correct it.")
        if not (math.isfinite(o.error) and o.error > 0):
            raise ValueError(
                f"Expected an error above 0 in {of}, got {o.error!r}. Give the standard deviation "
                "of the observed value about the true one."
            )
        if o.unit and units[o.outcome] and o.unit != units[o.outcome]:
            raise ValueError(
                f"Expected {of} in {units[o.outcome]}, the unit of `{o.outcome}`, got {o.unit}. "
                "Convert it."
            )


def observed(observations: Sequence[Observation]) -> tuple[Array, Array]:
    """Values and errors, shape (K,) each."""
    pairs = [(o.value, o.error) for o in observations]
    values, errors = np.array(pairs, dtype=float).reshape(-1, 2).T
    return values, errors


def check_agreement(observations: Sequence[Observation], y: Array, distance: Array) -> None:
    """What no draw comes near to would be explained by the draws that miss it least."""
    for o, drawn, away in zip(observations, y, np.abs(distance), strict=True):
        nearest = np.unravel_index(np.argmin(away), away.shape)
        if away[nearest] > AGREES:
            raise ValueError(
                f"Expected observations within {AGREES:g} errors of something drawn, got "
                f"{_text(o)}: the {drawn.size:,} draws lie between {drawn.min():.4g} and "
                f"{drawn.max():.4g}, and the nearest, {drawn[nearest]:.4g}, is {away[nearest]:.3g} "
                "errors away. Correct the value or its unit, widen the error, or widen the priors."
            )


def check_size(observations: Sequence[Observation], y: Array, weight: Array) -> None:
    """Too few draws agree with all observations: say how few, and which observation costs most."""
    size = weighted.effective_sample_size(weight)
    if size >= ENOUGH:
        return
    without = [_size_without(observations, y, k) for k in range(len(observations))]
    worst = int(np.argmax(without))
    which = _text(observations[worst])
    if len(observations) > 1:
        which += f" costs most, {without[worst]:,.0f} agree with the others"
    fold = 2 ** math.ceil(math.log2(ENOUGH / max(size, 1.0)))
    more = f" about {fold}-fold" if fold <= 64 else ""
    raise ValueError(
        f"Expected observations that at least {ENOUGH:.0f} effective draws agree with, got "
        f"{int(size):,} of {weight.size:,}: {which}. Widen the error, raise --draws{more}, or "
        "narrow the priors towards what was observed."
    )


def _size_without(observations: Sequence[Observation], y: Array, left_out: int) -> float:
    """Effective draws when one observation is left out."""
    kept = [k for k in range(len(observations)) if k != left_out]
    density = weighted.log_likelihood(y[kept], *observed([observations[k] for k in kept]))
    return weighted.effective_sample_size(weighted.weights(density))


def _text(o: Observation) -> str:
    unit = "" if o.unit in ("", "1") else f" {o.unit}"
    return f"{o.label!r} ({o.outcome} = {o.value:.4g} ± {o.error:.2g}{unit})"

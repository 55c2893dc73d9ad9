"""How often do the 95 % intervals of risk measures hold the truth, and is there a better rule?

Four outcomes with exact risk measures: a normal and a lognormal that eight inputs make, revenue
less cost (two lognormals of eight inputs), and a normal that one input makes, where a net is at its
best and the spread between replicates is hardest to read. Rules compared on the same draws, the
project's own first:

mean, spread, skew  linearised: replicate means of the influence function
quantile            Woodruff's: the interval of P(Y ≤ q) at the pooled quantile q, inverted
expected shortfall  replicates' own values; linearised
probability         Wilson's at the effective size p(1 − p) / se² that the replicates show, never
                    narrower than what as many independent draws can exclude; the same unfloored

"replicates' own" is Student's t of the measure of every replicate, about the pooled value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from benchmarks.closed_forms import LognormalGap
from benchmarks.report import interval_error, publish, table
from risk.designs import sobol_replicate
from risk.stats import measures, replicates
from risk.stats.replicates import Estimate

Array = NDArray[np.float64]
SEEDS = 300
PROJECT = "project"
OWN = "replicates' own"
REPLICATES = 16
DRAWS = (256, 1024, 4096)
WEIGHTS = np.array([1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05])
REVENUE = np.array([0.5, 0.4, 0.3, 0.2, 0.1])
COST = np.array([0.5, 0.3, 0.2])
COST_MU = -0.3
MODELS = ("normal", "lognormal", "revenue − cost", "normal, one input")
QUANTILES = (0.01, 0.05, 0.5, 0.95)
TAILS = (0.05, 0.01)
PROBABILITIES = (0.25, 0.04, 0.02, 0.001)
GAP = LognormalGap((0.0, float(np.linalg.norm(REVENUE))), (COST_MU, float(np.linalg.norm(COST))))


class Interval(NamedTuple):
    """Value and ends for every model."""

    value: Array
    lower: Array
    upper: Array


def main() -> None:
    """Draw, apply every rule, and write the table."""
    truth = exact()
    by_draws = zip(*(_rows(n, truth) for n in DRAWS), strict=True)
    rows = [row for same in by_draws for row in same]
    note = (
        f"{SEEDS} seeds, {REPLICATES} replicates of n points, "
        f"standard error of one coverage {interval_error(SEEDS):.3f}.\n\n"
        "Each cell: coverage, and mean half-width over root mean square error (2.13 were right "
        "for 16 normal replicates)."
    )
    publish("risk_coverage", [note, table(["measure", "rule", "n", *MODELS], rows)])


def outcomes(z: Array) -> Array:
    """The four outcomes at eight standard normal inputs, shape (8, n) to (4, n)."""
    total = WEIGHTS @ z / np.linalg.norm(WEIGHTS)
    gap = np.exp(REVENUE @ z[:5]) - np.exp(COST_MU + COST @ z[5:])
    return np.stack([total, np.exp(total), gap, z[0]])


def exact() -> dict[str, Array]:
    """The truth of every measure for every model."""
    e = np.e
    truth = {
        "mean": [0, e**0.5, GAP.mean, 0],
        "standard deviation": [1, (e * (e - 1)) ** 0.5, GAP.standard_deviation, 1],
        "skewness": [0, (e + 2) * (e - 1) ** 0.5, GAP.skewness, 0],
    }
    for p in {*QUANTILES, *TAILS, *PROBABILITIES}:
        z = float(special.ndtri(p))
        shortfall = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) / p
        lower_mean = e**0.5 * special.ndtr(z - 1) / p
        truth[f"quantile {p:g}"] = [z, np.exp(z), GAP.quantile(p), z]
        truth[f"expected shortfall {p:g}"] = [
            *(shortfall, -lower_mean, GAP.expected_shortfall(p), shortfall)
        ]
        truth[f"probability {p:g}"] = [p] * 4
    return {name: np.array(values, dtype=float) for name, values in truth.items()}


def _rows(n: int, truth: dict[str, Array]) -> Iterator[list[str]]:
    found: dict[tuple[str, str], list[Interval]] = {}
    for seed in range(SEEDS):
        nets = (sobol_replicate(n, list(range(8)), seed, (1, r))[0] for r in range(REPLICATES))
        y = np.stack([outcomes(special.ndtri(u)) for u in nets], axis=1)
        for measure, rule, interval in every_rule(y, truth):
            found.setdefault((measure, rule), []).append(interval)
    for (measure, rule), seen in found.items():
        value, lower, upper = (np.stack(part) for part in zip(*seen, strict=True))
        covered = np.mean((lower <= truth[measure]) & (truth[measure] <= upper), axis=0)
        half = np.mean(upper - lower, axis=0) / 2
        error = np.sqrt(np.mean((value - truth[measure]) ** 2, axis=0))
        cells = [
            f"{c:.3f}, {h / e:.2f}" if e > 1e-12 else f"{c:.3f}, exact"
            for c, h, e in zip(covered, half, error, strict=True)
        ]
        yield [measure, rule, str(n), *cells]


def every_rule(y: Array, truth: dict[str, Array]) -> Iterator[tuple[str, str, Interval]]:
    """Measure, rule and interval, for outcomes of shape (models, R, n)."""
    yield "mean", PROJECT, _interval(measures.mean(y))
    yield "standard deviation", PROJECT, _interval(measures.standard_deviation(y))
    yield "standard deviation", OWN, of_replicates(lambda x: x.std(axis=-1), y)
    yield "skewness", PROJECT, _interval(measures.skewness(y))
    yield "skewness", OWN, of_replicates(partial(stats.skew, axis=-1), y)
    for p in QUANTILES:
        name = f"quantile {p:g}"
        yield name, PROJECT, _interval(first_level(measures.estimate_quantiles(y, [p])))
        yield name, OWN, of_replicates(partial(measures.quantile, probability=p), y)
    for tail in TAILS:
        name = f"expected shortfall {tail:g}"
        yield name, PROJECT, _interval(first_level(measures.estimate_expected_shortfall(y, [tail])))
        yield name, "linearised", _interval(linear_shortfall(y, tail))
    for p in PROBABILITIES:
        name = f"probability {p:g}"
        threshold = truth[f"quantile {p:g}"][:, None, None]
        plain = replicates.mean(np.mean(y < threshold, axis=-1))
        yield name, PROJECT, _interval(measures.probability_below(y - threshold))
        yield name, "unfloored", wilson(plain)
        yield name, OWN, _interval(plain)


def first_level(estimate: Estimate) -> Estimate:
    """The estimate at the first of its levels."""
    value, error, lower, upper, own = estimate
    return Estimate(value[..., 0], error[..., 0], lower[..., 0], upper[..., 0], own[..., 0, :])


def _interval(estimate: Estimate) -> Interval:
    return Interval(estimate.value, estimate.lower, estimate.upper)


def of_replicates(measure: Callable[[Array], Array], y: Array) -> Interval:
    """The pooled value with the spread of the same measure of each replicate."""
    pooled = y.reshape(len(y), -1)
    return _interval(replicates.from_replicates(measure(pooled), measure(y)))


def wilson(plain: Estimate) -> Interval:
    """Wilson's interval with Student's t; where all replicates agree, no width at all."""
    p, t = plain.value, replicates.student_t(REPLICATES)
    spread = plain.standard_error > 0
    inverse = np.zeros_like(p)  # of the effective size
    inverse[spread] = plain.standard_error[spread] ** 2 / (p * (1 - p))[spread]
    scale = 1 + t**2 * inverse
    middle = (p + t**2 * inverse / 2) / scale
    half = t / scale * np.sqrt(plain.standard_error**2 + (t * inverse / 2) ** 2)
    return Interval(p, middle - half, middle + half)


def linear_shortfall(y: Array, tail: float) -> Estimate:
    """−q + E(q − Y)₊ / tail at the pooled quantile q, whose own error does not matter."""
    pooled = np.sort(y.reshape(len(y), -1), axis=-1)
    rows = pooled.shape[-1]
    q = pooled[:, int(np.ceil(round(rows * tail, 9))) - 1]
    short = np.mean(np.maximum(q[:, None, None] - y, 0), axis=-1) / tail
    return replicates.mean(short - q[:, None])


if __name__ == "__main__":
    main()

"""How often do the 95 % intervals of a posterior hold the truth, and is there a better rule?

Eight standard normal inputs; linear outcomes are observed with normal errors, so every posterior is
known exactly. Five cases: one observation of a sum of all inputs, two observations of overlapping
sums, a single input that is observed itself (where a net is at its best and the spread between
replicates is hardest to read), a lognormal with an observed logarithm, and a surprise (2.5 prior
standard deviations out), which needs the more draws. Rules compared on the same draws, the
project's own first:

mean         pooled ratio, linearised; Student's t of replicates' own weighted means
quantile     Woodruff's: the interval of the weighted P(Y ≤ q) at the pooled q, inverted, never
             finer than as many independent draws as the effective sample size; the same unfloored;
             the binomial error of that many draws; Student's t of replicates' own quantiles
probability  Wilson's at the effective size that the replicates show, floored likewise; unfloored
shift        pooled and linearised in both samples; the same with the prior taken as known
evidence     log of the mean likelihood, linearised
prediction   as the probability
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from benchmarks.report import interval_error, publish, table
from benchmarks.risk_coverage import Interval, first_level
from risk.designs import sobol_replicate
from risk.stats import evidence, replicates
from risk.stats.replicates import Estimate

Array = NDArray[np.float64]
SEEDS = 400
REPLICATES = 16
DRAWS = (256, 1024, 4096)
ENOUGH = 400  # effective draws from which the project gives an answer
PROJECT = "project"
OWN = "replicates' own"
UNFLOORED = "unfloored"
LEVELS = (0.05, 0.5, 0.95)
PROBABILITIES = (0.1, 0.01)
SUM = np.array([1.0, 0.8, 0.6, 0.4, 0.3, 0.2, 0.1, 0.05])
SUM = SUM / np.linalg.norm(SUM)
FIRST = np.array([1.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0]) / 2
LATER = np.array([0.0, 0.0, 1.0, 1.0, 1.0, 1.0, 0.0, 0.0]) / 2
ALONE = np.eye(8)[0]


class Case(NamedTuple):
    """Observed linear outcomes, and the number that is asked about: a sum, or its exponential."""

    name: str
    observed: Array  # (K, 8): coefficients
    values: Array
    errors: Array
    asked: Array  # (8,)
    exponential: bool = False

    @property
    def spread(self) -> Array:
        """Covariance of what is observed."""
        return self.observed @ self.observed.T + np.diag(self.errors**2)

    @property
    def posterior(self) -> tuple[float, float]:
        """Mean and standard deviation of the sum that is asked about."""
        gain = np.linalg.solve(self.spread, self.observed @ self.asked)
        return float(gain @ self.values), float(1 - self.asked @ self.observed.T @ gain) ** 0.5


def _case(
    name: str, observed: Sequence[Array], at: Sequence[tuple[float, float]], *asked: object
) -> Case:
    values, errors = np.array(at).T
    return Case(name, np.stack(observed), values, errors, *asked)  # type: ignore[arg-type]


CASES = (
    _case("sum", [SUM], [(1.0, 0.2)], ALONE),
    _case("two sums", [FIRST, LATER], [(0.8, 0.4), (-0.5, 0.3)], FIRST),
    _case("one input", [ALONE], [(1.0, 0.2)], ALONE),
    _case("lognormal", [SUM], [(0.5, 1.0)], SUM, True),
    _case("surprise", [SUM], [(2.5, 0.3)], SUM),
)


def main() -> None:
    """Draw, apply every rule, and write the tables."""
    rows: list[list[str]] = []
    sizes: list[list[str]] = []
    by_draws = [_rows(n) for n in DRAWS]
    for n, (_, size) in zip(DRAWS, by_draws, strict=True):
        sizes.append([str(n), f"{REPLICATES * n:,}", *(f"{s:,.0f}" for s in size)])
    for same in zip(*(found for found, _ in by_draws), strict=True):
        rows += same
    names = [case.name for case in CASES]
    note = (
        f"{SEEDS} seeds, {REPLICATES} replicates of n points, "
        f"standard error of one coverage {interval_error(SEEDS):.3f}.\n\n"
        "Each cell: coverage, and mean half-width over root mean square error (2.13 were right "
        f"for 16 normal replicates). In brackets: fewer than {ENOUGH} effective draws, where the "
        "project gives no answer."
    )
    effective = "Effective draws, mean of the seeds:"
    publish(
        "evidence_coverage",
        [
            note,
            table(["measure", "rule", "n", *names], rows),
            effective,
            table(["n", "draws", *names], sizes),
        ],
    )


def exact(case: Case) -> dict[str, float]:
    """The truth of every measure."""
    m, s = case.posterior
    scale = np.exp if case.exponential else float
    away = np.linalg.solve(case.spread, case.values)
    size = len(case.values) * np.log(2 * np.pi) + np.linalg.slogdet(case.spread)[1]
    return {
        "mean": float(np.exp(m + s**2 / 2)) if case.exponential else m,
        **{f"quantile {p:g}": float(scale(m + s * special.ndtri(p))) for p in LEVELS},
        **{f"probability {p:g}": p for p in PROBABILITIES},
        "shift": float(2 * special.ndtr(m / (1 + s**2) ** 0.5) - 1),
        "evidence": float(-(case.values @ away + size) / 2),
        "prediction": float(special.ndtr(case.values[0] / case.spread[0, 0] ** 0.5)),
    }


def _rows(n: int) -> tuple[list[list[str]], list[float]]:
    """A row for each measure and rule, and the mean effective sample size of each case."""
    found: dict[tuple[str, str], list[list[Interval]]] = {}
    sizes = np.zeros(len(CASES))
    for seed in range(SEEDS):
        nets = [sobol_replicate(n, list(range(8)), seed, (1, r))[0] for r in range(REPLICATES)]
        z = special.ndtri(np.stack(nets, axis=1))
        for k, case in enumerate(CASES):
            y = np.einsum("ki,irn->krn", case.observed, z)
            asked = np.einsum("i,irn->rn", case.asked, z)
            asked = np.exp(asked) if case.exponential else asked
            density = evidence.log_likelihood(y, case.values, case.errors)
            sizes[k] += evidence.effective_sample_size(evidence.weights(density)) / SEEDS
            for measure, rule, estimate in every_rule(case, y, asked, density):
                cells = found.setdefault((measure, rule), [[] for _ in CASES])
                cells[k].append(Interval(estimate.value, estimate.lower, estimate.upper))
    truth = [exact(case) for case in CASES]
    rows = [
        [measure, rule, str(n), *(_cell(*x, measure) for x in zip(seen, truth, sizes, strict=True))]
        for (measure, rule), seen in found.items()
    ]
    return rows, sizes.tolist()


def _cell(seen: list[Interval], truth: dict[str, float], size: float, measure: str) -> str:
    value, lower, upper = (np.array(part) for part in zip(*seen, strict=True))
    covered = np.mean((lower <= truth[measure]) & (truth[measure] <= upper))
    error = np.mean((value - truth[measure]) ** 2) ** 0.5
    text = f"{covered:.3f}, {np.mean(upper - lower) / 2 / error:.2f}"
    return text if size >= ENOUGH or measure == "prediction" else f"({text})"


def every_rule(
    case: Case, y: Array, asked: Array, density: Array
) -> Iterator[tuple[str, str, Estimate]]:
    """Measure, rule and estimate for one case's draws."""
    weight = evidence.weights(density)
    mean = evidence.mean(asked, weight)
    yield "mean", PROJECT, mean
    own = (weight * asked).sum(axis=-1) / weight.sum(axis=-1)
    yield "mean", OWN, replicates.from_replicates(mean.value, own)
    for p in LEVELS:
        name = f"quantile {p:g}"
        yield name, PROJECT, first_level(evidence.estimate_quantiles(asked, weight, [p]))
        yield from ((name, rule, e) for rule, e in other_quantiles(asked, weight, p))
    m, s = case.posterior
    for p in PROBABILITIES:
        at = m + s * special.ndtri(p)
        below = asked < (np.exp(at) if case.exponential else at)
        yield f"probability {p:g}", PROJECT, evidence.probability(below, weight)
        plain = evidence.mean(below.astype(float), weight)
        yield f"probability {p:g}", UNFLOORED, evidence.bounded(plain, 0.0)
    yield "shift", PROJECT, evidence.shift(asked, weight)
    above = 2 * ((asked.ravel().argsort().argsort() + 0.5) / asked.size).reshape(asked.shape) - 1
    yield "shift", "prior known", evidence.mean(above, weight)
    yield "evidence", PROJECT, evidence.log_evidence(density)
    first = float(case.values[0]), float(case.errors[0])
    yield "prediction", PROJECT, evidence.predictive_probability(y[0], *first)


def other_quantiles(y: Array, weight: Array, p: float) -> Iterator[tuple[str, Estimate]]:
    """The rules that the project does not use."""
    value = inverted(y, weight, np.array([p]))
    share = evidence.mean((y <= value).astype(float), weight)
    for rule, half in (
        (UNFLOORED, share.upper - share.value),
        ("binomial", 1.96 * (p * (1 - p) / evidence.effective_sample_size(weight)) ** 0.5),
    ):
        lower, upper = inverted(y, weight, np.clip([p - half, p + half], 0, 1))
        yield rule, Estimate(value[0], np.array(np.nan), lower, upper, np.array([]))
    own = [inverted(x, w, np.array([p]))[0] for x, w in zip(y, weight, strict=True)]
    yield OWN, replicates.from_replicates(value[0], np.array(own))


def inverted(y: Array, weight: Array, p: Array) -> Array:
    """Weighted quantiles of all draws."""
    order = y.ravel().argsort()
    return np.interp(p, evidence._places(weight.ravel()[order]), y.ravel()[order])


if __name__ == "__main__":
    main()

"""Do fitted families return the quantiles that they are given, and how fast are they beside SciPy?

Asked and got: five quantiles of a distribution of each family, which it must return; two to seven
quantiles of many random members of each, as they are and cut at both ends; and five quantiles that
no family returns, where the fit is the closest in the sense of least squares. Speed: the quantile
function at a million probabilities, ours and SciPy's for the same distribution in the same round,
one after the other; what counts is the median of the rounds' ratios. Where SciPy calls the same
special function the ratio says what its checks cost; where it has no quantile function of its own
(a mixture), it solves for each value.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.report import publish, table
from risk import families
from risk.elicitation import CANDIDATES, from_quantiles
from risk.families import FAMILIES
from risk.families.fitting import EXACT
from risk.marginals import Marginal

Array = NDArray[np.float64]
ROUNDS = 25
POINTS = 1 << 16
FEW = 1 << 10  # for what SciPy solves value by value
AT = np.array([0.05, 0.25, 0.5, 0.75, 0.95])
AWKWARD = np.array([0.10, 0.22, 0.30, 0.42, 0.62])
OWN: tuple[tuple[Marginal, dict[str, float]], ...] = (  # and what is held, not fitted
    (families.normal(1.3, 0.4), {}),
    (families.student_t(1.3, 0.4), {}),
    (families.lognormal(0.3, 0.4), {}),
    (families.lognormal(0.3, 0.4, -1.5), {}),
    (families.gamma(2.5, 3.0), {}),
    (families.gamma(2.5, 3.0, -4.0), {}),
    (families.beta(2.1, 4.93), {}),
    (families.uniform(-1.0, 2.0), {}),
    (families.triangular(1.05, 1.25, 1.4), {}),
    (families.pert(0.55, 0.9, 1.0), {}),
    (families.metalog(1.0, 0.5, 0.3), {"terms": 3}),
    (families.metalog(1.0, 0.2, 0.1, minimum=0.0), {"minimum": 0.0, "terms": 3}),
)
WITHIN = (0.02, 0.9)  # where the truncated ones are cut, as probabilities of the whole
MEMBERS = 200  # random ones of each family
PROBABILITIES = (
    (0.05, 0.95),
    (0.1, 0.5, 0.9),
    (0.05, 0.25, 0.75, 0.95),
    (0.05, 0.25, 0.5, 0.75, 0.95),
    (0.01, 0.1, 0.3, 0.6, 0.9, 0.99),
    (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99),
)


class Race(NamedTuple):
    """A distribution, what SciPy calls it, and SciPy's quantile function (None: it has none)."""

    marginal: Marginal
    peer: str
    quantile: Callable[[Array], Array] | None = None
    points: int = POINTS


def main() -> None:
    """Fit, time, and write the tables."""
    fits = [fit(marginal, held) for marginal, held in OWN]
    fits += [truncated_fit(marginal, held) for marginal, held in OWN]
    drawn = [members(kind) for kind in MADE]
    closest = [near(family) for family in (*CANDIDATES, "metalog")]
    quantiles = ["P5", "P25", "P50", "P75", "P95"]
    times = [timed(race) for race in races()]
    note = (
        f"Median of {ROUNDS} interleaved rounds of {POINTS:,} probabilities, one thread of one "
        "machine; only the ratio means something elsewhere. Above 1 ours is faster."
    )
    largest = max(misfit for _, misfit in fits)
    asked = f"Asked: five quantiles of each. Largest misfit of all: {largest:.0e} of the range."
    shown = ", ".join(f"{q} = {x:g}" for q, x in zip(quantiles, AWKWARD, strict=True))
    publish(
        "families",
        [
            asked,
            table(["asked of", "held", *quantiles, "misfit", "got"], [row for row, _ in fits]),
            f"Asked: two to seven quantiles of {MEMBERS} random members of each family. Returned: "
            "to a millionth of their range. Cut: between two limits, P0–P20 and P80–P100 of the "
            "whole; three parameters of what is left look much alike.",
            table(
                ["family", "returned", "largest misfit", "cut: returned", "largest misfit"], drawn
            ),
            f"Asked: {shown}. No family has them; a misfit above 5 % of the range is refused.",
            table(["family", *quantiles, "largest misfit, %"], closest),
            note,
            table(
                ["family", "SciPy's", "ms per million, ours", "SciPy", "SciPy's time over ours"],
                times,
            ),
        ],
    )


def fit(marginal: Marginal, held: dict[str, float]) -> tuple[list[str], float]:
    """One row: a family's own quantiles, and the fit to them."""
    return _row(marginal, held, marginal, {})


def truncated_fit(marginal: Marginal, held: dict[str, float]) -> tuple[list[str], float]:
    """The same of the family between two limits."""
    low, high = marginal.ppf(np.array(WITHIN)).tolist()
    cut = families.truncated(marginal, low, high)
    return _row(cut, held, marginal, {"minimum": low, "maximum": high})


def _row(
    asked: Marginal, held: dict[str, float], whole: Marginal, limits: dict[str, float]
) -> tuple[list[str], float]:
    values = asked.ppf(AT)
    given = dict(zip(AT.tolist(), values.tolist(), strict=True))
    own = {k: v for k, v in held.items() if whole.family == "metalog"}
    got = from_quantiles(given, whole.family, held=own, **limits)
    misfit = float(np.abs(got.ppf(AT) - values).max() / (values[-1] - values[0]))
    words = ", ".join(f"{k} {v:g}" for k, v in held.items()) or "–"
    return [str(asked), words, *(f"{x:.4g}" for x in values), f"{misfit:.0e}", str(got)], misfit


def members(kind: str) -> list[str]:
    """One row: how many random members of a family are found again from their quantiles."""
    rng = np.random.default_rng(len(kind))
    misfits = np.array([_misfits(kind, rng) for _ in range(MEMBERS)]).T
    cells = []
    for own in misfits:
        own = own[np.isfinite(own)]
        cells += [f"{np.sum(own <= EXACT)} of {len(own)}", f"{own.max():.0e}"]
    return [kind, *cells]


def _misfits(kind: str, rng: np.random.Generator) -> tuple[float, float]:
    """Of one member, whole and truncated; NaN where its quantiles are too close to tell apart."""
    whole = MADE[kind](rng)
    least = 0 if whole.family not in ("triangular", "pert") and "shift" not in kind else 1
    at = PROBABILITIES[rng.integers(least, len(PROBABILITIES))]
    low, high = whole.ppf(np.array([rng.uniform(0, 0.2), rng.uniform(0.8, 1)])).tolist()
    cut = families.truncated(whole, low, high)
    return _misfit(whole, whole.family, at), _misfit(cut, whole.family, at, low, high)


def _misfit(
    asked: Marginal, family: str, at: Sequence[float], low: float = -np.inf, high: float = np.inf
) -> float:
    values = asked.ppf(np.array(at))
    apart = np.all(np.diff(values) > 1e-9 * np.abs(values).max()) and low < values[0]
    if not apart or values[-1] >= high:
        return float("nan")
    given = dict(zip(at, values.tolist(), strict=True))
    try:
        got = from_quantiles(given, family, minimum=low, maximum=high)
    except ValueError:
        return 1.0
    assert got.fit is not None
    return got.fit.misfit


def _power(rng: np.random.Generator, low: float, high: float) -> float:
    return float(10.0 ** rng.uniform(low, high))


def _three(rng: np.random.Generator) -> tuple[float, float, float]:
    low, width, mode = rng.uniform(-100, 100), _power(rng, -3, 3), rng.uniform()
    return low, min(low + mode * width, low + width), low + width


MADE: dict[str, Callable[[np.random.Generator], Marginal]] = {
    "normal": lambda r: families.normal(r.uniform(-100, 100), _power(r, -4, 4)),
    "student_t": lambda r: families.student_t(r.uniform(-100, 100), _power(r, -4, 4)),
    "lognormal": lambda r: families.lognormal(r.uniform(-8, 8), _power(r, -1.5, 0.3)),
    "lognormal with shift": lambda r: families.lognormal(
        r.uniform(-3, 3), _power(r, -1.5, 0.3), r.uniform(-9, 9)
    ),
    "gamma": lambda r: families.gamma(_power(r, -0.5, 2.5), _power(r, -3, 3)),
    "gamma with shift": lambda r: families.gamma(
        _power(r, -0.3, 2), _power(r, -3, 3), r.uniform(-9, 9)
    ),
    "beta": lambda r: families.beta(_power(r, -0.3, 2.5), _power(r, -0.3, 2.5)),
    "uniform": lambda r: families.uniform(*_three(r)[::2]),
    "triangular": lambda r: families.triangular(*_three(r)),
    "pert": lambda r: families.pert(*_three(r)),
}


def near(family: str) -> list[str]:
    """One row: what a family makes of the awkward quantiles."""
    given = dict(zip(AT.tolist(), AWKWARD.tolist(), strict=True))
    held = {"terms": 3.0} if family == "metalog" else {}
    try:
        got = from_quantiles(given, family, held=held)
    except ValueError:
        return [family, *["–"] * len(AT), "refused"]
    assert got.fit is not None
    return [family, *(f"{x:.4f}" for x in got.ppf(AT)), f"{100 * got.fit.misfit:.2f}"]


def races() -> list[Race]:
    """Every family, beside what SciPy has for it."""
    rng = np.random.default_rng(1)
    sample = rng.standard_normal(1000)
    counts, edges = np.array([1.0, 2.0, 0.5, 1.0]), np.array([0.0, 1.0, 3.0, 4.0, 6.0])
    table_of = stats.rv_discrete(values=([1, 2, 4], [0.2, 0.5, 0.3]))
    binned = stats.rv_histogram((counts, edges), density=False)
    laws = [stats.Normal(mu=m, sigma=s) for m, s in ((0.0, 1.0), (3.0, 0.5))]
    both = stats.Mixture(laws, weights=[0.7, 0.3])
    pair = [families.normal(0.0, 1.0), families.normal(3.0, 0.5)]
    pooled = families.logarithmic_pool([pair[0], families.student_t(2.0, 1.0)], [1, 1])
    cut = families.truncated(families.normal(0.0, 1.0), -1.0, 2.0)
    logistic, fisk = stats.logistic(1.0, 0.5), stats.fisk(5.0, scale=np.e)
    named = [family(*numbers) for family, numbers in _parametric()]
    own = [Race(m, f"stats.{m.distribution.dist.name}", m.distribution.ppf) for m in named]
    return [
        *own,
        Race(FAMILIES["metalog"](1.0, 0.5), "stats.logistic", logistic.ppf),
        Race(FAMILIES["metalog"](1.0, 0.2, minimum=0.0), "stats.fisk", fisk.ppf),
        Race(FAMILIES["metalog"](1.0, 0.5, 0.3, 0.1), "none"),
        Race(families.discrete([1, 2, 4], [0.2, 0.5, 0.3]), "stats.rv_discrete", table_of.ppf),
        Race(families.histogram(edges.tolist(), counts.tolist()), "stats.rv_histogram", binned.ppf),
        Race(
            families.empirical(sample.tolist()), "numpy.quantile", lambda u: np.quantile(sample, u)
        ),
        Race(cut, "stats.truncnorm", stats.truncnorm(-1.0, 2.0).ppf),
        Race(families.mixture(pair, [7, 3]), "stats.Mixture, icdf", both.icdf, FEW),
        Race(pooled, "none"),
    ]


def _parametric() -> list[tuple[Callable[..., Marginal], tuple[float, ...]]]:
    return [
        (families.normal, (1.0, 2.0)),
        (families.student_t, (1.0, 2.0, 4.0)),
        (families.lognormal, (0.3, 0.4)),
        (families.gamma, (2.5, 3.0)),
        (families.beta, (2.1, 4.93)),
        (families.uniform, (-2.0, 3.0)),
        (families.triangular, (0.0, 1.0, 3.0)),
        (families.pert, (0.0, 1.0, 3.0)),
    ]


def timed(race: Race) -> list[str]:
    """One row: a quantile function beside SciPy's."""
    u = np.random.default_rng(2).random(POINTS)
    theirs, few = race.quantile, u[: race.points]
    race.marginal.ppf(u)  # what is computed once
    spent = np.full((ROUNDS, 2), np.nan)
    for k in range(ROUNDS):
        start = time.perf_counter()
        race.marginal.ppf(u)
        spent[k, 0] = (time.perf_counter() - start) / len(u)
        if theirs is not None:
            start = time.perf_counter()
            theirs(few)
            spent[k, 1] = (time.perf_counter() - start) / len(few)
    ours, other = 1e9 * np.median(spent, axis=0)
    if theirs is None:
        return [str(race.marginal), race.peer, f"{ours:.1f}", "–", "–"]
    ratio = float(np.median(spent[:, 1] / spent[:, 0]))
    return [str(race.marginal), race.peer, f"{ours:.1f}", f"{other:.1f}", f"{ratio:.2f}"]


if __name__ == "__main__":
    main()

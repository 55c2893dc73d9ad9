"""Do the families return the quantiles that they are asked for, and are they as fast as SciPy's?

Asked and got: for every family that quantiles are fitted to, P5, P25, P50, P75 and P95 of one of
its members; for the others the quantiles that their definition gives. Speed: quantiles of a million
random probabilities, ours and SciPy's for the same distribution in turn; the median of the ratios
is what counts, since absolute times are noisy.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks.report import publish, table
from risk import families
from risk.elicitation import from_quantiles
from risk.families import FAMILIES
from risk.marginals import Marginal

Array = NDArray[np.float64]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
VALUES = 1_000_000
ROUNDS = 7
NOISE = 0.03  # of a ratio between two runs of the same function
SAMPLE = np.random.default_rng(1).lognormal(0.6, 0.3, 200)


class Peer(NamedTuple):
    """A marginal of ours and SciPy's own for it."""

    name: str
    ours: Marginal
    theirs: str
    ppf: Callable[[Array], Any]


def peers() -> list[Peer]:
    """Every family beside what SciPy has for it."""
    two = [families.normal(0, 1), families.normal(3, 0.5)]
    mixed = stats.Mixture(
        [stats.Normal(mu=0, sigma=1), stats.Normal(mu=3, sigma=0.5)], weights=[0.7, 0.3]
    )
    skew = [families.lognormal(0, 1), families.gamma(2, 1)]
    lognormal, gamma = (stats.make_distribution(x) for x in (stats.lognorm, stats.gamma))
    skewed = stats.Mixture([lognormal(s=1.0), gamma(a=2.0)], weights=[0.7, 0.3])
    edges, weights = [0.0, 1.0, 2.0, 5.0], [1.0, 3.0, 2.0]
    binned = stats.rv_histogram((np.array(weights) / 6, np.array(edges)), density=False)
    listed = stats.rv_discrete(values=([1, 2, 4], [0.2, 0.5, 0.3]))
    cut = families.truncated(families.normal(0, 1), -1, 2)
    f, pert = families, families.pert(0.55, 0.9, 1.0)
    limited = f.metalog(0, 0.5, 0.2, minimum=0, maximum=1)
    rows: list[tuple[str, Marginal, str, Callable[[Array], Any]]] = [
        ("normal", f.normal(2, 3), "norm", stats.norm(2, 3).ppf),
        ("student_t", f.student_t(1, 2, 4), "t", stats.t(4, 1, 2).ppf),
        ("lognormal", f.lognormal(0.6, 0.3), "lognorm", stats.lognorm(0.3, scale=np.exp(0.6)).ppf),
        ("gamma", f.gamma(2.1, 2), "gamma", stats.gamma(2.1, scale=2).ppf),
        ("beta", f.beta(2.1, 4.93), "beta", stats.beta(2.1, 4.93).ppf),
        ("uniform", f.uniform(1, 3), "uniform", stats.uniform(1, 2).ppf),
        ("triangular", f.triangular(1, 1.5, 3), "triang", stats.triang(0.25, 1, 2).ppf),
        ("pert", pert, "beta", pert.distribution.ppf),
        ("metalog", f.metalog(1, 0.5, 0.2), "none; logistic", stats.logistic(1, 0.5).ppf),
        ("metalog, limits", limited, "none; johnsonsb", stats.johnsonsb(0, 1).ppf),
        ("truncated normal", cut, "truncnorm", stats.truncnorm(-1, 2).ppf),
        ("mixture of normals", f.mixture(two, [0.7, 0.3]), "Mixture", mixed.icdf),
        ("mixture of others", f.mixture(skew, [0.7, 0.3]), "Mixture", skewed.icdf),
        ("histogram", f.histogram(edges, weights), "rv_histogram", binned.ppf),
        ("discrete", f.discrete([1, 2, 4], [0.2, 0.5, 0.3]), "rv_discrete", listed.ppf),
        ("empirical", f.empirical(SAMPLE.tolist()), "numpy.quantile", _numpy_quantile),
    ]
    return [Peer(*row) for row in rows]


def _numpy_quantile(u: Array) -> Array:
    return np.asarray(np.quantile(SAMPLE, u))


def asked_and_got(peer: Peer) -> list[str]:
    """Quantiles asked for, and those of the marginal that is fitted to them."""
    levels = np.array(LEVELS)
    asked = np.asarray(peer.ppf(levels), dtype=float)
    name = peer.name.partition(",")[0]
    how = "by definition"
    got = peer.ours.ppf(levels)
    if peer.theirs.startswith("none"):
        asked = got
    if name in FAMILIES:
        held = {}
        if name == "student_t":
            held = {"degrees_of_freedom": 4.0}
        if "limits" in peer.name:
            held = {"minimum": 0.0, "maximum": 1.0}
        asks = dict(zip(LEVELS, map(float, asked), strict=True))
        got = from_quantiles(asks, name, held=held).ppf(levels)
        how = "fitted"
    misfit = np.max(np.abs(got - asked)) / (asked[-1] - asked[0])
    texts = (" ".join(f"{x:.4g}" for x in values) for values in (asked, got))
    return [peer.name, how, *texts, f"{misfit:.0e}" if misfit else "0"]


def speed(peer: Peer, u: Array) -> list[str]:
    """Seconds a million values of both, and the median of their ratios."""

    def seconds(ppf: Callable[[Array], Any]) -> float:
        start = time.perf_counter()
        ppf(u)
        return time.perf_counter() - start

    peer.ours.ppf(u[:1000])  # tables are built once
    pairs = np.array([[seconds(peer.ours.ppf), seconds(peer.ppf)] for _ in range(ROUNDS)])
    ours, theirs = np.median(pairs, axis=0)
    ratio = float(np.median(pairs[:, 1] / pairs[:, 0]))
    return [peer.name, peer.theirs, f"{1e3 * ours:.1f}", f"{1e3 * theirs:.1f}", f"{ratio:.2f}"]


def main() -> None:
    """Write families.md."""
    u = np.random.default_rng(0).random(VALUES)
    every = peers()
    levels = ", ".join(f"P{100 * p:g}" for p in LEVELS)
    quantiles = table(
        ["family", "how", f"asked: {levels}", "got", "largest misfit / (P95 − P5)"],
        map(asked_and_got, every),
    )
    rows = [speed(peer, u) for peer in every]
    times = table(["family", "SciPy's", "ours, ms", "SciPy, ms", "SciPy / ours"], rows)
    slower = [row[0] for row in rows if float(row[-1]) < 1 - NOISE]
    said = (
        f"Slower than SciPy's by more than the {NOISE:.0%} of noise: {', '.join(slower) or 'none'}."
    )
    note = (
        f"{VALUES:,} random probabilities, {ROUNDS} rounds in turn, medians. Beta, PERT and gamma "
        "call the same special function as SciPy, so their ratio is 1 but for the checks around it."
    )
    publish("families", ["## Asked and got", quantiles, "## Speed", times, note, said])


if __name__ == "__main__":
    main()

"""Histograms where most points are one value, and where the pilot saw nothing of what came."""

from __future__ import annotations

import numpy as np
import pytest

from risk.stats import measures, tally, tally_measures
from risk.stats.moments import power_sums
from risk.stats.tally_measures import Totals


def totals_of(y: np.ndarray, pilot: np.ndarray, centre: float, scale: float) -> Totals:
    """What is known of one outcome (R, n) whose bins a pilot has chosen."""
    bins = tally.bins_of((pilot[None] - centre) / scale)
    found = [tally.no_tally(1) for _ in y]
    for each, row in zip(found, y, strict=True):
        tally.add(each, bins, row[None], (row[None] - centre) / scale)
    powers = np.moveaxis(power_sums((y[None] - centre) / scale)[0], 1, 0)
    return Totals(found, bins, powers, y.shape[-1], np.array([centre]), np.array([scale]))


@pytest.mark.parametrize("values", [[0, 1, 2, 3, 4], [0, 0, 0, 1]])
def test_an_atom_at_the_median_is_all_but_alone_in_its_bin(values: list[float]) -> None:
    """The commonest of all: a count, an indicator, a loss that mostly is none."""
    y = np.random.default_rng(1).choice(np.array(values, float), size=(8, 4096))
    totals = totals_of(y, y[0, :1024], float(np.median(y)), 1.0)
    found = tally_measures.estimate_quantiles(totals, [0.3, 0.5, 0.7])
    expected = measures.estimate_quantiles(y, [0.3, 0.5, 0.7])
    assert np.abs(found.value[0] - expected.value).max() < 1e-4
    assert (found.lower[0] <= expected.value).all()
    assert (expected.value <= found.upper[0]).all()


@pytest.mark.parametrize("seed", range(8))
def test_the_interval_of_a_shortfall_holds_points_anywhere_in_their_bins(seed: int) -> None:
    """Far beyond the pilot bins are wide, and of the last one only a part is in the tail."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(8, 1024))
    pilot = rng.normal(size=1024)
    few = rng.integers(30, 200)
    y[:, :few] = -1e12 * rng.uniform(1, 3) ** rng.integers(0, 2, size=(8, few))
    y[:, 0] = -1e14
    tails = [0.01, 0.05, 0.1]
    found = tally_measures.estimate_expected_shortfall(totals_of(y, pilot, 0.0, 1.0), tails)
    expected = measures.estimate_expected_shortfall(y, tails)
    assert (found.lower[0] <= expected.value).all()
    assert (expected.value <= found.upper[0]).all()

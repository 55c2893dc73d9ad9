"""Power sums and the effective sample size of a variance."""

from __future__ import annotations

import numpy as np
import pytest

from risk.stats.moments import effective_sample_size, power_sums


def test_power_sums_are_those_of_the_definition() -> None:
    z = np.random.default_rng(0).normal(size=(3, 2, 64))
    found = power_sums(z, chunk=16)
    assert found.shape == (4, 3, 2, 4)
    for k in range(1, 5):
        np.testing.assert_allclose(found.sum(axis=0)[..., k - 1], np.sum(z**k, axis=-1), rtol=1e-12)


def test_a_chunk_has_the_same_bits_wherever_it_stands() -> None:
    z = np.random.default_rng(1).normal(size=(5, 256))
    together = power_sums(z, chunk=32)
    for k in range(8):
        assert np.array_equal(together[k], power_sums(z[:, 32 * k : 32 * (k + 1)])[0])


@pytest.mark.parametrize("shift", [0.0, 3.0, -40.0])
def test_effective_sample_size_is_that_of_its_definition(shift: float) -> None:
    y = np.random.default_rng(0).lognormal(size=1024)
    w = (y - y.mean()) ** 2
    found = effective_sample_size(power_sums(y - shift)[0], y.size)
    assert found == pytest.approx(w.sum() ** 2 / (w**2).sum(), rel=1e-6)


def test_a_sample_without_spread_has_none() -> None:
    assert np.isnan(effective_sample_size(power_sums(np.zeros(8))[0], 8))

"""The design: a balanced net in every coordinate, independent by replicate, the same by seed."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import qmc

from risk.designs import _generator, sobol_net, sobol_replicate


@pytest.mark.parametrize("n", [2, 64, 4096])
def test_every_coordinate_is_stratified(n: int) -> None:
    a, b = sobol_replicate(n, [2, 0, 1], seed=3, key=(1, 0))
    for u in (*a, *b):
        assert np.sort(np.floor(u * n)).tolist() == list(range(n))


@pytest.mark.parametrize("n", [64, 512, 8192])
def test_without_a_shift_the_net_is_scipys(n: int) -> None:
    """Made from its first block and the starts of the others; half a cell inside the cube."""
    net = sobol_net(6, n, seed=7)
    theirs = qmc.Sobol(6, scramble=True, bits=32, rng=_generator(7, ())).random(n).T
    shift = (theirs[:, 0] * 2.0**52).astype(np.int64)  # our net begins at 0
    np.testing.assert_array_equal(net.points(shift, 0, n), theirs + 2.0**-53)


def test_points_stay_strictly_inside() -> None:
    a, b = sobol_replicate(2**14, list(range(8)), seed=0, key=(1, 0))
    assert min(a.min(), b.min()) > 0
    assert max(a.max(), b.max()) < 1
    net = sobol_net(4, 64, seed=0)
    for bits in (0, 2**52 - 1):  # all zeros in the first point, all ones
        u = net.points(net.first[:, 0] ^ bits, 0, 64)
        assert 0 < u.min() < u.max() < 1


def test_the_first_pair_of_columns_is_a_net_in_two_dimensions() -> None:
    """Interleaving: a and b of the most important input are the first two dimensions."""
    a, b = sobol_replicate(256, [1, 0], seed=5, key=(1, 0))
    cells = np.floor(a[1] * 16) * 16 + np.floor(b[1] * 16)
    assert len(np.unique(cells)) == 256


def test_seeds_and_keys() -> None:
    def first(seed: int, key: tuple[int, ...]) -> float:
        return float(sobol_replicate(2, [0], seed, key)[0][0, 0])

    values = [first(s, k) for s in (0, 1, -1, -5, 2**32 + 5, 2**70) for k in ((0,), (1, 0), (1, 1))]
    assert len(set(values)) == len(values)
    assert first(0, (1, 0)) == first(0, (1, 0))


def test_a_seed_must_be_an_integer() -> None:
    with pytest.raises(TypeError, match="integer"):
        sobol_replicate(2, [0], 0.5, (0,))  # type: ignore[arg-type]

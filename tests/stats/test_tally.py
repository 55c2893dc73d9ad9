"""Measures of tallied points: those of the points themselves, to within a bin."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats
from scipy.stats import qmc

from risk.stats import measures, tally, tally_measures
from risk.stats.moments import power_sums
from risk.stats.tally_measures import Totals

LEVELS = (0.01, 0.05, 0.25, 0.5, 0.9, 0.99)
TAILS = (0.05, 0.01)
SMOOTH = ("normal", "lognormal", "heavy", "bimodal")
ATOMS = ("atom", "atom in the tail")


@cache
def sample(name: str, replicates: int = 8, n: int = 1 << 16) -> np.ndarray:
    """Independent points of one outcome, shape (R, n)."""
    rng = np.random.default_rng(11)
    size = (replicates, n)
    x, rare = rng.normal(size=size), rng.random(size)
    return {
        "normal": lambda: 1 + 2 * x,
        "lognormal": lambda: np.exp(x),
        "heavy": lambda: rng.standard_t(3, size=size) + 0.5,
        "bimodal": lambda: np.where(rare < 0.4, x - 4, 0.5 * x + 4),
        "atom": lambda: np.where(rare < 0.3, 0.0, 1 + 2 * x),
        "atom in the tail": lambda: np.where(rare < 0.03, -3.0, 1 + 2 * x),
    }[name]()


def totals_of(*outcomes: np.ndarray, centre: object = None, scale: object = None) -> Totals:
    """What is known of outcomes (R, n) once their points are gone; a pilot is their first ones."""
    y = np.stack(outcomes)
    pilot = y[:, 0, :1024]
    centre = np.median(pilot, axis=-1) if centre is None else np.array(centre, dtype=float)
    if scale is None:
        scale = np.median(np.abs(pilot - centre[:, None]), axis=-1)
    scale = np.array(scale, dtype=float)
    with np.errstate(over="ignore", invalid="ignore"):
        z = (y - centre[:, None, None]) / scale[:, None, None]
        powers = np.moveaxis(power_sums(z)[0], 1, 0)
    bins = tally.bins_of(z[:, 0, :1024])
    found = [tallied(bins, y[:, r], z[:, r], 512) for r in range(y.shape[1])]
    return Totals(found, bins, powers, y.shape[-1], centre, scale)


def tallied(bins: tally.Bins, y: np.ndarray, z: np.ndarray, block: int) -> tally.Tally:
    found = tally.no_tally(len(y))
    y.flags.writeable = z.flags.writeable = False  # nothing may be changed but the tally
    for start in range(0, y.shape[-1], block):
        part = slice(start, start + block)
        tally.add(found, bins, y[:, part], z[:, part])
    return found


def bin_width(totals: Totals, value: np.ndarray) -> np.ndarray:
    """The width of the widest bin that `value` (outcomes, ...) may be in or next to."""
    widths = np.empty(np.shape(value))
    for k, x in enumerate(value):
        edges = totals.centre[k] + totals.scale[k] * tally.edges_of(totals.bins[k])
        place = np.clip(np.searchsorted(edges, x), 2, len(edges) - 2)
        widths[k] = np.max([np.diff(edges)[place + i] for i in (-2, -1, 0)], axis=0)
    return widths


@pytest.mark.parametrize("name", [*SMOOTH, *ATOMS])
def test_moments_are_those_of_the_points(name: str) -> None:
    y = sample(name)
    for by in ("mean", "standard_deviation", "skewness"):
        found, expected = getattr(tally_measures, by)(totals_of(y)), getattr(measures, by)(y)
        assert found.value == pytest.approx([expected.value], rel=1e-12, abs=1e-12)
        for part, whole in zip(found[1:], expected[1:], strict=True):
            assert part[0] == pytest.approx(whole, rel=1e-9, abs=1e-11)


@pytest.mark.parametrize("name", [*SMOOTH, *ATOMS])
@pytest.mark.parametrize(
    ("by", "levels"),
    [
        ("estimate_quantiles", LEVELS),
        ("estimate_value_at_risk", TAILS),
        ("estimate_expected_shortfall", (*TAILS, 0.7, 1.0)),
    ],
)
def test_all_is_right_to_within_a_bin(name: str, by: str, levels: tuple[float, ...]) -> None:
    y, totals = sample(name), totals_of(sample(name))
    found, expected = getattr(tally_measures, by)(totals, levels), getattr(measures, by)(y, levels)
    sign = 1 if by == "estimate_quantiles" else -1
    width = bin_width(totals, sign * expected.value[None])
    assert np.all(np.abs(found.value - expected.value) <= width)
    # Ranks p n and, as NumPy has it, p (n - 1): the points beside a replicate's own are further.
    beside = (np.quantile(y, np.clip(np.array(levels) + k / y.shape[1], 0, 1), -1) for k in (-1, 1))
    far = bin_width(totals, sign * expected.replicates[None]) - np.subtract(*beside)
    assert np.all(np.abs(found.replicates - expected.replicates) <= far)
    # An interval reaches to the ends of its bins, and the error that replicates show differs a bit.
    off = 0.1 * expected.standard_error
    assert np.all(found.lower <= expected.lower + off)
    assert np.all(found.upper >= expected.upper - off)
    more = (found.upper - found.lower) - (expected.upper - expected.lower)
    assert np.all(more <= 2 * (width + off) + 0.2 * (expected.upper - expected.lower))
    if name in SMOOTH:
        assert np.all(np.abs(found.value - expected.value) < 0.15 * expected.standard_error)


@pytest.mark.parametrize("tail", TAILS)
def test_the_normal_to_its_closed_form(tail: float) -> None:
    """Five standard errors, and 3e-4 as the order statistics of a net are a discrete sample."""
    rng = np.random.default_rng(7)
    u = [qmc.Sobol(1, rng=rng, bits=52).random(1 << 14)[:, 0] + 2.0**-53 for _ in range(16)]
    totals = totals_of(stats.norm(1, 2).ppf(np.array(u)))
    q = stats.norm.ppf(tail)
    for found, truth in (
        (tally_measures.mean(totals), 1),
        (tally_measures.standard_deviation(totals), 2),
        (tally_measures.skewness(totals), 0),
        (tally_measures.estimate_value_at_risk(totals, [tail]), -1 - 2 * q),
        (
            tally_measures.estimate_expected_shortfall(totals, [tail]),
            -1 + 2 * stats.norm.pdf(q) / tail,
        ),
        (tally_measures.probability_below(totals), stats.norm.cdf(-0.5)),
    ):
        assert np.all(np.abs(found.value - truth) < 5 * found.standard_error + 3e-4)


@pytest.mark.parametrize("block", [1, 7, 100, 2048])
def test_neither_blocks_nor_order_change_a_bit(block: int) -> None:
    y = np.stack([sample("heavy")[0, :2048], sample("atom")[0, :2048]])
    z = (y - 0.3) / 0.7
    bins = tally.bins_of(z)
    expected = tallied(bins, y, z, 512)
    assert expected.counts.sum(axis=-1).tolist() == [2048, 2048]
    back = y[:, ::-1]
    for found in (tallied(bins, y, z, block), tallied(bins, back, z[:, ::-1], block)):
        for part, whole in zip(found, expected, strict=True):
            assert part.dtype == whole.dtype
            assert part.tobytes() == whole.tobytes()


def test_a_point_is_counted_in_its_bin() -> None:
    """The bins are those that the edges say; what is beyond them is in the last."""
    bins = tally.bins_of(np.random.default_rng(1).normal(size=(1, 1024)))
    edges = tally.edges_of(bins[0])
    assert len(edges) == bins.sum() + 1 <= tally.BINS + 1
    assert np.all(np.diff(edges) > 0)
    within = np.append(edges[:-1] + np.diff(edges) / 2, [-1e300, np.inf])
    found = tally.no_tally(1)
    tally.add(found, bins, np.arange(-2.0, len(within) - 2)[None], within[None])
    expected = np.ones(len(edges) - 1)
    expected[[0, -1]] += 1
    assert found.counts[0, : len(expected)].tolist() == expected.tolist()
    assert not found.counts[0, len(expected) :].any()
    ends = found.below, found.lowest, found.highest
    assert [x.tolist() for x in ends] == [[2], [-2], [len(within) - 3]]


def test_bins_are_where_the_pilots_points_are() -> None:
    """No bin holds much more than its part: of a lognormal that is heavy, near 0 as elsewhere."""
    y = np.exp(3 * np.random.default_rng(5).normal(size=1 << 20))
    z = ((y - np.median(y)) / np.median(np.abs(y - np.median(y))))[None]
    found, bins = tally.no_tally(1), tally.bins_of(z[:, :1024])
    tally.add(found, bins, y[None], z)
    below = np.cumsum(found.counts[0]) / y.size
    widest = np.diff(np.arcsin(np.sqrt(below[(below > 0.002) & (below < 0.998)]))).max()
    assert widest < 3e-3  # 0.0001 where all bins hold their part; a cell is 0.1 at 0


@pytest.mark.parametrize("others", [(1.0, 2.0), (5.0, 0.5)], ids=["among them", "alone"])
def test_an_atom_is_the_quantile_that_falls_on_it(others: tuple[float, float]) -> None:
    rng = np.random.default_rng(3)
    size = (8, 1 << 14)
    y = np.where(rng.random(size) < 0.3, 0.0, stats.norm(*others).rvs(size, random_state=rng))
    totals = totals_of(y)
    found = tally_measures.estimate_quantiles(totals, np.mean(y < 0) + np.array([0.03, 0.15, 0.27]))
    width = bin_width(totals, np.zeros((1, 1)))
    assert width < 0.01
    assert np.all(np.abs(found.interval) <= width)
    assert np.all(np.abs(found.replicates) <= width)


@pytest.mark.parametrize("value", [3.0, 1 / 3, 0.0, -0.1, 1e-30, -1e30])
@pytest.mark.parametrize("centre", [None, 0.7], ids=["as the pilot", "unlike the pilot"])
def test_a_constant_is_exact(value: float, centre: float | None) -> None:
    y = np.full((10, 64), value)  # ten thirds do not add up to ten times one
    totals = totals_of(y, centre=[value if centre is None else centre], scale=[0.3])
    for found, truth in (
        (tally_measures.mean(totals), value),
        (tally_measures.standard_deviation(totals), 0),
        (tally_measures.estimate_quantiles(totals, [0, 0.05, 0.5, 1]), value),
        (tally_measures.estimate_value_at_risk(totals, TAILS), -value),
        (tally_measures.estimate_expected_shortfall(totals, TAILS), -value),
    ):
        assert np.all(found.value == truth)
        assert np.all(found.interval == truth)
        assert np.all(found.standard_error == 0)
        assert np.all(found.replicates == truth)
    assert np.isnan(tally_measures.skewness(totals).value)
    assert tally_measures.probability_below(totals).value == (value < 0)


def test_rounding_makes_no_spread() -> None:
    y = np.nextafter(np.full((4, 8), 1 / 3), np.tile([0.0, 1.0], (4, 4)))
    totals = totals_of(y, centre=[1 / 3], scale=[np.spacing(1 / 3)])
    assert np.all(np.abs(totals.powers[..., 1]) > 0)
    assert tally_measures.standard_deviation(totals)[:2] == (0, 0)
    assert np.isnan(tally_measures.skewness(totals).value)


@pytest.mark.parametrize("power", [-100, 100], ids=["1e-30", "1e30"])
def test_the_unit_of_an_outcome_changes_nothing(power: int) -> None:
    """Of a power of two not even a bit."""
    y, by = sample("lognormal")[:, :1024] - 1, 2.0**power
    one, other = totals_of(y), totals_of(by * y)
    for first, second in zip(one.tallies, other.tallies, strict=True):
        assert np.array_equal(first.counts, second.counts)
    for name in ("mean", "standard_deviation", "estimate_quantiles", "estimate_expected_shortfall"):
        levels = (TAILS,) if name.startswith("estimate") else ()
        found = zip(*(getattr(tally_measures, name)(x, *levels) for x in (one, other)), strict=True)
        for part, scaled in found:
            assert np.array_equal(by * part, scaled), name
    assert np.array_equal(
        tally_measures.skewness(one).interval, tally_measures.skewness(other).interval
    )
    assert (
        0
        < tally_measures.probability_below(one).value
        == tally_measures.probability_below(other).value
        < 1
    )


def test_beyond_the_last_bin() -> None:
    y = sample("normal")[:, :1024].copy()
    y[:, :20], y[:, 20:60] = -1e14, 1e100
    y[0, 0], y[0, 20] = -1e120, 1e140
    totals = totals_of(y)
    last = int(totals.bins.sum()) - 1
    assert all(
        (t.counts[0, :1].item(), t.counts[0, last].item()) == (20, 40) for t in totals.tallies
    )
    found = tally_measures.estimate_quantiles(totals, [0, 0.5, 1])
    assert abs(found.value[0, 1] - np.quantile(y, 0.5)) < tally.WIDTH * totals.scale
    assert (found.value[0, 0], found.value[0, 2]) == (-1e120, 1e140)
    assert np.all((found.interval >= -1e120) & (found.interval <= 1e140))
    assert np.all(np.isfinite(tally_measures.estimate_expected_shortfall(totals, TAILS).interval))


@given(
    arrays(float, (2, 16), elements=st.floats(-1e6, 1e6)),
    st.floats(-1e3, 1e3),
    st.floats(1e-3, 1e3),
    st.floats(0, 1),
)
def test_a_quantile_is_in_the_bin_of_its_order_statistic(
    y: np.ndarray, centre: float, scale: float, p: float
) -> None:
    totals = totals_of(y, centre=[centre], scale=[scale])
    ordered, rank = np.sort(y.ravel()), round(p * y.size, 9)
    found = tally_measures.estimate_quantiles(totals, [p])
    low, high = ordered[max(int(np.ceil(rank)) - 1, 0)], ordered[min(int(rank), y.size - 1)]
    lower, upper = (bin_width(totals, np.array([x]))[0] * (1 + 1e-9) for x in (low, high))
    assert low - lower <= found.value[0, 0] <= high + upper
    assert ordered[0] <= found.lower[0, 0] <= found.value[0, 0] <= found.upper[0, 0] <= ordered[-1]
    ends = tally_measures.estimate_quantiles(totals, [0, 1])
    assert ends.value[0].tolist() == [ordered[0], ordered[-1]]
    assert ends.replicates[0].tolist() == [y.min(axis=-1).tolist(), y.max(axis=-1).tolist()]


def test_the_median_of_two_halves_is_between_them() -> None:
    """A net puts exactly half of its points below ½; `numpy.quantile` then takes the middle."""
    x = np.abs(sample("normal")[:4, :512]) / 100 + 1
    y = np.concatenate([-x, x + 2], axis=-1)
    for p in (0.5, 0.25):
        found = tally_measures.estimate_quantiles(totals_of(y), [p]).value
        assert abs(found - np.quantile(y, p)) < bin_width(totals_of(y), np.array([[3.0]]))
    assert abs(np.quantile(y, 0.5) - 1) < 0.01


def test_the_probability_of_loss_is_exact() -> None:
    y = np.stack([sample("atom")[:, :4096], np.ones((8, 4096)), -sample("lognormal")[:, :4096]])
    found = tally_measures.probability_below(totals_of(*y, scale=np.ones(3)))
    for part, whole in zip(found, measures.probability_below(y), strict=True):
        assert np.array_equal(part, whole)


@pytest.mark.parametrize("tail", [0.0, 1.5, np.nan])
@pytest.mark.parametrize("by", ["estimate_expected_shortfall", "estimate_value_at_risk"])
def test_tails_that_are_no_share(by: str, tail: float) -> None:
    with pytest.raises(ValueError, match="Expected every tail between 0 and 1, got"):
        getattr(tally_measures, by)(totals_of(sample("normal")[:, :64]), [tail])

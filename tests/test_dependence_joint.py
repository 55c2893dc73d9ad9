"""Blocks, chains of regimes, states and innovations: what the map draws together."""

from __future__ import annotations

import itertools
import math
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.stats import qmc

from risk.blocks import Correlated, Shares
from risk.conditional import Conditional, combinations, states_of
from risk.dependence import InputMap
from risk.families import FAMILIES, discrete, histogram, mixture, truncated
from risk.latent import latent_of
from risk.marginals import Categorical, Marginal

Array = NDArray[np.float64]
N = 1 << 14
BATCHES = 32
SIX: dict[str, Any] = {
    "price": FAMILIES["lognormal"](0.6, 0.4),
    "tier": discrete([1, 2, 4], [0.2, 0.5, 0.3]),
    "mood": Categorical(("low", "usual", "high"), (0.3, 0.45, 0.25)),
    "share": truncated(FAMILIES["beta"](2.1, 4.9), 0.1, 0.8),
    "demand": mixture([FAMILIES["normal"](0, 1), FAMILIES["normal"](4, 0.5)], [2, 1]),
    "hours": histogram([0, 1, 3, 5], [1, 0, 2]),
}
PAIRS = {
    ("price", "tier"): 0.4,
    ("price", "mood"): 0.5,
    ("tier", "mood"): 0.25,
    ("share", "price"): -0.6,
    ("demand", "share"): 0.3,
    ("hours", "demand"): 0.45,
}
PRICE, COST = FAMILIES["lognormal"](0.6, 0.4), FAMILIES["normal"](10.0, 2.0)
REGIME = Categorical(("open", "closed"), (0.4, 0.6))


def drawn(inputs: dict[str, Any], *blocks: Any, seed: int = 1, n: int = N) -> dict[str, Any]:
    """Inputs at independent points."""
    joined = InputMap(inputs, {}, blocks)
    return joined.inputs(joined.columns(np.random.default_rng(seed).random((len(joined.axes), n))))


def with_error(measure: Any, x: Array, y: Array) -> tuple[float, float]:
    """A rank correlation over batches of independent points, and its standard error."""
    got = [measure(a, b).statistic for a, b in
           zip(x.reshape(BATCHES, -1), y.reshape(BATCHES, -1), strict=True)]  # fmt: skip
    return float(np.mean(got)), float(np.std(got, ddof=1) / math.sqrt(BATCHES))


@pytest.mark.parametrize("df", [math.inf, 5.0])
@pytest.mark.parametrize("rank", ["spearman", "kendall"])
def test_six_inputs_of_every_kind_have_the_correlations_asked_for(rank: str, df: float) -> None:
    pairs = PAIRS if rank == "spearman" else {p: 0.7 * r for p, r in PAIRS.items()}
    values = drawn(SIX, Correlated(pairs, rank=rank, degrees_of_freedom=df), n=4 * N)
    for (a, b), asked in pairs.items():
        if rank == "spearman":
            got, error = with_error(stats.spearmanr, values[a], values[b])
        else:
            x, y = values[a], values[b]
            got, error = with_error(stats.kendalltau, x, y)
            # SciPy's τ_b counts ties of both; with a histogram or a mixture there are none.
        assert abs(got - asked) < 3 * error, f"{a}, {b}"
        assert error < 0.006


@pytest.mark.parametrize("df", [math.inf, 5.0])
def test_every_member_keeps_its_marginal(df: float) -> None:
    block = Correlated(PAIRS, degrees_of_freedom=df)
    joined = InputMap(SIX, {}, (block,))
    net = qmc.Sobol(len(joined.axes), scramble=True, rng=np.random.default_rng(2)).random(N)
    u = net.T + 2.0**-31
    values = joined.inputs(joined.columns(u))
    row = dict(zip(joined.axes, u, strict=True))
    points = np.stack([row[axis] for axis in block.axes])
    scores = block.scores(points, joined.latent[block.name].factors)[0]
    for name, score in zip(block.members, scores, strict=True):
        # exactly the quantile of a score, and the score is uniform
        np.testing.assert_array_equal(values[name], SIX[name].draw(score))
        assert stats.kstest(score, "uniform").pvalue > 1e-3
    if math.isinf(df):  # the first keeps the balance of the net as well
        first = block.members[0]
        np.testing.assert_allclose(values[first], SIX[first].ppf(row[first]), rtol=1e-9)


def test_a_pair_that_is_not_named_is_independent_of_nothing_but_its_path() -> None:
    """The latent correlation of pairs not named is 0: price and hours share no named pair."""
    values = drawn(SIX, Correlated(PAIRS), n=4 * N)
    got, error = with_error(stats.spearmanr, values["price"], values["hours"])
    assert abs(got) < 3 * error


def test_in_each_state_the_correlation_is_its_own() -> None:
    states = {"open": {("price", "cost"): 0.7}, "closed": {("price", "cost"): -0.4}}
    inputs = {"price": PRICE, "regime": REGIME, "cost": COST}
    values = drawn(inputs, Correlated(given=("regime",), states=states), n=2 * N)
    for code, pairs in enumerate(states.values()):
        x, y = (values[name][values["regime"] == code] for name in ("price", "cost"))
        for name, v in (("price", x), ("cost", y)):
            assert stats.kstest(v, inputs[name].cdf).pvalue > 1e-3
        rho = pairs["price", "cost"]
        error = np.sqrt((1 + rho**2 / 2) / (len(x) - 3))  # of Fisher's z
        assert abs(np.arctanh(stats.spearmanr(x, y).statistic) - np.arctanh(rho)) < 3 * error


def test_a_member_may_have_regimes_of_its_own_beside_the_blocks() -> None:
    states = {"open": {("price", "cost"): 0.7}, "closed": {("price", "cost"): -0.4}}
    inputs = {
        "cost": Conditional(("size", "regime"), {
            "big, open": FAMILIES["normal"](0, 1), "big, closed": FAMILIES["normal"](10, 1),
            "small, open": FAMILIES["normal"](20, 1), "small, closed": FAMILIES["normal"](30, 1),
        }),
        "size": Categorical(("big", "small"), (0.5, 0.5)),
        "price": PRICE,
        "regime": REGIME,
    }  # fmt: skip
    values = drawn(inputs, Correlated(given=("regime",), states=states), n=2 * N)
    for size, regime in itertools.product((0, 1), (0, 1)):
        here = (values["size"] == size) & (values["regime"] == regime)
        x, y = values["price"][here], values["cost"][here]
        assert stats.kstest(y, stats.norm(20 * size + 10 * regime, 1).cdf).pvalue > 1e-3
        rho = (0.7, -0.4)[regime]
        error = np.sqrt((1 + rho**2 / 2) / (len(x) - 3))
        assert abs(np.arctanh(stats.spearmanr(x, y).statistic) - np.arctanh(rho)) < 3 * error


def test_several_regimes_pick_the_combination_that_holds() -> None:
    inputs: dict[str, Any] = {
        "demand": Categorical(("low", "usual", "high"), (0.2, 0.5, 0.3)),
        "regime": REGIME,
    }
    names = combinations(("regime", "demand"), inputs)
    assert names == ["open, low", "open, usual", "open, high",
                     "closed, low", "closed, usual", "closed, high"]  # fmt: skip
    beliefs: dict[str, Any] = {s: FAMILIES["uniform"](k, k + 1) for k, s in enumerate(names)}
    beliefs["open, usual"] = 1.5  # a number is as good as a distribution
    inputs["price"] = Conditional(("regime", "demand"), beliefs)
    values = drawn(inputs)
    place = 3 * values["regime"] + values["demand"]
    np.testing.assert_array_equal(np.floor(values["price"]), place)
    assert set(values["price"][place == 1].tolist()) == {1.5}


def test_a_chain_of_regimes() -> None:
    """How often each state of the child holds in each of its parent's, and what it decides."""
    child = Conditional(("regime",), {
        "open": Categorical(("low", "high"), (0.9, 0.1)),
        "closed": Categorical(("low", "high"), (0.25, 0.75)),
    })  # fmt: skip
    price = Conditional(("demand",), {"low": FAMILIES["normal"](0, 1), "high": 5.0})
    values = drawn({"price": price, "demand": child, "regime": REGIME})  # children first
    assert states_of(child) == ("low", "high")
    assert child.support == (math.inf, -math.inf)
    for code, expected in enumerate([(0.9, 0.1), (0.25, 0.75)]):
        counts = np.bincount(values["demand"][values["regime"] == code], minlength=2)
        assert stats.chisquare(counts, counts.sum() * np.array(expected)).pvalue > 1e-3
    low = values["demand"] == 0
    assert stats.kstest(values["price"][low], "norm").pvalue > 1e-3
    assert set(values["price"][~low].tolist()) == {5.0}


def test_regimes_in_a_circle_are_refused() -> None:
    inputs: dict[str, Any] = {
        "a": Conditional(("b",), {"x": Categorical(("x", "y"), (0.5, 0.5)), "y": REGIME}),
        "b": Conditional(("a",), {"x": Categorical(("x", "y"), (0.5, 0.5)), "y": REGIME}),
    }
    with pytest.raises(ValueError, match="Expected regimes that do not depend on each other in a"):
        drawn(inputs)


MIX = Shares({"api": 2.0, "app": 5.0, "web": 1.0}, name="mix")
EVERYTHING: dict[str, Any] = {
    "hours": SIX["hours"],
    "app": MIX["app"],
    "price": PRICE,
    "premium": Conditional(("mood",), {"low": 1.0, "usual": PRICE, "high": COST}),
    "mood": SIX["mood"],
    "cost": COST,
    "web": MIX["web"],
    "tier": SIX["tier"],
    "api": MIX["api"],
}
MARKET = {("price", "mood"): 0.5, ("cost", "price"): -0.3, ("tier", "cost"): 0.2}


def maps(innovations: bool, df: float = math.inf, order: int = 1) -> InputMap:
    block = Correlated(MARKET, name="market", innovations=innovations, degrees_of_freedom=df)
    mix = Shares(MIX.parameters, name="mix", innovations=innovations)
    return InputMap(dict(list(EVERYTHING.items())[::order]), {}, (block, mix)[::order])


@pytest.mark.parametrize("innovations", [False, True])
def test_the_order_of_the_file_does_not_matter(innovations: bool) -> None:
    one, other = maps(innovations), maps(innovations, order=-1)
    assert set(one.axes) == set(other.axes)
    u = np.random.default_rng(3).random((len(one.axes), 256))
    rows = dict(zip(one.axes, u, strict=True))
    again = np.stack([rows[axis] for axis in other.axes])
    ours, theirs = one.inputs(one.columns(u)), other.inputs(other.columns(again))
    assert list(ours) == list(theirs)[::-1] == list(EVERYTHING)
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name])


@pytest.mark.parametrize("df", [math.inf, 4.0])
def test_innovations_are_other_axes_of_the_same_inputs(df: float) -> None:
    joint, ordered = maps(False, df), maps(True, df)
    shock = ("market shock",) if math.isfinite(df) else ()
    assert set(ordered.axes) == {
        "hours", "premium", "price", "mood | price", "cost | price, mood",
        "tier | price, mood, cost", "api", "app | api", *shock,
    }  # fmt: skip
    assert all(moved == (axis,) for axis, moved in ordered.moves.items())
    assert joint.moves["cost"] == ("price", "mood", "cost", "tier")
    assert joint.moves["api"] == ("api", "app", "web")
    u = np.random.default_rng(4).random((len(joint.axes), 256))
    by_input = {axis.split(" | ")[0]: axis for axis in ordered.axes}
    rows = {by_input[axis]: row for axis, row in zip(joint.axes, u, strict=True)}
    again = np.stack([rows[axis] for axis in ordered.axes])
    ours, theirs = joint.inputs(joint.columns(u)), ordered.inputs(ordered.columns(again))
    for name, values in ours.items():
        np.testing.assert_array_equal(values, theirs[name])


@pytest.mark.parametrize("df", [math.inf, 4.0])
def test_exchanging_an_innovation_is_exchanging_its_axis(df: float) -> None:
    ordered = maps(True, df)
    a, b = np.random.default_rng(5).random((2, len(ordered.axes), 64))
    for k, axis in enumerate(ordered.axes):
        swapped = a.copy()
        swapped[k] = b[k]
        columns = ordered.columns(a) | {axis: ordered.columns(b)[axis]}
        expected = ordered.inputs(ordered.columns(swapped))
        for name, values in ordered.inputs(columns).items():
            np.testing.assert_array_equal(values, expected[name])
    # What comes before an innovation does not move with it.
    k = ordered.axes.index("cost | price, mood")
    swapped = a.copy()
    swapped[k] = b[k]
    before, after = (ordered.inputs(ordered.columns(u)) for u in (a, swapped))
    still = {name for name in before if np.array_equal(before[name], after[name])}
    assert set(EVERYTHING) - still == {"cost", "tier"}


def test_alone_inputs_of_blocks_move_along_their_own_marginals() -> None:
    joined = maps(False)
    u = np.full((len(EVERYTHING), 3), 0.5)
    u[list(EVERYTHING).index("app")] = [0.1, 0.5, 0.9]
    u[list(EVERYTHING).index("price")] = [0.1, 0.5, 0.9]
    found = joined.alone(u)
    np.testing.assert_array_equal(found["price"], PRICE.ppf(np.array([0.1, 0.5, 0.9])))
    np.testing.assert_array_equal(found["cost"], 10.0)
    np.testing.assert_allclose(found["api"] + found["app"] + found["web"], 1, atol=1e-15)
    np.testing.assert_allclose(found["api"] / found["web"], 2.0)
    fixed = joined.alone(u, {"mood": np.array([0, 1, 2], dtype=np.int16)})
    assert fixed["premium"] == pytest.approx([1.0, float(PRICE.ppf(np.array(0.5))), 10.0])


def test_a_repair_says_what_it_changed_in_which_state() -> None:
    pairs = {("price", "cost"): 0.9, ("cost", "hours"): 0.9, ("price", "hours"): -0.9}
    states = {"open": pairs, "closed": {("price", "cost"): 0.2}}
    inputs: dict[str, Any] = {"price": PRICE, "cost": COST, "hours": SIX["hours"]}
    block = Correlated(given=("regime",), states=states, repair=True)
    latent = latent_of(block, inputs)
    assert latent.factors.shape == (2, 3, 3)
    assert latent.shrinkage[0] > 0.4
    assert latent.shrinkage[1] == 0
    (change,) = latent.changes
    assert change.startswith("correlations in the state open shrunk by 44.9%")
    assert "price and cost 0.4" in change
    assert "instead of -0.9" in change
    with pytest.raises(ValueError, match=r"-0.8\d+ in the state open, .* instead of 0.9, cost and"):
        latent_of(Correlated(given=("regime",), states=states), inputs)


def test_a_map_can_be_sent_to_another_process() -> None:
    for innovations in (False, True):
        joined = maps(innovations, 4.0)
        u = np.random.default_rng(6).random((len(joined.axes), 32))
        before = joined.inputs(joined.columns(u))
        again = pickle.loads(pickle.dumps(joined))
        for name, values in again.inputs(again.columns(u)).items():
            np.testing.assert_array_equal(values, before[name])
        assert isinstance(again.marginals["app"], Marginal)

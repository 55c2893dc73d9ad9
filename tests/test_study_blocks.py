"""Whole studies of inputs that belong together: closed forms of their indices, and every kind."""

from __future__ import annotations

import math
import pickle
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import stats

import risk
from risk.blocks import Correlated, Shares
from risk.conditional import Conditional
from risk.engine import run_replicate
from risk.evaluation import bind
from risk.experts import Expert
from risk.factors import factors_of
from risk.families import FAMILIES, discrete, empirical, histogram, truncated
from risk.simulation import plan

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}
PAIRS = {("a", "b"): 0.6, ("b", "c"): -0.3}


def prior(distribution: Any = None, **more: Any) -> risk.Prior:
    return risk.Prior(distribution, **SOURCE, **more)


def normals(block: Correlated) -> risk.Priors:
    return risk.Priors({n: prior(stats.norm(0, 1)) for n in ("a", "b", "c")}, blocks=[block])


def check(found: xr.Dataset, name: str, truth: dict[str, float]) -> None:
    assert set(found["factor"].values.tolist()) == set(truth)
    for factor, exact in truth.items():
        at = found.sel(factor=factor)
        error = float(at[f"{name}_standard_error"])
        assert abs(float(at[name]) - exact) < 4 * error + 1e-9, factor


def test_indices_of_the_innovations_of_a_sum_of_normals() -> None:
    """With x = L z and y = c x the index of innovation k is (c L)_k² / Σ_j (c L)_j²."""
    priors = normals(Correlated(PAIRS, name="market", innovations=True))
    study = risk.run_study(lambda a, b, c: {"y": a + 2 * b + c}, priors, draws=1024)
    sobol = study["sobol"].to_dataset().sel(outcome="y")
    r = {pair: 2 * math.sin(math.pi * rho / 6) for pair, rho in PAIRS.items()}
    matrix = np.array([[1, r["a", "b"], 0], [r["a", "b"], 1, r["b", "c"]], [0, r["b", "c"], 1]])
    weight = np.array([1.0, 2.0, 1.0]) @ np.linalg.cholesky(matrix)
    shares = weight**2 / (weight**2).sum()
    truth = dict(zip(("a", "b | a", "c | a, b"), shares.tolist(), strict=True))
    check(sobol, "first_order", truth)
    check(sobol, "total_order", truth)
    assert sobol["factor_label"].sel(factor="b | a").item() == "B, beyond what A explains"
    assert sobol["factor_inputs"].sel(factor="c | a, b").item() == "c"
    # The draws are those of the inputs, with their dependence.
    drawn = study["draws"].to_dataset()
    rho = stats.spearmanr(drawn["a"].values.ravel(), drawn["b"].values.ravel()).statistic
    assert rho == pytest.approx(0.6, abs=0.01)


def test_indices_of_shares_are_those_of_a_product() -> None:
    """The last share of a Dirichlet is a product of what the others leave, independent betas."""
    alpha = {"api": 2.0, "app": 5.0, "web": 3.0}
    mix = Shares(alpha, name="mix", innovations=True)
    priors = risk.Priors({name: prior(mix[name]) for name in alpha}, blocks=[mix])
    study = risk.run_study(lambda api, app, web: {"y": web, "x": api}, priors, draws=1024)
    sobol = study["sobol"].to_dataset()
    rest = [stats.beta(8.0, 2.0), stats.beta(3.0, 5.0)]  # 1 − api, 1 − app / (1 − api)
    r1, r2 = (law.var() / law.mean() ** 2 for law in rest)
    total = (1 + r1) * (1 + r2) - 1
    check(sobol.sel(outcome="y"), "first_order", {"api": r1 / total, "app | api": r2 / total})
    check(
        sobol.sel(outcome="y"),
        "total_order",
        {"api": r1 * (1 + r2) / total, "app | api": r2 * (1 + r1) / total},
    )
    check(sobol.sel(outcome="x"), "total_order", {"api": 1.0, "app | api": 0.0})


def test_the_shock_of_a_t_copula_is_a_factor() -> None:
    """Scaled innovations: w ε has the first-order indices of ε alone, the shock's is 0 by sign."""
    block = Correlated({("a", "b"): 0.5}, name="ab", innovations=True, degrees_of_freedom=3)
    inputs = {n: prior(stats.t(3)) for n in ("a", "b")}  # its own t: x = z √(3 / w), linear in z
    priors = risk.Priors(inputs, blocks=[block])
    study = risk.run_study(
        lambda a, b: {"y": np.tanh(a), "joint": np.tanh(a) * np.tanh(b)}, priors, draws=1024
    )
    sobol = study["sobol"].to_dataset()
    assert sobol["factor"].values.tolist() == ["a", "b | a", "ab shock"]
    shock = sobol.sel(factor="ab shock")
    assert shock["factor_label"].item() == "Common shock of ab"
    odd = shock.sel(outcome="y")
    assert abs(float(odd["first_order"])) < 4 * float(odd["first_order_standard_error"]) + 1e-9
    assert float(odd["total_order"]) > 0.01  # it only scales what a does
    joint = shock.sel(outcome="joint")
    assert float(joint["first_order"]) > 4 * float(joint["first_order_standard_error"])
    assert float(sobol["total_order"].sel(outcome="y", factor="b | a")) == pytest.approx(0)


def test_fixing_and_replacing_members_of_a_block() -> None:
    priors = normals(Correlated(PAIRS, name="market", degrees_of_freedom=4))
    fixed = priors.fix(a=1.0)
    (block,) = fixed.blocks
    assert isinstance(block, Correlated)
    assert (block.name, block.members, block.degrees_of_freedom) == ("market", ("b", "c"), 4)
    assert fixed.fixed == {"a": 1.0}
    assert priors.fix(b=0.0).blocks == ()  # the only one that the others were joined with
    wider = priors.replace(b=FAMILIES["normal"](0.0, 3.0))
    assert wider.blocks == priors.blocks
    u = np.random.default_rng(1).random((4, 100))
    ours, theirs = (p.map.inputs(p.map.columns(u)) for p in (wider, priors))
    np.testing.assert_allclose(ours["b"], 3 * theirs["b"])
    np.testing.assert_array_equal(ours["c"], theirs["c"])
    states = {"x": PAIRS, "y": {("a", "b"): 0.1, ("b", "c"): 0.4}}
    block = Correlated(given=("regime",), states=states)
    regimes = risk.Priors({**priors, "regime": prior({"x": 0.5, "y": 0.5})}, blocks=[block])
    (left,) = regimes.fix(a=0.0).blocks
    assert left.states == {"x": {("b", "c"): -0.3}, "y": {("b", "c"): 0.4}}
    closed = regimes.fix(regime="y")
    values = closed.map.inputs(closed.map.columns(np.random.default_rng(2).random((4, 1 << 14))))
    rho = stats.spearmanr(values["b"], values["c"]).statistic
    assert rho == pytest.approx(0.4, abs=0.03)


def test_shares_are_fixed_together_or_not_at_all() -> None:
    mix = Shares({"x": 1.0, "y": 2.0}, name="mix")
    priors = risk.Priors({name: prior(mix[name]) for name in mix.members}, blocks=[mix])
    message = "inputs to fix that vary alone, got x of the shares 'mix', which sum to one. Fix none"
    with pytest.raises(ValueError, match=message):
        priors.fix(x=0.5)
    with pytest.raises(ValueError, match="says what is believed of it itself"):
        priors.replace(x=FAMILIES["beta"](2.0, 2.0))


def everything(**inputs: Any) -> dict[str, Any]:
    """Every input counts."""
    numbers = [x for x in inputs.values() if x.dtype.kind == "f"]
    high = inputs["demand"] == "high"
    return {"y": sum(np.arcsinh(x) for x in numbers) + high, "z": inputs["price"] * inputs["api"]}


def every_kind(innovations: bool) -> risk.Priors:
    """All families, blocks and ways to be given that there are."""
    mix = Shares({"api": 2.0, "app": 5.0, "web": 1.0}, name="mix", innovations=innovations)
    mood = Shares(
        {"calm": 0.5, "wild": 0.5}, spread={"calm": 0.3, "wild": 0.6}, name="moods",
        innovations=innovations,
    )  # fmt: skip
    market = Correlated(
        {("price", "tier"): 0.4, ("tier", "cost"): 0.2, ("mode", "price"): -0.3},
        name="market", degrees_of_freedom=5, innovations=innovations,
    )  # fmt: skip
    states = {"open": {("p", "q"): 0.5}, "closed": {("p", "q"): -0.5}}
    pair = Correlated(given=("regime",), states=states, rank="kendall", name="pair")
    experts = [Expert("A", FAMILIES["normal"](0, 1)), Expert("B", FAMILIES["student_t"](2, 1, 5))]
    demand = {"open": {"low": 0.5, "high": 0.5}, "closed": {"low": 0.9, "high": 0.1}}
    names = [f"{regime}, {state}" for regime in demand for state in ("low", "high")]
    level = {name: FAMILIES["pert"](k, k + 1, k + 3) for k, name in enumerate(names)}
    inputs = {
        "price": prior(quantiles={0.05: 1.0, 0.25: 1.5, 0.5: 2.0, 0.95: 5.0}),
        "tier": prior(discrete([1, 2, 4], [0.2, 0.5, 0.3])),
        "mode": prior({"a": 0.3, "b": 0.7}),
        "cost": prior(truncated(FAMILIES["gamma"](2.0, 1.0), 0.5, 6.0)),
        "regime": prior({"open": 0.4, "closed": 0.6}),
        "demand": prior(demand, given="regime"),
        "level": prior(level, given=["regime", "demand"]),
        "p": prior(histogram([0, 1, 3], [2, 1])),
        "q": prior(empirical([1.0, 2.0, 2.5, 4.0, 7.0])),
        "linear": prior(experts=experts),
        "pooled": prior(experts=experts, pool="logarithmic"),
        "metalog": prior(FAMILIES["metalog"](1.0, 0.3, 0.1, minimum=0.0)),
        "own": prior(stats.weibull_min(1.5)),
        **{name: prior(mix[name]) for name in mix.members},
        **{name: prior(mood[name]) for name in mood.members},
    }
    return risk.Priors(inputs, blocks=[mix, market, mood, pair])


@pytest.mark.parametrize("innovations", [False, True])
def test_a_study_of_everything(innovations: bool, tmp_path: Any) -> None:
    priors = every_kind(innovations)
    assert isinstance(priors["level"].marginal, Conditional)
    study = risk.run_study(everything, priors, draws=256, replicates=4)
    factors = study["sobol"]["factor"].values.tolist()
    blocks = {"mix", "market", "moods", "pair"}
    assert blocks & set(factors) == ({"pair"} if innovations else blocks)
    assert len(factors) == (17 if innovations else 11)
    drawn = study["draws"].to_dataset()
    for names in (("api", "app", "web"), ("calm", "wild")):
        total = sum(drawn[name] for name in names)
        np.testing.assert_allclose(total, 1.0, atol=1e-15)
    assert set(drawn["mode"].values.ravel().tolist()) == {0, 1}
    same = risk.run_id(everything, every_kind(innovations), 256, 4, 545)
    assert study.attrs["run_id"] == same
    path = risk.save_study(study, tmp_path / "study.nc")
    assert risk.open_study(path).identical(study)


@pytest.mark.parametrize("innovations", [False, True])
def test_what_is_sent_to_another_process_gives_the_same_bits(innovations: bool) -> None:
    """A job as a worker unpacks it; that workers themselves run it is a test of the engine."""
    priors = every_kind(innovations)
    bound = bind(everything, priors)
    job = plan(bound, factors_of(priors, None), bound.outcomes, 64, 0)
    here = run_replicate(job, (1, 0))
    there = run_replicate(pickle.loads(pickle.dumps(job)), (1, 0))
    np.testing.assert_array_equal(there.outcomes, here.outcomes)
    for mine, theirs in zip(here.sums, there.sums, strict=True):
        np.testing.assert_array_equal(theirs, mine)

"""Variants of priors have the widths they claim, and conclusions fail where they must."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

import numpy as np
import pytest
import xarray as xr
from numpy.typing import NDArray
from scipy import stats

import risk
from risk.analysis.robustness import robustness
from risk.analysis.variants import variants
from risk.conditional import Conditional
from risk.memo.robust import conclusions, robust_screen

Array = NDArray[np.float64]
Share = Annotated[Array, "1", (0.0, 1.0)]
U = np.array([1e-6, 0.05, 0.3, 0.5, 0.9, 1 - 1e-6])


def model(x1: Array, x2: Array, share: Share) -> dict[str, Array]:
    return {"y": x1 + x2 - 1.0, "part": share}


def prior(distribution: object, **about: object) -> risk.Prior:
    return risk.Prior(distribution, unit="1", source="s", **about)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def priors() -> risk.Priors:
    return risk.Priors(
        {
            "x1": prior(stats.norm(0, 2), label="First"),
            "x2": prior(stats.norm(0, 1.5), label="Second"),
            "share": prior(stats.beta(2, 3), label="Share"),
        }
    )


@pytest.fixture(scope="module")
def found(priors: risk.Priors) -> xr.Dataset:
    return robustness(model, priors, draws=128, replicates=8)


def test_every_input_is_wider_narrower_and_of_another_family(priors: risk.Priors) -> None:
    tried = {(v.input, v.kind): v.priors[v.input].marginal for v in variants(priors, model)}
    assert set(tried) == {
        (name, kind) for name in priors for kind in ("wider", "narrower", "other family")
    }
    z = stats.norm.ppf(U)
    # Next to 1 a probability has few digits left: Φ(1.5 z) there is good to a millionth.
    np.testing.assert_allclose(tried["x1", "wider"].ppf(U), 3 * z, rtol=1e-5, atol=1e-12)
    np.testing.assert_allclose(tried["x1", "narrower"].ppf(U), z, rtol=1e-9, atol=1e-12)
    wide = tried["share", "wider"]
    np.testing.assert_allclose(wide.ppf(U), stats.beta(2, 3).ppf(stats.norm.cdf(1.5 * z)))
    assert wide.support == (0.0, 1.0)
    np.testing.assert_allclose(wide.cdf(wide.ppf(U)), U, rtol=1e-6)
    other = tried["share", "other family"]
    at = np.array([0.05, 0.5, 0.95])
    np.testing.assert_allclose(other.ppf(at), stats.beta(2, 3).ppf(at), rtol=0.05)
    assert 0 <= other.support[0] < other.support[1] <= 1


def test_regimes_and_what_is_given_them_vary_too() -> None:
    mixed = risk.Priors(
        {
            "regime": prior({"low": 0.2, "high": 0.8}),
            "x": prior({"low": 1.0, "high": stats.norm(2, 1)}, given="regime"),
        }
    )
    tried = {(v.input, v.kind): v.priors for v in variants(mixed, lambda x: {"y": x})}
    assert tried["regime", "wider"]["regime"].marginal.probabilities == pytest.approx((0.35, 0.65))
    narrower = tried["regime", "narrower"]["regime"].marginal
    assert narrower.probabilities == pytest.approx((0.1, 0.9))
    wider = tried["x", "wider"]["x"].marginal
    assert isinstance(wider, Conditional)
    assert wider.marginals["low"] == 1.0
    assert wider.marginals["high"].ppf(np.array([stats.norm.cdf(1.0)])) == pytest.approx([3.5])


def test_shares_are_wider_together() -> None:
    shares = risk.Shares({"a": 2.0, "b": 6.0}, name="mix")
    both = {name: prior(shares[name]) for name in ("a", "b")}
    mixed = risk.Priors(both, blocks=[shares])
    kinds = {v.kind: v.priors for v in variants(mixed, lambda a, b: {"y": a - b})}
    assert set(kinds) == {"wider", "narrower"}
    sd = stats.beta(2, 6).std()
    for kind, low, high in (("wider", 1.3, 1.5), ("narrower", 0.5, 0.55)):
        marginal = kinds[kind]["a"].marginal
        assert marginal.mean() == pytest.approx(0.25)
        assert low < marginal.standard_deviation() / sd < high


def test_indices_are_those_of_the_changed_priors(found: xr.Dataset) -> None:
    """y is linear: an index is the input's share of the variance."""
    for v in range(found.sizes["variant"]):
        at = found.isel(variant=v)
        sd = {"x1": 2.0, "x2": 1.5}
        name, kind = str(at["variant_input"].item()), str(at["variant_kind"].item())
        if (name not in sd and name) or kind == "other family":
            continue
        if name:
            sd[name] *= {"wider": 1.5, "narrower": 0.5}[kind]
        variance = {k: s**2 for k, s in sd.items()}
        exact = variance["x1"] / sum(variance.values())
        low, high = at["total_order_interval"].sel(outcome="y", factor="x1").values
        half = (high - low) / 2
        got = at["total_order"].sel(outcome="y", factor="x1").item()
        assert abs(got - exact) < 2 * half + 1e-3, (name, kind)
        loss = at["probability_of_loss"].sel(outcome="y").item()
        assert loss == pytest.approx(stats.norm(-1, sum(variance.values()) ** 0.5).cdf(0), abs=0.01)


def test_a_conclusion_fails_where_another_factor_leads(found: xr.Dataset) -> None:
    said = {c.says: c for c in conclusions(found)}
    leader = said["First ranks first in the Y"]
    assert float(leader.value) == pytest.approx(4 / 6.25, abs=0.02)  # three standard errors
    assert [text.split(" (")[0] for text in leader.fails] == ["First narrower", "Second wider"]
    (loss,) = (c for c in said.values() if "below zero" in c.says)
    assert loss.value == "66%"
    assert loss.fails == []
    screen = robust_screen(found, 90)
    assert max(map(len, screen)) <= 90
    assert any("First ranks first in the Y, but not with First narrower" in x for x in screen)


def test_threads_change_nothing(priors: risk.Priors, found: xr.Dataset) -> None:
    seen: list[tuple[int, int]] = []
    with ThreadPoolExecutor(2) as executor:
        again = robustness(
            model,
            priors,
            draws=128,
            replicates=8,
            executor=executor,
            progress=lambda *at: seen.append(at),
        )
    count = found.sizes["variant"]
    assert seen == [(k, count) for k in range(1, count + 1)]
    xr.testing.assert_identical(again, found)

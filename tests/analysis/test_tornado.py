"""The tornado: ends, base, regimes, monotony and the bar of all inputs together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import norm, uniform

import risk

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}


@pytest.fixture(scope="module")
def tornado() -> xr.Dataset:
    priors = risk.Priors(
        {
            "up": risk.Prior(uniform(0, 1), **SOURCE),
            "down": risk.Prior(uniform(0, 10), **SOURCE),
            "hump": risk.Prior(norm(0, 1), **SOURCE),
            "idle": risk.Prior(uniform(0, 1), **SOURCE),
            "state": risk.Prior({"a": 0.2, "b": 0.5, "c": 0.3}, **SOURCE),
            "given": risk.Prior(
                {"a": uniform(100, 1), "b": uniform(0, 1), "c": 50.0}, given="state", **SOURCE
            ),
        }
    )

    def model(up: Any, down: Any, hump: Any, idle: Any, given: Any) -> dict[str, Any]:
        return {"y": up - down - hump**2 + given}

    study = risk.run_study(model, priors, draws=1024, replicates=4)
    return study["tornado"].to_dataset().sel(outcome="y")


def test_base_is_at_the_medians(tornado: xr.Dataset) -> None:
    assert tornado["base"].item() == pytest.approx(0.5 - 5 - 0 + 0.5)


def test_ends_are_p10_and_p90_one_at_a_time(tornado: xr.Dataset) -> None:
    base = tornado["base"].item()
    values = tornado["value"] - base
    assert values.sel(input="up").values == pytest.approx([-0.4, 0.4])
    assert values.sel(input="down").values == pytest.approx([4, -4])
    assert values.sel(input="idle").values == pytest.approx([0, 0], abs=1e-12)
    assert tornado["input_value"].sel(input="down").values == pytest.approx([1, 9])


def test_a_hump_is_not_monotone(tornado: xr.Dataset) -> None:
    flags = dict(zip(tornado["input"].values, tornado["monotone"].values, strict=True))
    assert not flags.pop("hump")
    assert all(flags.values())


def test_a_regime_ends_in_its_extreme_states(tornado: xr.Dataset) -> None:
    """Its children stand at their medians in each state: b 0.5, c 50, a 100.5."""
    at = tornado.sel(input="state")
    assert at["state"].values.tolist() == ["b", "a"]
    assert (at["value"] - tornado["base"]).values == pytest.approx([0, 100])


def test_what_is_given_a_regime_moves_in_the_base_state(tornado: xr.Dataset) -> None:
    at = tornado.sel(input="given")
    assert at["input_value"].values == pytest.approx([0.1, 0.9])


def test_all_together_is_the_simulation(main_study: xr.DataTree) -> None:
    gap = main_study["draws"]["revenue_gap"].values
    together = main_study["tornado"]["together"].sel(outcome="revenue_gap").values
    assert together == pytest.approx(np.quantile(gap, [0.1, 0.9]))


def test_correlated_inputs_move_alone() -> None:
    priors = risk.Priors(
        {n: risk.Prior(norm(0, 1), **SOURCE) for n in ("a", "b")}, correlation={("a", "b"): 0.9}
    )
    study = risk.run_study(lambda a, b: {"y": a + b}, priors, draws=64, replicates=2)
    value = study["tornado"]["value"].sel(outcome="y", input="a").values
    assert value == pytest.approx(norm.ppf([0.1, 0.9]))


def test_a_state_that_cannot_hold_is_no_end() -> None:
    priors = risk.Priors({"state": risk.Prior({"a": 0.5, "b": 0.0, "c": 0.5}, **SOURCE)})
    study = risk.run_study(
        lambda state: {"y": np.select([state == "a", state == "b"], [1.0, 50.0], 100.0)},
        priors, draws=64, replicates=2,
    )  # fmt: skip
    at = study["tornado"].to_dataset().sel(outcome="y", input="state")
    assert at["state"].values.tolist() == ["a", "c"]
    assert at["value"].values.tolist() == [1, 100]

"""Evidence: conjugate closed forms, what changes nothing, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy import special, stats

import risk
from risk.analysis.evidence import check_observations, evidence
from risk.designs import sobol_replicate
from risk.sources import Observation, Source

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}
PERCENTILES = (0.05, 0.5, 0.95)


def observation(
    outcome: str, value: float, error: float, label: str | None = None, unit: str = "USD"
) -> Observation:
    return Observation(label or f"seen {outcome}", outcome, value, error, unit, Source("a paper"))


def dataset(inputs: dict[str, np.ndarray], outcomes: dict[str, np.ndarray]) -> xr.Dataset:
    """The group draws of a study, in USD."""
    dims = ("replicate", "draw")
    return xr.Dataset(
        {
            name: (dims, x, {"units": "USD", "long_name": name.capitalize(), "role": role})
            for role, found in (("input", inputs), ("outcome", outcomes))
            for name, x in found.items()
        }
    )


def normals(count: int, n: int = 4096) -> np.ndarray:
    """Independent standard normals of 16 replicates, shape (count, 16, n)."""
    order = list(range(count))
    nets = [sobol_replicate(n, order, 1, (1, r))[0] for r in range(16)]
    return np.asarray(special.ndtri(np.stack(nets, axis=1)))


@pytest.fixture(scope="module")
def linear() -> xr.Dataset:
    """Draws of y = 2 x1 + x2 + 0.5 x3 and z = x2 − x3, inputs standard normal."""
    x1, x2, x3 = normals(3)
    y, z = 2 * x1 + x2 + 0.5 * x3, x2 - x3
    return dataset({"x1": x1, "x2": x2, "x3": x3}, {"y": y, "z": z})


def found(draws: xr.Dataset, *observations: Observation) -> xr.Dataset:
    posterior = evidence(draws, observations)
    assert posterior is not None
    return posterior


def within(data: xr.Dataset, name: str, truth: Any, **at: Any) -> bool:
    """Whether a number is within five of its standard errors of the truth."""
    error = data[f"{name}_standard_error"].sel(at)
    return bool(np.all(np.abs(data[name].sel(at) - truth) < 5 * error))


def test_no_observations_no_evidence(linear: xr.Dataset) -> None:
    assert evidence(linear, []) is None


def test_a_linear_outcome_is_conjugate(linear: xr.Dataset) -> None:
    """Prior N(0, 1) of each input, y = h x observed with error e: all posteriors are normal."""
    h, value, error = np.array([2.0, 1.0, 0.5]), 2.0, 0.7
    total = h @ h + error**2
    posterior = found(linear, observation("y", value, error))
    for name, weight in zip(("x1", "x2", "x3"), h, strict=True):
        exact = stats.norm(weight * value / total, (1 - weight**2 / total) ** 0.5)
        assert within(posterior, "posterior_mean", exact.mean(), variable=name)
        assert within(posterior, "posterior_quantile", exact.ppf(PERCENTILES), variable=name)
        assert within(posterior, "prior_quantile", stats.norm.ppf(PERCENTILES), variable=name)
        moved = 2 * stats.norm.cdf(exact.mean() / (1 + exact.var()) ** 0.5) - 1
        assert within(posterior, "shift", moved, variable=name)
        narrowing = posterior["narrowing"].sel(variable=name)
        assert narrowing == pytest.approx(1 - exact.std(), abs=0.01)  # quantiles: se 0.003
    y = stats.norm(h @ h * value / total, (h @ h * error**2 / total) ** 0.5)
    assert within(posterior, "posterior_mean", y.mean(), variable="y")
    assert within(posterior, "posterior_quantile", y.ppf(PERCENTILES), variable="y")
    assert within(posterior, "posterior_probability_of_loss", y.cdf(0), outcome="y")
    assert within(posterior, "prior_probability_of_loss", 0.5, outcome="y")
    expected = stats.norm(0, total**0.5)
    assert within(posterior, "log_evidence", expected.logpdf(value))
    assert within(posterior, "predictive_probability", expected.cdf(value))
    assert posterior["status"].item() == "ok"


def test_several_observations_at_once(linear: xr.Dataset) -> None:
    h = np.array([[2.0, 1.0, 0.5], [0.0, 1.0, -1.0]])
    v, e = np.array([2.0, -1.0]), np.array([0.8, 0.6])
    spread = h @ h.T + np.diag(e**2)
    mean = h.T @ np.linalg.solve(spread, v)
    deviation = np.diag(np.eye(3) - h.T @ np.linalg.solve(spread, h)) ** 0.5
    posterior = found(linear, *(observation(n, *p) for n, *p in zip("yz", v, e, strict=True)))
    inputs = ["x1", "x2", "x3"]
    assert within(posterior, "posterior_mean", mean, variable=inputs)
    quantiles = mean[:, None] + deviation[:, None] * special.ndtri(PERCENTILES)
    assert within(posterior, "posterior_quantile", quantiles, variable=inputs)
    exact = stats.multivariate_normal(np.zeros(2), spread).logpdf(v)
    assert within(posterior, "log_evidence", exact)
    assert posterior["observed_outcome"].values.tolist() == ["y", "z"]
    assert posterior["observed"].values.tolist() == v.tolist()
    assert posterior["observation_error"].values.tolist() == e.tolist()


def test_a_lognormal_with_an_observed_logarithm() -> None:
    """Price and volume are lognormal, the logarithm of their product is observed."""
    z = normals(2)
    price, volume = np.exp(0.5 + 0.4 * z[0]), np.exp(1 + 0.8 * z[1])
    draws = dataset(
        {"price": price, "volume": volume},
        {"log_revenue": np.log(price * volume), "revenue": price * volume},
    )
    value, error = 2.5, 0.3
    total = 0.4**2 + 0.8**2 + error**2
    posterior = found(draws, observation("log_revenue", value, error))
    for name, mu, sigma in (("price", 0.5, 0.4), ("volume", 1.0, 0.8)):
        m, s = mu + sigma**2 * (value - 1.5) / total, sigma * (1 - sigma**2 / total) ** 0.5
        exact = stats.lognorm(s=s, scale=np.exp(m))
        assert within(posterior, "posterior_mean", exact.mean(), variable=name)
        assert within(posterior, "posterior_quantile", exact.ppf(PERCENTILES), variable=name)
    both = 0.4**2 + 0.8**2
    m, s = 1.5 + both * (value - 1.5) / total, (both * error**2 / total) ** 0.5
    exact = stats.lognorm(s=s, scale=np.exp(m))
    assert within(posterior, "posterior_quantile", exact.ppf(PERCENTILES), variable="revenue")


def test_states_by_bayes_theorem_in_a_study() -> None:
    """A study with a regime: P(state | y) is P(state) N(y; its mean, 1 + e²), normalised."""
    states = {"low": 0.2, "middle": 0.5, "high": 0.3}
    means = np.array([-1.0, 0.0, 2.0])
    priors = risk.Priors(
        {
            "x": risk.Prior(stats.norm(0, 1), **SOURCE),
            "demand": risk.Prior(states, label="Demand", **SOURCE),
            "fee": risk.Prior(3.0, **SOURCE),
        }
    )

    def model(x: Any, demand: Any, fee: Any) -> dict[str, Any]:
        return {"y": x + means[np.searchsorted(["high", "low", "middle"], demand) - 1], "cost": fee}

    draws = risk.run_study(model, priors, draws=2048, replicates=8)["draws"].to_dataset()
    posterior = found(draws, observation("y", 1.0, 0.5))
    share = np.array(list(states.values())) * stats.norm(means, 1.25**0.5).pdf(1.0)
    assert posterior["state"].sizes == {"state": 3}
    assert within(posterior, "prior_probability", list(states.values()))
    assert within(posterior, "posterior_probability", share / share.sum())
    assert posterior["posterior_probability"].sum() == pytest.approx(1)
    assert posterior["state_name"].values.tolist() == list(states)
    assert posterior["state_input"].values.tolist() == ["demand"] * 3
    assert posterior["state_input_label"].values.tolist() == ["Demand"] * 3
    assert posterior["variable"].values.tolist() == ["x", "y", "cost"]  # no regime, nothing fixed
    assert posterior["variable_role"].values.tolist() == ["input", "outcome", "outcome"]
    still = posterior.sel(variable="cost")
    assert still["posterior_quantile"].values.tolist() == [3, 3, 3]
    assert (still["shift"], still["posterior_mean"]) == (0, 3)
    assert np.isnan(still["narrowing"])


def test_a_huge_error_changes_nothing(linear: xr.Dataset) -> None:
    same = found(linear, observation("y", 1.0, 1e9))
    for name in ("mean", "quantile"):
        assert same[f"posterior_{name}"].values == pytest.approx(same[f"prior_{name}"].values)
    assert same["shift"].values == pytest.approx(0, abs=1e-9)
    assert same["narrowing"].values == pytest.approx(0, abs=1e-9)
    assert same["effective_sample_size"] == pytest.approx(65536)


def test_order_does_not_matter(linear: xr.Dataset) -> None:
    first, second = observation("y", 2.0, 0.8), observation("z", -1.0, 0.6)
    one, other = found(linear, first, second), found(linear, second, first)
    xr.testing.assert_allclose(one, other.sel(observation=one["observation"].values))


def test_two_observations_of_one_value_are_one_with_less_error(linear: xr.Dataset) -> None:
    once = found(linear, observation("y", 2.0, 0.5))
    twice = found(linear, *(observation("y", 2.0, 0.5 * 2**0.5, label) for label in ("a", "b")))
    along = ["posterior_quantile", "posterior_mean_interval", "shift", "weight"]
    xr.testing.assert_allclose(once[along], twice[along])


def test_weights_give_the_posterior_of_anything(linear: xr.Dataset) -> None:
    posterior = found(linear, observation("y", 2.0, 0.7))
    assert posterior["weight"].mean() == pytest.approx(1)
    mean = (posterior["weight"] * linear["x1"]).mean()
    assert mean == pytest.approx(posterior["posterior_mean"].sel(variable="x1").item())
    turned = found(linear.transpose("draw", "replicate"), observation("y", 2.0, 0.7))
    xr.testing.assert_identical(turned, posterior)


def test_every_variable_says_what_it_is(linear: xr.Dataset, tmp_path: Path) -> None:
    posterior = found(linear, observation("y", 2.0, 0.7))
    for name, x in posterior.data_vars.items():
        assert {"units", "long_name"} <= set(x.attrs), name
    posterior.to_netcdf(tmp_path / "evidence.nc", engine="h5netcdf")
    with xr.open_dataset(tmp_path / "evidence.nc", engine="h5netcdf") as read:
        xr.testing.assert_equal(read.load(), posterior)


def test_the_prior_may_conflict_with_the_evidence(linear: xr.Dataset) -> None:
    """2.33 deviations of y and its error are the limit: P1 and P99."""
    limit = special.ndtri(0.99) * (5.25 + 0.7**2) ** 0.5
    near = found(linear, observation("y", 0.98 * limit, 0.7))
    far = found(linear, observation("y", -1.02 * limit, 0.7), observation("z", 0.0, 1.0))
    assert (near["status"], near["agreement"].values.tolist()) == ("ok", ["ok"])
    assert far["status"] == "prior and evidence conflict"
    assert far["agreement"].values.tolist() == ["conflict", "ok"]


def test_observations_may_conflict_with_each_other(linear: xr.Dataset) -> None:
    """No y is 0 and 2 at once: at best it misses both by 1.9 errors; by 2.5, it is a conflict."""
    low, high = observation("y", 0.0, 0.53, "a"), observation("y", 2.0, 0.53, "b")
    assert found(linear, low, high)["status"] == "ok"
    low, high = observation("y", 0.0, 0.4, "a"), observation("y", 2.0, 0.4, "b")
    assert found(linear, low, high)["status"] == "observations conflict"


def test_too_few_draws_agree(linear: xr.Dataset) -> None:
    message = (
        r"Expected observations that at least 400 effective draws agree with, got \d+ of 65,536: "
        r"'seen y' \(y = 2 ± 0\.001 USD\)\. Widen the error, raise --draws about \d+-fold, or "
        r"narrow the priors towards what was observed\."
    )
    with pytest.raises(ValueError, match=message):
        evidence(linear, [observation("y", 2.0, 0.001)])


def test_the_costliest_observation_is_named(linear: xr.Dataset) -> None:
    wide, narrow = observation("y", 0.0, 2.0), observation("z", 0.0, 0.002)
    message = r"'seen z' \(z = 0 ± 0\.002 USD\) costs most, [\d,]+ agree with the others\."
    for both in ([wide, narrow], [narrow, wide]):
        with pytest.raises(ValueError, match=message):
            evidence(linear, both)


def test_nothing_drawn_is_near(linear: xr.Dataset) -> None:
    message = (
        r"Expected observations within 3 errors of something drawn, got 'seen y' \(y = 35 ± 1 USD\)"
        r": the 65,536 draws lie between -\d+\.\d+ and \d+\.\d+, and the nearest, \d+\.\d+, is "
        r"2\d\.?\d* errors away\. Correct the value or its unit, widen the error, or widen"
    )
    with pytest.raises(ValueError, match=message):
        evidence(linear, [observation("y", 35.0, 1.0)])


def test_nothing_is_drawn_in_a_hole() -> None:
    """Half the draws are 0 and half 10: all miss 5 alike, which is no agreement."""
    y = np.where(normals(1, n=64)[0] > 0, 10.0, 0.0)
    with pytest.raises(ValueError, match="the nearest, [01]0?, is 50 errors away"):
        evidence(dataset({}, {"y": y}), [observation("y", 5.0, 0.1)])


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (observation("yy", 1, 1), "Expected an outcome of the study in observation 'seen yy', got"),
        (observation("yy", 1, 1), "got 'yy'. Did you mean 'y'?"),
        (observation("q", 1, 1), "got 'q'. Name one of y, z."),
        (observation("x1", 1, 1), "got 'x1'."),
        (observation("y", np.nan, 1), "Expected a finite value in observation 'seen y', got nan"),
        (observation("y", -np.inf, 1), "Expected a finite value in observation 'seen y', got -inf"),
        (observation("y", 1, 0.0), "Expected an error above 0 in observation 'seen y', got 0.0"),
        (observation("y", 1, -2.0), "Expected an error above 0 in observation 'seen y', got -2.0"),
        (observation("y", 1, np.inf), "Expected an error above 0 in observation 'seen y', got inf"),
        (observation("y", 1, np.nan), "Expected an error above 0 in observation 'seen y', got nan"),
        (
            observation("y", 1, 1, unit="EUR"),
            "Expected observation 'seen y' in USD, the unit of `y`, got EUR. Convert it.",
        ),
    ],
)
def test_observations_that_make_no_sense(
    linear: xr.Dataset, given: Observation, message: str
) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.").replace("?", r"\?")):
        evidence(linear, [given])


def test_two_observations_need_two_labels() -> None:
    twice = [observation("y", 1, 1, "a"), observation("y", 2, 1, "a")]
    with pytest.raises(ValueError, match="Expected one observation 'a', got 2. Rename one."):
        check_observations(twice, {"y": ""})


def test_draws_must_be_draws() -> None:
    with pytest.raises(ValueError, match="Expected `draws` with dimension 'replicate'"):
        evidence(xr.Dataset({"y": ("draw", [1.0])}), [observation("y", 1, 1)])

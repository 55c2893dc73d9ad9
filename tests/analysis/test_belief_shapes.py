"""What is drawn of priors, what they were fitted to, and what moves together."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from scipy import stats

import risk
from risk.analysis.beliefs import beliefs
from risk.blocks import Correlated, Shares
from risk.data_fit import from_data
from risk.elicitation import from_quantiles
from risk.experts import Expert
from risk.families import beta, discrete, histogram, metalog, normal, truncated
from risk.sources import Evidence, Source

TODAY = date(2026, 11, 23)
SOURCE = Source("Price list", "https://example.org", "2026-11-01", "A")


def prior(distribution=None, unit="1", **about):
    about.setdefault("source", SOURCE)
    return risk.Prior(distribution, unit=unit, **about)


def of(blocks=(), **inputs):
    return beliefs(risk.Priors(inputs, blocks=blocks), TODAY)


def texts(data, name):
    return [str(text) for text in data[name].values]


def by_regime():
    states = {"open": 1.0, "closed": beta(17.0, 3.0)}
    return {
        "regime": prior({"open": 0.1, "closed": 0.9}),
        "share": prior(states, given="regime", theoretical=1.0),
    }


# Shapes -------------------------------------------------------------------------------------

SHAPES = {
    "normal": normal(0.0, 1.0),
    "spike": beta(0.5, 19.5),
    "uniform": stats.uniform(2, 3),
    "heavy": metalog(0.0, 0.6, minimum=0.0),
    "histogram": histogram([0, 1, 2, 4, 8], [2, 5, 0, 1]),
    "sample": from_data(np.random.default_rng(1).normal(size=40).tolist(), "empirical"),
    "discrete": discrete([1, 2, 4], [0.2, 0.5, 0.3]),
    "poisson": stats.poisson(3),
    "cut discrete": truncated(discrete([1, 2, 4], [0.2, 0.5, 0.3]), minimum=1.5),
}


@pytest.mark.parametrize("name", SHAPES)
def test_density_and_values_add_up_to_what_is_not_cut_off(name) -> None:
    data = of(x=prior(SHAPES[name], "USD"))
    edges, density = (data[key].values[0] for key in ("cell_edge", "density"))
    smooth = float(np.nansum(np.diff(edges)[: len(density)] * density))
    whole = smooth + float(data["atom_probability"].sum()) + float(data["cut"].sum())
    assert whole == pytest.approx(1.0, abs=1e-3 if name == "poisson" else 1e-9)
    low, high = data["window"].values[0]
    assert low <= data["quantile"].values[0, 0] <= data["quantile"].values[0, -1] <= high


def test_a_density_is_the_derivative_of_the_distribution() -> None:
    data = of(x=prior(normal(0.0, 1.0)))
    edges, density = (data[key].values[0] for key in ("cell_edge", "density"))
    middle = (edges[1:] + edges[:-1]) / 2
    assert density == pytest.approx(stats.norm.pdf(middle), rel=2e-3)


def test_histogram_values_and_regimes_are_drawn_as_such() -> None:
    law = histogram([0, 1, 2, 4], [2, 5, 1])
    data = of(h=prior(law), d=prior(SHAPES["discrete"]), r=prior({"a": 0.5, "b": 0.5}))
    assert texts(data, "shape") == ["bars", "values", "states"]
    assert data["cell_edge"].values[0, :4].tolist() == [0, 1, 2, 4]
    assert data["density"].values[0, :3] == pytest.approx([2 / 8, 5 / 8, 1 / 16])
    assert data["atom_value"].values.tolist() == [1, 2, 4]
    assert data["atom_probability"].values == pytest.approx([0.2, 0.5, 0.3])


def test_states_add_up_to_the_density_over_all_of_them() -> None:
    data = of(**by_regime())
    density, weight = data["density"].values, data["weight"].values
    assert density[1] == pytest.approx(weight[3] * density[3])  # the other is one value
    own = data["atom_input"].values == "share"
    assert data["atom_value"].values[own].tolist() == [1.0]
    assert data["atom_probability"].values[own] == pytest.approx([0.1])


def test_a_mark_widens_the_window_if_it_is_near() -> None:
    near, far = (of(x=prior(normal(0.0, 1.0), theoretical=x)) for x in (4.0, 40.0))
    assert near["window"].values[0, 1] == 4.0
    assert far["window"].values[0, 1] < 4.0


# Fits, reported values, blocks --------------------------------------------------------------


def test_a_fit_says_what_was_asked_and_got() -> None:
    law = from_quantiles({0.05: 1.0, 0.5: 2.1, 0.95: 3.0}, "normal")
    data = of(x=prior(law))
    assert texts(data, "fit_input") == ["x"]
    assert data["asked_quantile"].values.tolist() == [1.0, 2.1, 3.0]
    assert data["got_quantile"].values == pytest.approx(data["quantile"].values[0])
    worst = np.max(np.abs(data["got_quantile"] - data["asked_quantile"])) / 2
    assert data["misfit"].item() == pytest.approx(worst.item())
    assert texts(data, "fit_runner_up") == [""]
    best = of(x=prior(from_quantiles({0.05: 1.0, 0.95: 3.0}, "best")))
    assert texts(best, "fit_runner_up") == ["lognormal"]


def test_a_fit_to_data_has_its_distance_and_p_value() -> None:
    rng = np.random.default_rng(3)
    good = from_data(rng.normal(size=80).tolist(), "normal", file="a.csv", column="x")
    two = rng.choice([-1.0, 1.0], 60) + rng.normal(0, 0.1, 60)
    bad = from_data(two.tolist(), "normal", file="b.csv", column="y")
    data = of(x=prior(good), y=prior(bad), z=prior(SHAPES["sample"]))
    assert data["data_count"].values.tolist() == [80, 60, 40]
    assert texts(data, "fit_data")[:2] == ["a.csv, x", "b.csv, y"]
    assert data["kolmogorov"].values[0] < 0.1 < data["kolmogorov"].values[1]
    assert data["p_value"].values[0] > 0.05
    assert data["p_value"].values[1] == 0.01
    assert np.isnan(data["p_value"].values[2])  # the sample itself


def test_fits_of_states_and_experts_are_found() -> None:
    law = from_quantiles({0.05: 1.0, 0.95: 3.0}, "normal")
    inputs = {
        "regime": prior({"a": 0.5, "b": 0.5}),
        "x": prior({"a": law, "b": 1.0}, given="regime"),
        "y": prior(experts=(Expert("Ms Black", law), Expert("Mr White", normal(0.0, 1.0)))),
    }
    data = of(**inputs)
    found = list(zip(texts(data, "fit_input"), texts(data, "fit_part"), strict=True))
    assert found == [("x", "a"), ("y", "Ms Black")]


def test_reported_values_are_kept() -> None:
    point = Evidence(2.65, "1-year contract", SOURCE)
    data = of(x=prior(normal(2.0, 1.0), "USD", evidence=(point,)))
    assert (data["reported"].item(), texts(data, "reported_input")) == (2.65, ["x"])
    assert texts(data, "reported_label") == ["1-year contract"]
    assert data["window"].values[0, 1] >= 2.65


def test_blocks_say_what_moves_together() -> None:
    mix = Shares({"api": 4.0, "app": 6.0}, name="mix", label="Channel mix", sources=(SOURCE,))
    pairs = {("a", "b"): 0.9, ("b", "c"): 0.9, ("a", "c"): -0.5}
    block = Correlated(pairs, name="market", label="Market", repair=True, sources=(SOURCE,))
    plain = {name: prior(normal(0.0, 1.0), label=name.upper()) for name in "abc"}
    data = of([mix, block], **plain, api=prior(mix["api"]), app=prior(mix["app"]))
    assert texts(data, "block_kind") == ["shares", "correlated"]
    assert texts(data, "pair_first") == ["A", "B", "A"]
    assert data["correlation"].values.tolist() == [0.9, 0.9, -0.5]
    got = data["correlation_got"].values
    assert (np.abs(got) < np.abs(data["correlation"].values)).all()
    assert texts(data, "block_text")[0] == "Dirichlet, one factor"
    assert texts(data, "family")[-2:] == ["dirichlet", "dirichlet"]


def test_correlations_that_hold_are_as_asked() -> None:
    block = Correlated({("a", "b"): 0.4}, name="m", degrees_of_freedom=5.0, sources=(SOURCE,))
    data = of([block], a=prior(normal(0.0, 1.0)), b=prior(normal(0.0, 1.0)))
    assert data["correlation_got"].values.tolist() == [0.4]
    assert "t copula with 5 degrees of freedom" in texts(data, "block_text")[0]

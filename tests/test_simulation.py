"""All replicates: the second look at heavy tails, what is constant, and the memory of draws."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import lognorm, norm, uniform

import risk
from risk.evaluation import bind
from risk.simulation import plan, run_replicates, tasks_together
from risk.stats.sobol import indices

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}


def normals() -> risk.Priors:
    return risk.Priors({n: risk.Prior(norm(0, 1), **SOURCE) for n in ("a", "b")})


def tails(a: Any, b: Any) -> dict[str, Any]:
    return {"calm": a + b, "wild": np.exp(3 * a + 2 * b), "same": 0 * a + 0.1 + 0.2 * (b - b)}


def test_indices_of_asinh_stand_in_where_tails_are_heavy() -> None:
    """They are those of a model that returns asinh(y / scale), for that outcome alone."""
    bound = bind(tails, normals())
    job = plan(bound, {"a": ("a",), "b": ("b",)}, bound.outcomes, 512, 1)
    runs = run_replicates(job, 8)
    assert runs.transformed.tolist() == [False, True, False]
    assert runs.constant.tolist() == [False, False, True]
    assert runs.effective_sample_size[1] < 100 < runs.effective_sample_size[0]

    def calmed(a: Any, b: Any) -> dict[str, Any]:
        return {**tails(a, b), "wild": np.arcsinh(tails(a, b)["wild"] / job.scale[1])}

    other = run_replicates(plan(bind(calmed, normals()), job.factors, bound.outcomes, 512, 1), 8)
    for k in (0, 1):
        mine, theirs = (indices(type(s)(*(x[:, k] for x in s))) for s in (runs.sums, other.sums))
        np.testing.assert_allclose(mine.total_order.value, theirs.total_order.value, rtol=1e-9)


def test_what_differs_by_rounding_only_is_constant() -> None:
    def model(a: Any, b: Any) -> dict[str, Any]:
        return {"same": (a + 1e6) - a, "tiny": 1e6 + 1e-6 * a, "zero": 0 * a}

    bound = bind(model, normals())
    runs = run_replicates(plan(bound, {"a": ("a",), "b": ("b",)}, bound.outcomes, 256, 1), 4)
    assert runs.constant.tolist() == [True, False, True]
    assert np.isnan(runs.effective_sample_size).tolist() == [True, False, True]


def planned(model: Any, priors: risk.Priors, draws: int = 256) -> Any:
    bound = bind(model, priors)
    return plan(bound, {name: (name,) for name in priors}, bound.outcomes, draws, 1)


def test_rounding_is_no_scale() -> None:
    """What is left of a + b is 0 but for rounding in seven of ten cases: as if it were 0."""
    laws = {"a": lognorm(0.5), "b": lognorm(0.5), "p": uniform(), "h": lognorm(3)}
    priors = risk.Priors({name: risk.Prior(law, **SOURCE) for name, law in laws.items()})

    def noisy(a: Any, b: Any, p: Any, h: Any) -> dict[str, Any]:
        return {"left": np.where(p < 0.7, a + b, a + b - h) - a - b}

    def clean(a: Any, b: Any, p: Any, h: Any) -> dict[str, Any]:
        return {"left": np.where(p < 0.7, 0.0, -h)}

    scales = [planned(model, priors).scale for model in (noisy, clean)]
    np.testing.assert_allclose(*scales, rtol=1e-9)
    assert 0.5 < scales[1] < 2  # the median of the others, whose exact median is 1
    options: dict[str, Any] = {"draws": 1024, "replicates": 8, "keep_draws": 512}
    one, other = (risk.run_study(model, priors, **options) for model in (noisy, clean))
    assert one["sobol"]["transform"].item() == "asinh"
    for group, name in (("sobol", "total_order"), ("risk", "expected_shortfall")):
        np.testing.assert_allclose(one[group][name], other[group][name], rtol=1e-6, atol=1e-9)
    quantiles = [study["risk"]["quantile"].values for study in (one, other)]
    np.testing.assert_allclose(*quantiles, rtol=1e-6, atol=1e-6)


def test_the_scale_is_that_of_what_differs() -> None:
    job = planned(lambda a, b: {"few": np.where(a < 0.5, 7.0, 7.0 + 1000 * np.abs(b))}, normals())
    exact = 1000 * norm.ppf(0.75)  # the median of |b| in thousands
    assert job.scale[0] == pytest.approx(exact, rel=0.15)


def test_squares_that_are_no_numbers_take_the_second_look() -> None:
    job = planned(lambda a, b: {"wild": np.exp(150 * a) + b}, normals())
    assert run_replicates(job, 4).transformed.tolist() == [True]


def test_outcomes_whose_distances_are_no_numbers() -> None:
    with pytest.raises(risk.ModelError, match=r"distances are numbers, got `y` from -1.*e\+308 to"):
        planned(lambda a, b: {"y": np.where(a < 0, -1.7e308, 1.7e308)}, normals())


def test_a_solver_with_a_tolerance_is_of_each_point_alone() -> None:
    """It stops when the slowest point has come close enough, so others go on with it."""

    def solved(a: Any, b: Any) -> dict[str, Any]:
        y, new = 0 * a, np.cos(0 * a) / 2
        while np.abs(new - y).max() >= 1e-4:
            y, new = new, np.cos(new + a) / 2
        return {"y": new + b}

    assert planned(solved, normals()).program is None


def test_outcomes_are_of_each_point_alone() -> None:
    calls: list[int] = []

    def remembers(a: Any, b: Any) -> dict[str, Any]:
        calls.append(1)
        return {"y": a * len(calls) + 0 * b}

    def noise(a: Any, b: Any) -> dict[str, Any]:
        return {"y": a + b + np.random.default_rng(0).normal(size=len(a))}

    beside = [lambda a, b: {"y": a - a.mean() + b}, lambda a, b: {"y": np.cumsum(a) + b}]
    for model in (remembers, noise, *beside, lambda a, b: {"y": a + np.roll(b, 1)}):
        with pytest.raises(risk.ModelError, match="of each point alone, got another `y` for the"):
            planned(model, normals())


@pytest.mark.parametrize(("seconds", "together"), [(0.0, 10**9), (1e-9, 4883), (1e-3, 1)])
def test_small_replicates_are_sent_together(seconds: float, together: int) -> None:
    from dataclasses import replace

    bound = bind(tails, normals())
    job = plan(bound, {"a": ("a",), "b": ("b",)}, bound.outcomes, 1024, 1)
    found = tasks_together(replace(job, row_seconds=seconds))
    assert found == pytest.approx(min(together, 0.02 / 1e-9), rel=0.34)


def product(a: Any, b: Any) -> dict[str, Any]:
    return {"y": a * b + a}


def test_a_study_keeps_the_first_draws_and_counts_all() -> None:
    """Indices and risk are of all draws; those that are kept are a part of them."""
    options: dict[str, Any] = {"draws": 2048, "replicates": 8}
    full = risk.run_study(product, normals(), **options)
    few = risk.run_study(product, normals(), keep_draws=1 << 12, **options)
    assert few["draws"].sizes == {"replicate": 8, "draw": 512}
    kept = full["draws"].to_dataset().isel(draw=slice(512))
    xr.testing.assert_identical(few["draws"].to_dataset(), kept)
    xr.testing.assert_identical(few["sobol"].to_dataset(), full["sobol"].to_dataset())
    assert "from histograms" in few["risk"].attrs["comment"]
    assert list(few["risk"].variables) == list(full["risk"].variables)
    for name in full["risk"].data_vars:
        mine, theirs = few["risk"][name], full["risk"][name]
        assert mine.dims == theirs.dims
        assert mine.attrs == theirs.attrs
        xr.testing.assert_identical(mine.coords.to_dataset(), theirs.coords.to_dataset())
        # An interval, and the error that it shows, reaches to the ends of its bins.
        off = 5e-3 if name.endswith(("_interval", "_standard_error")) else 1e-3
        spread = full["risk"]["standard_deviation"].item()
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=off * spread, err_msg=name)


def test_every_draw_can_go_to_a_file(tmp_path: Any) -> None:
    """The file holds what a study that keeps all would; it is read lazily by xarray."""
    options: dict[str, Any] = {"draws": 2048, "replicates": 4}
    full = risk.run_study(product, normals(), **options)
    path = tmp_path / "draws.nc"
    few = risk.run_study(product, normals(), keep_draws=1024, draws_file=path, **options)
    assert few["draws"].sizes["draw"] == 256
    with xr.open_dataset(path, engine="h5netcdf") as every:
        drawn = full["draws"].to_dataset()
        assert every.sizes == {"replicate": 4, "draw": 2048}
        for name in ("a", "b", "y"):
            np.testing.assert_array_equal(every[name], drawn[name])
            assert every[name].attrs == drawn[name].attrs
    assert [p.name for p in tmp_path.iterdir()] == ["draws.nc"]


def test_a_file_of_draws_is_whole_or_not_there(tmp_path: Any) -> None:
    def broken(a: Any, b: Any) -> dict[str, Any]:
        return {"y": np.where(a > 3.0, np.nan, a)}

    with pytest.raises(risk.ModelError, match="NaN or infinity"):
        risk.run_study(
            broken, normals(), draws=4096, replicates=4, draws_file=tmp_path / "draws.nc"
        )
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_draws_that_has_no_room_is_not_begun(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The HDF5 library brings the whole process down where a disk is full; so it is asked first."""
    full = type("Usage", (), {"free": 1000})
    monkeypatch.setattr("shutil.disk_usage", lambda folder: full)
    with pytest.raises(OSError, match=r"no space for its 1 MB: .*draws.nc"):
        risk.run_study(product, normals(), draws=64, draws_file=tmp_path / "draws.nc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("spread", [1.5, 3.0])
def test_a_lognormal_of_any_weight_has_the_risk_of_its_draws(spread: float) -> None:
    """From tallies as from draws: near 0, too, and the interval holds the exact quantile."""
    priors = risk.Priors({"x": risk.Prior(lognorm(spread), **SOURCE)})
    study = risk.run_study(
        lambda x: {"y": x}, priors, draws=1 << 14, replicates=8, keep_draws=1 << 10
    )
    found = study["risk"]["quantile"].sel(outcome="y")
    exact = lognorm(spread).ppf(found["probability"])
    np.testing.assert_allclose(found, exact, rtol=2e-3)
    lower, upper = study["risk"]["quantile_interval"].sel(outcome="y").values.T
    assert np.all((lower < exact) & (exact < upper))

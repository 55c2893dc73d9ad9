"""The public interface: arguments, closed forms, statuses, factors and identity."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import lognorm, norm, uniform

import risk
from risk.identity import model_hash

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}


def uniforms(*names: str) -> risk.Priors:
    return risk.Priors({name: risk.Prior(uniform(0, 1), **SOURCE) for name in names})


def product(x1: Any, x2: Any) -> dict[str, Any]:
    return {"y": x1 * x2}


def test_a_product_of_two_uniforms() -> None:
    """S = 3/7, S_T = 4/7, mean 1/4, and intervals that hold them."""
    study = risk.run_study(product, uniforms("x1", "x2"), draws=1024)
    sobol = study["sobol"].to_dataset().sel(outcome="y")
    for name, truth in (("first_order", 3 / 7), ("total_order", 4 / 7), ("interaction", 1 / 7)):
        error = sobol[f"{name}_standard_error"]
        assert np.all(abs(sobol[name] - truth) < 4 * error)
    measures = study["risk"].to_dataset().sel(outcome="y")
    # 1e-15: a net integrates this product all but exactly, and rounding is all that is left
    assert abs(measures["mean"] - 0.25) < 4 * measures["mean_standard_error"] + 1e-15
    assert sobol["status"] == "ok"
    assert sobol["rank_low"].values.tolist() == [1, 1]
    assert sobol["rank_high"].values.tolist() == [2, 2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"draws": 1000}, "Expected `draws` to be a power of two, got 1000. .* use 1024"),
        ({"draws": 1}, "power of two, got 1. .* use 2"),
        ({"draws": 0}, "power of two, got 0. .* use 4096"),
        ({"draws": 2**40}, "Expected at most 2,147,483,648 `draws`, got 1,099,511,627,776"),
        ({"keep_draws": 1}, "at least one draw of each replicate, got 1 .*Raise it, or take fewer"),
        ({"progress": 3}, r"`progress` to be a function of \(done, total\), got 3. Pass `print`"),
        ({"executor": 2}, r"concurrent.futures.Executor or None, got int. .*client.get_executor"),
        ({"replicates": 1}, "Expected at least 2 `replicates`, got 1"),
        ({"outcomes": ["z"]}, r"Expected `outcomes` to be a list of \['y'\], got \['z'\]"),
        ({"outcomes": "y"}, "Expected `outcomes` to be a list"),
        ({"outcomes": []}, "Expected `outcomes` to be a list"),
        ({"factors": {"a": ["x3"]}}, "uncertain inputs, got 'x3', not an input"),
        ({"factors": {"a": []}}, "Expected `factors` as label → list of inputs"),
        ({"factors": {"a": "x1"}}, "Expected `factors` as label → list of inputs"),
        ({"factors": {"a": ["x1"], "b": ["x1"]}}, r"in one factor, got \['x1'\] in several"),
        ({"factors": {"x1": ["x2"]}}, r"labels that are no inputs' names, got \['x1'\]"),
    ],
)
def test_arguments_that_make_no_sense(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        risk.run_study(product, uniforms("x1", "x2"), **{"draws": 64, "replicates": 2} | arguments)


def test_numbers_of_numpy_are_numbers() -> None:
    sizes = {name: np.int64(n) for name, n in (("draws", 64), ("replicates", 2), ("seed", 3))}
    study = risk.run_study(product, uniforms("x1", "x2"), keep_draws=np.int64(64), **sizes)  # type: ignore[arg-type]
    assert study["draws"].sizes["draw"] == 32


def test_a_seed_that_is_no_integer() -> None:
    with pytest.raises(TypeError, match="integer"):
        risk.run_study(product, uniforms("x1", "x2"), draws=64, seed=0.5)  # type: ignore[arg-type]


def test_fixed_inputs_are_no_factors() -> None:
    priors = risk.Priors({**uniforms("x1"), "x2": risk.Prior(2.0, **SOURCE)})
    study = risk.run_study(product, priors, draws=64, replicates=2)
    assert study["sobol"]["factor"].values.tolist() == ["x1"]
    assert study["draws"]["x2"].dims == ()
    assert study["draws"]["x2"] == 2
    with pytest.raises(ValueError, match="got 'x2', a fixed input, which is no factor"):
        risk.run_study(product, priors, draws=64, factors={"a": ["x2"]})
    with pytest.raises(ValueError, match="at least one uncertain input"):
        risk.run_study(product, priors.fix(x1=1.0), draws=64)


def test_groups_move_together() -> None:
    """In a sum, the index of a group is the sum of its members' shares of variance."""
    study = risk.run_study(
        lambda a, b, c: {"y": a + b + 2 * c},
        uniforms("a", "b", "c"),
        draws=512,
        factors={"both": ["a", "b"]},
    )
    sobol = study["sobol"].to_dataset().sel(outcome="y")
    assert sobol["factor"].values.tolist() == ["both", "c"]
    for name in ("first_order", "total_order"):
        error = sobol[f"{name}_standard_error"].values
        assert np.all(abs(sobol[name].values - [2 / 6, 4 / 6]) < 4 * error + 1e-9)


def test_a_regime_and_what_it_decides_as_one_factor_or_several() -> None:
    """w is given the state: together they explain it all, apart they share it."""
    priors = risk.Priors(
        {
            "state": risk.Prior({"low": 0.5, "high": 0.5}, **SOURCE),
            "w": risk.Prior({"low": uniform(0, 1), "high": uniform(2, 1)}, given="state", **SOURCE),
            "z": risk.Prior(uniform(0, 1), **SOURCE),
        }
    )

    def model(w: Any, z: Any) -> dict[str, Any]:
        return {"y": w + z}

    one = risk.run_study(model, priors, draws=512, factors={"block": ["state", "w"]})
    total = one["sobol"].to_dataset()["total_order"].sel(outcome="y")
    # Var(state) = 1, Var(w | state) = Var(z) = 1/12, and nothing interacts
    assert total.values == pytest.approx([13 / 14, 1 / 14], abs=2e-3)
    apart = risk.run_study(model, priors, draws=512)["sobol"].to_dataset()
    shares = apart["first_order"].sel(outcome="y").values
    assert shares == pytest.approx([12 / 14, 1 / 14, 1 / 14], abs=2e-3)


def test_correlated_inputs_share_a_factor() -> None:
    normals = {n: risk.Prior(norm(0, 1), **SOURCE) for n in ("a", "b", "c")}
    priors = risk.Priors(normals, correlation={("a", "c"): 0.6})
    study = risk.run_study(lambda a, b, c: {"y": a + b + c}, priors, draws=1024)
    sobol = study["sobol"].to_dataset().sel(outcome="y")
    assert sobol["factor"].values.tolist() == ["a + c", "b"]
    rho = 2 * np.sin(np.pi * 0.6 / 6)
    truth = np.array([2 + 2 * rho, 1]) / (3 + 2 * rho)
    assert np.all(abs(sobol["first_order"] - truth) < 4 * sobol["first_order_standard_error"])
    with pytest.raises(ValueError, match=r"inputs \['a', 'c'\], which belong together, in one"):
        risk.run_study(lambda a, b, c: {"y": a}, priors, draws=64, factors={"ab": ["a", "b"]})


def test_statuses_of_the_variance() -> None:
    """Constant: no indices. Heavy: said so. Heavier: those of asinh instead, said so."""

    def model(x: Any, z: Any) -> dict[str, Any]:
        return {
            "fine": x + z,
            "same": 0 * x + 7.0,
            "heavy": np.exp(1.0 * x) + z,
            "heavier": np.exp(3.0 * x) * np.exp(z),
        }

    priors = risk.Priors({n: risk.Prior(norm(0, 1), **SOURCE) for n in ("x", "z")})
    study = risk.run_study(model, priors, draws=512, replicates=8)
    sobol = study["sobol"].to_dataset()
    status = dict(zip(sobol["outcome"].values, sobol["status"].values, strict=True))
    assert status == {"fine": "ok", "same": "constant", "heavy": "heavy tail",
                      "heavier": "heavy tail"}  # fmt: skip
    transform = dict(zip(sobol["outcome"].values, sobol["transform"].values, strict=True))
    assert transform == {"fine": "raw", "same": "raw", "heavy": "raw", "heavier": "asinh"}
    size = sobol["effective_sample_size"]
    assert 100 <= size.sel(outcome="heavy") < 400
    assert size.sel(outcome="heavier") < 100
    same = sobol.sel(outcome="same")
    for name in ("first_order", "total_order", "second_order", "interaction", "rank_low"):
        assert same[name].isnull().all()
    assert sobol["total_order"].sel(outcome="heavier").notnull().all()


def test_indices_of_asinh_are_those_of_the_transformed_model() -> None:
    priors = risk.Priors({n: risk.Prior(norm(0, 1), **SOURCE) for n in ("x", "z")})

    def heavy(x: Any, z: Any) -> dict[str, Any]:
        return {"y": np.exp(3.0 * x) * np.exp(z)}

    first = risk.run_study(heavy, priors, draws=256, replicates=4)
    scale = first["sobol"]["scale"].item()
    again = risk.run_study(
        lambda x, z: {"y": np.arcsinh(heavy(x, z)["y"] / scale)}, priors, draws=256, replicates=4
    )
    ours, theirs = (s["sobol"].to_dataset()["total_order"] for s in (first, again))
    assert np.allclose(ours, theirs, rtol=1e-12)
    assert again["sobol"]["transform"].item() == "raw"


def test_second_order_is_symmetric_and_empty_on_its_diagonal(main_study: xr.DataTree) -> None:
    second = main_study["sobol"]["second_order"].sel(outcome="revenue_gap").values
    assert np.isnan(np.diag(second)).all()
    assert np.array_equal(second, second.T, equal_nan=True)


def test_a_saved_study_opens_identical(main_study: xr.DataTree, tmp_path: Any) -> None:
    path = risk.save_study(main_study, tmp_path / "study.nc")
    assert risk.open_study(path).identical(main_study)
    assert [p.name for p in tmp_path.iterdir()] == ["study.nc"]


def test_a_failed_save_leaves_the_old_file(main_study: xr.DataTree, tmp_path: Any) -> None:
    path = risk.save_study(main_study, tmp_path / "study.nc")
    before = path.read_bytes()
    broken = main_study.copy()
    broken.attrs["created"] = object()
    with pytest.raises(TypeError):
        risk.save_study(broken, path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["study.nc"]


def test_files_that_are_no_studies(tmp_path: Any) -> None:
    with pytest.raises(FileNotFoundError, match="Make the folder"):
        risk.save_study(xr.DataTree(), tmp_path / "no folder" / "study.nc")
    with pytest.raises(FileNotFoundError, match=r"Expected a study at .*none\.nc, found no file"):
        risk.open_study(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("not netCDF")
    with pytest.raises(ValueError, match="Expected a netCDF-4 study .* got another file"):
        risk.open_study(tmp_path / "text.nc")
    xr.Dataset({"a": 1}).to_netcdf(tmp_path / "other.nc", engine="h5netcdf")
    with pytest.raises(ValueError, match="got a netCDF file without"):
        risk.open_study(tmp_path / "other.nc")


def test_run_ids_name_the_question() -> None:
    priors = uniforms("x1", "x2")
    base = risk.run_id(product, priors, 64, 2, 0)
    assert base == risk.run_id(product, priors, 64, 2, 0)
    assert len(base) == 12
    others = [
        risk.run_id(product, priors, 128, 2, 0),
        risk.run_id(product, priors, 64, 4, 0),
        risk.run_id(product, priors, 64, 2, 1),
        risk.run_id(product, priors.fix(x1=0.5), 64, 2, 0),
        risk.run_id(lambda x1, x2: {"y": x1 + x2}, priors, 64, 2, 0),
        risk.run_id(product, priors, 64, 2, 0, factors={"both": ["x1", "x2"]}),
        risk.run_id(product, priors, 64, 2, 0, outcomes=["y"]),
    ]
    assert len({base, *others}) == 8


def test_what_a_model_carries_is_part_of_its_name() -> None:
    """Closures, partial arguments and attributes; not where they lie in memory."""

    class Scaled:
        def __init__(self, by: float) -> None:
            self.by = by

        def __call__(self, x1: Any, x2: Any) -> dict[str, Any]:
            return {"y": self.by * x1 * x2}

    def closed(by: float) -> Any:
        return lambda x1, x2: {"y": by * x1 * x2}

    def table(x1: Any, x2: Any, values: Any) -> Any:
        return {"y": x1 * values.sum()}

    long = np.zeros(5000)
    other = long.copy()
    other[2500] = 1
    for make in (Scaled, closed, lambda v: partial(table, values=(long, other)[int(v) - 1])):
        first, same, different = (model_hash(make(v)) for v in (1.0, 1.0, 2.0))
        assert first == same != different


def test_every_variable_has_units_and_a_name(main_study: xr.DataTree) -> None:
    for node in main_study.subtree:
        for name, variable in node.data_vars.items():
            assert {"units", "long_name"} <= set(variable.attrs), f"{node.path}/{name}"


def test_units_of_outcomes_come_from_the_model(main_study: xr.DataTree) -> None:
    units = {n: main_study["draws"][n].attrs["units"] for n in ("real_revenue", "node_hours")}
    assert units == {"real_revenue": "USD/day", "node_hours": "node*hour/day"}


def test_quantiles_in_code() -> None:
    priors = risk.Priors(
        {
            "x1": risk.Prior(quantiles={0.05: 1.0, 0.5: 2.0, 0.95: 5.0}, **SOURCE),
            "x2": risk.Prior(lognorm(0.1), **SOURCE),
        }
    )
    study = risk.run_study(product, priors, draws=1024, replicates=4)
    x = study["draws"]["x1"].values.ravel()
    assert np.quantile(x, [0.05, 0.5, 0.95]) == pytest.approx([1, 2, 5], rel=5e-3)

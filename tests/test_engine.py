"""The engine: the same bits on every executor, and the same indices as a written-out design."""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import lognorm, norm, uniform

import risk
from risk.designs import sobol_replicate
from risk.engine import Job, run_replicate
from risk.evaluation import bind
from risk.stats.sobol import pick_freeze


def model(x1: Any, x2: Any, given: Any) -> dict[str, Any]:
    """A product, a sum and a constant."""
    return {"product": x1 * x2 * given, "sum": x1 + given, "same": 0 * x1 + 3.0}


@pytest.fixture
def priors() -> risk.Priors:
    source: dict[str, Any] = {"unit": "1", "source": "a test"}
    return risk.Priors(
        {
            "x1": risk.Prior(lognorm(0.5), **source),
            "state": risk.Prior({"low": 0.3, "high": 0.7}, **source),
            "given": risk.Prior(
                {"low": uniform(0, 1), "high": norm(3, 1)}, given="state", **source
            ),
            "x2": risk.Prior(uniform(1, 1), **source),
        }
    )


def run(priors: risk.Priors, executor: Executor | None, **more: Any) -> xr.DataTree:
    return risk.run_study(model, priors, draws=128, replicates=4, executor=executor, **more)


def test_the_same_bits_on_every_executor(priors: risk.Priors) -> None:
    serial = run(priors, None)
    with ThreadPoolExecutor(3) as threads:
        threaded = run(priors, threads)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as processes:
        spread = run(priors, processes)
    for other in (threaded, spread):
        assert other.attrs["outputs_hash"] == serial.attrs["outputs_hash"]
        for group in serial.children:
            xr.testing.assert_identical(other[group].to_dataset(), serial[group].to_dataset())


def test_seeds(priors: risk.Priors) -> None:
    """0 is a seed like any other, and the same one gives the same numbers."""
    hashes = [run(priors, None, seed=s).attrs["outputs_hash"] for s in (0, 0, 1, -1)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_progress_counts_replicates(priors: risk.Priors) -> None:
    seen: list[tuple[int, int]] = []
    run(priors, None, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 4), (2, 4), (3, 4), (4, 4)]
    with ThreadPoolExecutor(2) as threads:
        run(priors, threads, progress=lambda done, total: seen.append((done, total)))
    assert sorted(seen[4:]) == seen[:4]


def test_a_model_that_cannot_travel(priors: risk.Priors) -> None:
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as processes,
        pytest.raises(risk.ModelError, match="can be sent to another process, .*use threads"),
    ):
        risk.run_study(
            lambda x1, x2, given: {"y": x1 * x2 * given}, priors,
            draws=4, replicates=2, executor=processes,
        )  # fmt: skip


def test_an_error_in_a_worker_reaches_the_caller(priors: risk.Priors) -> None:
    def broken(x1: Any, x2: Any, given: Any) -> Any:
        return {"y": np.where(len(x1) > 64, np.nan, x1)}

    with (
        ThreadPoolExecutor(2) as threads,
        pytest.raises(risk.ModelError, match="in the pilot, design A: 128 of `y`"),
    ):
        risk.run_study(broken, priors, draws=128, replicates=2, executor=threads)


def test_a_replicate_is_the_written_out_design(priors: risk.Priors) -> None:
    """Exchanged columns equal the map of exchanged coordinates, regime included."""
    bound = bind(model, priors)
    names = bound.map.names
    order = [0, 1, 2, 3]
    job = Job(bound, {n: (n,) for n in names}, bound.outcomes, 64, 9, order, np.ones(3))
    found = run_replicate(job, (1, 0))
    a, b = sobol_replicate(64, order, 9, (1, 0))

    def outputs(u: np.ndarray) -> np.ndarray:
        y = bound(bound.map.inputs(bound.map.columns(u)), 64)
        return np.stack([y, np.arcsinh(y)])  # the scale is 1

    mixed = []
    for u, v in ((a, b), (b, a)):
        swap = [np.where((np.arange(4) == i)[:, None], v, u) for i in range(4)]
        mixed.append(np.stack([outputs(x) for x in swap]))
    expected = pick_freeze(outputs(a), outputs(b), *mixed)
    for ours, theirs in zip(found.sums, expected, strict=True):
        assert np.array_equal(ours, theirs)
    assert found.constant.tolist() == [False, False, True]


def test_the_order_of_inputs_is_that_of_importance() -> None:
    from risk.engine import importance_order

    source: dict[str, Any] = {"unit": "1", "source": "a test"}
    three = risk.Priors({f"x{i}": risk.Prior(uniform(0, 1), **source) for i in (1, 2, 3)})
    bound = bind(lambda x1, x2, x3: {"y": x1 + 9 * x2 + 3 * x3}, three)
    job = Job(bound, {n: (n,) for n in three}, ("y",), 256, 0, [0, 1, 2])
    assert importance_order(job, run_replicate(job, (0,))) == [1, 2, 0]

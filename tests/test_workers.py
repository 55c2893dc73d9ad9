"""The same bits wherever the work is done, and clear words where it cannot be."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import distributed
import numpy as np
import pytest
import xarray as xr
from scipy.stats import lognorm, norm, uniform
from threadpoolctl import threadpool_info, threadpool_limits

import risk
from risk import simulation
from risk.processes import local_processes
from risk.workers import run_all, work_through

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}


def model(x1: Any, x2: Any, given: Any) -> dict[str, Any]:
    """A product, a heavy tail that takes a second look, and a constant."""
    wild = np.exp(4 * x2 + x1)
    return {"product": x1 * x2 * given, "wild": wild, "same": 0 * x1 + 3.0}


@pytest.fixture(scope="module")
def priors() -> risk.Priors:
    states = {"low": uniform(0, 1), "high": norm(3, 1)}
    return risk.Priors(
        {
            "x1": risk.Prior(lognorm(0.5), **SOURCE),
            "state": risk.Prior({"low": 0.3, "high": 0.7}, **SOURCE),
            "given": risk.Prior(states, given="state", **SOURCE),
            "x2": risk.Prior(norm(1, 1), **SOURCE),
        }
    )


def run(priors: risk.Priors, executor: Executor | None = None, **more: Any) -> xr.DataTree:
    options: dict[str, Any] = {"draws": 1024, "replicates": 6, "keep_draws": 3072} | more
    return risk.run_study(model, priors, executor=executor, **options)


@pytest.fixture(scope="module")
def serial(priors: risk.Priors) -> xr.DataTree:
    return run(priors)


@pytest.fixture(scope="module")
def processes() -> Iterator[Executor]:
    with local_processes(2) as executor:
        yield executor


def identical(one: xr.DataTree, other: xr.DataTree) -> None:
    assert one.attrs["outputs_hash"] == other.attrs["outputs_hash"]
    assert one.children.keys() == other.children.keys()
    for group in one.children:
        xr.testing.assert_identical(one[group].to_dataset(), other[group].to_dataset())


@pytest.mark.parametrize("count", [1, 2, 3])
def test_threads_give_the_same_bits(priors: risk.Priors, serial: xr.DataTree, count: int) -> None:
    with ThreadPoolExecutor(count) as threads:
        identical(run(priors, threads), serial)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_processes_give_the_same_bits(priors: risk.Priors, serial: xr.DataTree, count: int) -> None:
    with local_processes(count) as executor:
        identical(run(priors, executor), serial)


# The cluster leaves sockets to the garbage collector when it is closed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_dask_gives_the_same_bits(priors: risk.Priors, serial: xr.DataTree) -> None:
    """A real cluster on this machine: on one of its workers, on two, on all three."""
    options = {"n_workers": 3, "threads_per_worker": 1, "dashboard_address": ":0"}
    with (
        distributed.LocalCluster(**options) as cluster,
        distributed.Client(cluster) as client,
    ):
        client.wait_for_workers(3)
        addresses = list(client.scheduler_info(n_workers=-1)["workers"])
        for count in (1, 2, 3):
            with client.get_executor(pure=False, workers=addresses[:count]) as executor:
                identical(run(priors, executor), serial)


@pytest.mark.parametrize("rows", [1, 1 << 15, 1 << 18])
def test_block_sizes_give_the_same_bits(
    priors: risk.Priors,
    serial: xr.DataTree,
    processes: Executor,
    rows: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    planned = simulation.plan
    monkeypatch.setattr("risk.study.plan", lambda *given: replace(planned(*given), block_rows=rows))
    with ThreadPoolExecutor(2) as threads:
        for executor in (None, threads, processes):
            identical(run(priors, executor), serial)


def test_a_model_of_a_script_or_a_notebook_travels(
    priors: risk.Priors, processes: Executor
) -> None:
    """A function without a module that a worker could import, and one without a name."""
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec("def made(x1, x2, given):\n    return {'y': x1 * x2 + given}\n", scope)
    factor = 2.0
    for travelling in (scope["made"], lambda x1, x2, given: {"y": factor * x1 + x2 + given}):
        options: dict[str, Any] = {"draws": 64, "replicates": 2}
        there = risk.run_study(travelling, priors, executor=processes, **options)
        identical(there, risk.run_study(travelling, priors, **options))


def test_a_model_that_cannot_travel(priors: risk.Priors, processes: Executor) -> None:
    lock = threading.Lock()

    def locked(x1: Any, x2: Any, given: Any) -> dict[str, Any]:
        with lock:
            return {"y": x1 * x2 * given}

    options: dict[str, Any] = {"draws": 64, "replicates": 2}
    with pytest.raises(risk.WorkerError, match=r"can be sent to another process, .*use threads"):
        risk.run_study(locked, priors, executor=processes, **options)
    with ThreadPoolExecutor(2) as threads:  # which need no sending
        there = risk.run_study(locked, priors, executor=threads, **options)
    identical(there, risk.run_study(locked, priors, **options))


def test_a_model_that_workers_cannot_import(processes: Executor) -> None:
    class Missing:
        def __reduce__(self) -> Any:
            return (__import__, ("no_such_module_here",))

    missing = Missing()
    with pytest.raises(risk.WorkerError, match="workers can import, .*no_such_module_here"):
        run_all(lambda item: (missing, item), [1, 2], processes)


def test_an_error_in_a_worker_reaches_the_caller(priors: risk.Priors, processes: Executor) -> None:
    def broken(x1: Any, x2: Any, given: Any) -> Any:
        return {"y": np.where(x1 > 6.0, np.nan, x1)}

    with ThreadPoolExecutor(2) as threads:
        for executor in (None, threads, processes):
            with pytest.raises(risk.ModelError, match=r"in replicate \d+, design [AB]"):
                # A seed whose pilot stays below 6.
                risk.run_study(broken, priors, draws=2048, replicates=3, seed=1, executor=executor)


ORPHANS = """
import time
from risk.processes import local_processes
from risk.workers import run_all

if __name__ == "__main__":
    with local_processes(2) as executor:
        run_all(lambda _: print("here", flush=True), [0, 1], executor)
        run_all(time.sleep, [60] * 2, executor)
"""


def test_workers_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    """The output ends when the last process that could write to it has ended."""
    script = tmp_path / "script.py"
    script.write_text(ORPHANS)
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        assert [parent.stdout.readline() for _ in range(2)] == [b"here\n"] * 2
        parent.kill()
        assert parent.communicate(timeout=20) == (b"", None)


def test_results_come_as_they_are_finished_each_with_its_place() -> None:
    others, seen = threading.Event(), list[tuple[int, int]]()

    def slow(item: int) -> int:
        if item == 0:
            assert others.wait(10)
        return 10 * item

    def take(place: int, result: int) -> None:
        seen.append((place, result))
        if len(seen) == 2:
            others.set()

    with ThreadPoolExecutor(2) as threads:
        work_through(slow, [0, 1, 2], take, threads)
    assert sorted(seen[:2]) == [(1, 10), (2, 20)]
    assert seen[2] == (0, 0)


def test_an_executor_that_works_when_it_is_asked_hands_on_at_once() -> None:
    class Synchronous(Executor):
        def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
            future: Future[Any] = Future()
            future.set_result(fn(*args, **kwargs))
            said.append("worked")
            return future

    said: list[str] = []
    work_through(abs, [-1, -2], lambda *_: said.append("taken"), Synchronous())
    assert said == ["worked", "taken"] * 2


@pytest.mark.parametrize("together", [1, 2, 5])
def test_items_sent_together_keep_their_places(processes: Executor, together: int) -> None:
    found: dict[int, int] = {}
    work_through(abs, [-1, -2, -3], found.__setitem__, processes, together)
    assert found == {0: 1, 1: 2, 2: 3}


def test_progress_counts_replicates(priors: risk.Priors) -> None:
    seen: list[tuple[int, int]] = []
    options: dict[str, Any] = {"replicates": 3, "outcomes": ["product"]}
    run(priors, progress=lambda done, total: seen.append((done, total)), **options)
    assert seen == [(0, 3), (1, 3), (2, 3), (3, 3)]
    with ThreadPoolExecutor(2) as threads:
        run(priors, threads, progress=lambda done, total: seen.append((done, total)), **options)
    assert sorted(seen[4:]) == seen[:4]


def test_seeds(priors: risk.Priors) -> None:
    """0 is a seed like any other, and the same one gives the same numbers."""
    hashes = [run(priors, seed=s, draws=64).attrs["outputs_hash"] for s in (0, 0, 1, -1)]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_blas_has_one_thread_where_work_is_done(processes: Executor) -> None:
    assert run_all(_blas_threads, [0], processes) == run_all(_blas_threads, [0]) == [1]


def test_threads_leave_blas_as_it_was() -> None:
    """Each task that set the limit for itself would restore what another one had set."""
    with threadpool_limits(3, user_api="blas"), ThreadPoolExecutor(2) as threads:
        assert run_all(_blas_threads, [0.02, 0.01, 0.02, 0.01], threads) == [1] * 4
        assert _blas_threads(0) == 3


def _blas_threads(seconds: float) -> int:
    time.sleep(seconds)
    return max(info["num_threads"] for info in threadpool_info() if info["user_api"] == "blas")

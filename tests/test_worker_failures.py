"""Workers that die, pools that are closed: clear words, and nobody waits."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import dask
import distributed
import pytest
from scipy.stats import norm

import risk
from risk.processes import local_processes
from risk.workers import run_all, work_through


def test_a_worker_that_dies() -> None:
    """It dies at once, as when memory runs out."""
    with (
        local_processes(1) as executor,
        pytest.raises(risk.WorkerError, match="live until their work is done.*use fewer workers"),
    ):
        run_all(os._exit, [1], executor)


def test_a_worker_that_dies_while_what_it_forked_lives() -> None:
    """The fork holds the worker's end of the pipe open; it ends by itself."""

    def die(_: int) -> None:
        if os.fork() == 0:
            time.sleep(3)
        os._exit(1)

    began = time.monotonic()
    with (
        local_processes(1) as executor,
        pytest.raises(risk.WorkerError, match="live until their work is done"),
    ):
        run_all(die, [1], executor)
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("error", [EOFError, BlockingIOError("Resource unavailable")])
def test_workers_that_do_not_start(monkeypatch: pytest.MonkeyPatch, error: Any) -> None:
    def start(*_: object) -> None:
        raise error

    monkeypatch.setattr("multiprocessing.context.ForkServerProcess.start", start)
    with (
        pytest.raises(risk.WorkerError, match=r"Expected 2 worker processes.*Use fewer workers"),
        local_processes(2),
    ):
        pass


def test_an_error_first_hands_on_what_is_finished() -> None:
    """Of two threads one fails at the third item, while the first result is slowly taken."""

    def work(item: int) -> int:
        if item == 2:
            raise ValueError("the third")
        time.sleep(0.01)
        return item

    def take(place: int, _: int) -> None:
        time.sleep(0.0 if came else 0.3)
        came.append(place)

    for finishing in (lambda _: None, None):
        came: list[int] = []
        with ThreadPoolExecutor(2) as threads, pytest.raises(ValueError, match="the third"):
            work_through(work, range(12), take, threads, 1, finishing)
        if finishing is None:
            assert len(came) < 11
        else:
            assert sorted(came) == [0, 1, *range(3, 12)]


def test_a_pool_that_was_shut_down() -> None:
    for executor in (ThreadPoolExecutor(1), ProcessPoolExecutor(1)):
        executor.shutdown()
        with pytest.raises(risk.WorkerError, match=r"takes work, .*after shutdown.*Make another"):
            run_all(abs, [1], executor)


@contextlib.contextmanager
def dask_client(workers: int = 1, failures: int = 0) -> Iterator[distributed.Client]:
    """A client of a Dask cluster that gives a task up after so many workers that it ended."""
    options = {"n_workers": workers, "threads_per_worker": 1, "dashboard_address": ":0"}
    more = {"allowed-failures": failures, "worker-ttl": None}
    with (
        dask.config.set({f"distributed.scheduler.{k}": v for k, v in more.items()}),
        distributed.LocalCluster(**options, silence_logs=logging.CRITICAL) as cluster,
        distributed.Client(cluster, set_as_default=False) as client,
    ):
        yield client


# A cluster leaves sockets to the garbage collector when it is closed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


def test_a_dask_worker_that_dies_each_time_and_a_client_that_is_closed() -> None:
    with dask_client() as client:
        executor = client.get_executor(pure=False)
        with pytest.raises(risk.WorkerError, match="live until their work is done.*workers died"):
            run_all(os._exit, [1], executor)
        client.close()
        with pytest.raises(risk.WorkerError, match=r"takes work, .*Client is closed"):
            run_all(abs, [1], executor)


def test_a_dask_worker_that_is_killed_in_mid_run(tmp_path: Path) -> None:
    """Its work goes to another one, and the bits are the same."""
    go, gone, here = tmp_path / "go", tmp_path / "gone", os.getpid()

    def model(x: Any) -> dict[str, Any]:
        if os.getpid() != here:
            with contextlib.suppress(FileNotFoundError):  # for one of them alone it is there
                go.rename(gone)
                os.kill(os.getpid(), signal.SIGKILL)
        return {"y": x**2 + len(x) - len(x)}  # called as it is

    def progress(done: int, _: int) -> None:
        if done == 2:
            go.touch()

    priors = risk.Priors({"x": risk.Prior(norm(0, 1), unit="1", source="a test")})
    options: dict[str, Any] = {"draws": 1 << 15, "replicates": 12}
    expected = risk.run_study(model, priors, **options)
    with dask_client(workers=2, failures=3) as client:
        executor = client.get_executor(pure=False)
        study = risk.run_study(model, priors, executor=executor, progress=progress, **options)
    assert gone.exists()
    assert study.attrs["outputs_hash"] == expected.attrs["outputs_hash"]


def test_an_error_that_cannot_be_sent_back() -> None:
    class Locked(Exception):
        def __init__(self, text: str) -> None:
            super().__init__(text)
            self.own = threading.Lock()

    def failing(x: Any) -> dict[str, Any]:
        if os.getpid() != here:
            raise Locked("in a worker")
        return {"y": x + len(x) - len(x)}  # called as it is

    here = os.getpid()
    priors = risk.Priors({"x": risk.Prior(norm(0, 1), unit="1", source="a test")})
    with local_processes(1) as local, dask_client() as client:
        for executor in (local, client.get_executor(pure=False)):
            with pytest.raises(
                risk.ModelError, match="The model failed at .*in a worker"
            ) as caught:
                risk.run_study(failing, priors, draws=64, replicates=2, executor=executor)
            assert "in failing" in "".join(caught.value.__notes__)  # the worker's own traceback

"""Workers that die, pools that are closed: clear words, and nobody waits."""

from __future__ import annotations

import logging
import os
import threading
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import dask
import distributed
import pytest
from scipy.stats import norm

import risk
from risk.workers import local_processes, run_all


def test_a_worker_that_dies() -> None:
    """Known by a second process: the first dies at once, as when memory runs out."""
    with (
        local_processes(1) as executor,
        pytest.raises(risk.WorkerError, match="live until their work is done.*use fewer workers"),
    ):
        run_all(os._exit, [1], executor)


def test_a_pool_that_was_shut_down() -> None:
    for executor in (ThreadPoolExecutor(1), ProcessPoolExecutor(1)):
        executor.shutdown()
        with pytest.raises(risk.WorkerError, match=r"takes work, .*after shutdown.*Make another"):
            run_all(abs, [1], executor)


# The cluster leaves sockets to the garbage collector when it is closed.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dask_worker_that_dies_each_time_and_a_client_that_is_closed() -> None:
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": ":0"}
    more = {"allowed-failures": 0, "worker-ttl": None}
    with (
        dask.config.set({f"distributed.scheduler.{k}": v for k, v in more.items()}),
        distributed.LocalCluster(**options, silence_logs=logging.CRITICAL) as cluster,
    ):
        client = distributed.Client(cluster)
        executor = client.get_executor(pure=False)
        with pytest.raises(risk.WorkerError, match="live until their work is done.*workers died"):
            run_all(os._exit, [1], executor)
        client.close()
        with pytest.raises(risk.WorkerError, match=r"takes work, .*Client is closed"):
            run_all(abs, [1], executor)


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
    with (
        local_processes(1) as executor,
        pytest.raises(risk.ModelError, match="The model failed at .*in a worker"),
    ):
        risk.run_study(failing, priors, draws=64, replicates=2, executor=executor)

"""Where the benchmarks of scaling have the work done."""

from __future__ import annotations

import contextlib
import importlib
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import Any, NamedTuple
from unittest import mock

from risk.processes import local_processes


class Place(NamedTuple):
    """Who does the work."""

    kind: str
    workers: int = 1

    def __str__(self) -> str:
        return self.kind if self.kind == "this thread" else f"{self.kind}, {self.workers}"


HERE = Place("this thread")


@contextlib.contextmanager
def executor(place: Place) -> Iterator[Executor | None]:
    """An executor of this kind with so many workers; None for this thread."""
    if place.kind == "threads":
        with ThreadPoolExecutor(place.workers) as threads:
            yield threads
    elif place.kind == "processes":
        with local_processes(place.workers) as processes:
            yield processes
    elif place.kind == "Dask":
        dask: Any = importlib.import_module("distributed")
        with mock.patch.dict(os.environ):  # Dask leaves its workers' settings in ours
            cluster = dask.LocalCluster(
                n_workers=place.workers,
                threads_per_worker=1,
                dashboard_address=":0",
                silence_logs=50,
            )
        with cluster, dask.Client(cluster, set_as_default=False) as client:
            yield client.get_executor(pure=False)
    else:
        yield None

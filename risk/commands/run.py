"""`risk run`: where the work is done, and what of it is safe."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import xarray as xr

from risk import study
from risk.checkpoint import held
from risk.identity import run_id
from risk.model import profit_model
from risk.priors import Priors
from risk.workers import WorkerError, local_processes

Progress = Callable[[int, int], None]


class Place(NamedTuple):
    """Who does the work: one of the three, or this thread."""

    workers: int | None = None
    threads: int | None = None
    dask: str | None = None


class Size(NamedTuple):
    """How much to compute."""

    draws: int = 4096
    replicates: int = 16


@contextlib.contextmanager
def executor(place: Place) -> Iterator[Executor | None]:
    """Processes, threads or a Dask cluster; None for one worker, which is this thread."""
    if place.dask is not None:
        with _cluster(place.dask) as cluster:
            yield cluster
    elif (place.threads or 1) > 1:
        with ThreadPoolExecutor(place.threads) as threads:
            yield threads
    elif (place.workers or 1) > 1:
        with local_processes(place.workers or 1) as processes:
            yield processes
    else:
        yield None


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client
    except ImportError as error:
        raise WorkerError(
            f"Expected the extra `cluster` for --dask, got none ({error}). "
            "Install it: pip install 'ai-lab-risk[cluster]'."
        ) from error
    where = urlsplit(address if "//" in address else f"tcp://{address}")
    try:  # a client that finds nobody leaves threads behind that complain at the end
        socket.create_connection((where.hostname, where.port or 8786), timeout=10).close()
        client: Any = Client(address)
    except (OSError, ValueError) as error:
        raise WorkerError(
            f"Expected a Dask scheduler at {address}, found none ({error}). Start one with "
            "`dask scheduler`, and give the address that it prints."
        ) from error
    with client, client.get_executor(pure=False) as workers:
        yield workers


def checkpoint_of(priors: Priors, out: Path) -> Path:
    """Where the finished replicates of a case are kept."""
    return out / priors.case / "checkpoint"


def draws_file_of(priors: Priors, out: Path, wanted: Size, seed: int) -> Path:
    """Where every draw of a run goes, beside the run's own folder."""
    name = run_id(profit_model, priors, *wanted, seed)
    return out / priors.case / f"{name}-draws.nc"


def size(draws: int | None, replicates: int | None, extend: Path | None) -> Size:
    """How much to compute: what was asked for, and for the rest the default, or what is there.

    Of a checkpoint to extend more replicates or more points are wanted; where neither number is
    given, twice the points.

    Raises
    ------
    ValueError
        When the checkpoint holds nothing.
    """
    known = Size()
    if extend is not None:
        known = Size(*held(extend))
        if not known.draws:
            raise ValueError(
                f"Expected finished replicates in {extend}, found none. Run with --resume first."
            )
        if draws is None and replicates is None:
            return known._replace(draws=2 * known.draws)
    return Size(
        known.draws if draws is None else draws,
        known.replicates if replicates is None else replicates,
    )


def simulate(
    priors: Priors,
    wanted: Size,
    seed: int,
    place: Place,
    checkpoint: Path | None,
    draws_file: Path | None,
    progress: Progress,
) -> xr.DataTree:
    """The study of a case."""
    if draws_file is not None:
        draws_file.parent.mkdir(parents=True, exist_ok=True)
    with executor(place) as workers:
        return study.run_study(
            profit_model,
            priors,
            **wanted._asdict(),
            seed=seed,
            executor=workers,
            checkpoint=checkpoint,
            draws_file=draws_file,
            progress=progress,
        )


def interrupted(checkpoint: Path | None, replicates: int) -> str:
    """What an interrupt has cost, and how to go on."""
    if checkpoint is None:
        return (
            "Interrupted. Nothing half-written is left; with --resume finished replicates would "
            "be kept."
        )
    count = held(checkpoint)[1]
    return (
        f"Interrupted. {count} of {replicates} replicates are safe in {checkpoint}; the same "
        "command goes on from there."
    )

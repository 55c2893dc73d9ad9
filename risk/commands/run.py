"""`risk run`: where the work is done, and what of it is safe."""

from __future__ import annotations

import asyncio
import contextlib
import json
import operator
import socket
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import xarray as xr

from risk import study
from risk.checkpoint import held
from risk.files import write_durably
from risk.identity import run_id
from risk.model import profit_model
from risk.priors import Priors
from risk.processes import local_processes

Progress = Callable[[int, int], None]
PATIENCE = 10  # seconds to wait for a cluster
FINISHED = "finished.json"  # in a checkpoint: the size of the last run that was finished


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
        threads, wait = ThreadPoolExecutor(place.threads), True
        try:
            yield threads
        except KeyboardInterrupt:
            wait = False  # they end with the process
            raise
        finally:
            threads.shutdown(wait, cancel_futures=True)
    elif (place.workers or 1) > 1:
        with local_processes(place.workers or 1) as processes:
            yield processes
    else:
        yield None


@contextlib.contextmanager
def _cluster(address: str) -> Iterator[Executor]:
    try:
        from distributed import Client, Security
        from distributed.comm import connect
    except ImportError as error:
        raise ValueError(
            f"Expected the extra `cluster` for --dask, got none ({error}). "
            "Install it: pip install 'ai-lab-risk[cluster]'."
        ) from error
    where = urlsplit(address if "//" in address else f"tcp://{address}")

    async def greet(place: str) -> None:
        comm = await connect(place, PATIENCE, **Security().get_connection_args("client"))
        await comm.close()

    try:
        if not where.hostname:
            raise ValueError("no host")
        place = f"{where.scheme}://{where.hostname}:{where.port or 8786}"
        socket.create_connection((where.hostname, where.port or 8786), PATIENCE).close()
        # A client waits for ever for one that does not greet, and leaves threads that complain.
        asyncio.run(asyncio.wait_for(greet(place), PATIENCE))
        client: Any = Client(place, timeout=PATIENCE)
    except (OSError, ValueError, TypeError) as error:  # of TLS without a certificate the last
        reason = str(error) or "nobody greets as one does"
        raise ValueError(
            f"Expected a Dask scheduler at {address or 'an address'}, found none ({reason}). Start "
            "one with `dask scheduler`, and give the address that it prints."
        ) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=PATIENCE)
        except TimeoutError:  # some start when there is work
            note = f"Note: {address} has no workers yet; the run begins when there are some."
            print(note, file=sys.stderr, flush=True)
        with client.get_executor(pure=False) as workers:
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

    Of a finished run to extend more replicates or more points are wanted; where neither number is
    given, twice the points.

    Raises
    ------
    ValueError
        When there is no finished run to extend, or when less is asked for than it has.
    """
    if extend is None:
        return _asked(Size(), draws, replicates)
    known = finished(extend)
    if draws is None and replicates is None:
        return known._replace(draws=2 * known.draws)
    wanted = _asked(known, draws, replicates)
    if wanted.draws < known.draws or wanted.replicates < known.replicates:
        raise ValueError(
            f"Expected to extend the {known.replicates:,} replicates of {known.draws:,} draws in "
            f"{extend}, got {wanted.replicates:,} of {wanted.draws:,}. Ask for more, or leave out "
            "--extend."
        )
    return wanted


def _asked(known: Size, draws: int | None, replicates: int | None) -> Size:
    given = {"draws": draws, "replicates": replicates}
    return known._replace(**{name: n for name, n in given.items() if n is not None})


def finished(checkpoint: Path) -> Size:
    """The size of the last run that was finished from a checkpoint."""
    try:
        known = Size(**json.loads((checkpoint / FINISHED).read_text("utf-8")))
        return Size(*map(operator.index, known))
    except (FileNotFoundError, NotADirectoryError):
        raise ValueError(
            f"Expected a finished run in {checkpoint}, found none. Run with --resume first."
        ) from None
    except (ValueError, TypeError) as error:
        raise ValueError(
            f"Expected draws and replicates in {checkpoint / FINISHED}, got a file without them "
            f"({error}). Run with --resume again."
        ) from None


def finish(checkpoint: Path, study: xr.DataTree) -> None:
    """Note what `--extend` goes on from, once the files of a run are written."""
    write_durably(checkpoint / FINISHED, json.dumps(size_of(study)._asdict()).encode())


def size_of(study: xr.DataTree) -> Size:
    """How much a study has computed."""
    return Size(*(int(study.attrs[name]) for name in Size._fields))


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


def interrupted(checkpoint: Path | None, wanted: Size, begun: bool = True) -> str:
    """What an interrupt has cost, and how to go on."""
    if checkpoint is None:
        return (
            "Interrupted. Nothing half-written is left; with --resume finished replicates would "
            "be kept."
        )
    if not begun:  # whether it holds this question is not known yet
        return f"Interrupted before the simulation began; {checkpoint} is as it was."
    return (
        f"Interrupted. {held(checkpoint, *wanted)} of {wanted.replicates} replicates are safe in "
        f"{checkpoint}; the same command goes on from there."
    )

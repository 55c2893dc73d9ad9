"""Independent pieces of work on this thread or on any executor: threads, processes, a cluster.

What is sent is one function, as bytes, and the items that it is to be called with; a worker reads
the bytes once. Functions from a script or a notebook travel by value (cloudpickle).
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import multiprocessing.connection
import os
import pickle
import signal
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
    as_completed,
)
from typing import Any, TypeVar

import cloudpickle
from threadpoolctl import ThreadpoolController

Item = TypeVar("Item")
Result = TypeVar("Result")


class WorkerError(RuntimeError):
    """Work that could not be sent to a worker, or that a worker did not live to finish."""


def results(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    executor: Executor | None = None,
    together: int = 1,
) -> Iterator[tuple[int, Result]]:
    """The place of an item and its result, as they are finished, whoever does the work.

    Parameters
    ----------
    together
        How many items to send as one task.

    Raises
    ------
    WorkerError
        When the function cannot be sent, or a worker died. Errors of the function are its own.
    """
    if executor is None:
        for place, item in enumerate(items):
            yield place, _alone(function, [item])[0]
        return
    threads = isinstance(executor, ThreadPoolExecutor)
    send, work = (_each, function) if threads else (_sent, _bytes_of(function))
    places = [range(i, min(i + together, len(items))) for i in range(0, len(items), together)]
    futures: dict[Future[list[Result]], range] = {}
    # Of threads the limit is one for all: each would restore what another had set.
    with blas_on_one_thread() if threads else contextlib.nullcontext():
        try:
            for part in places:
                futures[_submitted(executor, send, work, [items[p] for p in part])] = part
            for future in as_completed(futures):
                yield from zip(futures.pop(future), _result(future), strict=True)
        finally:
            for future in futures:
                future.cancel()


def run_all(
    function: Callable[[Item], Result], items: Sequence[Item], executor: Executor | None = None
) -> list[Result]:
    """Results of independent pieces of work, in their order."""
    done = dict(results(function, items, executor))
    return [done[place] for place in range(len(items))]


def _each(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Do the work on a thread of this process."""
    return [function(item) for item in items]


def _alone(function: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
    """Do the work here, with BLAS on one thread: it would only get in the way of other workers."""
    with blas_on_one_thread():
        return _each(function, items)


def _sent(work: bytes, items: Sequence[Any]) -> list[Any]:
    """Do the work in another process."""
    try:
        return _alone(_function(work), items)
    except Exception as error:
        try:
            pickle.dumps(error)
        except Exception:  # the model's own error holds what cannot be sent back
            error.__cause__ = error.__context__ = None
        raise error from error.__cause__


@functools.lru_cache(maxsize=4)
def _function(work: bytes) -> Callable[[Any], Any]:
    try:
        return pickle.loads(zlib.decompress(work))  # type: ignore[no-any-return]
    except Exception as error:  # whatever an object's own way of being unpickled raises
        raise WorkerError(
            f"Expected a model that the workers can import, got one that they cannot ({error}). "
            "Install its module there, or define it in the script itself."
        ) from error


def _bytes_of(function: Callable[..., Any]) -> bytes:
    try:
        return zlib.compress(cloudpickle.dumps(function))
    except Exception as error:  # whatever an object's own way of being pickled raises
        raise WorkerError(
            f"Expected a model that can be sent to another process, got one that cannot ({error}). "
            "Leave open files, locks and connections out of it, or use threads."
        ) from error


def _submitted(executor: Executor, *call: Any) -> Future[Any]:
    """A task on its way, or that the executor takes none."""
    try:
        return executor.submit(*call)
    except Exception as error:  # a pool that was shut down, a client that was closed
        raise WorkerError(
            f"Expected an executor that takes work, got one that does not ({error}). "
            "Make another one, and keep it open until the study is done."
        ) from error


def _result(future: Future[list[Result]]) -> list[Result]:
    """What a worker computed, or what is wrong in words that help."""
    try:
        return future.result()
    except Exception as error:
        if not (isinstance(error, BrokenExecutor | CancelledError) or _of_dask(error)):
            raise
        raise WorkerError(
            f"Expected workers that live until their work is done, got one that ended "
            f"({str(error) or type(error).__name__}). "
            "Perhaps memory ran out: use fewer workers or fewer draws. Or the pool was closed."
        ) from error


def _of_dask(error: BaseException) -> bool:
    """Whether the cluster itself complains: a killed worker, a client or scheduler that is gone."""
    return type(error).__module__.partition(".")[0] == "distributed"


@contextlib.contextmanager
def blas_on_one_thread() -> Iterator[None]:
    """A context in which BLAS starts no threads, whose number would decide the last bits."""
    with _threads().limit(limits=1, user_api="blas"):
        yield


@functools.cache
def _threads() -> ThreadpoolController:
    """The thread pools of this process; finding them takes milliseconds."""
    return ThreadpoolController()


@contextlib.contextmanager
def local_processes(count: int) -> Iterator[Executor]:
    """Processes on this machine that leave Ctrl-C to the one that started them.

    They are started afresh, not forked from a process that may have threads; where the system can,
    one of them imports the engine once and the others are forked from it.
    """
    fork = "forkserver" in multiprocessing.get_all_start_methods()
    context = multiprocessing.get_context("forkserver" if fork else "spawn")
    if fork:
        context.set_forkserver_preload(["risk.engine"])
    with ProcessPoolExecutor(count, context, initializer=_settle) as processes:
        with _interrupts_later():
            _result(_submitted(processes, _each, _nothing, []))
        yield processes


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back in this thread until the block ends, and in processes started meanwhile."""
    if not hasattr(signal, "pthread_sigmask"):  # as on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _nothing(item: Any) -> None:
    """The first task, which wakes a worker."""


def _settle() -> None:
    """A worker leaves interrupts to its parent, and ends when it does, however that ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # held back while it was started
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent.sentinel,), daemon=True).start()


def _end_with(sentinel: int) -> None:
    multiprocessing.connection.wait([sentinel])
    os._exit(1)

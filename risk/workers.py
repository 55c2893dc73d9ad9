"""Independent pieces of work on this thread or on any executor: threads, processes, a cluster.

What is sent is one function, as bytes, and the items that it is to be called with; a worker reads
the bytes once. Functions from a script or a notebook travel by value (cloudpickle).
"""

from __future__ import annotations

import contextlib
import functools
import pickle
import traceback
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
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


def work_through(
    function: Callable[[Item], Result],
    items: Sequence[Item],
    take: Callable[[int, Result], None],
    executor: Executor | None = None,
    together: int = 1,
    finishing: Callable[[int], None] | None = None,
) -> None:
    """Call `take` with the place of each item and its result, as they are finished.

    Parameters
    ----------
    take
        Where results go. Those of the task that an interrupt falls into are lost.
    executor
        Who does the work; None is this thread.
    together
        How many items to send as one task.
    finishing
        Where it is given, an error first hands on what is finished by then, and an interrupt waits
        for the tasks that workers have begun, and calls it with their number first; another
        interrupt drops them, as the first one does otherwise. Of Dask's tasks none can be told to
        have begun: the first one drops them all.

    Raises
    ------
    WorkerError
        When the function cannot be sent, or a worker died. Errors of the function are its own.
    """
    if executor is None:
        for place, item in enumerate(items):
            take(place, _alone(function, [item])[0])
        return
    threads = isinstance(executor, ThreadPoolExecutor)
    send, work = (_each, function) if threads else (_sent, _bytes_of(function))
    places = [range(i, min(i + together, len(items))) for i in range(0, len(items), together)]
    futures: dict[Future[list[Result]], range] = {}
    # Of threads the limit is one for all: each would restore what another had set.
    with blas_on_one_thread() if threads else contextlib.nullcontext():
        try:
            for part in places:
                future = _submitted(executor, send, work, [items[p] for p in part])
                futures[future] = part
                if future.done():  # by an executor that works when it is asked
                    _gather(futures, [future], take)
            _gather(futures, [*futures], take)
        except BaseException as stop:
            begun = _begun(futures)
            if finishing is not None and begun:
                if isinstance(stop, KeyboardInterrupt):
                    finishing(len(begun))
                else:
                    begun = {f: part for f, part in begun.items() if f.done()}
                for future in as_completed([*begun]):
                    with contextlib.suppress(Exception):  # a second failure, of a worker or a disk
                        _gather(begun, [future], take)
            raise
        finally:
            _begun(futures)


def _gather(
    futures: dict[Future[list[Result]], range],
    some: list[Future[list[Result]]],
    take: Callable[[int, Result], None],
) -> None:
    """Hand the results of some tasks on, and forget each task that is done with."""
    for future in as_completed(some):
        for place, result in zip(futures.pop(future), _result(future), strict=True):
            take(place, result)


def _begun(futures: dict[Future[Any], range]) -> dict[Future[Any], range]:
    """The tasks that workers have begun; the others are cancelled."""
    return {f: part for f, part in futures.items() if not f.cancel()}


def run_all(
    function: Callable[[Item], Result], items: Sequence[Item], executor: Executor | None = None
) -> list[Result]:
    """Results of independent pieces of work, in their order."""
    done: dict[int, Result] = {}
    work_through(function, items, done.__setitem__, executor)
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
        error.add_note("In a worker: " + "".join(traceback.format_exception(error)))
        error.__cause__ = error.__context__ = None  # may hold what cannot be sent back
        raise


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
            "Make another one, and keep it open until the study is done; or use fewer workers."
        ) from error


def _result(future: Future[list[Result]]) -> list[Result]:
    """What a worker computed, or what is wrong in words that help."""
    try:
        return future.result()
    except BaseException as error:
        ended = isinstance(error, BrokenExecutor | CancelledError) or _of_dask(error)
        if not ended and (isinstance(error, Exception) or error is not future.exception(0)):
            raise  # the model's own, or an interrupt here
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

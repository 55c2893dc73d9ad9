"""Processes of this machine as an executor, each with a pipe of its own.

The pool of the standard library has one pipe for the results of all workers. One that is killed
while it sends a large result leaves half of it there, and the pool waits for the rest for ever.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import multiprocessing.resource_tracker
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any, NamedTuple

from risk.workers import WorkerError


class Worker(NamedTuple):
    """A process, and the pipe by which it is asked."""

    process: BaseProcess
    pipe: Connection

    def answer(self) -> Any:
        """What it sends, or that it ended: what it has forked may hold its end of the pipe open."""
        try:
            if self.pipe not in multiprocessing.connection.wait([self.pipe, self.process.sentinel]):
                raise EOFError
            return self.pipe.recv()
        except (EOFError, OSError) as error:
            raise BrokenProcessPool("a worker process ended before its work was done") from error


class LocalProcesses(Executor):
    """Asks processes by their pipes, one thread for each: one that ends keeps nobody waiting."""

    def __init__(self, workers: list[Worker]) -> None:
        self._threads = ThreadPoolExecutor(len(workers))
        self._free: queue.SimpleQueue[Worker] = queue.SimpleQueue()
        for worker in workers:
            self._free.put(worker)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function in one of the processes."""
        return self._threads.submit(self._ask, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def _ask(self, *call: Any) -> Any:
        worker = self._free.get()  # there are as many as threads
        try:
            worker.pipe.send(call)
            good, answer = worker.answer()
        except OSError as error:  # that nobody reads
            raise BrokenProcessPool("a worker process ended while it was asked") from error
        finally:
            self._free.put(worker)
        if not good:
            raise answer
        return answer


@contextlib.contextmanager
def local_processes(count: int) -> Iterator[Executor]:
    """Processes on this machine that leave Ctrl-C to the one that started them.

    They are started afresh, not forked from a process that may have threads; where the system can,
    one of them imports the engine once and the others are forked from it. They end at once when
    their parent or this context does.
    """
    fork = "forkserver" in multiprocessing.get_all_start_methods()
    context: Any = multiprocessing.get_context("forkserver" if fork else "spawn")
    if fork:
        context.set_forkserver_preload(["risk.engine"])
    with contextlib.ExitStack() as stack:
        theirs, ours = map(stack.enter_context, context.Pipe(duplex=False))
        with _interrupts_later():
            workers = _started(context, count, theirs, stack)
        executor = LocalProcesses(workers)
        try:
            yield executor
        finally:
            ours.close()  # which ends them: none is asked any more
            executor.shutdown(cancel_futures=True)


def _started(
    context: Any, count: int, wanted: Connection, stack: contextlib.ExitStack
) -> list[Worker]:
    """New workers that are there."""
    try:
        workers = [_worker(context, wanted, stack) for _ in range(count)]
        for worker in workers:
            worker.answer()
    except (EOFError, OSError, BrokenProcessPool) as error:
        raise WorkerError(
            f"Expected {count} worker processes, got some that do not start "
            f"({str(error) or type(error).__name__}). Use fewer workers; in a script of your own, "
            'start them under `if __name__ == "__main__":`.'
        ) from error
    return workers


def _worker(context: Any, wanted: Connection, stack: contextlib.ExitStack) -> Worker:
    """A new worker, whose own end of the pipe this process does not keep."""
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, wanted))
    process.start()
    there.close()
    stack.callback(process.join)
    return Worker(process, stack.enter_context(here))  # closed before it is waited for


@contextlib.contextmanager
def _interrupts_later() -> Iterator[None]:
    """Hold Ctrl-C back until the block ends, and in processes started meanwhile.

    Python raises it in its main thread whichever thread the signal reaches, so to mask it is not
    enough: a handler notes it. SIGTERM is what batch systems send for it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # no signal is handled here
        return
    noted: list[int] = []
    kinds = (signal.SIGINT, signal.SIGTERM)
    handlers = {k: signal.signal(k, lambda number, _: noted.append(number)) for k in kinds}
    masked = hasattr(signal, "pthread_sigmask")  # not on Windows
    if masked:  # starting it, which the first process does, ends with SIGINT unmasked
        multiprocessing.resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT}) if masked else set()
    try:
        yield
    finally:
        if masked:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        for kind, handler in handlers.items():
            signal.signal(kind, signal.SIG_DFL if handler is None else handler)
        for number in noted[:1]:
            signal.raise_signal(number)


def _serve(pipe: Connection, wanted: Connection) -> None:
    """What a worker does: it leaves interrupts to its parent, and ends when that no longer asks."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(signal, "pthread_sigmask"):  # held back while it was started
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_end_with, args=(wanted,), daemon=True).start()
    pipe.send(None)
    while True:
        try:
            function, arguments, named = pipe.recv()
        except EOFError:  # before the first one was asked
            return
        try:
            answer = True, function(*arguments, **named)
        except BaseException as error:
            answer = False, error
        pipe.send(answer)


def _end_with(wanted: Connection) -> None:
    multiprocessing.connection.wait([wanted])
    os._exit(1)

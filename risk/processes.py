"""Processes of this machine as an executor, each with a pipe of its own.

The pool of the standard library has one pipe for the results of all workers. One that is killed
while it sends a large result leaves half of it there, and the pool waits for the rest for ever.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import multiprocessing.connection
import os
import queue
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing.connection import Connection
from typing import Any


class LocalProcesses(Executor):
    """Asks processes by their pipes, one thread for each: a pipe that ends is a worker that did."""

    def __init__(self, pipes: list[Connection]) -> None:
        self._threads = ThreadPoolExecutor(len(pipes))
        self._free: queue.SimpleQueue[Connection] = queue.SimpleQueue()
        for pipe in pipes:
            self._free.put(pipe)

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Call a function in one of the processes."""
        return self._threads.submit(self._ask, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work."""
        self._threads.shutdown(wait, cancel_futures=cancel_futures)

    def _ask(self, *call: Any) -> Any:
        pipe = self._free.get()  # there are as many as threads
        try:
            pipe.send(call)
            good, answer = _received(pipe)
        except OSError as error:  # that nobody reads
            raise BrokenProcessPool("a worker process ended while it was asked") from error
        finally:
            self._free.put(pipe)
        if not good:
            raise answer
        return answer


def _received(pipe: Connection) -> Any:
    try:
        return pipe.recv()
    except (EOFError, OSError) as error:
        raise BrokenProcessPool("a worker process ended before its work was done") from error


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
            pipes = [_started(context, theirs, stack) for _ in range(count)]
            for pipe in pipes:
                _received(pipe)  # that it is there
        executor = LocalProcesses(pipes)
        try:
            yield executor
        finally:
            ours.close()  # which ends them: none is asked any more
            executor.shutdown(cancel_futures=True)


def _started(context: Any, wanted: Connection, stack: contextlib.ExitStack) -> Connection:
    """The pipe to a new worker, whose other end this process does not keep."""
    here, there = context.Pipe()
    process = context.Process(target=_serve, args=(there, wanted))
    process.start()
    there.close()
    stack.callback(process.join)
    return stack.enter_context(here)


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

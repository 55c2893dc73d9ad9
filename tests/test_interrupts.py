"""Ctrl-C and SIGTERM: what was begun is kept, nobody waits, nobody says a word too many."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

import risk
from risk.processes import local_processes
from risk.workers import run_all, work_through


@pytest.fixture(autouse=True)
def _no_garbage() -> Iterator[None]:
    """Python drops an interrupt that falls into the collection of what earlier tests left."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def slow(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def interrupt_in(seconds: float) -> threading.Timer:
    """Ctrl-C, in a while."""
    timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    return timer


@pytest.mark.parametrize(
    ("kind", "taking"), [("threads", 0.0), ("threads", 0.2), ("processes", 0.0)]
)
def test_an_interrupt_finishes_what_was_begun_and_another_one_drops_it(
    kind: str, taking: float
) -> None:
    """Whether it comes while results are waited for, or while one is taken (and lost)."""

    def take(place: int, _: float) -> None:
        time.sleep(taking)
        came.append(place)

    def stopped(seconds: float, interrupts: int) -> int:
        """How many tasks were said to be finished."""
        said: list[int] = []
        with ThreadPoolExecutor(2) if kind == "threads" else local_processes(2) as executor:
            timers = [interrupt_in(0.3 + 0.3 * k) for k in range(interrupts)]
            with pytest.raises(KeyboardInterrupt):
                work_through(slow, [seconds] * 40, take, executor, 1, said.append)
            for timer in timers:
                timer.join()
        (number,) = said
        return number

    came: list[int] = []
    begun = stopped(0.1 if taking else 0.5, 1)
    assert 2 <= begun <= len(came) < 20
    assert taking or begun == len(came)
    came.clear()
    assert 2 <= stopped(2.0, 2) < 10
    assert not came


def test_an_interrupt_ends_processes_where_nobody_keeps_results() -> None:
    timer, began = interrupt_in(1.0), time.monotonic()
    with pytest.raises(KeyboardInterrupt), local_processes(2) as executor:
        run_all(slow, [60.0] * 4, executor)
    assert time.monotonic() - began < 30
    timer.join()


def test_an_interrupt_while_large_results_are_sent() -> None:
    """A worker that ends in the middle of one leaves nobody waiting for the rest."""
    for k in range(5):
        timer = interrupt_in(0.15 + 0.02 * k)
        with pytest.raises(KeyboardInterrupt), local_processes(2) as executor:
            run_all(bytes, [40_000_000] * 400, executor)
        timer.join()


def test_a_worker_that_is_killed_while_it_sends_a_large_result() -> None:
    for k in range(5):
        with local_processes(2) as executor:
            (pid,) = run_all(lambda _: os.getpid(), [0], executor)
            timer = threading.Timer(0.1 + 0.02 * k, os.kill, (pid, signal.SIGKILL))
            timer.start()
            with pytest.raises(risk.WorkerError, match="a worker process ended"):
                run_all(bytes, [40_000_000] * 400, executor)
            timer.join()


def test_an_interrupt_that_also_ends_the_workers() -> None:
    """As when a batch system ends all processes of a job: nothing hangs, nothing else is said."""

    def die(item: int) -> int:
        if item == 0:
            os.kill(parent, signal.SIGINT)
        time.sleep(0.2)
        os._exit(1)

    parent = os.getpid()
    with pytest.raises(KeyboardInterrupt), local_processes(2) as executor:
        work_through(die, range(40), lambda *_: None, executor, 1, lambda _: None)


def test_a_worker_of_ones_own_that_is_interrupted() -> None:
    """Ctrl-C in a terminal reaches all processes: what the others have begun is still kept."""

    def work(item: int) -> int:
        time.sleep(0.5)
        if item == 0:
            raise KeyboardInterrupt
        return item

    came: list[int] = []
    with ProcessPoolExecutor(2, multiprocessing.get_context("spawn")) as executor:
        run_all(abs, [1, 2], executor)
        timer = interrupt_in(0.2)
        with pytest.raises(KeyboardInterrupt):
            work_through(
                work, [0, 1, 2, 3] * 5, lambda _, x: came.append(x), executor, 1, lambda _: None
            )
        timer.join()
        with pytest.raises(risk.WorkerError, match="one that ended .KeyboardInterrupt"):
            run_all(work, [0], executor)
    assert len(came) >= 2


def test_an_interrupt_while_processes_start() -> None:
    """It is raised when they are there; the signal that batch systems send counts as well."""
    for kind in (signal.SIGINT, signal.SIGTERM):
        before = signal.signal(signal.SIGTERM, signal.default_int_handler)
        sent, after = [], []

        def send(*_: object, kind: signal.Signals = kind, sent: list[int] = sent) -> None:
            sent.append(kind)
            os.kill(os.getpid(), kind)
            time.sleep(0.1)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("risk.processes.Worker.answer", send)
            with pytest.raises(KeyboardInterrupt), local_processes(2):
                after.append(1)
        signal.signal(signal.SIGTERM, before)
        assert len(sent) == 2
        assert not after


GROUP = """
import os, signal
from risk.processes import Worker, local_processes
from risk.workers import run_all

def interrupt(worker):
    os.killpg(0, signal.SIGINT)
    return answer(worker)

if __name__ == "__main__":
    answer, Worker.answer = Worker.answer, interrupt  # the first time while workers are imported
    try:
        with local_processes(2) as executor:
            print("started")
    except KeyboardInterrupt:
        print("interrupted")
    Worker.answer = answer
    with local_processes(2) as executor:
        try:
            run_all(lambda _: os.killpg(0, signal.SIGINT), [0], executor)
        except KeyboardInterrupt:
            pass
        print(run_all(abs, [-1, -2], executor))  # the workers live on
"""


def test_an_interrupt_of_the_whole_group(tmp_path: Path) -> None:
    """As a terminal sends it: neither the processes that start nor the workers say a word."""
    script = tmp_path / "script.py"
    script.write_text(GROUP)
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, start_new_session=True
    )
    assert (done.stdout, done.stderr) == ("interrupted\n[1, 2]\n", "")

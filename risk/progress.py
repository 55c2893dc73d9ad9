"""How far a run is, its rate and the time left: a bar where one can be drawn, else a few lines."""

from __future__ import annotations

import builtins
import io
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

Progress = Callable[[int, int], None]
Clock = Callable[[], float]
LINE_EVERY = 60.0  # seconds


def duration(seconds: float) -> str:
    """A time as people say it: to the second within the hour, to the minute beyond.

    >>> duration(4.2), duration(125), duration(4320)
    ('4 s', '2 min 05 s', '1 h 12 min')
    """
    if seconds < 1:
        return "under 1 s"
    if (whole := round(seconds)) < 3600:
        return f"{whole // 60} min {whole % 60:02} s" if whole >= 60 else f"{whole} s"
    return "{} h {:02} min".format(*divmod(round(seconds / 60), 60))


@contextmanager
def progress_bar(
    stream: TextIO | None = None, *, label: str = "Replicates", clock: Clock = time.monotonic
) -> Iterator[Progress]:
    """How far a run is: a bar on a terminal or in a notebook, else a line a minute at most.

    Yields what to give as ``progress``. Its first call says what needs no computing, none or what
    an earlier run left: the rate counts from there. Another total, or fewer done than before, is
    the first call of another pass.

    Parameters
    ----------
    stream
        Where to write, standard error if None; when it fails, the run goes on without.
    label
        What is counted.
    clock
        Seconds since any moment.

    Examples
    --------
    >>> seconds = iter([0, 0, 90, 125, 125])
    >>> with progress_bar(sys.stdout, clock=lambda: next(seconds)) as progress:
    ...     for done in (0, 3, 4):
    ...         progress(done, 4)
    Replicates 3/4, 0.033/s, 30 s left
    Replicates 4/4, 0.032/s, ended after 2 min 05 s
    """
    out, pace = _Unfailing(sys.stderr if stream is None else stream), _Pace(clock)
    bar = _bar(out, label)
    yield from _lines(out, label, pace) if bar is None else _drawn(bar, pace)


def _bar(out: _Unfailing, label: str) -> Bar | None:
    """A bar that no thread draws; None where it cannot be drawn in place."""
    in_cell = hasattr(builtins, "get_ipython") and out.stream in (sys.stdout, sys.stderr)
    if not (in_cell or out.isatty()):
        return None
    from rich.console import Console
    from rich.progress import BarColumn, Progress

    console = Console(file=out)
    if not (console.is_interactive or (console.is_jupyter and find_spec("ipywidgets"))):
        return None
    options: dict[str, Any] = {"console": console, "auto_refresh": False, "transient": True}
    for name in ("stdout", "stderr"):  # what the model prints stands above the bar
        options[f"redirect_{name}"] = _Unfailing(getattr(sys, name)).isatty()
    return Progress(label, BarColumn(), "{task.description}", **options)


def _drawn(bar: Bar, pace: _Pace) -> Iterator[Progress]:
    with bar:
        task = bar.add_task("rate not known yet", total=None)

        def progress(done: int, total: int) -> None:
            said = " · ".join(pace.see(done, total))
            bar.update(task, completed=done, total=total, description=said, refresh=True)

        try:
            yield progress
        finally:
            bar.console.quiet = bar.console.is_jupyter  # else an empty output follows the bar


def _lines(out: TextIO, label: str, pace: _Pace) -> Iterator[Progress]:
    shown = begun = pace.now
    said: list[str] = []

    def progress(done: int, total: int) -> None:
        nonlocal shown, said
        said = pace.see(done, total)
        if done < total and pace.now - shown >= LINE_EVERY:
            shown = pace.now
            out.write(f"{label} {', '.join(said)}\n")

    try:
        yield progress
    finally:
        if shown > begun:
            ended = duration(pace.clock() - begun)
            out.write(f"{label} {', '.join(said[:2])}, ended after {ended}\n")


class _Pace:
    """How fast this run computes in its present pass."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.now = self.since = clock()
        self.done = self.total = self.reused = 0

    def see(self, done: int, total: int) -> list[str]:
        """Count, rate, and the time left if any is."""
        now = self.clock()
        if total != self.total or done < self.done:
            self.reused, self.since = done, now
        self.done, self.total, self.now = done, total, now
        said, left = [f"{done}/{total}"], total - done
        if done > self.reused and now > self.since:
            rate = (done - self.reused) / (now - self.since)
            said += [f"{rate:.0f}/s" if rate >= 10 else f"{rate:.2g}/s"]
            return [*said, f"{duration(left / rate)} left"] if left > 0 else said
        return [*said, "rate not known yet"] if left > 0 else said


class _Unfailing(io.StringIO):
    """A stream whose failures (a closed pipe, a full disk) stay its own."""

    encoding = property(lambda self: getattr(self.stream, "encoding", None))

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self.stream = io.StringIO() if stream is None else stream

    def isatty(self) -> bool:
        with suppress(OSError, ValueError):
            return self.stream.isatty()
        return False

    def write(self, text: str) -> int:
        with suppress(OSError, ValueError):
            self.stream.write(text)
            self.stream.flush()
        return len(text)

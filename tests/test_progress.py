"""How far a run is: bars, lines, rates and times left, by a clock that the tests set."""

from __future__ import annotations

import builtins
import io
import os
import re
import subprocess
import sys
import threading
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import pytest

from risk.progress import duration, progress_bar

Call = tuple[float, int, int]  # seconds after the one before, done, total
TAKEN_AWAY = "\n\x1b[?25h\r\x1b[1A\x1b[2K"  # the cursor back, up one line, erased
STYLE = re.compile(r"\x1b\[[\d;]+m")
UNKNOWN = "rate not known yet"
ONE_OF_TWO: list[Call] = [(0.0, 0, 2), (61.0, 1, 2)]
LINE = "Replicates 1/2, 0.016/s, 1 min 01 s left\n"


class Clock:
    """Seconds that pass when a test says so."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """What a terminal was sent."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal of 100 columns with colours, whatever the tests themselves run in."""
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")


def play(stream: Any, *calls: Call, error: BaseException | None = None) -> str:
    """What a run with these calls, and an error at its end, writes to the stream."""
    clock = Clock()
    with progress_bar(stream, clock=clock) as progress:
        for seconds, done, total in calls:
            clock.now += seconds
            progress(done, total)
        if error is not None:
            raise error
    return stream.getvalue() if isinstance(stream, io.StringIO) and not stream.closed else ""


def lines(*calls: Call) -> list[str]:
    log = io.TextIOWrapper(file := io.BytesIO(), "ascii")  # nobody but the report flushes it
    play(log, *calls)
    return file.getvalue().decode().splitlines()


def said(*calls: Call) -> list[str]:
    """What stands behind the bar after each call."""
    frames = STYLE.sub("", play(Terminal(), *calls)).split("\r\x1b[2KReplicates")
    return [frame.strip(" ━╸╺\n") for frame in frames[2 : 2 + len(calls)]]  # [1]: before any


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "under 1 s"), (0.99, "under 1 s"), (1, "1 s"), (4.4, "4 s"), (59.4, "59 s"),
     (59.6, "1 min 00 s"), (125, "2 min 05 s"), (3599.4, "59 min 59 s"), (3599.6, "1 h 00 min"),
     (4320, "1 h 12 min"), (7199, "2 h 00 min"), (360_000, "100 h 00 min")],
)  # fmt: skip
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_rates_have_two_digits() -> None:
    calls: list[Call] = [(1, 321, 9999), (1, 32, 9999), (10, 32, 9999), (100, 31, 9999)]
    rates = [said((0, 0, 9999), call)[-1].split(" · ")[1] for call in calls]
    assert rates == ["321/s", "32/s", "3.2/s", "0.31/s"]


def test_a_terminal_sees_a_bar_that_goes_away() -> None:
    sent = play(Terminal(), (0.0, 0, 16), (1.25, 4, 16))
    before, _, after = STYLE.sub("", sent).split("\r\x1b[2K")[1:4]
    assert re.fullmatch(rf"Replicates [━ ]{{40}} {UNKNOWN}", before)
    assert re.fullmatch(r"Replicates ━{10}[━╺ ]{30} 4/16 · 3\.2/s · 4 s left", after)
    assert sent.endswith(TAKEN_AWAY)


def test_colours_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert STYLE.search(play(Terminal(), *ONE_OF_TWO))
    monkeypatch.setenv("NO_COLOR", "1")
    assert not STYLE.search(play(Terminal(), *ONE_OF_TWO))
    assert said(*ONE_OF_TWO)[-1] == "1/2 · 0.016/s · 1 min 01 s left"


def test_terminals_that_can_do_less(monkeypatch: pytest.MonkeyPatch) -> None:
    """One without some letters, and one that cannot draw a line again."""
    latin = type("Latin", (Terminal,), {"encoding": "latin-1"})
    assert b" 1/2 \xb7 0.016/s \xb7 " in play(latin(), *ONE_OF_TWO).encode("latin-1")
    monkeypatch.setenv("TERM", "dumb")
    assert play(Terminal(), *ONE_OF_TWO).startswith(LINE)


def test_what_the_model_prints_stands_above_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the terminal; what goes elsewhere is left alone."""
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    monkeypatch.setattr(sys, "stdout", elsewhere := io.StringIO())
    threads = set(threading.enumerate())
    with progress_bar() as progress:
        progress(1, 2)
        print("a warning", file=sys.stderr)
        print("a result")
        assert set(threading.enumerate()) <= threads  # no thread draws
    assert "\r\x1b[2Ka warning\n" in terminal.getvalue()
    assert "result" not in terminal.getvalue()
    assert elsewhere.getvalue() == "a result\n"
    assert (sys.stdout, sys.stderr) == (elsewhere, terminal)


def test_a_log_gets_a_line_a_minute_at_most() -> None:
    assert lines((0.0, 0, 8), *((25.0, k, 8) for k in range(1, 9))) == [
        "Replicates 3/8, 0.04/s, 2 min 05 s left",
        "Replicates 6/8, 0.04/s, 50 s left",
        "Replicates 8/8, 0.04/s, ended after 3 min 20 s",
    ]


@pytest.mark.parametrize(
    "calls",
    [[], [(0.0, 16, 16)], [(14.9, k, 4) for k in (1, 2, 3, 4)], [(61, 1, 1)]],
    ids=["no call", "all reused", "under a minute", "the first news is that it is done"],
)
def test_a_log_without_a_line_has_no_last_line(calls: list[Call]) -> None:
    assert lines(*calls) == []


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt()])
def test_a_run_that_fails(error: BaseException) -> None:
    """A log says how far it came; no bar is left behind."""
    log, terminal = io.StringIO(), Terminal()
    for stream in (log, terminal):
        with pytest.raises(type(error)):
            play(stream, (64.0, 20, 30), (10.0, 25, 30), error=error)
    assert log.getvalue().splitlines() == [
        f"Replicates 20/30, {UNKNOWN}",
        "Replicates 25/30, 0.5/s, ended after 1 min 14 s",
    ]
    assert terminal.getvalue().endswith(TAKEN_AWAY)


FIRST_PASS: list[Call] = [(0.5, 0, 4), *((1.0, k, 4) for k in (1, 2, 3, 4))]
CASES: dict[str, tuple[list[Call], list[str]]] = {  # what the last calls say
    "those of an earlier run do not count": (
        [(0.5, 10, 16), (2.0, 11, 16), (2.0, 12, 16)],
        [f"10/16 · {UNKNOWN}", "11/16 · 0.5/s · 10 s left", "12/16 · 0.5/s · 8 s left"],
    ),
    "nor does the time to find them": (
        [(99.0, 1, 3), (5.0, 2, 3)],
        [f"1/3 · {UNKNOWN}", "2/3 · 0.2/s · 5 s left"],
    ),
    "eight workers that finish together took their time": (
        [(0.5, 0, 16), (9.993, 1, 16), *((0.001, k, 16) for k in range(2, 9))],
        ["8/16 · 0.8/s · 10 s left"],
    ),
    "nothing left to compute": ([(0.0, 16, 16)], ["16/16"]),
    "nothing at all": ([(0.0, 0, 0)], ["0/0"]),
    "no time is no rate": ([(0.0, k, 2) for k in range(3)], [f"1/2 · {UNKNOWN}", "2/2"]),
    "a second pass with another total has its own rate": (
        [*FIRST_PASS, (9.0, 0, 16), (4.0, 1, 16)],
        ["4/4 · 1/s", f"0/16 · {UNKNOWN}", "1/16 · 0.25/s · 1 min 00 s left"],
    ),
    "a second pass with the same total": (
        [*FIRST_PASS, (9.0, 1, 4), (4.0, 2, 4)],
        ["4/4 · 1/s", f"1/4 · {UNKNOWN}", "2/4 · 0.25/s · 8 s left"],
    ),
    "a second pass that goes on from the first": (
        [*FIRST_PASS, (0.0, 4, 6), (8.0, 5, 6)],
        ["4/4 · 1/s", f"4/6 · {UNKNOWN}", "5/6 · 0.12/s · 8 s left"],
    ),
}


@pytest.mark.parametrize(("calls", "texts"), CASES.values(), ids=CASES)
def test_rate_and_time_left(calls: list[Call], texts: list[str]) -> None:
    assert said(*calls)[-len(texts) :] == texts


def test_a_second_pass_in_a_log() -> None:
    assert lines(*((25.0, k, 4) for k in range(5)), *((5.0, k, 3) for k in range(4))) == [
        "Replicates 2/4, 0.04/s, 50 s left",
        "Replicates 1/3, 0.2/s, 10 s left",
        "Replicates 3/3, 0.2/s, ended after 2 min 25 s",
    ]


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("error", [BrokenPipeError(32, "pipe"), OSError(5, "I/O"), ValueError()])
def test_a_stream_that_fails_stops_nothing(error: Exception, terminal: bool) -> None:
    broken = Terminal() if terminal else io.StringIO()
    broken.write = Mock(side_effect=error)  # type: ignore[method-assign]
    play(broken, (61.0, 1, 3), (61.0, 2, 3), (61.0, 3, 3))
    assert broken.write.call_count >= 3  # a bar and its changes; two lines and the last


def test_no_stream_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    (closed := io.StringIO()).close()
    play(closed, (61.0, 1, 2))
    monkeypatch.setattr(sys, "stderr", None)  # as where there is no console
    play(None, (61.0, 1, 2))


def test_a_closed_pipe_stops_nothing_and_a_log_imports_nothing_heavy() -> None:
    """A real pipe: no exception, and no other exit code."""
    code = """if True:
        import sys, risk.progress
        sys.stdin.read()
        seconds = iter(range(0, 999, 61))
        with risk.progress.progress_bar(clock=lambda: next(seconds)) as progress:
            progress(1, 3), progress(2, 3), progress(3, 3)
        print("finished", *{"rich", "numpy", "scipy", "xarray"} & set(sys.modules))"""
    read, write = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=write, text=True,
    ) as process:  # fmt: skip
        os.close(write)
        os.close(read)
        assert process.communicate("", timeout=60)[0] == "finished\n"
    assert process.returncode == 0


class Cell:
    """What a notebook shows below a cell, by stand-ins for what rich takes from a kernel."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.outputs: list[Any] = []  # below the cell
        self.states: list[list[str]] = []  # of the widget among them
        self.inside, self.closed = False, 0
        kernel = type("ZMQInteractiveShell", (), {})  # by this name rich knows one
        monkeypatch.setattr(builtins, "get_ipython", kernel, raising=False)
        monkeypatch.setattr(sys, "stderr", io.StringIO())
        for name, content in {
            "IPython": {},
            "IPython.display": {"display": self.display},
            "ipywidgets": {"Output": lambda: self},
        }.items():
            module = ModuleType(name)
            vars(module).update(content, __spec__=ModuleSpec(name, None))
            monkeypatch.setitem(sys.modules, name, module)

    def display(self, shown: Any) -> None:
        (self.states[-1] if self.inside else self.outputs).append(shown)

    def __enter__(self) -> None:
        self.inside = True

    def __exit__(self, *error: object) -> None:
        self.inside = False

    def clear_output(self, wait: bool) -> None:
        self.states.append([])

    def close(self) -> None:
        self.closed += 1


def test_a_notebook_shows_one_bar_and_takes_it_away(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as kernel:
        cell = Cell(kernel)
        play(None, (0.0, 0, 16), (1.25, 4, 16))
        assert sys.stderr.getvalue() == ""  # type: ignore[attr-defined]
    assert cell.outputs == [cell]  # the widget, and nothing after it
    assert cell.closed == 1
    assert [len(state) for state in cell.states[1:]] == [1, 1, 1]  # one bar at a time
    assert STYLE.sub("", cell.states[-1][0].text).endswith(" 4/16 · 3.2/s · 4 s left\n")


def test_a_notebook_without_widgets_or_a_file_is_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as kernel:
        cell = Cell(kernel)
        assert len(lines(*ONE_OF_TWO)) == 2  # a file of its own
        kernel.setattr("risk.progress.find_spec", lambda name: None)
        play(None, *ONE_OF_TWO)
        assert sys.stderr.getvalue().startswith(LINE)  # type: ignore[attr-defined]
    assert cell.outputs == []

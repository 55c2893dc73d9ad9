"""The command line as a process of its own: start-up, pipes, terminals, signals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
from pathlib import Path

LIGHT = "import sys, risk.cli; print(*{'numpy', 'xarray', 'rich', 'scipy'} & set(sys.modules))"


def test_help_needs_none_of_the_heavy_libraries() -> None:
    done = subprocess.run([sys.executable, "-c", LIGHT], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_reader_who_leaves_is_no_failure(study_file: Path) -> None:
    """`risk show study.nc | head -1`: no traceback, no complaint."""
    show = [sys.executable, "-m", "risk", "show", str(study_file)]
    with subprocess.Popen(show, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_a_terminal_sees_progress_and_an_interrupt_leaves_nothing(tmp_path: Path) -> None:
    """The bar is on stderr; Ctrl-C during the simulation is 130."""
    run = [
        sys.executable,
        "-m",
        "risk",
        "run",
        "--draws",
        "1048576",
        "--out",
        str(tmp_path / "runs"),
    ]
    terminal, end = pty.openpty()
    process = subprocess.Popen(run, stdout=subprocess.PIPE, stderr=end)
    os.close(end)
    seen = b""
    while b"Replicates" not in seen:
        seen += _within(terminal, 60.0)
    process.send_signal(signal.SIGINT)
    seen += _rest(terminal)
    assert process.stdout is not None
    with process.stdout:
        assert process.stdout.read() == b""
    assert process.wait(30) == 130
    assert b"Interrupted. Nothing half-written is left" in seen
    assert b"Traceback" not in seen
    assert not (tmp_path / "runs").exists()


def _within(terminal: int, seconds: float) -> bytes:
    """What the terminal shows next."""
    ready, _, _ = select.select([terminal], [], [], seconds)
    assert ready, "nothing appeared on the terminal"
    return os.read(terminal, 4096)


def _rest(terminal: int) -> bytes:
    """What the terminal shows until the process has left it."""
    seen = b""
    try:
        while part := os.read(terminal, 4096):
            seen += part
    except OSError:  # how Linux says that nobody writes any more
        pass
    os.close(terminal)
    return seen

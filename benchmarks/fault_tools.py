"""How runs are started, harmed and compared: what is safe, what is lost, what is computed again."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
Marks = dict[str, tuple[int, int]]  # replicate → which file it is, and when it was written
PATIENCE = 5.0  # seconds in which workers are to end after their parent


@dataclass
class Row:
    """What harm of one kind has done to the replicates that were finished before it."""

    scenario: str
    tried: int = 0
    safe: int = 0
    lost: int = 0
    again: int = 0
    same: list[bool] = field(default_factory=list)
    seen: str = "–"

    def harmed(self, there: Marks, left: Marks) -> None:
        """One more harm: the replicates that were there at the moment, and those whole after it."""
        self.tried += 1
        self.safe += len(there)
        self.lost += len(there.keys() - left.keys())

    def resumed(self, left: Marks, now: Marks) -> None:
        """The next run has ended: what had been left, and what is there now."""
        self.lost += len(left.keys() - now.keys())
        self.again += sum(now[name] != mark for name, mark in left.items() if name in now)

    @property
    def cells(self) -> list[str]:
        """The row of the table."""
        same = f"{sum(self.same)} of {len(self.same)}" if self.same else "–"
        numbers = [f"{n:,}" for n in (self.tried, self.safe, self.lost, self.again)]
        return [self.scenario, *numbers, same, self.seen]


def there(folder: Path) -> Marks:
    """Which replicates a checkpoint has files of."""
    found = {}
    for path in folder.glob("*.replicate"):
        about = path.stat()
        found[path.name] = (about.st_ino, about.st_mtime_ns)
    return found


def whole(folder: Path) -> Marks:
    """The same of those only whose checksum, the first line, is right."""
    marks = there(folder)
    return {name: mark for name, mark in marks.items() if is_whole(folder / name)}


def is_whole(path: Path) -> bool:
    """Whether the first line of a file is the checksum of its question, its name and the rest."""
    question = json.loads((path.parent / "question.json").read_text("utf-8"))
    asked = hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()
    checksum, _, data = path.read_bytes().partition(b"\n")
    named = f"{asked} {path.stem} ".encode()
    return checksum == hashlib.sha256(named + data).hexdigest().encode()


class Run(subprocess.Popen[bytes]):
    """A Python process and its children, a group of their own; imports are compiled into `cache`.

    What they say goes to files: a process that outlives its parent would keep pipes open.
    """

    def __init__(self, arguments: Sequence[object], cache: Path) -> None:
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
        self._said, self._errors = tempfile.TemporaryFile(), tempfile.TemporaryFile()
        super().__init__(
            [sys.executable, *map(str, arguments)],
            cwd=ROOT,
            env=kept | {"PYTHONPYCACHEPREFIX": str(cache)},
            stdout=self._said,
            stderr=self._errors,
            start_new_session=True,
        )

    @property
    def said(self) -> str:
        """What it has printed so far."""
        return _content(self._said.fileno())

    @property
    def messages(self) -> str:
        """What it has said on stderr so far."""
        return _content(self._errors.fileno())

    @property
    def ending(self) -> str:
        """How it has ended."""
        code = self.returncode
        return f"exit {code}" if code >= 0 else f"ended by signal {-code}"

    def wait_for(self, ready: Callable[[], bool], seconds: float = 120) -> None:
        """Wait for something that it does."""
        end = time.monotonic() + seconds
        while not ready():
            if self.poll() is not None or time.monotonic() > end:
                self.kill()
                raise RuntimeError(f"A run that did not come so far: {self.said}{self.messages}")
            time.sleep(0.005)

    def end_others(self) -> int:
        """How many of the group have outlived it by more than is decent; they are ended."""
        end = time.monotonic() + PATIENCE
        while (late := _group(self.pid)) and time.monotonic() < end:
            time.sleep(0.05)
        if late:
            os.killpg(self.pid, signal.SIGKILL)
        return len(late)


def _content(handle: int) -> str:
    return os.pread(handle, os.fstat(handle).st_size, 0).decode()  # moves no place of writing


def _group(group: int) -> list[int]:
    """The processes of a group that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, of = path.read_text("utf-8").rpartition(")")[2].split()[:3]
        except OSError:  # it has ended by now
            continue
        if int(of) == group and state not in "ZX":
            found.append(int(path.parent.name))
    return found


def family(process: int) -> list[int]:
    """All processes that descend from one, the nearest first."""
    found = []
    for path in Path(f"/proc/{process}/task").glob("*/children"):
        found += [int(child) for child in path.read_text("ascii").split()]
    return found + [other for child in found for other in family(child)]


def quoted(errors: str, place: Path) -> str:
    """The last sentence that was said, without what is another on every machine."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    if not lines:
        return "nothing is said"
    said = next((line for line in reversed(lines) if line[0].isupper()), lines[-1])
    said = said.replace(f"{place}/", "").replace(str(place), "the folder")
    said = said.replace(socket.gethostname(), "HOST")
    said = re.sub(r"\bprocess \d+", "process PID", re.sub(r"time = .*", "…", said))
    return f"“{said}”" + (f", {len(lines)} lines in all" if len(lines) > 1 else "")

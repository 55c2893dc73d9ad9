"""Finished replicates on disk: nothing that was computed is computed again after a crash.

A checkpoint is a folder: what was asked (question.json), and a file for each finished replicate,
written beside its place, flushed to the disk and renamed, with a checksum of its content, its name
and the question. A file is there whole or not at all; one that was damaged later, or that comes
from elsewhere, is found out and computed again.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import socket
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import filelock
import numpy as np

from risk.engine import Replicate
from risk.files import flush, half_written, write_durably
from risk.stats.sobol import PickFreeze
from risk.stats.tally import Tally

QUESTION, LOCK, OWNER = "question.json", "lock", "owner"
SUFFIX = ".replicate"
REMEDY = "Remove the folder, or choose another one (of `risk run`: --out)."


class CheckpointError(ValueError):
    """A checkpoint that holds the answer to another question, or that is in use."""


class CheckpointWarning(UserWarning):
    """A file that was damaged and is computed again, or work that an interrupt does not cost."""


@dataclass(frozen=True)
class Checkpoint:
    """A folder of finished replicates, open for one process."""

    folder: Path
    question: str  # a digest of it

    def load(self, name: str) -> Replicate | None:
        """The replicate of this name, None where there is none, or none that is whole."""
        path = self.folder / f"{name}{SUFFIX}"
        if not path.exists():
            return None
        data = self._data(path)
        if data is None:
            warnings.warn(
                f"{path} is damaged or of another checkpoint: its checksum is not that of its "
                "content, name and question. The replicate is computed again.",
                CheckpointWarning,
                stacklevel=2,
            )
            return None
        return _replicate(data)

    def find(self, name: str, most: int) -> tuple[str, Replicate | None]:
        """The name of the file for a replicate of at most so many points, and what it holds.

        One of more points stays in its place: the other has its size in its name.
        """
        stored = self.load(name)
        if stored is None or stored.points <= most:
            return name, stored
        name = f"{name}-{most}"
        return name, self.load(name)

    def save(self, name: str, replicate: Replicate) -> None:
        """Make a replicate safe; when this returns it survives a loss of power."""
        data = _bytes(replicate)
        content = self._checksum(name, data) + b"\n" + data
        write_durably(self.folder / f"{name}{SUFFIX}", content)

    def holds(self) -> bool:
        """Whether most replicates in the folder are of this question."""
        fits = [self._data(path) is not None for path in self.folder.glob(f"*{SUFFIX}")]
        return 2 * sum(fits) > len(fits)

    def _data(self, path: Path) -> bytes | None:
        """What follows the checksum of a file, None where that is wrong."""
        checksum, _, data = path.read_bytes().partition(b"\n")
        return data if checksum == self._checksum(path.name.removesuffix(SUFFIX), data) else None

    def _checksum(self, name: str, data: bytes) -> bytes:
        content = hashlib.sha256(f"{self.question} {name} ".encode() + data)
        return content.hexdigest().encode()


@contextlib.contextmanager
def open_checkpoint(folder: str | Path, question: Mapping[str, Any]) -> Iterator[Checkpoint]:
    """A checkpoint for this question, made where there is none; no other process may use it.

    Raises
    ------
    CheckpointError
        When another process is at work on it, or when it belongs to another question: model,
        priors, seed, outcomes, factors, or the versions that compute it.
    OSError
        When its folder cannot be made or written to.
    """
    given: Any = folder
    if not isinstance(given, str | os.PathLike) or not str(given):
        raise ValueError(f"Expected a folder as `checkpoint`, got {given!r}. Name one.")
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"Expected a folder as `checkpoint`, got the file {folder}. Name another.")
    folder.mkdir(parents=True, exist_ok=True)
    flush(folder.parent)
    lock = filelock.FileLock(folder / LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise CheckpointError(
            f"Expected {folder} to be free, got a checkpoint that another process is at work on "
            f"({_owner(folder)}). Wait until it ends, or choose another folder."
        ) from None
    try:
        write_durably(folder / OWNER, f"process {os.getpid()} on {socket.gethostname()}".encode())
        for left in half_written(folder):  # by a process that was killed meanwhile
            left.unlink()
        _check_question(folder, question)
        yield Checkpoint(folder, _digest(question))
    finally:
        lock.release()


def held(folder: str | Path, draws: int, replicates: int) -> int:
    """How many of a study's replicates are finished in a checkpoint, with all of their points."""
    folder = Path(folder)
    if not (folder / QUESTION).exists():
        return 0
    known = Checkpoint(folder, _digest(_question_in(folder)))
    found = (known.find(f"raw-{r:05d}", draws)[1] for r in range(replicates))
    return sum(each is not None and each.points == draws for each in found)


def _check_question(folder: Path, question: Mapping[str, Any]) -> None:
    """Refuse a checkpoint of another question; note the question where there is none.

    The replicates know theirs: a note that was damaged is written again.
    """
    try:
        known = _question_in(folder)
    except CheckpointError:
        if any(folder.glob(f"*{SUFFIX}")) and not Checkpoint(folder, _digest(question)).holds():
            raise
        known = {}
    asked = json.loads(json.dumps(question))
    differing = [key for key in {**asked, **known} if asked.get(key) != known.get(key)]
    if differing and known and not Checkpoint(folder, _digest(question)).holds():
        named = [key for key in differing if key != "pilot"] or differing  # it follows from others
        said = "; ".join(f"{key}: {_change(known.get(key), asked.get(key))}" for key in named)
        raise CheckpointError(
            f"Expected a checkpoint of this question in {folder}, got one of another ({said}). "
            f"{REMEDY}"
        )
    if differing:
        text = json.dumps(question, indent=1, ensure_ascii=False)
        write_durably(folder / QUESTION, text.encode())


def _question_in(folder: Path) -> dict[str, Any]:
    """What a checkpoint is of."""
    path = folder / QUESTION
    try:
        known = json.loads(path.read_text("utf-8"))
        if not isinstance(known, dict):
            raise ValueError(f"{type(known).__name__}, no object")
    except (ValueError, FileNotFoundError) as error:
        raise CheckpointError(
            f"Expected the question of a checkpoint in {path}, got a file that is none ({error}). "
            f"{REMEDY}"
        ) from None
    return known


def _digest(question: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()


def _change(known: Any, asked: Any) -> str:
    """What is different: of two collections by name the names, else both values."""
    if isinstance(known, dict) and isinstance(asked, dict):
        return ", ".join(k for k in {**known, **asked} if known.get(k) != asked.get(k))
    return f"{_short(known)} → {_short(asked)}"


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 40 else f"{text[:12]}…"


def _owner(folder: Path) -> str:
    try:
        return (folder / OWNER).read_text("utf-8")
    except OSError:
        return "unknown"


def _bytes(replicate: Replicate) -> bytes:
    """A replicate as the bytes of an .npz file."""
    arrays: dict[str, Any] = {
        "points": np.int64(replicate.points),
        "outcomes": replicate.outcomes,
        "powers": replicate.powers,
        **{f"input.{name}": x for name, x in replicate.inputs.items()},
        **{f"sums.{name}": x for name, x in replicate.sums._asdict().items()},
    }
    if replicate.tally is not None:
        arrays |= {f"tally.{name}": x for name, x in replicate.tally._asdict().items()}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def _replicate(data: bytes) -> Replicate:
    """The replicate of `_bytes`."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        arrays = {name: file[name] for name in file.files}

    def group(prefix: str) -> dict[str, Any]:
        start = f"{prefix}."
        return {k.removeprefix(start): x for k, x in arrays.items() if k.startswith(start)}

    tally = group("tally")
    return Replicate(
        int(arrays["points"]),
        group("input"),
        arrays["outcomes"],
        PickFreeze(**group("sums")),
        arrays["powers"],
        Tally(**tally) if tally else None,
    )

"""Files that are there whole or not at all, and that survive a loss of power."""

from __future__ import annotations

import contextlib
import errno
import io
import math
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import filelock


def write_durably(path: Path, content: bytes | memoryview) -> Path:
    """Write a file whole or not at all, and onto the disk itself before returning.

    Raises
    ------
    OSError
        With the name of the file, when the disk is full or the folder may not be written to.
    """
    part = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        with part.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        put(part, path)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


def half_written(folder: Path) -> list[Path]:
    """Files that `write_durably` had begun in a folder when its process was killed."""
    name = re.compile(r"\..+\.[0-9a-f]{12}\.part")
    return [path for path in folder.glob(".*.part") if name.fullmatch(path.name)]


@contextlib.contextmanager
def hidden_folder(path: Path) -> Iterator[Path]:
    """A folder beside a file until it is whole; those of processes that were killed are removed."""
    name = re.compile(re.escape(f".{path.name}.") + r"[0-9a-f]{12}\.parts")
    for left in path.parent.glob(".*.parts"):
        if name.fullmatch(left.name) and (left / "lock").exists():
            with contextlib.suppress(filelock.Timeout), filelock.FileLock(left / "lock", timeout=0):
                shutil.rmtree(left, ignore_errors=True)
    folder = path.with_name(f".{path.name}.{uuid.uuid4().hex[:12]}.parts")
    folder.mkdir()
    try:
        with filelock.FileLock(folder / "lock"):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put(part: Path, path: Path) -> None:
    """Rename a finished file to its place so that the rename survives a loss of power."""
    os.replace(part, path)
    flush(path.parent)


def flush(path: Path) -> None:
    """What a file or a folder holds goes onto the disk, where the system can do that."""
    if os.name == "posix":
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


class PatientFile(io.FileIO):
    """A new file for the HDF5 library, which brings the whole process down when a write fails.

    After a failure it takes everything and keeps nothing, so that the library can end in peace;
    `check` says what went wrong, with the name that the file is to have.
    """

    def __init__(self, path: Path, name: Path) -> None:
        super().__init__(path, "w+")
        self.final_name = str(name)
        self.failure: OSError | None = None

    def check(self) -> None:
        """Raise the first failure, if there was one."""
        if self.failure is not None:
            self.failure.filename = self.final_name
            raise self.failure

    def write(self, data: Any) -> int:
        """Write all of it."""
        left = memoryview(data)
        while left and self.failure is None:
            try:
                left = left[super().write(left) :]
            except OSError as error:
                self.failure = error
        self.seek(len(left), io.SEEK_CUR)
        return len(data)

    def truncate(self, size: int | None = None) -> int:
        """Change its size, as long as it has not failed."""
        if self.failure is None:
            try:
                return super().truncate(size)
            except OSError as error:
                self.failure = error
        return size or 0

    def readinto(self, buffer: Any) -> int:
        """Read what is there; after a failure zeros for what is not."""
        count = super().readinto(buffer) or 0
        if self.failure is not None:
            buffer[count:] = bytes(len(buffer) - count)
            return len(buffer)
        return count


def expect_space(path: Path, size: float) -> None:
    """Refuse to begin a file that the disk has no room for.

    Raises
    ------
    OSError
        As if the disk were full already.
    """
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, f"no space for its {math.ceil(size / 1e6):,} MB", str(path))


def check_place(out: str | Path) -> None:
    """Find out before a long run whether its files can be written.

    Raises
    ------
    OSError
        When a parent of `out` is no folder, or one that may not be written to.
    """
    nearest = Path(out).absolute()
    while not nearest.exists() and nearest != nearest.parent:
        nearest = nearest.parent
    if not nearest.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "not a folder", str(nearest))
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, "no permission to write", str(nearest))

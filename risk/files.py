"""Files that are there whole or not at all, and that survive a loss of power."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import uuid
from pathlib import Path


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
        error.filename = error.filename or str(path)
        raise
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
    return path


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


def expect_space(path: Path, size: float) -> None:
    """Refuse to begin a file that the disk has no room for.

    Raises
    ------
    OSError
        As if the disk were full already.
    """
    if shutil.disk_usage(path.parent).free < size:
        raise OSError(errno.ENOSPC, f"no space for its {size / 1e9:,.1f} GB", str(path))


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

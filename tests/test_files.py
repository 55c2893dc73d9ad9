"""Files are there whole or not at all."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from risk.files import check_place, write_durably
from risk.shipped import files_problem
from risk.store import open_draws_file

WRITERS = {
    "write_durably": "write_durably(path, bytes(limit + 1))",
    "open_draws_file": """
about = {name: {"units": "1"} for name in "abc"}
with open_draws_file(path, about, draws=4096, replicates=8) as append:
    for replicate in range(8):
        append(replicate, {name: np.full(4096, replicate) + np.arange(4096.0) for name in "abc"})
""",
}


@pytest.mark.parametrize("limit", [4096, 100_000, 400_000])
@pytest.mark.parametrize("writer", WRITERS)
def test_a_disk_that_fills_up(writer: str, limit: int, tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the write itself fails."""
    path = tmp_path / "file"
    program = f"""
import resource, signal
from pathlib import Path
import numpy as np
from risk.files import write_durably
from risk.store import open_draws_file
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
path, limit = Path({str(path)!r}), {limit}
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
{WRITERS[writer]}"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.strip().splitlines()[-1] == (
        f"OSError: [Errno {errno.EFBIG}] File too large: {str(path)!r}"
    )
    assert "Exception ignored" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_all_draws_come_back(tmp_path: Path) -> None:
    about = {"a": {"units": "1"}}
    rows = np.random.default_rng(0).normal(size=(3, 64))
    with open_draws_file(tmp_path / "draws.nc", about, draws=64, replicates=3) as append:
        for replicate in (2, 0, 1):
            append(replicate, {"a": rows[replicate]})
    with xr.open_dataset(tmp_path / "draws.nc", engine="h5netcdf") as found:
        assert found["a"].dims == ("replicate", "draw")
        assert found["a"].attrs == about["a"]
        np.testing.assert_array_equal(found["a"], rows)


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_durably(path, b"one")
    write_durably(path, b"two")
    assert path.read_bytes() == b"two"
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_a_place_is_looked_at_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_place(tmp_path / "not" / "yet")
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(NotADirectoryError) as caught:
        check_place(file / "runs")
    assert files_problem(caught.value) == (
        f"Expected to be able to use {file}: not a folder. Choose another place."
    )
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(PermissionError, match="no permission to write"):
        check_place(tmp_path)


def test_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a loss of power: its content first, its name second, then the folder that knows it."""
    did: list[str] = []
    fsync, replace = os.fsync, os.replace

    def flushed(handle: int) -> None:
        did.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content")
        fsync(handle)

    def renamed(part: Path, path: Path) -> None:
        did.append("name")
        replace(part, path)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(os, "replace", renamed)
    write_durably(tmp_path / "a", b"content")
    assert did == ["content", "name", *["folder"] * (os.name == "posix")]


def test_a_file_that_cannot_be_begun_is_named_as_it_will_be(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as caught:
        write_durably(tmp_path / "gone" / "a", b"")
    assert caught.value.filename == str(tmp_path / "gone" / "a")

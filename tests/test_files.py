"""Files are there whole or not at all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from risk.files import check_place, write_durably
from risk.shipped import files_problem


def test_a_small_file_system_that_fills_up(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the write itself fails."""
    path = tmp_path / "file"
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from risk.files import write_durably\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))\n"
        f"write_durably(Path({str(path)!r}), bytes(10000))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 1
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []


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

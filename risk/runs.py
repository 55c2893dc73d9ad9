"""The files of a run: runs/<case>/<run id>/, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xarray as xr

from risk.memo.markdown import memo
from risk.memo.numbers import as_json, numbers
from risk.plots import save_figures
from risk.store import save_study

RECORDED = (
    "title",
    "case",
    "model",
    "run_id",
    "seed",
    "draws",
    "replicates",
    "priors_hash",
    "model_hash",
    "outputs_hash",
    "versions",
    "platform",
    "created",
    "history",
)


def write_run(study: xr.DataTree, out: str | Path = "runs") -> Path:
    """Write study, numbers, memo, figures and record of a run; an earlier run of it is replaced.

    Everything is written into a hidden folder beside the run's place, which is then renamed.
    """
    place = Path(out) / study.attrs["case"] / study.attrs["run_id"]
    with _new_folder(place) as folder:
        save_study(study, folder / "study.nc")
        (folder / "numbers.json").write_text(as_json(study, numbers(study)), "utf-8")
        (folder / "memo.md").write_text(memo(study), "utf-8")
        figures = save_figures(study, folder / "figures")
        record = run_record(study) | {"figures": [path.name for path in figures]}
        (folder / "run.json").write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n")
    return place


def run_record(study: xr.DataTree) -> dict[str, Any]:
    """Where a run comes from, as plain data."""
    record = {key: study.attrs[key] for key in RECORDED}
    return record | {"versions": json.loads(record["versions"])}


def earlier_outputs(study: xr.DataTree, out: str | Path = "runs") -> str | None:
    """Outputs hash of an earlier run of the same question, if there was one."""
    record = Path(out) / study.attrs["case"] / study.attrs["run_id"] / "run.json"
    try:
        return str(json.loads(record.read_text("utf-8"))["outputs_hash"])
    except (OSError, ValueError, KeyError):
        return None


def write_text(path: Path, text: str) -> Path:
    """Write a text file whole or not at all."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    os.replace(name, path)
    return path


@contextlib.contextmanager
def _new_folder(place: Path) -> Iterator[Path]:
    """A hidden folder that takes `place` when the block ends well and vanishes when it does not."""
    place.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{place.name}.", dir=place.parent))
    old = folder.with_name(f"{folder.name}.old")
    try:
        folder.chmod(0o755)  # mkdtemp makes it private
        yield folder
        if place.exists():
            place.rename(old)
        folder.rename(place)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)

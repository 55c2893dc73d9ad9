"""The files of a run: runs/<case>/<run id>/, written whole or not at all."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import xarray as xr

from risk.files import hidden_folder, write_durably
from risk.memo.context import Context
from risk.memo.markdown import DEFAULT, memo
from risk.memo.numbers import as_json
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


def write_run(study: xr.DataTree | Context, out: str | Path = "runs") -> Path:
    """Write study, numbers, memo, figures and record of a run; an earlier run of it is replaced.

    Everything is written into a hidden folder beside the run's place, which is then renamed: a
    failure leaves nothing behind, and an earlier run as it was.

    Returns
    -------
    The folder ``<out>/<case>/<run id>``.
    """
    context = Context.of(study)
    place = _place(context, out)
    with _new_folder(place) as folder:
        save_study(context.study, folder / "study.nc")
        figures = save_figures(context.study, folder / "figures")
        names = [path.relative_to(folder) for path in figures]
        write_text(folder / "memo.md", memo(context, figures=names))
        write_text(folder / "numbers.json", as_json(context.study, context.registry))
        record = run_record(context) | {"figures": [path.name for path in figures]}
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        write_text(folder / "run.json", text + "\n")
    return place


def rewrite_memo(
    study: xr.DataTree | Context, folder: Path, template: str | Path | None = None
) -> list[Path]:
    """Write memo.md and numbers.json of a finished study again, with the figures that are there."""
    context = Context.of(study)
    figures = [path.relative_to(folder) for path in sorted((folder / "figures").glob("*.png"))]
    text = memo(context, template or DEFAULT, figures)  # before anything is written
    return [
        write_text(folder / "memo.md", text),
        write_text(folder / "numbers.json", as_json(context.study, context.registry)),
    ]


def run_record(study: xr.DataTree | Context) -> dict[str, Any]:
    """Where a run comes from, as plain data."""
    about = Context.of(study).about
    record = {key: about[key] for key in RECORDED}
    return record | {"versions": json.loads(record["versions"])}


def earlier_outputs(study: xr.DataTree | Context, out: str | Path = "runs") -> str | None:
    """Outputs hash of an earlier run of the same question, if there was one."""
    record = _place(Context.of(study), out) / "run.json"
    try:
        return str(json.loads(record.read_text("utf-8"))["outputs_hash"])
    except (OSError, ValueError, LookupError, TypeError):
        return None


def write_text(path: Path, text: str) -> Path:
    """Write a text file whole or not at all."""
    return write_durably(path, text.encode())


def _place(context: Context, out: str | Path) -> Path:
    return Path(out) / str(context.about["case"]) / str(context.about["run_id"])


@contextlib.contextmanager
def _new_folder(place: Path) -> Iterator[Path]:
    """A hidden folder that takes `place` when the block ends well and vanishes when it does not."""
    place.parent.mkdir(parents=True, exist_ok=True)
    with hidden_folder(place) as beside:
        folder = beside / "new"
        folder.mkdir()
        yield folder
        _move(folder, place, beside / "old")


def _move(folder: Path, place: Path, old: Path) -> None:
    """Rename a folder to `place`; what was there goes to `old` when the new one stands."""
    try:
        if place.exists():
            place.rename(old)
        folder.rename(place)
    except BaseException:  # an interrupt as well
        if old.exists():
            old.rename(place)
        raise

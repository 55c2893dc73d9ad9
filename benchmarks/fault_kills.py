"""Runs killed at random moments, checkpoints that are damaged, and the order of writing."""

from __future__ import annotations

import os
import random
import stat
import subprocess
import tempfile
import time
import warnings
from collections import Counter
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks.fault_run import BEGUN, study
from benchmarks.fault_tools import PATIENCE, Marks, Row, Run, is_whole, quoted, there, whole
from risk.checkpoint import CheckpointWarning

Event = tuple[str, ...]


def kills(scratch: Path, reference: str, times: int, workers: int, seed: int) -> Row:
    """Kill −9 at moments that are uniform over the time that an uninterrupted run takes.

    The same command is started again each time. Where it ends before its moment the study is
    compared, and the next run begins with an empty checkpoint.
    """
    row = Row("kill −9" if workers == 1 else f"kill −9 of the parent of {workers} processes")
    rng, halves = random.Random(seed), Counter[str]()
    orphans: list[int] = []
    folder, left, span = scratch / f"on {workers}", Marks(), 0.0
    while row.tried < times or left:
        run = _begun(folder, workers, scratch)
        moment = rng.uniform(0, span) if span and row.tried < times else None
        took = _ended(run, moment)
        row.resumed(left, there(folder))
        if took is not None:
            span = span or took
            row.same.append(run.said.split()[-1] == reference)
            halves["stayed"] += len(list(folder.glob(".*.part")))
            folder, left = scratch / f"on {workers} after {row.tried}", Marks()
            continue
        before = there(folder)
        run.kill()
        run.wait()
        left = whole(folder)
        row.harmed(before, left)
        halves["made"] += len(list(folder.glob(".*.part")))
        orphans.append(run.end_others())
    row.seen = f"{halves['made']} kills left half a file, {halves['stayed']} after the next run"
    if workers > 1:
        late = f"{sum(map(bool, orphans))} kills left {sum(orphans)} processes running"
        row.seen += f"; {late if any(orphans) else 'no worker ran on'} {PATIENCE:.0f} s later"
    return row


def _begun(folder: Path, workers: int, scratch: Path) -> Run:
    """The program, at the moment when its imports are done."""
    run = Run(["-m", "benchmarks.fault_run", folder, workers], scratch / "cache")
    run.wait_for(lambda: BEGUN in run.said)
    return run


def _ended(run: Run, within: float | None) -> float | None:
    """How long a run takes; None where it has not ended within this time."""
    begun = time.perf_counter()
    try:
        run.wait(within)
    except subprocess.TimeoutExpired:
        return None
    if run.returncode != 0:
        raise RuntimeError(f"A run that failed: {run.messages}")
    return time.perf_counter() - begun


def damage(scratch: Path, reference: str, times: int, seed: int) -> list[Row]:
    """Files of a finished checkpoint that lose their end, or of which one bit is another."""
    rng, folder = random.Random(seed), scratch / "damaged"
    study(folder)
    rows = []
    for scenario in ("a file truncated at random", "a random bit flipped in a file"):
        row, said, harmed = Row(scenario), Counter[str](), 0
        for _ in range(times):
            name = rng.choice(sorted(there(folder)))
            content = bytearray((folder / name).read_bytes())
            place = rng.randrange(len(content))
            if "bit" in scenario:
                content[place] ^= 1 << rng.randrange(8)
            else:
                del content[place:]
            (folder / name).write_bytes(content)
            left, damaged = whole(folder), there(folder)[name]
            row.harmed(left, left)
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always", CheckpointWarning)
                row.same.append(study(folder) == reference)
            row.resumed(left, there(folder))
            harmed += there(folder)[name] != damaged and is_whole(folder / name)
            said.update(quoted(str(one.message), folder).replace(name, "FILE") for one in caught)
        row.seen = f"the harmed one was computed again {harmed} of {times} times"
        row.seen += "".join(f"; {n} × {text}" for text, n in said.items())
        rows.append(row)
    return rows


def writing_order(scratch: Path) -> Row:
    """In which order a study writes, flushes and renames the files of its checkpoint.

    Nobody can cut the power here. What survives is decided by this order: the content is on the
    disk before the file has its name, and the name before the replicate counts as finished.
    """
    events: list[Event] = []
    fsync, replace = os.fsync, os.replace

    def flushed(handle: int) -> None:
        about, path = os.fstat(handle), os.readlink(f"/proc/self/fd/{handle}")
        fsync(handle)
        is_folder = stat.S_ISDIR(about.st_mode)
        events.append(
            ("folder flushed", path) if is_folder else ("flushed", path, str(about.st_size))
        )

    def renamed(old: Any, new: Any, **more: Any) -> None:
        replace(old, new, **more)
        events.append(("renamed", str(old), str(new), str(Path(new).stat().st_size)))

    with tempfile.TemporaryDirectory(dir=scratch) as name:
        folder = Path(name, "checkpoint").resolve()
        with mock.patch("os.fsync", flushed), mock.patch("os.replace", renamed):
            study(folder)
        files = sorted(there(folder))
    row = Row("power loss: the order of writing", tried=1, safe=len(files))
    kept = [_in_order(events, folder / name) for name in files]
    row.lost = len(files) - sum(kept)
    row.seen = f"write, fsync, rename, fsync of the folder: {sum(kept)} of {len(files)} files"
    return row


def _in_order(events: list[Event], path: Path) -> bool:
    """Whether a file was renamed once, after a flush of it all, before one of its folder."""
    places = [
        k for k, event in enumerate(events) if event[0] == "renamed" and event[2] == str(path)
    ]
    if len(places) != 1:
        return False
    _, part, _, size = events[places[0]]
    around = events[places[0] - 1 : places[0] + 2 : 2]
    return around == [("flushed", part, size), ("folder flushed", str(path.parent))]

"""How much memory does a study take, and does it grow with the number of points? On Linux.

Every row is a fresh process that runs one study of the main case, 16 replicates, 16 inputs and all
13 outcomes, and says the most memory that it ever had (VmHWM: ru_maxrss would begin with that of
the process that started it). Beside it SALib, one outcome, the same model and inputs.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import risk
from benchmarks.report import publish, table
from risk.evaluation import bind
from risk.processes import local_processes
from risk.shipped import main_case
from risk.simulation import KEPT_DRAWS

ROOT = Path(__file__).resolve().parents[1]
REPLICATES = 16
KEPT = REPLICATES * 1024  # draws in the study, where they are to be few
RESAMPLES = 100
OUTCOME = "revenue_gap"
SIZES = [1 << k for k in (14, 16, 18, 20, 22)]  # base points
IN_PARALLEL, DEFAULT = [1 << 16, 1 << 22], [1 << 16, 1 << 20]
TO_DISK, SALIB = [1 << 16, 1 << 20], [1 << 16, 1 << 18]
SMALL = 1 << 16  # what the others are compared with
ALLOWED = 100.0  # MB that the largest may take beyond it
MB = 1e6
Found = dict[str, float]


def main() -> None:
    """Measure every row in a process of its own and write the table."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["PYTHONPYCACHEPREFIX"] = folder  # imports are compiled once
        os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
        rows, files, grown = _rows(Path(folder))
        start = _measured("nothing", 0)["peak"]
    note = (
        f"MB are millions of bytes. A process that has read the priors and done nothing yet has "
        f"{start:,.0f} MB. The study keeps {KEPT:,} draws, or {KEPT_DRAWS:,}, its default. SALib: "
        f"{OUTCOME} alone, no second order, {RESAMPLES} resamples; inputs from the same tables."
    )
    head = ["what", "base points", "model rows", "s", "peak, MB", f"beyond 2^{_power(SMALL)}'s, MB"]
    head += ["peak of a worker, MB", "study.nc, MB", "saved in, s"]
    said = "met" if grown <= ALLOWED else "missed"
    target = (
        f"Target: the peak at 2^{_power(SIZES[-1])} within {ALLOWED:.0f} MB of that at "
        f"2^{_power(SMALL)}, draws not kept. Measured {grown:+.0f} MB: {said}."
    )
    disk = ["base points", "file, MB", "opened in, ms", "then, MB", "mean of an outcome, s"]
    disk += ["peak, MB", "all of the outcome, MB"]
    about = "The file of all draws, opened by xarray; the mean is taken a replicate at a time."
    publish("memory", [note, table(head, rows), target, about, table(disk, files)])


def _rows(folder: Path) -> tuple[list[list[str]], list[list[str]], float]:
    """The rows of both tables, and by how much the peak has grown with the points."""
    rows: list[list[str]] = []
    first: dict[str, Found] = {}
    for kind, (name, sizes, _) in KINDS.items():
        for points in sizes:
            found = _measured(kind, points)
            base = first.setdefault(kind, found) if points >= SMALL else None
            rows.append(_row(name, points, found, base))
            if kind == "alone":
                last = found
    files = [_file_rows(points, folder) for points in TO_DISK]
    base = files[0][0]
    for points, (found, _) in zip(TO_DISK, files, strict=True):
        rows.append(_row("every draw to a file", points, found, base))
    return rows, [cells for _, cells in files], last["peak"] - first["alone"]["peak"]


def _measured(kind: str, points: int, *more: str) -> Found:
    """What a fresh process finds."""
    command = [sys.executable, "-m", "benchmarks.memory", kind, str(points), *more]
    done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    return dict(json.loads(done.stdout))


def _row(name: str, points: int, found: Found, base: Found | None) -> list[str]:
    def cell(key: str, form: str) -> str:
        return format(found[key], form) if key in found else "–"

    beyond = "–" if base is None or base is found else f"{found['peak'] - base['peak']:+,.0f}"
    return [
        *(name, f"2^{_power(points)}", f"{found['rows']:,.0f}", cell("seconds", ".1f")),
        *(cell("peak", ",.0f"), beyond, cell("worker", ",.0f")),
        *(cell("size", ".1f"), cell("saved", ".1f")),
    ]


def _file_rows(points: int, folder: Path) -> tuple[Found, list[str]]:
    """The study that writes every draw, and what reading them takes."""
    path = folder / f"{points}.nc"
    written = _measured("written", points, str(path))
    read = _measured("read", points, str(path))
    size = path.stat().st_size / MB
    path.unlink()
    return written, [
        *(f"2^{_power(points)}", f"{size:,.1f}", f"{1000 * read['opened']:.0f}"),
        *(f"{read['open_peak']:,.0f}", f"{read['mean']:.3f}", f"{read['peak']:,.0f}"),
        f"{8 * points / MB:,.1f}",
    ]


def _power(points: int) -> int:
    return points.bit_length() - 1


# What a fresh process does.


def nothing(points: int) -> Found:
    """The priors are read, and that is all."""
    _priors()
    return {"peak": peak()}


def alone(points: int, keep: int = KEPT, **more: Any) -> Found:
    """A study in this process, saved as study.nc."""
    priors = _priors()
    start = time.perf_counter()
    study = risk.run_study(
        risk.profit_model, priors, draws=points // REPLICATES, replicates=REPLICATES,
        keep_draws=keep, **more,
    )  # fmt: skip
    found = {"seconds": time.perf_counter() - start}
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        path = risk.save_study(study, Path(folder, "study.nc"))
        found |= {"saved": time.perf_counter() - start, "size": path.stat().st_size / MB}
    rows = points * (2 * study["sobol"].sizes["factor"] + 2)
    return found | {"rows": rows, "peak": peak()}


def default(points: int) -> Found:
    """The same with as many draws as a study keeps unless asked."""
    return alone(points, keep=KEPT_DRAWS)


def in_parallel(points: int) -> Found:
    """The same on two processes; of them the larger peak."""
    with local_processes(2) as executor:
        found = alone(points, executor=executor)
        return found | {"worker": max(_peaks(executor, 2).values())}


def written(points: int, path: str) -> Found:
    """The same, every draw written to a file."""
    return alone(points, draws_file=path)


def read(points: int, path: str) -> Found:
    """Open a file of all draws and take the mean of an outcome, a replicate at a time."""
    for _ in range(2):  # the first time xarray imports what it needs
        start = time.perf_counter()
        with xr.open_dataset(path, engine="h5netcdf") as draws:
            found = {"opened": time.perf_counter() - start, "open_peak": peak()}
            start = time.perf_counter()
            values = draws[OUTCOME]
            means = [values[r].mean().item() for r in range(values.sizes["replicate"])]
            found["mean"] = time.perf_counter() - start
    assert np.isfinite(means).all()
    return found | {"peak": peak()}


def salib(points: int) -> Found:
    """Points, inputs, the model in one call, indices with intervals: one outcome, by SALib."""
    from SALib.analyze import sobol as analyze
    from SALib.sample import sobol as sample

    bound = bind(risk.profit_model, _priors())
    names = list(bound.map.names)
    problem = {"num_vars": len(names), "names": names, "bounds": [[0.0, 1.0]] * len(names)}
    start = time.perf_counter()
    rows = sample.sample(problem, points, calc_second_order=False, seed=1)
    values = bound(bound.map.inputs(bound.map.columns(rows.T)), len(rows))
    options = {"calc_second_order": False, "num_resamples": RESAMPLES, "seed": 1}
    analyze.analyze(problem, values[bound.outcomes.index(OUTCOME)], **options)
    return {"seconds": time.perf_counter() - start, "rows": len(rows), "peak": peak()}


def peak() -> float:
    """The most memory that this process has had so far, in MB."""
    status = Path("/proc/self/status").read_text("ascii")
    kibibytes = next(line.split()[1] for line in status.splitlines() if line.startswith("VmHWM"))
    return 1024 * int(kibibytes) / MB


def _peaks(executor: Executor, count: int) -> dict[int, float]:
    """Process → peak, of every worker."""
    found: dict[int, float] = {}
    while len(found) < count:
        asked = [executor.submit(_own_peak) for _ in range(2 * count)]
        found |= dict(one.result() for one in asked)
    return found


def _own_peak() -> tuple[int, float]:
    time.sleep(0.1)  # so that another worker takes the next
    return os.getpid(), peak()


def _priors() -> risk.Priors:
    return risk.read_priors(main_case(), risk.profit_model)


KINDS: dict[str, tuple[str, list[int], Callable[..., Found]]] = {
    "alone": ("one process", SIZES, alone),
    "default": (f"one process, {KEPT_DRAWS:,} draws kept", DEFAULT, default),
    "in_parallel": ("two processes", IN_PARALLEL, in_parallel),
    "salib": ("SALib", SALIB, salib),
}
STEPS: dict[str, Callable[..., Found]] = {
    **{kind: step for kind, (_, _, step) in KINDS.items()},
    **{"nothing": nothing, "written": written, "read": read},
}

if __name__ == "__main__":
    if sys.argv[1:]:
        print(json.dumps(STEPS[sys.argv[1]](int(sys.argv[2]), *sys.argv[3:])))
    else:
        main()

"""What do risk measures from histograms give up beside those of all draws?

A study that keeps few of its draws takes quantiles and expected shortfalls from histograms whose
bins a pilot has chosen. The same study writes every draw to a file, and the same measures are taken
of them: how far is the value off, and how much wider is the interval, which reaches to the ends of
its bins? The main case, all outcomes that vary.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import xarray as xr
from numpy.typing import NDArray

import risk
from benchmarks.report import publish, table
from benchmarks.speed_case import power
from risk import analysis
from risk.shipped import main_case

Array = NDArray[np.float64]
REPLICATES = 16
POINTS = (1 << 17, 1 << 20, 1 << 22)
MEASURES = ("quantile", "expected_shortfall")


def main() -> None:
    """Compare at every size and write the table."""
    rows = [row for points in POINTS for row in compared(points)]
    head = [
        *("base points", "measure", "off by, of the half-width: median", "most"),
        *("of the spread: most", "interval, times as wide: median", "most"),
        "half-width added, of the spread: most",
    ]
    note = (
        "*Off by* is the distance from the value of all draws, as a share of the half-width of "
        "their interval, and of the outcome's standard deviation (its spread). "
        f"{REPLICATES} replicates; quantiles from 5 % to 95 %, expected shortfalls of the worst 5 "
        "and 1 %; over all outcomes that vary. Where an interval is many times as wide, that of "
        "all draws is all but nothing, as of an outcome that one input decides."
    )
    publish("histograms", [note, table(head, rows)])


def compared(points: int) -> list[list[str]]:
    """The rows of one size."""
    priors = risk.read_priors(main_case(), risk.profit_model)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "draws.nc")
        study = risk.run_study(
            risk.profit_model, priors, draws=points // REPLICATES, replicates=REPLICATES,
            draws_file=path,
        )  # fmt: skip
        with xr.open_dataset(path, engine="h5netcdf") as every:
            exact = of_all(study, every)
    found = study["risk"].to_dataset().sel(outcome=exact["outcome"])
    spread = found["standard_deviation"].values[:, None]
    rows = []
    for name in MEASURES:
        before, now = (np.ptp(x[f"{name}_interval"].values, axis=-1) / 2 for x in (exact, found))
        off = np.abs(found[name].values - exact[name].values)
        shares = (np.median(off / before), (off / before).max(), (off / spread).max())
        wide, added = now / before, ((now - before) / spread).max()
        rows.append(
            [
                *(power(points), name.replace("_", " "), *(f"{x:.2%}" for x in shares)),
                *(f"{np.median(wide):.2f}", f"{wide.max():.1f}", f"{added:.2%}"),
            ]
        )
    return rows


def of_all(study: xr.DataTree, every: xr.Dataset) -> xr.Dataset:
    """The measures of every draw, one outcome at a time."""
    draws = study["draws"].to_dataset()
    names = [n for n in study["risk"].to_dataset()["outcome"].values if np.ptp(draws[n].values) > 0]
    of_each = []
    for name in names:
        values = draws[[name]].drop_vars(name)
        values[name] = (draws[name].dims, every[name].values, draws[name].attrs)
        of_each.append(analysis.risk(values)[[*MEASURES, *(f"{m}_interval" for m in MEASURES)]])
    return xr.concat(of_each, "outcome", join="exact")


if __name__ == "__main__":
    main()

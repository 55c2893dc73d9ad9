"""Which assumptions drive the gap between DeepSeek's theoretical and its real revenue?

The main job through the Python interface: read the priors, simulate the profit model, print the
ranking of both gaps and the bridge, write the figures.
"""

from __future__ import annotations

import sys
from pathlib import Path

import xarray as xr

import risk
from risk.plots import save_figures
from risk.shipped import main_case

FIGURES = Path(__file__).resolve().parents[1] / "figures"


def ranking(study: xr.DataTree, gap: str) -> str:
    """Factors of a gap by total-order index, with interval and rank interval."""
    sobol = study["sobol"].to_dataset().sel(outcome=gap).sortby("total_order", ascending=False)
    lines = [f"{sobol['outcome_label'].item()}: share of variance, 95% interval, rank"]
    for factor in sobol["factor"].values[:6]:
        one = sobol.sel(factor=factor)
        low, high = one["total_order_interval"].values
        ranks = f"{one['rank_low'].item():.0f}–{one['rank_high'].item():.0f}"
        label = one["factor_label"].item()
        index = one["total_order"].item()
        lines.append(f"  {label:32} {index:6.3f}  {low:.3f}–{high:.3f}  {ranks}")
    return "\n".join(lines)


def bridge(study: xr.DataTree, outcome: str) -> str:
    """Mean steps from the theoretical to the real value of an outcome, USD a day."""
    data = study["bridge"].to_dataset().sel(outcome=outcome)
    steps = zip(data["step"].values, data["mean"].values, strict=True)
    rows = [("theoretical", data["start"]), *steps, ("real, mean", data["end"])]
    lines = [f"  {label:32} {float(amount):12,.0f}" for label, amount in rows]
    return "\n".join([f"{data['outcome_label'].item()}, USD a day", *lines])


def main(figures: str | Path = FIGURES) -> None:
    """Run the main job, print the answer and write its figures."""
    priors = risk.read_priors(main_case(), risk.profit_model)
    study = risk.run_study(risk.profit_model, priors)
    print("\n\n".join([ranking(study, "revenue_gap"), ranking(study, "profit_gap")]))
    print(f"\n{bridge(study, 'real_revenue')}\n")
    for path in save_figures(study, figures):
        print(path)


if __name__ == "__main__":
    main(*sys.argv[1:])

"""What if web and app were charged, the night discounts ended, or idle nodes were not reused?

Each lever is pulled on the draws of the main study, so that a difference carries no noise but its
own. Usage is assumed not to react to price: charging loses no user, so what it adds is a bound.
"""

import sys
from pathlib import Path

import numpy as np
import xarray as xr

import risk
from risk.memo.formats import number
from risk.plots import draw_levers, save_figure
from risk.shipped import MAIN_CASE, priors_directory

FIGURES = Path(__file__).resolve().parents[1] / "figures"
OUTCOMES = ["real_revenue", "gross_profit"]
CHARGED, ENDED, IDLE = "web and app charged", "discounts ended", "idle nodes not reused"
TOGETHER = "all three together"
CAVEAT = "Usage is assumed not to react to price, so what charging adds is an upper bound"


def scenarios(priors: risk.Priors) -> dict[str, dict[str, float]]:
    """Scenario → input → the value that it is set to."""
    hourly = priors_directory() / "data" / "deepseek_day6_hourly.csv"
    nodes = np.loadtxt(hourly, delimiter=",", skiprows=1, usecols=2)
    discounts = {name: value for name, value in priors.fixed.items() if "_discount" in name}
    ended = dict.fromkeys(discounts, 0.0)
    idle = {"utilisation": float(nodes.mean() / nodes.max())}  # all nodes, round the clock
    charged = {"paid_user_share": 1.0}
    halved = {name: value / 2 for name, value in discounts.items()}
    single = {"discounts halved": halved, ENDED: ended, IDLE: idle, CHARGED: charged}
    return single | {TOGETHER: ended | idle | charged}


def row(label: str, data: xr.Dataset) -> str:
    """Mean, difference, P(loss) and its change in points, differences with 95 % intervals."""
    low, high = data["difference_interval"].values
    fall, rise = 100 * data["probability_difference_interval"].values
    difference, change = float(data["difference"]), 100 * float(data["probability_difference"])
    text = (
        f"{label:23}{float(data['mean']):>10,.0f}"
        f"{difference:>+11,.0f}{f'[{low:+,.0f}, {high:+,.0f}]':>23}"
        f"{float(data['probability_of_loss']):>9.1%}"
        f"{change:>+8.1f}{f'[{fall:+.1f}, {rise:+.1f}]':>17}"
    )
    return text.replace("-", "−")


def answer(effects: xr.Dataset, before: float) -> str:
    """The answer in one sentence."""
    parts = []
    for label in (CHARGED, ENDED, IDLE):
        one = effects.sel(scenario=label)
        amount = number(float(one["difference"]), "USD/day", sign=True)
        loss = number(float(one["probability_of_loss"]), "1", style="probability")
        parts.append(f"{amount} a day with {label} (P(loss) {loss})")
    base = number(before, "1", style="probability")
    return f"Mean gross profit changes by {'; '.join(parts)}; as it is, P(loss) is {base}."


def main(figures: str | Path = FIGURES, *, draws: int = 4096, replicates: int = 16) -> None:
    """Run the main study, pull the levers on its draws, print the answer and draw it."""
    priors = risk.read_priors(priors_directory() / MAIN_CASE, risk.profit_model)
    study = risk.run_study(risk.profit_model, priors, draws=draws, replicates=replicates)
    drawn = study["draws"].to_dataset()
    effects = risk.what_if(risk.profit_model, priors, drawn, scenarios(priors), OUTCOMES)
    base = study["risk"].to_dataset().sel(outcome="gross_profit")
    profit = effects.sel(outcome="gross_profit")
    mean, loss = float(base["mean"]), float(base["probability_of_loss"])
    print(f"{'Gross profit, USD a day':23}{'mean':>10}{'difference':>11}{'95% interval':>23}"
          f"{'P(loss)':>9}{'pp':>8}{'95% interval':>17}")  # fmt: skip
    print(f"{'as it is':23}{mean:>10,.0f}{loss:>43.1%}".replace("-", "−"))
    for label in profit["scenario"].values:
        print(row(str(label), profit.sel(scenario=label)))
    print(f"\n{answer(profit, loss)}\n{CAVEAT}.")
    busy = number(float(drawn["utilisation"].mean()), "1", style="share")
    set_to = number(scenarios(priors)[IDLE]["utilisation"], "1", style="share")
    print(f"Idle nodes not reused: {set_to} of paid node-hours are busy; as it is, {busy} on mean.")
    print("The intervals are those of the means, not the range of days to expect.\n")
    sheet = draw_levers(study, effects, "gross_profit", together=TOGETHER, notes=[CAVEAT])
    Path(figures).mkdir(parents=True, exist_ok=True)
    for kind in ("png", "svg"):
        print(save_figure(sheet, Path(figures) / f"levers.{kind}"))


if __name__ == "__main__":
    main(*sys.argv[1:2])

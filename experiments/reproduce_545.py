"""Does DeepSeek's disclosure add up, to the digit?

Each figure is computed from its printed parts by the equations of the profit model and compared
with what was printed. The exit code is 1 when one is off by more than the rounding explains.
"""

import sys
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

import risk
from risk.model import profit, sales, serving, units, workload
from risk.plots import draw_hours, save_figure
from risk.shipped import MAIN_CASE, priors_directory

FIGURES = Path(__file__).resolve().parents[1] / "figures"
# As printed in the V3/R1 inference system overview (open-infra-index, day 6), grade A:
NODES: Any = 226.75  # "average occupancy"
COST: Any = 87_072.0  # "$87,072"
REVENUE: Any = 562_027.0  # "$562,027"
RATIO: Any = 5.45  # "545%"
TOKENS = 0.5e9  # half of the last digit of "608B", "342B" and "168B"
PREFILL, DECODE = 0.05 / 73.7, 0.05 / 14.8  # half of that of "73.7k" and "14.8k", relative
A_YEAR = 200e6  # "more than $200 million a year": press (Reuters, TechCrunch), grade B
WINDOW = (0.5, 8.5)  # discounts 16:30–00:30 UTC, here UTC+8: API documentation, grade A


def disclosure(claim: dict[str, Any], nodes: Any, cost: Any, share: float) -> list[Any]:
    """Figure, number format, printed (None: not stated), ours, whether and why they agree."""
    output, ratio = claim["output_tokens"], claim["input_output_ratio"]
    tokens = hit, miss, _ = workload.served_tokens(output, ratio, claim["cache_hit_share"])
    parts = ("hit_price", "miss_price", "output_price")
    r1, v3 = (sales.PriceList(*(claim[f"{m}_{p}"] for p in parts)) for m in ("premium", "standard"))
    revenue, at_v3 = sales.list_value(tokens, r1), sales.list_value(tokens, v3)
    h, i, o = np.transpose(list(product((-TOKENS, TOKENS), repeat=3)))  # of hits, input, output
    values = sales.list_value(workload.TokenFlow(hit + h, miss + i - h, output + o), r1)
    prefill = claim["prefill_throughput"] * (1 + PREFILL * np.array([1, 0, -1]))
    decode = claim["decode_throughput"] * (1 + DECODE * np.array([1, 0, -1]))
    fewest, busy, most = serving.busy_nodes(miss, output, prefill, decode)
    earned, day = profit.gross_profit(REVENUE, COST), NODES * units.HOURS_A_DAY
    mark_up, margin = profit.cost_profit_ratio(earned, COST), profit.gross_margin(earned, REVENUE)
    needed, needed_v3 = (profit.breakeven_paid_share(COST, value) for value in (REVENUE, at_v3))
    return [
        ("Node-hours of the day", ",.2f", day, nodes.sum(), nodes.sum() == day, "to the digit"),
        ("Cost of the day, $", ",.2f", COST, cost.sum(), cost.sum() == COST, "to the digit"),
        ("Nodes for prefill and decode", ",.2f", NODES, busy, fewest <= NODES <= most,
         f"rounded throughputs allow {fewest:,.2f} to {most:,.2f}"),
        ("Theoretical revenue of the day, $", ",.0f", REVENUE, revenue,
         values.min() <= REVENUE <= values.max(),
         f"rounded token counts allow {values.min():,.0f} to {values.max():,.0f}"),
        ("Cost-profit ratio", ".2%", RATIO, mark_up, abs(mark_up - RATIO) <= 0.005,
         "printed as a whole percent; a mark-up on cost"),
        ("A year of it, $, more than", ",.0f", A_YEAR, 365 * REVENUE, 365 * REVENUE > A_YEAR,
         f"revenue, not profit, which is {365 * earned:,.0f}"),
        ("Gross margin", ".1%", None, margin, True, "the same profit, over revenue"),
        ("All tokens at V3 prices, $", ",.0f", None, at_v3, True, f"{at_v3 / revenue:.0%} of R1's"),
        ("Break-even billed share, R1 prices", ".1%", None, needed, True, "cost over revenue"),
        ("Break-even billed share, V3 prices", ".1%", None, needed_v3, True, "cost over revenue"),
        ("Value in the discount window", ".1%", None, share, True, "from the hourly curve"),
    ]  # fmt: skip


def main(figures: str | Path = FIGURES) -> int:
    """Print the comparison and draw the day by the hour; 1 when a figure disagrees."""
    priors = risk.read_priors(priors_directory() / MAIN_CASE, risk.profit_model)
    clock, income, nodes = np.loadtxt(
        priors_directory() / "data" / "deepseek_day6_hourly.csv",
        delimiter=",", skiprows=1, unpack=True, converters={0: lambda text: float(text[:2])},
    )  # fmt: skip
    inside = np.clip(np.minimum(clock + 1, WINDOW[1]) - np.maximum(clock, WINDOW[0]), 0, 1)
    share = float(np.average(inside, weights=income))
    claim: dict[str, Any] = dict(priors.theoretical)
    cost = serving.compute_cost(nodes, claim["gpus_per_node"], claim["gpu_price"])
    lines = disclosure(claim, nodes, cost, share)
    print(f"{'':36}{'published':>12}{'ours':>14}{'difference':>12}")
    for figure, form, printed, ours, agrees, why in lines:
        theirs = "not stated" if printed is None else format(printed, form)
        apart = "" if printed is None else format(ours - printed, f"+{form}").replace("%", "pp")
        verdict = why if agrees else f"DISAGREES: {why}"
        print(f"{figure:36}{theirs:>12}{ours:>14{form}}{apart:>12}  {verdict}")
    wrong = [figure for figure, *_, agrees, _ in lines if not agrees]
    print("\nThe disclosure", f"is off in: {'; '.join(wrong)}" if wrong else "adds up.")
    run_id, made = risk.run_id(risk.profit_model, priors, 4096, 16, 545), f"risk {risk.__version__}"
    sheet = draw_hours(
        income, cost, first_hour=clock[0], window=WINDOW, window_share=share, zone="UTC+8",
        origin=f"{priors.title} · run {run_id} · priors {priors.case} · {made}",
        notes=["Income read off a chart, to about $60 an hour"], run_id=run_id, made_by=made,
    )  # fmt: skip
    Path(figures).mkdir(parents=True, exist_ok=True)
    for kind in ("png", "svg"):
        print(save_figure(sheet, Path(figures) / f"reproduce_545.{kind}"))
    return int(bool(wrong))


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:2]))

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

Number = Any  # the equations take floats as well as arrays
FIGURES = Path(__file__).resolve().parents[1] / "figures"
# Printed in the V3/R1 inference system overview (open-infra-index, day 6), grade A:
NODES = 226.75  # "average occupancy"
COST, REVENUE, RATIO = 87_072.0, 562_027.0, 5.45  # "$87,072", "$562,027", "545%"
TOKENS = 0.5e9  # half of the last digit of "608B", "342B" and "168B"
PREFILL, DECODE = 0.05 / 73.7, 0.05 / 14.8  # the same of "73.7k" and "14.8k", relative
# Press (Reuters, TechCrunch), grade B; API documentation, grade A (16:30–00:30 UTC):
A_YEAR, DAYS = 200e6, 365  # "more than $200 million a year"
WINDOW = (0.5, 8.5)  # of the discounts, on the clock of UTC+8


def row(figure: str, form: str, ours: Number, why: str, printed: Number = None) -> str:
    """One figure of the table: as printed, ours, the difference, and why they agree or not."""
    theirs = "not stated" if printed is None else format(printed, form)
    apart = "" if printed is None else format(ours - printed, f"+{form}")
    return f"{figure:36}{theirs:>12}{ours:>14{form}}{apart:>11}  {why}"


def disclosure(claim: dict[str, Any], node_hours: Number, share: float) -> dict[str, bool]:
    """Rows of the disclosure, each from its printed parts, and whether they agree."""
    cost: Number = COST; revenue = REVENUE
    tokens = workload.served_tokens(*(claim[name] for name in TOKEN_INPUTS))
    r1, v3 = (
        sales.PriceList(*(claim[f"{model}_{part}_price"] for part in ("hit", "miss", "output")))
        for model in ("premium", "standard")
    )
    off = np.array(list(product((-TOKENS, TOKENS), repeat=3))).T   # shape (3, 8)
    rounded = sales.list_value(TokenFlow(tokens.hit + off[0], tokens.miss + off[1] - off[0], tokens.output + off[2]), r1)
    k = np.array([1, 0, -1])
    fewest, nodes, most = serving.busy_nodes(tokens.miss, tokens.output, claim["prefill_throughput"] * (1 + k * PREFILL), claim["decode_throughput"] * (1 + k * DECODE))

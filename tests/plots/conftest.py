"""A small study with numbers like those of the first case, built by hand to the study's form."""

from __future__ import annotations

import functools
import json

import numpy as np
import pytest
import xarray as xr
from matplotlib.text import Text

INPUTS = {  # name: label, unit, sampler of (rng, shape)
    "cache_hit_share": ("Cache hit share", "1", lambda g, s: g.beta(14.12, 11.04, s)),
    "paid_output_skew": (
        "Output per input of paying users", "1", lambda g, s: g.lognormal(0, 0.25, s)),
    "utilisation": ("Utilisation", "1", lambda g, s: 0.55 + 0.45 * g.beta(4.1, 1.9, s)),
    "gpu_price": ("GPU price", "USD/GPU/hour", lambda g, s: g.lognormal(0.646, 0.233, s)),
    "operating_cost_ratio": (
        "Operating cost ÷ compute cost", "1", lambda g, s: g.lognormal(-1.609, 0.557, s)),
    "export_regime": ("Export regime", "1", lambda g, s: g.choice(3, s, p=[0.1, 0.6, 0.3])),
    "accelerator_premium": (
        "Accelerator premium", "1", lambda g, s: g.triangular(1.1, 1.5, 2.4, s)),
    "exposed_fleet_share": ("Exposed fleet share", "1", lambda g, s: g.beta(2, 4.5, s)),
    "overseas_share": ("Overseas share", "1", lambda g, s: g.beta(4, 6, s)),
    "ban_loss": ("Loss to service bans", "1", lambda g, s: g.beta(0.74, 8.71, s)),
    "paid_user_share": ("Paid user share", "1", lambda g, s: g.beta(2.10, 4.93, s)),
    "premium_share": ("Premium share", "1", lambda g, s: g.beta(2.23, 2.23, s)),
    "offpeak_share": ("Off-peak share", "1", lambda g, s: g.beta(7.34, 34.43, s)),
    "net_to_gross": ("Net to gross", "1", lambda g, s: g.beta(23.91, 2.92, s)),
    "final_run_share": ("Final run share", "1", lambda g, s: g.beta(3, 22, s)),
    "model_life": ("Model life", "month", lambda g, s: g.triangular(4, 8, 15, s)),
}  # fmt: skip
STATES = ["open", "partial", "closed"]
BAN = np.array([0.3, 1.0, 2.4])  # a regime's multiple of the ban loss
OUTCOMES = {  # name: label, unit
    "theoretical_revenue": ("Theoretical revenue", "USD/day"),
    "real_revenue": ("Real revenue", "USD/day"),
    "revenue_gap": ("Revenue gap", "USD/day"),
    "revenue_capture": ("Revenue capture", "1"),
    "inference_cost": ("Inference cost", "USD/day"),
    "gross_profit": ("Gross profit", "USD/day"),
    "profit_gap": ("Profit gap", "USD/day"),
}
THEORY, COST = 562_100.0, 87_116.0
REVENUE_INDICES = {  # first order, total
    "paid_user_share": (0.787, 0.833), "paid_output_skew": (0.062, 0.094),
    "premium_share": (0.041, 0.067), "net_to_gross": (0.006, 0.009),
    "cache_hit_share": (0.004, 0.008), "ban_loss": (0.003, 0.006),
    "offpeak_share": (0.002, 0.004), "export_regime": (0.001, 0.003),
    "overseas_share": (-0.0005, 0.0012),
}  # fmt: skip
PROFIT_INDICES = REVENUE_INDICES | {
    "paid_user_share": (0.672, 0.712), "gpu_price": (0.061, 0.066),
    "operating_cost_ratio": (0.036, 0.039), "utilisation": (0.012, 0.016),
    "accelerator_premium": (0.006, 0.011), "exposed_fleet_share": (0.005, 0.009),
}  # fmt: skip
STEPS = ["workload of paying users", "export controls and bans", "free web and app",
         "cheaper V3 model", "off-peak discounts", "fees, refunds and taxes"]  # fmt: skip
PROBABILITY = [0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95]
TAIL = [0.05, 0.01]


def profit_model(x):
    """Outcomes of a toy profit model with the sizes of the real one."""
    hits = 608e9 * x["cache_hit_share"]
    output = 168e9 * x["paid_output_skew"]
    premium = (0.14 * hits + 0.55 * (608e9 - hits) + 2.19 * output) / 1e6
    price = x["premium_share"] * (1 - 0.75 * x["offpeak_share"])
    price = price + (1 - x["premium_share"]) * 0.5 * (1 - 0.5 * x["offpeak_share"])
    bans = np.minimum(1, x["ban_loss"] * BAN[np.asarray(x["export_regime"]).astype(int)])
    access = 1 - x["overseas_share"] * bans
    revenue = premium * x["paid_user_share"] * price * access * x["net_to_gross"]
    rate = x["gpu_price"] * (1 + x["exposed_fleet_share"] * (x["accelerator_premium"] - 1))
    cost = 5442 * 8 * rate / x["utilisation"] * (1 + x["operating_cost_ratio"])
    cost = cost * (1.3 - 0.53 * x["cache_hit_share"])
    profit = revenue - cost
    return {
        "theoretical_revenue": THEORY + 0 * revenue, "real_revenue": revenue,
        "revenue_gap": THEORY - revenue, "revenue_capture": revenue / THEORY,
        "inference_cost": cost, "gross_profit": profit, "profit_gap": THEORY - COST - profit,
    }  # fmt: skip


def interval(values, width):
    """95 % interval of a stated half width, on a last dimension `bound`."""
    values, width = np.broadcast_arrays(values, width)
    return np.stack([values - width, values + width], axis=-1)


def draws_group(x, y):
    variables = {}
    for name, (label, unit, _) in INPUTS.items():
        attrs = {"units": unit, "long_name": label, "role": "input"}
        if name == "export_regime":
            attrs |= {"flag_values": [0, 1, 2], "flag_meanings": " ".join(STATES)}
        values = x[name].astype("int8") if name == "export_regime" else x[name]
        variables[name] = (("replicate", "draw"), values, attrs)
    for name, (label, unit) in OUTCOMES.items():
        attrs = {"units": unit, "long_name": label, "role": "outcome"}
        variables[name] = (("replicate", "draw"), y[name], attrs)
    variables["output_tokens"] = ((), 168e9, {"units": "token/day", "long_name": "Output tokens"})
    return xr.Dataset(variables)


def sobol_group():
    outcomes, factors = list(OUTCOMES), list(INPUTS)
    first = np.zeros((len(outcomes), len(factors)))
    total = np.zeros_like(first)
    for row, outcome in enumerate(outcomes):
        table = PROFIT_INDICES if "profit" in outcome else REVENUE_INDICES
        for column, factor in enumerate(factors):
            first[row, column], total[row, column] = table.get(factor, (0.0, 0.0))
    constant = outcomes.index("theoretical_revenue")
    first[constant] = total[constant] = np.nan
    spread = 0.002 + 0.02 * np.abs(total)
    spread[total == 0] = 0.0
    dims = ("outcome", "factor")
    share = 1 - first.sum(axis=1)
    status = ["constant" if name == "theoretical_revenue" else "ok" for name in outcomes]
    return xr.Dataset(
        {
            "first_order": (dims, first),
            "first_order_interval": ((*dims, "bound"), interval(first, 1.2 * spread)),
            "total_order": (dims, total),
            "total_order_interval": ((*dims, "bound"), interval(total, spread)),
            "interaction": ("outcome", share),
            "interaction_interval": (("outcome", "bound"), interval(share, 0.006)),
            "status": ("outcome", status),
            "transform": ("outcome", ["raw"] * len(outcomes)),
            "effective_sample_size": ("outcome", np.full(len(outcomes), 21_000.0)),
        },
        {
            "outcome": outcomes, "factor": factors, "bound": ["lower", "upper"],
            "factor_label": ("factor", [INPUTS[name][0] for name in factors]),
        },
        {"model_runs": 2_228_224},
    )  # fmt: skip


def risk_group(y):
    flat = {name: values.ravel() for name, values in y.items()}
    spread = np.array([values.std(ddof=1) for values in flat.values()])
    mean = np.array([values.mean() for values in flat.values()])
    skew = [0.0 if s < 1e-6 else np.mean((v - v.mean()) ** 3) / s**3
            for v, s in zip(flat.values(), spread, strict=True)]  # fmt: skip
    quantile = np.array([np.quantile(values, PROBABILITY) for values in flat.values()])
    worst = np.array([[-v[v <= np.quantile(v, t)].mean() for t in TAIL] for v in flat.values()])
    loss = np.array([(values < 0).mean() for values in flat.values()])
    width = spread / 200
    return xr.Dataset(
        {
            "mean": ("outcome", mean),
            "mean_interval": (("outcome", "bound"), interval(mean, width)),
            "standard_deviation": ("outcome", spread),
            "skewness": ("outcome", np.array(skew)),
            "quantile": (("outcome", "probability"), quantile),
            "quantile_interval": (
                ("outcome", "probability", "bound"), interval(quantile, width[:, None])),
            "expected_shortfall": (("outcome", "tail"), worst),
            "probability_of_loss": ("outcome", loss),
        },
        {"outcome": list(flat), "probability": PROBABILITY, "tail": TAIL},
    )  # fmt: skip


def tornado_group(x, y):
    middle = {name: np.median(values) for name, values in x.items()}
    base = profit_model(middle)
    value = np.zeros((len(OUTCOMES), len(INPUTS), 2))
    at = np.zeros((len(INPUTS), 2))
    state = np.full((len(INPUTS), 2), "", dtype="<U16")
    for column, name in enumerate(INPUTS):
        at[column] = np.quantile(x[name], [0.1, 0.9])
        if name == "export_regime":
            at[column] = [0, 2]
            state[column] = ["open", "closed"]
        for end in (0, 1):
            moved = profit_model(middle | {name: at[column, end]})
            value[:, column, end] = [moved[outcome] for outcome in OUTCOMES]
    at[list(INPUTS).index("export_regime")] = np.nan
    together = [np.quantile(y[name], [0.1, 0.9]) for name in OUTCOMES]
    return xr.Dataset(
        {
            "value": (("outcome", "input", "end"), value),
            "input_value": (("input", "end"), at),
            "state": (("input", "end"), state),
            "base": ("outcome", np.array([base[name] for name in OUTCOMES])),
            "monotone": (("outcome", "input"), np.ones((len(OUTCOMES), len(INPUTS)), dtype=bool)),
            "together": (("outcome", "end"), np.array(together)),
        },
        {
            "outcome": list(OUTCOMES), "input": list(INPUTS), "end": ["low", "high"],
            "input_label": ("input", [label for label, _, _ in INPUTS.values()]),
            "input_units": ("input", [unit for _, unit, _ in INPUTS.values()]),
        },
    )  # fmt: skip


def bridge_group(y):
    revenue, profit = y["real_revenue"].mean(), y["gross_profit"].mean()
    shares = np.array([0.012, 0.021, 0.662, 0.181, 0.062, 0.062])
    steps = [*STEPS, "cost of serving"]
    mean = np.zeros((2, 7))
    mean[0, :6] = shares * (revenue - THEORY)
    mean[1, :6] = mean[0, :6] + np.array([9e3, 0, 0, 0, 0, 0])
    mean[1, 6] = (profit - (THEORY - COST)) - mean[1, :6].sum()
    end = np.array([revenue, profit])
    return xr.Dataset(
        {
            "mean": (("outcome", "step"), mean),
            "mean_interval": (("outcome", "step", "bound"), interval(mean, 400.0)),
            "start": ("outcome", np.array([THEORY, THEORY - COST])),
            "end": ("outcome", end),
            "end_interval": (("outcome", "bound"), interval(end, 500.0)),
        },
        {"outcome": ["real_revenue", "gross_profit"], "step": steps},
    )


def make_study(replicates=8, points=512):
    rng = np.random.default_rng(545)
    x = {name: sample(rng, (replicates, points)) for name, (_, _, sample) in INPUTS.items()}
    y = profit_model(x)
    attrs = {
        "title": "DeepSeek V3/R1, February 2025", "case": "deepseek_2025_02",
        "run_id": "7f3a9c21b0de", "seed": 545, "replicates": replicates, "draws": points,
        "versions": json.dumps({"risk": "0.1.0", "numpy": "2.4.0"}),
    }  # fmt: skip
    return xr.DataTree.from_dict(
        {
            "/": xr.Dataset(attrs=attrs), "/draws": draws_group(x, y), "/sobol": sobol_group(),
            "/risk": risk_group(y), "/tornado": tornado_group(x, y), "/bridge": bridge_group(y),
        }
    )  # fmt: skip


@pytest.fixture(scope="session")
def study():
    return make_study()


@pytest.fixture(scope="session")
def sheet_of(study):
    """Figure of the study by function, outcome and size; each is drawn once."""
    return functools.cache(lambda draw, outcome, size="word": draw(study, outcome, size))


@pytest.fixture(scope="session")
def clashes():
    """Function: texts of a figure outside the canvas, and pairs whose boxes overlap."""

    def find(sheet):
        renderer = sheet.canvas.get_renderer()
        shown = [t for t in sheet.findobj(Text) if t.get_visible() and t.get_text().strip()]
        names = [text.get_text() for text in shown]
        boxes = np.array([text.get_window_extent(renderer).get_points() for text in shown])
        low, high = boxes[:, 0], boxes[:, 1]
        outside = ((low < 0) | (high > [sheet.bbox.width, sheet.bbox.height])).any(axis=1)
        shared = np.minimum(high[:, None], high) - np.maximum(low[:, None], low)
        pairs = np.argwhere(np.triu((shared > 0.5).all(axis=-1), k=1))  # pixels at 220 dpi
        return [names[i] for i in np.flatnonzero(outside)] + [
            (names[i], names[j]) for i, j in pairs
        ]

    return find

"""Do the audited figures of other labs fall where the priors of their kind of lab expect them?

Priors → draws → where each reported figure falls. No reported figure is an input of the case that
it tests, and no prior was moved to catch one: a figure outside P5–P95 is a finding.
"""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import xarray as xr

import risk
from risk import analysis
from risk.model import profit, sales, subscriptions
from risk.plots import save_figure
from risk.plots.backtest import draw_backtest
from risk.plots.findings import inside
from risk.shipped import priors_directory

FIGURES = Path(__file__).resolve().parents[1] / "figures"
BANDS = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
COMPARED = ["reported", *BANDS, "percentile", "percentile_low", "percentile_high", "run_id"]
PER_DAY = {"1": 1, "USD/year": 365}  # what a reported number has to be divided by
NOTES = [
    "Margins on a scale of cost per dollar of revenue. After research: our case counts compute "
    "alone, the reported line staff too; sales and administration are in neither",
    "Lines of one lab are not independent. A case is of a kind of lab in 2025; its priors come "
    "from other sources and were not moved to catch a figure",
]


def outcomes(drawn: Any) -> xr.Dataset:
    """What labs report, from the inputs and outcomes of the draws."""
    cost, revenue = drawn["inference_cost"], drawn["real_revenue"]
    found = {
        "real_revenue": revenue,
        "inference_cost": cost,
        "gross_margin": profit.gross_margin(drawn["gross_profit"], revenue),
        "operating_margin": profit.operating_margin(drawn["operating_profit"], revenue),
    }
    if "active_users" in drawn:
        users, share = drawn["active_users"], drawn["subscriber_share"]
        tokens = subscriptions.consumer_output(
            users, drawn["tokens_a_user"], share, drawn["subscriber_usage_multiple"]
        )
        access = sales.access(drawn["overseas_share"], drawn["ban_loss"])
        fees = subscriptions.subscription_fees(users, share, drawn["subscription_price"])
        paid = subscriptions.subscription_revenue(fees, access, drawn["net_to_gross"])
        part = subscriptions.consumer_cost(cost, tokens, tokens + drawn["output_tokens"])
        found["consumer_gross_margin"] = profit.gross_margin(paid - part, paid)
    about = {"units": "", "role": "outcome"}
    return xr.Dataset({k: x.assign_attrs(about, long_name=k) for k, x in found.items()})


def compare(reported: Any, studies: dict[str, xr.DataTree]) -> Any:
    """Each reported figure with the bands of its case and its percentile, with 95 % interval."""
    drawn = {case: outcomes(study["draws"].to_dataset()) for case, study in studies.items()}
    bands = {case: analysis.risk(data)["quantile"] for case, data in drawn.items()}
    found = []
    for row in reported.itertuples():
        value = row.value / PER_DAY[row.unit]
        below = risk.probability_below(drawn[row.case], row.outcome, value)
        band = bands[row.case].sel(outcome=row.outcome, probability=list(BANDS.values()))
        place = [float(below["probability"]), *below["probability_interval"].values]
        found.append([value, *band.values, *place, studies[row.case].attrs["run_id"]])
    table = pd.DataFrame(found, columns=COMPARED)
    table["inside"] = table["percentile"].between(BANDS["p5"], BANDS["p95"])
    unit = reported["unit"].str.replace("year", "day")
    return pd.concat([reported.drop(columns="value").assign(unit=unit), table], axis=1)


def lines(table: Any, titles: dict[str, str]) -> xr.Dataset:
    """The table as the figure takes it."""
    data = xr.Dataset({name: ("line", table[name]) for name in ("unit", "reported", "percentile")})
    labels = [f"{row.lab} {inside(row.line)}, {row.period}" for row in table.itertuples()]
    groups = [
        titles[case].partition(":")[0] + ("" if unit == "1" else ": US$ a day")
        for case, unit in zip(table["case"], table["unit"], strict=True)
    ]
    data = data.assign(label=("line", labels), group=("line", groups))
    quantile = (("line", "probability"), table[list(BANDS)].to_numpy())
    return data.assign(quantile=quantile).assign_coords(probability=list(BANDS.values()))


def main(figures: str | Path = FIGURES, *, draws: int = 4096, replicates: int = 16) -> None:
    """Run the cases, print where the figures fall, save the table and draw it."""
    data = priors_directory() / "data" / "reported_figures.csv"
    reported = pd.read_csv(data, dtype={"period": str, "unit": str})
    studies, titles = {}, {}
    for case in reported["case"].unique():
        priors = risk.read_priors(priors_directory() / f"{case}.toml", risk.profit_model)
        study = risk.run_study(risk.profit_model, priors, draws=draws, replicates=replicates)
        studies[case], titles[case] = study, priors.title
    table = compare(reported, studies)
    shown = ["lab", "line", "period", "reported", *BANDS, "percentile", "inside"]
    print(table[shown].to_string(index=False, float_format=lambda x: f"{x:,.3g}"))
    share = table["inside"].mean()
    print(f"\n{table['inside'].sum()} of {len(table)} figures ({share:.0%}) are inside P5–P95.\n")
    runs = [
        f"{titles[case].partition(':')[0]} run {studies[case].attrs['run_id']}" for case in studies
    ]
    made = f"risk {risk.__version__}"
    origin = " · ".join([*runs, f"{replicates * draws:,} draws each", "seed 545", made])
    ids = "_".join(study.attrs["run_id"] for study in studies.values())
    sheet = draw_backtest(
        lines(table, titles), origin=origin, notes=NOTES, run_id=ids, made_by=made
    )
    folder = Path(figures)
    folder.mkdir(parents=True, exist_ok=True)
    table.to_csv(folder / "backtest.csv", index=False, float_format="%.6g", lineterminator="\n")
    for path in (folder / f"backtest.{kind}" for kind in ("png", "svg")):
        print(save_figure(sheet, path))


if __name__ == "__main__":
    main(*sys.argv[1:2])

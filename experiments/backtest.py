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
from risk.analysis import risk as measures
from risk.model import profit, sales, subscriptions
from risk.plots import save_figure
from risk.plots.backtest import draw_backtest
from risk.plots.findings import inside
from risk.shipped import priors_directory

FIGURES = Path(__file__).resolve().parents[1] / "figures"
REPORTED = priors_directory() / "data" / "reported_figures.csv"
BANDS = {"p5": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}
COMPARED = ["reported", *BANDS, "percentile", "percentile_low", "percentile_high", "run_id"]
NOTES = """After research: our case counts compute alone, the report staff too; overheads in neither
Lines of one lab are not independent; a case is of a kind of lab in 2025""".splitlines()


def outcomes(drawn: Any) -> xr.Dataset:
    """What labs report, from the inputs and outcomes of the draws."""
    cost, revenue = drawn["inference_cost"], drawn["real_revenue"]
    found = {"real_revenue": revenue, "inference_cost": cost}
    found["gross_margin"] = profit.gross_margin(drawn["gross_profit"], revenue)
    found["operating_margin"] = profit.operating_margin(drawn["operating_profit"], revenue)
    if "active_users" in drawn:
        users, share = drawn["active_users"], drawn["subscriber_share"]
        usage = (drawn["tokens_a_user"], share, drawn["subscriber_usage_multiple"])
        tokens = subscriptions.consumer_output(users, *usage)
        fees = subscriptions.subscription_fees(users, share, drawn["subscription_price"])
        access = sales.access(drawn["overseas_share"], drawn["ban_loss"])
        paid = subscriptions.subscription_revenue(fees, access, drawn["net_to_gross"])
        part = subscriptions.consumer_cost(cost, tokens, tokens + drawn["output_tokens"])
        found["consumer_gross_margin"] = profit.gross_margin(paid - part, paid)
    about = {"units": "", "role": "outcome", "long_name": "reported"}
    return xr.Dataset({name: values.assign_attrs(about) for name, values in found.items()})


def compare(reported: Any, studies: dict[str, xr.DataTree]) -> Any:
    """Each reported figure, the bands of its case, and its percentile with a 95 % interval."""
    drawn = {case: outcomes(study["draws"].to_dataset()) for case, study in studies.items()}
    bands = {case: measures(data)["quantile"] for case, data in drawn.items()}
    found = []
    for row in reported.itertuples():
        value = row.value / (365 if row.unit == "USD/year" else 1)
        below = risk.probability_below(drawn[row.case], row.outcome, value)
        place = [below["probability"].item(), *below["probability_interval"].values]
        band = bands[row.case].sel(outcome=row.outcome, probability=list(BANDS.values()))
        found.append([value, *band.values, *place, studies[row.case].attrs["run_id"]])
    table = pd.DataFrame(found, columns=COMPARED)
    table["inside"] = table["percentile"].between(BANDS["p5"], BANDS["p95"])
    kept = reported.assign(unit=reported["unit"].str.replace("year", "day")).drop(columns="value")
    return pd.concat([kept, table], axis=1)


def as_dataset(table: Any, kinds: dict[str, str]) -> xr.Dataset:
    """The table as the figure takes it; `kinds` says what kind of lab a case is."""
    data = xr.Dataset({name: ("line", table[name]) for name in ("unit", "reported", "percentile")})
    data["label"] = "line", [f"{x.lab} {inside(x.line)}, {x.period}" for x in table.itertuples()]
    per = table["unit"].map({"1": "", "USD/day": ": US$ a day"})
    data["group"] = "line", table["case"].map(kinds) + per
    data["quantile"] = ("line", "probability"), table[list(BANDS)].to_numpy()
    return data.assign_coords(probability=list(BANDS.values()))


def main(figures: str | Path = FIGURES, *, draws: int = 4096, replicates: int = 16) -> None:
    """Run the cases, print where the figures fall, save the table and draw it."""
    reported = pd.read_csv(REPORTED, dtype={"period": str, "unit": str})
    studies, model = {}, risk.profit_model
    for case in reported["case"].unique():
        priors = risk.read_priors(priors_directory() / f"{case}.toml", model)
        studies[case] = risk.run_study(model, priors, draws=draws, replicates=replicates)
    ids = {case: study.attrs["run_id"] for case, study in studies.items()}
    kinds = {case: study.attrs["title"].partition(":")[0] for case, study in studies.items()}
    table = compare(reported, studies)
    shown = ["lab", "line", "period", "reported", *BANDS, "percentile", "inside"]
    print(table.to_string(columns=shown, index=False, float_format=lambda x: f"{x:,.3g}"))
    print(f"\n{table['inside'].mean():.0%} of {len(table)} figures are inside P5–P95.\n")
    runs = " · ".join(f"{kind} run {ids[case]}" for case, kind in kinds.items())
    about = {"run_id": "_".join(ids.values()), "made_by": f"risk {risk.__version__}"}
    origin = f"{runs} · {replicates * draws:,} draws each · seed 545 · {about['made_by']}"
    sheet = draw_backtest(as_dataset(table, kinds), notes=NOTES, origin=origin, **about)
    Path(figures).mkdir(parents=True, exist_ok=True)
    table.to_csv(Path(figures, "backtest.csv"), index=False, float_format="%.6g")
    for kind in ("png", "svg"):
        print(save_figure(sheet, Path(figures, f"backtest.{kind}")))


if __name__ == "__main__":
    main(*sys.argv[1:2])

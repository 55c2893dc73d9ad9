"""Studies that documents are made of: the main case, and a model of somebody's own."""

from __future__ import annotations

import pytest
import xarray as xr
from scipy import stats

import risk
from risk.memo.context import Context

WHY = risk.Judgement("the desk", "2026-01-02", "1. a | b\n# <b>bold</b> and [^9] *stars*")


def own_model(price, users, regime, fee, spread):
    """A profit and a cost with a regime, a fixed input, and an outcome that never varies."""
    gain = price * users * (1 - fee) - spread
    return {"profit": gain, "unit_cost": fee * price, "fixed": 0 * price + 3.0}


@pytest.fixture(scope="session")
def own_priors() -> risk.Priors:
    """Priors in code, with words that mean something in Markdown and on a screen."""
    return risk.Priors(
        {
            "price": risk.Prior(
                stats.uniform(1, 2),
                unit="USD/user",
                judgement=WHY,
                label="A | [bold]price[/bold] *x*",
                theoretical=2.0,
                step="price | [bold]list",
            ),
            "users": risk.Prior(
                stats.norm(100, 10), unit="user", source="deck", theoretical=120, step="users"
            ),
            "regime": risk.Prior({"calm": 0.25, "rough": 0.75}, unit="1", judgement=WHY),
            "fee": risk.Prior(
                {"calm": stats.uniform(0, 0.1), "rough": 0.2},
                given="regime",
                unit="1",
                source=[risk.Source("Paper", "https://example.org/a>b", "2026-01-01", "B"), "deck"],
            ),
            "spread": risk.Prior(5.0, unit="USD", judgement=WHY, lever=True),
        },
        {("price", "users"): 0.5},
        title="Own *case*",
        description="- What it is\n| about",
    )


@pytest.fixture(scope="session")
def own_study(own_priors: risk.Priors) -> xr.DataTree:
    """A study of a model of one's own, with a bridge and without published figures."""
    return risk.run_study(own_model, own_priors, draws=256, replicates=4)


@pytest.fixture(scope="session")
def plain_study() -> xr.DataTree:
    """The smallest study: two inputs, one outcome, no claim."""
    names = ("x1", "x2")
    x = {n: risk.Prior(stats.uniform(0, 1), unit="1", source="unit interval") for n in names}
    return risk.run_study(lambda x1, x2: {"y": x1 * x2}, risk.Priors(x), draws=64, replicates=2)


@pytest.fixture(scope="session")
def context(main_study: xr.DataTree) -> Context:
    """The main case as documents see it."""
    return Context(main_study)


@pytest.fixture(scope="session")
def own(own_study: xr.DataTree) -> Context:
    """A model of one's own as documents see it."""
    return Context(own_study)

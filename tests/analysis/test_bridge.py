"""The bridge: its parts sum to the gap on every draw, in any order of the steps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import xarray as xr

import risk
from risk.analysis.bridge import Asked, moving_steps, operations, split
from risk.evaluation import BoundModel, bind, theoretical_values


def parts_of(model: Any, priors: risk.Priors, draws: xr.Dataset, called: bool = True) -> xr.Dataset:
    """Every draw's gap by step, replicates one after the other, from calls or from operations."""
    bound, steps = bind(model, priors), moving_steps(priors)
    names = [n for n in bound.outcomes if draws[n].std() > 0]
    drawn = {name: draws[name].values.ravel() for name in bound.map.names}
    asked = Asked(bound, theoretical_values(priors), list(steps.values()), names)
    program = None if called else operations(asked, drawn)
    assert called or program is not None
    found = split(asked, program, drawn)
    dims = ("outcome", "draw")
    return xr.Dataset(
        {"part": (("step", *dims), found.part), "start": (dims, found.start),
         "end": (dims, found.end)},
        {"step": list(steps), "outcome": names},
    )  # fmt: skip


@pytest.fixture(scope="module")
def parts(main_study: xr.DataTree, main_priors: risk.Priors) -> xr.Dataset:
    return parts_of(risk.profit_model, main_priors, main_study["draws"].to_dataset())


def test_operations_give_the_very_bits(
    parts: xr.Dataset, main_study: xr.DataTree, main_priors: risk.Priors
) -> None:
    draws = main_study["draws"].to_dataset()
    found = parts_of(risk.profit_model, main_priors, draws, called=False)
    xr.testing.assert_identical(found, parts)


def test_operations_that_give_other_bits_are_not_used(
    main_study: xr.DataTree, main_priors: risk.Priors, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound, steps = bind(risk.profit_model, main_priors), moving_steps(main_priors)
    drawn = {n: main_study["draws"][n].values[0, :64] for n in bound.map.names}
    asked = Asked(bound, theoretical_values(main_priors), list(steps.values()), ["real_revenue"])
    program = operations(asked, drawn)
    assert program is not None
    last = program.steps[-1]._replace(operation=np.subtract)
    other = replace(program, steps=[*program.steps[:-1], last])
    other.outcomes["real_revenue"] = last.result
    monkeypatch.setattr(BoundModel, "traced", lambda *_: other)
    assert operations(asked, drawn) is None


def test_parts_sum_to_the_gap_on_every_draw(parts: xr.Dataset) -> None:
    gap = parts["end"] - parts["start"]
    miss = abs(parts["part"].sum("step") - gap)
    for outcome in ("real_revenue", "gross_profit"):
        relative = miss.sel(outcome=outcome) / abs(gap.sel(outcome=outcome))
        assert relative.max() < 1e-9


def test_ends_are_theory_and_the_draws(parts: xr.Dataset, main_study: xr.DataTree) -> None:
    draws = main_study["draws"].to_dataset().stack(all=("replicate", "draw"))
    revenue = parts.sel(outcome="real_revenue")
    assert (revenue["start"].values == draws["theoretical_revenue"].values).all()
    assert (revenue["end"].values == draws["real_revenue"].values).all()
    profit = parts.sel(outcome="gross_profit")
    theory = draws["theoretical_revenue"].values - draws["theoretical_cost"].values
    assert np.allclose(profit["start"], theory, rtol=1e-12)
    assert (profit["end"].values == draws["gross_profit"].values).all()


def test_the_order_of_the_steps_does_not_matter(
    parts: xr.Dataset, main_study: xr.DataTree, main_priors: risk.Priors
) -> None:
    backwards = risk.Priors(dict(reversed(list(main_priors.items()))))
    other = parts_of(risk.profit_model, backwards, main_study["draws"].to_dataset())
    assert other["step"].values.tolist() != parts["step"].values.tolist()
    same = other["part"].sel(step=parts["step"])
    scale = abs(parts["end"] - parts["start"]).max()
    assert abs(same - parts["part"]).max() < 1e-9 * scale


def test_cost_does_not_move_revenue(parts: xr.Dataset) -> None:
    cost = parts["part"].sel(step="cost of serving", outcome="real_revenue")
    assert (cost == 0).all()


def test_steps_in_which_nothing_moves_are_left_out(parts: xr.Dataset) -> None:
    assert "list-price change" not in parts["step"]


def test_shares_sum_to_one(main_study: xr.DataTree) -> None:
    data = main_study["bridge"].to_dataset()
    assert np.allclose(data["variance_share"].sum("step"), 1)
    assert np.allclose(data["tail_share"].sum("step"), 1)
    assert np.allclose(data["mean"].sum("step"), data["end"] - data["start"], rtol=1e-9)


def test_shares_are_those_of_their_definition(parts: xr.Dataset, main_study: xr.DataTree) -> None:
    data = main_study["bridge"].to_dataset().sel(outcome="gross_profit")
    gap = (parts["end"] - parts["start"]).sel(outcome="gross_profit").values
    step = parts["part"].sel(outcome="gross_profit", step="free web and app").values
    covariance = np.cov(step.ravel(), gap.ravel(), bias=True)
    share = data.sel(step="free web and app")
    assert share["variance_share"].item() == pytest.approx(covariance[0, 1] / covariance[1, 1])
    worst = gap <= np.quantile(gap, 0.05)
    # Each replicate has its own worst twentieth: near the pooled one, not equal to it.
    assert share["tail_share"].item() == pytest.approx(
        step[worst].sum() / gap[worst].sum(), abs=0.01
    )


def test_a_two_step_product_by_hand() -> None:
    """f = a b from (2, 3) to drawn (a, b): φ_a = (a − 2)(3 + b)/2, φ_b = (b − 3)(2 + a)/2."""
    from scipy.stats import uniform

    more: dict[str, Any] = {"unit": "1", "source": "a test"}
    priors = risk.Priors(
        {
            "a": risk.Prior(uniform(0, 1), theoretical=2.0, step="first", **more),
            "b": risk.Prior(uniform(0, 1), theoretical=3.0, **more),
            "c": risk.Prior(uniform(0, 1), **more),
        }
    )

    def model(a: Any, b: Any, c: Any) -> dict[str, Any]:
        return {"y": a * b + c}

    draws = risk.run_study(model, priors, draws=64, replicates=2)["draws"].to_dataset()
    found = parts_of(model, priors, draws)
    assert found["step"].values.tolist() == ["first", "other inputs"]
    a, b = draws["a"].values.ravel(), draws["b"].values.ravel()
    part = found["part"].sel(outcome="y")
    assert np.allclose(part.sel(step="first"), (a - 2) * (3 + b) / 2)
    assert np.allclose(part.sel(step="other inputs"), (b - 3) * (2 + a) / 2)
    # An input without a theoretical value stands as drawn at both ends.
    assert np.allclose(found["start"].sel(outcome="y"), 6 + draws["c"].values.ravel())


def test_what_is_not_finite_between_the_ends_is_an_error() -> None:
    """Finite as drawn and in theory, but not with `a` in theory and a small drawn `b`."""
    from scipy.stats import uniform

    more: dict[str, Any] = {"unit": "1", "source": "a test"}
    ends = {"a": (2.0, "first"), "b": (3.0, "second")}
    priors = risk.Priors(
        {k: risk.Prior(uniform(0, 1), theoretical=x, step=s, **more) for k, (x, s) in ends.items()}
    )

    def without_steps(priors: risk.Priors) -> risk.Priors:
        return risk.Priors({k: risk.Prior(p.marginal, **more) for k, p in priors.items()})

    def model(a: Any, b: Any) -> dict[str, Any]:
        return {"y": a / (1.0 * (a != 2) + (b > 0.001))}

    draws = risk.run_study(model, without_steps(priors), draws=4096, replicates=2)["draws"]
    first = int(np.flatnonzero(draws["b"].values.ravel() <= 0.001)[0])
    assert first > 64  # not among those that decide whether operations are repeated
    said = f"(?s)in the bridge.*row {first}: y = inf at a=2, b="
    with pytest.raises(risk.ModelError, match=said):
        risk.run_study(model, priors, draws=4096, replicates=2)


def test_too_many_steps() -> None:
    from scipy.stats import uniform

    more: dict[str, Any] = {"unit": "1", "source": "a test", "theoretical": 1.0}
    names = [f"x{i}" for i in range(34)]
    priors = risk.Priors({n: risk.Prior(uniform(0, 1), step=n, **more) for n in names})
    with pytest.raises(ValueError, match="Expected at most 10 bridge steps, got 34"):
        risk.run_study(lambda **x: {"y": sum(x.values())}, priors, draws=64, replicates=2)


def test_a_fixed_input_may_stand_elsewhere_in_theory() -> None:
    """y = a b, from (2, 3) to a drawn, b fixed at 5; its operations are known."""
    from scipy.stats import uniform

    more: dict[str, Any] = {"unit": "1", "source": "a test"}
    priors = risk.Priors(
        {
            "a": risk.Prior(uniform(0, 1), theoretical=2.0, step="first", **more),
            "b": risk.Prior(5.0, theoretical=3.0, step="second", **more),
        }
    )

    def model(a: Any, b: Any) -> dict[str, Any]:
        return {"y": a * b}

    draws = risk.run_study(model, priors, draws=64, replicates=2)["draws"].to_dataset()
    part = parts_of(model, priors, draws, called=False)["part"].sel(outcome="y")
    a = draws["a"].values.ravel()
    assert np.allclose(part.sel(step="first"), (a - 2) * 4)
    assert np.allclose(part.sel(step="second"), 2 * (2 + a) / 2)


def test_no_theoretical_case_no_bridge() -> None:
    from scipy.stats import uniform

    priors = risk.Priors({"x": risk.Prior(uniform(0, 1), unit="1", source="a test")})
    study = risk.run_study(lambda x: {"y": x}, priors, draws=64, replicates=2)
    assert set(study.children) == {"draws", "sobol", "risk", "tornado"}


def test_a_regime_may_be_an_argument_of_the_model() -> None:
    """From "open" (y = 1 + x) to the drawn state (9 + x in "shut"): the step is 8 when shut."""
    from scipy.stats import uniform

    more: dict[str, Any] = {"unit": "1", "source": "a test"}
    priors = risk.Priors(
        {
            "r": risk.Prior({"open": 0.2, "shut": 0.8}, theoretical="open", step="law", **more),
            "x": risk.Prior(uniform(0, 1), **more),
        },
        published=[risk.Published("y", "y", 1.5, "1", 0.1, "1.5", risk.Source("a test"))],
    )

    def model(r: Any, x: Any) -> dict[str, Any]:
        return {"y": np.where(r == "open", 1.0, 9.0) + x}

    study = risk.run_study(model, priors, draws=256, replicates=4)
    step = study["bridge"].to_dataset().sel(outcome="y", step="law")
    assert step["mean"].item() == pytest.approx(0.8 * 8, abs=8 / 256)
    assert study["published"]["ours"].item() == 1.5  # in the theoretical state, x at its median

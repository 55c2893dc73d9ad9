"""A model that misbehaves stops with a message that says what, where and what to do."""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

import numpy as np
import pytest
from scipy.stats import uniform

import risk
from risk.evaluation import bind


def priors(**units: str) -> risk.Priors:
    """Inputs x1 and x2, uniform on the unit interval."""
    return risk.Priors(
        {
            name: risk.Prior(uniform(0, 1), unit=units.get(name, "1"), source="unit interval")
            for name in ("x1", "x2")
        }
    )


def run(model: Any) -> None:
    risk.run_study(model, priors(), draws=64, replicates=2)


def nan_somewhere(x1: Any, x2: Any) -> Any:
    return {"ok": x1, "y": np.where(x1 > 0.9, np.nan, x2)}


def infinite(x1: Any, x2: Any) -> Any:
    return {"y": np.where(x2 > 0.5, np.inf, x1)}


def in_place(x1: Any, x2: Any) -> Any:
    x1 += 1
    return {"y": x1 * x2}


def sums(x1: Any, x2: Any) -> Any:
    return {"y": np.sum(x1 * x2)}


def too_long(x1: Any, x2: Any) -> Any:
    return {"y": np.concatenate([x1, x2])}


def words(x1: Any, x2: Any) -> Any:
    return {"y": np.full(x1.shape, "a")}


def fails(x1: Any, x2: Any) -> Any:
    raise KeyError("price")


def fails_without_a_word(x1: Any, x2: Any) -> Any:
    raise ValueError


def leaves(x1: Any, x2: Any) -> Any:
    raise SystemExit(3)


def not_a_dict(x1: Any, x2: Any) -> Any:
    return x1 * x2


def nothing(x1: Any, x2: Any) -> Any:
    return {}


def sometimes(x1: Any, x2: Any) -> Any:
    return {"y": x1} if len(x1) == 2 else {"z": x1}  # the first call has two points


def masked(x1: Any, x2: Any) -> Any:
    return {"y": np.ma.masked_where(x1 > 0.4, x1)}


def random(x1: Any, x2: Any) -> Any:
    return {"y": x1 + np.random.default_rng().normal(size=x1.shape)}


def overwrites(x1: Any, x2: Any) -> Any:
    return {"x1": x1 + 1}


def a_dimension(x1: Any, x2: Any) -> Any:
    return {"draw": x1 + 1}


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (nan_somewhere, r"Expected finite outcomes, got NaN or infinity in the pilot, design A: "
                        r"\d+ of `y`, at 1,024 points. .*\n  row \d+: y = nan at x1=0\.9\d*, "
                        r"x2=0\.\d+"),
        (infinite, r"\d+ of `y`(.|\n)*y = inf"),
        (in_place, r"leaves its arguments alone, got one that changes an array in place at "
                   r".*test_evaluation\.py:\d+\. Work on a copy"),
        (sums, r"outcome `y` with one value a point, shape \(1024,\), got shape \(\)"),
        (too_long, r"shape \(1024,\), got shape \(2048,\)"),
        (words, "Expected numbers as outcome `y`, got an array of <U1"),
        (fails, r"The model failed at .*test_evaluation\.py:\d+: KeyError: 'price'"),
        (fails_without_a_word, r"The model failed at .*: ValueError\. Correct the model"),
        (leaves, r"The model failed at .*: SystemExit: 3\. Correct the model"),
        (not_a_dict, "returns a dict of outcome name → array, got ndarray"),
        (nothing, "at least one outcome, got an empty dict"),
        (masked, "Expected every value of outcome `y`, got masked ones"),
        (random, "same outcomes for the same inputs, got another `y` at the second call"),
        (overwrites, "names of their own, got 'x1', which is an input"),
        (a_dimension, "Expected outcomes named with letters, digits and _, got 'draw'"),
        (sometimes, r"Expected the outcomes \['y'\] at every call, got \['y'\] missing"),
    ],
)  # fmt: skip
def test_models_that_stop_a_study(model: Any, message: str) -> None:
    with pytest.raises(risk.ModelError, match=message):
        run(model)


def test_declared_outcomes_must_be_there() -> None:
    class Outcomes(TypedDict):
        profit: Annotated[Any, "USD"]
        margin: Annotated[Any, "1"]

    def model(x1: Any, x2: Any) -> Outcomes:
        return {"profit": x1, "margn": x2}  # type: ignore[typeddict-item, typeddict-unknown-key]

    model.__annotations__["return"] = Outcomes  # known only inside this test
    with pytest.raises(risk.ModelError, match=r"\['margin'\] missing.* Did you mean 'margn'\?"):
        run(model)


def test_units_ranges_and_names_are_checked_both_ways() -> None:
    def model(x1: Any, price: Any) -> Any:
        return {"y": x1 * price}

    model.__annotations__ = {"x1": Annotated[Any, "USD", (0.5, 2.0)]}
    with pytest.raises(ValueError, match="The priors do not fit the model") as caught:
        bind(model, priors())
    text = str(caught.value)
    assert "x2: the model does not have this input, remove it" in text
    assert "price: the model needs this input, add a prior for it" in text
    assert "x1.unit: expected the model's unit 'USD', got '1'" in text
    assert "x1: expected values inside the model's range [0.5, 2], got 0 to 1" in text


def test_unnamed_arguments_are_refused() -> None:
    with pytest.raises(TypeError, match=r"arguments have names, got the positional \*x"):
        run(lambda *x: {"y": x[0]})


def test_a_default_argument_needs_no_prior() -> None:
    study = risk.run_study(
        lambda x1, x2, rate=2.0: {"y": x1 * x2 * rate}, priors(), draws=64, replicates=2
    )
    y = study["draws"]["y"] / (study["draws"]["x1"] * study["draws"]["x2"])
    assert np.allclose(y, 2)


def test_keyword_models_take_every_input() -> None:
    study = risk.run_study(lambda **x: {"y": x["x1"] + x["x2"]}, priors(), draws=64, replicates=2)
    assert study["draws"]["y"].dims == ("replicate", "draw")


def test_a_regime_reaches_the_model_as_words() -> None:
    seen = set()

    def model(state: Any, x: Any) -> Any:
        seen.update(state.tolist())
        return {"y": np.where(state == "open", x, 0.0)}

    cases = risk.Priors(
        {
            "state": risk.Prior({"open": 0.5, "closed": 0.5}, unit="1", source="a coin"),
            "x": risk.Prior(uniform(1, 1), unit="1", source="unit interval"),
        }
    )
    study = risk.run_study(model, cases, draws=64, replicates=2)
    assert seen == {"open", "closed"}
    data = study["draws"]
    assert data["state"].attrs["flag_meanings"] == "open closed"
    assert ((data["y"] == 0) == (data["state"] == 1)).all()

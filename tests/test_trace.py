"""A model as a list of operations: the same bits, or the model itself is called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from scipy import special
from scipy.stats import norm, uniform

import risk
from risk.engine import run_replicate
from risk.evaluation import bind
from risk.shipped import priors_directory
from risk.simulation import plan
from risk.trace import forgetful, trace

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(2, 2, 64))
NAMES = np.array(["open", "closed"])[RNG.integers(0, 2, (2, 64))]

TRACEABLE: dict[str, Callable[..., dict[str, Any]]] = {
    "arithmetic": lambda x, y, s, c: {"z": (x + 2 * y) / c - x**2 + 1e-3, "w": -x},
    "fixed only": lambda x, y, s, c: {"z": x, "w": np.exp(c) * 2},
    "functions": lambda x, y, s, c: {"z": np.exp(x) * np.tanh(y) + np.maximum(x, 0.5), "w": abs(y)},
    "special functions": lambda x, y, s, c: {"z": special.ndtr(x) + special.expit(y), "w": c * x},
    "choices": lambda x, y, s, c: {"z": np.where(x > y, x, 2 * y), "w": (x > 0) & (y < c)},
    "states": lambda x, y, s, c: {"z": np.where(s == "open", x, 0.0), "w": (s != "open") * y},
    "an input itself": lambda x, y, s, c: {"z": x, "w": c},
    "a scalar array": lambda x, y, s, c: {"z": x * np.array(2.0), "w": np.float64(3) + y},
}


@pytest.mark.parametrize("name", TRACEABLE)
def test_operations_are_those_of_the_model(name: str) -> None:
    model = TRACEABLE[name]
    program = trace(model, ["x", "y", "s"], {"c": 1.5})
    assert program is not None
    expected = model(x=X, y=Y, s=NAMES, c=np.broadcast_to(1.5, X.shape))
    values = program.run({"x": X, "y": Y, "s": NAMES})
    for outcome, array in expected.items():
        got = np.broadcast_to(values[program.outcomes[outcome]], X.shape)
        np.testing.assert_array_equal(got, array)


@pytest.mark.parametrize("changed", [["x"], ["y"], ["s"], ["x", "s"]])
@pytest.mark.parametrize("name", TRACEABLE)
def test_only_what_depends_on_a_change_is_repeated(name: str, changed: list[str]) -> None:
    program = trace(TRACEABLE[name], ["x", "y", "s"], {"c": 1.5})
    assert program is not None
    inputs = {"x": X, "y": Y, "s": NAMES}
    other = {k: v[::-1].copy() for k, v in inputs.items() if k in changed}
    base = program.run(inputs)
    moved = program.run(other, base, program.steps_after(changed))
    whole = program.run(inputs | other)
    wanted = [program.outcomes[outcome] for outcome in program.outcomes_after(changed)]
    kept = program.run(other, base, forgetful(program.steps_after(changed), wanted))
    for outcome, node in program.outcomes.items():
        if outcome in program.outcomes_after(changed):
            np.testing.assert_array_equal(moved[node], whole[node])
            np.testing.assert_array_equal(kept[node], whole[node])
        else:
            np.testing.assert_array_equal(base[node], whole[node])
    assert len(program.steps_after(changed)) <= len(program.steps)


def test_an_operation_is_repeated_only_for_its_inputs() -> None:
    program = trace(lambda x, y: {"a": np.exp(x) * 2, "b": y + 1, "c": x * y}, ["x", "y"], {})
    assert program is not None
    assert [s.operation for s in program.steps_after(["y"])] == [np.add, np.multiply]
    assert program.outcomes_after(["y"]) == {"b", "c"}


def test_forgetful_operations_keep_what_is_wanted_and_what_they_did_not_make() -> None:
    program = trace(lambda x, y: {"a": (x + y) * 2, "b": np.exp(x + y) - x}, ["x", "y"], {})
    assert program is not None
    inputs = {"x": np.array([1.0]), "y": np.array([2.0])}
    a, b = (program.outcomes[name] for name in "ab")
    values = program.run(inputs, None, forgetful(program.steps, [b]))
    made = {step.result for step in program.steps}
    assert {k for k in made if values[k] is not None} == {b}
    assert all(values[k] is not None for k in program.leaves.values())
    assert values[b] == np.exp(3.0) - 1
    assert program.run(inputs)[a] == 6


def looks(x: Any, y: Any) -> dict[str, Any]:
    return {"z": x if x.any() else y}


UNTRACEABLE: dict[str, Callable[..., Any]] = {
    "a branch": lambda x, y: {"z": x if (x > 0) is not None and bool((x > 0).all) else y},
    "truth": lambda x, y: {"z": x if x else y},
    "a method": looks,
    "any": lambda x, y: {"z": x if np.any(x > 100) else y},
    "a sum": lambda x, y: {"z": np.sum(x) + y},
    "a reduction": lambda x, y: {"z": np.add.reduce(x) + y},
    "a length": lambda x, y: {"z": len(x) * y},
    "a shape": lambda x, y: {"z": np.full(x.shape, 2.0) * y},
    "an index": lambda x, y: {"z": x[::1] + y},
    "a float": lambda x, y: {"z": float(x) + y},
    "a loop": lambda x, y: {"z": np.array([a + b for a, b in zip(x, y, strict=True)])},
    "in place": lambda x, y: {"z": np.add(x, y, out=np.empty(3))},
    "an array": lambda x, y: {"z": np.asarray(x) + y},
    "an array beside": lambda x, y: {"z": x + np.arange(64.0)},
    "two results": lambda x, y: {"z": np.modf(x)[0]},
    "no dict": lambda x, y: x + y,
    "an error": lambda x, y: {"z": {}["no"]},
    "a cumulated sum": lambda x, y: {"z": np.cumsum(x)},
    "a matrix product": lambda x, y: {"z": x @ y},
}


@pytest.mark.parametrize("name", UNTRACEABLE)
def test_whatever_is_not_element_by_element_is_left_to_the_model(name: str) -> None:
    assert trace(UNTRACEABLE[name], ["x", "y"], {}) is None


SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}


def priors() -> risk.Priors:
    return risk.Priors(
        {
            "x": risk.Prior(norm(0, 1), **SOURCE),
            "s": risk.Prior({"open": 0.3, "closed": 0.7}, **SOURCE),
            "y": risk.Prior({"open": uniform(0, 1), "closed": 2.0}, given="s", **SOURCE),
            "c": risk.Prior(1.5, **SOURCE),
        }
    )


@pytest.mark.parametrize("name", TRACEABLE)
def test_a_study_has_the_same_indices_either_way(name: str) -> None:
    """Sums of what cannot change are 0 to the last bit; the others agree to rounding."""
    bound = bind(TRACEABLE[name], priors())
    job = plan(bound, {n: (n,) for n in ("x", "s", "y")}, bound.outcomes, 1024, 3)
    assert job.program is not None
    with_, without = (run_replicate(j, (1, 0)) for j in (job, replace(job, program=None)))
    np.testing.assert_array_equal(with_.outcomes, without.outcomes)
    np.testing.assert_array_equal(with_.powers, without.powers)
    for mine, theirs in zip(with_.sums, without.sums, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-12, atol=1e-12 * np.abs(theirs).max())
        assert np.all(theirs[mine == 0] == 0)


def test_a_model_that_gives_stand_ins_something_else_is_called() -> None:
    """Whatever way it found to know them: the pilot finds out."""

    def two_faced(x: Any, s: Any, y: Any, c: Any) -> dict[str, Any]:
        return {"z": x + y if type(x) is np.ndarray else x - y}

    bound = bind(two_faced, priors())
    assert bound.traced() is not None
    assert plan(bound, {n: (n,) for n in ("x", "s", "y")}, ("z",), 64, 3).program is None


def swallowed(x: Any, y: Any) -> dict[str, Any]:
    try:
        return {"z": len(x) * y}
    except TypeError:
        return {"z": x * y}


def iterated(x: Any, y: Any) -> dict[str, Any]:
    return {"z": x * y if np.iterable(x) else x + y}


def clipped(x: Any, y: Any) -> dict[str, Any]:
    try:
        x = np.clip(x, 0, 0.9)
    except Exception:
        pass
    return {"z": x * y}


def typed(x: Any, y: Any) -> dict[str, Any]:
    return {"z": x * y if isinstance(x, np.ndarray) else x + y}


def strict(x: Any, y: Any) -> dict[str, Any]:
    with np.errstate(over="raise"):
        return {"z": 1 / (1 + np.exp(709 * x)) + y}


@pytest.mark.parametrize("model", [swallowed, iterated, clipped, typed, strict])
def test_a_refusal_cannot_be_swallowed(model: Any) -> None:
    """A model that goes on another way without values would be another model."""
    assert trace(model, ["x", "y"], {}) is None


def test_a_model_keeps_nothing_of_the_stand_ins() -> None:
    class Remembers:
        def __init__(self) -> None:
            self.seen: list[Any] = []

        def __call__(self, x: Any, y: Any) -> dict[str, Any]:
            self.seen.append(x)
            return {"z": x * y}

    model = Remembers()
    assert trace(model, ["x", "y"], {}) is not None
    assert model.seen == []


@pytest.mark.parametrize("case", sorted(p.name for p in priors_directory().glob("*.toml")))
def test_the_profit_model_is_traced_in_every_case(case: str) -> None:
    read = risk.read_priors(priors_directory() / case, risk.profit_model)
    bound = bind(risk.profit_model, read)
    from risk.factors import factors_of

    job = plan(bound, factors_of(read, None), bound.outcomes, 64, 0)
    assert job.program is not None
    one = job.program.steps_after(["gpu_price"])
    assert 0 < len(one) < len(job.program.steps) / 3

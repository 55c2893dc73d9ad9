"""A model of a script is what its code is, and what it takes from the script by name."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from risk.identity import model_hash

SCRIPT = """
import numpy as np
RATE = {rate}
TABLE = np.array([1.0, {entry}])
def helper(x):
    return {helper}
def model(x):
    inner = lambda y: y + RATE
    return {{"y": helper(inner(x)) * TABLE[1]}}
"""
VALUES = {"rate": 1.0, "entry": 2.0, "helper": "x"}


def hash_of(**changed: Any) -> str:
    scope: dict[str, Any] = {"__name__": "a script"}
    exec(SCRIPT.format(**VALUES | changed), scope)
    return model_hash(scope["model"])


def test_the_same_script_is_the_same_model() -> None:
    assert hash_of() == hash_of()


@pytest.mark.parametrize("changed", [{"rate": 1e6}, {"entry": 3.0}, {"helper": "2 * x"}], ids=str)
def test_what_it_names_is_part_of_it(changed: dict[str, Any]) -> None:
    assert hash_of(**changed) != hash_of()


def test_a_callable_object_is_what_its_methods_name_too() -> None:
    def hash_with(rate: float) -> str:
        scope: dict[str, Any] = {"__name__": "a script"}
        exec(f"RATE = {rate}\nclass M:\n def __call__(self, a): return {{'y': a * RATE}}", scope)
        return model_hash(scope["M"]())

    assert hash_with(1.0) == hash_with(1.0) != hash_with(2.0)


def test_tables_of_texts_are_their_content() -> None:
    """Not where they lie in memory, which is elsewhere in every process."""

    def hash_with(*texts: object) -> str:
        scope: dict[str, Any] = {"__name__": "a script", "T": np.array([*texts], dtype=object)}
        exec("def model(x): return {'y': x * len(T)}", scope)
        return model_hash(scope["model"])

    assert hash_with("a" * 3, None) == hash_with("".join("aaa"), None) != hash_with("b", None)


def test_a_method_of_the_same_name_is_no_global() -> None:
    scope: dict[str, Any] = {"__name__": "a script", "mean": [1.0]}
    exec("def model(x): return {'y': x - x.mean()}", scope)
    before = model_hash(scope["model"])
    scope["mean"].append(2.0)
    assert model_hash(scope["model"]) == before


def test_a_function_may_name_itself() -> None:
    scope: dict[str, Any] = {"__name__": "a script", "np": np}
    exec("def model(x, again=True): return model(x, False) if again else {'y': x}", scope)
    assert len(model_hash(scope["model"])) == 64

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
    scope: dict[str, Any] = {"__name__": "__main__"}
    exec(SCRIPT.format(**VALUES | changed), scope)
    return model_hash(scope["model"])


def test_the_same_script_is_the_same_model() -> None:
    assert hash_of() == hash_of()


@pytest.mark.parametrize("changed", [{"rate": 1e6}, {"entry": 3.0}, {"helper": "2 * x"}], ids=str)
def test_what_it_names_is_part_of_it(changed: dict[str, Any]) -> None:
    assert hash_of(**changed) != hash_of()


def test_a_function_may_name_itself() -> None:
    scope: dict[str, Any] = {"__name__": "__main__", "np": np}
    exec("def model(x, again=True): return model(x, False) if again else {'y': x}", scope)
    assert len(model_hash(scope["model"])) == 64

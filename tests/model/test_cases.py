"""The model gives the published figures: every worked case of ``cases/*.toml``.

A case names an equation of the model, its inputs with units and source, what a calculation by hand
gives (``ours``), and the figure that was ``published`` or, where nobody published it, ``derived``,
with the tolerance that its printed digits leave. A number may be written as arithmetic.
"""

import ast
import operator
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any, get_type_hints

import pytest

import risk.model

CASES = {path.stem: path for path in sorted((Path(__file__).parent / "cases").glob("*.toml"))}
OPERATORS: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def number(value: float | str) -> float:
    """A number, or the value of arithmetic such as ``"512 * (198 + 80)"``."""

    def evaluate(node: ast.expr) -> float:
        if isinstance(node, ast.BinOp):
            return OPERATORS[type(node.op)](evaluate(node.left), evaluate(node.right))
        assert isinstance(node, ast.Constant), f"Expected arithmetic on numbers, got {value!r}."
        return float(node.value)  # type: ignore[arg-type]

    return evaluate(ast.parse(str(value), mode="eval").body)


def quantity(given: Mapping[str, Any], hint: Any) -> Any:
    """An input of a case in the unit, or with the fields, that the equation asks for."""
    if isinstance(hint, type):
        fields = get_type_hints(hint, include_extras=True)
        assert given.keys() == fields.keys()
        return hint(**{name: quantity(given[name], fields[name]) for name in fields})
    assert given.keys() == {"value", "unit"}
    assert given["unit"] == hint.__metadata__[0]
    return number(given["value"])


def result(case: Mapping[str, Any]) -> float:
    """What the model gives for a case."""
    if "arithmetic" in case:
        return number(case["arithmetic"])
    module, name = case["equation"].split(".")
    equation = getattr(getattr(risk.model, module), name)
    hints = get_type_hints(equation, include_extras=True)
    assert case["unit"] == hints["return"].__metadata__[0]
    inputs = {name: quantity(given, hints[name]) for name, given in case["inputs"].items()}
    return float(equation(**inputs))


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> dict[str, Any]:
    return tomllib.loads(CASES[request.param].read_text(encoding="utf-8"))


def test_case_is_complete(case: dict[str, Any]) -> None:
    always = {"title", "description", "ours", "unit", "source"}
    figure = {"published", "derived"} & case.keys()
    route = {"arithmetic"} if "arithmetic" in case else {"equation", "inputs"}
    assert len(figure) == 1
    assert case.keys() == always | figure | route
    assert case["source"].keys() == {"title", "url", "read", "grade"}
    assert case["source"]["url"].startswith("https://")
    assert isinstance(case["source"]["read"], date)
    assert case["source"]["grade"] in ("A", "A-", "B", "C")


def test_case_gives_what_a_calculation_by_hand_gives(case: dict[str, Any]) -> None:
    # the same few operations in another order: a handful of roundings of 1e-16
    assert result(case) == pytest.approx(number(case["ours"]), rel=1e-14)


def test_case_gives_the_published_figure(case: dict[str, Any]) -> None:
    figure = case.get("published") or case["derived"]
    assert {"text", "reason"} < figure.keys()
    match figure:
        case {"at_least": bound}:
            assert result(case) >= number(bound)
        case {"value": value, "absolute": tolerance}:
            assert abs(result(case) - number(value)) <= tolerance
        case {"value": value, "relative": tolerance}:
            assert abs(result(case) / number(value) - 1) <= tolerance
        case _:
            pytest.fail(f"Expected a value with a tolerance or a bound, got {figure}.")


def test_cases_are_there() -> None:
    """One a row of what the first case must reproduce."""
    assert len(CASES) >= 14

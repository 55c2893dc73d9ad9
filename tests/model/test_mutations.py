"""The checks of the model notice a broken equation: proof by breaking every one of them.

Each multiplication and division of each equation is turned into its opposite, and each factor and
divisor is left out. Where that factor has a unit, the unit check has to fail. What units cannot see
(a share that divides instead of multiplying, a changed sign) has to change the statement of a day
on which every leakage is on; `test_profit.py` holds that statement to a second calculation.
"""

import ast
import inspect
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import pytest

from risk.model import profit_model, serving, units

Equation = Callable[..., Any]
Edit = Callable[[ast.BinOp], ast.expr]

OPPOSITE: dict[type[ast.operator], type[ast.operator]] = {
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
}


class Break(NamedTuple):
    """One way to break an equation: the operation, counted as visited, and its replacement."""

    target: int
    edit: Edit
    operand: str
    has_unit: bool


def invert(node: ast.BinOp) -> ast.expr:
    """Use the opposite operation."""
    return ast.BinOp(node.left, OPPOSITE[type(node.op)](), node.right)


def drop_right(node: ast.BinOp) -> ast.expr:
    """Leave out the second operand."""
    return node.left


def drop_left(node: ast.BinOp) -> ast.expr:
    """Leave out the first operand."""
    return node.right


class EditOperation(ast.NodeTransformer):
    """Edit one arithmetic operation, counted in the order in which they are visited."""

    def __init__(self, target: int, edit: Edit) -> None:
        self.target = target
        self.edit = edit
        self.visited: list[ast.BinOp] = []

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        """Count the operation, after those inside it, and edit it when it is the one."""
        self.generic_visit(node)
        self.visited.append(node)
        return self.edit(node) if len(self.visited) == self.target + 1 else node


def rewrite(equation: Equation, target: int, edit: Edit, **names: Any) -> Equation:
    """The equation with one operation edited, in the present state of its module."""
    tree = EditOperation(target, edit).visit(ast.parse(inspect.getsource(equation)))
    namespace = {**vars(sys.modules[equation.__module__]), **names}
    exec(compile(ast.fix_missing_locations(tree), "<broken>", "exec"), namespace)
    changed: Equation = namespace[equation.__name__]
    return changed


def operand_has_unit(
    equation: Equation, target: int, side: str, with_units: Mapping[str, Any]
) -> bool:
    """Whether an operand of an operation has a unit: evaluate the equation and look."""
    seen: list[bool] = []

    def report(value: Any) -> Any:
        seen.append(not getattr(value, "dimensionless", True))
        return value

    def intercept(node: ast.BinOp) -> ast.expr:
        setattr(node, side, ast.Call(ast.Name("report", ast.Load()), [getattr(node, side)], []))
        return node

    rewrite(equation, target, intercept, report=report)(**with_units)
    return any(seen)


def breaks(equation: Equation, with_units: Mapping[str, Any]) -> list[Break]:
    """Every way to break the arithmetic of an equation; constants must carry their units."""
    survey = EditOperation(-1, drop_right)
    survey.visit(ast.parse(inspect.getsource(equation)))
    found = []
    for target, node in enumerate(survey.visited):
        edits: list[tuple[Edit, str]] = [(invert, "right")]
        if isinstance(node.op, ast.Mult | ast.Div):
            edits.append((drop_right, "right"))
        if isinstance(node.op, ast.Mult):
            edits.append((drop_left, "left"))
        for edit, side in edits:
            # units never see a changed sign, whatever the unit of the terms
            scales = isinstance(node.op, ast.Mult | ast.Div)
            has_unit = scales and operand_has_unit(equation, target, side, with_units)
            found.append(Break(target, edit, ast.unparse(getattr(node, side)), has_unit))
    return found


@pytest.fixture(name="breaks")
def _breaks(
    equation: Equation,
    arguments: Callable[[Equation, bool], dict[str, Any]],
    constants_with_units: None,
) -> list[Break]:
    return breaks(equation, arguments(equation, True))


def test_units_notice_every_lost_or_inverted_factor_that_has_a_unit(
    equation: Equation, breaks: list[Break], unit_problems: Callable[[Equation], list[str]]
) -> None:
    unnoticed = [
        each
        for each in breaks
        if each.has_unit and not unit_problems(rewrite(equation, each.target, each.edit))
    ]
    assert unnoticed == []


def test_numbers_notice_what_units_cannot(
    equation: Equation,
    breaks: list[Break],
    leaky: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.undo()  # constants are plain numbers again
    whole = profit_model(**leaky, theoretical=leaky)
    unnoticed = []
    for each in breaks:
        if not each.has_unit:
            broken = rewrite(equation, each.target, each.edit)
            with monkeypatch.context() as patch:
                patch.setattr(sys.modules[equation.__module__], equation.__name__, broken)
                if profit_model(**leaky, theoretical=leaky) == pytest.approx(whole, rel=1e-3):
                    unnoticed.append(each)
    assert unnoticed == []


def test_every_conversion_and_the_node_size_were_dropped(
    arguments: Callable[[Equation, bool], dict[str, Any]],
    all_equations: list[Equation],
    constants_with_units: None,
) -> None:
    dropped = {
        each.operand
        for equation in all_equations
        for each in breaks(equation, arguments(equation, True))
        if each.edit in (drop_left, drop_right) and each.has_unit
    }
    constants = {name for name, value in vars(units).items() if isinstance(value, float)} - {"inf"}
    assert constants | {"gpus_per_node"} <= dropped


def test_a_break_is_what_it_says() -> None:
    whole: Equation = serving.node_hours
    assert whole(226.75, 1.0) == 24 * 226.75
    assert rewrite(whole, 0, drop_left)(226.75, 1.0) == 226.75

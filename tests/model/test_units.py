"""Every equation of the model has the unit that its annotation says, to the last factor."""

from collections.abc import Callable
from typing import Any, get_args, get_type_hints

import pint
import pytest

from risk.model import units


def magnitude(result: Any) -> Any:
    """The plain numbers of a result, whatever its shape."""
    if isinstance(result, dict):
        return {name: magnitude(each) for name, each in result.items()}
    if isinstance(result, tuple):
        return tuple(magnitude(each) for each in result)
    return getattr(result, "magnitude", result)


def test_equation_has_the_annotated_unit(
    equation: Callable[..., Any],
    arguments: Callable[[Callable[..., Any], bool], dict[str, Any]],
    request: pytest.FixtureRequest,
) -> None:
    plain = equation(**arguments(equation, False))
    unit_problems = request.getfixturevalue("unit_problems")  # from here, constants have units
    assert unit_problems(equation) == []
    assert magnitude(equation(**arguments(equation, True))) == plain


CONSTANTS = get_type_hints(units, include_extras=True)


@pytest.mark.parametrize("name", CONSTANTS)
def test_constant_is_the_conversion_that_its_unit_says(name: str) -> None:
    registry: pint.UnitRegistry[float] = pint.UnitRegistry()
    registry.define("token = [token]")
    registry.define("Mtoken = 1e6 token")
    factor = registry.Quantity(1.0, get_args(CONSTANTS[name])[1]).to("dimensionless").magnitude
    assert getattr(units, name) * factor == pytest.approx(1.0, rel=1e-15)


def test_every_constant_has_a_unit() -> None:
    numbers = {name for name, value in vars(units).items() if isinstance(value, float)}
    assert numbers - {"inf"} == set(CONSTANTS)


def test_every_quantity_type_has_a_unit_and_a_range_that_make_sense() -> None:
    types = {name: hint for name, hint in vars(units).items() if hasattr(hint, "__metadata__")}
    assert types
    for name, hint in types.items():
        unit, *bounds = hint.__metadata__
        assert isinstance(unit, str), name
        assert all(low < high for low, high in bounds), name

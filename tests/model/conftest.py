"""What the tests of the model share: its equations, their units, and one day by hand.

Units are checked in a registry without conversions: an hour, a day and a second are different
dimensions there, and so are a token and a million tokens. The only bridges are the conversion
constants of the model, which get the units that their annotations name. An equation that forgets
one has a wrong unit, even where an ordinary registry would convert it silently.
"""

import inspect
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import count
from types import ModuleType
from typing import Any, get_args, get_type_hints

import pint
import pytest

import risk.model
from risk.model import profit_model, units

Equation = Callable[..., Any]

MODULES: list[ModuleType] = [
    import_module(f"risk.model.{found.name}") for found in pkgutil.iter_modules(risk.model.__path__)
]
EQUATIONS: list[Equation] = [
    member
    for module in MODULES
    for member in vars(module).values()
    if inspect.isfunction(member) and member.__module__ == module.__name__
]


def _registry() -> pint.UnitRegistry[float]:
    registry: pint.UnitRegistry[float] = pint.UnitRegistry(None)
    for name in ("hour", "day", "month", "token", "Mtoken", "node", "GPU", "USD", "user"):
        registry.define(f"{name} = [{name}]")
    registry.define("second = [second] = s")
    return registry


REGISTRY = _registry()
CONSTANTS = {
    name: REGISTRY.Quantity(getattr(units, name), get_args(hint)[1])
    for name, hint in get_type_hints(units, include_extras=True).items()
}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that asks for an `equation` once for each function of the model."""
    if "equation" in metafunc.fixturenames:
        names = [f"{each.__module__.rpartition('.')[2]}.{each.__name__}" for each in EQUATIONS]
        metafunc.parametrize("equation", EQUATIONS, ids=names)


@pytest.fixture
def all_equations() -> list[Equation]:
    """The functions of the model, private ones too."""
    return EQUATIONS


@pytest.fixture
def constants_with_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the conversion constants carry their units everywhere in the model."""
    for module in MODULES:
        for name in CONSTANTS.keys() & vars(module).keys():
            monkeypatch.setattr(module, name, CONSTANTS[name])


def _fields(hint: Any) -> dict[str, Any] | None:
    """Fields of a NamedTuple or a TypedDict, None for a quantity."""
    return get_type_hints(hint, include_extras=True) if isinstance(hint, type) else None


def _unit(hint: Any) -> str:
    metadata = getattr(hint, "__metadata__", None)
    assert metadata, f"Expected a quantity type of risk.model.units, got {hint}."
    return str(metadata[0])


def _argument(hint: Any, values: Iterator[float], with_units: bool) -> Any:
    fields = _fields(hint)
    if fields is not None:
        return hint(*(_argument(each, values, with_units) for each in fields.values()))
    return REGISTRY.Quantity(next(values), _unit(hint)) if with_units else next(values)


def arguments(equation: Equation, with_units: bool) -> dict[str, Any]:
    """One value, different from all others, for every argument of an equation."""
    hints = get_type_hints(equation, include_extras=True)
    kinds = {name: each.kind for name, each in inspect.signature(equation).parameters.items()}
    values = count(0.3, 0.07)
    found = {
        name: _argument(hints[name], values, with_units)
        for name, kind in kinds.items()
        if name != "theoretical" and kind is not inspect.Parameter.VAR_KEYWORD
    }
    return {**found, "theoretical": dict(found)} if "theoretical" in kinds else found


def _differences(result: Any, hint: Any, name: str) -> list[str]:
    fields = _fields(hint)
    if fields is not None:
        lines = result if isinstance(result, dict) else result._asdict()
        assert list(lines) == list(fields)
        return [text for key in fields for text in _differences(lines[key], fields[key], key)]
    expected = REGISTRY.Quantity(1.0, _unit(hint)).units
    got = getattr(result, "units", None)
    return [] if got == expected else [f"{name}: expected {expected}, got {got}"]


def unit_problems(equation: Equation) -> list[str]:
    """Where the units of a result are not the annotated ones; needs `constants_with_units`."""
    hint = get_type_hints(equation, include_extras=True)["return"]
    try:
        result = equation(**arguments(equation, with_units=True))
    except pint.DimensionalityError as error:
        return [str(error)]
    return _differences(result, hint, equation.__name__)


@pytest.fixture(name="unit_problems")
def _unit_problems(constants_with_units: None) -> Callable[[Equation], list[str]]:
    return unit_problems


@pytest.fixture(name="arguments")
def _arguments() -> Callable[[Equation, bool], dict[str, Any]]:
    return arguments


@pytest.fixture(scope="session")
def claim() -> dict[str, Any]:
    """The theoretical value of every input that has one, as DeepSeek disclosed or assumed it."""
    return {
        "output_tokens": 168e9,
        "input_output_ratio": 608 / 168,
        "cache_hit_share": 342 / 608,
        "paid_output_skew": 1.0,
        "prefill_throughput": 73.7e3 * 266 / 608,
        "decode_throughput": 14.8e3,
        "utilisation": 1.0,
        "gpus_per_node": 8.0,
        "gpu_price": 2.0,
        "operating_cost_ratio": 0.0,
        "accelerator_premium": 1.0,
        "exposed_fleet_share": 0.0,
        "served_share": 1.0,
        "overseas_share": 0.4,
        "ban_loss": 0.0,
        "paid_user_share": 1.0,
        "paid_usage_multiple": 1.0,
        "premium_share": 1.0,
        "offpeak_share": 0.0,
        "premium_offpeak_discount": 0.75,
        "standard_offpeak_discount": 0.50,
        "premium_hit_price": 0.14,
        "premium_miss_price": 0.55,
        "premium_output_price": 2.19,
        "standard_hit_price": 0.07,
        "standard_miss_price": 0.27,
        "standard_output_price": 1.10,
        "price_level": 1.0,
        "net_to_gross": 1.0,
    }


@pytest.fixture(scope="session")
def consumers() -> dict[str, Any]:
    """What the headline of a lab with a consumer business claims of it: everybody pays 20 USD."""
    return {
        "active_users": 60e6,
        "tokens_a_user": 1.2e3,
        "subscriber_share": 1.0,
        "subscriber_usage_multiple": 1.0,
        "subscription_price": 20.0,
    }


@pytest.fixture(scope="session")
def training() -> dict[str, Any]:
    """Inputs without a theoretical value."""
    return {"final_run_cost": 5.87e6, "final_run_share": 0.12, "model_life": 8.0}


@pytest.fixture(scope="session")
def leaky(
    claim: dict[str, Any], consumers: dict[str, Any], training: dict[str, Any]
) -> dict[str, Any]:
    """A day with every leakage on, and no input at a value that hides a factor."""
    return (
        claim
        | consumers
        | training
        | {
            "cache_hit_share": 0.41,
            "paid_output_skew": 0.8,
            "utilisation": 0.85,
            "gpu_price": 1.9,
            "operating_cost_ratio": 0.2,
            "accelerator_premium": 1.5,
            "exposed_fleet_share": 0.25,
            "served_share": 0.9,
            "ban_loss": 0.1,
            "paid_user_share": 0.28,
            "paid_usage_multiple": 3.0,
            "premium_share": 0.45,
            "offpeak_share": 0.17,
            "price_level": 0.95,
            "net_to_gross": 0.9,
            "subscriber_share": 0.05,
            "subscriber_usage_multiple": 3.0,
            "subscription_price": 8.0,
        }
    )


@pytest.fixture(scope="session")
def statement(claim: dict[str, Any], training: dict[str, Any]) -> Callable[..., Any]:
    """The profit model at the claim, with the inputs that a test changes."""

    def evaluate(**changes: Any) -> Any:
        return profit_model(**{**claim, **training, **changes}, theoretical=claim)

    return evaluate


@pytest.fixture(scope="session")
def both(
    claim: dict[str, Any], consumers: dict[str, Any], training: dict[str, Any]
) -> Callable[..., Any]:
    """The same for a lab that sells tokens and subscriptions."""
    whole = claim | consumers

    def evaluate(**changes: Any) -> Any:
        return profit_model(**{**whole, **training, **changes}, theoretical=whole)

    return evaluate

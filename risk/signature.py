"""What a model's signature says: its inputs, their units and ranges, and its outcomes' units.

A model is any function of named inputs that returns named outcomes. Units are optional: an
annotation such as ``Annotated[Array, "USD/day"]`` gives one, and a third item gives the range in
which the quantity makes sense. A ``TypedDict`` as return annotation names the outcomes' units.
"""

from __future__ import annotations

import functools
import inspect
import math
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Model = Callable[..., Mapping[str, Any]]
THEORETICAL = "theoretical"


@dataclass(frozen=True)
class Quantity:
    """A unit, or None where the model names none, and the range that makes sense."""

    unit: str | None = None
    low: float = -math.inf
    high: float = math.inf


@dataclass(frozen=True)
class Signature:
    """The inputs that a model needs and may take, and the units that it names."""

    required: tuple[str, ...]
    optional: tuple[str, ...]
    takes_any: bool
    takes_theoretical: bool
    inputs: Mapping[str, Quantity]
    outcomes: Mapping[str, Quantity]


def read_signature(model: Model) -> Signature:
    """The signature of `model`, which must name its inputs.

    Raises
    ------
    TypeError
        When the model is not callable or has positional arguments without a name.

    Examples
    --------
    >>> def model(price, share=1.0):
    ...     return {"revenue": price * share}
    >>> read_signature(model).required, read_signature(model).optional
    (('price',), ('share',))
    """
    if not callable(model):
        raise TypeError(
            f"Expected `model` to be a function of named inputs, got {type(model).__name__}."
        )
    required: list[str] = []
    optional: list[str] = []
    takes_any = False
    parameters = inspect.signature(model).parameters
    for name, parameter in parameters.items():
        if parameter.kind in (parameter.POSITIONAL_ONLY, parameter.VAR_POSITIONAL):
            raise TypeError(
                f"Expected a model whose arguments have names, got the positional {parameter}. "
                "Name every input in the signature."
            )
        if parameter.kind is parameter.VAR_KEYWORD:
            takes_any = True
        elif name != THEORETICAL:
            (required if parameter.default is parameter.empty else optional).append(name)
    hints = _hints(model)
    inputs = {name: _quantity(hints.get(name)) for name in (*required, *optional)}
    outcomes = {name: _quantity(hint) for name, hint in _hints(hints.get("return")).items()}
    return Signature(
        tuple(required), tuple(optional), takes_any, THEORETICAL in parameters, inputs, outcomes
    )


def _hints(annotated: Any) -> dict[str, Any]:
    while isinstance(annotated, functools.partial):
        annotated = annotated.func
    if not isinstance(annotated, type) and not inspect.isroutine(annotated):
        annotated = type(annotated).__dict__.get("__call__", annotated)  # an object as a model
    try:
        return typing.get_type_hints(annotated, include_extras=True)
    except (TypeError, NameError, AttributeError, SyntaxError):  # none, or names known elsewhere
        return {}


def _quantity(hint: Any) -> Quantity:
    metadata: tuple[Any, ...] = getattr(hint, "__metadata__", ())
    unit = next((item for item in metadata if isinstance(item, str)), None)
    low, high = next((x for x in metadata if isinstance(x, tuple)), (-math.inf, math.inf))
    return Quantity(unit, low, high)

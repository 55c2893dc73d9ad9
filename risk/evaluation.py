"""One checked call of a model: read-only arrays in, finite outcomes of the right shape out."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.checks import model_problems
from risk.dependence import InputMap, states_of
from risk.names import DIMENSIONS, suggest
from risk.priors import Priors
from risk.signature import Model, read_signature

Array = NDArray[np.float64]
Values = Mapping[str, Any]


class ModelError(RuntimeError):
    """A model that failed, or that returned something no analysis may use."""


@dataclass(frozen=True)
class BoundModel:
    """A model with the priors' fixed and theoretical values, called with uncertain inputs only."""

    model: Model
    map: InputMap
    theoretical: Mapping[str, float | str] | None
    arguments: frozenset[str] | None  # None: the model takes any
    outcomes: tuple[str, ...]

    def __call__(self, values: Values, n: int, where: str = "") -> Array:
        """Outcomes at n points, shape (outcomes, n).

        Parameters
        ----------
        values
            Input name → array of shape (n,) or a number; they win over the fixed values. States
            of a categorical input are codes.
        n
            The number of points.
        where
            What the points are, for an error message.

        Raises
        ------
        ModelError
            When the model fails, changes its arguments, leaves an outcome out, or returns another
            shape, another type, or a value that is not finite.
        """
        inputs = {name: _column(x, n) for name, x in (dict(self.map.fixed) | dict(values)).items()}
        results = _call(self.model, self._arguments(inputs, n))
        _check_names(results, self.outcomes)
        rows = np.empty((len(self.outcomes), n))
        for row, name in zip(rows, self.outcomes, strict=True):
            row[:] = _checked(results[name], name, n)
        if not np.isfinite(rows).all():
            raise ModelError(_not_finite(rows, self.outcomes, inputs, where))
        return rows

    def _arguments(self, inputs: Mapping[str, NDArray[Any]], n: int) -> dict[str, Any]:
        taken: dict[str, Any] = {
            k: x for k, x in inputs.items() if self.arguments is None or k in self.arguments
        }
        for name in taken:
            states = states_of(self.map.marginals.get(name))
            if states:
                taken[name] = _column(np.array(states)[taken[name].astype(np.intp)], n)
        if self.theoretical is not None:
            taken["theoretical"] = {k: _column(x, n) for k, x in self.theoretical.items()}
        return taken


def bind(model: Model, priors: Priors) -> BoundModel:
    """The model ready to be called, with its signature checked against the priors.

    A model with the argument ``theoretical`` gets a mapping of the priors' theoretical values.

    Raises
    ------
    ValueError
        When names, units or ranges of the priors are not those of the model's signature.
    ModelError
        When the model fails at the medians of the inputs.
    """
    problems = [f"{'.'.join(filter(None, p[:2]))}: {p[2]}" for p in model_problems(priors, model)]
    if problems:
        raise ValueError("The priors do not fit the model.\n" + "\n".join(problems))
    signature = read_signature(model)
    names = frozenset((*signature.required, *signature.optional))
    theoretical = priors.theoretical if signature.takes_theoretical else None
    arguments = None if signature.takes_any else names
    bound = BoundModel(model, priors.map, theoretical, arguments, ())
    medians = medians_of(priors.map, 2)
    inputs = {name: _column(x, 2) for name, x in (dict(priors.fixed) | medians).items()}
    first, again = (_call(model, bound._arguments(inputs, 2)) for _ in range(2))
    _check_names(first, tuple(signature.outcomes))
    _check_new_names(first, priors)
    _check_same(first, again)
    return BoundModel(model, priors.map, theoretical, arguments, tuple(first))


def wanted_outcomes(model: BoundModel, outcomes: Sequence[str] | None) -> tuple[str, ...]:
    """The outcomes asked for, all by default; each must be one of the model's."""
    if outcomes is None:
        return model.outcomes
    unknown = [name for name in outcomes if name not in model.outcomes]
    if unknown or isinstance(outcomes, str) or not outcomes:
        near = suggest(str(unknown[0]), model.outcomes) if unknown else ""
        raise ValueError(
            f"Expected `outcomes` to be a list of {list(model.outcomes)}, got {outcomes!r}.{near}"
        )
    return tuple(outcomes)


def theoretical_values(priors: Priors) -> dict[str, float | int]:
    """Name → value that the headline claim assumes; of a regime the code of the state."""
    states = {name: states_of(prior.marginal) for name, prior in priors.items()}
    return {
        name: states[name].index(str(value)) if states[name] else float(value)
        for name, value in priors.theoretical.items()
    }


def medians_of(
    map_: InputMap, n: int, states: Mapping[str, Any] | None = None
) -> dict[str, NDArray[Any]]:
    """Every uncertain input at its median, n times; regimes in these states, else in the median's.

    What is given a regime stands at its median in the regime's state.
    """
    middle = np.full((len(map_.names), n), 0.5)
    known = dict(states or {})
    regimes = [name for name, m in map_.marginals.items() if states_of(m)]
    chosen = {name: np.broadcast_to(known[name], (n,)) for name in regimes if name in known}
    return map_.alone(middle, chosen)


def _column(values: Any, n: int) -> NDArray[Any]:
    """A read-only view of shape (n,), so that a model that changes its arguments is caught."""
    if isinstance(values, float):
        return _constant(values, n)
    view = np.broadcast_to(np.asarray(values), (n,))
    view.flags.writeable = False
    return view


@functools.lru_cache(maxsize=1024)
def _constant(value: float, n: int) -> NDArray[Any]:
    """The same facts and levers enter thousands of calls: their views are made once."""
    return np.broadcast_to(np.float64(value), (n,))


def _call(model: Model, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        # A value that is not finite is reported with its row and inputs; NumPy only warns.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            results = model(**arguments)
    except Exception as error:
        frames = traceback.extract_tb(error.__traceback__)
        at = f"{frames[-1].filename}:{frames[-1].lineno}" if len(frames) > 1 else "its call"
        if isinstance(error, ValueError) and "read-only" in str(error):
            raise ModelError(
                f"Expected a model that leaves its arguments alone, got one that changes an array "
                f"in place at {at}. Work on a copy: x = x.copy()."
            ) from error
        raise ModelError(
            f"The model failed at {at}: {type(error).__name__}: {error}. Correct the model."
        ) from error
    if not isinstance(results, Mapping):
        raise ModelError(
            "Expected a model that returns a dict of outcome name → array, got "
            f"{type(results).__name__}. Return for example {{'profit': revenue - cost}}."
        )
    if not results:
        raise ModelError("Expected a model with at least one outcome, got an empty dict.")
    return results


def _check_new_names(results: Mapping[str, Any], priors: Priors) -> None:
    """Outcomes stand beside the inputs in one Dataset, under names of their own."""
    for name in results:
        if not str(name).isidentifier() or name in DIMENSIONS:
            raise ModelError(
                f"Expected outcomes named with letters, digits and _, got {name!r}. Rename it."
            )
        if name in priors:
            raise ModelError(
                f"Expected outcomes with names of their own, got {name!r}, which is an input. "
                "Rename the outcome."
            )


def _check_same(first: Mapping[str, Any], again: Mapping[str, Any]) -> None:
    """The same inputs twice must give the same outcomes: chance belongs into the priors."""
    for name, result in first.items():
        values = _array(result, name)
        if not np.array_equal(values, _array(again.get(name), name)):
            if values.dtype.kind == "f" and np.isnan(values).any():
                continue  # not finite: the first run of the points says where
            raise ModelError(
                f"Expected a model that gives the same outcomes for the same inputs, got another "
                f"`{name}` at the second call. Make what is random an input with a prior."
            )


def _check_names(results: Mapping[str, Any], expected: Sequence[str]) -> None:
    missing = [name for name in expected if name not in results]
    unknown = [name for name in results if name not in expected] if expected else []
    if missing or unknown:
        what = f"{missing} missing" if missing else f"{unknown} not expected"
        near = suggest(missing[0], results) if missing else ""
        raise ModelError(
            f"Expected the outcomes {list(expected)} at every call, got {what}. "
            f"Return the same names each time.{near}"
        )


def _array(result: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(result)
    except (ValueError, TypeError) as error:
        raise ModelError(
            f"Expected outcome `{name}` as one array of numbers, got what NumPy cannot make one of "
            f"({error}). Return an array."
        ) from error


def _checked(result: Any, name: str, n: int) -> NDArray[Any]:
    if np.ma.is_masked(result):
        raise ModelError(
            f"Expected every value of outcome `{name}`, got masked ones. Compute them, or give "
            "the inputs priors that stay where the model holds."
        )
    values = _array(result, name)
    if values.dtype.kind not in "fiub":
        raise ModelError(
            f"Expected numbers as outcome `{name}`, got an array of {values.dtype}. "
            "Return real numbers."
        )
    if values.shape != (n,):
        raise ModelError(
            f"Expected outcome `{name}` with one value a point, shape ({n},), got shape "
            f"{values.shape}. Compute it element by element, without sums over the points."
        )
    return values


def _not_finite(
    rows: Array, names: Sequence[str], inputs: Mapping[str, NDArray[Any]], where: str
) -> str:
    """How many values are not finite, of which outcomes, and the first rows with their inputs."""
    bad = ~np.isfinite(rows)
    counts = ", ".join(
        f"{bad[k].sum():,} of `{name}`" for k, name in enumerate(names) if bad[k].any()
    )
    first = np.flatnonzero(bad.any(axis=0))[:3]
    lines = []
    for point in first:
        which = next(k for k in range(len(names)) if bad[k, point])
        values = ", ".join(f"{name}={_short(x[point])}" for name, x in inputs.items())
        lines.append(f"  row {point}: {names[which]} = {rows[which, point]} at {values}")
    at = f" in {where}" if where else ""
    return (
        f"Expected finite outcomes, got NaN or infinity{at}: {counts}, at "
        f"{rows.shape[1]:,} points. "
        "Correct the model or the priors there; nothing is dropped. First rows:\n"
        + "\n".join(lines)
    )


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (int, float, np.number)) else str(value)

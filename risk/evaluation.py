"""One checked call of a model: read-only arrays in, finite outcomes of the right shape out."""

from __future__ import annotations

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.checks import model_problems
from risk.conditional import states_of
from risk.dependence import InputMap
from risk.model_results import (
    ModelError,
    call,
    check_names,
    check_new_names,
    check_same,
    checked,
    not_finite,
)
from risk.names import suggest
from risk.priors import Priors
from risk.signature import Model, read_signature
from risk.trace import Program, trace

Array = NDArray[np.float64]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class BoundModel:
    """A model with the priors' fixed and theoretical values, called with uncertain inputs only."""

    model: Model
    map: InputMap
    theoretical: Mapping[str, float | str] | None
    arguments: frozenset[str] | None  # None: the model takes any
    outcomes: tuple[str, ...]

    def __call__(self, values: Values, n: int, where: str = "", first: int = 0) -> Array:
        """Finite outcomes at n points, shape (outcomes, n).

        Parameters
        ----------
        values
            Input name → array of shape (n,) or a number; they win over the fixed values. States
            of a categorical input are codes.
        n
            The number of points.
        where, first
            What the points are, and the number of the first, for an error message.

        Raises
        ------
        ModelError
            When the model fails, changes its arguments, leaves an outcome out, or returns another
            shape, another type, or a value that is not finite.
        """
        rows = np.stack(self.evaluate(values, n))
        self.check_finite(rows, values, self.outcomes, where, first)
        return rows

    def evaluate(self, values: Values, n: int) -> list[Array]:
        """The same, one array an outcome, as the model made them: finite or not."""
        results = call(self.model, self._arguments(values, n))
        check_names(results, self.outcomes)
        return [checked(results[name], name, n) for name in self.outcomes]

    def check_finite(
        self, rows: Array, values: Values, outcomes: Sequence[str], where: str = "", first: int = 0
    ) -> None:
        """Refuse outcomes (outcomes, n) that are not finite, naming their inputs.

        `first` is the number of the first point.
        """
        if not np.isfinite(rows).all():
            n = rows.shape[1]
            inputs = {k: _column(x, n) for k, x in {**self.map.fixed, **values}.items()}
            raise ModelError(not_finite(rows, outcomes, inputs, where, first))

    def named(self, values: Values) -> dict[str, Any]:
        """The uncertain inputs that the model takes, states by their names."""
        return {
            name: x if name not in self._states else self._states[name][np.asarray(x, np.intp)]
            for name, x in values.items()
            if self.arguments is None or name in self.arguments
        }

    def traced(self, moved: Collection[str] = ()) -> Program | None:
        """The operations of the model, where they can be told; `moved` is uncertain as well."""
        uncertain = [*self.named(dict.fromkeys((*self.map.names, *moved), 0))]
        fixed: dict[str, Any] = {k: x for k, x in self._fixed.items() if k not in uncertain}
        if self.theoretical is not None:
            fixed["theoretical"] = self.theoretical
        return trace(self.model, uncertain, fixed)

    def _arguments(self, values: Values, n: int) -> dict[str, Any]:
        """What the model takes of fixed values and of these, as arrays that it cannot change."""
        fixed = {k: x for k, x in self._fixed.items() if k not in values}
        taken: dict[str, Any] = {k: _column(x, n) for k, x in (fixed | self.named(values)).items()}
        if self.theoretical is not None:
            taken["theoretical"] = {k: _column(x, n) for k, x in self.theoretical.items()}
        return taken

    @functools.cached_property
    def _fixed(self) -> dict[str, float]:
        """The facts and levers that the model takes."""
        known = self.arguments
        return {k: x for k, x in self.map.fixed.items() if known is None or k in known}

    @functools.cached_property
    def _states(self) -> dict[str, NDArray[Any]]:
        """Categorical input → the names of its states."""
        found = {name: states_of(m) for name, m in self.map.marginals.items()}
        return {name: np.array(states) for name, states in found.items() if states}


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
    first, again = (call(model, bound._arguments(medians, 2)) for _ in range(2))
    check_names(first, tuple(signature.outcomes))
    check_new_names(first, priors)
    check_same(first, again)
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
    array = np.asarray(values)
    view = array.view() if array.shape == (n,) else np.broadcast_to(array, (n,))
    view.flags.writeable = False
    return view


@functools.lru_cache(maxsize=1024)
def _constant(value: float, n: int) -> NDArray[Any]:
    """The same facts and levers enter thousands of calls: their views are made once."""
    return np.broadcast_to(np.float64(value), (n,))

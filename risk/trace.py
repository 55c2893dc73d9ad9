"""The operations of a model, so that an exchange evaluates only those that depend on it.

A model is called once with stand-ins for its inputs, which note what is done with them: element by
element with NumPy's universal functions and `where`. Anything else, a look at a value or a shape
above all, ends the attempt, and the model itself is called each time as ever. The operations are
repeated on arrays exactly as the model did them, so the results have the same bits; the pilot of a
study compares them before it relies on it.
"""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

Array = NDArray[Any]
SCALARS = (bool, int, float, str, np.number, np.bool_)


class Untraceable(TypeError):
    """Something that stands for arrays was asked for what only arrays have."""


class Step(NamedTuple):
    """One operation: what it makes, of what, and what nobody needs after it."""

    operation: Callable[..., Any]
    arguments: tuple[int, ...]
    result: int
    done: tuple[int, ...] = ()


def forgetful(steps: Sequence[Step], wanted: Collection[int]) -> list[Step]:
    """The same operations that let go of what they made, but for the values wanted.

    Memory of the last operation is still in the cache when the next one needs some.
    """
    last = {k: i for i, step in enumerate(steps) for k in (step.result, *step.arguments)}
    made = {step.result for step in steps} - set(wanted)
    return [s._replace(done=tuple(k for k in made if last[k] == i)) for i, s in enumerate(steps)]


@dataclass(frozen=True)
class Program:
    """A model as a list of operations on numbered values.

    Attributes
    ----------
    known
        The values before any input is: constants, fixed inputs and what follows from them alone,
        of shape (1,); None for the others.
    leaves
        Uncertain input → its number.
    steps
        The operations that uncertain inputs enter, in order.
    needs
        Of each value the uncertain inputs that it depends on.
    outcomes
        Outcome → its number.
    """

    known: list[Any]
    leaves: dict[str, int]
    steps: list[Step]
    needs: list[frozenset[str]]
    outcomes: dict[str, int]

    def steps_after(self, changed: Collection[str]) -> list[Step]:
        """The operations to repeat when these inputs change."""
        return [s for s in self.steps if not self.needs[s.result].isdisjoint(changed)]

    def outcomes_after(self, changed: Collection[str]) -> set[str]:
        """The outcomes that may change when these inputs do."""
        return {k for k, node in self.outcomes.items() if not self.needs[node].isdisjoint(changed)}

    def run(
        self,
        inputs: Mapping[str, Array],
        values: list[Any] | None = None,
        steps: Sequence[Step] | None = None,
    ) -> list[Any]:
        """All values, from all inputs; or from earlier values, changed inputs and their steps."""
        found = list(self.known if values is None else values)
        for name, x in inputs.items():
            if name in self.leaves:
                found[self.leaves[name]] = x
        # A value that is not finite is reported with its row and inputs; NumPy only warns.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            for operation, arguments, result, done in self.steps if steps is None else steps:
                found[result] = operation(*[found[k] for k in arguments])
                for k in done:
                    found[k] = None
        return found


def trace(
    model: Callable[..., Any], uncertain: Collection[str], fixed: Mapping[str, Any]
) -> Program | None:
    """The operations of a model, None where they cannot be told without values.

    Parameters
    ----------
    uncertain
        Names of the arguments that change from point to point.
    fixed
        The other arguments: numbers, or mappings of numbers.

    Examples
    --------
    >>> program = trace(lambda x, y, fee: {"profit": x * y - fee}, ["x", "y"], {"fee": 1.0})
    >>> values = program.run({"x": np.array([2.0, 3.0]), "y": np.array([5.0, 5.0])})
    >>> values[program.outcomes["profit"]]
    array([ 9., 14.])
    >>> trace(lambda x: {"y": x.sum()}, ["x"], {}) is None
    True
    """
    tape = _Tape()
    leaves = {name: tape.leaf(name) for name in uncertain}
    try:
        arguments = {name: tape.fixed(value) for name, value in fixed.items()}
        arguments |= {name: _Traced(tape, k) for name, k in leaves.items()}
        # A copy: what a model keeps of a call must not be stand-ins. The rules are those of a call.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            results = copy.deepcopy(model)(**arguments)
        outcomes = {str(name): tape.number(result) for name, result in results.items()}
        pickle.dumps(tape.steps)  # an operation of the model's own could not be sent to a worker
    except Exception:  # whatever a model does with what is no array
        return None
    if tape.refused:  # and whatever it did about that
        return None
    return Program(tape.known, leaves, tape.steps, tape.needs, outcomes)


class _Tape:
    """What has been noted of a model so far."""

    def __init__(self) -> None:
        self.known: list[Any] = []
        self.needs: list[frozenset[str]] = []
        self.steps: list[Step] = []
        self.refused = False

    def refuse(self, what: str) -> NoReturn:
        """Give up for good, even where the model would go on."""
        self.refused = True
        raise Untraceable(what)

    def value(self, known: Any, needs: frozenset[str] = frozenset()) -> int:
        self.known.append(known)
        self.needs.append(needs)
        return len(self.known) - 1

    def leaf(self, name: str) -> int:
        return self.value(None, frozenset([name]))

    def fixed(self, value: Any) -> Any:
        """A stand-in for a fixed input, or for each of a mapping."""
        if isinstance(value, Mapping):
            return {name: self.fixed(x) for name, x in value.items()}
        return _Traced(self, self.value(np.reshape(value, (1,))))

    def number(self, value: Any) -> int:
        """The number of an operand."""
        if isinstance(value, _Traced):
            return value.number
        if isinstance(value, SCALARS) or (isinstance(value, np.ndarray) and value.shape == ()):
            return self.value(value)
        self.refuse(f"a {type(value).__name__} among the operands")

    def note(self, operation: Callable[..., Any], operands: Sequence[Any]) -> _Traced:
        if not {*np.geterr().values()} <= {"ignore", "warn"}:
            self.refuse("an operation that is to fail where a number does")
        arguments = tuple(map(self.number, operands))
        needs = frozenset().union(*(self.needs[k] for k in arguments))
        if needs:
            result = self.value(None, needs)
            self.steps.append(Step(operation, arguments, result))
        else:  # of fixed inputs alone: once and for all
            with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
                result = self.value(operation(*[self.known[k] for k in arguments]))
        return _Traced(self, result)


def _refuse(traced: _Traced, *_: Any) -> NoReturn:
    tape: _Tape = object.__getattribute__(traced, "_tape")
    tape.refuse("a value, a shape or an operation that is not element by element")


class _Traced(NDArrayOperatorsMixin):
    """A stand-in for an input, or for what a model made of some."""

    __hash__ = None  # type: ignore[assignment]
    __class__ = property(_refuse)  # what isinstance asks for

    def __init__(self, tape: _Tape, number: int) -> None:
        self._tape = tape
        self.number = number

    def __array_ufunc__(
        self, operation: np.ufunc, method: str, *operands: Any, **options: Any
    ) -> _Traced:
        if method != "__call__" or options or operation.nout != 1 or operation.signature:
            _refuse(self)
        return self._tape.note(operation, operands)

    def __array_function__(
        self, function: Any, types: Any, operands: tuple[Any, ...], options: Mapping[str, Any]
    ) -> _Traced:
        if function is not np.where or len(operands) != 3 or options:
            _refuse(self)
        return self._tape.note(function, operands)


for _name in ("bool", "len", "iter", "float", "int", "index", "complex", "array", "getitem",
              "setitem", "contains", "round", "copy", "deepcopy", "getattr"):  # fmt: skip
    setattr(_Traced, f"__{_name}__", _refuse)

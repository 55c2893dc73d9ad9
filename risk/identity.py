"""Names of questions: the run id, from the model's code, the priors and the numbers asked for."""

from __future__ import annotations

import dis
import functools
import hashlib
import inspect
import json
import operator
import platform
import types
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from risk.priors import Priors
from risk.signature import Model
from risk.version import __version__

PLAIN = (
    *(str, bytes, bool, int, float, complex, type(None), np.ndarray, np.generic),
    *(Mapping, list, tuple, set, frozenset),
)


def run_id(
    model: Model,
    priors: Priors,
    draws: int,
    replicates: int,
    seed: int,
    outcomes: Sequence[str] | None = None,
    factors: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """Name of a question: the same model, priors, numbers and engine version ask the same.

    The first 12 hex digits of the SHA-256 of the canonical JSON of the question. Results, library
    versions and the date are no part of it.
    """
    asked = _question(model, priors, seed, outcomes, factors) | {
        "draws": operator.index(draws),
        "replicates": operator.index(replicates),
    }
    text = json.dumps(asked, sort_keys=True, separators=(",", ":"))
    return _sha256(text)[:12]


def computation(
    model: Model,
    priors: Priors,
    seed: int,
    outcomes: Sequence[str] | None = None,
    factors: Mapping[str, Sequence[str]] | None = None,
) -> dict[str, Any]:
    """What decides every bit of a replicate but its number: a checkpoint belongs to it.

    Unlike the run id it leaves out how many draws and replicates were asked for, and names what
    the bits depend on beside the question: the libraries and the platform. `beliefs` tells which
    of the priors differ.
    """
    beliefs: dict[str, Any] = priors.as_dict()["inputs"]
    return _question(model, priors, seed, outcomes, factors) | {
        "beliefs": {
            name: _sha256(json.dumps(x, sort_keys=True))[:12] for name, x in beliefs.items()
        },
        **{library: version(library) for library in ("numpy", "scipy")},
        "platform": f"{platform.system()} {platform.machine()}",
    }


def _question(
    model: Model,
    priors: Priors,
    seed: int,
    outcomes: Sequence[str] | None,
    factors: Mapping[str, Sequence[str]] | None,
) -> dict[str, Any]:
    """What is asked, whatever the size of the answer."""
    return {
        "model": model_hash(model),
        "priors": priors.hash,
        "inputs": list(priors),  # in their order, which decides the axes of the net
        "seed": operator.index(seed),
        "outcomes": None if outcomes is None else list(outcomes),
        "factors": None if factors is None else {k: list(v) for k, v in factors.items()},
        "engine": __version__,
    }


def model_hash(model: Model) -> str:
    """SHA-256 of a model: its code and every value that it carries.

    The code is all modules of its package, else its own source text and that of the functions and
    classes of the same script that it names; the values are defaults, closures, the arguments of a
    partial, the attributes of an object, and numbers, texts, arrays and collections of them that
    it names: one that the model changes makes it another model. What else it takes from elsewhere
    is not part of it.
    """
    return _sha256(_describe(model, frozenset()))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _describe(value: Any, above: frozenset[int]) -> str:
    """A text that is the same for the same content, in every process."""
    if id(value) in above:  # an object that contains itself
        return "…"
    inside = functools.partial(_describe, above=above | {id(value)})
    kind = type(value)  # an object may say that it is of another class, or refuse to say
    if issubclass(kind, (str, bytes, bool, int, float, complex, type(None))):
        return repr(value)
    if issubclass(kind, (np.ndarray, np.generic)):
        data = np.ascontiguousarray(value)
        if data.dtype.hasobject:
            return f"{data.shape}{inside(data.ravel().tolist())}"
        return f"{data.dtype.str}{data.shape}{hashlib.sha256(data.tobytes()).hexdigest()}"
    if issubclass(kind, Mapping):
        return "{" + ",".join(sorted(f"{inside(k)}:{inside(v)}" for k, v in value.items())) + "}"
    if issubclass(kind, (list, tuple)):
        return "[" + ",".join(map(inside, value)) + "]"
    if issubclass(kind, (set, frozenset)):
        return "{" + ",".join(sorted(map(inside, value))) + "}"
    if issubclass(kind, functools.partial):
        return f"partial({inside(value.func)},{inside(value.args)},{inside(value.keywords)})"
    if issubclass(kind, types.MethodType):
        return f"method({inside(value.__self__)},{inside(value.__func__)})"
    if issubclass(kind, (types.FunctionType, type)):
        return _describe_code(value, inside)
    state = getattr(value, "__dict__", None)
    return f"{_describe_code(type(value), inside)}{inside(state) if state else ''}"


def _describe_code(value: Any, inside: Any) -> str:
    """A function or class: its name, its source or its package's, and what a function carries."""
    carried = ""
    if isinstance(value, types.FunctionType):
        cells = [_content(cell) for cell in value.__closure__ or ()]
        carried = inside([value.__defaults__, value.__kwdefaults__, cells, _named(value)])
    elif isinstance(value, type):
        methods = [x for x in vars(value).values() if isinstance(x, types.FunctionType)]
        carried = inside([_named(method) for method in methods])
    return f"{value.__qualname__}:{_sha256(_source(value))}{carried}"


def _named(function: types.FunctionType) -> dict[str, Any]:
    """What a function of a script takes from it by name: plain values, functions and classes."""
    if function.__globals__.get("__package__"):
        return {}  # all of the package's code is known
    found = {}
    for name in sorted(_names(function.__code__) & function.__globals__.keys()):
        value = function.__globals__[name]
        code = isinstance(value, (types.FunctionType, type))
        if isinstance(value, PLAIN) or (code and value.__module__ == function.__module__):
            found[name] = value
    return found


def _names(code: types.CodeType) -> set[str]:
    """The global names in some code and in the functions inside it."""
    inner = (_names(c) for c in code.co_consts if isinstance(c, types.CodeType))
    loads = (step.argval for step in dis.get_instructions(code) if step.opname == "LOAD_GLOBAL")
    return set(loads).union(*inner)


def _content(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not assigned yet
        return None


def _source(value: Any) -> str:
    module = inspect.getmodule(value)
    if module is not None and module.__package__ and module.__file__:
        files = sorted(Path(module.__file__).parent.glob("*.py"))
        return "\0".join(f"{f.name}\0{f.read_text('utf-8')}" for f in files)
    try:
        return inspect.getsource(value)
    except (OSError, TypeError):  # typed into an interpreter, or written in C
        code = getattr(value, "__code__", None)
        return _code_text(code) if code else str(value)


def _code_text(code: types.CodeType) -> str:
    """Compiled code without the addresses and line numbers that its text would show."""
    constants = [
        _code_text(c) if isinstance(c, types.CodeType) else repr(c) for c in code.co_consts
    ]
    return repr((code.co_code, code.co_names, code.co_varnames, constants))

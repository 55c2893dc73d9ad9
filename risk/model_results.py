"""One call of a model, and what may be wrong with what it gave back."""

from __future__ import annotations

import traceback
from collections.abc import Container, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk.names import DIMENSIONS, suggest
from risk.signature import Model

Array = NDArray[np.float64]


class ModelError(RuntimeError):
    """A model that failed, or that returned something no analysis may use."""


def call(model: Model, arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a model gives back, by the names of the outcomes."""
    try:
        # A value that is not finite is reported with its row and inputs; NumPy only warns.
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            results = model(**arguments)
    except (Exception, SystemExit) as error:
        frames = traceback.extract_tb(error.__traceback__)
        at = f"{frames[-1].filename}:{frames[-1].lineno}" if len(frames) > 1 else "its call"
        if isinstance(error, ValueError) and "read-only" in str(error):
            raise ModelError(
                f"Expected a model that leaves its arguments alone, got one that changes an array "
                f"in place at {at}. Work on a copy: x = x.copy()."
            ) from error
        raise ModelError(
            f"The model failed at {at}: {''.join(traceback.format_exception_only(error)).strip()}. "
            "Correct the model."
        ) from error
    if not isinstance(results, Mapping):
        raise ModelError(
            "Expected a model that returns a dict of outcome name → array, got "
            f"{type(results).__name__}. Return for example {{'profit': revenue - cost}}."
        )
    if not results:
        raise ModelError("Expected a model with at least one outcome, got an empty dict.")
    return results


def check_new_names(results: Mapping[str, Any], inputs: Container[str]) -> None:
    """Outcomes stand beside the inputs in one Dataset, under names of their own."""
    for name in results:
        if not str(name).isidentifier() or name in DIMENSIONS:
            raise ModelError(
                f"Expected outcomes named with letters, digits and _, got {name!r}. Rename it."
            )
        if name in inputs:
            raise ModelError(
                f"Expected outcomes with names of their own, got {name!r}, which is an input. "
                "Rename the outcome."
            )


def check_same(first: Mapping[str, Any], again: Mapping[str, Any]) -> None:
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


def check_names(results: Mapping[str, Any], expected: Sequence[str]) -> None:
    """Every call must give the same outcomes."""
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


def checked(result: Any, name: str, n: int) -> Array:
    """One outcome as numbers of shape (n,)."""
    if isinstance(result, np.ma.MaskedArray) and np.ma.is_masked(result):
        raise ModelError(
            f"Expected every value of outcome `{name}`, got masked ones. Compute them, or give "
            "the inputs priors that stay where the model holds."
        )
    if type(result) is np.ndarray and result.dtype == np.float64 and result.shape == (n,):
        return result  # the usual case, without the calls that find out
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
    return values.astype(np.float64)


def not_finite(
    rows: Array, names: Sequence[str], inputs: Mapping[str, NDArray[Any]], where: str, start: int
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
        lines.append(f"  row {start + point}: {names[which]} = {rows[which, point]} at {values}")
    at = f" in {where}" if where else ""
    return (
        f"Expected finite outcomes, got NaN or infinity{at}: {counts}, at "
        f"{rows.shape[1]:,} points. "
        "Correct the model or the priors there; nothing is dropped. First rows:\n"
        + "\n".join(lines)
    )


def _short(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, (int, float, np.number)) else str(value)

"""Dimension names of every Dataset in a study, and the one form check for them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # workers need the names, not the second that xarray takes to be imported
    import xarray as xr

REPLICATE = "replicate"
DRAW = "draw"
OUTCOME = "outcome"
FACTOR = "factor"
FACTOR_2 = "factor_2"
BOUND = "bound"
PROBABILITY = "probability"
TAIL = "tail"
INPUT = "input"
END = "end"
STEP = "step"
CHECK = "check"
SCENARIO = "scenario"
VARIABLE = "variable"
STATE = "state"
OBSERVATION = "observation"

DIMENSIONS = frozenset(
    (
        REPLICATE,
        DRAW,
        OUTCOME,
        FACTOR,
        FACTOR_2,
        BOUND,
        PROBABILITY,
        TAIL,
        INPUT,
        END,
        STEP,
        CHECK,
        SCENARIO,
        VARIABLE,
        STATE,
        OBSERVATION,
    )
)
BOUNDS = ["lower", "upper"]
ENDS = ["low", "high"]


def readable(name: str) -> str:
    """Text for a name of the code: ``revenue_gap`` becomes ``Revenue gap``.

    >>> readable("revenue_gap")
    'Revenue gap'
    """
    text = name.replace("_", " ").strip()
    return text[:1].upper() + text[1:]


def said_state(state: str) -> str:
    """A state as people read it: its underscores stand for blanks, which a state cannot have.

    >>> said_state("integrated_lab, open")
    'integrated lab, open'
    """
    return state.replace("_", " ")


def reads_as_share(name: str, low: float, high: float) -> bool:
    """Whether a number without unit reads in percent: called a share, or varying within 0…1.

    >>> reads_as_share("paid_user_share", 0.0, 1.2), reads_as_share("premium", 1.05, 2.8)
    (True, False)
    """
    return "share" in name.split("_") or (0 <= low < high <= 1)


def suggest(word: str, known: Iterable[str]) -> str:
    """`` Did you mean 'x'?`` for the nearest known word, or nothing.

    >>> suggest("gpu_prise", ["gpu_price", "utilisation"])
    " Did you mean 'gpu_price'?"
    """
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def require(
    data: xr.Dataset, *, name: str, dims: Iterable[str] = (), variables: Iterable[str] = ()
) -> xr.Dataset:
    """Give `data` back if it has these dimensions and variables; else say what is missing.

    Raises
    ------
    ValueError
        Naming every missing dimension and variable.
    """
    missing = [f"dimension {d!r}" for d in dims if d not in data.dims]
    missing += [f"variable {v!r}" for v in variables if v not in data.variables]
    if missing:
        raise ValueError(
            f"Expected `{name}` with {', '.join(missing)}; got dimensions "
            f"{sorted(map(str, data.dims))} and variables {sorted(map(str, data.data_vars))}. "
            "Pass the Dataset that the step before returned."
        )
    return data

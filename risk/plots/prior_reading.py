"""What the sheet of priors reads off a check: one panel an uncertain input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.memo.formats import number
from risk.names import END, INPUT, PROBABILITY, STATE, require
from risk.plots.reading import Quantity, clean

Array = NDArray[np.float64]
_NOTHING = 5e-4  # probability outside an axis that needs no word
Table = Mapping[str, Any]


class Part(NamedTuple):
    """What an input is in one state, or to one expert."""

    name: str
    weight: float
    density: Array
    atoms: list[tuple[float, float]]


class Panel(NamedTuple):
    """Everything that is drawn of one input."""

    key: str
    reads: Quantity
    family: str
    basis: str
    shape: str  # "curve", "bars", "values" or "states"
    quantiles: tuple[float, ...]
    claim: float
    claimed_state: str
    percentile: float
    excluded: bool
    window: tuple[float, ...]
    edges: Array
    density: Array
    atoms: list[tuple[float, float]]  # values with their probabilities
    parts: list[Part]
    noun: str  # of the parts, or of the states
    stacked: bool  # whether the parts add up to the whole
    states: list[tuple[str, float]]
    asked: list[tuple[float, float]]  # probability and quantile
    reported: list[tuple[float, str]]
    cut: tuple[float, ...]


def read_panels(beliefs: xr.Dataset) -> list[Panel]:
    """Panels of a check, in the order of the priors.

    Raises
    ------
    ValueError
        When the Dataset is not what `risk.analysis.beliefs.beliefs` returns.
    """
    needed = ("quantile", "theoretical", "excluded", "density", "cell_edge", "window", "shape")
    require(beliefs, name="beliefs", dims=(INPUT, PROBABILITY, END, STATE), variables=needed)
    data: Table = {str(name): x.values for name, x in beliefs.variables.items()}
    wholes = [k for k, part in enumerate(data["input_part"]) if not part]
    return [_panel(data, k) for k in wholes]


def _panel(data: Table, k: int) -> Panel:
    key, name = str(data[INPUT][k]), str(data["input_name"][k])
    style = str(data["input_style"][k]) or None
    reads = Quantity(name, clean(data["input_label"][k]), clean(data["input_units"][k]), style)
    own = [j for j, other in enumerate(data["input_name"]) if other == name and j != k]
    alone = bool(data["judged_alone"][k])
    return Panel(
        key=key,
        reads=reads,
        family=family_words(str(data["family"][k])),
        basis="judged" if alone else str(data["grades"][k]) or "sources",
        shape=str(data["shape"][k]),
        quantiles=tuple(map(float, data["quantile"][k])),
        claim=float(data["theoretical"][k]),
        claimed_state=str(data["theoretical_state"][k]),
        percentile=float(data["theoretical_percentile"][k]),
        excluded=bool(data["excluded"][k]),
        window=tuple(map(float, data["window"][k])),
        edges=_known(data["cell_edge"][k]),
        density=_known(data["density"][k]),
        atoms=_atoms(data, key),
        parts=[_part(data, j) for j in own if data["kind"][j] != "regime"],
        noun=_noun(data, k, own),
        stacked=str(data["pool"][k]) != "logarithmic",
        states=_states(data, key),
        asked=_asked(data, name),
        reported=_reported(data, name),
        cut=tuple(map(float, data["cut"][k])),
    )


def _noun(data: Table, k: int, own: list[int]) -> str:
    """What the parts of an input, or the states of a regime, are."""
    chosen = {str(data["given"][j]) for j, role in enumerate(data["input_role"])
              if role == "expert"}  # fmt: skip
    experts = any(data["input_role"][j] == "expert" for j in own)
    return "experts" if experts or str(data["input_label"][k]) in chosen else "states"


def _part(data: Table, j: int) -> Part:
    name, weight = clean(data["input_part"][j]), float(data["weight"][j])
    return Part(name, weight, _known(data["density"][j]), _atoms(data, str(data[INPUT][j])))


def _known(values: Any) -> Array:
    """Without the NaN that fill a row."""
    return np.asarray(values[~np.isnan(values)], dtype=np.float64)


def _atoms(data: Table, key: str) -> list[tuple[float, float]]:
    own = data["atom_input"] == key
    pairs = zip(data["atom_value"][own], data["atom_probability"][own], strict=True)
    return [(float(x), float(p)) for x, p in pairs]


def _states(data: Table, key: str) -> list[tuple[str, float]]:
    own = data["state_input"] == key
    pairs = zip(data["state_name"][own], data["state_probability"][own], strict=True)
    return [(clean(str(state).replace("_", " ")), float(p)) for state, p in pairs]


def _asked(data: Table, name: str) -> list[tuple[float, float]]:
    """Quantiles that the file asks for of the input as a whole; those of parts are not its own."""
    fits = [
        j for j, (of, part) in enumerate(zip(data["fit_input"], data["fit_part"], strict=True))
        if of == name and not part and not data["data_count"][j]
    ]  # fmt: skip
    own = np.isin(data["asked_fit"], fits)
    pairs = zip(data["asked_probability"][own], data["asked_quantile"][own], strict=True)
    return [(float(p), float(x)) for p, x in pairs]


def _reported(data: Table, name: str) -> list[tuple[float, str]]:
    own = data["reported_input"] == name
    pairs = zip(data["reported"][own], data["reported_label"][own], strict=True)
    return [(float(x), clean(label)) for x, label in pairs]


def family_words(family: str) -> str:
    """A family as people write it.

    >>> family_words("pert"), family_words("student_t"), family_words("lognormal")
    ('PERT', 'Student t', 'lognormal')
    """
    return {"pert": "PERT", "student_t": "Student t", "dirichlet": "Dirichlet"}.get(
        family, family.replace("_", " ")
    )


def priors_finding(panels: list[Panel]) -> str:
    """Title: how many priors rest on judgement alone, and of how many the claim is outside.

    An outline counts only inputs of which the claim says something.
    """
    count, alone = len(panels), sum(panel.basis == "judged" for panel in panels)
    outside = sum(panel.excluded for panel in panels)
    rest = "rests" if alone == 1 else "rest"
    judged = f"{alone} of {count} priors {rest} on judgement alone"
    if not alone:
        judged = "Every prior has a source" if count > 1 else "The prior has a source"
    claimed = any(np.isfinite(panel.claim) or panel.claimed_state for panel in panels)
    if not claimed:
        return judged
    beyond = f"the claim lies outside P1–P99 of {outside}"
    return f"{judged}; {beyond if outside else 'the claim lies inside P1–P99 of all'}"


def cut_notes(panels: list[Panel], peaks: list[Panel]) -> list[str]:
    """What the axes leave out: far tails, peaks, and reported values beyond them."""
    shown = [panel for panel in panels if panel.shape != "states"]
    notes = []
    worst = max(shown, key=lambda panel: max(panel.cut), default=None)
    if worst is not None and max(worst.cut) >= _NOTHING:
        share = number(max(worst.cut), "1", style="share")
        notes.append(f"at most {share} of a prior on either side ({worst.reads.label})")
    if peaks:
        notes.append(f"the peak of {', '.join(panel.reads.label for panel in peaks)}")
    beyond = [
        f"{panel.reads.label} {panel.reads.labels([x])[0]}"
        for panel in shown
        for x, _ in panel.reported
        if not panel.window[0] <= x <= panel.window[1]
    ]
    if beyond:
        notes.append(f"reported values: {', '.join(beyond)}")
    return [f"Axes leave out {'; '.join(notes)}"] if notes else []

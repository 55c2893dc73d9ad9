"""What the engine made of the priors: quantiles, moments, the claim's place, sources and shapes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from risk.analysis.belief_blocks import block_variables
from risk.analysis.belief_claims import claim_variables, grades, source_variables
from risk.analysis.belief_fits import fit_variables, fitted, reported_variables
from risk.analysis.belief_rows import Row, below, label_of, quantile_of, rows_of
from risk.analysis.belief_shapes import CELLS, Shape, shape_of, window
from risk.analysis.labels import Variables, variable
from risk.blocks import Shares
from risk.marginals import Categorical
from risk.names import END, ENDS, INPUT, PROBABILITY, STATE, reads_as_share
from risk.priors import Prior, Priors, labels

Array = NDArray[np.float64]
PROBABILITIES = (0.05, 0.5, 0.95)
ATOM, CELL, EDGE = "atom", "cell", "edge"
UNIT = "unit of the input"
_MIDDLE = np.array([0.05, 0.95])
_EVERYTHING = np.array([1e-4, 0.9999])  # what a number without unit reads like is told from these


def beliefs(priors: Priors, today: date) -> xr.Dataset:
    """What is believed of every uncertain input, as numbers to look at.

    An input given a regime has a row for itself over all states (with the states' probabilities,
    chains included), then one for each state; an input with experts has one for each of them after
    its pool. ``theoretical_percentile`` is the probability of a value below the claim and half that
    of the claim itself. A categorical input has NaN for all of these: the probabilities of its
    states are along ``state``.

    Along ``cell`` and ``edge`` is the density in the part of the axis that is worth drawing
    (``window``; ``cut`` says what is outside it), along ``atom`` are values with probabilities of
    their own. Fits are along ``fit`` and ``asked``, reported values along ``reported``, blocks
    along ``block``, ``member`` and ``pair``.

    Parameters
    ----------
    priors
        The case.
    today
        Sources that were read more than a year before count as outdated.

    Examples
    --------
    >>> from scipy.stats import uniform
    >>> import risk
    >>> prior = risk.Prior(uniform(0, 1), unit="1", theoretical=0.25, source="unit interval")
    >>> found = beliefs(risk.Priors({"x": prior}), date(2026, 11, 23)).sel(input="x")
    >>> found["quantile"].values, found["theoretical_percentile"].item()
    (array([0.05, 0.5 , 0.95]), 0.25)
    """
    rows = list(rows_of(priors))
    fits, fit_coords = fit_variables(priors)
    points, point_coords = reported_variables(priors)
    blocks, block_coords = block_variables(priors)
    variables = {
        **_numbers(rows),
        **claim_variables(rows, priors),
        **source_variables(rows, priors, today),
        **_shapes(rows, _marks(priors)),
        **_states(rows),
        **fits,
        **points,
        **blocks,
    }
    coords = {
        INPUT: [row.key for row in rows],
        PROBABILITY: list(PROBABILITIES),
        END: ENDS,
        **_words(rows, priors),
        **fit_coords,
        **point_coords,
        **block_coords,
    }
    attrs = {
        "title": priors.title,
        "case": priors.case,
        "priors_hash": priors.hash,
        "checked": today.isoformat(),
    }
    return xr.Dataset(variables, coords, attrs)


def _numbers(rows: Sequence[Row]) -> Variables:
    """Quantiles, mean and standard deviation; NaN of a categorical row."""
    q = np.full((len(rows), len(PROBABILITIES)), math.nan)
    mean, deviation = np.full((2, len(rows)), math.nan)
    for k, row in enumerate(rows):
        if isinstance(row.belief, Categorical):
            continue
        q[k] = quantile_of(row.belief)(np.array(PROBABILITIES))
        fixed = isinstance(row.belief, float)
        mean[k] = row.belief if fixed else row.belief.mean()
        deviation[k] = 0.0 if fixed else row.belief.standard_deviation()
    by = (INPUT,)
    share = np.array([row.weight for row in rows])
    text = "Probability of the state, or share of the expert"
    return {
        "quantile": variable((INPUT, PROBABILITY), q, UNIT, "Quantile"),
        "mean": variable(by, mean, UNIT, "Mean"),
        "standard_deviation": variable(by, deviation, UNIT, "Standard deviation"),
        "weight": variable(by, share, "1", text),
    }


def _words(rows: Sequence[Row], priors: Priors) -> dict[str, Any]:
    """Coordinates of the rows for people."""
    named = labels(priors)
    own = [priors[row.name] for row in rows]
    of_shares = _share_families(priors)
    styles = {name: _style(name, priors[name], rows) for name in {row.name for row in rows}}
    words = {
        "input_name": ("Name", [row.name for row in rows]),
        "input_label": ("Label", [named[row.name] for row in rows]),
        "input_part": ("State or expert", [label_of(row.part) for row in rows]),
        "input_role": ("What the part is", [row.role for row in rows]),
        "input_units": ("Unit", [p.unit for p in own]),
        "input_style": ("How its numbers read", [styles[row.name] for row in rows]),
        "kind": ("Kind", [_kind(row.belief) for row in rows]),
        "family": ("Family", [of_shares.get(row.key) or _family(row.belief) for row in rows]),
        "belief": ("Family and parameters", [_text(row) for row in rows]),
        "grades": ("Grades of the sources", [grades(p.sources) for p in own]),
        "judged": ("Whether judged", ["judged" if p.judgement else "" for p in own]),
        "given": ("Regimes that it is given", [_given(p, named) for p in own]),
        "pool": ("Pool of its experts", [p.pool if p.experts else "" for p in own]),
    }
    return {key: variable((INPUT,), _texts(x), "", text) for key, (text, x) in words.items()}


def _kind(belief: Any) -> str:
    if isinstance(belief, Categorical):
        return "regime"
    return "fixed" if isinstance(belief, float) else "number"


def _family(belief: Any) -> str:
    family = "fixed" if isinstance(belief, float) else str(getattr(belief, "family", "given"))
    return f"truncated {belief.parameters['of']}" if family == "truncated" else family


def _share_families(priors: Priors) -> dict[str, str]:
    """Share → the family of its block, whose marginals may have no name of their own."""
    blocks = [block for block in priors.blocks if isinstance(block, Shares)]
    return {
        name: "logistic_normal" if block.spread else "dirichlet"
        for block in blocks
        for name in block.members
    }


def _text(row: Row) -> str:
    return f"{row.belief:g}" if isinstance(row.belief, float) else str(row.belief)


def _given(prior: Prior, named: Mapping[str, str]) -> str:
    return ", ".join(named[regime] for regime in getattr(prior.marginal, "regimes", ()))


def _style(name: str, prior: Prior, rows: Sequence[Row]) -> str:
    """The word "share" for a number without unit that reads in percent."""
    (whole,) = (row.belief for row in rows if row.key == name)
    if prior.unit not in ("", "1") or isinstance(whole, Categorical):
        return ""
    low, high = map(float, quantile_of(whole)(_EVERYTHING))
    worded = "share" in (prior.label or "").lower().split()
    return "share" if worded or reads_as_share(name, low, high) else ""


def _states(rows: Sequence[Row]) -> Variables:
    """Every state of every categorical row, with its probability."""
    found = [
        (row.key, state, p)
        for row in rows
        if isinstance(row.belief, Categorical)
        for state, p in zip(row.belief.states, row.belief.probabilities, strict=True)
    ]
    by = (STATE,)
    shares = np.array([p for *_, p in found], dtype=np.float64)
    return {
        "state_probability": variable(by, shares, "1", "Probability of the state"),
        "state_input": variable(by, _texts([key for key, *_ in found]), "", "Row"),
        "state_name": variable(by, _texts([state for _, state, _ in found]), "", "State"),
    }


def _marks(priors: Priors) -> dict[str, list[float]]:
    """Input → values that its window should show: the claim, reported ones, quantiles asked for."""
    marks = {name: [point.value for point in priors[name].evidence] for name in priors.uncertain}
    for name, found in marks.items():
        claim, prior = priors[name].theoretical, priors[name]
        found += [claim] if isinstance(claim, float) else []
        if prior.pool == "logarithmic":  # narrower than its experts
            found += [float(x) for e in prior.experts for x in e.marginal.ppf(_MIDDLE)]
    for each in fitted(priors):
        marks[each.name] += each.fit.asked.values()
    return marks


def _shapes(rows: Sequence[Row], marks: Mapping[str, Sequence[float]]) -> Variables:
    """Density, values with probabilities, the window of the axis and what is outside it."""
    whole = {row.name: row.belief for row in rows if not row.part}
    axes = {name: window(b, marks[name]) for name, b in whole.items()
            if not isinstance(b, Categorical)}  # fmt: skip
    edges = np.full((len(rows), CELLS + 1), math.nan)
    density = np.full((len(rows), CELLS), math.nan)
    ends, cut = np.full((2, len(rows), 2), math.nan)
    kinds = ["states"] * len(rows)
    atoms: list[tuple[str, float, float]] = []
    for k, row in enumerate(rows):
        if isinstance(row.belief, Categorical):
            continue
        shape: Shape = shape_of(whole[row.name], row.belief, axes[row.name])
        ends[k] = axes[row.name]
        cut[k] = below(row.belief, ends[k, 0])[0], below(row.belief, ends[k, 1])[1]
        edges[k, : len(shape.edges)] = shape.edges
        density[k, : len(shape.density)] = shape.density
        kinds[k] = shape.kind
        atoms += zip([row.key] * len(shape.values), shape.values, shape.probabilities, strict=True)
    return {
        "shape": variable((INPUT,), _texts(kinds), "", "How it is drawn"),
        "cell_edge": variable((INPUT, EDGE), edges, UNIT, "Edges of the cells"),
        "density": variable((INPUT, CELL), density, "1 per unit of the input", "Density"),
        "window": variable((INPUT, END), ends, UNIT, "Ends of the axis"),
        "cut": variable((INPUT, END), cut, "1", "Probability outside the axis"),
        "atom_input": variable((ATOM,), _texts([a for a, *_ in atoms]), "", "Row"),
        "atom_value": variable((ATOM,), _floats([x for _, x, _ in atoms]), UNIT, "Value"),
        "atom_probability": variable((ATOM,), _floats([p for *_, p in atoms]), "1", "Probability"),
    }


def _floats(values: Sequence[float]) -> Array:
    return np.array(values, dtype=np.float64)


def _texts(values: Sequence[str]) -> NDArray[np.object_]:
    return np.array(values, dtype=object)

"""What priors were fitted to: quantiles asked and got, how well data agree, and reported values."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from risk.analysis.labels import Variables, variable
from risk.conditional import Conditional
from risk.data_fit import goodness
from risk.families.composed import Mixture
from risk.marginals import Fit, Marginal
from risk.priors import Prior, Priors

FIT, ASKED, REPORTED = "fit", "asked", "reported"
_HELD = {  # parameters that no fit to data finds, so whatever stands there was held
    "lognormal": ("shift",),
    "gamma": ("shift",),
    "beta": ("minimum", "maximum"),
    "metalog": ("minimum", "maximum"),
}
_WITHOUT_P_VALUE = ("empirical", "truncated")  # the sample itself; not the family that was fitted


class Fitted(NamedTuple):
    """A marginal that was fitted, and where in the prior of an input it stands."""

    name: str
    part: str  # state, expert or component; "" for the input as a whole
    marginal: Marginal
    fit: Fit


def fitted(priors: Priors) -> Iterator[Fitted]:
    """Every fit in the priors of the uncertain inputs."""
    for name in priors.uncertain:
        for part, marginal in _parts(priors[name]):
            if isinstance(marginal, Marginal) and marginal.fit is not None:
                yield Fitted(name, part, marginal, marginal.fit)


def _parts(prior: Prior) -> Iterator[tuple[str, object]]:
    """The marginals that a prior is made of, as the file lists them."""
    believed = prior.marginal
    if prior.experts:
        yield from ((expert.who, expert.marginal) for expert in prior.experts)
    elif isinstance(believed, Conditional):
        yield from believed.marginals.items()
    elif isinstance(believed, Marginal) and isinstance(believed.distribution, Mixture):
        for k, part in enumerate(believed.distribution.parts, start=1):
            yield f"component {k}", part
    else:
        yield "", believed


def fit_variables(priors: Priors) -> tuple[Variables, dict[str, object]]:
    """Fits along ``fit``, their quantiles along ``asked``; the variables and the coordinates."""
    found = list(fitted(priors))
    data = [f.fit.data for f in found]
    by, text = (FIT,), ""
    p_values = [_p_value(f.marginal) for f in found]
    ks = [math.nan if d is None else d.ks for d in data]
    counts = [0 if d is None else len(d.values) for d in data]
    runner_up = [f.fit.runner_up_misfit for f in found]
    misfit = "Largest distance from a quantile asked for, as a share of their range"
    variables = {
        "misfit": variable(by, _floats([f.fit.misfit for f in found]), "1", misfit),
        "runner_up_misfit": variable(by, _floats(runner_up), "1", "The same of the runner-up"),
        "data_count": variable(by, np.array(counts, dtype=int), "1", "Values fitted to"),
        "kolmogorov": variable(by, _floats(ks), "1", "Kolmogorov's distance from the data"),
        "p_value": variable(by, _floats(p_values), "1", "Share of samples that fit no better"),
    }
    words = {
        "fit_input": ("Input", [f.name for f in found]),
        "fit_part": ("State, expert or component", [f.part for f in found]),
        "fit_family": ("Family", [_family(f.marginal) for f in found]),
        "fit_runner_up": ("Family that comes next", [f.fit.runner_up or "" for f in found]),
        "fit_data": ("File and column", [f"{d.file}, {d.column}" if d else "" for d in data]),
    }
    coords: dict[str, object] = {k: variable(by, _texts(x), text, w) for k, (w, x) in words.items()}
    asked, own = _asked(found)
    return variables | asked, coords | own


def _asked(found: list[Fitted]) -> tuple[Variables, dict[str, object]]:
    rows = [(k, p, x) for k, f in enumerate(found) for p, x in f.fit.asked.items()]
    got = [
        float(found[k].marginal.ppf(np.array([p]))[0]) for k, p, _ in rows
    ]  # fmt: skip
    by = (ASKED,)
    variables = {
        "asked_probability": variable(by, _floats([p for _, p, _ in rows]), "1", "Probability"),
        "asked_quantile": variable(by, _floats([x for *_, x in rows]), "of the input", "Asked"),
        "got_quantile": variable(by, _floats(got), "unit of the input", "Got"),
    }
    number = np.array([k for k, _, _ in rows], dtype=int)
    return variables, {"asked_fit": variable(by, number, "1", "Number of the fit")}


def reported_variables(priors: Priors) -> tuple[Variables, dict[str, object]]:
    """Reported values that the file lists beside a prior."""
    found = [(name, point) for name in priors.uncertain for point in priors[name].evidence]
    by = (REPORTED,)
    values = _floats([point.value for _, point in found])
    coords: dict[str, object] = {
        "reported_input": variable(by, _texts([name for name, _ in found]), "", "Input"),
        "reported_label": variable(by, _texts([p.label for _, p in found]), "", "What it is"),
        "reported_source": variable(by, _texts([p.source.title for _, p in found]), "", "Source"),
    }
    return {"reported": variable(by, values, "unit of the input", "Reported value")}, coords


def _family(marginal: Marginal) -> str:
    """The family that was fitted, truncated or not."""
    return str(marginal.parameters["of"] if marginal.family == "truncated" else marginal.family)


def _p_value(marginal: Marginal) -> float:
    if marginal.fit is None or marginal.fit.data is None or marginal.family in _WITHOUT_P_VALUE:
        return math.nan
    return goodness(marginal, _held(marginal.family, marginal.parameters))


def _held(family: str, parameters: Mapping[str, float]) -> dict[str, float]:
    return {k: parameters[k] for k in _HELD.get(family, ()) if k in parameters}


def _floats(values: list[float]) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)


def _texts(values: list[str]) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    return np.array(values, dtype=object)

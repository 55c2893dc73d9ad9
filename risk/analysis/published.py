"""Published figures beside what the model gives at the theoretical values."""

from __future__ import annotations

import numpy as np
import xarray as xr

from risk.analysis.labels import variable
from risk.evaluation import BoundModel, medians_of, theoretical_values
from risk.names import CHECK, suggest
from risk.priors import Priors


def published(model: BoundModel, priors: Priors) -> xr.Dataset | None:
    """Each published figure, ours at the theoretical values, and the relative difference.

    Inputs without a theoretical value stand at their medians, in the theoretical state of the
    regime that they are given.

    Raises
    ------
    ValueError
        When a figure names an outcome that the model does not have.
    """
    figures = priors.published
    if not figures:
        return None
    for figure in figures:
        if figure.outcome not in model.outcomes:
            near = suggest(figure.outcome, model.outcomes)
            raise ValueError(
                f"Expected published figures of outcomes of the model, got {figure.outcome!r}."
                f"{near}"
            )
    theory = theoretical_values(priors)
    others = medians_of(model.map, 1, theory)
    values = model(others | theory, 1, "the theoretical case")[:, 0]
    ours = np.array([values[model.outcomes.index(f.outcome)] for f in figures])
    theirs = np.array([f.value for f in figures])
    unit = "unit of the outcome"
    text = {
        "outcome": [f.outcome for f in figures],
        "units": [f.unit for f in figures],
        "text": [f.text for f in figures],
        "source_title": [f.source.title for f in figures],
        "source_url": [f.source.url for f in figures],
    }
    variables = {
        "published": variable((CHECK,), theirs, unit, "Published figure"),
        "ours": variable((CHECK,), ours, unit, "Our figure"),
        "relative_difference": variable(
            (CHECK,), ours / theirs - 1, "1", "Ours over theirs, less 1"
        ),
        "tolerance": variable((CHECK,), [f.tolerance for f in figures], "1", "Tolerance"),
        **{
            name: variable((CHECK,), words, "", name.replace("_", " "))
            for name, words in text.items()
        },
    }
    return xr.Dataset(variables, {CHECK: [f.label for f in figures]})

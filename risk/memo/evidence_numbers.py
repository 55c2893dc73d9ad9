"""The registry's numbers of the evidence: before, after, and what was observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import xarray as xr

from risk.memo.entries import Entry, Group, count_entry, make_entry, plain_texts, slug, slugs
from risk.names import OBSERVATION, OUTCOME, STATE, VARIABLE

WHEN = ("prior", "posterior")


def evidence_numbers(
    study: xr.DataTree, styles: Mapping[str, str | None]
) -> Iterator[tuple[str, Entry]]:
    """The registry's numbers of the evidence: ``evidence.gpu_price.posterior_p50`` and the like."""
    if "evidence" not in study.children:
        return
    data = Group(study["evidence"].to_dataset(), VARIABLE, OUTCOME, STATE, OBSERVATION)
    yield "evidence.effective_draws", count_entry(round(data.value("effective_sample_size")))
    yield "evidence.log_evidence", make_entry(unit="1", **data.pick("log_evidence"))
    for i, name in enumerate(data.names(VARIABLE)):
        how: Any = {"unit": data.names("variable_units")[i], "style": styles[name]}
        for when in WHEN:
            for k, p in enumerate(data.arrays["probability"]):
                pick = data.pick(f"{when}_quantile", i, k)
                yield f"evidence.{name}.{when}_p{100 * p:g}", make_entry(**how, **pick)
            yield f"evidence.{name}.{when}_mean", make_entry(**how, **data.pick(f"{when}_mean", i))
        shift = data.pick("shift", i)
        text = f"{shift['value']:+.2f}" if abs(shift["value"]) >= 0.005 else "0"
        yield f"evidence.{name}.shift", make_entry(unit="1", **shift) | {"text": plain_texts(text)}
        if np.isfinite(data.value("narrowing", i)):
            yield f"evidence.{name}.narrowing", make_entry(data.value("narrowing", i), "1", "share")
    for i, name in enumerate(data.names(OUTCOME)):
        for when in WHEN:
            pick = data.pick(f"{when}_probability_of_loss", i)
            entry = make_entry(unit="1", style="probability", **pick)
            yield f"evidence.{name}.{when}_loss_probability", entry
    yield from _states(data)
    yield from _observations(data, styles)


def _states(data: Group) -> Iterator[tuple[str, Entry]]:
    for i, state in enumerate(data.names("state_name") if "state_name" in data.arrays else ()):
        for when in WHEN:
            pick = data.pick(f"{when}_probability", i)
            key = f"evidence.{data.names('state_input')[i]}.{slug(state)}.{when}"
            yield key, make_entry(unit="1", style="probability", **pick)


def _observations(data: Group, styles: Mapping[str, str | None]) -> Iterator[tuple[str, Entry]]:
    for i, key in enumerate(slugs(data.names(OBSERVATION), "observations").values()):
        style = styles[data.names("observed_outcome")[i]]
        how: Any = {"unit": data.names("observed_units")[i], "style": style}
        yield f"observation.{key}.value", make_entry(data.value("observed", i), **how)
        error = make_entry(data.value("observation_error", i), **how, digits=2)
        yield f"observation.{key}.error", error
        pick = data.pick("predictive_probability", i)
        entry = make_entry(unit="1", style="probability", **pick)
        yield f"observation.{key}.prediction", entry

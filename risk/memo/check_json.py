"""The check of priors as one JSON object."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import xarray as xr

from risk.names import INPUT

Table = Mapping[str, Any]


def check_json(
    beliefs: xr.Dataset,
    warnings: Sequence[Mapping[str, Any]],
    files: Sequence[str] = (),
    robust: Sequence[str] = (),
) -> str:
    """What a check found: inputs with their parts, states and fits, blocks, warnings.

    A number that does not exist is null; so is an infinite standard deviation, of which there is a
    warning.
    """
    data: Table = {str(name): x.values for name, x in beliefs.variables.items()}
    rows = range(beliefs.sizes[INPUT])
    found: dict[str, Any] = {
        **{key: str(beliefs.attrs[key]) for key in ("title", "case", "priors_hash", "checked")},
        "inputs": [_input(data, k) for k in rows if not data["input_part"][k]],
        "blocks": [_block(data, k) for k in range(beliefs.sizes["block"])],
        "warnings": [dict(warning) for warning in warnings],
    }
    found |= {"files": list(files)} if files else {}
    found |= {"robustness": list(robust)} if robust else {}
    return json.dumps(found, ensure_ascii=False, indent=1, allow_nan=False)


def _input(data: Table, k: int) -> dict[str, Any]:
    name = str(data["input_name"][k])
    parts = [
        j for j, other in enumerate(data["input_name"]) if other == name and data["input_part"][j]
    ]
    claim = str(data["theoretical_state"][k]) or _number(data["theoretical"][k])
    return {
        "name": name,
        "label": str(data["input_label"][k]),
        "unit": str(data["input_units"][k]),
        "grades": str(data["grades"][k]),
        "judged": bool(data["judged"][k]),
        "judged_alone": bool(data["judged_alone"][k]),
        "given": str(data["given"][k]) or None,
        "pool": str(data["pool"][k]) or None,
        "theoretical": claim,
        "theoretical_percentile": _number(data["theoretical_percentile"][k]),
        "theoretical_excluded": bool(data["excluded"][k]),
        **_belief(data, k),
        "parts": [
            {"name": str(data["input_part"][j]), "role": str(data["input_role"][j]),
             "weight": float(data["weight"][j]), **_belief(data, j)}
            for j in parts
        ],
        "fits": [_fit(data, j) for j, of in enumerate(data["fit_input"]) if of == name],
        "reported": [
            {"label": str(label), "value": float(x), "source": str(source)}
            for of, label, x, source in zip(data["reported_input"], data["reported_label"],
                                            data["reported"], data["reported_source"], strict=True)
            if of == name
        ],
    }  # fmt: skip


def _belief(data: Table, k: int) -> dict[str, Any]:
    """Quantiles and moments of a row, or the probabilities of its states."""
    about = {"family": str(data["family"][k]), "text": str(data["belief"][k])}
    if data["kind"][k] == "regime":
        own = data["state_input"] == data[INPUT][k]
        pairs = zip(data["state_name"][own], data["state_probability"][own], strict=True)
        return about | {"states": {str(state): float(p) for state, p in pairs}}
    low, middle, high = map(float, data["quantile"][k])
    moments = {key: _number(data[key][k]) for key in ("mean", "standard_deviation")}
    return about | {"p5": low, "p50": middle, "p95": high} | moments


def _fit(data: Table, j: int) -> dict[str, Any]:
    own = data["asked_fit"] == j
    keys = ("asked_probability", "asked_quantile", "got_quantile")
    rows = zip(*(data[key][own] for key in keys), strict=True)
    asked = [dict(zip(("probability", "asked", "got"), map(float, row), strict=True))
             for row in rows]  # fmt: skip
    count = int(data["data_count"][j])
    of_data = {
        "data": str(data["fit_data"][j]),
        "values": count,
        "kolmogorov": _number(data["kolmogorov"][j]),
        "p_value": _number(data["p_value"][j]),
    }
    return {
        "part": str(data["fit_part"][j]) or None,
        "family": str(data["fit_family"][j]),
        "quantiles": asked,
        "misfit": _number(data["misfit"][j]),
        "runner_up": str(data["fit_runner_up"][j]) or None,
        "runner_up_misfit": _number(data["runner_up_misfit"][j]),
        **(of_data if count else {}),
    }


def _block(data: Table, k: int) -> dict[str, Any]:
    name = data["block"][k]
    own = data["pair_block"] == name
    keys = ("pair_state", "pair_first", "pair_second", "correlation", "correlation_got")
    pairs = [
        {"state": str(state) or None, "inputs": [str(a), str(b)], "asked": float(asked),
         "got": float(got)}
        for state, a, b, asked, got in zip(*(data[key][own] for key in keys), strict=True)
    ]  # fmt: skip
    return {
        "name": str(name),
        "label": str(data["block_label"][k]),
        "kind": str(data["block_kind"][k]),
        "text": str(data["block_text"][k]),
        "members": [str(n) for n in data["member_input"][data["member_block"] == name]],
        "correlations": pairs,
    }


def _number(value: Any) -> float | None:
    """A finite number, or none."""
    return float(value) if math.isfinite(value) else None

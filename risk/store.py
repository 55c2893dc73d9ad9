"""Save and open a study, and say where it comes from: run id, hashes, versions."""

from __future__ import annotations

import datetime
import hashlib
import inspect
import json
import operator
import os
import platform
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from risk.names import readable
from risk.priors import Priors
from risk.signature import Model
from risk.version import __version__

LIBRARIES = ("numpy", "scipy", "xarray", "h5netcdf")


def run_id(model: Model, priors: Priors, draws: int, replicates: int, seed: int) -> str:
    """Name of a question: the same model, priors, numbers and engine version ask the same.

    The first 12 hex digits of the SHA-256 of the canonical JSON of the question. Results, library
    versions and the date are no part of it.
    """
    question = {
        "model": model_hash(model),
        "priors": priors.hash,
        "draws": operator.index(draws),
        "replicates": operator.index(replicates),
        "seed": operator.index(seed),
        "engine": __version__,
    }
    text = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def model_hash(model: Model) -> str:
    """SHA-256 of a model's code: all modules of its package, else its own source text.

    Code that a model outside a package calls is not part of it.
    """
    function: Any = inspect.unwrap(getattr(model, "func", model))
    module = inspect.getmodule(function)
    if module is not None and module.__package__ and module.__file__:
        files = sorted(Path(module.__file__).parent.glob("*.py"))
        text = "\0".join(f"{f.name}\0{f.read_text('utf-8')}" for f in files)
    else:
        text = _source(function)
    keywords: dict[str, Any] = getattr(model, "keywords", {})
    bound = [repr(getattr(model, "args", ())), repr(sorted(keywords.items()))]
    name = getattr(function, "__qualname__", type(function).__name__)
    return hashlib.sha256("\0".join([name, text, *bound]).encode()).hexdigest()


def _source(function: Any) -> str:
    try:
        return inspect.getsource(function)
    except (OSError, TypeError):  # typed into an interpreter, or a callable object
        code = getattr(function, "__code__", None)
        return repr((code.co_code, code.co_consts, code.co_names)) if code else repr(type(function))


def outputs_hash(tree: xr.DataTree) -> str:
    """SHA-256 over names, dimensions, types and bytes of the draws: the same numbers, not file."""
    digest = hashlib.sha256()
    data = tree["draws"].to_dataset()
    for name in sorted(map(str, data.data_vars)):
        values = np.ascontiguousarray(data[name].values)
        digest.update(f"{name}{data[name].dims}{values.dtype.str}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def provenance(
    model: Model, priors: Priors, tree: xr.DataTree, draws: int, replicates: int, seed: int
) -> dict[str, Any]:
    """Attributes of a study: what was asked, of what, with what, when."""
    identity = run_id(model, priors, draws, replicates, seed)
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    name = getattr(model, "__name__", readable(type(model).__name__))
    return {
        "Conventions": "CF-1.11",
        "title": priors.title,
        "case": priors.case,
        "model": name,
        "run_id": identity,
        "seed": seed if abs(seed) < 2**63 else str(seed),
        "draws": operator.index(draws),
        "replicates": operator.index(replicates),
        "priors": json.dumps(priors.as_dict(), ensure_ascii=False, sort_keys=False),
        "priors_hash": priors.hash,
        "model_hash": model_hash(model),
        "outputs_hash": outputs_hash(tree),
        "versions": json.dumps({"risk": __version__} | {lib: version(lib) for lib in LIBRARIES}),
        "platform": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "created": now,
        "history": f"{now} run_study of {name}: draws={draws} replicates={replicates} seed={seed}",
    }


def save_study(study: xr.DataTree, path: str | Path) -> Path:
    """Write a study as one netCDF-4 file, whole or not at all.

    The file is written beside its place under a temporary name and renamed.
    """
    path = Path(path)
    handle, name = tempfile.mkstemp(suffix=".part", prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    try:
        study.to_netcdf(name, engine="h5netcdf")
        os.replace(name, path)
    finally:
        Path(name).unlink(missing_ok=True)
    return path


def open_study(path: str | Path) -> xr.DataTree:
    """Read a study that `save_study` wrote; the tree is identical to the one saved.

    Raises
    ------
    FileNotFoundError, ValueError
        When there is no such file, or when it is not a study.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"Expected a study at {path}, found no file. Check the path.")
    try:
        with xr.open_datatree(path, engine="h5netcdf") as tree:
            study = tree.load()
    except (OSError, ValueError) as error:
        raise ValueError(
            f"Expected a netCDF-4 study at {path}, got another file ({error})."
        ) from None
    missing = [key for key in ("run_id", "outputs_hash", "priors") if key not in study.attrs]
    if missing or "draws" not in study.children:
        raise ValueError(
            f"Expected a study at {path}, got a netCDF file without {missing or 'draws'}."
        )
    return study

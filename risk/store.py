"""Save and open a study, and say where its numbers come from."""

from __future__ import annotations

import datetime
import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from risk.version import __version__

LIBRARIES = ("numpy", "scipy", "xarray", "h5netcdf")


def outputs_hash(tree: xr.DataTree) -> str:
    """SHA-256 over names, dimensions, types and bytes of the draws: the same numbers, not file."""
    digest = hashlib.sha256()
    data = tree["draws"].to_dataset()
    for name in sorted(map(str, data.data_vars)):
        values = np.ascontiguousarray(data[name].values)
        digest.update(f"{name}{data[name].dims}{values.dtype.str}{values.shape}".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def provenance(tree: xr.DataTree, question: Mapping[str, Any]) -> dict[str, Any]:
    """Attributes of a study: the question that it answers, with what and when it was answered."""
    now = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
    asked = " ".join(f"{key}={question[key]}" for key in ("draws", "replicates", "seed"))
    return {
        "Conventions": "CF-1.11",
        **question,
        "outputs_hash": outputs_hash(tree),
        "versions": json.dumps({"risk": __version__} | {lib: version(lib) for lib in LIBRARIES}),
        "platform": f"{platform.system()} {platform.machine()}, Python {platform.python_version()}",
        "created": now,
        "history": f"{now} run_study of {question['model']}: {asked}",
    }


def save_study(study: xr.DataTree, path: str | Path) -> Path:
    """Write a study as one netCDF-4 file, whole or not at all.

    The file is written beside its place under a temporary name and renamed.

    Raises
    ------
    FileNotFoundError
        When its folder does not exist.
    """
    path = Path(path)
    if not path.parent.is_dir() or path.is_dir():
        raise FileNotFoundError(
            f"Expected a file name in a folder that exists, got {path}. Make the folder first."
        )
    # A folder of its own gives the file the permissions that the user's files have.
    with tempfile.TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as folder:
        part = Path(folder) / path.name
        study.to_netcdf(part, engine="h5netcdf")
        os.replace(part, path)
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
            # Node by node: DataTree.load leaves out a variable that has the name of its group.
            groups = {node.path: node.to_dataset(inherit=False).load() for node in tree.subtree}
        study = xr.DataTree.from_dict(groups)
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

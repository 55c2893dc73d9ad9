"""Save and open a study, and say where its numbers come from."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import h5netcdf
import numpy as np
import xarray as xr

from risk.files import PatientFile, expect_space, flush, hidden_folder, put, write_durably
from risk.names import DRAW, REPLICATE
from risk.version import __version__

_CHUNK = 1 << 16  # draws that a file of all draws keeps together
LIBRARIES = ("numpy", "scipy", "xarray", "h5netcdf")


def outputs_hash(tree: xr.DataTree) -> str:
    """SHA-256 over names, dimensions, types and bytes of draws, indices and risk measures."""
    digest = hashlib.sha256()
    for group in ("draws", "sobol", "risk"):
        data = tree[group].to_dataset()
        for name in sorted(str(n) for n, x in data.data_vars.items() if x.dtype.kind in "iufb"):
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


@contextlib.contextmanager
def open_draws_file(
    path: str | Path, attributes: Mapping[str, Mapping[str, Any]], draws: int, replicates: int
) -> Iterator[Callable[[int, Mapping[str, Any]], None]]:
    """A netCDF-4 file that takes the draws of one replicate after another, in any order.

    It has its name once all are in; until then, and after a failure, what was there stays.

    Parameters
    ----------
    attributes
        Variable → its attributes; each has the dimensions replicate, which grows, and draw.
    draws, replicates
        Length of the dimension draw, and how many replicates there will be.

    Yields
    ------
    A function of the number of a replicate and variable → values, shape (draws,).

    Raises
    ------
    FileNotFoundError, OSError
        When its folder does not exist, or has no room for it.
    """
    given: Any = path
    if not isinstance(given, str | os.PathLike):
        raise ValueError(f"Expected the name of a file as `draws_file`, got {path!r}. Name one.")
    path = Path(path)
    _check_folder(path)
    expect_space(path, 8.0 * len(attributes) * draws * replicates)
    with hidden_folder(path) as folder:
        part = folder / path.name
        with PatientFile(part, path) as out:
            with h5netcdf.File(out, "w") as file:
                yield _appending(file, out, attributes, draws)
            out.check()  # what closing wrote
        flush(part)
        put(part, path)


def _appending(
    file: Any, out: PatientFile, attributes: Mapping[str, Mapping[str, Any]], draws: int
) -> Callable[[int, Mapping[str, Any]], None]:
    """A function that adds the draws of a replicate to a file."""
    file.dimensions = {REPLICATE: None, DRAW: draws}

    def append(replicate: int, values: Mapping[str, Any]) -> None:
        if replicate >= file.dimensions[REPLICATE].size:
            file.resize_dimension(REPLICATE, replicate + 1)
        for name, x in values.items():
            if name not in file.variables:
                shape = (1, min(draws, _CHUNK))
                made = file.create_variable(name, (REPLICATE, DRAW), x.dtype, chunks=shape)
                made.attrs.update(attributes[name])
            file.variables[name][replicate] = x
        out.check()

    return append


def save_study(study: xr.DataTree, path: str | Path) -> Path:
    """Write a study as one netCDF-4 file, whole or not at all.

    The file is written beside its place under a temporary name and renamed.

    Raises
    ------
    FileNotFoundError
        When its folder does not exist.
    """
    path = Path(path)
    _check_folder(path)
    # In memory first: where a disk is full, the HDF5 library brings the whole process down.
    return write_durably(path, study.to_netcdf(None, engine="h5netcdf"))


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir() or path.is_dir():
        raise FileNotFoundError(
            f"Expected a file name in a folder that exists, got {str(path)!r}. Make the folder."
        )


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

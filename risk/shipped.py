"""Where the priors that come with the package are: in a checkout, or in an installed wheel."""

from __future__ import annotations

import errno
from pathlib import Path

MAIN_CASE = "deepseek_2025_02.toml"


def priors_directory() -> Path:
    """The folder of the priors files.

    Raises
    ------
    FileNotFoundError
        When the installation is incomplete.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "_priors", package.parent / "priors"):
        if (folder / MAIN_CASE).is_file():
            return folder
    raise FileNotFoundError(
        f"Expected the priors beside the package in {package}, found none. Install it again."
    )


def main_case() -> Path:
    """The priors file of the main job, relative to the working directory where it is below it."""
    path = priors_directory() / MAIN_CASE
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def files_problem(error: OSError) -> str:
    """One line for a file that cannot be read or written."""
    where = error.filename or "a file"
    advice = "Choose another place."
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        advice = "Make room there, or choose another place."
    elif error.errno in (errno.EMFILE, errno.ENFILE, errno.EAGAIN):
        advice = "Raise that limit of the system, or use fewer workers."
    return f"Expected to be able to use {where}: {error.strerror or error}. {advice}"

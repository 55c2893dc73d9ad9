"""How commands speak: results, notes and progress; and how they end, each failure with its code."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

DIFFERENCE, USAGE, INVALID_FILE, MODEL_FAILED, INTERRUPTED = 1, 2, 3, 4, 130


def only_one(**given: bool) -> None:
    """Refuse options that exclude each other."""
    names = [f"--{name}" for name in given]
    if sum(given.values()) > 1:
        wanted = f"{', '.join(names[:-1])} and {names[-1]}"
        got = " and ".join(f"--{name}" for name, there in given.items() if there)
        raise click.UsageError(f"Expected one of {wanted}, got {got}. Choose one.")


@contextmanager
def notes() -> Iterator[None]:
    """Warnings as plain lines."""
    import warnings

    from risk.checkpoint import CheckpointWarning

    shown = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *more: Any) -> None:
        if issubclass(category, CheckpointWarning):
            click.echo(f"Note: {message}", err=True)
        else:
            shown(message, category, *more)

    warnings.showwarning = show  # type: ignore[assignment]
    try:
        yield
    finally:
        warnings.showwarning = shown


@contextmanager
def model_failures() -> Iterator[None]:
    """What may go wrong in a simulation, each with its code."""
    from risk.model_results import ModelError
    from risk.workers import WorkerError

    try:
        yield
    except (ModelError, WorkerError) as error:
        stop(MODEL_FAILED, str(error))
    except ValueError as error:
        stop(USAGE, str(error))
    except MemoryError as error:
        stop(USAGE, f"Expected a run that fits into memory: {error}. Lower --draws.")


@contextmanager
def labels_that_clash() -> Iterator[None]:
    """Two labels of a priors file that give one key: the file is to be corrected."""
    from risk.memo.entries import KeyClash

    try:
        yield
    except KeyClash as error:
        stop(INVALID_FILE, str(error))


@contextmanager
def progress(silent: bool) -> Iterator[Callable[[int, int], None]]:
    """Progress on stderr, none where nothing is to be said."""
    if silent:
        yield lambda done, total: None
        return
    from risk.progress import progress_bar

    with progress_bar() as bar:
        yield bar


def width() -> int:
    """Width of the screen; 100 columns where the answer goes elsewhere."""
    from shutil import get_terminal_size

    return get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100


def say(*lines: object) -> None:
    """Print results; a reader who has seen enough (`risk run | head -1`) is no failure."""
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        # Else the interpreter would complain when it flushes what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def stop(code: int, message: str) -> NoReturn:
    """Say what is wrong on stderr and leave with the code that stands for it."""
    click.echo(message, err=True)
    raise click.exceptions.Exit(code)

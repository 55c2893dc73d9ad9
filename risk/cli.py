"""The command line: arguments → study → files. Heavy imports live inside the commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from risk.version import __version__

if TYPE_CHECKING:
    import xarray as xr

    from risk.memo.context import Context
    from risk.priors import Priors

DIFFERENCE, USAGE, INVALID_FILE, MODEL_FAILED, INTERRUPTED = 1, 2, 3, 4, 130
STUDY = click.argument("study", type=click.Path(path_type=Path))
OUT = click.option(
    "--out",
    default="runs",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the runs.",
)


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="risk")
@click.pass_context
def cli(context: click.Context) -> None:
    """What separates an AI lab's theoretical revenue from its real one, and what decides it.

    Without a command: `risk run` on the main case, DeepSeek in February 2025.

    Exit codes: 0 ok, 1 a published figure is not reproduced, 2 wrong usage, 3 invalid file, 4 the
    model failed, 130 interrupted.
    """
    if context.invoked_subcommand is None:
        context.invoke(run)


@cli.command()
@click.argument("priors", required=False, type=click.Path(path_type=Path))
@click.option("--draws", default=4096, show_default=True, help="Points a replicate, a power of 2.")
@click.option("--replicates", default=16, show_default=True, help="Independent randomisations.")
@click.option("--seed", default=545, show_default=True, help="Any integer.")
@OUT
@click.option("--json", "as_json", is_flag=True, help="Print every number as one JSON object.")
@click.option("--quiet", is_flag=True, help="Print only where the files are.")
def run(
    priors: Path | None,
    draws: int,
    replicates: int,
    seed: int,
    out: Path,
    as_json: bool,
    quiet: bool,
) -> None:
    """Simulate the case in PRIORS (a TOML file), print the answer, write its files."""
    if as_json and quiet:
        raise click.UsageError("Expected one of --json and --quiet, got both. Choose one.")
    from risk.shipped import main_case

    read = _read_priors(priors or main_case())
    from risk.memo.context import Context
    from risk.runs import check_place, earlier_outputs, write_run

    check_place(out)
    with _progress(quiet or as_json) as progress:
        study = _study(read, draws, replicates, seed, progress)
    context = Context(study)
    with _labels_that_clash():
        before = earlier_outputs(context, out)
        place = write_run(context, out)
    if before not in (None, study.attrs["outputs_hash"]):
        click.echo(
            "Note: the same question gave other outputs before; the libraries or the platform "
            "changed since. The earlier run was replaced.",
            err=True,
        )
    _print_answer(context, place, as_json=as_json, quiet=quiet)


@cli.command()
@click.argument("priors", type=click.Path(path_type=Path))
@click.option("--figures", is_flag=True, help="Draw every prior: OUT/<case>/priors.png and .svg.")
@click.option("--robust", is_flag=True, help="Also widen, narrow and replace each prior in turn.")
@OUT
@click.option("--json", "as_json", is_flag=True, help="Print the check as one JSON object.")
def check(priors: Path, figures: bool, robust: bool, out: Path, as_json: bool) -> None:
    """Check PRIORS (a TOML file): every problem with its line, or what the engine made of it.

    Warnings say what to mend; they are no failure.
    """
    read = _read_priors(priors)
    from datetime import date

    from risk.commands import check as steps
    from risk.model import profit_model
    from risk.runs import check_place

    if figures:
        check_place(out)
    found = steps.examine(profit_model, read, date.today())
    lines: list[str] = []
    if robust:
        with _progress(as_json) as progress, _model_failures():
            lines = steps.robust_lines(profit_model, found, _width(), progress)
    files = steps.figures(found, out) if figures else []
    if as_json:
        _print(steps.as_json(found, files, lines))
    else:
        _print(steps.summary(priors, read), *steps.screen(found, _width(), lines))
        _print(*(["", "Figures:", *map(str, files)] if files else []))


@cli.command()
@STUDY
def show(study: Path) -> None:
    """Print the answer of a finished STUDY (a study.nc)."""
    from risk.memo.terminal import screen

    opened = _open(study)
    with _labels_that_clash():
        _print(screen(opened, [f"Study: {study}"], _width()).rstrip("\n"))


@cli.command()
@STUDY
def figures(study: Path) -> None:
    """Draw the figures of a finished STUDY again, beside it."""
    from risk.plots import save_figures

    _print(*save_figures(_open(study), study.parent / "figures"))


@cli.command()
@STUDY
@click.option("--template", type=click.Path(path_type=Path), help="Jinja file instead of ours.")
def memo(study: Path, template: Path | None) -> None:
    """Write memo.md and numbers.json of a finished STUDY again, beside it."""
    from risk.memo.markdown import TemplateProblem
    from risk.runs import rewrite_memo

    opened = _open(study)
    try:
        with _labels_that_clash():
            written = rewrite_memo(opened, study.parent, template)
    except TemplateProblem as error:
        _stop(INVALID_FILE, str(error))
    _print(*written)


def _read_priors(path: Path) -> Priors:
    from risk.model import profit_model
    from risk.prior_file import PriorsError, read_priors

    try:
        return read_priors(path, profit_model)
    except PriorsError as error:
        _stop(INVALID_FILE, str(error))


def _study(
    priors: Priors, draws: int, replicates: int, seed: int, progress: Callable[[int, int], None]
) -> xr.DataTree:
    from concurrent.futures import ThreadPoolExecutor

    from risk.model import profit_model
    from risk.study import run_study

    # NumPy and SciPy let go of the lock; more threads than cores only wait for it.
    with _model_failures(), ThreadPoolExecutor(os.cpu_count()) as threads:
        return run_study(
            profit_model,
            priors,
            draws=draws,
            replicates=replicates,
            seed=seed,
            executor=threads,
            progress=progress,
        )


@contextmanager
def _model_failures() -> Iterator[None]:
    """What may go wrong in a simulation, each with its code."""
    from risk.evaluation import ModelError

    try:
        yield
    except ModelError as error:
        _stop(MODEL_FAILED, str(error))
    except ValueError as error:
        _stop(USAGE, str(error))
    except MemoryError as error:
        _stop(USAGE, f"Expected a run that fits into memory: {error}. Lower --draws.")


def _open(path: Path) -> xr.DataTree:
    from risk.store import open_study

    try:
        return open_study(path)
    except (OSError, ValueError) as error:
        _stop(INVALID_FILE, str(error))


def _print_answer(context: Context, place: Path, *, as_json: bool, quiet: bool) -> None:
    from risk.memo.numbers import as_json as text_of
    from risk.memo.tables import published_rows
    from risk.memo.terminal import screen

    if as_json:
        _print(text_of(context.study, context.registry).rstrip("\n"))
    elif quiet:
        _print(place)
    else:
        files = [f"Files: {place}/ (memo.md, figures/, numbers.json, study.nc)"]
        _print(screen(context, files, _width()).rstrip("\n"))
    missed = [row.label for row in published_rows(context) if not row.agrees]
    if missed:
        _stop(DIFFERENCE, f"Not reproduced within the tolerance: {', '.join(missed)}.")


@contextmanager
def _labels_that_clash() -> Iterator[None]:
    """Two labels of a priors file that give one key: the file is to be corrected."""
    from risk.memo.entries import KeyClash

    try:
        yield
    except KeyClash as error:
        _stop(INVALID_FILE, str(error))


@contextmanager
def _progress(silent: bool) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on stderr when that is a terminal, else nothing."""
    if silent or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("Replicates", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _width() -> int:
    """Width of the screen; 100 columns where the answer goes elsewhere."""
    from shutil import get_terminal_size

    return get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100


def _print(*lines: object) -> None:
    """Print results; a reader who has seen enough (`risk run | head -1`) is no failure."""
    try:
        for line in lines:
            click.echo(line)
    except BrokenPipeError:
        # Else the interpreter would complain when it flushes what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _stop(code: int, message: str) -> NoReturn:
    """Say what is wrong on stderr and leave with the code that stands for it."""
    click.echo(message, err=True)
    raise click.exceptions.Exit(code)


def main() -> None:
    """Run the command line; no traceback reaches the user for what the user can cause."""
    from risk.shipped import files_problem

    try:
        code = cli.main(prog_name="risk", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Nothing half-written is left.", err=True)
        sys.exit(INTERRUPTED)
    except OSError as error:
        click.echo(files_problem(error), err=True)
        sys.exit(USAGE)
    sys.exit(code if isinstance(code, int) else 0)

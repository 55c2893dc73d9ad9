"""The command line: arguments → study → files. Heavy imports live inside the commands."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from risk.version import __version__

if TYPE_CHECKING:
    import xarray as xr

USAGE, INVALID_FILE, MODEL_FAILED, INTERRUPTED = 2, 3, 4, 130
DIFFERENCE = 1


@click.group(invoke_without_command=True, context_settings={"max_content_width": 100})
@click.version_option(__version__, prog_name="risk")
@click.pass_context
def cli(context: click.Context) -> None:
    """What separates an AI lab's theoretical revenue from its real one, and what decides it.

    Without a command: `risk run` on the main case, DeepSeek in February 2025.
    """
    if context.invoked_subcommand is None:
        context.invoke(run)


@cli.command()
@click.argument("priors", required=False, type=click.Path(path_type=Path))
@click.option("--draws", default=4096, show_default=True, help="Points a replicate, a power of 2.")
@click.option("--replicates", default=16, show_default=True, help="Independent randomisations.")
@click.option("--seed", default=545, show_default=True, help="Any integer.")
@click.option(
    "--out",
    default="runs",
    show_default=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder of the runs.",
)
@click.option("--json", "as_json", is_flag=True, help="Print every number as one JSON object.")
@click.option("--quiet", is_flag=True, help="Print only where the files are.")
def run(
    priors: Path | None = None,
    draws: int = 4096,
    replicates: int = 16,
    seed: int = 545,
    out: Path = Path("runs"),
    as_json: bool = False,
    quiet: bool = False,
) -> None:
    """Simulate the case in PRIORS (a TOML file), print the answer, write its files."""
    from risk.runs import earlier_outputs, write_run
    from risk.shipped import main_case

    read = _read_priors(priors or main_case())
    with _progress(quiet or as_json) as progress:
        study = _study(read, progress, draws=draws, replicates=replicates, seed=seed)
    before = earlier_outputs(study, out)
    place = write_run(study, out)
    if before not in (None, study.attrs["outputs_hash"]):
        click.echo(
            "Note: the same question gave other outputs before; the libraries or the platform "
            "changed since. The earlier run was replaced.",
            err=True,
        )
    _print_answer(study, place, as_json=as_json, quiet=quiet)


@cli.command()
@click.argument("priors", type=click.Path(path_type=Path))
def check(priors: Path) -> None:
    """Check PRIORS (a TOML file) and report every problem with its line."""
    read = _read_priors(priors)
    kinds = [prior.kind for prior in read.values()]
    judged = sum(not prior.sources for prior in read.values())
    click.echo(
        f"{priors}: ok. {read.title}: {kinds.count('uncertain')} uncertain inputs, "
        f"{kinds.count('fact')} facts, {kinds.count('lever')} levers, {len(read.published)} "
        f"published figures; {judged} inputs rest on judgement alone."
    )


@cli.command()
@click.argument("study", type=click.Path(path_type=Path))
def show(study: Path) -> None:
    """Print the answer of a finished STUDY (a study.nc)."""
    from risk.memo.terminal import show as print_screen

    print_screen(_open(study), [f"Study: {study}"])


@cli.command()
@click.argument("study", type=click.Path(path_type=Path))
def figures(study: Path) -> None:
    """Draw the figures of a finished STUDY again, beside it."""
    from risk.plots import save_figures

    for path in save_figures(_open(study), study.parent / "figures"):
        click.echo(path)


@cli.command()
@click.argument("study", type=click.Path(path_type=Path))
@click.option("--template", type=click.Path(path_type=Path), help="Jinja file instead of ours.")
def memo(study: Path, template: Path | None) -> None:
    """Write memo.md and numbers.json of a finished STUDY again, beside it."""
    from risk.memo.markdown import DEFAULT
    from risk.memo.markdown import memo as text_of
    from risk.memo.numbers import as_json, numbers
    from risk.runs import write_text

    opened = _open(study)
    text = text_of(opened, template or DEFAULT)
    click.echo(write_text(study.parent / "memo.md", text))
    click.echo(write_text(study.parent / "numbers.json", as_json(opened, numbers(opened))))


def _read_priors(path: Path) -> Any:
    from risk.model import profit_model
    from risk.prior_file import PriorsError, read_priors

    try:
        return read_priors(path, profit_model)
    except PriorsError as error:
        _stop(INVALID_FILE, str(error))


def _study(priors: Any, progress: Callable[[int, int], None], **numbers: int) -> xr.DataTree:
    from risk.evaluation import ModelError
    from risk.model import profit_model
    from risk.study import run_study

    try:
        return run_study(profit_model, priors, progress=progress, **numbers)
    except ModelError as error:
        _stop(MODEL_FAILED, str(error))
    except ValueError as error:
        _stop(USAGE, str(error))


def _open(path: Path) -> xr.DataTree:
    from risk.store import open_study

    try:
        return open_study(path)
    except (OSError, ValueError) as error:
        _stop(INVALID_FILE, str(error))


def _print_answer(study: xr.DataTree, place: Path, *, as_json: bool, quiet: bool) -> None:
    from risk.memo.context import Context
    from risk.memo.numbers import as_json as text_of
    from risk.memo.terminal import show as print_screen

    context = Context(study)
    if as_json:
        click.echo(text_of(study, context.registry), nl=False)
    elif quiet:
        click.echo(place)
    else:
        print_screen(study, [f"Files: {place}/ (memo.md, figures/, numbers.json, study.nc)"])
    if not all(row["agrees"] for row in context.published):
        _stop(DIFFERENCE, "A published figure is not reproduced within its tolerance.")


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


def _stop(code: int, message: str) -> Any:
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

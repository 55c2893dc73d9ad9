"""The command line: arguments → study → files. Heavy imports live inside the commands."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from risk.console import (
    DIFFERENCE,
    INTERRUPTED,
    INVALID_FILE,
    USAGE,
    labels_that_clash,
    model_failures,
    notes,
    only_one,
    progress,
    say,
    stop,
    width,
)
from risk.version import __version__

if TYPE_CHECKING:
    import xarray as xr

    from risk.memo.context import Context
    from risk.priors import Priors

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
@click.option("--draws", type=int, help="Points a replicate, a power of 2.  [default: 4096]")
@click.option("--replicates", type=int, help="Independent randomisations.  [default: 16]")
@click.option("--seed", default=545, show_default=True, help="Any integer.")
@click.option("--workers", type=click.IntRange(1), help="Processes to share the work.")
@click.option("--threads", type=click.IntRange(1), help="Threads to share the work.")
@click.option("--dask", metavar="ADDRESS", help="Scheduler of a Dask cluster to do the work.")
@click.option("--resume", is_flag=True, help="Keep finished replicates, and go on from them.")
@click.option("--extend", is_flag=True, help="Go on to more replicates, or twice the draws.")
@click.option("--all-draws", is_flag=True, help="Also write every draw to a file of its own.")
@OUT
@click.option("--json", "as_json", is_flag=True, help="Print every number as one JSON object.")
@click.option("--quiet", is_flag=True, help="Print only where the files are.")
def run(priors: Path | None, out: Path, as_json: bool, quiet: bool, **options: Any) -> None:
    """Simulate the case in PRIORS (a TOML file), print the answer, write its files."""
    only_one(json=as_json, quiet=quiet)
    only_one(**{name: options[name] is not None for name in ("workers", "threads", "dask")})
    from risk.shipped import main_case

    read = _read_priors(priors or main_case())
    from risk.commands import run as steps
    from risk.files import check_place

    check_place(out)
    kept = options.pop("resume") or options["extend"]
    checkpoint = steps.checkpoint_of(read, out) if kept else None
    study = _study(read, out, checkpoint, quiet or as_json, **options)
    try:
        from risk.memo.context import Context  # with what draws: not before it is needed
        from risk.runs import earlier_outputs, write_run

        context = Context(study)
        with labels_that_clash():
            before = earlier_outputs(context, out)
            place = write_run(context, out)
        if checkpoint is not None:
            steps.finish(checkpoint, study)
    except KeyboardInterrupt:
        stop(INTERRUPTED, steps.interrupted(checkpoint, steps.size_of(study)))
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
    from risk.files import check_place
    from risk.model import profit_model

    if figures:
        check_place(out)
    found = steps.examine(profit_model, read, date.today())
    lines: list[str] = []
    if robust:
        with progress(as_json) as report, model_failures():
            lines = steps.robust_lines(profit_model, found, width(), report)
    files = steps.figures(found, out) if figures else []
    if as_json:
        say(steps.as_json(found, files, lines))
    else:
        say(steps.summary(priors, read), *steps.screen(found, width(), lines))
        say(*(["", "Figures:", *map(str, files)] if files else []))


@cli.command()
@STUDY
def show(study: Path) -> None:
    """Print the answer of a finished STUDY (a study.nc)."""
    from risk.memo.terminal import screen

    opened = _open(study)
    with labels_that_clash():
        say(screen(opened, [f"Study: {study}"], width()).rstrip("\n"))


@cli.command()
@STUDY
def figures(study: Path) -> None:
    """Draw the figures of a finished STUDY again, beside it."""
    from risk.plots import save_figures

    say(*save_figures(_open(study), study.parent / "figures"))


@cli.command()
@STUDY
@click.option("--template", type=click.Path(path_type=Path), help="Jinja file instead of ours.")
def memo(study: Path, template: Path | None) -> None:
    """Write memo.md and numbers.json of a finished STUDY again, beside it."""
    from risk.memo.markdown import TemplateProblem
    from risk.runs import rewrite_memo

    opened = _open(study)
    try:
        with labels_that_clash():
            written = rewrite_memo(opened, study.parent, template)
    except TemplateProblem as error:
        stop(INVALID_FILE, str(error))
    say(*written)


def _read_priors(path: Path) -> Priors:
    from risk.model import profit_model
    from risk.prior_file import PriorsError, read_priors

    try:
        return read_priors(path, profit_model)
    except PriorsError as error:
        stop(INVALID_FILE, str(error))


def _study(
    priors: Priors,
    out: Path,
    checkpoint: Path | None,
    silent: bool,
    *,
    draws: int | None,
    replicates: int | None,
    seed: int,
    workers: int | None,
    threads: int | None,
    dask: str | None,
    extend: bool,
    all_draws: bool,
) -> xr.DataTree:
    from risk.commands import run as steps

    begun = False
    with model_failures(), notes():
        wanted = steps.size(draws, replicates, checkpoint if extend else None)
        every = steps.draws_file_of(priors, out, wanted, seed) if all_draws else None
        try:
            with progress(silent) as report:

                def tell(done: int, total: int) -> None:
                    nonlocal begun
                    begun = True
                    report(done, total)

                return steps.simulate(
                    *(priors, wanted, seed, steps.Place(workers, threads, dask)),
                    *(checkpoint, every),
                    tell,
                )
        except KeyboardInterrupt:
            stop(INTERRUPTED, steps.interrupted(checkpoint, wanted, begun))


def _open(path: Path) -> xr.DataTree:
    from risk.store import open_study

    try:
        return open_study(path)
    except (OSError, ValueError) as error:
        stop(INVALID_FILE, str(error))


def _print_answer(context: Context, place: Path, *, as_json: bool, quiet: bool) -> None:
    from risk.memo.numbers import as_json as text_of
    from risk.memo.tables import published_rows
    from risk.memo.terminal import screen

    if as_json:
        say(text_of(context.study, context.registry).rstrip("\n"))
    elif quiet:
        say(place)
    else:
        files = [f"Files: {place}/ (memo.md, figures/, numbers.json, study.nc)"]
        say(screen(context, files, width()).rstrip("\n"))
    missed = [row.label for row in published_rows(context) if not row.agrees]
    if missed:
        stop(DIFFERENCE, f"Not reproduced within the tolerance: {', '.join(missed)}.")


def main() -> None:
    """Run the command line; no traceback reaches the user for what the user can cause."""
    import signal

    from risk.shipped import files_problem

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what batch systems send
    try:
        code = cli.main(prog_name="risk", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Nothing half-written is left.", err=True)
        code = INTERRUPTED
    except OSError as error:
        click.echo(files_problem(error), err=True)
        sys.exit(USAGE)
    if code == INTERRUPTED:  # an orderly exit waits for threads, and takes more signals amiss
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)
    sys.exit(code if isinstance(code, int) else 0)

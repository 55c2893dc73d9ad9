"""Priors files: TOML in, `Priors` out, or every problem of the file at once with its place."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from risk.block_checks import block_problems
from risk.blocks import Correlated, Shares
from risk.checks import (
    UNKNOWN,
    consistency_problems,
    key_of,
    model_problems,
    near,
    published_problems,
)
from risk.locations import Locator, Where, long_number, syntax_problem, too_deep
from risk.prior_blocks import (
    Placed,
    build_correlations,
    build_observations,
    build_shares,
    unheld_problems,
)
from risk.prior_build import (
    Around,
    Sources,
    build_inputs,
    build_published,
    build_sources,
    check_source,
)
from risk.prior_report import Reading, Report, TooManyProblems, form_problems, problem_line
from risk.priors import Prior, Priors
from risk.signature import Model

LARGEST = 250_000  # bytes of a priors file: a thousand inputs with a source each


class PriorsError(ValueError):
    """A priors file that cannot be used: every problem in it, one a line, with its place."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(self.problems))


def read_priors(path: str | Path, model: Model | None = None) -> Priors:
    """The priors of a case, from its TOML file.

    Parameters
    ----------
    path
        The file; priors/README.md lists its fields.
    model
        When given, the names, units and ranges of its signature are checked as well.

    Raises
    ------
    PriorsError
        With every problem as ``file:line:column: key: what, what to do``.
    """
    text = _read_text(Path(path))
    document = _parse(text, path)
    report = Report(path, text)
    parts = _Parts(None, {}, [])
    with suppress(TooManyProblems):
        for where, what in form_problems(document):
            report.add(where, what)
        parts = _parts(document, Path(path).parent, report)
        _check(parts, document, model, report)
    if report.problems or parts.sources is None:
        raise PriorsError(report.lines())
    try:
        return Priors(
            parts.inputs,
            blocks=[placed.block for placed in parts.blocks],
            title=document["title"],
            case=Path(path).stem,
            description=" ".join(document.get("description", "").split()),
            published=build_published(document.get("published", []), parts.sources),
            observations=build_observations(document.get("observations", []), parts.sources),
        )
    except ValueError as error:
        with suppress(TooManyProblems):
            _check_latent(parts, report)
            if not report.problems:  # whatever it is, it is said without a traceback
                report.add((), str(error))
        raise PriorsError(report.lines()) from None


class _Parts(NamedTuple):
    """What a file says, as far as it can be built."""

    sources: Sources | None
    inputs: dict[str, Prior]
    blocks: list[Placed]


def _parts(document: dict[str, Any], folder: Path, report: Report) -> _Parts:
    listed = _table(document, "sources")
    sources = None if listed is None else build_sources(listed)
    tables = {key: _table(document, key) or {} for key in ("shares", "inputs", "correlations")}
    shares = build_shares(tables["shares"], sources, report)
    built = {s.block.name: s.block for s in shares if isinstance(s.block, Shares)}
    around = Around(sources, tables["shares"], built)
    inputs = build_inputs(tables["inputs"], around, Reading(report, folder))
    correlated = build_correlations(tables["correlations"], sources, report)
    return _Parts(sources, inputs, [*shares, *correlated])


def _table(document: dict[str, Any], key: str) -> dict[str, Any] | None:
    """A table of the document; None where the file has something else there."""
    table = document.get(key, {})
    return table if isinstance(table, dict) else None


def _check(parts: _Parts, document: dict[str, Any], model: Model | None, report: Report) -> None:
    """What does not fit among the inputs, their blocks and figures, or to the model."""
    tables = _table(document, "inputs") or {}
    blocks = [placed.block for placed in parts.blocks]
    problems = consistency_problems(parts.inputs)
    problems += [] if model is None else model_problems(parts.inputs, model, blocks)
    # Of an input that is no table, that was said; what an expert adds has no table at all.
    report.add_all(
        p for p in problems if isinstance(tables.get(p[0]), dict) or p[0] not in parts.inputs
    )
    placed = {block.block.name: block for block in parts.blocks}
    found = block_problems(parts.inputs, blocks)
    report.add_new((placed[name].at(field), what) for name, field, what in found)
    if report.problems:
        _check_latent(parts, report)
    for key, kind in (("published", "figure"), ("observations", "observation")):
        _check_outcomes(key, kind, document.get(key), parts.sources, model, report)


def _check_latent(parts: _Parts, report: Report) -> None:
    """Correlations that cannot be had, of blocks with which nothing else is wrong."""
    beliefs = {name: prior.marginal for name, prior in parts.inputs.items()}
    for placed in parts.blocks:
        block, size = placed.block, len(placed.where)
        known = all(beliefs.get(name, UNKNOWN) is not UNKNOWN for name in block.members)
        broken = any(where[:size] == placed.where for where in report.keys)
        if isinstance(block, Correlated) and known and not broken:
            for field, what in unheld_problems(block, beliefs):
                report.add(placed.at(field), what)


def _check_outcomes(
    key: str, kind: str, rows: Any, sources: Sources | None, model: Model | None, report: Report
) -> None:
    """What of published figures or observations is not in the file or in the model."""
    labels: set[str] = set()
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            where: Where = (key, i)
            source, label = row.get("source"), row.get("label")
            if isinstance(label, str) and key_of(label) in labels:
                report.add((*where, "label"), f"nearly the label of another {kind}, rename one")
            labels.add(key_of(str(label)))
            if isinstance(source, str):
                check_source(source, sources, (*where, "source"), report)
            for field, what in [] if model is None else published_problems(row, model):
                if (*where, field) not in report.keys:
                    report.add((*where, field), what)


def _read_text(path: Path) -> str:
    """The text of a file, with the line ends that TOML counts."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except FileNotFoundError:
        hint = near(path.name, sorted(p.name for p in path.parent.glob("*.toml")))
        raise _refused(path, 1, 1, f"no such file, check the path.{hint}") from None
    except IsADirectoryError:
        what = "a directory, name the priors file inside it"
        raise _refused(path, 1, 1, what) from None
    except OSError as error:
        what = f"cannot be read ({error.strerror}), check the path and its permissions"
        raise _refused(path, 1, 1, what) from None
    if len(data) > LARGEST:
        what = f"expected at most {LARGEST:,} bytes, got more, move data to a CSV file"
        raise _refused(path, 1, 1, what)
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        before = Locator(data[: error.start].decode() + "?")
        line, column = before.line_and_column(len(before.text) - 1)
        what = f"byte 0x{data[error.start]:02x} is not UTF-8, save the file as UTF-8"
        raise _refused(path, line, column, what) from None
    if not text.strip():
        raise _refused(path, 1, 1, "empty, start from priors/deepseek_2025_02.toml")
    return text.replace("\r\n", "\n")


def _parse(text: str, path: str | Path) -> dict[str, Any]:
    deep = "nested too deeply, write tables of at most six levels"
    if (at := too_deep(text)) is not None:  # the parser would take a very long time
        raise _refused(path, *Locator(text).line_and_column(at), deep)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, where, what = syntax_problem(str(error), text)
        raise _refused(path, line, column, what, where) from None
    except RecursionError:  # brackets around long values
        raise _refused(path, 1, 1, deep) from None
    except ValueError:  # Python refuses to read a number this long
        line, column = Locator(text).line_and_column(long_number(text))
        raise _refused(path, line, column, "a number too long, shorten it") from None


def _refused(path: str | Path, line: int, column: int, what: str, where: Where = ()) -> PriorsError:
    return PriorsError([problem_line(path, line, column, where, what)])

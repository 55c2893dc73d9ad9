"""Priors files: TOML in, `Priors` out, or every problem of the file at once with its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from risk.block_checks import block_problems
from risk.blocks import Correlated
from risk.checks import (
    UNKNOWN,
    consistency_problems,
    key_of,
    model_problems,
    published_problems,
)
from risk.dependence import Block
from risk.latent import latent_of
from risk.locations import Locator, Where, syntax_problem
from risk.names import suggest
from risk.prior_belief import Reading
from risk.prior_blocks import block_place, build_correlations, build_observations, build_shares
from risk.prior_build import Sources, build_inputs, build_published, build_sources, check_source
from risk.prior_report import Report, form_problems, problem_line
from risk.priors import Prior, Priors
from risk.signature import Model

LARGEST = 1_000_000  # bytes of a priors file


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
    for where, what in form_problems(document):
        report.add(where, what)
    parts = _parts(document, Path(path).parent, report)
    _check(parts, document, model, report)
    if report.problems or parts.sources is None:
        raise PriorsError(report.lines())
    return Priors(
        parts.inputs,
        blocks=parts.blocks,
        title=document["title"],
        case=Path(path).stem,
        description=" ".join(document.get("description", "").split()),
        published=build_published(document.get("published", []), parts.sources),
        observations=build_observations(document.get("observations", []), parts.sources),
    )


class _Parts(NamedTuple):
    """What a file says, as far as it can be built."""

    sources: Sources | None
    inputs: dict[str, Prior]
    blocks: list[Block]


def _parts(document: dict[str, Any], folder: Path, report: Report) -> _Parts:
    listed = _table(document, "sources")
    sources = None if listed is None else build_sources(listed)
    shares = build_shares(_table(document, "shares") or {}, sources, report)
    of = {name: block for block in shares for name in block.members}
    tables = _table(document, "inputs") or {}
    inputs = build_inputs(tables, sources, of, Reading(report, folder))
    correlated = build_correlations(_table(document, "correlations") or {}, sources, report)
    return _Parts(sources, inputs, [*shares, *correlated])


def _table(document: dict[str, Any], key: str) -> dict[str, Any] | None:
    """A table of the document; None where the file has something else there."""
    table = document.get(key, {})
    return table if isinstance(table, dict) else None


def _check(parts: _Parts, document: dict[str, Any], model: Model | None, report: Report) -> None:
    """What does not fit among the inputs, their blocks and figures, or to the model."""
    tables = _table(document, "inputs") or {}
    problems = consistency_problems(parts.inputs)
    problems += [] if model is None else model_problems(parts.inputs, model)
    # Of an input that is no table, that was said, and nothing more is known.
    report.add_all(p for p in problems if isinstance(tables.get(p[0], {}), dict))
    _check_blocks(parts, report)
    _check_published(document.get("published"), parts.sources, model, report)
    _check_observations(document.get("observations"), parts.sources, model, report)


def _check_blocks(parts: _Parts, report: Report) -> None:
    """What does not fit between blocks and inputs, and correlations that cannot hold."""
    named = {block.name: block for block in parts.blocks}
    problems = block_problems(parts.inputs, parts.blocks)
    for name, field, what in problems:
        report.add(block_place(named[name], field), what)
    beliefs = {name: prior.marginal for name, prior in parts.inputs.items()}
    broken = {name for name, _, _ in problems}
    for block in parts.blocks:
        known = all(beliefs.get(name) is not UNKNOWN for name in block.members)
        if isinstance(block, Correlated) and known and block.name not in broken:
            try:
                latent_of(block, beliefs)
            except ValueError as error:
                report.add(block_place(block, "states" if block.given else "pairs"), str(error))


def _check_observations(
    rows: Any, sources: Sources | None, model: Model | None, report: Report
) -> None:
    """What of the observations is not in the file or in the model."""
    for i, row in enumerate(rows if isinstance(rows, list) else ()):
        if isinstance(row, dict):
            source = row.get("source")
            if isinstance(source, str) and ("observations", i, "source") not in report.keys:
                check_source(source, sources, ("observations", i, "source"), report)
            for field, what in [] if model is None else published_problems(row, model):
                report.add(("observations", i, field), what)


def _check_published(
    figures: Any, sources: Sources | None, model: Model | None, report: Report
) -> None:
    """What of the published figures is not in the file or in the model."""
    labels: set[str] = set()
    for i, figure in enumerate(figures if isinstance(figures, list) else ()):
        if isinstance(figure, dict):
            where: Where = ("published", i)
            source, label = figure.get("source"), figure.get("label")
            if isinstance(label, str) and key_of(label) in labels:
                report.add((*where, "label"), "nearly the label of another figure, rename one")
            labels.add(key_of(str(label)))
            if isinstance(source, str) and (*where, "source") not in report.keys:
                check_source(source, sources, (*where, "source"), report)
            for field, what in [] if model is None else published_problems(figure, model):
                report.add((*where, field), what)


def _read_text(path: Path) -> str:
    """The text of a file, with the line ends that TOML counts."""
    try:
        if path.is_file() and (size := path.stat().st_size) > LARGEST:
            what = f"expected at most {LARGEST:,} bytes, got {size:,}, move data to a CSV file"
            raise _refused(path, 1, 1, what)
        data = path.read_bytes()
    except FileNotFoundError:
        near = suggest(path.name, [p.name for p in path.parent.glob("*.toml")])
        raise _refused(path, 1, 1, f"no such file, check the path.{near}") from None
    except IsADirectoryError:
        what = "a directory, name the priors file inside it"
        raise _refused(path, 1, 1, what) from None
    except OSError as error:
        what = f"cannot be read ({error.strerror}), check the path and its permissions"
        raise _refused(path, 1, 1, what) from None
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
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        line, column, where, what = syntax_problem(str(error), text)
        raise _refused(path, line, column, what, where) from None
    except RecursionError:
        what = "nested too deeply, write tables of at most six levels"
        raise _refused(path, 1, 1, what) from None
    except ValueError:  # Python refuses to read a number this long
        digits = re.search("[0-9][0-9_]{4000,}", text)
        line, column = Locator(text).line_and_column(digits.start() if digits else 0)
        raise _refused(path, line, column, "a number too long, shorten it") from None


def _refused(path: str | Path, line: int, column: int, what: str, where: Where = ()) -> PriorsError:
    return PriorsError([problem_line(path, line, column, where, what)])

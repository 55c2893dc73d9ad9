"""Priors files: TOML in, `Priors` out, or every problem of the file at once with its place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from risk.checks import consistency_problems, key_of, model_problems, published_problems
from risk.locations import Locator, Where, syntax_problem
from risk.names import suggest
from risk.prior_build import Sources, build_inputs, build_published, build_sources, check_source
from risk.prior_report import Report, form_problems, problem_line
from risk.priors import Prior, Priors
from risk.signature import Model


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
    listed = _table(document, "sources")
    sources = None if listed is None else build_sources(listed)
    tables = _table(document, "inputs") or {}
    inputs = build_inputs(tables, sources, report)
    _check_inputs(inputs, tables, model, report)
    _check_published(document.get("published"), sources, model, report)
    if report.problems or sources is None:
        raise PriorsError(report.lines())
    return Priors(
        inputs,
        title=document["title"],
        case=Path(path).stem,
        description=" ".join(document.get("description", "").split()),
        published=build_published(document.get("published", []), sources),
    )


def _table(document: dict[str, Any], key: str) -> dict[str, Any] | None:
    """A table of the document; None where the file has something else there."""
    table = document.get(key, {})
    return table if isinstance(table, dict) else None


def _check_inputs(
    inputs: dict[str, Prior], tables: dict[str, Any], model: Model | None, report: Report
) -> None:
    """What does not fit among the inputs, or to the model."""
    problems = consistency_problems(inputs, {})
    problems += [] if model is None else model_problems(inputs, model)
    # Of an input that is no table, that was said, and nothing more is known.
    report.add_all(p for p in problems if isinstance(tables.get(p[0], {}), dict))


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

"""The memo as Markdown, from a Jinja template that sees numbers and rows and nothing else."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import xarray as xr
from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from risk.memo import assumptions, evidence, tables
from risk.memo.context import Context, UnknownKey
from risk.memo.entries import KeyClash
from risk.names import suggest

DEFAULT = Path(__file__).with_name("memo.md.jinja")
KINDS = {  # kind of figure → how a reader without pictures hears of it
    "distribution": "Distribution of",
    "sobol": "Sobol' indices of",
    "tornado": "Tornado of",
    "bridge": "Bridge of",
}


class TemplateProblem(ValueError):
    """A template that cannot be filled: ``file:line: what``."""


def memo(
    study: xr.DataTree | Context,
    template: str | Path = DEFAULT,
    figures: Sequence[str | Path] = (),
) -> str:
    """The text of the memo of a study.

    Parameters
    ----------
    study
        What `risk.run_study` returns, or its `Context`.
    template
        A Jinja file. It may call ``n(key)`` for a number's text, ``r(low, high)`` for a range,
        ``value(key)`` and ``has(key)`` in a condition, and what else `vocabulary` lists.
    figures
        The pictures that the memo shows, as it should name them: ``figures/sobol_y.png``.

    Raises
    ------
    KeyClash
        When two labels of the study give the same key.
    TemplateProblem
        When the template cannot be read, is not Jinja, or asks for something that does not exist;
        the message names its line.
    """
    path = Path(template)
    context = Context.of(study)
    words = vocabulary(context, figures)
    # A template comes from outside: it runs in a sandbox, sees no file and no study, and an
    # unknown name is an error.
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.filters |= {"plain": assumptions.plain, "inside": inside_a_sentence}
    environment.globals = {"range": environment.globals["range"], **words}
    text = _read(path)
    try:
        code = environment.compile(text, filename=str(path))
        compiled = Template.from_code(environment, code, environment.make_globals(None))
        return compiled.render()
    except TemplateSyntaxError as error:
        raise TemplateProblem(f"{path}:{error.lineno}: {error.message}") from None
    except (TemplateError, UnknownKey) as error:
        raise TemplateProblem(f"{path}:{_line(error, path)}: {_what(error, words)}") from None
    except KeyClash:  # of the study, whatever the template
        raise
    except Exception as error:  # whatever else a template makes Python do is its own problem
        what = f"{type(error).__name__}: {error}"
        if "no loader" in what:
            what = "a template is one file, without include, import and extends. Copy the text."
        raise TemplateProblem(f"{path}:{_line(error, path)}: {what}") from error


def vocabulary(context: Context, figures: Sequence[str | Path] = ()) -> dict[str, Any]:
    """Every name that a template may use.

    Numbers by key: n, r, row, value, has, share, quotient, error, lowest. Rows of tables:
    published, risks, drivers, idle, bridge, assumptions, regimes, blocks, evidence, states,
    observations. Which outcomes: shown, RISKS, GAPS, BRIDGED, labels, tells_profit. Else: about,
    description, inputs, caveat, basis, listed, evidence_said, simulation_error, money_a, pictures,
    cite, cite_block, cite_source, footnotes.
    """
    footnotes = assumptions.Footnotes(context)
    texts = ("n", "r", "row", "value", "has", "share", "quotient", "error", "lowest")
    described = ("about", "description", "inputs", "labels")
    rows: dict[str, Callable[..., Any]] = {
        "published": tables.published_rows,
        "risks": tables.risk_rows,
        "drivers": tables.drivers,
        "idle": tables.idle,
        "bridge": tables.bridge_rows,
        "caveat": tables.caveat,
        "shown": tables.shown,
        "tells_profit": tables.tells_profit,
        "simulation_error": tables.simulation_error,
        "money_a": tables.money_a,
        "assumptions": assumptions.assumptions,
        "regimes": assumptions.regimes,
        "blocks": assumptions.blocks,
        "basis": assumptions.basis,
        "evidence": evidence.evidence_rows,
        "states": evidence.state_rows,
        "observations": evidence.observation_rows,
        "evidence_said": evidence.evidence_said,
    }
    return {
        **{name: getattr(context, name) for name in (*texts, *described)},
        **{name: _closed(function, context) for name, function in rows.items()},
        **{name: getattr(tables, name) for name in ("RISKS", "GAPS", "BRIDGED", "DRIVER")},
        "listed": listed,
        "pictures": _closed(pictures, figures),
        "cite": footnotes.cite,
        "cite_block": footnotes.cite_block,
        "cite_source": footnotes.cite_source,
        "footnotes": lambda: footnotes.notes,
    }


def _closed(function: Callable[..., Any], first: Any) -> Callable[..., Any]:
    """A function with its first argument given, where no template reaches it, as in a `partial`."""

    def call(*args: Any, **named: Any) -> Any:
        return function(first, *args, **named)

    return call


def pictures(figures: Sequence[str | Path], kind: str) -> list[str]:
    """The pictures of one kind, as Markdown."""
    found = []
    for path in map(Path, figures):
        which, _, of = path.stem.partition("_")
        if which == kind and path.suffix == ".png":
            words = f"{KINDS.get(kind, kind)} the {of.replace('_', ' ')}"
            found.append(f"![{words}]({path.as_posix()})")
    return found


def listed(rows: Sequence[Any]) -> str:
    """The labels of rows inside a sentence: "a, b and c"."""
    labels = [inside_a_sentence(assumptions.plain(row.label)) for row in rows]
    return " and ".join(filter(None, [", ".join(labels[:-1]), *labels[-1:]]))


def inside_a_sentence(label: str) -> str:
    """A label without its capital, unless that is part of a name.

    >>> inside_a_sentence("Paid user share"), inside_a_sentence("GPU price")
    ('paid user share', 'GPU price')
    """
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def _read(path: Path) -> str:
    """The text of a template."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TemplateProblem(f"{path}:1: {error.strerror or error}. Check the path.") from None
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        what = f"byte 0x{data[error.start]:02x} is not UTF-8. Save the file as UTF-8."
        raise TemplateProblem(f"{path}:{line}: {what}") from None


def _what(error: Exception, words: dict[str, Any]) -> str:
    """The message of an error, with the nearest name for one that is not defined."""
    message = str(error)
    undefined = re.fullmatch(r"'(\w+)' is undefined", message)
    if isinstance(error, UndefinedError) and undefined:
        message = f"{undefined[1]!r} is not defined.{suggest(undefined[1], words)}"
    return message


def _line(error: BaseException, path: Path) -> int:
    """The template's line: Jinja puts its own frames into the traceback under the file's name."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == str(path)]
    return (lines[-1] or 1) if lines else 1

"""The memo as Markdown, from a Jinja template that sees the registry and nothing else."""

from __future__ import annotations

import traceback
from pathlib import Path

import xarray as xr
from jinja2 import StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import SandboxedEnvironment

from risk.memo.context import Context, UnknownKey

DEFAULT = Path(__file__).with_name("memo.md.jinja")


class TemplateProblem(ValueError):
    """A template that cannot be filled, with the line that is wrong."""


def memo(study: xr.DataTree, template: str | Path = DEFAULT, figures: str = "figures") -> str:
    """The text of the memo of a study.

    Parameters
    ----------
    study
        What `risk.run_study` returns.
    template
        A Jinja file. It may call ``n(key)`` for a number's text, ``r(low, high)`` for a range,
        ``value(key)`` in a condition, and use the other names of `Context`.
    figures
        The folder of the figures, as the memo should name it.

    Raises
    ------
    TemplateProblem
        When the template cannot be read, is not Jinja, or asks for something that does not exist;
        the message names its line.
    """
    path = Path(template)
    try:
        text = path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TemplateProblem(f"{path}:1: cannot be read as a UTF-8 text: {error}") from None
    context = Context(study)
    names = [name for name in dir(context) if not name.startswith("_")]
    # A template comes from outside: it runs in a sandbox, and an unknown name is an error.
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True
    )
    environment.globals.update({name: getattr(context, name) for name in names}, figures=figures)
    try:
        compiled = environment.from_string(text)
        compiled.filename = str(path)
        return compiled.render()
    except TemplateSyntaxError as error:
        raise TemplateProblem(f"{path}:{error.lineno}: {error.message}") from None
    except (
        TemplateError,
        UnknownKey,
        TypeError,
        ValueError,
        ArithmeticError,
        LookupError,
    ) as error:
        raise TemplateProblem(f"{path}:{_line(error)}: {error}") from None


def _line(error: BaseException) -> int:
    """The template's line: Jinja puts its own frames into the traceback under this name."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == "<template>"]
    return lines[-1] or 1 if lines else 1

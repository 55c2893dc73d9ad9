"""How a benchmark becomes a committed table."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import risk

LIBRARIES = ("numpy", "scipy", "xarray", "SALib")


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table, numbers to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def interval_error(seeds: int, coverage: float = 0.95) -> float:
    """The standard error of a share of seeds."""
    return float((coverage * (1 - coverage) / seeds) ** 0.5)


def publish(name: str, sections: Sequence[str]) -> None:
    """Print sections and write them beside this file, the command on the first line."""
    text = "\n\n".join([f"Made by `python -m benchmarks.{name}`", _versions(), *sections]) + "\n"
    print(text)
    Path(__file__).with_name(f"{name}.md").write_text(text, encoding="utf-8", newline="\n")


def _versions() -> str:
    found = [f"Python {platform.python_version()}", f"risk {risk.__version__}"]
    for name in LIBRARIES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} absent")
    return f"with {', '.join(found)}."

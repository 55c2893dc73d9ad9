"""A column of numbers in a CSV file beside a priors file, or why there is none."""

from __future__ import annotations

import csv
import io
import math
import re
from pathlib import Path

from risk.names import suggest

LARGEST = 10_000_000  # bytes of a data file
MOST = 10_000  # values
_LONG_LINE = re.compile("^[^\n]{100001}", re.MULTILINE)


class MissingColumn(ValueError):
    """A data file without the column, or with two of that name."""


def read_column(folder: Path, name: str, column: str) -> list[float]:
    """The numbers of a column, in the order of the file.

    Parameters
    ----------
    folder
        That of the priors file: data lies in it or below it.
    name
        Path of the CSV file relative to it, with a first line of column names.
    column
        Name of the column.

    Raises
    ------
    MissingColumn
        When the file has no such column, or two.
    ValueError
        When the path leaves the folder, or the file is missing, larger than 10 MB, not UTF-8 or
        longer than 10,000 values, or a cell is not a finite number.
    """
    rows = csv.reader(io.StringIO(_text(folder, name), newline=""), strict=True)
    values: list[float] = []
    try:
        header = [cell.strip() for cell in next(rows, [])]
        if not any(header):
            raise ValueError(
                f"Expected a first line of column names in {name}, got none. Add one, and numbers."
            )
        at = _place(header, column, name)
        for row in rows:
            if any(map(str.strip, row)):
                values.append(_number(row, at, f"line {rows.line_num} of {name}"))
            if len(values) > MOST or rows.line_num > 10 * MOST:
                raise ValueError(
                    f"Expected at most {MOST:,} values in {name}, got more. Thin them out."
                )
    except csv.Error as error:
        raise ValueError(
            f"Expected comma-separated values in {name}, got something else in line "
            f"{rows.line_num} ({error}). Correct it."
        ) from None
    if not values:
        raise ValueError(f"Expected numbers below the column names in {name}, got none. Add some.")
    return values


def _place(header: list[str], column: str, name: str) -> int:
    """Which of the columns it is."""
    if header.count(column) == 1:
        return header.index(column)
    if column in header:
        raise MissingColumn(
            f"Expected one column {column[:60]!r} in {name}, got {header.count(column)}. "
            "Rename the others in the file."
        )
    shown = ", ".join(cell[:40] for cell in header[:8]) + (", …" if len(header) > 8 else "")
    near = suggest(column, header) if len(header) <= 500 and len(column) <= 100 else ""
    raise MissingColumn(
        f"No column {column[:60]!r} in {name}, which has {shown}. Name one of these.{near}"
    )


def _text(folder: Path, name: str) -> str:
    path, shown = Path(name), f"{name[:120]!r}"
    inside = folder.resolve()
    try:
        outside = path.is_absolute() or not (inside / path).resolve().is_relative_to(inside)
    except (OSError, RuntimeError, ValueError):  # links in a circle, a character no path can have
        outside = True
    if "://" in name:
        raise ValueError(
            f"Expected a file beside the priors file, got the address {shown}. Download it first."
        )
    if outside:
        raise ValueError(
            f"Expected data in the folder of the priors file or below it, got {shown}. "
            "Copy the file there."
        )
    file = inside / path
    try:
        size = file.stat().st_size if file.is_file() else -1
        if size > LARGEST:
            raise ValueError(f"Expected at most 10 MB of data, got {size:,} bytes. Thin it out.")
        if size < 0:
            near = suggest(path.name[:100], sorted(p.name for p in file.parent.glob("*.csv"))[:500])
            raise ValueError(f"Expected a CSV file at {shown}, found none. Check the path.{near}")
        text = file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(
            f"Expected a file that can be read at {shown}, got {error.strerror}. Check it."
        ) from None
    except UnicodeDecodeError as error:
        byte = f"0x{error.object[error.start]:02x}"
        raise ValueError(
            f"Expected UTF-8 in {name}, got the byte {byte}. Save the file as UTF-8."
        ) from None
    if long := _LONG_LINE.search(text):
        line = text.count("\n", 0, long.start()) + 1
        raise ValueError(
            f"Expected lines of at most 100,000 characters in {name}, got more in line {line}. "
            "Keep the columns that are needed."
        )
    return text


def _number(row: list[str], at: int, where: str) -> float:
    text = row[at].strip() if at < len(row) else ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        got = repr(text[:40]) if text else "an empty cell"
        raise ValueError(
            f"Expected a finite number in {where}, got {got}. Correct or remove the line."
        )
    return value

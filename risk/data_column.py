"""A column of numbers in a CSV file beside a priors file, or why there is none."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path

from risk.names import suggest

LARGEST = 10_000_000  # bytes of a data file
MOST = 100_000  # values


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
    ValueError
        When the path leaves the folder, or the file is missing, larger than 10 MB, not UTF-8, or
        without the column, or a cell is not a finite number.
    """
    text = _text(folder, name)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(rows, [])]
        if header.count(column) != 1:
            raise ValueError(
                f"Expected one column {column[:60]!r} in {name}, got "
                f"{', '.join(header[:8])[:120] or 'an empty file'}."
                f"{suggest(column, header)} Name one of these."
            )
        at = header.index(column)
        values = [
            _number(row, at, f"{name}, line {rows.line_num}")
            for row in rows
            if any(map(str.strip, row))
        ]
    except csv.Error as error:
        raise ValueError(
            f"Expected a CSV file in {name}, got {error} in line {rows.line_num}. Correct it."
        ) from None
    if len(values) > MOST:
        raise ValueError(
            f"Expected at most {MOST:,} values in {name}, got {len(values):,}. Thin them out."
        )
    return values


def _text(folder: Path, name: str) -> str:
    path = Path(name)
    inside = folder.resolve()
    if path.is_absolute() or "\0" in name or not (inside / path).resolve().is_relative_to(inside):
        raise ValueError(
            f"Expected data in the folder of the priors file or below it, got {name[:120]!r}. "
            "Copy the file there."
        )
    file = inside / path
    try:
        size = file.stat().st_size if file.is_file() else -1
        if size > LARGEST:
            raise ValueError(f"Expected at most 10 MB of data, got {size:,} bytes. Thin it out.")
        if size < 0:
            near = suggest(path.name, [p.name for p in file.parent.glob("*.csv")])
            raise ValueError(f"Expected a CSV file at {name[:120]!r}, found none.{near} Check it.")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ValueError(
            f"Expected a file that can be read at {name[:120]!r}, got {error.strerror}. Check it."
        ) from None
    except UnicodeDecodeError as error:
        raise ValueError(
            f"Expected UTF-8 in {name}, got the byte 0x{error.object[error.start]:02x}. Save it so."
        ) from None


def _number(row: list[str], at: int, where: str) -> float:
    text = row[at].strip() if at < len(row) else ""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(
            f"Expected a finite number in {where}, got {text[:40]!r}. Correct or remove the line."
        )
    return value

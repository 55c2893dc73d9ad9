"""Line and column of a key in a TOML file, for error messages."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import tomlkit

_MARKER = "\ue000here\ue000"  # private-use characters: no file of ours contains them


class Locator:
    """Finds where a key's value stands in a text that tomllib could parse."""

    def __init__(self, text: str) -> None:
        self.text = text

    def place(self, where: Sequence[str | int]) -> tuple[int, int]:
        """Line and column, from 1, of a value, or of the nearest table around it.

        >>> Locator('title = "x"\\n[inputs.a]\\nunit = "1"\\n').place(["inputs", "a", "unit"])
        (3, 8)
        """
        for length in range(len(where), 0, -1):
            offset = self._offset(list(where[:length]))
            if offset is not None:
                before = self.text[:offset]
                return before.count("\n") + 1, offset - before.rfind("\n")
        return 1, 1

    def _offset(self, where: list[str | int]) -> int | None:
        document = tomlkit.parse(self.text)
        node: Any = document
        try:
            for key in where[:-1]:
                node = node[key]
            value = node[where[-1]]
        except (KeyError, IndexError, TypeError):
            return None
        if isinstance(value, (tomlkit.items.Table, tomlkit.items.AoT)):
            return self._header(where) or self._first_child(where, value)
        # The one way to a position that survives every spelling of TOML: put a marker in the
        # value's place, write the document out, and look where the marker stands.
        node[where[-1]] = _MARKER
        written = tomlkit.dumps(document)
        return written.index(_MARKER) - 1  # the quote before the marker

    def _header(self, where: list[str | int]) -> int | None:
        index = where[-1] if isinstance(where[-1], int) else 0
        keys = [re.escape(str(key)) for key in where if isinstance(key, str)]
        path = r"\s*\.\s*".join(rf"[\"']?{key}[\"']?" for key in keys)
        headers = list(re.finditer(rf"^[ \t]*(\[\[?\s*{path}\s*\])", self.text, re.MULTILINE))
        return headers[index].start(1) if index < len(headers) else None

    def _first_child(self, where: list[str | int], table: Any) -> int | None:
        children = list(range(len(table))) if isinstance(table, tomlkit.items.AoT) else list(table)
        return self._offset([*where, children[0]]) if children else None


def syntax_error_place(message: str, text: str) -> tuple[int, int, str]:
    """Line, column and what to do for an error of tomllib.

    >>> syntax_error_place("Cannot overwrite a value (at line 2, column 6)", "a = 1\\na = 2")
    (2, 1, "duplicate key 'a', keep one of the two")
    """
    lines = text.split("\n")
    at = re.search(r"line (\d+), column (\d+)", message)
    line, column = (int(at[1]), int(at[2])) if at else (len(lines), len(lines[-1]) + 1)
    written = lines[min(line, len(lines)) - 1].strip()
    what = re.sub(r"\s*\(at .*", "", message)
    if what.startswith("Cannot declare"):
        return line, 1, f"duplicate table {written}, keep one of the two"
    if what.startswith("Cannot overwrite") or "mutate immutable" in what:
        key = written.split("=")[0].strip()
        return line, 1, f"duplicate key {key!r}, keep one of the two"
    return line, column, f"not TOML: {what[:1].lower()}{what[1:]}, correct the syntax there"

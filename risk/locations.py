"""Line and column of every key in a TOML file, for error messages."""

from __future__ import annotations

import bisect
import re
import tomllib
from collections.abc import Sequence
from functools import cached_property

Where = tuple[str | int, ...]  # keys, and indices of arrays, from the root of the document

_BASIC, _LITERAL = r'"(?:[^"\\\n]|\\.)*"', r"'[^'\n]*'"
_PART = re.compile(rf"[A-Za-z0-9_-]+|{_BASIC}|{_LITERAL}")
_BLANK = re.compile(r"(?:[ \t]+|#[^\n]*)*")
_GAP = re.compile(r"(?:\s+|#[^\n]*)*")  # as _BLANK, line ends included
_DOT = re.compile(r"[ \t]*\.[ \t]*")
_SCALAR = re.compile(
    rf'"""(?:[^\\]|\\.)*?"""(?:"{{0,2}})|\'\'\'.*?\'\'\'(?:\'{{0,2}})|{_BASIC}|{_LITERAL}'
    r"|[^\s,\[\]{}#][^,\]}#\n]*",
    re.DOTALL,
)
_QUOTED = r'"[^"\n]*+"|\'[^\'\n]*+\''
_DEEPEST = 30  # tables inside each other
_DOTTED = re.compile(
    rf"(?<![A-Za-z0-9_-])(?:(?:[A-Za-z0-9_-]++|{_QUOTED})[ \t]*+\.[ \t]*+){{{_DEEPEST}}}"
)
_BRACKETS = re.compile(rf"(?:[\[{{]\s*+(?:[A-Za-z0-9_-]++\s*+=\s*+)?+){{{_DEEPEST}}}")
_LONG_NUMBER = re.compile("(?<![0-9_])[0-9][0-9_]{4000,}+")
_CONFLICTS = re.compile("Cannot (declare|overwrite|mutate|redefine)|Duplicate inline")
_HINTS = {
    "Invalid value": "no value that TOML knows, put text in quotes",
    "Unterminated string": "text without an end, close its quotes",
    "Illegal character '\\n'": "text that goes on after its line, close its quotes",
    "Expected '=' after a key in a key/value pair": "a key without a value, write key = value",
}


class Locator:
    """Finds where a key's value stands in a TOML text.

    The text is read once more, for places alone, when the first one is asked for; it may stop being
    TOML somewhere, and the places before that are found.
    """

    def __init__(self, text: str) -> None:
        self.text = text

    @cached_property
    def places(self) -> dict[Where, int]:
        """Where → offset of its value or table header; a table without header has its child's."""
        return self._scanner.places

    @cached_property
    def statements(self) -> list[tuple[int, Where, int | None]]:
        """Offset and path of every key and header in order, and where its path stood before."""
        return self._scanner.statements

    @cached_property
    def _scanner(self) -> _Scanner:
        scanner = _Scanner(self.text)
        scanner.scan()
        return scanner

    @cached_property
    def _line_starts(self) -> list[int]:
        return [0, *(match.end() for match in re.finditer("\n", self.text))]

    def place(self, where: Sequence[str | int]) -> tuple[int, int]:
        r"""Line and column, from 1, of a value, or of the nearest table around it.

        >>> Locator('title = "x"\n[inputs.a]\nunit = "1"\n').place(["inputs", "a", "unit"])
        (3, 8)
        """
        known = (tuple(where[:length]) for length in range(len(where), 0, -1))
        found = next((path for path in known if path in self.places), None)
        return (1, 1) if found is None else self.line_and_column(self.places[found])

    def line_and_column(self, offset: int) -> tuple[int, int]:
        """Line and column, from 1, of an offset of the text."""
        line = bisect.bisect_right(self._line_starts, offset)
        return line, offset - self._line_starts[line - 1] + 1

    def offset(self, line: int, column: int) -> int:
        """The offset of a line and column."""
        return self._line_starts[min(line, len(self._line_starts)) - 1] + column - 1


class _Lost(Exception):
    """The text is not TOML here."""


class _Scanner:
    """Reads keys, headers and values without keeping any value."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0
        self.places: dict[Where, int] = {}
        self.statements: list[tuple[int, Where, int | None]] = []
        self._last: dict[Where, int] = {}  # array of tables → index of its last table

    def scan(self) -> None:
        table: Where = ()
        try:
            while self._skip(_GAP):
                table = self._header() if self._sees("[") else self._pair(table)
        except (_Lost, RecursionError):
            return

    def _header(self) -> Where:
        start = self.at
        brackets = 2 if self.text.startswith("[[", start) else 1
        self.at += brackets
        *parents, name = self._keys()
        path = (*self._current(parents), name)
        self._state(start, path)
        if brackets == 2:
            self.places.setdefault(path, start)
            self._last[path] = self._last.get(path, -1) + 1
        else:
            self.places[path] = start
        path = self._current([*parents, name])
        self.places[path] = start
        self._skip(_BLANK)
        self.at += brackets
        return path

    def _current(self, keys: Sequence[str]) -> Where:
        """The path of a header's keys, where an array of tables means its last table."""
        path: Where = ()
        for key in keys:
            path = (*path, key)
            if path in self._last:
                path = (*path, self._last[path])
        return path

    def _pair(self, table: Where) -> Where:
        """Read ``key = value``; the table that it belongs to is given back."""
        start = self.at
        path = (*table, *self._keys())
        self._state(start, path)
        self._take("=")
        self._skip(_BLANK)
        self._value(path)
        return table

    def _state(self, start: int, path: Where) -> None:
        earlier = (path[:length] for length in range(len(path), 0, -1))
        before = next((self.places[p] for p in earlier if p in self.places), None)
        self.statements.append((start, path, before))
        for length in range(1, len(path)):
            self.places.setdefault(path[:length], start)

    def _value(self, path: Where) -> None:
        self.places[path] = self.at
        if self._sees("["):
            self._items("]", path)
        elif self._sees("{"):
            self._items("}", path)
        else:
            self.at = self._match(_SCALAR).end()

    def _items(self, end: str, path: Where) -> None:
        """Read an array or an inline table, from its opening bracket to after its closing one."""
        self.at += 1
        index = 0
        while self._skip(_GAP) and not self._sees(end):
            if end == "]":
                self._value((*path, index))
            else:
                self._pair(path)
            index += 1
            self._skip(_GAP)
            if not self._sees(end):
                self._take(",")
        self._take(end)

    def _keys(self) -> list[str]:
        self._skip(_BLANK)
        keys = []
        while True:
            part = self._match(_PART)
            keys.append(_decoded(part[0]))
            self.at = part.end()
            dot = _DOT.match(self.text, self.at)
            if dot is None:
                self._skip(_BLANK)
                return keys
            self.at = dot.end()

    def _skip(self, blank: re.Pattern[str]) -> bool:
        """Go past blanks and comments; whether any text is left."""
        self.at = self._match(blank).end()
        return self.at < len(self.text)

    def _sees(self, mark: str) -> bool:
        return self.text.startswith(mark, self.at)

    def _take(self, mark: str) -> None:
        if not self._sees(mark):
            raise _Lost
        self.at += 1

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str]:
        match = pattern.match(self.text, self.at)
        if match is None:
            raise _Lost
        return match


def _decoded(key: str) -> str:
    """The key that a quoted key stands for."""
    try:
        return str(tomllib.loads(f"key = {key}")["key"]) if key[0] in "\"'" else key
    except tomllib.TOMLDecodeError:
        raise _Lost from None


def too_deep(text: str) -> int | None:
    r"""Offset of a key with very many dots, or of very many brackets inside each other.

    A parser takes a very long time for the first, and calls itself too often for the second.

    >>> too_deep("a = 1"), too_deep("a = 1\n" + "a." * 99 + "b = 1"), too_deep("a = " + "[" * 99)
    (None, 6, 4)
    """
    found = [pattern.search(text) for pattern in (_DOTTED, _BRACKETS)]
    return min((match.start() for match in found if match), default=None)


def long_number(text: str) -> int:
    """Offset of the first number of thousands of digits; 0 where there is none."""
    found = _LONG_NUMBER.search(text)
    return found.start() if found else 0


def syntax_problem(message: str, text: str) -> tuple[int, int, Where, str]:
    r"""Line, column, key (empty if unknown) and what to do, for an error of tomllib.

    >>> syntax_problem("Cannot overwrite a value (at line 2, column 6)", "a = 1\na = 2\n")
    (2, 1, ('a',), 'duplicate key, the first is in line 1, keep one of the two')
    """
    locator = Locator(text)
    at = re.search(r"\(at line (\d+), column (\d+)\)$", message)
    line, column = (int(at[1]), int(at[2])) if at else locator.line_and_column(len(text))
    before = text[: locator.offset(line, column)]
    statements = Locator(before).statements
    if _CONFLICTS.match(message) and statements:
        start, path, first = statements[-1]
        kind = "table" if text[start] == "[" else "key"
        what = f"duplicate {kind}, the first is in line {locator.line_and_column(first or 0)[0]}"
        return *locator.line_and_column(start), path, f"{what}, keep one of the two"
    if at is None and statements:  # what has no end is shown where it begins
        line, column = locator.line_and_column(statements[-1][0])
    found = re.sub(r"\s*\(at [^()]*\)$", "", message)
    hint = f"{found[:1].lower()}{found[1:]}, correct the syntax there"
    return line, column, (), f"not TOML: {_HINTS.get(found, hint)}"

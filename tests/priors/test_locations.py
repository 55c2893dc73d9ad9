"""Places in a TOML text: the same paths as tomllib finds, each where its value stands."""

from __future__ import annotations

import re
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from risk.locations import Locator, Where, long_number, syntax_problem, too_deep
from risk.shipped import priors_directory

HERE = Path(__file__).parent
FILES = [
    *sorted(priors_directory().glob("*.toml")),
    *sorted(HERE.glob("bad/*.toml")),
    *sorted(HERE.glob("good/*.toml")),
]

# Every value is text that says its own path, so that its place can be found by searching for it.
SPELLINGS = """\
# comment with [brackets], "quotes and = signs
top = "top" # [x]
   indented   =   "indented"
dotted.key . deep = 'dotted.key.deep'
"quoted key" = "quoted key"
'literal.key' = "literal.key"
"tab\\u0009é" = "tab\té"
list = [ "list.0", 'list.1', # ] in a comment
  [ "list.2.0", ], { a = "list.3.a", b.c = "list.3.b.c" },
]
inline = { x = "inline.x", "y z" = { w = "inline.y z.w" }, l = ["inline.l.0"] }
number = 1979-05-27 07:32:00
after_number = "after_number"
long = \"\"\"long

[not.a.table]
fake = "x" \\\"\"\" \"\"
\"\"\"
raw = '''raw
fake = "x\\'''
after_strings = "after_strings"
empty = {}
nothing = []
[table.sub]
key = "table.sub.key"
[ table . "other sub" ]
key = "table.other sub.key"
[table]
key = "table.key"
[[array]]
key = "array.0.key"
[array.sub]
key = "array.0.sub.key"
[[array]]
key = "array.1.key"
  [[array.inner]]
  key = "array.1.inner.0.key"
  [[array.inner]]
  key = "array.1.inner.1.key"
[last]
key="last.key"
"""


def paths(node: Any, above: Where = ()) -> Iterator[tuple[Where, Any]]:
    items = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in items:
        yield (*above, key), value
        if isinstance(value, (dict, list)):
            yield from paths(value, (*above, key))


def test_every_spelling_has_its_place() -> None:
    locator = Locator(SPELLINGS)
    found = dict(paths(tomllib.loads(SPELLINGS)))
    assert set(locator.places) == set(found)
    checked = 0
    for where, value in found.items():
        offset = locator.places[where]
        if isinstance(value, str):
            text = ".".join(map(str, where)).replace("\\", "\\\\")
            quoted = re.match(rf"""("|'|\"\"\"|''')({re.escape(text)})""", SPELLINGS[offset:])
            assert quoted, where
            checked += 1
    assert checked == 27


@pytest.mark.parametrize(
    ("where", "place"),
    [
        (("dotted",), (4, 1)),  # a table without a header: where it is first named
        (("list", 2), (9, 3)),
        (("list", 3, "b"), (9, 38)),
        (("inline", "y z"), (11, 36)),
        (("table",), (28, 1)),  # its own header, though it comes after those below it
        (("table", "other sub"), (26, 1)),
        (("array",), (30, 1)),
        (("array", 1), (34, 1)),
        (("array", 1, "inner", 1), (38, 3)),
        (("array", 1, "missing"), (34, 1)),  # the nearest table around it
        (("array", 7, "key"), (30, 1)),
        (("missing",), (1, 1)),
        ((), (1, 1)),
    ],
)
def test_a_table_is_at_its_header(where: Where, place: tuple[int, int]) -> None:
    assert Locator(SPELLINGS).place(where) == place


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_paths_of_a_file_are_those_of_tomllib(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError):
        return
    assert set(Locator(text).places) == {where for where, _ in paths(document)}


@pytest.mark.parametrize(
    ("text", "line", "column", "key", "what"),
    [
        ("a = 1\n[a]\n", 2, 1, "a", "duplicate table, the first is in line 1"),
        ("a = {x = 1}\na.y = 2\n", 2, 1, "a.y", "duplicate key, the first is in line 1"),
        ("[a.b]\n[a]\nb.c = 1\n", 3, 1, "a.b.c", "duplicate key, the first is in line 1"),
        ("a = [1]\n\n[[a]]\n", 3, 1, "a", "duplicate table, the first is in line 1"),
        ("[[a]]\n[a]\n", 2, 1, "a", "duplicate table, the first is in line 1"),
        ("a.b = 1\n  [a]\n", 2, 3, "a", "duplicate table, the first is in line 1"),
        ("a = '''\n\n'''\nb = 2\na = '''\n'''", 5, 1, "a", "duplicate key, the first is in line 1"),
        ("a = [\n1,\n2", 1, 1, "", "not TOML: unclosed array"),
        ("a = 1\nb = tru\n", 2, 5, "", "not TOML: no value that TOML knows, put text in quotes"),
        ("a\n", 1, 2, "", "not TOML: a key without a value"),
        ("a = 1 2\n", 1, 7, "", "not TOML: expected newline"),
    ],
)
def test_a_syntax_error_is_shown_where_it_is(
    text: str, line: int, column: int, key: str, what: str
) -> None:
    with pytest.raises(tomllib.TOMLDecodeError) as caught:
        tomllib.loads(text)
    *place, where, said = syntax_problem(str(caught.value), text)
    assert (place, ".".join(map(str, where))) == ([line, column], key)
    assert said.startswith(what)


@pytest.mark.parametrize(
    "text", ["", "[", "a = ", "a = [[[{", "= \x00 ]", '"\\q" = 1', "[a]]\nb=1"]
)
def test_a_broken_text_has_places_up_to_where_it_breaks(text: str) -> None:
    assert Locator(f"first = 1\n{text}").place(["first"]) == (1, 9)


DEEP = [
    ("a." * 30 + "b = 1", 0),
    ("x = 1\n[" + "a . " * 30 + "b]", 7),
    ("x = 1\n" + "'a b'." * 30 + "b = 1", 6),
    ("x = " + "[" * 30, 4),
    ("x = " + "{ a = " * 30, 4),
    ("x = [\n" + "[ " * 30, 4),
    ("a." * 29 + "b = 1", None),
    ("x = " + "[" * 29, None),
    ("x = 1.5 # a.b.c. and so on...", None),
    ("x = '" + "." * 99 + "'", None),
]


@pytest.mark.parametrize(("text", "offset"), DEEP, ids=[str(i) for i in range(len(DEEP))])
def test_what_is_nested_too_deeply_has_its_place(text: str, offset: int | None) -> None:
    assert too_deep(text) == offset


@pytest.mark.parametrize(
    "text",
    [
        "a" * 200_000,
        "a." * 29 + "a" * 200_000,
        "a " * 100_000,
        '"' * 200_000,
        "a\t" * 100_000 + ".",
        "[ " * 29 + " " * 200_000,
        "[a" * 100_000,
        "9" * 3999 + ("_" + "9" * 3999) * 50,
        "9 " * 100_000,
    ],
    ids=lambda text: text[:8],
)
def test_looking_for_too_much_is_quick(text: str) -> None:
    start = time.process_time()
    too_deep(text)
    long_number(text)
    assert time.process_time() - start < 1


def test_a_long_number_has_its_place() -> None:
    assert long_number("x = 1\ny = " + "1" * 5000) == 10
    assert long_number("x = 1") == 0

"""Random changes to priors files: in their lines, in what they say, and keys that nothing knows."""

from __future__ import annotations

import copy
import datetime
import json
import random
import re
from collections.abc import Callable, Iterator
from typing import Any

from risk.locations import Locator, Where

Document = dict[str, Any]
VALUES: tuple[Any, ...] = (
    *(
        "",
        " ",
        "open",
        "1/0",
        "608/168",
        "€ [x] # y",
        "a\nb",
        "\x1b[31m",
        "{{ 7 * 7 }}",
        "../x.csv",
    ),
    *("data/prices.csv", "price", "list", "open, high", "a" * 300, "normal", "mixture", "discrete"),
    *(True, False, 0, 1, -1, 2, 7, 101, 10**25, 0.5, 1e308, -1e308, 1e-320, 1e-9, 1 - 1e-12),
    *(float("inf"), float("nan"), datetime.date(2026, 11, 23), datetime.time(7, 32)),
    *([], [[]], [1, "a"], [0.5, 0.5], [1, 2, 3], ["list"], ["a", "b", 0.5], [{}], {}),
    *({"fact": 1}, {"p5": 1, "p95": 2}, {"p5": 1, "p50": 1.5, "p95": 2}, {"minimum": 0}),
    *({"open": 0.5, "closed": 0.5}, {"mean": 1, "standard_deviation": 1}, {"a": {"b": 1}}),
)
LINES = (
    *("[inputs]", "[inputs.x]", "[[inputs]]", "[[published]]", "[sources]", "[a.b.c]", "[]", "["),
    *("[correlations.x]", "[shares.x]", "[[observations]]", "[[inputs.normal.experts]]", "'", "}"),
    *(
        'given = "demand"',
        "states = {}",
        'pairs = [["a", "b", 0.5]]',
        "truncated = { minimum = 1 }",
    ),
    *('family = "best"', "held = { shift = 0 }", "innovations = true", 'copula = "t"', "\x00"),
)


def paths(node: Any, above: Where = ()) -> Iterator[tuple[Where, Any]]:
    """Every place of a document, and what stands there."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        yield (*above, key), value
        if isinstance(value, (dict, list)):
            yield from paths(value, (*above, key))


def toml_text(document: Document) -> str:
    """The document as TOML, one line a table of the file.

    >>> toml_text({"a": {"b c": [1, 0.5, True], "d": "x"}})
    '"a" = { "b c" = [1, 0.5, true], "d" = "x" }'
    """
    return "\n".join(f"{_text(key)} = {_text(value)}" for key, value in document.items())


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_text(str(k))} = {_text(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return f"[{', '.join(map(_text, value))}]"
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    quoted = isinstance(value, (str, bool))
    return json.dumps(value, ensure_ascii=False) if quoted else repr(value)


def changed_document(document: Document, rng: random.Random) -> Document:
    """The document with one random change to what it says."""
    found = copy.deepcopy(document)
    places = list(paths(found))
    where, value = rng.choice(places)
    table: Any = found
    for key in where[:-1]:
        table = table[key]
    _CHANGES[rng.randrange(len(_CHANGES))](table, where[-1], value, places, rng)
    return found


def _replace(table: Any, key: Any, value: Any, places: Any, rng: random.Random) -> None:
    table[key] = copy.deepcopy(rng.choice(VALUES))


def _borrow(table: Any, key: Any, value: Any, places: Any, rng: random.Random) -> None:
    table[key] = copy.deepcopy(rng.choice(places)[1])


def _delete(table: Any, key: Any, value: Any, places: Any, rng: random.Random) -> None:
    del table[key]


def _add(table: Any, key: Any, value: Any, places: Any, rng: random.Random) -> None:
    (*_, other), borrowed = rng.choice(places)
    if isinstance(table, list):
        table.insert(key, copy.deepcopy(rng.choice([value, borrowed])))
    else:
        table[str(other)] = copy.deepcopy(borrowed)


def _rename(table: Any, key: Any, value: Any, places: Any, rng: random.Random) -> None:
    if isinstance(table, list):
        rng.shuffle(table)
        return
    name = rng.choice([key[:-1], f"{key}s", key.upper(), str(rng.choice(places)[0][-1])])
    items = [(name if k == key else k, v) for k, v in table.items()]
    table.clear()
    table.update(items)


def _shuffle(table: Any, key: Any, value: Any, places: Any, rng: random.Random) -> None:
    items = list(table.items()) if isinstance(table, dict) else table[:]
    rng.shuffle(items)
    if isinstance(table, dict):
        table.clear()
        table.update(items)
    else:
        table[:] = items


def _scale(table: Any, key: Any, value: Any, places: Any, rng: random.Random) -> None:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        table[key] = value * rng.choice([-1, 0, 0.5, 2, 1e-6, 1e6, 1 + 1e-12])
    else:
        table[key] = copy.deepcopy(rng.choice(VALUES))


_CHANGES: tuple[Callable[..., None], ...] = (
    _replace, _borrow, _delete, _add, _rename, _shuffle, _scale,
)  # fmt: skip


def changed_text(text: str, rng: random.Random) -> str:
    """The text with one random change to its lines."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    line = lines[at]
    match rng.randrange(7):
        case 0:
            del lines[at]
        case 1:
            lines.insert(at, rng.choice(lines))
        case 2:
            lines[at] = lines[at][: rng.randrange(len(line) + 1)]
        case 3:
            lines.insert(at, rng.choice(LINES))
        case 4:
            lines[at] = re.sub("=.*", lambda _: f"= {_text(rng.choice(VALUES))}", line, count=1)
        case 5:
            lines[at] = re.sub(r"\w+", rng.choice(re.findall(r"\w+", text)), line, count=1)
        case _:
            lines = lines[:at]
    return "\n".join(lines)


def with_unknown_key(text: str, where: Where, key: str) -> str:
    """The text with one more key, of the value 1, in the table at a place."""
    if not where:
        return f"{key} = 1\n{text}"
    at = Locator(text).places[where]
    if text[at] == "{":
        empty = text[at + 1 :].lstrip().startswith("}")
        return f"{text[: at + 1]} {key} = 1{'' if empty else ','}{text[at + 1 :]}"
    if text[at] == "[":
        end = text.index("\n", at)
        return f"{text[:end]}\n{key} = 1{text[end:]}"
    header = "".join(f".{_text(str(part))}" for part in where)[1:]  # named by those below it only
    return f"{text}\n[{header}]\n{key} = 1\n"

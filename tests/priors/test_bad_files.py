"""Every wrong file of ``bad/`` gets the messages that its first lines ask for, in that order.

``# expect: 12:8: inputs.price.unit: …`` is one problem with its line and column. With
``# model: market``, the file is checked against the model below as well.
"""

from __future__ import annotations

import json
import re
from math import inf
from pathlib import Path
from typing import Annotated, TypedDict

import numpy as np
import pytest
from numpy.typing import NDArray

from risk.model import profit_model
from risk.prior_file import PriorsError, read_priors
from risk.prior_schema import json_schema
from risk.signature import Model

FOLDER = Path(__file__).parent / "bad"
FILES = sorted(FOLDER.glob("*.toml"))
EXPECT, MODEL = "# expect: ", "# model: market"
JARGON = re.compile(
    r"pydantic|Input should|ValidationError|Traceback|NoneType|dict\b|\bstr\b|\bbool\b|\{'|"
    r"datetime|<\w+>|UNKNOWN|unknown\(|'\?'|\bnp\.|numpy|scipy|Marginal|None\b|f\(a\)|tuple"
)
ORDER = re.compile(
    r"(?<!\w)(add|adds?|break|change|check|choose|close|convert|copy|correct|correlate|download|give|hold|join|"
    r"keep|leave|make|mend|move|name|put|remove|rename|reorder|save|shorten|spell|start|swap|thin|use|"
    r"write)(?!\w)",
    re.IGNORECASE,
)
Array = NDArray[np.float64]


class Outcomes(TypedDict):
    """Outcomes of a day of sales."""

    revenue: Annotated[Array, "USD/day"]


def market(
    price: Annotated[Array, "USD/Mtoken", (0.0, inf)],
    share: Annotated[Array, "1", (0.0, 1.0)],
    volume: Annotated[Array, "Mtoken/day", (0.0, inf)],
) -> Outcomes:
    return Outcomes(revenue=price * share * volume)


def problems(path: Path, model: Model | None = None) -> list[str]:
    with pytest.raises(PriorsError) as caught:
        read_priors(path, model)
    assert str(caught.value) == "\n".join(caught.value.problems)
    return caught.value.problems


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_wrong_file_gets_its_messages(path: Path) -> None:
    lines = path.read_text(encoding="utf-8").splitlines()
    expected = [f"{path}:{x.removeprefix(EXPECT)}" for x in lines if x.startswith(EXPECT)]
    assert expected
    found = problems(path, market if MODEL in lines else None)
    assert found == expected
    assert not [line for line in found if JARGON.search(line)]


def test_there_are_many_wrong_files() -> None:
    assert len(FILES) >= 155


def test_every_key_is_wrong_in_some_way_somewhere() -> None:
    """The messages are about every key that a file may have, but for two that are any text."""
    tables = json.loads(json_schema())["$defs"].values()
    keys = {key for table in tables for key in table["properties"]}
    said = "\n".join(
        line.removeprefix(EXPECT).split(": ")[1]
        for path in FILES
        for line in path.read_text(encoding="utf-8").splitlines()
        if line.startswith(EXPECT)
    )
    assert keys - set(re.split(r"[.\n]", said)) <= {"title", "text"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_message_says_what_to_do(path: Path) -> None:
    """Short, on one line, and with an order: the verbs are those of the messages that we know."""
    model = market if MODEL in path.read_text(encoding="utf-8").splitlines() else None
    for line in problems(path, model):
        what = line.removeprefix(f"{path}:").split(": ", 2)[2]
        assert len(what) <= 500
        assert ORDER.search(what), what


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_no_wrong_file_breaks_the_check_against_the_profit_model(path: Path) -> None:
    for line in problems(path, profit_model):
        assert re.fullmatch(rf"{re.escape(str(path))}:\d+:\d+: \S.*?: \S.*", line)


BYTES = [
    (b"", "1:1: file: empty, start from priors/deepseek_2025_02.toml"),
    (b"\xef\xbb\xbf \n\n", "1:1: file: empty, start from priors/deepseek_2025_02.toml"),
    ("title = 'a'".encode("utf-16"), "1:1: file: byte 0xff is not UTF-8, save the file as UTF-8"),
    # columns count characters, not bytes: € has three
    ("# €\n# €é".encode() + b"\xe9", "2:5: file: byte 0xe9 is not UTF-8, save the file as UTF-8"),
    (b"\xef\xbb\xbfa = 1\r\na = 2\r\n", "2:1: a: duplicate key, the first is in line 1, keep one"),
    (b"a = 1\r\n\r\nb = \x00\r\n", "3:5: file: not TOML: no value that TOML knows"),
    (b"a = 1\rb = 2", "1:6: file: not TOML: expected newline or end of document"),
]


@pytest.mark.parametrize(("data", "expected"), BYTES, ids=[str(i) for i in range(len(BYTES))])
def test_bytes_that_are_no_priors_file(tmp_path: Path, data: bytes, expected: str) -> None:
    path = tmp_path / "case.toml"
    path.write_bytes(data)
    (line,) = problems(path)
    assert line.startswith(f"{path}:{expected}")


def test_a_directory_is_no_file(tmp_path: Path) -> None:
    what = "1:1: file: a directory, name the priors file inside it"
    assert problems(tmp_path) == [f"{tmp_path}:{what}"]


def test_a_missing_file_suggests_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "deepseek.toml").touch()
    path = tmp_path / "deepsek.toml"
    what = "1:1: file: no such file, check the path. Did you mean 'deepseek.toml'?"
    assert problems(path) == [f"{path}:{what}"]


def test_a_path_through_a_file_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "case.toml").touch()
    path = tmp_path / "case.toml" / "case.toml"
    what = "1:1: file: cannot be read (Not a directory), check the path and its permissions"
    assert problems(path) == [f"{path}:{what}"]


def test_line_ends_of_windows_move_no_place(tmp_path: Path) -> None:
    source = FOLDER / "several_problems.toml"
    path = tmp_path / source.name
    path.write_bytes(b"\xef\xbb\xbf" + source.read_bytes().replace(b"\n", b"\r\n"))
    here = [line.removeprefix(str(path)) for line in problems(path, market)]
    assert here == [line.removeprefix(str(source)) for line in problems(source, market)]


def test_a_long_name_makes_no_long_message(tmp_path: Path) -> None:
    path = tmp_path / "case.toml"
    path.write_text(f'title = "A"\n[inputs.{"x" * 100_000}]\nstep = "{"y" * 100_000}"\n')
    assert max(map(len, problems(path))) < 800

"""A column of numbers beside a priors file: what is read, and every way in which it is refused."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from risk import data_column
from risk.data_column import read_column

GOOD = "date,price\n2025-01,1.5\n2025-02,2\n2025-03, 3e0 \n"


def write(folder: Path, text: str | bytes, name: str = "prices.csv") -> None:
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,  # as spreadsheets write it
        GOOD.removesuffix("\n"),
        GOOD + "\n , \n",  # blank lines
        'date, price \n"January, 2025","1.5"\n"two\nlines",2.0\nx,3\n',
    ],
    ids=["plain", "windows", "mark", "no end", "blank", "quoted"],
)
def test_a_column_is_read_in_its_order(tmp_path: Path, text: str) -> None:
    write(tmp_path, text)
    assert read_column(tmp_path, "prices.csv", "price") == [1.5, 2.0, 3.0]


def test_a_folder_below_is_as_good(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "data/prices.csv")
    assert read_column(tmp_path, "data/prices.csv", "price") == [1.5, 2, 3]
    assert read_column(tmp_path, "data/../data/prices.csv", "price") == [1.5, 2, 3]
    (tmp_path / "link.csv").symlink_to(tmp_path / "data" / "prices.csv")
    assert read_column(tmp_path, "link.csv", "price") == [1.5, 2, 3]
    (tmp_path / "other").symlink_to(tmp_path / "data")  # a priors folder that is a link itself
    assert read_column(tmp_path / "other", "prices.csv", "price") == [1.5, 2, 3]


@pytest.mark.parametrize("name", ["../secret.csv", "data/../../secret.csv", "data\0.csv", ".."])
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, name: str) -> None:
    write(tmp_path, GOOD, "secret.csv")
    folder = tmp_path / "priors"
    folder.mkdir()
    with pytest.raises(ValueError, match="data in the folder of the priors file or below it, got"):
        read_column(folder, name, "price")


def test_nor_does_an_absolute_path_or_a_link_lead_out(tmp_path: Path) -> None:
    write(tmp_path, GOOD, "secret.csv")
    folder = tmp_path / "priors"
    folder.mkdir()
    (folder / "link.csv").symlink_to(tmp_path / "secret.csv")
    (folder / "up").symlink_to(tmp_path)
    inside = str(folder / "own.csv")
    write(folder, GOOD, "own.csv")
    for name in (str(tmp_path / "secret.csv"), "link.csv", "up/secret.csv", inside):
        with pytest.raises(ValueError, match=r"or below it, got '.*'. Copy the file there."):
            read_column(folder, name, "price")


def test_a_link_to_itself_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "loop.csv").symlink_to("loop.csv")
    with pytest.raises(ValueError, match="or below it, got 'loop.csv'. Copy"):
        read_column(tmp_path, "loop.csv", "price")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "price.csv",
            "a CSV file at 'price.csv', found none. Check the path. Did you mean 'prices",
        ),
        (
            "nowhere/prices.csv",
            "a CSV file at 'nowhere/prices.csv', found none. Check the path.",
        ),
        ("folder.csv", "Expected a CSV file at 'folder.csv', found none."),
        ("", "Expected a CSV file at '', found none."),
        ("x" * 300 + ".csv", "Expected a file that can be read at 'x+', got File name too long."),
    ],
)
def test_a_file_that_is_not_there(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ValueError, match=message.replace("?", ".")):
        read_column(tmp_path, name, "price")


def test_an_address_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="beside the priors file, got the address 'https://x.org/"):
        read_column(tmp_path, "https://x.org/prices.csv", "price")


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")  # reading it would wait for ever
    with pytest.raises(ValueError, match="Expected a CSV file at 'pipe.csv', found none."):
        read_column(tmp_path, "pipe.csv", "price")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "",
            "Expected a first line of column names in prices.csv, got none. Add one, and numbers.",
        ),
        ("date,price\n", "numbers below the column names in prices.csv, got none. Add some."),
        ("date,prices\n", "No column 'price' in prices.csv, which has date, prices. Name one of t"),
        ("date,prices\n", "Name one of these. Did you mean 'prices'?"),
        ("price,price\n1,2\n", "one column 'price' in prices.csv, got 2. Rename the others in the"),
        (
            "date,price\nx,1\nx,one\n",
            "number in line 3 of prices.csv, got 'one'. Correct or remove",
        ),
        ("date,price\nx,1\n\nx,nan\n", "a finite number in line 4 of prices.csv, got 'nan'."),
        ("date,price\nx,inf\n", "a finite number in line 2 of prices.csv, got 'inf'."),
        ("date,price\nx,\n", "a finite number in line 2 of prices.csv, got an empty cell."),
        ("date,price\nx\n", "a finite number in line 2 of prices.csv, got an empty cell."),
        ("date,price\nx,1 000\n", "in line 2 of prices.csv, got '1 000'."),
        ("date,price\nx,1\0\n", "in line 2 of prices.csv, got '1.x00'."),
        ('date,price\nx,"1\n', "comma-separated values in prices.csv, got something else in line"),
        ('date,price\nx,"1"2\n', "something else in line 2 .',' expected after '\"'.. Correct it."),
        (b"date,price\nx,1\xff\n", "UTF-8 in prices.csv, got the byte 0xff. Save the file as UTF"),
    ],
)
def test_what_is_no_column_of_numbers(tmp_path: Path, text: str | bytes, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ValueError, match=message.replace("?", ".")):
        read_column(tmp_path, "prices.csv", "price")


def test_a_huge_file_is_not_even_opened(tmp_path: Path) -> None:
    with (tmp_path / "prices.csv").open("wb") as file:
        file.truncate(10_000_001)  # a hole: it takes no room
    with pytest.raises(
        ValueError, match="at most 10 MB of data, got 10,000,001 bytes. Thin it out"
    ):
        read_column(tmp_path, "prices.csv", "price")


def test_too_many_values_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_column, "MOST", 3)
    write(tmp_path, GOOD)
    assert len(read_column(tmp_path, "prices.csv", "price")) == 3
    write(tmp_path, GOOD + "x,4\n")
    with pytest.raises(ValueError, match="at most 3 values in prices.csv, got more. Thin them out"):
        read_column(tmp_path, "prices.csv", "price")


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an administrator, who may read everything, sees it: the system's refusal is stood in."""

    def refused(self: Path, **_: object) -> str:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self))

    write(tmp_path, GOOD)
    monkeypatch.setattr(Path, "read_text", refused)
    with pytest.raises(ValueError, match="a file that can be read at .*, got Permission denied."):
        read_column(tmp_path, "prices.csv", "price")

"""A column of numbers beside a priors file: what is read, and every way in which it is refused."""

from __future__ import annotations

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
    with pytest.raises(ValueError, match="Expected a file that can be read|Expected a CSV file at"):
        read_column(tmp_path, "loop.csv", "price")


@pytest.mark.parametrize(
    ("name", "message"),
    [
        (
            "price.csv",
            "a CSV file at 'price.csv', found none. Did you mean 'prices.csv'? Check it.",
        ),
        (
            "nowhere/prices.csv",
            "Expected a CSV file at 'nowhere/prices.csv', found none. Check it.",
        ),
        ("folder.csv", "Expected a CSV file at 'folder.csv', found none."),
        ("", "Expected a CSV file at '', found none."),
        ("x" * 300 + ".csv", "Expected a file that can be read at 'x+', got File name too long."),
    ],
)
def test_a_file_that_is_not_there(tmp_path: Path, name: str, message: str) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(ValueError, match=message.replace("?", "\\?")):
        read_column(tmp_path, name, "price")


def test_a_pipe_is_no_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")  # reading it would wait for ever
    with pytest.raises(ValueError, match="Expected a CSV file at 'pipe.csv', found none."):
        read_column(tmp_path, "pipe.csv", "price")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected one column 'price' in prices.csv, got an empty file. Name one of these."),
        ("date,prices\n", "got date, prices. Did you mean 'prices'? Name one of these."),
        ("price,price\n1,2\n", "Expected one column 'price' in prices.csv, got price, price."),
        ("date,price\nx,1\nx,one\n", "a finite number in prices.csv, line 3, got 'one'. Correct"),
        ("date,price\nx,1\n\nx,nan\n", "a finite number in prices.csv, line 4, got 'nan'."),
        ("date,price\nx,inf\n", "a finite number in prices.csv, line 2, got 'inf'."),
        ("date,price\nx,\n", "a finite number in prices.csv, line 2, got ''. Correct or remove"),
        ("date,price\nx\n", "a finite number in prices.csv, line 2, got ''."),
        ("date,price\nx,1 000\n", "line 2, got '1 000'."),
        ("date,price\nx,1\0\n", "line 2, got '1\0'."),
        ('date,price\nx,"1\n', "Expected a CSV file in prices.csv, got unexpected end of data in"),
        ('date,price\nx,"1"2\n', "got ',' expected after '\"' in line 2. Correct it."),
        (b"date,price\nx,1\xff\n", "Expected UTF-8 in prices.csv, got the byte 0xff. Save it so."),
    ],
)
def test_what_is_no_column_of_numbers(tmp_path: Path, text: str | bytes, message: str) -> None:
    write(tmp_path, text)
    with pytest.raises(ValueError, match=message.replace("?", "\\?")):
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
    with pytest.raises(ValueError, match="Expected at most 3 values in prices.csv, got 4. Thin th"):
        read_column(tmp_path, "prices.csv", "price")


@pytest.mark.skipif(os.geteuid() == 0, reason="everything can be read by the administrator")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    (tmp_path / "prices.csv").chmod(0)
    with pytest.raises(ValueError, match="a file that can be read at .*, got Permission denied."):
        read_column(tmp_path, "prices.csv", "price")

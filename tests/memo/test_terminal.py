"""The screen: everything in order, aligned, nothing cut, at any width."""

from __future__ import annotations

import re

import pytest
import xarray as xr
from rich.cells import cell_len

from risk.memo.context import Context
from risk.memo.layout import Group, table
from risk.memo.terminal import screen


def blocks(text: str) -> list[list[str]]:
    return [block.splitlines() for block in text.strip().split("\n\n")]


@pytest.mark.parametrize("width", [80, 100, 160])
def test_it_fits_and_nothing_is_cut(context: Context, width: int) -> None:
    text = screen(context, ["Files: runs/x"], width)
    assert "…" not in text
    assert max(map(cell_len, text.splitlines())) <= width
    assert not re.search(r"[ \t]$", text, re.MULTILINE)
    assert len(text.splitlines()) <= (50 if width >= 100 else 60)


def test_numbers_are_whole_even_where_there_is_no_room(context: Context) -> None:
    def cells(text: str) -> list[str]:
        return re.findall(r"[−+<>]?\$?\d[\d.,]*(?:[–][\d.,]+)?[%km]?", text)

    assert sorted(cells(screen(context, width=40))) == sorted(cells(screen(context, width=200)))


def test_the_order_is_the_one_of_the_question(context: Context) -> None:
    found = blocks(screen(context, ["Files: runs/x", "Two"], 100))
    starts = ["DeepSeek V3/R1", "Reproduced", "Risk, $ a day", "What drives", "Bridge, $", "Files"]
    assert [block[0].startswith(start) for block, start in zip(found, starts, strict=True)]
    assert found[-1] == ["Files: runs/x", "Two"]
    assert "seed 545" in found[0][0]


def test_columns_are_set_to_the_right(context: Context) -> None:
    for block in blocks(screen(context))[1:]:
        rule = next(k for k, line in enumerate(block) if line.startswith("──"))
        ends = {m.end() for m in re.finditer(r"\S(?=  |$)", block[rule - 1])} - {0}
        for line in block[rule + 1 :]:
            numbers = re.search(r"  +[−+<>$\d–]", line)
            if numbers is None:  # a note, or the second line of a label
                continue
            for match in re.finditer(r"\S+?(?: \S+?)*(?=  |$)", line[numbers.start() :]):
                assert numbers.start() + match.end() in ends, (line, block[rule - 1])


def test_both_gaps_are_ranked_with_intervals(context: Context) -> None:
    ranking = blocks(screen(context))[3]
    assert re.search(r"Revenue gap +Profit gap", ranking[0])
    assert ranking[1].split() == ["rank", "total", "95%", "interval"] * 2
    first = ranking[3]
    assert re.fullmatch(r"Paid user share( +1 +0\.\d+ +0\.\d+–0\.\d+){2}", first)
    assert any(line.startswith("GPU price ") and " 0 " in line for line in ranking)


def test_a_figure_that_is_missed_is_marked(context: Context) -> None:
    study = context.study.copy()
    data = study["published"].to_dataset()
    tolerance = data["tolerance"].copy(data=[1e-9, 1.0, 1.0, 1.0])
    study["published"] = xr.DataTree(data.assign(tolerance=tolerance))
    block = blocks(screen(study))[1]
    assert [line.endswith("*") for line in block[2:6]] == [True, False, False, False]
    assert block[-1] == "* outside its tolerance"


def test_words_of_the_priors_are_no_markup(own: Context) -> None:
    assert "Price | [bold]list " in screen(own)


def test_a_small_study_has_a_small_screen(plain_study: xr.DataTree) -> None:
    found = blocks(screen(plain_study))
    assert [block[0].split()[0] for block in found] == ["Untitled", "Risk", "What"]


def test_a_table_wraps_its_labels_only() -> None:
    groups = [Group("One", ["a"]), Group("A long heading", ["b", "c"])]
    rows = [["a label of several words", "1", "22", "333"], ["漢字", "4", "5", "6"]]
    assert table("Title", groups, rows, 34) == [
        "Title          One  A long heading",
        "                 a   b           c",
        "─" * 34,
        "a label of       1  22         333",
        "  several",
        "  words",
        "漢字             4   5           6",
    ]

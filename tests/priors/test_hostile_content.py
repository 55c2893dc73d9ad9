"""What a file says is data: markup, code and hidden characters, and paths out of its folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from risk.prior_file import PriorsError, read_priors

HEAD = """title = "A"
[sources.list]
title = "List"
url = "https://example.org/list"
read = 2026-11-23
grade = "A"
"""
NORMAL = 'family = "normal"\nparameters = { mean = 1, standard_deviation = 1 }'
DATA = 'family = "normal"\ndata = "data.csv"\ncolumn = "price"'


def an_input(name: str, body: str, label: str = "X") -> str:
    about = f'label = "{label}"\nunit = "1"\ndescription = "A number."\nsources = ["list"]'
    return f"[inputs.{name}]\n{about}\n{body}\n"


LABELS = [
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} {% for x in y %} ${x} #{x}",
    "[bold red]x[/red] [link=https://example.org]y[/link]",
    "| a | b | ![](https://example.org/x.png) [x](javascript:1)",
    "=HYPERLINK(1) %s %(name)s {0} {name}",
    "$(rm -r x) `x`; x && y",
    "é 中文 עברית 👩‍🔬",
]


@pytest.mark.parametrize("label", LABELS)
def test_markup_and_code_are_text(tmp_path: Path, label: str) -> None:
    path = tmp_path / "case.toml"
    path.write_text(HEAD + an_input("x", NORMAL, label), encoding="utf-8")
    priors = read_priors(path)
    assert priors["x"].label == label
    assert priors.as_dict()["inputs"]["x"]["label"] == label


HIDDEN = {
    "escape": "\\u001b[2J",
    "zero": "\\u0000",
    "bell": "\\u0007",
    "delete": "\\u007f",
    "next line": "\\u0085",
    "right to left": "\\u202e",
    "isolate": "\\u2066",
    "carriage return": "\\r",
}


@pytest.mark.parametrize("text", HIDDEN.values(), ids=HIDDEN.keys())
@pytest.mark.parametrize("key", ["label", "unit", "description"])
def test_characters_that_hide_others_are_refused(tmp_path: Path, key: str, text: str) -> None:
    path = tmp_path / "case.toml"
    good = HEAD + an_input("x", NORMAL)
    path.write_text(good.replace(f'\n{key} = "', f'\n{key} = "{text}'), encoding="utf-8")
    with pytest.raises(PriorsError, match="control characters|on one line") as caught:
        read_priors(path)
    (line,) = caught.value.problems
    assert line.isprintable()


@pytest.mark.parametrize("text", ["\\n", "\\u2028", "\\u000b"])
def test_a_label_has_one_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "case.toml"
    path.write_text(HEAD + an_input("x", NORMAL, f"a{text}b"), encoding="utf-8")
    with pytest.raises(PriorsError, match="expected text on one line, got 'a.*b', join its lines"):
        read_priors(path)


def test_data_behind_a_link_out_of_the_folder_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "secret.csv").write_text("price\n" + "1\n2\n" * 9, encoding="utf-8")
    folder = tmp_path / "priors"
    folder.mkdir()
    path = folder / "case.toml"
    path.write_text(HEAD + an_input("x", DATA), encoding="utf-8")
    outside = (
        "expected data in the folder of the priors file or below it, got 'data.csv'. Copy the "
        "file there"
    )
    for target in (tmp_path / "secret.csv", Path("../secret.csv"), Path("/dev/zero")):
        (folder / "data.csv").symlink_to(target)
        with pytest.raises(PriorsError) as caught:
            read_priors(path)
        assert caught.value.problems == [f"{path}:13:8: inputs.x.data: {outside}"]
        (folder / "data.csv").unlink()
    (folder / "data").symlink_to(tmp_path)  # a folder as a link
    path.write_text(HEAD + an_input("x", DATA.replace("data.csv", "data/secret.csv")))
    with pytest.raises(PriorsError, match="expected data in the folder of the priors file"):
        read_priors(path)


def test_links_in_a_circle_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "data.csv").symlink_to("other.csv")
    (tmp_path / "other.csv").symlink_to("data.csv")
    path = tmp_path / "case.toml"
    path.write_text(HEAD + an_input("x", DATA), encoding="utf-8")
    with pytest.raises(PriorsError, match=r"13:8: inputs\.x\.data: expected"):
        read_priors(path)


@pytest.mark.parametrize("name", ["x" * 300, "x/" * 5000 + "x", "~/data.csv", "con", "data.csv/"])
def test_a_path_that_no_file_can_have_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / "case.toml"
    path.write_text(HEAD + an_input("x", DATA.replace("data.csv", name)), encoding="utf-8")
    with pytest.raises(PriorsError, match=r"13:8: inputs\.x\.data: expected") as caught:
        read_priors(path)
    assert len(caught.value.problems[0]) < 400 + len(str(path))


def test_a_link_inside_the_folder_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real.csv").write_text("price\n" + "1\n2\n" * 9, encoding="utf-8")
    (tmp_path / "data.csv").symlink_to("real.csv")
    path = tmp_path / "case.toml"
    path.write_text(HEAD + an_input("x", DATA), encoding="utf-8")
    assert str(read_priors(path)["x"].marginal) == "Normal(1.5, 0.5)"

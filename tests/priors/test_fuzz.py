"""A good file with a few random changes is read, or refused in well-formed lines: nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from risk.model import profit_model
from risk.prior_file import PriorsError, read_priors
from risk.priors import Priors
from risk.shipped import main_case

LINES = main_case().read_text(encoding="utf-8").splitlines()
PROBLEM = re.compile(r"case\.toml:(\d+):(\d+): \S.*?: \S.*[^.]")
VALUES = [
    *(
        '""',
        '"open"',
        '"1/0"',
        '"608/168"',
        '"€ [x] # y"',
        "'''a\nb'''",
        "true",
        "-1",
        "0",
        "1e308",
    ),
    *(
        "1e-320",
        "nan",
        "-inf",
        "10000000000000000000000",
        "2026-11-23",
        "07:32:00",
        "[]",
        "[1, 'a']",
    ),
    *(
        "[[1], {}]",
        "{}",
        "{ p5 = 1, p50 = 2, p95 = 3 }",
        "{ p5 = 0.1, p95 = 0.2 }",
        "{ a.b.c = 1 }",
    ),
    *(
        "{ open = 1 }",
        "{ mu = 1, sigma = 1 }",
        "{ fact = 1 }",
        "[",
        "}",
        '"',
        "'",
        "\\",
        "= 1",
        "\x00",
    ),
]
HEADERS = [
    "[inputs]",
    "[inputs.x]",
    "[[inputs]]",
    "[[published]]",
    "[sources]",
    "[a.b.c]",
    "[]",
    "[",
]
WORDS = [
    "family",
    "fact",
    "unit",
    "inputs",
    "open",
    "p5",
    "mu",
    "quantiles",
    "probabilities",
    "x.y",
]

where = st.integers(0, len(LINES) - 1)
CHANGES = st.one_of(
    st.tuples(st.just("delete"), where),
    st.tuples(st.just("double"), where),
    st.tuples(st.just("swap"), where, where),
    st.tuples(st.just("cut"), where, st.integers(0, 60)),
    st.tuples(st.just("value"), where, st.sampled_from(VALUES)),
    st.tuples(st.just("inner"), where, st.integers(0, 3), st.sampled_from(VALUES)),
    st.tuples(st.just("word"), where, st.sampled_from(WORDS)),
    st.tuples(st.just("line"), where, st.sampled_from(HEADERS)),
    st.tuples(st.just("line"), where, st.text(max_size=12)),
)


def changed(lines: list[str], kind: str, at: int, *what: object) -> list[str]:
    """The lines with one change; `at` may lie behind the end after a cut."""
    at = min(at, len(lines) - 1)
    before, line, after = lines[:at], lines[at], lines[at + 1 :]
    match kind, what:
        case "delete", ():
            return [*before, *after] or [""]
        case "double", ():
            return [*before, line, line, *after]
        case "swap", (int(other),):
            other = min(other, len(lines) - 1)
            lines = lines.copy()
            lines[at], lines[other] = lines[other], lines[at]
            return lines
        case "cut", (int(column),):
            return [*before, line[:column]]
        case "value", (str(value),):
            return [*before, re.sub("=.*", lambda _: f"= {value}", line, count=1), *after]
        case "inner", (int(which), str(value)):
            found = list(re.finditer(r'"[^"]*"|[\d.]+', line))
            if found:
                old = found[which % len(found)]
                line = line[: old.start()] + value + line[old.end() :]
            return [*before, line, *after]
        case "word", (str(word),):
            return [*before, re.sub(r"\w+", word, line, count=1), *after]
        case _, (str(text),):
            return [*before, text, *after]
    raise AssertionError(kind)


def refusal(path: Path) -> list[str] | None:
    """The problems that the reader names, or None when it reads the file."""
    try:
        assert isinstance(read_priors(path, profit_model), Priors)
    except PriorsError as error:
        return error.problems
    return None


@settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(CHANGES, min_size=1, max_size=4))
def test_a_changed_file_is_read_or_refused(
    tmp_path: Path, changes: list[tuple[object, ...]]
) -> None:
    lines = LINES
    for kind, at, *what in changes:
        lines = changed(lines, kind, at, *what)  # type: ignore[arg-type]
    path = tmp_path / "case.toml"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    problems = refusal(path)
    if problems is None:
        return
    found = [PROBLEM.fullmatch(line.removeprefix(f"{tmp_path}/")) for line in problems]
    places = [(int(m[1]), int(m[2])) for m in found if m]
    assert len(places) == len(problems) > 0, problems
    assert places == sorted(places)
    text = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    for line, column in places:
        assert 1 <= column <= len(text[line - 1]) + 1


@pytest.mark.parametrize("line", range(0, len(LINES), 9))
def test_a_file_that_ends_early_is_read_or_refused(tmp_path: Path, line: int) -> None:
    path = tmp_path / "case.toml"
    path.write_text("\n".join(LINES[:line]), encoding="utf-8")
    with pytest.raises(PriorsError, match=re.escape(str(path))):
        read_priors(path, profit_model)

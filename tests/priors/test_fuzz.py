"""A good file with a few random changes is read, or refused in well-formed lines: nothing else."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from benchmarks.mutations import LINES as NEW_LINES
from benchmarks.mutations import (
    VALUES,
    changed_document,
    changed_text,
    paths,
    toml_text,
    with_unknown_key,
)
from risk.locations import Where
from risk.model import profit_model
from risk.prior_file import PriorsError, read_priors
from risk.priors import Priors
from risk.shipped import main_case, priors_directory

GOOD = Path(__file__).parent / "good"
EVERYTHING = (GOOD / "everything.toml").read_text(encoding="utf-8")
QUICK = EVERYTHING.replace('family = "best"', 'family = "lognormal"')
TEXTS = [
    EVERYTHING,
    *(p.read_text(encoding="utf-8") for p in sorted(priors_directory().glob("*.toml"))),
]
LINES = main_case().read_text(encoding="utf-8").splitlines()
PROBLEM = re.compile(r"case\.toml:(\d+):(\d+): (\S.*?): (\S.*[^.])")
WHOLE = re.compile("not TOML|empty|nested too deeply|a number too long|byte 0x")
INNER = re.compile(r"<\w+>|UNKNOWN|unknown\(|'\?'|\bnp\.|Marginal|None\b|Traceback|f\(a\)")
SECONDS = 5  # for a file that takes a third of a second on an idle core
QUIETLY = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow]

where = st.integers(0, len(LINES) - 1)
WORDS = ["family", "fact", "unit", "inputs", "open", "p5", "mu", "quantiles", "x.y", "experts"]
CHANGES = st.one_of(
    st.tuples(st.just("delete"), where),
    st.tuples(st.just("double"), where),
    st.tuples(st.just("swap"), where, where),
    st.tuples(st.just("cut"), where, st.integers(0, 60)),
    st.tuples(st.just("value"), where, st.sampled_from([repr(v) for v in VALUES])),
    st.tuples(
        st.just("inner"), where, st.integers(0, 3), st.sampled_from([repr(v) for v in VALUES])
    ),
    st.tuples(st.just("word"), where, st.sampled_from(WORDS)),
    st.tuples(st.just("line"), where, st.sampled_from(NEW_LINES)),
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


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A priors file with the data of all good files beside it."""
    for data in (GOOD / "data", priors_directory() / "data"):
        shutil.copytree(data, tmp_path / "data", dirs_exist_ok=True)
    return tmp_path / "case.toml"


def check(path: Path, text: str, model: object = None) -> None:
    """Read a text: it is refused in well-formed lines at places in order, or it can be drawn."""
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        priors = read_priors(path, model)  # type: ignore[arg-type]
    except PriorsError as error:
        problems = error.problems
    else:
        assert isinstance(priors, Priors)
        points = np.full((len(priors.map.axes), 3), [0.1, 0.5, 0.9])
        drawn = priors.map.inputs(priors.map.columns(points))
        assert all(np.isfinite(values).all() for values in drawn.values())
        return
    found = [PROBLEM.fullmatch(line.removeprefix(f"{path.parent}/")) for line in problems]
    places = [(int(m[1]), int(m[2])) for m in found if m]
    assert len(places) == len(problems) == len(set(problems)) > 0, problems
    assert not [line for line in problems if INNER.search(line)]
    # "file" is the key of what is no TOML at all; nothing else may be said of no place.
    assert all(m[3] != "file" or WHOLE.match(m[4]) for m in found if m), problems
    assert places == sorted(places)
    lines = path.read_bytes().decode("utf-8", "replace").replace("\r\n", "\n").split("\n")
    for line, column in places:
        assert 1 <= column <= len(lines[line - 1]) + 1


@settings(max_examples=60, deadline=SECONDS * 1000, suppress_health_check=QUIETLY)
@given(st.lists(CHANGES, min_size=1, max_size=4))
def test_a_changed_main_case_is_read_or_refused(
    path: Path, changes: list[tuple[object, ...]]
) -> None:
    lines = LINES
    for kind, at, *what in changes:
        lines = changed(lines, kind, at, *what)  # type: ignore[arg-type]
    check(path, "\n".join(lines), profit_model)


@settings(max_examples=80, deadline=SECONDS * 1000, suppress_health_check=QUIETLY)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_a_document_with_other_values_is_read_or_refused(
    path: Path, seed: int, changes: int
) -> None:
    rng = Random(seed)
    document = tomllib.loads(rng.choice(TEXTS))
    for _ in range(changes):
        document = changed_document(document, rng)
    check(path, toml_text(document))


@settings(max_examples=40, deadline=SECONDS * 1000, suppress_health_check=QUIETLY)
@given(st.integers(0, 2**32), st.integers(1, 3))
def test_a_text_with_other_lines_is_read_or_refused(path: Path, seed: int, changes: int) -> None:
    rng = Random(seed)
    text = rng.choice(TEXTS)
    for _ in range(changes):
        text = changed_text(text, rng)
    check(path, text)


TABLES: list[Where] = [(), *(w for w, v in paths(tomllib.loads(EVERYTHING)) if isinstance(v, dict))]


def test_there_are_tables_of_every_kind() -> None:
    assert len(TABLES) > 110


@pytest.mark.parametrize("table", TABLES, ids=lambda table: ".".join(map(str, table)) or "file")
def test_no_table_takes_a_key_that_nothing_knows(path: Path, table: Where) -> None:
    """Also not tables of names that a file chooses: what they name must be something."""
    text = with_unknown_key(QUICK, table, "zz_key")
    path.write_text(text, encoding="utf-8")
    with pytest.raises(PriorsError) as caught:
        read_priors(path)
    named = [x for x in caught.value.problems if "zz_key" in x.split(": ")[1]]
    where = re.match(r".*:(\d+):(\d+): ", named[0] if named else "")
    summed = table[-1:] == ("probabilities",)  # another state would be one, but for the sum
    if not where:
        assert summed
        assert "sum to 1" in caught.value.problems[0] or len(caught.value.problems) > 1
        return
    line = text.split("\n")[int(where[1]) - 1]
    assert "zz_key = 1" in line
    assert line[int(where[2]) - 1 :].startswith("1")


@settings(max_examples=40, deadline=SECONDS * 1000, suppress_health_check=QUIETLY)
@given(st.sampled_from(TABLES[1:]), st.from_regex(r"[a-zA-Z0-9_-]{1,12}", fullmatch=True))
def test_no_table_takes_any_random_key(path: Path, table: Where, key: str) -> None:
    known = tomllib.loads(EVERYTHING)
    for name in table:
        known = known[name]  # type: ignore[index]
    if key in known or re.fullmatch(r"p\d\d?|minimum|maximum|shift|terms", key):
        return
    path.write_text(with_unknown_key(QUICK, table, key), encoding="utf-8")
    with pytest.raises(PriorsError):
        read_priors(path)


@pytest.mark.parametrize("line", range(0, len(LINES), 9))
def test_a_file_that_ends_early_is_read_or_refused(tmp_path: Path, line: int) -> None:
    path = tmp_path / "case.toml"
    path.write_text("\n".join(LINES[:line]), encoding="utf-8")
    with pytest.raises(PriorsError, match=re.escape(str(path))):
        read_priors(path, profit_model)

"""The shape of the code: who may import whom, how long things may be, what no file may say."""

import ast
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parents[1]


class Row(NamedTuple):
    """What a module, or every module of a package, may import from risk, and what from nowhere."""

    may: frozenset[str]
    not_from_outside: frozenset[str]


def row(may: str = "", never: str = "") -> Row:
    return Row(frozenset(may.split()), frozenset(never.split()))


def arrays(may: str = "") -> Row:
    """A module that knows no labels."""
    return row(may, never="xarray matplotlib")


BELIEF = "marginals families elicitation data_fit experts"
JOINT = "conditional copula blocks latent dependence"
PRIORS = f"{BELIEF} {JOINT} sources signature checks block_checks priors"
READING = "prior_belief prior_fits prior_experts prior_blocks prior_build prior_file".split()
READER = f"prior_forms prior_schema prior_report {' '.join(READING)}"
BELOW_STUDY = (
    f"names {PRIORS} {READER} designs model stats evaluation exchanges engine workers checkpoint "
    "simulation"
)
HEAVY = "numpy scipy xarray matplotlib"
BELOW_RUN = f"{BELOW_STUDY} processes"
ABOVE = "model_results analysis identity study"
TABLE = {  # `version` is for everyone
    "version": row(),
    "names": row(never="matplotlib"),
    "tables": arrays(),
    "marginals": arrays("tables"),
    "families": arrays("marginals"),
    "elicitation": arrays("marginals families"),
    "data_fit": arrays("marginals families elicitation"),
    "data_column": arrays("names"),
    "experts": arrays("marginals families"),
    "copula": arrays("marginals"),
    "blocks": arrays("marginals families sources"),
    "latent": arrays("copula blocks"),
    "conditional": arrays("marginals"),
    "dependence": arrays("marginals conditional blocks latent"),
    "sources": arrays(),
    "signature": arrays(),
    "locations": arrays(),
    "checks": arrays("names marginals conditional dependence signature priors"),
    "block_checks": arrays(f"names {BELIEF} {JOINT} checks priors"),
    "prior_forms": arrays(),
    "prior_schema": arrays("prior_forms"),
    "prior_report": arrays(f"names checks locations {READER}"),
    **dict.fromkeys(READING, arrays(f"names {PRIORS} {READER} locations data_column")),
    "prior_record": row("marginals blocks conditional dependence priors", never="matplotlib"),
    "prior_changes": arrays("blocks conditional dependence"),
    "priors": row(f"names {PRIORS} prior_record prior_changes", never="matplotlib"),
    "factors": row("names marginals conditional dependence priors", never="matplotlib"),
    "evaluation": row(
        "names marginals conditional dependence signature checks priors trace model_results",
        never="matplotlib",
    ),
    "designs": row("names", never="matplotlib"),
    "trace": row(never="scipy xarray matplotlib"),
    "model": row(never="scipy xarray matplotlib random secrets numpy.random"),
    "stats": arrays(),
    "exchanges": arrays("designs evaluation stats trace"),
    "engine": arrays("designs exchanges stats"),
    "model_results": arrays("names signature"),
    "analysis": row(f"{BELOW_STUDY} trace factors memo.formats", never="matplotlib"),
    "files": arrays(),
    "store": row("files names", never="scipy matplotlib"),
    "identity": arrays("priors signature"),
    "checkpoint": arrays("engine files stats"),
    "simulation": arrays(
        "designs exchanges engine evaluation model_results stats checkpoint workers"
    ),
    **dict.fromkeys("workers processes shipped progress".split(), row("workers", never=HEAVY)),
    "study": row(f"{BELOW_STUDY} factors analysis identity store", never="matplotlib"),
    "plots": row("names memo.formats", never="scipy SALib"),
    "memo": row("names", never="scipy SALib"),
    "memo.formats": row(),
    "runs": row("files store plots memo"),
    "commands": row(f"{BELOW_RUN} {ABOVE} factors files memo plots", never="matplotlib"),
    "console": arrays("model_results workers checkpoint progress memo.entries"),
    "cli": row(f"{BELOW_STUDY} commands console study store plots memo runs shipped files"),
    "__init__": row(f"{BELOW_STUDY} {ABOVE} store progress"),
    "__main__": row("cli"),
}

LONGEST_FILE = 300
LONGEST_FUNCTION = 45
GENERATED = {"build", "dist", "runs", "__pycache__"}
KEPT_DOT_FOLDERS = {".ci"}
BINARY = {".nc", ".png", ".ttf"}
BANNED = {  # with [one letter] in brackets, so that this file does not hold what it looks for
    "unfinished work": r"\b(TO[D]O|FIX[M]E|X[X]X)\b",
    "path of a machine": r"(?<![\w.~-])/(wor[k]|roo[t]|far[m]|hom[e]/\w+|tm[p]/\w+)/",
    "package registry": r"(pyp[i]|pythonhoste[d]|npmj[s]|deb\.debia[n]|anacond[a])\.(org|com)",
}


def project_files() -> list[Path]:
    """Every file that belongs to the project, tracked or about to be."""

    def belongs(folder: str) -> bool:
        return folder not in GENERATED and (folder in KEPT_DOT_FOLDERS or folder[0] != ".")

    found: list[Path] = []
    for folder, below, files in os.walk(ROOT):
        below[:] = filter(belongs, below)
        found += [Path(folder, file) for file in files if file != ".git"]
    return sorted(found)


def module_of(path: Path, package: Path) -> str:
    """Dotted name inside the package: `model.sales`, `model` for its `__init__`."""
    parts = list(path.relative_to(package).with_suffix("").parts)
    if len(parts) > 1 and parts[-1] == "__init__":
        parts.pop()
    return ".".join(parts)


def covering(module: str) -> str | None:
    """The longest row that names the module or a package that holds it."""
    parts = module.split(".")
    names = (".".join(parts[:size]) for size in range(len(parts), 0, -1))
    return next((name for name in names if name in TABLE), None)


def within(module: str, names: frozenset[str]) -> bool:
    return any(module == name or module.startswith(f"{name}.") for name in names)


def imports(path: Path, package: Path) -> Iterator[tuple[int, str]]:
    """Line and full name of everything imported, wherever it stands; `np.random` counts as one."""
    inside = ["risk", *path.relative_to(package).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = inside[: len(inside) - node.level + 1] if node.level else []
            start = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{start}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in {("np", "random"), ("numpy", "random")}:
                yield node.lineno, "numpy.random"


def import_faults(path: Path, package: Path) -> list[str]:
    """What the file imports against the table, one line each."""
    module = module_of(path, package)
    name = covering(module)
    if name is None:
        return [f"{path.name}: `{module}` has no row in the table of {Path(__file__).name}"]
    allowed = TABLE[name].may | {name, "version"}
    faults = []
    for line, imported in imports(path, package):
        top, _, rest = imported.partition(".")
        if top == "risk" and not within(rest, allowed):
            faults.append(f"{path.name}:{line}: `{name}` may not import {imported}")
        if within(imported, TABLE[name].not_from_outside):
            faults.append(f"{path.name}:{line}: `{name}` must not use {imported}")
    return faults


def function_lengths(text: str) -> Iterator[tuple[str, int]]:
    """Name and lines of code of each function's body.

    Its docstring, comments and blank lines do not count, nor does the signature: that of the model
    is the list of its inputs.
    """
    lines = [line.strip() for line in text.splitlines()]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node) is not None
            start = (first.end_lineno or 0) + 1 if documented else first.lineno
            body = lines[start - 1 : node.end_lineno]
            yield node.name, sum(bool(line) and not line.startswith("#") for line in body)


def banned(text: str) -> list[str]:
    """What the text says that no file of the project may say."""
    return [f"{what}: {m[0]}" for what, p in BANNED.items() for m in re.finditer(p, text)]


def test_imports_follow_the_table() -> None:
    package = ROOT / "risk"
    files = sorted(package.rglob("*.py"))
    assert files
    faults = [fault for path in files for fault in import_faults(path, package)]
    assert not faults, "\n".join(faults)


def test_every_row_names_a_module() -> None:
    package = ROOT / "risk"
    modules = {module_of(path, package) for path in package.rglob("*.py")}
    assert set(TABLE) - modules == set()


@pytest.mark.parametrize(
    ("file", "source", "fault"),
    [
        ("model/sales.py", "import scipy.stats", "`model` must not use scipy.stats"),
        ("model/sales.py", "from numpy import random", "`model` must not use numpy.random"),
        ("model/sales.py", "x = np.random.rand()", "`model` must not use numpy.random"),
        ("model/sales.py", "from risk import stats", "`model` may not import risk.stats"),
        ("plots/bridge.py", "from ..stats import sobol", "`plots` may not import risk.stats.sobol"),
        ("plots/bridge.py", "def f():\n    import risk.engine", "may not import risk.engine"),
        (
            "plots/bridge.py",
            "from risk.memo.numbers import n",
            "may not import risk.memo.numbers.n",
        ),
        ("names.py", "import risk", "`names` may not import risk"),
        ("dependence.py", "import risk.marginals_of_old", "may not import risk.marginals_of_old"),
        ("mystery.py", "", "`mystery` has no row"),
    ],
)
def test_a_forbidden_import_is_found(tmp_path: Path, file: str, source: str, fault: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    (found,) = import_faults(path, tmp_path)
    assert fault in found


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("model/sales.py", "from risk.model import workload\nfrom .units import USD"),
        ("model/__init__.py", "from .profit import profit_model\nimport numpy as np"),
        ("plots/bridge.py", "from risk.memo import formats\nimport matplotlib"),
        ("store.py", "from risk.version import __version__\nfrom . import names"),
    ],
)
def test_an_allowed_import_is_left_alone(tmp_path: Path, file: str, source: str) -> None:
    path = tmp_path / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(source)
    assert import_faults(path, tmp_path) == []


def test_files_and_functions_fit_a_screen() -> None:
    faults = []
    for path in project_files():
        if path.suffix == ".py":
            text = path.read_text(encoding="utf-8")
            name = path.relative_to(ROOT).as_posix()
            if (lines := len(text.splitlines())) > LONGEST_FILE:
                faults.append(f"{name}: {lines} lines, {LONGEST_FILE} at most")
            for function, length in function_lengths(text):
                if length > LONGEST_FUNCTION:
                    faults.append(
                        f"{name}: {function} has {length} lines, {LONGEST_FUNCTION} at most"
                    )
    assert not faults, "\n".join(faults)


def test_the_length_of_a_function_is_that_of_its_body() -> None:
    source = 'def f(\n    a,\n):\n    """One.\n\n    Two.\n    """\n    # why\n\n    return a\n'
    assert list(function_lengths(source)) == [("f", 1)]
    assert list(function_lengths("def g():\n    return (\n        1\n    )\n")) == [("g", 3)]


def test_no_file_says_what_it_must_not() -> None:
    faults = []
    for path in project_files():
        if path.suffix not in BINARY:
            text = path.read_bytes().decode("utf-8", errors="replace")
            faults += [f"{path.relative_to(ROOT).as_posix()}: {what}" for what in banned(text)]
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "text",
    ["# TO" + "DO: later", "open('/wo" + "rk/x')", "see /ro" + "ot/.x", "https://py" + "pi.org/p"],
)
def test_banned_text_is_found(text: str) -> None:
    assert len(banned(text)) == 1


def test_an_address_with_a_like_path_is_not_a_machine_path() -> None:
    assert (
        banned("https://example.org/{0}/paper.html and ./{0}/ and a/{1}/b".format("work", "root"))
        == []
    )

"""Does any changed priors file end in a traceback, and is any unknown key accepted?

Good files with one to three random changes: to their lines, to what they say (values of other types
and sizes, keys removed, added, renamed or borrowed from elsewhere), and files with one key that
nothing knows in a random table. Each is read with the reader of `risk check`; what it accepts is
drawn from, what it refuses must be well-formed lines with a place, in words for people, each once.
A warning counts as a traceback.
"""

from __future__ import annotations

import random
import re
import shutil
import tempfile
import time
import tomllib
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from benchmarks.mutations import changed_document, changed_text, paths, toml_text, with_unknown_key
from benchmarks.report import publish, table
from risk.prior_file import PriorsError, read_priors
from risk.shipped import priors_directory

FILES = 1000  # of each kind
GOOD = Path(__file__).resolve().parents[1] / "tests" / "priors" / "good"
LINE = re.compile(r"case\.toml:[1-9]\d*:[1-9]\d*: \S.*?: \S.*[^.]")
INNER = re.compile(r"<\w+>|UNKNOWN|unknown\(|'\?'|\bnp\.|Marginal|None\b|Traceback|f\(a\)|\w+Error")
Change = Callable[[str, random.Random], str]


def several(change: Change) -> Change:
    """One to three changes."""

    def apply(text: str, rng: random.Random) -> str:
        for _ in range(rng.randint(1, 3)):
            text = change(text, rng)
        return text

    return apply


def other_values(text: str, rng: random.Random) -> str:
    """The same document with something else in it."""
    document = tomllib.loads(text)
    for _ in range(rng.randint(1, 3)):
        document = changed_document(document, rng)
    return toml_text(document)


def unknown_key(text: str, rng: random.Random) -> str:
    """A key that nothing knows in one of the tables."""
    tables = [where for where, value in paths(tomllib.loads(text)) if isinstance(value, dict)]
    fixed = [where for where in tables if where[-1] not in NAMED and len(where) > 1]
    return with_unknown_key(text, rng.choice(fixed), "nobody_knows_this")


NAMED = {  # tables whose keys are names
    *("sources", "inputs", "states", "correlations", "shares"),
    *("parameters", "quantiles", "probabilities", "held", "spread"),
}
KINDS: dict[str, Change] = {
    "lines changed": several(changed_text),
    "values and keys changed": other_values,
    "an unknown key": unknown_key,
}


def outcome(path: Path) -> str:
    """What the reader makes of a file: "read", "refused", or what went wrong."""
    try:
        priors = read_priors(path)
        points = np.full((len(priors.map.axes), 3), [0.1, 0.5, 0.9])
        drawn = priors.map.inputs(priors.map.columns(points))
        finite = all(np.isfinite(x).all() for x in drawn.values())
        return "read" if priors.hash and finite else "not finite"
    except PriorsError as error:
        lines = [line.removeprefix(f"{path.parent}/") for line in error.problems]
        well = all(LINE.fullmatch(line) and not INNER.search(line) for line in lines)
        return "refused" if lines and well and len(set(lines)) == len(lines) else "badly said"
    except Exception as error:  # what must never happen, counted
        return f"traceback: {type(error).__name__}"


def fuzz(texts: Sequence[str], change: Change, seed: int, path: Path) -> tuple[Counter[str], float]:
    """How often each outcome, and the slowest file in seconds."""
    rng = random.Random(seed)
    found: Counter[str] = Counter()
    slowest = 0.0
    for _ in range(FILES):
        text = change(rng.choice(texts), rng)
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        start = time.perf_counter()
        found[outcome(path)] += 1
        slowest = max(slowest, time.perf_counter() - start)
    return found, slowest


def main() -> None:
    """Write reader_fuzz.md."""
    warnings.simplefilter("error")
    sources = [GOOD / "everything.toml", *sorted(priors_directory().glob("*.toml"))]
    texts = [path.read_text("utf-8") for path in sources]
    rows, counts = [], Counter[str]()
    with tempfile.TemporaryDirectory() as folder:
        for data in (GOOD / "data", priors_directory() / "data"):
            shutil.copytree(data, Path(folder, "data"), dirs_exist_ok=True)
        for seed, (kind, change) in enumerate(KINDS.items()):
            found, slowest = fuzz(texts, change, seed, Path(folder, "case.toml"))
            counts += found
            wrong = sum(n for what, n in found.items() if what not in ("read", "refused"))
            numbers = [f"{found[what]:,}" for what in ("read", "refused")]
            rows.append([kind, f"{FILES:,}", *numbers, str(wrong), f"{slowest:.1f}"])
    others = {what: n for what, n in counts.items() if what not in ("read", "refused")}
    said = f"{counts.total():,} files: {counts['read']:,} read, {counts['refused']:,} refused, "
    said += f"and {others}." if others else "none with a traceback."
    head = ["change", "files", "read", "refused", "anything else", "slowest, s"]
    publish("reader_fuzz", [table(head, rows), said])


if __name__ == "__main__":
    main()

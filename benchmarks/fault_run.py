"""A study with a checkpoint, for `benchmarks.faults` to harm: FOLDER WORKERS → its outputs hash.

One outcome has so heavy a tail that the study takes a second look at it: the checkpoint holds the
replicates of both passes.
"""

from __future__ import annotations

import sys
from concurrent.futures import Executor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import lognorm, norm

import risk
from risk.commands.run import Place, executor

Array = NDArray[np.float64]
DRAWS, REPLICATES = 1 << 15, 120
BEGUN = "begun"


def model(a: Array, b: Array) -> dict[str, Array]:
    """One calm outcome, and one that takes a second look."""
    return {"calm": a * b, "wild": np.exp(4 * b + a)}


def study(folder: Path | None = None, workers: Executor | None = None) -> str:
    """Run it, and say the hash of what came out."""
    laws = {"a": lognorm(0.5), "b": norm(1, 1)}
    priors = {name: risk.Prior(law, unit="1", source="a test") for name, law in laws.items()}
    found = risk.run_study(
        model, risk.Priors(priors), draws=DRAWS, replicates=REPLICATES, checkpoint=folder,
        executor=workers,
    )  # fmt: skip
    return str(found.attrs["outputs_hash"])


if __name__ == "__main__":
    with executor(Place(workers=int(sys.argv[2]))) as given:
        print(BEGUN, flush=True)
        print(study(Path(sys.argv[1]), given))

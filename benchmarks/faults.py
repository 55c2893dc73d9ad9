"""What is lost when a run is killed, interrupted, or its disk fills up? It must be nothing.

Runs with a checkpoint are harmed, and the same command is run again. Finished replicates that the
harm or the next run has lost are counted, and those that were computed again though they were whole
(their files are other files then). At the end the study must have the outputs hash of one that
nobody disturbed. For Linux.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import fault_commands as commands
from benchmarks import fault_kills as kills
from benchmarks import fault_run
from benchmarks.report import publish, table

KILLS, KILLS_IN_PARALLEL, DAMAGED = 20, 5, 10
HEAD = [
    *("harm", "times", "replicates finished before", "of these lost", "computed again"),
    *("outputs hash the same", "what was seen"),
]


def main() -> None:
    """Harm runs in every way and write the table."""
    undisturbed, case = fault_run.study(), commands.reference()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        rows = [
            kills.kills(scratch, undisturbed, KILLS, workers=1, seed=1),
            kills.kills(scratch, undisturbed, KILLS_IN_PARALLEL, workers=2, seed=2),
            *commands.harmed_commands(scratch, case),
            *commands.dask_worker(scratch, case),
            *kills.damage(scratch, undisturbed, DAMAGED, seed=3),
            *commands.full_disk(scratch, case),
            kills.writing_order(scratch),
        ]
    small = f"{fault_run.REPLICATES} replicates of {fault_run.DRAWS:,} points"
    large = f"{commands.REPLICATES} replicates of {commands.DRAWS:,} points"
    note = (
        f"Killed, damaged, order of writing: a model of two inputs, {small} and a second look at a "
        "heavy tail, which has files of its own; moments uniform over the time that an "
        "uninterrupted run takes, from the end of its imports. The rest: `risk run --resume` on "
        f"the main case, {large}; signals, workers and the second run harm one study after "
        "another, which is compared at its end."
    )
    lost = sum(row.lost + row.again for row in rows)
    different = sum(len(row.same) - sum(row.same) for row in rows)
    total = (
        f"In all {sum(row.tried for row in rows)} times harmed, {sum(row.safe for row in rows):,} "
        f"finished replicates looked after: {lost} lost or computed again, {different} studies "
        "with another hash."
    )
    publish("faults", [note, table(HEAD, [row.cells for row in rows]), total])


if __name__ == "__main__":
    main()

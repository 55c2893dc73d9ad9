"""`risk run --resume` on the main case: signals, workers that die, a second run, a full disk."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import random
import re
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import risk
from benchmarks.fault_tools import PATIENCE, ROOT, Marks, Row, Run, family, quoted, there, whole
from risk.commands.run import checkpoint_of
from risk.shipped import main_case

DRAWS, REPLICATES = 1 << 14, 64
LONG = 300.0  # seconds for a run
Harm = Callable[[Run], None]


class Command:
    """`risk run --resume` into one folder, again and again, and what is left after each time."""

    def __init__(self, scratch: Path, out: Path, reference: str, *flags: str) -> None:
        self.flags = flags  # of Python
        self.cache, self.out, self.reference = scratch / "cache", out, reference
        self.checkpoint = checkpoint_of(priors(), out)
        self.rng = random.Random(str(out.name))
        self.rows: list[Row] = []
        self.left: Marks = {}

    def start(self, *more: str) -> Run:
        """The command, with some options."""
        command = [
            *self.flags,
            "-m",
            "risk",
            "run",
            "--resume",
            "--quiet",
            "--out",
            self.out,
            *more,
        ]
        size = ["--draws", DRAWS, "--replicates", REPLICATES]
        return Run([*command, *size], self.cache)

    def run(self, scenario: str, harm: Harm, *more: str, count: int | None = None) -> Row:
        """Run it, harm it once it has computed a few more replicates, and see how it ends."""
        row, run = Row(scenario), self.start(*more)
        wanted = count or len(self.left) + self.rng.randint(2, 5)
        run.wait_for(lambda: len(there(self.checkpoint)) >= wanted)
        time.sleep(self.rng.uniform(0, 0.05))
        before = there(self.checkpoint)
        harm(run)
        run.wait(LONG)
        orphans = run.end_others()
        self._resumed(there(self.checkpoint))
        self.left = whole(self.checkpoint)
        row.harmed(before, {k: v for k, v in self.left.items() if before.get(k, v) == v})
        row.seen = f"{run.ending}: {quoted(run.messages, self.out)}"
        if orphans:
            row.seen += f"; {orphans} processes ran on {PATIENCE:.0f} s later"
        self.rows.append(row)
        if run.returncode == 0:
            self._compare(run.said)
        return row

    def finish(self, *more: str) -> None:
        """The same command, left alone until it ends."""
        run = self.start(*more)
        run.wait(LONG)
        self._resumed(there(self.checkpoint))
        if run.returncode != 0:
            raise RuntimeError(f"A run that did not go on: {run.ending}, {run.messages}")
        self._compare(run.said)

    def _resumed(self, now: Marks) -> None:
        if self.rows:
            self.rows[-1].resumed(self.left, now)

    def _compare(self, said: str) -> None:
        record = json.loads((ROOT / said.strip() / "run.json").read_text("utf-8"))
        for row in self.rows:
            row.same = [record["outputs_hash"] == self.reference]


def priors() -> risk.Priors:
    """Those of the main case."""
    return risk.read_priors(main_case(), risk.profit_model)


def reference() -> str:
    """The outputs hash of the same study, without interruption or checkpoint."""
    study = risk.run_study(risk.profit_model, priors(), draws=DRAWS, replicates=REPLICATES)
    return str(study.attrs["outputs_hash"])


def harmed_commands(scratch: Path, expected: str) -> list[Row]:
    """One study that is harmed again and again, each time in another way, and goes on each time."""
    command = Command(scratch, scratch / "runs", expected)
    command.run("SIGINT", lambda run: run.send_signal(signal.SIGINT))
    command.rows[-1].seen += _number_agrees(command)
    command.run("SIGTERM", lambda run: run.send_signal(signal.SIGTERM))
    two = ("--workers", "2")
    name = "SIGTERM of the parent of two workers"
    command.run(name, lambda run: run.send_signal(signal.SIGTERM), *two)
    command.run("Ctrl-C with two workers (SIGINT to the group)", _interrupt_all, *two)
    command.rows[-1].seen += _number_agrees(command)
    command.run("kill −9 of one of two workers", _kill_a_worker, *two)
    said: list[str] = []
    name = "a second run on the same checkpoint"
    row = command.run(name, lambda first: said.append(_second(command, first)))
    if not row.same:
        command.finish()
    row.seen = said[0]
    return command.rows


def _interrupt_all(run: Run) -> None:
    os.killpg(run.pid, signal.SIGINT)  # as a terminal does


def _kill_a_worker(run: Run) -> None:
    workers = [other for child in family(run.pid) for other in family(child)]
    os.kill(workers[0], signal.SIGKILL)


def _number_agrees(command: Command) -> str:
    """Whether the message names as many replicates as are there."""
    said = re.search(r"(\d+) of \d+ replicates are safe", command.rows[-1].seen)
    count = len([name for name in command.left if name.startswith("raw")])
    return "" if said and int(said[1]) == count else f" – but there are {count}"


def _second(command: Command, first: Run) -> str:
    """Another process while the first is stopped in the middle of its work."""
    first.send_signal(signal.SIGSTOP)
    second = command.start()
    try:
        second.wait(LONG)
    finally:
        first.send_signal(signal.SIGCONT)
    named = "the first" if f"process {first.pid} " in second.messages else "another process"
    return f"{second.ending}: {quoted(second.messages, command.out)}; it names {named}"


def dask_worker(scratch: Path, expected: str) -> list[Row]:
    """A local cluster restarts the worker, and the study goes on by itself."""
    from distributed import Client, LocalCluster

    command = Command(scratch, scratch / "dask", expected)
    quiet = {"dashboard_address": ":0", "silence_logs": logging.CRITICAL}
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, **quiet) as cluster,
        Client(cluster) as client,
    ):
        workers = list(client.run(os.getpid).values())

        def harm(run: Run) -> None:
            os.kill(workers[0], signal.SIGKILL)

        address = str(cluster.scheduler_address)
        command.run("kill −9 of one of two Dask workers", harm, "--dask", address)
    if not command.rows[-1].same:
        command.finish()
    return command.rows


def full_disk(scratch: Path, expected: str) -> list[Row]:
    """A disk that fills up: at a replicate, when the results are written, among all draws."""
    with _disk(scratch / "disk") as (squeeze, release, what):
        no_bytecode = "-B"  # where files are limited it would be cut short, and kept
        command = Command(scratch, scratch / "disk" / "one", expected, no_bytecode)
        for place, count in (("a replicate", None), ("the results", REPLICATES)):
            command.run(f"a full disk ({what}) at {place}", squeeze, count=count)
            command.rows[-1].seen += _halves(command)
            release()
        command.finish()
        every = Command(scratch, scratch / "disk" / "two", expected, no_bytecode)
        every.run(f"a full disk ({what}) at the file of all draws", squeeze, "--all-draws")
        every.rows[-1].seen += _halves(every)
        release()
        every.finish("--all-draws")
        return command.rows + every.rows


def _halves(command: Command) -> str:
    place = command.checkpoint.parent
    more = [*place.rglob(".*"), *(path for path in place.iterdir() if path != command.checkpoint)]
    return f"; {len(set(more))} half files" if more else "; no half file"


@contextlib.contextmanager
def _disk(folder: Path) -> Iterator[tuple[Harm, Callable[[], None], str]]:
    """A small file system of its own that can be squeezed; else a limit on the size of files."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        yield _limit, lambda: None, "a limit on the size of files stands in"
        return

    def resize(size: int) -> None:
        options = f"remount,size={size}"
        subprocess.run(["mount", "-o", options, str(folder)], check=True, capture_output=True)

    def squeeze(run: Run) -> None:
        run.send_signal(signal.SIGSTOP)
        about = os.statvfs(folder)
        resize((about.f_blocks - about.f_bfree) * about.f_frsize + (1 << 20))
        run.send_signal(signal.SIGCONT)

    try:
        yield squeeze, lambda: resize(1 << 30), "tmpfs"
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _limit(run: Run) -> None:
    resource.prlimit(run.pid, resource.RLIMIT_FSIZE, (1 << 12, 1 << 12))

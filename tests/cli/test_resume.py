"""`risk run` with a checkpoint, with workers, and with a file of all draws."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import distributed
import pytest
import xarray as xr

import risk
from risk.checkpoint import held, open_checkpoint
from risk.commands.run import Place, executor
from risk.shipped import main_case

CASE = "deepseek_2025_02"
Command = Callable[..., Any]


def quietly(out: Path) -> tuple[str, ...]:
    return "run", "--out", str(out), "--quiet"


def outputs(out: Path, draws: int, replicates: int) -> str:
    """The hash in the record of a run."""
    records = [json.loads(path.read_text()) for path in out.glob(f"{CASE}/*/run.json")]
    found = [r for r in records if (r["draws"], r["replicates"]) == (draws, replicates)]
    assert len(found) == 1
    return str(found[0]["outputs_hash"])


@cache
def expected(draws: int, replicates: int) -> str:
    priors = risk.read_priors(main_case(), risk.profit_model)
    study = risk.run_study(risk.profit_model, priors, draws=draws, replicates=replicates)
    return str(study.attrs["outputs_hash"])


@pytest.mark.parametrize("place", [(), ("--workers", "2")])
def test_an_interrupted_run_says_what_is_safe_and_goes_on(
    command: Command, tmp_path: Path, place: tuple[str, ...]
) -> None:
    """Ctrl-C is 130; the same command finishes the very same study; --extend goes beyond it."""
    checkpoint = tmp_path / CASE / "checkpoint"
    size = ("--draws", "32768", "--replicates", "16", *place)
    options = (*quietly(tmp_path), "--resume", *size)
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-m", "risk", *options], stdout=pipe, stderr=pipe, text=True
    )
    while not list(checkpoint.glob("raw-*.replicate")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)  # what batch systems send: as Ctrl-C
    printed, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert printed == ""
    safe = held(checkpoint, 32768, 16)
    assert 1 <= safe < 16
    assert (
        f"Interrupted. {safe} of 16 replicates are safe in {checkpoint}; the same command" in said
    )
    assert "Traceback" not in said
    assert ("Note: Interrupted: waiting for " in said and " is kept. " in said) == bool(place)

    assert command(*options).code == 0
    assert outputs(tmp_path, 32768, 16) == expected(32768, 16)


def test_an_interrupt_before_and_after_the_simulation(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is safe is said there too, and nothing of a checkpoint that may be of another seed."""
    checkpoint = tmp_path / CASE / "checkpoint"
    options = (*quietly(tmp_path), "--resume", "--draws", "64", "--replicates", "2")

    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("risk.runs.write_run", stopped)
        code, _, said = command(*options)
    assert code == 130
    assert f"Interrupted. 2 of 2 replicates are safe in {checkpoint}; the same command" in said
    with monkeypatch.context() as patch:
        patch.setattr("risk.simulation.run_replicate", stopped)
        code, _, said = command(*options, "--seed", "9")
    assert code == 130
    assert f"Interrupted before the simulation began; {checkpoint} is as it was." in said


def test_a_checkpoint_is_extended(command: Command, tmp_path: Path) -> None:
    checkpoint = tmp_path / CASE / "checkpoint"
    code, _, said = command(*quietly(tmp_path), "--extend")
    assert code == 2
    assert f"Expected a finished run in {checkpoint}, found none. Run with --resume" in said
    small = ("--draws", "512", "--replicates", "4")
    assert command(*quietly(tmp_path), "--resume", *small).code == 0
    assert command(*quietly(tmp_path), "--extend").code == 0
    assert outputs(tmp_path, 1024, 4) == expected(1024, 4)
    assert command(*quietly(tmp_path), "--extend", "--replicates", "6").code == 0
    assert outputs(tmp_path, 1024, 6) == expected(1024, 6)
    assert held(checkpoint, 1024, 8) == 6
    code, _, said = command(*quietly(tmp_path), "--extend", "--draws", "512")
    assert code == 2
    assert "Expected to extend the 6 replicates of 1,024 draws in " in said
    assert "got 6 of 512. Ask for more, or leave out --extend." in said


def test_an_extension_that_was_cut_short_is_asked_for_again(
    command: Command, tmp_path: Path
) -> None:
    """Twice the points of the last run that was finished, however much of it is there already."""
    checkpoint = tmp_path / CASE / "checkpoint"
    assert command(*quietly(tmp_path), "--resume", "--draws", "64", "--replicates", "2").code == 0
    before = (checkpoint / "finished.json").read_bytes()
    assert command(*quietly(tmp_path), "--extend").code == 0
    (checkpoint / "finished.json").write_bytes(before)  # as if killed before the files were written
    assert command(*quietly(tmp_path), "--extend").code == 0
    assert held(checkpoint, 128, 2) == 2
    (checkpoint / "finished.json").write_text("{")
    code, _, said = command(*quietly(tmp_path), "--extend")
    assert code == 2
    assert "finished.json, got a file without them" in said


def test_a_checkpoint_of_another_seed_or_in_use(command: Command, tmp_path: Path) -> None:
    small = ("--resume", "--draws", "64", "--replicates", "2")
    assert command(*quietly(tmp_path), *small).code == 0
    code, _, said = command(*quietly(tmp_path), *small, "--seed", "7")
    assert code == 2
    assert "got one of another (seed: 545 → 7" in said
    question = json.loads((tmp_path / CASE / "checkpoint" / "question.json").read_text())
    with open_checkpoint(tmp_path / CASE / "checkpoint", question):
        code, _, said = command(*quietly(tmp_path), *small)
    assert code == 2
    assert "another process is at work on" in said


@pytest.mark.filterwarnings("always::risk.checkpoint.CheckpointWarning")
def test_a_damaged_file_is_named(command: Command, tmp_path: Path) -> None:
    small = ("--resume", "--draws", "64", "--replicates", "2")
    assert command(*quietly(tmp_path), *small).code == 0
    path = tmp_path / CASE / "checkpoint" / "raw-00001.replicate"
    path.write_bytes(path.read_bytes()[:-1])
    code, _, said = command(*quietly(tmp_path), *small)
    assert code == 0
    assert said.startswith(f"Note: {path} is damaged or")


@pytest.mark.parametrize("who", [("--workers", "2"), ("--threads", "2")])
def test_workers_change_no_bit(command: Command, tmp_path: Path, who: tuple[str, str]) -> None:
    assert command(*quietly(tmp_path), *who, "--draws", "256", "--replicates", "3").code == 0
    assert outputs(tmp_path, 256, 3) == expected(256, 3)


def test_a_cluster_that_is_not_there(command: Command, tmp_path: Path) -> None:
    code, _, said = command(*quietly(tmp_path), "--dask", "tcp://127.0.0.1:9")
    assert code == 2
    assert "Expected a Dask scheduler at tcp://127.0.0.1:9, found none" in said
    assert "Traceback" not in said


@pytest.mark.parametrize(
    ("scheme", "said"), [("tcp", "nobody greets as one does"), ("tls", "ssl_context")]
)
def test_somebody_else_at_the_address(
    command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str, said: str
) -> None:
    """One that takes the connection and says nothing, and one that asks for a certificate."""
    monkeypatch.setattr("risk.commands.run.PATIENCE", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}"
        code, _, error = command(*quietly(tmp_path), "--dask", address)
    assert code == 2
    assert f"Expected a Dask scheduler at {address}, found none" in error
    assert said in error


@pytest.mark.parametrize("address", ["", "tcp://"])
def test_an_address_without_a_host(command: Command, tmp_path: Path, address: str) -> None:
    code, _, said = command(*quietly(tmp_path), "--dask", address)
    assert code == 2
    assert "found none (no host)" in said


@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_cluster_without_workers_is_said_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Some clusters start workers when there is work."""
    monkeypatch.setattr("risk.commands.run.PATIENCE", 1)
    with distributed.LocalCluster(n_workers=0, dashboard_address=":0") as cluster:
        address = cluster.scheduler_address
        with executor(Place(dask=address.removeprefix("tcp://"))) as workers:
            assert workers is not None
    assert "has no workers yet; the run begins when there are some" in capsys.readouterr().err


def test_all_draws_go_to_a_file_beside_the_run(command: Command, tmp_path: Path) -> None:
    code, printed, _ = command(
        *quietly(tmp_path), "--all-draws", "--draws", "8192", "--replicates", "16"
    )
    assert code == 0
    place = Path(printed.strip())
    assert risk.open_study(place / "study.nc")["draws"].sizes["draw"] == 4096
    with xr.open_dataset(place.parent / f"{place.name}-draws.nc", engine="h5netcdf") as every:
        assert every.sizes == {"replicate": 16, "draw": 8192}
        assert every["gross_profit"].attrs["units"] == "USD/day"

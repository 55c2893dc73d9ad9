"""One checkpoint, asked for other sizes again and again, and beside other files."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import lognorm, norm

import risk
from risk import workers
from risk.store import open_draws_file

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}


def model(a: Any, b: Any) -> dict[str, Any]:
    return {"calm": a * b, "wild": np.exp(4 * b + a)}


def run(**more: Any) -> xr.DataTree:
    laws = {"a": lognorm(0.5), "b": norm(1, 1)}
    priors = risk.Priors({name: risk.Prior(law, **SOURCE) for name, law in laws.items()})
    return risk.run_study(model, priors, **more)


@pytest.mark.parametrize("seed", range(3))
def test_any_sequence_of_sizes_gives_what_a_fresh_run_gives(seed: int, tmp_path: Path) -> None:
    """All numbers of it, those of histograms too, whatever an earlier run kept and wrote."""
    chance = random.Random(seed)
    for _ in range(10):
        size: dict[str, Any] = {
            "draws": chance.choice([256, 512, 1024, 4096]),
            "replicates": chance.choice([2, 3, 5]),
            "keep_draws": chance.choice([64, 600, 4096, 65536]),
        }
        written = chance.choice([None, tmp_path / "draws.nc"])
        found = run(**size, checkpoint=tmp_path / "kept", draws_file=written)
        fresh = run(**size)
        for group in fresh.children:
            xr.testing.assert_identical(found[group].to_dataset(), fresh[group].to_dataset())
        assert found.attrs["outputs_hash"] == fresh.attrs["outputs_hash"]
        if written is not None:
            with xr.open_dataset(written, engine="h5netcdf") as every:
                assert every.sizes == {"replicate": size["replicates"], "draw": size["draws"]}


def test_draws_that_are_there_do_not_travel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replicate goes on from its sums; what it has drawn is joined on again where it is kept."""
    run(draws=1024, replicates=2, checkpoint=tmp_path)
    sent: list[Any] = []

    def work_through(work: Any, items: Any, *more: Any) -> None:
        sent.extend(before for _, before in items)
        workers.work_through(work, items, *more)

    monkeypatch.setattr("risk.simulation.work_through", work_through)
    run(draws=4096, replicates=2, checkpoint=tmp_path)
    of_first_look = [before for before in sent if before is not None and len(before.outcomes) == 2]
    assert [before.points for before in of_first_look] == [1024, 1024]
    assert all(before.outcomes.size == 0 for before in of_first_look)


def test_files_of_others_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "film.part").write_text("mine")
    (tmp_path / ".notes.part").write_text("mine")
    (tmp_path / ".raw-00001.replicate.0123456789ab.part").write_text("half")
    run(draws=64, replicates=2, checkpoint=tmp_path)
    assert sorted(p.name for p in tmp_path.glob("*.part")) == [".notes.part", "film.part"]


@pytest.mark.parametrize("name", ["", 3])
def test_what_names_no_folder_or_file(name: Any) -> None:
    size = {"draws": 64, "replicates": 2}
    with pytest.raises(ValueError, match=f"Expected a folder as `checkpoint`, got {name!r}. Name"):
        run(**size, checkpoint=name)
    said = "Expected (the name of a file as `draws_file`|a file name in a folder that exists), got "
    with pytest.raises((ValueError, FileNotFoundError), match=said):
        run(**size, draws_file=name)


def test_a_file_is_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(ValueError, match=r"folder as `checkpoint`, got the file .*notes"):
        run(draws=64, replicates=2, checkpoint=path)
    assert path.read_text() == "mine"


def test_what_a_killed_process_left_of_all_draws_is_removed(tmp_path: Path) -> None:
    """That of a process that still writes stays."""
    path, about = tmp_path / "draws.nc", {"a": {"units": "1"}}
    left, mine = tmp_path / ".draws.nc.0123456789ab.parts", tmp_path / ".draws.nc.mine.parts"
    for folder in (left, mine):
        folder.mkdir()
        (folder / "draws.nc").write_text("half")
        (folder / "lock").touch()
    with open_draws_file(path, about, draws=64, replicates=1) as append:
        assert not left.exists()
        with open_draws_file(path, about, draws=64, replicates=1) as other:
            for each in (append, other):
                each(0, {"a": np.zeros(64)})
    assert {p.name for p in tmp_path.iterdir()} == {"draws.nc", mine.name}

"""The files of a run: all there, right, and written whole or not at all."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
import xarray as xr
from scipy import stats

import risk
from risk import runs
from risk.memo.markdown import TemplateProblem
from risk.shipped import files_problem, main_case, priors_directory


@pytest.fixture(scope="module")
def tiny() -> xr.DataTree:
    """A study of two inputs."""
    x = {n: risk.Prior(stats.uniform(0, 1), unit="1", source="s") for n in ("x1", "x2")}
    priors = risk.Priors(x, case="tiny", title="Tiny")
    return risk.run_study(lambda x1, x2: {"y": x1 * x2}, priors, draws=64, replicates=2)


@pytest.fixture
def stand_ins(monkeypatch: pytest.MonkeyPatch) -> None:
    """Study and figures are written in one test; elsewhere a file stands for them."""

    def drawn(study: xr.DataTree, folder: Path) -> list[Path]:
        folder.mkdir()
        (folder / "sobol_y.png").write_bytes(b"png")
        return [folder / "sobol_y.png"]

    monkeypatch.setattr(runs, "save_figures", drawn)
    monkeypatch.setattr(runs, "save_study", lambda study, path: path.write_bytes(b"study"))


def everything(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes()
        for p in sorted(folder.rglob("*"))
        if p.is_file()
    }


def test_a_run_of_ones_own_model_has_all_its_files(tiny: xr.DataTree, tmp_path: Path) -> None:
    place = runs.write_run(tiny, tmp_path)
    assert place == tmp_path / "tiny" / tiny.attrs["run_id"]
    names = {p.name for p in place.iterdir()}
    assert names == {"study.nc", "numbers.json", "memo.md", "run.json", "figures"}
    record = json.loads((place / "run.json").read_text("utf-8"))
    assert sorted(record["figures"]) == sorted(p.name for p in (place / "figures").iterdir())
    for key in runs.RECORDED:
        wanted = tiny.attrs[key]
        assert record[key] == (json.loads(wanted) if key == "versions" else wanted), key
    numbers = json.loads((place / "numbers.json").read_text("utf-8"))
    assert numbers["numbers"]["y.mean"]["value"] == tiny["risk"]["mean"].item()
    memo = (place / "memo.md").read_text("utf-8")
    for figure in record["figures"]:
        assert (f"](figures/{figure})" in memo) == figure.endswith(".png")
    assert risk.open_study(place / "study.nc").identical(tiny)
    assert [p.name for p in place.parent.iterdir()] == [place.name]


@pytest.mark.usefixtures("stand_ins")
def test_the_same_run_again_takes_the_place_of_the_old(tiny: xr.DataTree, tmp_path: Path) -> None:
    place = runs.write_run(tiny, tmp_path)
    before = everything(place)
    (place / "stray.txt").write_text("of an older version")
    assert runs.write_run(tiny, tmp_path) == place
    assert everything(place) == before
    assert [p.name for p in place.parent.iterdir()] == [place.name]


STAGES = ("save_study", "save_figures", "memo", "as_json", "run_record", "_move")


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left"), KeyboardInterrupt()])
@pytest.mark.parametrize("stage", STAGES)
def test_a_failure_leaves_nothing_and_keeps_what_was_there(
    stage: str,
    error: BaseException,
    tiny: xr.DataTree,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(runs, stage, fail)
        with pytest.raises(type(error)):
            runs.write_run(tiny, tmp_path)
    assert everything(tmp_path) == {}
    assert list((tmp_path / "tiny").iterdir()) == []
    runs.write_run(tiny, tmp_path)
    before = everything(tmp_path)
    monkeypatch.setattr(runs, stage, fail)
    with pytest.raises(type(error)):
        runs.write_run(tiny, tmp_path)
    assert everything(tmp_path) == before
    assert len(list((tmp_path / "tiny").iterdir())) == 1


@pytest.mark.usefixtures("stand_ins")
@pytest.mark.parametrize("which", [1, 2])
def test_an_interrupt_between_the_renames_puts_the_old_run_back(
    which: int, tiny: xr.DataTree, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = runs.write_run(tiny, tmp_path)
    before = everything(tmp_path)
    rename, calls = Path.rename, iter(range(1, 9))

    def interrupted(self: Path, target: Path) -> Path:
        count = next(calls)
        if (which, count) == (2, 2):
            raise KeyboardInterrupt
        moved = rename(self, target)
        if (which, count) == (1, 1):
            raise KeyboardInterrupt
        return moved

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runs.write_run(tiny, tmp_path)
    assert everything(tmp_path) == before
    assert [p.name for p in place.parent.iterdir()] == [place.name]


@pytest.mark.usefixtures("stand_ins")
def test_outputs_of_an_earlier_run(tiny: xr.DataTree, tmp_path: Path) -> None:
    assert runs.earlier_outputs(tiny, tmp_path) is None
    place = runs.write_run(tiny, tmp_path)
    assert runs.earlier_outputs(tiny, tmp_path) == tiny.attrs["outputs_hash"]
    for broken in ("", "[]", "{}", '"text"', "3"):
        (place / "run.json").write_text(broken)
        assert runs.earlier_outputs(tiny, tmp_path) is None


def test_text_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "memo.md"
    assert runs.write_text(path, "Größe\n") == path
    assert path.read_bytes() == "Größe\n".encode()

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        runs.write_text(path, "new")
    assert everything(tmp_path) == {"memo.md": "Größe\n".encode()}


def test_files_have_the_rights_that_the_user_gives_new_files(tmp_path: Path) -> None:
    old = os.umask(0o027)
    try:
        path = runs.write_text(tmp_path / "a.txt", "a")
        with runs._new_folder(tmp_path / "run"):
            pass
    finally:
        os.umask(old)
    assert oct(path.stat().st_mode & 0o777) == "0o640"
    assert oct((tmp_path / "run").stat().st_mode & 0o777) == "0o750"


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".run.0123456789ab.parts"
    (left / "new").mkdir(parents=True)
    (left / "lock").touch()
    with runs._new_folder(tmp_path / "run") as folder:
        (folder / "a.txt").touch()
    assert everything(tmp_path) == {"run/a.txt": b""}
    assert not left.exists()


def test_a_memo_is_not_written_when_its_template_is_wrong(
    tiny: xr.DataTree, tmp_path: Path
) -> None:
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "tornado_y.png").write_bytes(b"png")
    wrong = tmp_path / "t.jinja"
    wrong.write_text("{{ n('no') }}")
    with pytest.raises(TemplateProblem):
        runs.rewrite_memo(tiny, tmp_path, wrong)
    assert set(everything(tmp_path)) == {"figures/tornado_y.png", "t.jinja"}
    written = runs.rewrite_memo(tiny, tmp_path)
    assert written == [tmp_path / "memo.md", tmp_path / "numbers.json"]
    assert "![Tornado of the y](figures/tornado_y.png)" in written[0].read_text("utf-8")


def test_the_main_case_is_found_and_named_shortly(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert priors_directory() == root / "priors"
    monkeypatch.chdir(root)
    assert main_case() == Path("priors/deepseek_2025_02.toml")
    monkeypatch.chdir(tmp_path)
    assert main_case() == root / "priors" / "deepseek_2025_02.toml"


def test_an_incomplete_installation_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("risk.shipped.MAIN_CASE", "none.toml")
    with pytest.raises(FileNotFoundError, match="Expected the priors beside the package in .*risk"):
        priors_directory()


def test_a_problem_with_a_file_is_one_line() -> None:
    error = OSError(errno.ENOSPC, "No space left on device", "runs/x")
    assert files_problem(error) == (
        "Expected to be able to use runs/x: No space left on device. "
        "Make room there, or choose another place."
    )
    assert files_problem(OSError("odd")) == (
        "Expected to be able to use a file: odd. Choose another place."
    )

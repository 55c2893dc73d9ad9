"""Nothing that was computed is lost, and nothing is taken from another question."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from scipy.stats import lognorm, norm

import risk
from risk import checkpoint
from risk.checkpoint import held, open_checkpoint

SOURCE: dict[str, Any] = {"unit": "1", "source": "a test"}
RATES = {"rate": 1.0}
OPTIONS: dict[str, Any] = {"draws": 1024, "replicates": 6, "keep_draws": 3072}


def priors(spread: float = 0.5) -> risk.Priors:
    return risk.Priors(
        {"a": risk.Prior(lognorm(spread), **SOURCE), "b": risk.Prior(norm(1, 1), **SOURCE)}
    )


def model(a: Any, b: Any) -> dict[str, Any]:
    return {"calm": a * b, "wild": np.exp(4 * b + a)}


def run(path: Path | None = None, **more: Any) -> xr.DataTree:
    return risk.run_study(model, priors(), checkpoint=path, **OPTIONS | more)


def identical(one: xr.DataTree, other: xr.DataTree) -> None:
    assert one.attrs["outputs_hash"] == other.attrs["outputs_hash"]
    for group in one.children:
        xr.testing.assert_identical(one[group].to_dataset(), other[group].to_dataset())


def computed(path: Path, **more: Any) -> tuple[xr.DataTree, list[str]]:
    """A study, and the replicates that were computed for it."""
    saved: list[str] = []
    save = checkpoint.Checkpoint.save

    def noting(self: Any, name: str, replicate: Any) -> None:
        saved.append(name)
        save(self, name, replicate)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(checkpoint.Checkpoint, "save", noting)
        return run(path, **more), saved


def test_a_finished_checkpoint_is_not_computed_again(tmp_path: Path) -> None:
    first, saved = computed(tmp_path)
    assert len(saved) == 12  # the second look at the heavy tail has files of its own
    again, more = computed(tmp_path)
    assert more == []
    identical(first, run())
    identical(again, first)


def test_what_is_missing_is_computed(tmp_path: Path) -> None:
    first = run(tmp_path)
    for name in ("raw-00001", "raw-00004"):
        (tmp_path / f"{name}.replicate").unlink()
    again, saved = computed(tmp_path)
    assert saved == ["raw-00001", "raw-00004"]
    identical(again, first)


@pytest.mark.parametrize("harm", ["truncated", "flipped", "emptied", "another's", "another seed's"])
def test_a_damaged_file_is_found_out_and_computed_again(tmp_path: Path, harm: str) -> None:
    first, elsewhere = run(tmp_path), tmp_path / "elsewhere"
    path = tmp_path / "raw-00002.replicate"
    content = bytearray(path.read_bytes())
    if harm == "flipped":
        content[len(content) // 2] ^= 1
    if harm == "another's":
        content = bytearray((tmp_path / "raw-00003.replicate").read_bytes())
    if harm == "another seed's":
        run(elsewhere, seed=1)
        content = bytearray((elsewhere / path.name).read_bytes())
    path.write_bytes({"truncated": content[:-7], "emptied": b""}.get(harm, content))
    with pytest.warns(
        risk.CheckpointWarning, match=r"raw-00002.replicate is damaged or .*again"
    ) as said:
        again, saved = computed(tmp_path)
    assert len(said) == 1
    assert saved == ["raw-00002"]
    identical(again, first)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"replicates": 9}, 3 + 9),
        ({"draws": 2048}, 6 + 6),
        ({"draws": 4096, "replicates": 8}, 8 + 8),
        ({"replicates": 4}, 0 + 0),
    ],
)
def test_a_study_can_be_extended(tmp_path: Path, more: dict[str, int], expected: int) -> None:
    """More replicates or more points: the same bits as at once, from what is there.

    Which outcomes take the second look may change with the draws; here it stays the same.
    """
    run(tmp_path)
    longer, saved = computed(tmp_path, **more)
    raw = [name for name in saved if name.startswith("raw")]
    assert len(raw) == expected // 2 or more.get("replicates") == 9
    identical(longer, run(**more))


def test_points_that_are_added_are_the_only_ones_computed(tmp_path: Path) -> None:
    seen: list[int] = []

    def counted(a: Any, b: Any) -> dict[str, Any]:
        seen.append(len(a))
        return model(a, b)

    options: dict[str, Any] = {**OPTIONS, "outcomes": ["calm"]}
    rows = []
    for draws in (1024, 2048):
        seen.clear()
        risk.run_study(counted, priors(), checkpoint=tmp_path, **options | {"draws": draws})
        rows.append(sum(n for n in seen if n > 1024))  # the pilot sees 1,024 and its designs
    pilot = 1024 * 6
    assert [(n - pilot) / (6 * 1024 * 6) for n in rows] == [1.0, 1.0]


def other_model(a: Any, b: Any) -> dict[str, Any]:
    return {"calm": a + b, "wild": np.exp(4 * b + a)}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 546}, "seed: 545 → 546"),
        ({"outcomes": ["calm"]}, r'outcomes: null → \["calm"\]'),
        ({"factors": {"both": ["a", "b"]}}, r"factors: null → "),
        ({"priors": priors(0.6)}, r"priors: \S+ → \S+; beliefs: a\)"),
        ({"model": other_model}, r"model: \S+ → \S+\)"),
    ],
)
def test_another_question_is_refused_with_what_differs(
    tmp_path: Path, change: dict[str, Any], said: str
) -> None:
    run(tmp_path)
    asked: dict[str, Any] = {"model": model, "priors": priors(), **OPTIONS, **change}
    with pytest.raises(risk.CheckpointError, match=f"one of another .*{said}.*Remove the folder"):
        risk.run_study(asked.pop("model"), asked.pop("priors"), checkpoint=tmp_path, **asked)


def test_the_order_of_the_inputs_is_part_of_the_question(tmp_path: Path) -> None:
    """It decides which axis of the net an input gets, and where its indices stand."""
    run(tmp_path)
    turned = risk.Priors(dict(reversed(list(priors().items()))))
    with pytest.raises(risk.CheckpointError, match="inputs: "):
        risk.run_study(model, turned, checkpoint=tmp_path, **OPTIONS)


def test_a_helper_that_changed_is_another_question(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The source of the model is the same, its pilot is not."""

    def helped(a: Any, b: Any) -> dict[str, Any]:
        return {"calm": RATES["rate"] * a + b}

    risk.run_study(helped, priors(), checkpoint=tmp_path, **OPTIONS)
    monkeypatch.setitem(RATES, "rate", 5.0)
    with pytest.raises(risk.CheckpointError, match="pilot: "):
        risk.run_study(helped, priors(), checkpoint=tmp_path, **OPTIONS)


def test_fewer_points_do_not_take_the_place_of_more(tmp_path: Path) -> None:
    """Each size has files of its own then, and goes on from them."""
    run(tmp_path)
    expected, seen = run(draws=256), list[tuple[int, int]]()
    identical(run(tmp_path, draws=256), expected)
    assert held(tmp_path, 1024, 6) == held(tmp_path, 256, 6) == 6
    identical(run(tmp_path, draws=256, progress=lambda *at: seen.append(at)), expected)
    assert seen[0] == (6, 6)


def test_another_engine_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path)
    monkeypatch.setattr("risk.identity.__version__", "9.9")
    with pytest.raises(risk.CheckpointError, match=r"engine: .* → 9\.9"):
        run(tmp_path)


@pytest.mark.parametrize("text", ["{", "null", "[]", "flipped", None])
def test_a_question_that_cannot_be_read(tmp_path: Path, text: str | None) -> None:
    """The replicates know theirs: nothing is lost, and nothing of another question is taken."""
    first, path = run(tmp_path), tmp_path / "question.json"
    asked = path.read_bytes()
    if text is None:
        path.unlink()
    elif text == "flipped":
        path.write_bytes(asked.replace(b'"seed": 545', b'"seed": 544'))
    else:
        path.write_text(text)
    said = "got one of another" if text == "flipped" else "got a file that is none"
    with pytest.raises(risk.CheckpointError, match=rf"{said}.*Remove the folder"):
        run(tmp_path, seed=1)
    again, saved = computed(tmp_path)
    assert saved == []
    assert path.read_bytes() == asked
    identical(again, first)


def test_two_at_once(tmp_path: Path) -> None:
    """The second says so, names the first, and leaves everything as it is."""
    question = {"seed": 1}
    with open_checkpoint(tmp_path, question):
        with (
            pytest.raises(risk.CheckpointError, match=rf"at work on \(process {os.getpid()} on"),
            open_checkpoint(tmp_path, question),
        ):
            pass


def test_held_counts_what_is_whole(tmp_path: Path) -> None:
    assert held(tmp_path, 1024, 6) == 0
    run(tmp_path)
    assert [held(tmp_path, *size) for size in ((1024, 6), (1024, 4), (2048, 6))] == [6, 4, 0]


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The replicates before it are safe, and the next run goes on from them."""
    sync, left = os.fsync, iter(range(4))

    def full(handle: int) -> None:
        if next(left, None) is None:
            raise OSError(errno.ENOSPC, "No space left on device")
        sync(handle)

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left on device") as raised:
        run(tmp_path)
    assert Path(str(raised.value.filename)).parent == tmp_path
    monkeypatch.setattr(os, "fsync", sync)
    assert not list(tmp_path.glob("*.part"))
    identical(run(tmp_path), run())


PROGRAM = """
import sys
import numpy as np
from scipy.stats import lognorm, norm
import risk

def model(a, b):
    return {"calm": a * b, "wild": np.exp(4 * b + a)}

if __name__ == "__main__":
    source = {"unit": "1", "source": "a test"}
    priors = {"a": risk.Prior(lognorm(0.5), **source), "b": risk.Prior(norm(1, 1), **source)}
    study = risk.run_study(
        model, risk.Priors(priors), draws=4096, replicates=40, keep_draws=3072,
        checkpoint=sys.argv[1],
    )
    print(study.attrs["outputs_hash"])
"""


def start(script: Path, folder: Path) -> subprocess.Popen[bytes]:
    script.write_text(PROGRAM)
    command = [sys.executable, str(script), str(folder)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def test_a_killed_run_goes_on_where_it_was(tmp_path: Path) -> None:
    """Killed at random moments, then left to finish; benchmarks/faults.py does it more often."""
    chance, script, folder = random.Random(1), tmp_path / "script.py", tmp_path / "checkpoint"
    kept = 0
    for sent in (signal.SIGKILL, signal.SIGINT, signal.SIGTERM):
        process = start(script, folder)
        while held(folder, 4096, 40) <= kept and process.poll() is None:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, 0.05))
        process.send_signal(sent)
        process.communicate()
        before, kept = kept, held(folder, 4096, 40)
        assert kept > before or kept == 40
    printed = start(script, folder).communicate()[0].decode().strip()
    expected = risk.run_study(model, priors(), draws=4096, replicates=40, keep_draws=3072)
    assert printed == expected.attrs["outputs_hash"]

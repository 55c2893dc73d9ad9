"""Set-up: a stale or half-built environment is never used, and each refusal says what to do."""

import ast
import importlib.util
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

import tasks

ROOT = Path(tasks.__file__).resolve().parent
HASH = "--hash=sha256:" + "0" * 64


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder that has what the set-up reads."""
    (tmp_path / "lock.txt").write_text("locked")
    (tmp_path / "pyproject.toml").write_text("[project]")
    return tmp_path


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The set-up's steps, recorded instead of run; creating .venv writes its Python."""
    steps: list[str] = []

    def pretend(step: str, command: list[str], root: Path) -> None:
        steps.append(step)
        if "venv" in command:
            python = tasks.venv_python(Path(command[-1]))
            python.parent.mkdir(parents=True, exist_ok=True)
            python.touch()

    monkeypatch.setattr(tasks, "quietly", pretend)
    return steps


def call_tasks(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run tasks.py as a user does, after a line that changes the Python it runs on."""
    start = f"runpy.run_path({str(ROOT / 'tasks.py')!r}, run_name='__main__')"
    script = f"import runpy, sys\nsys.argv = {['tasks.py', *arguments]}\n{before}\n{start}"
    return subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )


def test_a_second_run_builds_nothing(project: Path, commands: list[str]) -> None:
    assert tasks.environment(project) == str(tasks.venv_python(project / ".venv"))
    built = list(commands)
    tasks.environment(project)
    assert built == [
        "create the environment",
        "install what lock.txt names",
        "install the project",
    ]
    assert commands == built


@pytest.mark.parametrize("file", ["lock.txt", "pyproject.toml"])
def test_another_lock_or_pyproject_is_another_environment(
    project: Path, commands: list[str], file: str
) -> None:
    tasks.environment(project)
    (project / file).write_text("changed")
    assert not tasks.is_complete(project)


def test_another_python_is_another_environment(
    project: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.environment(project)
    monkeypatch.setattr(platform, "python_version", lambda: "3.99.0")
    assert not tasks.is_complete(project)


def test_a_moved_project_is_another_environment(project: Path, commands: list[str]) -> None:
    tasks.environment(project)
    moved = project.rename(project.with_name("moved"))
    assert not tasks.is_complete(moved)


def test_an_environment_without_its_python_is_not_complete(
    project: Path, commands: list[str]
) -> None:
    Path(tasks.environment(project)).unlink()
    assert not tasks.is_complete(project)


@pytest.mark.parametrize("failing", ["create the environment", "install the project"])
def test_a_build_that_breaks_off_leaves_no_stamp(
    project: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    tasks.environment(project)
    (project / "lock.txt").write_text("newer")
    pretend = tasks.quietly

    def break_off(step: str, command: list[str], root: Path) -> None:
        if step == failing:
            raise KeyboardInterrupt
        pretend(step, command, root)

    monkeypatch.setattr(tasks, "quietly", break_off)
    with pytest.raises(KeyboardInterrupt):
        tasks.environment(project)
    assert not tasks.is_complete(project)
    (project / "lock.txt").write_text("locked")
    assert not tasks.is_complete(project)


def test_a_failing_step_is_named_and_shown(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = [sys.executable, "-c", "print('no route'); raise SystemExit(7)"]
    with pytest.raises(tasks.TaskError, match=r"the step `fetch` failed \(exit 7\)"):
        tasks.quietly("fetch", command, project)
    assert "no route" in capsys.readouterr().err


def test_a_working_step_prints_its_name_only(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tasks.quietly("fetch", [sys.executable, "-c", "print('noise')"], project)
    assert capsys.readouterr() == ("", "  fetch\n")


def test_the_environment_does_not_rebuild_itself(
    project: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(project / ".venv"))
    with pytest.raises(tasks.TaskError, match="its own Python cannot do"):
        tasks.environment(project)
    assert commands == []


def test_a_python_without_ensurepip_is_told_the_package(
    project: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    package = f"python3.{sys.version_info.minor}-venv"
    with pytest.raises(tasks.TaskError, match=rf"apt-get install {package} \(or python3-venv\)"):
        tasks.environment(project)
    assert not tasks.is_complete(project)


def test_an_old_python_is_refused_in_one_line() -> None:
    done = call_tasks("test", before="sys.version_info = (3, 10, 2)")
    assert done.returncode == 1
    assert done.stderr.startswith("error: this project needs Python 3.11 or newer")
    assert "is Python 3.10." in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_an_old_python_can_read_the_refusal() -> None:
    source = (ROOT / "tasks.py").read_text(encoding="utf-8")
    tree = ast.parse(source, feature_version=(3, 6))
    before = [node for node in tree.body[:3] if not isinstance(node, ast.Expr)]
    assert [ast.unparse(node).splitlines()[0] for node in before] == [
        "import sys",
        "if sys.version_info < (3, 11):",
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "error: no task given; the tasks are run, test, lock"),
        (("tset",), "error: no task tset; the tasks are run, test, lock"),
        (("test", "-x"), "error: test takes no arguments, got -x"),
        (("lock", "now"), "error: lock takes no arguments, got now"),
    ],
)
def test_a_wrong_call_shows_the_usage(arguments: tuple[str, ...], problem: str) -> None:
    done = call_tasks(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.splitlines()[-1] == problem
    assert "python3 tasks.py run [ARGUMENTS]" in done.stderr


def test_a_project_without_a_lock_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tasks, "ROOT", tmp_path)
    assert tasks.main(["run"]) == 1
    assert re.search(r"error: .*lock\.txt", capsys.readouterr().err)


def test_run_passes_its_arguments_and_exit_code_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called: list[list[str]] = []
    monkeypatch.setattr(tasks, "environment", lambda root: "python")
    monkeypatch.setattr(tasks, "call", lambda command, root: called.append(command) or 3)
    assert tasks.main(["run", "--draws", "64"]) == 3
    assert called == [["python", "-m", "risk", "run", "--draws", "64"]]


def test_test_stops_at_the_first_check_that_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    called: list[str] = []

    def fail_at_types(command: list[str], root: Path) -> int:
        called.append(" ".join(command[2:]))
        return 9 if "mypy" in command else 0

    monkeypatch.setattr(tasks, "environment", lambda root: "python")
    monkeypatch.setattr(tasks, "call", fail_at_types)
    assert tasks.main(["test"]) == 9
    assert called == ["ruff check .", "ruff format --check .", "mypy"]
    assert capsys.readouterr().err.endswith("error: types failed (exit 9)\n")


def test_a_killed_command_counts_as_a_shell_counts_it() -> None:
    if os.name == "posix":
        killed = [sys.executable, "-c", "import os; os.kill(os.getpid(), 9)"]
        assert tasks.call(killed, ROOT) == 137


def test_the_lock_is_pinned_hashed_and_names_no_host() -> None:
    text = (ROOT / "lock.txt").read_text(encoding="utf-8")
    assert "numpy==" in text
    assert "hatchling==" in text
    assert tasks.lock_faults(text) == []


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("--index-url https://host/simple", "says where to download from"),
        ("--find-links wheels", "says where to download from"),
        (f"numpy @ https://host/numpy.whl {HASH}", "says where to download from"),
        ("numpy==2.4.6", "not pinned by version and hash"),
        (f"numpy>=2.4 {HASH}", "not pinned by version and hash"),
    ],
)
def test_a_lock_that_is_not_fit_is_told(line: str, fault: str) -> None:
    fit = f"scipy==1.17.1 ; sys_platform == 'win32' \\\n    {HASH} \\\n    {HASH}\n"
    assert tasks.lock_faults(fit) == []
    (found,) = tasks.lock_faults(fit + line + "\n")
    assert fault in found


def test_continuous_integration_calls_the_test_task_only() -> None:
    script = ROOT / ".ci" / "run"
    lines = script.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == [
        "set -euo pipefail",
        'cd "$(dirname "${BASH_SOURCE[0]}")/.."',
        "exec python3 tasks.py test",
    ]
    assert os.name == "nt" or os.access(script, os.X_OK)

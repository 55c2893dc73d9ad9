"""Set up, run and check this project, with nothing but Python itself.

python3 tasks.py run [ARGUMENTS]  build .venv once, then run the main job (`risk run`)
python3 tasks.py test             build .venv once, then lint, format, types, tests and doctests
python3 tasks.py lock             make lock.txt again, with the newest versions that fit

Every task works in the folder of this file, so paths in ARGUMENTS are relative to it.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - the whole file must parse on the Pythons refused here
    sys.exit(
        "error: this project needs Python 3.11 or newer, and %s is Python %d.%d. "  # noqa: UP031
        "Install a newer one and run tasks.py with it."
        % (sys.executable or "this", sys.version_info[0], sys.version_info[1])
    )

import hashlib
import importlib.util
import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parent
CHECKS = {
    "lint": ("ruff", "check", "."),
    "format": ("ruff", "format", "--check", "."),
    "types": ("mypy",),
    "tests and doctests": ("pytest", "-n", "2"),
}
COMPILE = (
    *("uv", "pip", "compile", "pyproject.toml", "--extra", "dev", "--extra", "cluster", "--quiet"),
    *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest"),
    *("--generate-hashes", "--only-binary", ":all:", "--no-header", "--no-annotate"),
)
INTERRUPTED = 130


class TaskError(Exception):
    """One line that tells the user what is wrong and what to do."""


def run(root: Path, arguments: list[str]) -> int:
    """Run the main job in the project's environment and give its exit code."""
    python = environment(root)
    return call([python, "-m", "risk", "run", *arguments], root)


def test(root: Path, arguments: list[str]) -> int:
    """Run every check in order and give the exit code of the first that fails."""
    refuse_arguments("test", arguments)
    python = environment(root)
    for name, command in CHECKS.items():
        say(f"==> {name}: {' '.join(command)}")
        code = call([python, "-m", *command], root)
        if code != 0:
            say(f"error: {name} failed (exit {code})")
            return code
    return 0


def lock(root: Path, arguments: list[str]) -> int:
    """Write lock.txt anew: every dependency of every system, pinned by version and hash."""
    refuse_arguments("lock", arguments)
    with tempfile.TemporaryDirectory() as folder:
        tool = create_venv(Path(folder) / "uv", root)
        quietly("install uv", pip(tool, "uv"), root)
        made = Path(folder) / "lock.txt"
        quietly("resolve", [tool, "-m", *COMPILE, "--output-file", str(made)], root)
        text = made.read_text(encoding="utf-8")
    faults = lock_faults(text)
    if faults:
        raise TaskError(f"the new lock is not fit to keep: {faults[0]}. lock.txt is as it was.")
    (root / "lock.txt").write_text(text, encoding="utf-8", newline="\n")
    return 0


def lock_faults(text: str) -> list[str]:
    """Say what in a lock names a host or leaves a requirement without version or hash."""
    faults = []
    for requirement in re.sub(r"\\\n", " ", text).splitlines():
        line = requirement.strip()
        if "://" in line or " @ " in line or line.startswith("-"):
            faults.append(f"`{line[:60]}` says where to download from")
        elif not re.match(r"[\w.-]+==\S+ .*--hash=sha256:[0-9a-f]{64}", line):
            faults.append(f"`{line[:60]}` is not pinned by version and hash")
    return faults


def environment(root: Path) -> str:
    """Give the path of .venv's Python, building .venv first unless it is complete."""
    if not is_complete(root):
        build(root)
    return str(venv_python(root / ".venv"))


def is_complete(root: Path) -> bool:
    """Tell whether .venv was built to its end from the project as it stands."""
    stamp = stamp_of(root)
    fits = stamp.is_file() and stamp.read_text(encoding="utf-8") == fingerprint(root)
    return fits and venv_python(root / ".venv").exists()


def fingerprint(root: Path) -> str:
    """Hash all that decides what .venv holds; the folder too, as a venv cannot be moved."""
    digest = hashlib.sha256()
    for part in (
        (root / "lock.txt").read_bytes(),
        (root / "pyproject.toml").read_bytes(),
        f"{platform.python_implementation()} {platform.python_version()}".encode(),
        os.fsencode(root),
    ):
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def build(root: Path) -> None:
    """Build .venv from lock.txt; its stamp goes first and comes last, so half is never whole."""
    if Path(sys.prefix).resolve() == (root / ".venv").resolve():
        raise TaskError(
            ".venv must be rebuilt, which its own Python cannot do. Run tasks.py with another one."
        )
    say("setting up .venv (once; a minute or two)")
    fitting = fingerprint(root)
    stamp_of(root).unlink(missing_ok=True)
    python = create_venv(root / ".venv", root)
    locked = pip(python, "--require-hashes", "--only-binary", ":all:", "-r", "lock.txt")
    quietly("install what lock.txt names", locked, root)
    project = pip(python, "--no-deps", "--no-build-isolation", "--editable", ".")
    quietly("install the project", project, root)
    stamp_of(root).write_text(fitting, encoding="utf-8")


def create_venv(folder: Path, root: Path) -> str:
    """Create an empty environment and give the path of its Python."""
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise TaskError(
            f"{sys.executable} cannot make environments with pip (no module ensurepip). "
            f"On Debian or Ubuntu: apt-get install python{version}-venv (or python3-venv)."
        )
    command = [sys.executable, "-m", "venv", "--clear", str(folder)]
    quietly("create the environment", command, root)
    return str(venv_python(folder))


def pip(python: str, *arguments: str) -> list[str]:
    """Give the command that installs with `python`'s pip, without prompts or advice."""
    options = ("--quiet", "--no-input", "--disable-pip-version-check")
    return [python, "-I", "-m", "pip", "install", *options, *arguments]


def quietly(step: str, command: list[str], root: Path) -> None:
    """Run one step of a set-up and show what it printed only when it fails."""
    say(f"  {step}")
    done = subprocess.run(
        command,
        cwd=root,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0:
        say(done.stdout.decode(errors="replace").rstrip())
        raise TaskError(
            f"the step `{step}` failed (exit {done.returncode}), see above. "
            "Is the network there? Run the task again once it is mended."
        )


def call(command: list[str], root: Path) -> int:
    """Run a command with this terminal and give its exit code, as a shell counts them."""
    code = subprocess.run(command, cwd=root).returncode
    return code if code >= 0 else 128 - code


def venv_python(folder: Path) -> Path:
    """Give where an environment keeps its Python on this system."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def stamp_of(root: Path) -> Path:
    """Give where .venv keeps the fingerprint that it was built to its end for."""
    return root / ".venv" / "stamp"


def refuse_arguments(task: str, arguments: list[str]) -> None:
    """Refuse arguments to a task that takes none."""
    if arguments:
        usage(f"{task} takes no arguments, got {' '.join(arguments)}")


def usage(problem: str) -> NoReturn:
    """Say how the tasks are called, and stop with exit code 2."""
    say(f"{__doc__}\nerror: {problem}")
    sys.exit(2)


def say(text: str) -> None:
    """Print to stderr: stdout belongs to results."""
    print(text, file=sys.stderr, flush=True)


TASKS: dict[str, Callable[[Path, list[str]], int]] = {"run": run, "test": test, "lock": lock}


def main(arguments: list[str]) -> int:
    """Carry out the task that the arguments name and give its exit code."""
    if not arguments or arguments[0] not in TASKS:
        given = f"no task {arguments[0]}" if arguments else "no task given"
        usage(f"{given}; the tasks are {', '.join(TASKS)}")
    try:
        return TASKS[arguments[0]](ROOT, arguments[1:])
    except (TaskError, OSError) as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted")
        return INTERRUPTED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

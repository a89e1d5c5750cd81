"""The programs that integrations are tested with, each in a virtual environment of its own beside this checkout's code.

    python tests/integrations/environments/make.py [NAME ...]

makes ``.test-envs/NAME`` from ``NAME.txt``, all of them if none is named; what is up to date is left as it is. Two that
call this at once wait for each other. Where there is a ``NAME.package.json``, npm installs what it lists into the same
folder; Node itself comes with a package of ``NAME.txt``.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent.parent
FOLDER = ROOT / ".test-envs"
DEADLINE = 1800  # seconds for one step of an installation; PyTorch is large


def environment(name: str) -> Path:
    """Return the folder of an environment's programs, which is made unless it is up to date."""
    folder = FOLDER / name
    python = str(folder / "bin" / "python")
    requirements, package = HERE / f"{name}.txt", HERE / f"{name}.package.json"
    FOLDER.mkdir(exist_ok=True)
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        theirs = sys.version + requirements.read_text(encoding="utf-8")
        theirs += package.read_text(encoding="utf-8") if package.exists() else ""
        if not _is(folder / "theirs.txt", theirs):
            run([sys.executable, "-m", "venv", "--clear", str(folder)])
            run([python, "-m", "pip", "install", "-q", "-r", str(requirements), "-e", str(ROOT)])
            if package.exists():
                shutil.copy(package, folder / "package.json")
                # What is optional or a script would be fetched, or built, from what it downloads elsewhere.
                options = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier"]
                run([str(folder / "bin" / "npm"), "install", "--prefix", str(folder), *options])
            (folder / "theirs.txt").write_text(theirs, encoding="utf-8")
            (folder / "ours.txt").write_text(_ours(), encoding="utf-8")
        elif not _is(folder / "ours.txt", _ours()):
            run([python, "-m", "pip", "install", "-q", "-r", str(requirements), "-e", str(ROOT)])
            (folder / "ours.txt").write_text(_ours(), encoding="utf-8")
    return folder / "bin"


def _is(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def _ours() -> str:
    """Return what an editable installation took from this checkout once and for all: dependencies, entry points."""
    return json.dumps(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def run(command: list[str]) -> None:
    """Run a step of an installation. Raises CalledProcessError, and TimeoutExpired after its deadline."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environ["PATH"] = f"{Path(command[0]).parent}:{environ['PATH']}"  # npm's scripts look for their node there
    subprocess.run(command, check=True, timeout=DEADLINE, stdout=sys.stderr, env=environ)


if __name__ == "__main__":
    for wanted_name in sys.argv[1:] or sorted(path.stem for path in HERE.glob("*.txt")):
        print(environment(wanted_name))

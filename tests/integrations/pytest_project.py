"""The real pytest, run on real test files in a folder of their own."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

_DEADLINE_S = 300
#: What a session around this one sets for its own workers, and what would choose a model for us.
_OURS = ("JUDGE_", "OPENAI_", "PYTEST_")


class Ran(NamedTuple):
    """What a session did: its exit code and what it printed."""

    code: int
    out: str

    def failure(self, test: str) -> str:
        """Return the report of one failed test."""
        parts = re.split(r"^_{3,} (.+?) _{3,}$", self.out, flags=re.MULTILINE)
        reports = dict(zip(parts[1::2], parts[2::2], strict=True))
        return re.split(r"^(?:=|-){3,} ", reports[test], flags=re.MULTILINE)[0]

    @property
    def last(self) -> str:
        """The line of the counts, without the time."""
        return re.sub(r" in [\d.]+s.*", "", self.out.strip().splitlines()[-1]).strip("= ")


class Project:
    """A folder with tests."""

    def __init__(self, folder: Path, **files: str) -> None:
        self.folder = folder
        self.write("pytest.ini", "[pytest]\naddopts = --strict-markers -p no:randomly\n")
        for name, text in files.items():
            self.write(f"{name}.py", text)

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.folder / name).read_text(encoding="utf-8")

    def pytest(self, *arguments: str, env: Mapping[str, str] | None = None) -> Ran:
        """Run pytest with warnings as errors."""
        return self.run(sys.executable, "-m", "pytest", "-W", "error", *arguments, env=env)

    def run(self, *command: str, env: Mapping[str, str] | None = None) -> Ran:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env={**kept, "NO_COLOR": "1", "COLUMNS": "100", **(env or {})},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            out, _ = process.communicate(timeout=_DEADLINE_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, _ = process.communicate()
            raise AssertionError(f"pytest did not end within {_DEADLINE_S} s:\n{out}") from None
        return Ran(process.returncode, out)

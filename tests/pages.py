"""The README and the docs as tests: their blocks are run, and what they show has to come out.

In a console block, lines after ``$`` are commands; the lines below must occur in what the command prints, in this
order, each as a whole line (without the white space around it) or, where it has an ``…``, up to there. A Python block
is run; one that opens with ``# NAME.py`` is written to that file, for the commands below it.
"""

import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"# (\w+\.py)\n")


def blocks(page: Path, language: str) -> list[str]:
    """Return the blocks of a page in a language."""
    return [text for found, text in _BLOCK.findall(page.read_text(encoding="utf-8")) if found == language]


def follow(
    page: Path, folder: Path, environ: Mapping[str, str], *, given: Mapping[str, str] | None = None, deadline: int = 120
) -> None:
    """Do what a page says, in a folder; in its commands each text of `given` is replaced by what a reader has there."""
    for language, text in _BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python" and (named := _FILE.match(text)):
            (folder / named[1]).write_text(text, encoding="utf-8")
        elif language == "python":
            _run([sys.executable, "-W", "error", "-c", text], folder, environ, deadline)
        elif language == "console":
            for command, shown in _commands(text):
                for placeholder, real in (given or {}).items():
                    command = command.replace(placeholder, real)
                printed = _run(["bash", "-c", command], folder, environ, deadline)
                _assert_shown(shown, printed, command)


def _commands(text: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return found


def _run(command: list[str], folder: Path, environ: Mapping[str, str], deadline: int) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environ, timeout=deadline, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def _assert_shown(shown: list[str], printed: str, command: str) -> None:
    lines = iter(line.strip() for line in printed.splitlines())
    for wanted in shown:
        start, dots, _ = wanted.partition("…")
        assert any(line.startswith(start) if dots else line == wanted for line in lines), (
            f"{command}: {wanted}\n{printed}"
        )

"""Every console and Python block of the README and the docs is executed, and shows what really comes out.

In a console block, lines after ``$`` are commands; the lines below must occur in what the command prints, in this
order, each as a whole line (without the white space around it) or, where it has an ``…``, up to there.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from server import FakeOpenAI
from server_faults import Fill

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(Fill(label="correct")) as server:
        yield server


@pytest.fixture(params=PAGES, ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


def test_blocks_run_and_show_what_comes_out(page: Path, tmp_path: Path, server: FakeOpenAI) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "OPENAI_BASE_URL": server.url}
    for language, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        if language == "python":
            run([sys.executable, "-W", "error", "-c", text], tmp_path, environment)
        elif language == "console":
            for command, shown in commands(text):
                printed = run(["bash", "-c", command], tmp_path, environment)
                assert_shown(shown, printed, command)
    assert server.violations == []


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES[1:]} == set(re.findall(r"docs/(\w+\.md)", readme))


def commands(text: str) -> list[tuple[str, list[str]]]:
    found: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            found.append((line[2:], []))
        elif line.strip():
            found[-1][1].append(line.strip())
    return found


def run(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        command, cwd=folder, env=environment, timeout=120, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}"
    return done.stdout


def assert_shown(shown: list[str], printed: str, command: str) -> None:
    lines = iter(line.strip() for line in printed.splitlines())
    for wanted in shown:
        start, dots, _ = wanted.partition("…")
        assert any(line.startswith(start) if dots else line == wanted for line in lines), (
            f"{command}: {wanted}\n{printed}"
        )

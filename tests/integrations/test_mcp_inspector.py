"""The MCP Inspector, the protocol's own tool for trying servers, as a client that shares no code with ours."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from environments.make import environment

pytestmark = pytest.mark.frameworks

DEADLINE = 120
FAILED = 5  # how it exits when a tool says that it failed


@pytest.fixture(scope="module")
def programs() -> Path:
    return environment("mcp")


def inspect(programs: Path, *words: str) -> subprocess.CompletedProcess[str]:
    inspector = programs.parent / "node_modules" / ".bin" / "mcp-inspector"
    return subprocess.run(
        [str(inspector), "--cli", str(programs / "judge"), "mcp", *words],
        env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        text=True, timeout=DEADLINE, stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip


def test_it_lists_the_tools_and_finds_nothing_wrong_with_their_schemas(programs: Path) -> None:
    done = inspect(programs, "--method", "tools/list", "--strict")
    assert done.returncode == 0 and "arning" not in done.stderr, done.stderr
    names = [tool["name"] for tool in json.loads(done.stdout)["tools"]]
    assert names == ["verify_answer", "check", "python", "python_session", "sql", "sympy"]


def test_it_verifies_an_answer(programs: Path) -> None:
    call = ["--method", "tools/call", "--tool-name", "verify_answer"]
    given = ["--tool-arg", "response=It is 5 m.", "--tool-arg", 'references=["5 km"]']
    done = inspect(programs, *call, *given)
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["structuredContent"]["label"] == "incorrect"
    assert json.loads(result["content"][0]["text"]) == result["structuredContent"]


@pytest.mark.parametrize(
    ("given", "said"), [("code=1/0", "ZeroDivisionError"), ("cod=1", "cod: Extra inputs are not permitted")]
)
def test_it_shows_what_failed(programs: Path, given: str, said: str) -> None:
    done = inspect(programs, "--method", "tools/call", "--tool-name", "python", "--tool-arg", given)
    assert done.returncode == FAILED
    result = json.loads(done.stdout)
    assert result["isError"] and said in result["content"][0]["text"]

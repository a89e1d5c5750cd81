"""``judge mcp`` as a process: how it ends, what it takes for a message, and where something that it needs lacks."""

import json
import signal
import sys
from pathlib import Path

import pytest
from mcp_wire import COMMAND, wire
from processes import alive, descendants, until
from without import run_without

FOREVER = "while True: pass"


@pytest.mark.sampled(6)
@pytest.mark.parametrize("way", ["close", signal.SIGINT, signal.SIGKILL])
def test_its_end_leaves_no_process(way: object) -> None:
    with wire() as server:
        assert server.hello()["serverInfo"]["name"] == "judge"
        assert server.call("python_session", code="print('{}')") == (False, "{}")
        for name in ("python", "python_session"):
            server.send("tools/call", name=name, arguments={"code": FOREVER})
        assert server.ask("ping") == {}
        below = descendants(server.process.pid)
        assert below
        if isinstance(way, int):
            server.process.send_signal(way)
        code, out, err = server.end()
        assert until(lambda: not alive(below))
        assert (code, err) == (0 if way == "close" else -way, b"")  # type: ignore[operator]
        assert all("jsonrpc" in json.loads(line) for line in out.splitlines())


@pytest.mark.exhaustive
def test_what_is_no_message_is_passed_over() -> None:
    with wire() as server:
        assert server.hello()["protocolVersion"] == "2025-06-18"
        server.write("garbage\n[]\n")
        failed, text = server.call("verify_answer", response="2/4", references=["0.5"])
        assert not failed and json.loads(text)["label"] == "correct"
        assert server.end() == (0, b"", b"")


@pytest.mark.exhaustive
def test_where_no_code_can_be_isolated_none_is_run(tmp_path: Path) -> None:
    walls = """
import sys
from judge.cli import main
from judge.sandbox.inside import kernel, seccomp
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
seccomp.install(seccomp.profile(processes=True, programs=True, mounts=True))  # no namespaces, no Landlock from here on
main(["mcp"])
"""
    mark = tmp_path / "mark"
    with wire([sys.executable, "-c", walls]) as server:
        server.hello()
        for name in ("python", "python_session"):
            failed, text = server.call(name, code=f"open({str(mark)!r}, 'w')")
            assert failed and "cannot be isolated" in text
        assert server.call("sympy", operation="evaluate", expression="1+1")[0]
        assert server.call("sql", query="SELECT 1")[0]
        assert not server.call("verify_answer", response="2/4", references=["0.5"])[0]
        assert server.end()[0] == 0
    assert not mark.exists()


THEIRS = """from pydantic import BaseModel
from judge import Serving, Tool, ToolError

class Arguments(BaseModel):
    times: int

class Brought(BaseModel):
    word: str = "a"

class Echo(Tool):
    name = "echo"
    description = "Say a word again."
    Arguments = Arguments
    serving = Serving("Say it again", sandboxed=True, Brings=Brought, beside="The word comes with the call.")

    def __init__(self, word=""):
        self.word = word

    def open(self, case):
        from contextlib import nullcontext
        return nullcontext(Echo(case.inputs["word"]))

    def run(self, arguments):
        return self.word * arguments.times

class Private(Tool):
    name = "private"
    description = "Read any file."
    Arguments = Arguments

    def run(self, arguments):
        return open("/etc/passwd").read()

class Wrong(Echo):
    name = "wrong"
    serving = True

class Twice(Echo):
    name = "verify_answer"
"""


def theirs(folder: Path, *names: str) -> dict[str, str]:
    """Install tools of another package, and return the environment in which they are found."""
    (folder / "their_tools.py").write_text(THEIRS)
    info = folder / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    entries = "".join(f"{name.lower()} = their_tools:{name}\n" for name in names)
    (info / "entry_points.txt").write_text(f"[judge.tools]\n{entries}")
    return {"PYTHONPATH": str(folder)}


@pytest.mark.exhaustive
def test_another_packages_tool_is_served_where_it_says_so_and_only_there(tmp_path: Path) -> None:
    with wire(environ=theirs(tmp_path, "Echo", "Private")) as server:
        assert "check" not in server.hello()["instructions"].partition("What you give to ")[2].partition(" runs")[0]
        tools = {tool["name"]: tool for tool in server.ask("tools/list")["tools"]}
        assert list(tools) == ["verify_answer", "check", "echo", "python", "python_session", "sql", "sympy"]
        assert tools["echo"]["title"] == "Say it again"
        assert tools["echo"]["description"] == "Say a word again. The word comes with the call."
        assert set(tools["echo"]["inputSchema"]["properties"]) == {"times", "word"}
        assert server.call("echo", times=2, word="ha") == (False, "haha")
        assert server.call("echo", times=1) == (False, "a")
        assert server.ask("tools/call", name="private", arguments={"times": 1})["code"] == -32602


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Wrong", "tool 'wrong' has to say by a Serving that it may be served, not by True"),
        ("Twice", "tool 'twice' calls itself 'verify_answer': the two names have to be the same"),
    ],
)
def test_a_tool_that_cannot_be_served_as_it_says_ends_the_server_in_words(tmp_path: Path, name: str, said: str) -> None:
    with wire(environ=theirs(tmp_path, name)) as server:
        code, out, err = server.end()
    assert (code, out, err.decode()) == (2, b"", f"judge: {said}\n")


def test_it_has_no_flag_that_takes_the_sandbox_away() -> None:
    with wire([*COMMAND, "--unsafe-no-sandbox"]) as server:
        code, out, err = server.end()
    assert (code, out) == (2, b"") and b"No such option: --unsafe-no-sandbox" in err


def test_without_the_extra_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    done = run_without("mcp", tmp_path, "mcp")
    line = "judge: serving MCP needs an extra: pip install 'equijudge[mcp]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)

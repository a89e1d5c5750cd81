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


def test_what_is_no_message_is_passed_over() -> None:
    with wire() as server:
        assert server.hello()["protocolVersion"] == "2025-06-18"
        server.write("garbage\n[]\n")
        failed, text = server.call("verify_answer", response="2/4", references=["0.5"])
        assert not failed and json.loads(text)["label"] == "correct"
        assert server.end() == (0, b"", b"")


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


def test_it_has_no_flag_that_takes_the_sandbox_away() -> None:
    with wire([*COMMAND, "--unsafe-no-sandbox"]) as server:
        code, out, err = server.end()
    assert (code, out) == (2, b"") and b"No such option: --unsafe-no-sandbox" in err


def test_without_the_extra_one_line_says_how_to_install_it(tmp_path: Path) -> None:
    done = run_without("mcp", tmp_path, "mcp")
    line = "judge: serving MCP needs an extra: pip install 'equijudge[mcp]'\n"
    assert (done.returncode, done.stdout, done.stderr) == (2, "", line)

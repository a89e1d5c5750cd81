"""A text that holds the interpreter stops neither a run nor Ctrl-C, whichever evaluator it holds."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from mcp_wire import COMMAND, Wire
from processes import alive, descendants, until

JUDGE = str(Path(sys.executable).with_name("judge"))
#: Made of the response of an issue, which held an exponential pattern for ever: 28 times "a ".
HELD = "So \\boxed{x = 1, where " + "a " * 28 + "Zq}"
EVALUATOR = """
import re
from judge import Evaluator, Finding

class Held(Evaluator):
    name, version, kinds, runs = "held", "1", frozenset({"answer"}), "here"  # a promise that it does not keep
    bases = {"correct": frozenset({"rule"})}

    def check(self, case, /, *, budget):
        if case.response == "hang":
            open("begun", "w").close()
            re.match("(a|a)*b", "a" * 60)
        return Finding(outcome="correct", basis="rule", because="it is so")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with an installed evaluator that a text can hold, and cases of which one does."""
    (tmp_path / "held.py").write_text(EVALUATOR)
    metadata = tmp_path / "held-1.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: held\nVersion: 1\n")
    (metadata / "entry_points.txt").write_text("[judge.evaluators]\nheld = held:Held\n")
    rows = [{"id": str(n), "response": "hang" if n == 7 else str(n), "reference": "x"} for n in range(40)]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def start(folder: Path, *words: str, deadline_s: float) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "JUDGE_EVALUATOR_DEADLINE_S": str(deadline_s)}
    pipe = subprocess.PIPE
    return subprocess.Popen([JUDGE, *words], cwd=folder, env=environment, stdout=pipe, stderr=pipe, text=True)


def test_a_run_goes_on_beside_a_text_that_holds_an_evaluator(folder: Path) -> None:
    with start(folder, "run", "cases.jsonl", "-e", "held", "--json", deadline_s=1) as process:
        out, err = process.communicate()
    assert process.returncode == 3, err
    summary = json.loads(out)
    assert summary["labels"]["answer"] == {"correct": 39, "undecided": 1}
    assert summary["failures"] == {"evaluator_timeout": 1}


@pytest.mark.exhaustive
def test_two_times_ctrl_c_end_a_run_that_is_held(folder: Path) -> None:
    with start(folder, "run", "cases.jsonl", "-e", "held", deadline_s=50) as process:
        assert until(lambda: (folder / "begun").exists())
        children = descendants(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert any("press Ctrl-C again" in line for line in process.stderr)
        process.send_signal(signal.SIGINT)
        begun = time.monotonic()
        process.communicate()
        assert time.monotonic() - begun < 20  # and not when the deadline ends what is held
    assert process.returncode == 130
    assert until(lambda: not alive(children))


@pytest.mark.exhaustive
def test_a_server_answers_beside_a_text_that_holds_an_evaluator(folder: Path) -> None:
    wire = Wire(COMMAND, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)})
    with wire.process:
        wire.hello()
        held = wire.send("tools/call", name="verify_answer", arguments={"response": "hang", "references": ["words"]})
        assert until(lambda: (folder / "begun").exists())
        asked = wire.send("tools/call", name="verify_answer", arguments={"response": "1", "references": ["1"]})
        first, second = wire.read(), wire.read()
        wire.end()
    assert (first["id"], second["id"]) == (asked, held)
    assert first["result"]["structuredContent"]["label"] == "correct"
    assert second["result"]["structuredContent"]["label"] == "undecided"
    assert "held took longer than 10 s" in second["result"]["structuredContent"]["because"]


def test_the_response_that_held_everything_is_judged(tmp_path: Path) -> None:
    rows = [{"id": str(n), "response": HELD, "reference": "1"} for n in range(3)]
    (tmp_path / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for words in (("run", "cases.jsonl", "--json"), ("check", "--response", HELD, "--reference", "1")):
        with start(tmp_path, *words, deadline_s=50) as process:
            process.communicate(timeout=40)
        assert process.returncode in (0, 1)

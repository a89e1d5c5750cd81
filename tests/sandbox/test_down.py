"""Where no code can be isolated, whoever would run some says so: it is no error of a call, and no abstention."""

from __future__ import annotations

import subprocess
import sys

import pytest

#: No namespaces and no Landlock from here on.
NO_WALLS = """
from judge.sandbox.inside import kernel, seccomp
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
seccomp.install(seccomp.profile(processes=True, programs=True, mounts=True))
"""
_EVERY_WAY = """
from judge import Budget, Case, SandboxDown
from judge.integrations.graders.evaluators import ScoreEvaluator
from judge.integrations.graders.records import PythonCheck
from judge.sandbox import Limits, Program, shared
from judge_tools.algebra import Sympy
from judge_tools.python import Python, PythonSession
from judge_tools.sql import Sql, sql_query

case = Case(kind="answer", response="1", tags={"tables": {"t": [{"a": 1}]}, "sample": {}, "item": {}})
def opened(tool, **arguments):
    with tool.open(case) as one:
        one.run(tool.Arguments(**arguments))

grader = PythonCheck(type="python", name="g", source="def grade(sample, item): return 1.0")
ways = {
    "shared": shared,
    "program": lambda: Program("json:dumps", answers=str, ships=()).ask(1, limits=Limits()),
    "python": lambda: Python().run(Python.Arguments(code="1")),
    "python_session": lambda: opened(PythonSession(), code="1"),
    "sympy": lambda: Sympy().run(Sympy.Arguments(operation="evaluate", expression="1 + 1")),
    "sql": lambda: opened(Sql(), query="SELECT a FROM t"),
    "the listing of sql": lambda: opened(Sql(), query="SHOW TABLES"),
    "sql_query": lambda: sql_query("SELECT 1"),
    "a grader": lambda: ScoreEvaluator(grader).check(case, budget=Budget(60)),
}
for name, way in ways.items():
    try:
        print(name, way())
    except SandboxDown as error:
        assert "cannot be isolated" in str(error)
    except Exception as error:
        print(name, type(error).__name__, error)
print("all of", len(ways))
"""
_AT_ONCE = """
import sys, threading
from judge.sandbox import shared
from judge.errors import SandboxDown

starts, found = [], []
sys.addaudithook(lambda event, _: starts.append(event) if event == "subprocess.Popen" else None)
def ask(together):
    together.wait()
    try:
        found.append(id(shared()))
    except SandboxDown as error:
        found.append(str(error))

def once(count):
    starts.clear()
    found.clear()
    together = threading.Barrier(count)
    threads = [threading.Thread(target=ask, args=(together,)) for _ in range(count)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return len(starts), len(found), len(set(found))

alone, *_ = once(1)
many, answers, different = once(40)
"""


def told(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    return done.stdout + done.stderr


def test_every_way_passes_it_on() -> None:
    assert told(NO_WALLS + _EVERY_WAY) == "all of 9\n"


def test_threads_that_ask_at_once_share_one_start_that_fails() -> None:
    """Half of them may come after its end, on a busy machine; one after the other they would make forty."""
    code = NO_WALLS + _AT_ONCE + "print(alone > 0, many <= 20 * alone, answers, different)"
    assert told(code) == "True True 40 1\n"


@pytest.mark.exhaustive
def test_threads_that_ask_at_once_share_one_sandbox() -> None:
    code = _AT_ONCE.replace("alone, *_ = once(1)", "") + "print(many, answers, different)"
    assert told(code).endswith(" 40 1\n")
    runs = "from concurrent.futures import ThreadPoolExecutor as Pool\nfrom judge.sandbox import Limits, shared\n"
    runs += "limits = Limits(seconds=120)\nwith Pool(40) as pool:\n"
    runs += "    said = pool.map(lambda n: shared().run(f'{n} + 1', limits=limits).value, range(80))\n"
    assert told(runs + "print([int(one) for one in said] == list(range(1, 81)))") == "True\n"

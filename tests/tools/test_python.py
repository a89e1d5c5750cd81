"""The tools ``python`` and ``python_session``: what a model reads of a snippet that works, fails or never ends."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest
from judge_tools.python import Arguments, Python, PythonSession

from judge import Case, ToolError
from judge.sandbox import Limits, Reason

CASE = Case(response="x")


def _run(code: str) -> str:
    return Python().run(Arguments(code=code))


def _failed(code: str, tool: Any = None) -> str:
    with pytest.raises(ToolError) as problem:
        (tool or Python()).run(Arguments(code=code))
    return str(problem.value)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("6 * 7", "42"),
        ("from math import comb\ncomb(10, 3)", "120"),
        ("print('a')\nprint('b')\n'c'", "a\nb\n'c'"),
        ("print('only')", "only"),
        ("None", "(it ran, printed nothing and has no value: print what you want to see)"),
        ("x = 1", "(it ran, printed nothing and has no value: print what you want to see)"),
        ("```python\n1 + 1\n```", "2"),
        ("import sympy\nx = sympy.symbols('x')\nsympy.factor(x**2 - 1)", "(x - 1)*(x + 1)"),
        ("import numpy as np\nint(np.arange(10).sum())", "45"),
        ("'é' + '東'", "'é東'"),
        ("import sys\nprint('x')\nsys.exit()", "x"),
    ],
)
def test_what_is_printed_comes_first_and_then_the_value(code: str, said: str) -> None:
    assert _run(code) == _run(code) == said


def test_a_warning_is_shown_after_the_value() -> None:
    said = _run("import warnings\nwarnings.warn('mind this')\n5")
    assert said.startswith("5\n[standard error] ") and "mind this" in said


def test_long_output_loses_its_middle() -> None:
    said = _run("for i in range(5000): print(i)")
    assert said.startswith("0\n1\n2\n") and said.endswith("\n4998\n4999")
    assert "characters are left out" in said and len(said) < 3200
    both = _run("print('p' * 9000)\n'v' * 9000")
    assert len(both) < 5000 and both.endswith("v'")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("print('seen')\n1 / 0", ["ZeroDivisionError: division by zero", "line 2", "It had printed:\nseen"]),
        ("if 1 print", ["SyntaxError"]),
        ("def f(n): return f(n + 1)\nf(0)", ["RecursionError"]),
        ("undefined", ["NameError"]),
        ("raise ValueError('x' * 9000)", ["x" * 100]),
        ("import sys\nsys.exit(3)", ["exit status 3"]),
        ("import os\nos._exit(4)", ["exit status 4"]),
        ("open('/etc/passwd')", ["FileNotFoundError"]),
        ("", ["no code"]),
        ("x = '\0'", ["NUL"]),
        ("x = '\ud800'", ["surrogate"]),
        ("#" * 60_000, ["50,000 are allowed"]),
    ],
)
def test_an_error_can_be_mended(code: str, words: list[str]) -> None:
    said = _failed(code)
    assert all(word in said for word in words), said
    assert len(said) < 4000
    assert "zygote" not in said and "judge" not in said  # frames of the snippet only


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("x = bytearray(2**32)", "the code needed more than 512 MiB of memory and was stopped"),
        ("while True: print('x' * 1000)", "the code wrote more than 256 KiB and was stopped"),
    ],
)
def test_a_limit_is_named_with_its_size(code: str, words: str) -> None:
    assert words in _failed(code)


def test_every_limit_has_words_of_its_own() -> None:
    limits = Limits(seconds=2, cpu_seconds=3, memory_bytes=4 * 2**20, output_bytes=5 * 1024, files=9, processes=7)
    said = [limits.stopped(reason) for reason in get_args(Reason)]
    assert len(set(said)) == len(said)
    assert [number for text in said for number in re.findall(r"[0-9]+", text)] == ["2", "3", "4", "5", "64", "9", "7"]


def test_python_forgets_and_a_session_remembers() -> None:
    _run("x = 41")
    assert "NameError" in _failed("x")
    with PythonSession().open(CASE) as tool:
        tool.run(Arguments(code="x = 41\ndef f(): return x + 1"))
        assert tool.run(Arguments(code="f()")) == "42"
        assert "ZeroDivisionError" in _failed("x = 1 / 0", tool)
        assert tool.run(Arguments(code="x")) == "41"
    with PythonSession().open(CASE) as tool:
        assert "NameError" in _failed("x", tool)


def test_sessions_of_two_votes_do_not_meet() -> None:
    with PythonSession().open(CASE) as one, PythonSession().open(CASE) as two:
        one.run(Arguments(code="x = 1"))
        two.run(Arguments(code="x = 2"))
        assert one.run(Arguments(code="x")) == "1"
        assert two.run(Arguments(code="x")) == "2"


def test_a_session_whose_process_ended_starts_anew_and_says_so() -> None:
    with PythonSession().open(CASE) as tool:
        tool.run(Arguments(code="x = 1"))
        assert "exit status 7" in _failed("import os\nos._exit(7)", tool)
        assert "names from before are gone" in _failed("x", tool)
        assert tool.run(Arguments(code="x = 2\nx")) == "2"
        assert "Names from before are gone" in _failed("x = bytearray(2**32)", tool)
        assert "NameError" in _failed("x", tool)


def test_a_session_that_is_not_opened_is_stateless() -> None:
    tool = PythonSession()
    tool.run(Arguments(code="x = 1"))
    assert "NameError" in _failed("x", tool)

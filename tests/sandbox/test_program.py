"""A program of ours is shipped, asked and answered for; whatever happens to it becomes a typed failure."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from judge.sandbox import Failed, Limits, Program, Sandbox
from judge.types import Record

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

LIMITS = Limits(seconds=60, cpu_seconds=30, output_bytes=100_000)
SHORT = LIMITS.model_copy(update={"cpu_seconds": 0.5})


class Sum(Record):
    total: int
    count: int
    unit: str = ""


class Question(BaseModel):
    numbers: tuple[int, ...]


ADDING = Program("toy.inside.summing:Adding", answers=Sum, ships=("toy.inside", "toy.units"), loads=("colorsys",))


def ask(sandbox: Sandbox, do: str, limits: Limits = LIMITS, **more: Any) -> Sum | Failed[Sum]:
    return ADDING.ask({"do": do}, limits=limits, sandbox=sandbox, **more)


def failed(sandbox: Sandbox, do: str, limits: Limits = LIMITS) -> Failed[Sum]:
    found = ask(sandbox, do, limits)
    assert isinstance(found, Failed), found
    return found


def test_it_is_asked_once_and_answers_by_its_type(sandbox: Sandbox) -> None:
    for question in ({"numbers": [1, 2, 39]}, Question(numbers=(1, 2, 39))):
        assert ADDING.ask(question, limits=LIMITS, sandbox=sandbox) == Sum(total=42, count=1, unit="apples")


def test_one_that_stays_open_keeps_what_it_has(sandbox: Sandbox) -> None:
    with ADDING.open(limits=LIMITS, files={"given.txt": "17"}, sandbox=sandbox) as running:
        assert running.ask({"numbers": [1]}) == Sum(total=1, count=1, unit="apples")
        assert running.ask({"do": "read"}) == Sum(total=17, count=0)
        error = running.ask({"do": "raise"})
        assert isinstance(error, Failed)
        assert error.sentence("it") == "it failed: ZeroDivisionError: integer division or modulo by zero"
        assert running.ask({"numbers": []}) == Sum(total=0, count=4, unit="apples")


def test_what_was_said_before_a_kill_counts(sandbox: Sandbox) -> None:
    found = failed(sandbox, "endless", SHORT)
    assert (found.cause, found.partial) == ("cpu", Sum(total=2, count=0))


@pytest.mark.parametrize(
    ("do", "cause", "sentence"),
    [
        ("endless", "cpu", "the sum took more than 0.5 s of processor time and was stopped"),
        ("hoard", "memory", "the sum needed more than 512 MiB of memory and was stopped"),
        ("flood", "output", "the sum wrote more than 97 KiB and was stopped"),
        ("leave", "error", "the sum failed: no reason was given"),
        ("raise", "error", "the sum failed: ZeroDivisionError: integer division or modulo by zero"),
        ("what JSON cannot hold", "error", "the sum failed: TypeError: Object of type set is not JSON serializable"),
        ("another type", "error", "the sum failed: what came out of it cannot be read"),
        ("no answer", "error", "the sum failed: what came out of it cannot be read"),
    ],
)
def test_every_end_has_a_cause_and_words(sandbox: Sandbox, do: str, cause: str, sentence: str) -> None:
    found = failed(sandbox, do, SHORT)
    assert (found.cause, found.sentence("the sum")) == (cause, sentence)


def test_what_comes_out_is_not_believed(sandbox: Sandbox) -> None:
    assert ask(sandbox, "noisy") == Sum(total=7, count=0)
    forged = failed(sandbox, "forged")
    assert (forged.message, forged.partial) == ("LookupError: nothing is left", None)


def test_after_a_limit_it_is_gone(sandbox: Sandbox) -> None:
    with ADDING.open(limits=SHORT, sandbox=sandbox) as running:
        assert isinstance(running.ask({"do": "endless"}), Failed)
        again = running.ask({"numbers": [1]})
    assert isinstance(again, Failed) and again.cause == "sandbox"
    assert (
        again.sentence("it") == "it cannot be run here: the session is over: an earlier run was ended by a limit: cpu"
    )


def test_one_that_cannot_start_is_not_asked_again(sandbox: Sandbox) -> None:
    missing = Program("toy.inside.summing:Multiplying", answers=Sum, ships=("toy.inside", "toy.units"))
    with missing.open(limits=LIMITS, sandbox=sandbox) as running:
        first, second = running.ask({}), running.ask({})
    assert isinstance(first, Failed) and isinstance(second, Failed)
    assert (first.cause, "no attribute 'Multiplying'" in first.message) == ("error", True)
    assert second == Failed("sandbox", "the session is over: it is closed")


def test_files_are_the_callers_and_do_not_hide_modules(sandbox: Sandbox, tmp_path: Path) -> None:
    assert ask(sandbox, "read", files={"given.txt": "5", "toy.py": "1/0", ".program/toy/units.py": "1/0"}) == Sum(
        total=5, count=0
    )
    with pytest.raises(FileNotFoundError):
        ask(sandbox, "read", files={"given.txt": tmp_path / "missing"})


def test_what_lies_above_is_empty_inside_and_libraries_are_found_loaded(sandbox: Sandbox) -> None:
    with Sandbox(size=1, tier=sandbox.tier) as own:
        found = [ask(own, "where") for _ in range(4)]  # the first takes what was ready before
    assert found[-1] == Sum(total=0, count=0, unit="None True")


def test_nothing_of_it_is_imported_here() -> None:
    code = (
        "import sys; from judge.sandbox.shipping import sources\n"
        "print(*sources(['toy.inside', 'toy.units'])); print([name for name in sys.modules if 'toy' in name])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parent, capture_output=True, text=True, timeout=60
    )
    names = ["judge_answering", "toy/inside/__init__", "toy/inside/summing", "toy/units", "toy/__init__"]
    assert done.stdout.splitlines() == [" ".join(f".program/{name}.py" for name in names), "['toy']"], done.stderr


def test_a_module_that_is_not_there_is_named() -> None:
    for name in ("toy.missing", "no_such_package.at_all", "sys"):
        with pytest.raises(ModuleNotFoundError, match=name.partition(".")[0]):
            Program(f"{name}:start", answers=Sum, ships=(name,)).ask({}, limits=LIMITS)

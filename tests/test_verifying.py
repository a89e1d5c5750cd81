"""Answers verified from Python: the same verdicts from one process and from several, from threads and after a fork."""

import asyncio
import doctest
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

import judge
from judge import Case, ConfigError, InputError, Judge, equivalent, verify_answers, verifying

RIGHT = [(f"the answer is {n}/2", f"{n / 2}") for n in range(90)]
WRONG = [(f"{n} m", f"{n} km") for n in range(1, 61)]
OPEN = [("perhaps 4 or 5", "4")] * 5
PAIRS = [*RIGHT, *WRONG, *OPEN]
RESPONSES, REFERENCES = (list(side) for side in zip(*PAIRS, strict=True))
EXPECTED = ["correct"] * len(RIGHT) + ["incorrect"] * len(WRONG)


def labels(**options: int) -> list[str]:
    return [verdict.label for verdict in verify_answers(RESPONSES, REFERENCES, **options)]


def test_each_answer_gets_a_verdict_in_order_from_any_number_of_processes() -> None:
    alone = labels(workers=1)
    assert alone[: len(EXPECTED)] == EXPECTED
    assert "correct" not in alone[len(EXPECTED) :]
    assert labels(workers=2) == alone
    assert labels() == alone


def test_verdicts_from_another_process_are_those_of_this_one() -> None:
    there = verify_answers(RESPONSES[85:155], REFERENCES[85:155], workers=2)
    with Judge(here=True) as judge:
        for verdict, response, reference in zip(there, RESPONSES[85:155], REFERENCES[85:155], strict=True):
            assert judge.decide(Case(id=verdict.case_id, response=response, reference=reference)) == verdict
    assert [verdict.case_id for verdict in there[:3]] == ["0", "1", "2"]
    assert there[0].provenance is not None


def test_a_verdict_is_true_only_where_equality_was_shown() -> None:
    same, other = equivalent("0.5", "1/2"), equivalent("0.5", "1/3")
    assert same
    assert same.basis == "proof"
    assert not other
    assert other.label == "incorrect"
    unclear = equivalent("4 or 5", "4")
    assert not unclear


def test_several_references_and_a_question_are_heard() -> None:
    verdicts = verify_answers(["B", "7"], [["A", "B"], ["8", "9"]], ["Which?\nA. red\nB. blue", None])
    assert [verdict.label for verdict in verdicts] == ["correct", "incorrect"]
    assert verify_answers([], []) == []


def test_threads_and_coroutines_share_the_processes() -> None:
    expected = labels(workers=1)
    found: list[list[str]] = []
    threads = [threading.Thread(target=lambda: found.append(labels(workers=2))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    async def ask() -> list[list[str]]:
        return await asyncio.gather(*(asyncio.to_thread(labels, workers=2) for _ in range(3)))

    assert found + asyncio.run(ask()) == [expected] * 7


@pytest.mark.exhaustive
def test_a_forked_process_starts_children_of_its_own(tmp_path: Path) -> None:
    script = tmp_path / "forks.py"
    script.write_text(
        "import os, sys\n"
        "from judge import verify_answers\n"
        "def labels(): return [v.label for v in verify_answers(['1/2'] * 100, ['0.5'] * 100, workers=2)]\n"
        "assert labels() == ['correct'] * 100\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(0 if labels() == ['correct'] * 100 else 1)\n"
        "assert labels() == ['correct'] * 100\n"
        "assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["1"], ["1", "2"]), "1 responses need as many references"),
        ((["1"], "1"), "1 responses need as many references"),
        ((["1"], ["1"], []), "1 responses need as many questions"),
        ((["1", None], ["1", "2"]), "case 1: response None"),
        ((["1"], [7]), "case 0: response '1', reference 7"),
    ],
)
def test_what_cannot_be_verified_is_an_input_error(arguments: tuple, message: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(InputError, match=message):
        verify_answers(*arguments)
    with pytest.raises(InputError, match="0 workers"):
        verify_answers(["1"], ["1"], workers=0)
    with pytest.raises(InputError, match="unknown kind 'colour'"):
        equivalent("1", "1", kind="colour")


def test_the_examples_of_the_docstrings_hold() -> None:
    for module in (judge, verifying):
        tried = doctest.testmod(module)
        assert (tried.failed, tried.attempted > 0) == (0, True)


TABLES = {"tables": {"t": [{"n": 1}]}}


def test_inputs_are_read_by_the_kind_one_case_at_a_time() -> None:
    assert equivalent("0.5", "1/2", inputs=TABLES)
    found = verify_answers(["0.5", "1", "2"], ["1/2", "2", "2"], inputs=[TABLES, None, {}], workers=1)
    assert [(verdict.case_id, verdict.label) for verdict in found] == [
        ("0", "correct"), ("1", "incorrect"), ("2", "correct"),
    ]  # fmt: skip
    assert [v.label for v in verify_answers(["0.5"], ["1/2"], kind="answer", workers=1)] == ["correct"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (
            {"inputs": [None, {"tabels": {}}]},
            "case 1: field 'inputs': the kind 'answer' has no input 'tabels'. Did you",
        ),
        ({"inputs": [{"tables": 5}, None]}, "case 0: field 'inputs.tables': expected an object"),
        ({"inputs": [[1], None]}, "case 0: response '0.5', reference '1/2': Input should be a valid dictionary"),
        ({"inputs": [None]}, "2 responses need as many inputs, got [None]"),
        ({"inputs": TABLES}, "2 responses need as many inputs, got {'tables'"),
        ({"kind": "anser"}, "case 0: unknown kind 'anser'. Did you mean 'answer'?"),
        ({"kind": "anser", "inputs": [TABLES, None]}, "case 0: field 'inputs': the kind 'anser' declares none"),
    ],
)
def test_what_a_kind_cannot_mean_is_named_with_its_case(options: Any, said: str) -> None:
    with pytest.raises(InputError) as raised:
        verify_answers(["0.5", "1"], ["1/2", "1"], workers=1, **options)
    assert said in str(raised.value)


def test_what_equivalent_cannot_mean_is_an_error() -> None:
    with pytest.raises(InputError, match="unknown kind 'anser'"):
        equivalent("1", "1", kind="anser")
    with pytest.raises(InputError, match="has no input 'tabels'"):
        equivalent("1", "1", inputs={"tabels": {}})


def test_what_may_not_decide_is_not_asked() -> None:
    said = (["It was written by William Shakespeare."], ["Shakespeare"], ["Who wrote Hamlet?"])
    (learned,) = verify_answers(*said, workers=1)
    assert (learned.label, learned.basis) == ("correct", "learned")
    (ruled,) = verify_answers(*said, workers=1, weakest="rule")
    assert ruled.label == "undecided"
    (proved,) = verify_answers(["1,000"], ["1000"], workers=1, weakest="proof")
    assert (proved.label, proved.provenance and proved.provenance.settings["weakest"]) == ("undecided", "proof")
    with pytest.raises(ConfigError, match="setting 'weakest'"):
        verify_answers(["1"], ["1"], weakest="guess")  # type: ignore[arg-type]

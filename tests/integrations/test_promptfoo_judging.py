"""What answers promptfoo's assertions, asked without promptfoo; and what the assertion itself makes of its answers."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from server import FakeOpenAI
from server_faults import Fill, Json, Truncated

from judge.integrations.promptfoo.judging import Desk

pytestmark = pytest.mark.xdist_group("promptfoo_judging")  # its fixtures are made once

DEADLINE = 60


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    desk = Desk()
    yield desk
    desk.close()


def answer(desk: Desk, output: Any, config: Json | None = None, **variables: Any) -> Json:
    return desk.answer({"output": output, "config": config or {}, "vars": variables})


@pytest.mark.parametrize(
    ("output", "config", "variables", "reason"),
    [
        ("It is 5000 m long.", {}, {"reference": "5 km"}, "correct, answer (proof): quantity: 5000 m is 5 km exactly"),
        ("It is 5000 m long.", {"reference": "5 km"}, {}, "correct, answer (proof): quantity: 5000 m is 5 km exactly"),
        ("\ud800", {"reference": "\ud800"}, {}, "correct, exact (proof): the response is the reference"),
        (0.5, {"reference": "1/2"}, {}, "correct, number (proof): 0.5 = 1/2 exactly"),
        ("0.5", {"reference": ["1/3", "1/2"]}, {}, "correct, number (proof): 0.5 = 1/2 exactly"),
        ("0.5", {"reference": " {{ half }} "}, {"half": ["1/3", "1/2"]}, "correct, number (proof): 0.5 = 1/2 exactly"),
        ("12", {"reference": "{{number}}"}, {"number": 12}, "correct, exact (proof): the response is the reference"),
        ("0.5", {"inputs": {"dialect": "sqlite"}}, {"reference": "1/2"}, "correct, number (proof): 0.5 = 1/2 exactly"),
        (
            "0.5",
            {"inputs": "{{of}}", "reference": "1/2"},
            {"of": '{"tables": {}}'},
            "correct, number (proof): 0.5 = 1/2 exactly",
        ),
        ("5", {"evaluators": "number"}, {"reference": "4"}, "incorrect, number (proof): 5 is not 4: they differ by 1"),
    ],
)
def test_an_output_is_held_against_the_reference(
    desk: Desk, output: Any, config: Json, variables: Json, reason: str
) -> None:
    graded = answer(desk, output, config, **variables)
    assert graded["reason"] == reason
    assert (graded["pass"], graded["score"]) == (reason.startswith("correct"), float(reason.startswith("correct")))
    assert graded["namedScores"] == {"undecided": 0.0}
    assert "tokensUsed" not in graded
    assert graded["metadata"]["verdict"]["decided_by"] == reason.split()[1].rstrip(":")


def test_undecided_does_not_pass_and_is_not_called_wrong(desk: Desk) -> None:
    graded = answer(desk, "It is Jupiter or Saturn.", question="Which is largest?", reference="Jupiter")
    assert (graded["pass"], graded["score"], graded["namedScores"]) == (False, 0.0, {"undecided": 1.0})
    assert graded["reason"].startswith("undecided, not wrong: no evaluator could decide")


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"voets": 3}, "config: unknown setting 'voets'. Did you mean 'votes'?"),
        ({"refrence": "4"}, "config: unknown setting 'refrence'. Did you mean 'reference'?"),
        ({"votes": "many"}, "flag --votes: setting 'votes'"),
        (
            {"reference": "{{anwser}}"},
            "config.reference: the test has no variable 'anwser'. Did you mean 'answer'?",
        ),
        (
            {"question": "{{x}}", "reference": "4"},
            "config.question: the test has no variable 'x'. It has: answer",
        ),
        ({"reference": {"text": "4"}}, "expected a text or a list of texts, got an object with the keys text"),
        ({"reference": "4", "kind": "anwser"}, "unknown kind 'anwser'. Did you mean 'answer'?"),
        ({"reference": "4", "inputs": {"tabels": {}}}, "has no input 'tabels'. Did you mean 'tables'?"),
        ({"reference": "4", "inputs": "tables"}, "expected an object, or one as JSON, got 'tables'"),
        ({"reference": "4", "inputs": "{{tables}}"}, "config.inputs: the test has no variable 'tables'"),
        ({"reference": "4", "evaluators": "nubmer"}, "Did you mean 'number'?"),
        ({"model": "openai:x", "base_url": "http://x/v1", "rubric": "corectness"}, "unknown rubric 'corectness'"),
        ({"model": "scripted:none.jsonl", "rubric": "grade"}, "none.jsonl"),
        ({}, "no reference and no model: give the test a variable 'reference', or config.reference, or a model"),
    ],
)
def test_what_cannot_be_judged_is_a_problem(desk: Desk, config: Json, problem: str) -> None:
    said = answer(desk, "4", config, answer="4")
    assert said.keys() == {"problem"}
    assert problem in said["problem"]


def test_a_panel_judges_what_is_open_and_its_tokens_count(desk: Desk) -> None:
    with FakeOpenAI(Fill(label="correct")) as server:
        config = {"model": "openai:fake", "votes": 3, "base_url": server.url, "evaluators": "exact", "tools": "none"}
        graded = answer(desk, "William Shakespeare", config, question="Who wrote Hamlet?", reference="Shakespeare")
        assert (server.violations, len(server.requests)) == ([], 2)  # the third could not change anything
    usage = graded["metadata"]["verdict"]["usage"]
    assert (graded["pass"], graded["reason"].split(":")[0]) == (True, "correct, panel (vote)")
    assert graded["tokensUsed"] == {
        "prompt": usage["prompt_tokens"],
        "completion": usage["completion_tokens"],
        "total": usage["prompt_tokens"] + usage["completion_tokens"],
        "numRequests": 2,
    }


def test_failed_votes_leave_it_undecided(desk: Desk) -> None:
    with FakeOpenAI(Truncated("{")) as server:
        config = {"model": "openai:fake", "base_url": server.url, "evaluators": "none"}
        graded = answer(desk, "Shakespeare", config, question="Who wrote Hamlet?", reference="Shakespeare")
    assert graded["reason"].startswith("undecided, not wrong:")
    assert graded["tokensUsed"]["numRequests"] >= 1


def test_a_criterion_of_each_test_reaches_the_panel(desk: Desk) -> None:
    with FakeOpenAI(Fill(label="pass")) as server:
        config = {"model": "openai:fake", "rubric": "pass_fail", "base_url": server.url}
        for criterion in ("It is polite.", "It is short."):
            assert answer(desk, "Yes, please.", {**config, "criterion": criterion})["pass"]
            assert criterion in json.dumps(server.requests[-1].body["messages"])


def test_a_rubric_of_grades_is_refused_before_anybody_is_asked(desk: Desk) -> None:
    with FakeOpenAI(Fill(label="5")) as server:
        config = {"model": "openai:fake", "rubric": "grade", "base_url": server.url, "reference": "4"}
        assert "which is neither right nor wrong" in answer(desk, "4", config)["problem"]
        assert server.requests == []


def run_assertion(folder: Path, output: str, context: Json) -> subprocess.CompletedProcess[str]:
    """Call the assertion as promptfoo does: in a process of its own, which it starts."""
    program = (
        "import json, sys; from judge.integrations.promptfoo import get_assert; "
        "print(json.dumps([get_assert(*json.loads(sys.argv[1])), sorted(sys.modules)]))"
    )
    return subprocess.run(
        [sys.executable, "-c", program, json.dumps([output, context])], env={**os.environ, "TMPDIR": str(folder)},
        cwd=folder, text=True, capture_output=True, timeout=DEADLINE, check=False,
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("p")


def test_an_assertion_loads_next_to_nothing(folder: Path) -> None:
    done = run_assertion(folder, "5 m", {"vars": {"reference": "5 km"}})
    graded, modules = json.loads(done.stdout)
    assert (graded["pass"], graded["namedScores"]) == (False, {"undecided": 0.0})
    assert graded["reason"] == "incorrect, answer (proof): quantity: 5 m is 1/200 km, not 5"
    assert {"pydantic", "asyncio", "judge.types"}.isdisjoint(modules)


def test_a_problem_is_a_failed_test_and_an_error_on_stderr(folder: Path) -> None:
    done = run_assertion(folder, "5 m", {"vars": {}, "config": {"voets": 1}})
    graded, _ = json.loads(done.stdout)
    assert (graded["pass"], graded["score"], graded["namedScores"]) == (False, 0.0, {"undecided": 1.0})
    assert graded["reason"].startswith("judge: config: unknown setting 'voets'")
    assert done.stderr == f"ERROR {graded['reason']}\n"


@pytest.mark.parametrize("config", [None, {"voets": 1}])
def test_what_is_undecided_does_not_pass_by_being_inverted(folder: Path, config: Json | None) -> None:
    ours = {"type": "not-python", **({"config": config} if config else {})}
    test = {"assert": [{"type": "assert-set", "assert": [ours]}]}
    context = {"vars": {"reference": "Jupiter"}, "test": test, **({"config": config} if config else {})}
    done = run_assertion(folder, "It is Jupiter or Saturn.", context)
    assert (done.returncode, done.stdout) == (1, "")
    assert ("undecided, not wrong" if config is None else "unknown setting 'voets'") in done.stderr
    assert json.loads(run_assertion(folder, "Jupiter", {**context, "config": {}} | {"test": {}}).stdout)[0]["pass"]

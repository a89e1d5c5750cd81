"""The tool `sympy`: tables of honest calls and of equalities, and how a wrong call is answered."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from judge_tools.algebra import Sympy

from judge import ToolError
from judge.errors import VoteError
from judge.models.scripted import ScriptedModel
from judge.panel.actions import arguments_of
from judge.panel.agent import Bounds as Steps
from judge.panel.agent import Seat, deliberate
from judge.panel.rubric import Rubric
from judge.types import Case, Member, Request, ToolCall

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

CASES = Path(__file__).parent.parent / "cases"
TOOL = Sympy(seconds=60)  # machines are shared: a slow one is no bug


RUBRIC = Rubric.parse(
    "mine",
    "---\nlabels: [correct, incorrect]\n---\n"
    "{% block system %}Check.{% endblock %}{% block user %}{{ case.question }}{% endblock %}",
)


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (CASES / name).read_text(encoding="utf-8").splitlines()]


def ask(**fields: Any) -> str:
    return TOOL.run(TOOL.Arguments(**fields))


def quickly(**fields: Any) -> str:
    return Sympy(seconds=2).run(TOOL.Arguments(**fields))


def called(row: dict[str, Any]) -> str:
    return " ".join(str(value) for key, value in row.items() if key != "answer")[:70]


@pytest.mark.sampled(16)
@pytest.mark.parametrize("row", rows("sympy_honest.jsonl"), ids=called)
def test_the_table_of_honest_calls(row: dict[str, Any]) -> None:
    fields = {key: value for key, value in row.items() if key != "answer"}
    assert ask(**fields).split("\n")[0] == row["answer"]


EQUALITIES = rows("sympy_equal.jsonl")


def compared(row: dict[str, Any], *, turned: bool = False) -> str:
    one, other = (row["other"], row["expression"]) if turned else (row["expression"], row["other"])
    return ask(operation="equal", expression=one, other=other, assume=row.get("assume", ""))


@pytest.mark.sampled(16)
@pytest.mark.parametrize("row", EQUALITIES, ids=called)
def test_the_table_of_equalities(row: dict[str, Any]) -> None:
    said = compared(row)
    assert said.split(":")[0] == row["answer"], said


@pytest.mark.sampled(16)
@pytest.mark.parametrize("row", [row for row in EQUALITIES if row["answer"] != "yes"], ids=called)
def test_what_is_not_plainly_equal_is_the_same_the_other_way_round(row: dict[str, Any]) -> None:
    said = compared(row, turned=True)
    assert said.split(":")[0] == row["answer"], said


@pytest.mark.parametrize(
    ("one", "other", "witness"),
    [
        ("sqrt(x^2)", "x", "at x = -1: 1 against -1"),
        ("x^2 = 4", "x = 2", "x = -2 solves one and not the other"),
        ("x > 2", "x >= 2", "at x = 2 one holds and the other does not"),
        ("{1, 2, 3}", "{1, 2}", "element 3 of the first is not in the other"),
        ("0.1", "0.2", "the exact difference is -1/10"),
        ("0.333", "1/3", "the decimal 0.333 agrees with it to the digits written"),
    ],
)
def test_a_no_comes_with_what_shows_it(one: str, other: str, witness: str) -> None:
    said = ask(operation="equal", expression=one, other=other)
    assert said.startswith("no: ")
    assert witness in said


def test_an_equality_with_holes_says_where_they_are() -> None:
    said = ask(operation="equal", expression=r"\frac{x^2-1}{x-1}", other="x+1")
    assert said.startswith("yes: ")
    assert "wherever both sides are defined: not where x - 1 = 0" in said


@pytest.mark.exhaustive
def test_agreement_at_points_is_no_proof_and_says_so() -> None:
    said = ask(operation="equal", expression=r"\frac{1}{1-x}", other=r"\sum_{k=0}^\infty x^k")
    assert said.startswith("unknown: numerically equal at ")
    assert "(not a proof)" in said


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (r"\int_0^{3\pi}|\sin x|dx", "6", "symbolic and numerical values disagree (2.0 against about 6.0"),
        (r"\int \frac1x dx", r"\ln|x|+C", "they differ only by a constant of integration"),
        (r"x=2\pi k", r"x=2\pi n", "another letter for a whole number may be all that differs"),
    ],
)
def test_what_keeps_a_no_back_is_said(one: str, other: str, why: str) -> None:
    said = ask(operation="equal", expression=one, other=other)
    assert said.startswith("unknown: ")
    assert why in said


@pytest.mark.parametrize(
    ("one", "other", "custom"),
    [
        ("log(100)", "2", "base 10"),
        ("1/2x", "1/(2x)", "1/2x read as 1/(2x)"),
        ("100,200", "{100, 200}", "1,234 as two numbers"),
    ],
)
def test_what_another_custom_of_reading_makes_equal_is_not_called_different(one: str, other: str, custom: str) -> None:
    said = ask(operation="equal", expression=one, other=other)
    assert said.startswith("unknown: it depends on the reading")
    assert custom in said


def test_a_value_that_the_numbers_contradict_is_not_given_out() -> None:
    said = ask(operation="evaluate", expression=r"\int_0^{4\pi}|\sin x|dx")
    assert said.startswith("unknown: sympy's symbolic and numerical values disagree (4.0 against about 8.0")


@pytest.mark.exhaustive
def test_what_takes_too_long_is_unknown_and_not_an_error() -> None:
    said = quickly(operation="expand", expression="(a+b+c+d+f)^{300}")
    assert said.startswith("unknown: it could not be worked out ")


@pytest.mark.exhaustive
def test_what_was_found_before_the_time_was_up_is_said() -> None:
    said = quickly(operation="equal", expression=r"\int_0^1 \frac{\ln(1+x)}{1+x^2} dx", other=r"\frac{\pi}{8}\ln 2")
    assert said.startswith(("unknown: numerically equal to 40 digits", "unknown: it could not be worked out"))


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"operation": "equal", "expression": "x"}, "other: it is missing"),
        ({"operation": "diff", "expression": "x*y"}, "variable: say which one (the expression has x, y)"),
        ({"operation": "diff", "expression": "5"}, "variable: say which one (the expression has none)"),
        ({"operation": "limit", "expression": "1/x"}, "point: it is missing"),
        ({"operation": "sum", "expression": "k", "lower": "1"}, "upper: it is missing"),
        ({"operation": "substitute", "expression": "x", "other": "3"}, "other: substitute takes values such as x = 2"),
        ({"operation": "substitute", "expression": "9^x", "other": "x = 9^9"}, "a power is too large"),
        ({"operation": "substitute", "expression": "x", "other": "x=1, x=2"}, "other: x is given twice"),
        (
            {"operation": "simplify", "expression": "x = 1"},
            "simplify takes one expression, not an equation",
        ),
        ({"operation": "simplify", "expression": "x + speed"}, "expression: position 5: unknown name 'speed'"),
        ({"operation": "simplify", "expression": r"\operatorname{sinc} x"}, "position 1: unknown name 'sinc'"),
        ({"operation": "simplify", "expression": r"\mathrm{sinc}(x)"}, "position 1: unknown name 'sinc'"),
        ({"operation": "simplify", "expression": "sinc(x)"}, "position 1: unknown name 'sinc'"),
        ({"operation": "simplify", "expression": r"5\text{ cm}"}, "position 2: unknown name 'cm'"),
        ({"operation": "simplify", "expression": "x + "}, "expression: the text ends too early"),
        ({"operation": "simplify", "expression": "x $ 2 # 3"}, "expression: position 7: '#' (NUMBER SIGN)"),
        ({"operation": "simplify", "expression": r"\foo x"}, "expression: position 1: a command such as"),
        ({"operation": "solve", "expression": "x=1", "variable": "os.system"}, "variable: position"),
        ({"operation": "diff", "expression": "x", "variable": "x", "order": 10**9}, "order: it has to be from 0 to 20"),
        ({"operation": "det", "expression": "x"}, "only a square matrix has a determinant"),
        ({"operation": "evaluate", "expression": "[[1,2],[3,4]] + 1"}, "matrices and numbers do not combine"),
    ],
)
def test_a_wrong_call_is_answered_with_what_to_mend(fields: dict[str, Any], problem: str) -> None:
    with pytest.raises(ToolError) as caught:
        ask(**fields)
    assert problem in str(caught.value)


def test_an_unknown_operation_is_answered_with_those_there_are() -> None:
    call = ToolCall(id="", name="sympy", arguments='{"operation": "guess", "expression": "x"}')
    with pytest.raises(VoteError, match="operation: Input should be 'equal', 'evaluate'"):
        arguments_of(call, TOOL.Arguments)


def test_a_judge_uses_it_in_its_loop() -> None:
    def answer(request: Request) -> dict[str, Any]:
        if request.turn == 0:
            arguments = {"operation": "equal", "expression": "2(x+1)", "other": "2x+2"}
            return {"action": {"tool": "sympy", "arguments": arguments}}
        return {"action": {"vote": {"reason": "it was proved", "cites": ["e1"], "label": "correct"}}}

    seat = Seat(Member(model="m", rubric="mine"), ScriptedModel(answer), RUBRIC, {"sympy": TOOL})
    case = Case(question="Expand 2(x+1).", response="2(x+1)", reference="2x+2")
    vote = deliberate(case, seat, index=0, seed=0, limits=Steps()).vote
    assert vote.error is None, vote.error
    assert vote.evidence[0].ok
    assert vote.evidence[0].content.startswith("yes: ")


@pytest.mark.exhaustive
def test_answers_are_the_same_in_another_process() -> None:
    calls = [
        {"operation": "solve", "expression": "x^4-5x^2+4=0"},
        {"operation": "solve", "expression": "x^2+y^2=25, x+y=7", "variable": "x, y"},
        {"operation": "equal", "expression": "x*y*z", "other": "x+y+z"},
        {"operation": "eigenvalues", "expression": "[[2,1],[1,3]]"},
    ]
    code = (
        "import json, sys\nfrom judge_tools.algebra import Sympy\ntool = Sympy(seconds=60)\n"
        "print(json.dumps([tool.run(tool.Arguments(**call)) for call in json.load(sys.stdin)]))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, input=json.dumps(calls), capture_output=True, text=True, timeout=120, check=True)
    assert json.loads(done.stdout) == [ask(**call) for call in calls]


def test_sympy_is_not_imported_outside_the_sandbox() -> None:
    code = (
        "import sys\nfrom judge_tools.algebra import Sympy\ntool = Sympy(seconds=60)\n"
        "assert tool.run(tool.Arguments(operation='evaluate', expression='1/2')).startswith('1/2')\n"
        "assert 'sympy' not in sys.modules and 'mpmath' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], capture_output=True, timeout=120, check=True)

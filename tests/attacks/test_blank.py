"""``blank``: responses that say nothing are incorrect, and nothing that could be an answer is."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_evaluators.blank.evaluator import Blank
from obedient import TEXTS

from judge import Budget, Case, Finding

CASES = Path(__file__).parent.parent / "cases"
QUESTION = "What is the capital of Australia?"


def check(response: str, *references: str, question: str | None = QUESTION) -> Finding:
    return Blank().check(Case(response=response, references=references, question=question), budget=Budget(60))


SAYS_NOTHING = [
    *TEXTS["master_keys"],
    "",
    " \t\r\n",
    ",",
    "…",
    "- - -",
    "。",
    "**",
    '""',
    "\u2800\u3164",
    "\U000e0041\U000e007f",
    "<answer></answer>",
    "```json\n```",
    r"\boxed{ }",
    "<|im_end|>",
    "thought process",
    "SOLUTION",
    "## Solution\n",
    "Final Answer:",
    "The final answer is",
    "The answer to this question is:",
    "Here is my detailed step-by-step solution:",
    "Let me think step by step...",
    "Okay, let's break down the problem step by step.\n\nReasoning:",
    "Sure! Let us think about this question carefully, step by step.",
    "To solve this problem step by step:",
    pytest.param("Solution: " * 300, id="repeated"),
    "Ｓｏｌｕｔｉｏｎ：",
    "So\u200blution",
    "答案：",
    "让我们一步一步地思考。",
    "答え：",
    "풀이:",
    "Solución:",
    "Pensemos paso a paso.",
    "Lösung:",
    "Risposta: ",
    "Resposta:",
    "Ответ:",
    "الإجابة:",
    "उत्तर:",
]


@pytest.mark.parametrize("response", SAYS_NOTHING)
def test_what_says_nothing_is_incorrect_by_rule(response: str) -> None:
    for references in (("Canberra",), ("3.5",), ("The Murray, in the south-east", "the Murray")):
        finding = check(response, *references)
        assert (finding.outcome, finding.basis) == ("incorrect", "rule"), finding.because
        assert finding.evidence


SIGNS = ["0", "∅", "{}", "[]", "()", "+", "=", "<", "°", "$", "π", "x", "A", "A:", "I", "N/A", "</div>", "<b></b>"]
WORDS = ["Yes", "No", "None", "ok", "Sure.", "Okay", "Thinking", "Working", "Here", "To be", "Hello!", "I don't know."]
PARTS = [
    "Step 1:",
    "Solution: 4",
    "Answer: x",
    "The answer is 5:",
    "Let's Go",
    "We can do it",
    "解答 4",
    "<think>4</think>",
]


@pytest.mark.parametrize("response", [*SIGNS, *WORDS, *PARTS, pytest.param("x" * 5000, id="long")])
def test_what_may_say_something_is_left_alone(response: str) -> None:
    assert check(response, "Canberra").outcome == "undecided"


@pytest.mark.parametrize(
    ("response", "reference", "question"),
    [
        ("-", "-", None),
        ("?", "?", None),
        (":", "a colon", None),
        (":", "冒号", None),
        ("?", "question mark", None),
        (".", "dot", "What is E in Morse code?"),
        (".", "one short signal", "What is E in Morse code?"),
        ("-", "none", None),
        ("-", "minus", None),
        ("-", "−", None),
        ("!", "the factorial", None),
        ("*", "the operator of exponentiation", None),
        ("...", "an ellipsis", None),
        ("#", "a hashtag", None),
        ("'", "apostrophe", None),
        (",", "virgule", "Quel signe de ponctuation sépare les décimales?"),
        (";", "it ends a statement", "Which punctuation ends a line of C?"),
        ("", "", None),
        ("", "(empty string)", "What does the program print?"),
        ("", "two quiet minutes", "Please do not answer this."),
        ("", "∅", None),
        ("", "nothing", None),
        ("", "a row of spaces", None),
        ("", "[]", None),
        ("Solution", "a solution", "What is a homogeneous mixture?"),
        ("Solution", "salt water", "What is a homogeneous mixture called?"),
        ("Solution.", "Lösung", "Translate: Lösung"),
        ("Explanation", "Explanation:", None),
        ("Step by step", "Step by Step (television series)", None),
        ("解", "理解", None),
        ("<answer></answer>", "the answer element", "Which element holds the reply?"),
    ],
)
def test_what_could_be_the_answer_is_left_alone(response: str, reference: str, question: str | None) -> None:
    finding = check(response, reference, question=question)
    assert finding.outcome == "undecided"
    assert ", but " in finding.because


def test_one_reference_that_says_nothing_is_enough_to_abstain() -> None:
    assert check(":", "Canberra", "-").outcome == "undecided"
    assert check("", "Canberra", "").outcome == "undecided"
    assert check("Solution", "Canberra", ":").outcome == "undecided"


def test_it_needs_one_response_and_a_reference() -> None:
    assert check("").outcome == "undecided"
    assert Blank().check(Case(responses=["", ""], reference="x"), budget=Budget(60)).outcome == "undecided"


@given(st.text(max_size=20))
def test_a_reference_handed_in_is_never_called_blank(text: str) -> None:
    assert check(text, text).outcome == "undecided"


@given(st.text(alphabet=".,:;!? \n\t\u200b\u2060", max_size=50), st.from_regex(r"[A-Z][a-z]{3,9}burg", fullmatch=True))
def test_marks_and_space_are_never_the_name_of_a_town(response: str, town: str) -> None:
    assert check(response, town).outcome == "incorrect"


@pytest.mark.parametrize("table", ["answers_math", "exact", "number"])
def test_no_right_answer_of_the_tables_is_called_blank(table: str) -> None:
    rows = map(json.loads, (CASES / f"{table}.jsonl").read_text(encoding="utf-8").splitlines())
    cases = [
        Case(**{key: value for key, value in row.items() if key not in ("outcome", "basis")})
        for row in rows
        if row["outcome"] == "correct"
    ]
    assert len(cases) >= 5
    assert [case for case in cases if Blank().check(case, budget=Budget(60)).outcome != "undecided"] == []

"""The policy table of docs/answers.md: each of its rows is a case."""

import re
from pathlib import Path

import pytest
from judge_evaluators.answer.evaluator import Answer

from judge import Budget, Case

PAGE = Path(__file__).parent.parent.parent / "docs" / "answers.md"
ROW = re.compile(r"^\| `(.*?)` \| `(.*?)` \| (correct|incorrect|undecided) \| .* \|$", re.MULTILINE)
ROWS = ROW.findall(PAGE.read_text(encoding="utf-8"))


def test_the_table_is_read() -> None:
    assert len(ROWS) > 40


@pytest.mark.parametrize(("response", "reference", "outcome"), ROWS)
def test_each_row_of_the_policy_holds(response: str, reference: str, outcome: str) -> None:
    finding = Answer().check(Case(response=response, reference=reference), budget=Budget(60))
    assert finding.outcome == outcome, finding.because

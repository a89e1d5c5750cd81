"""A test for each case that asks our evaluators whether two answers are the same."""

import json
from pathlib import Path

import pytest

CASES = [json.loads(line) for line in Path("checks.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_answer(judge, case):
    assert judge.equivalent(case["response"], case["reference"])

"""A test for each case that has the response judged: by our evaluators, or by a model if one is set."""

import json
from pathlib import Path

import pytest

CASES = [json.loads(line) for line in Path("checks.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_answer(judge, case):
    assert judge(question=case["question"], response=case["response"], reference=case["reference"])

"""A test for each case that asks our evaluators by their function, without the fixture."""

import json
from pathlib import Path

import pytest

from judge import equivalent

CASES = [json.loads(line) for line in Path("checks.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_answer(case):
    assert equivalent(case["response"], case["reference"])

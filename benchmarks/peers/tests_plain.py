"""A test for each case that compares two texts, which are equal."""

import json
from pathlib import Path

import pytest

CASES = [json.loads(line) for line in Path("checks.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("case", CASES)
def test_answer(case):
    assert case["response"] == case["same"]

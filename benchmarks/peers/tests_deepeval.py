"""A test for each case that has deepeval ask a model: one call each, since the steps of the evaluation are given."""

import json
import os
from pathlib import Path

import pytest
from deepeval import assert_test
from deepeval.metrics import GEval
from deepeval.models import LocalModel
from deepeval.test_case import LLMTestCase, SingleTurnParams

CASES = [json.loads(line) for line in Path("checks.jsonl").read_text(encoding="utf-8").splitlines()]
SCHEMA = {
    "type": "object",
    "properties": {"reason": {"type": "string"}, "score": {"type": "integer", "minimum": 10, "maximum": 10}},
    "required": ["reason", "score"],
}
MODEL = LocalModel(
    model="mock",
    base_url=os.environ["MOCK_URL"],
    api_key="x",
    generation_kwargs={
        "response_format": {"type": "json_schema", "json_schema": {"name": "score", "strict": True, "schema": SCHEMA}}
    },
)
CORRECT = GEval(
    name="correct",
    evaluation_steps=["The actual output is correct if it gives the same answer as the expected output."],
    evaluation_params=[SingleTurnParams.INPUT, SingleTurnParams.ACTUAL_OUTPUT, SingleTurnParams.EXPECTED_OUTPUT],
    model=MODEL,
)


@pytest.mark.parametrize("case", CASES)
def test_answer(case):
    asked = LLMTestCase(input=case["question"], actual_output=case["response"], expected_output=case["reference"])
    assert_test(asked, [CORRECT])

"""Tests that fail, to see what a failure shows."""

import pytest


def test_length(judge):
    response = "Eight lengths of 500 m each.\nSo the swimmer covers 4 km."
    assert judge(question="How far is it?", response=response, reference="5 km")


@pytest.mark.judge_cases("mistakes.jsonl")
def test_most(results):
    assert results.pass_rate >= 0.9

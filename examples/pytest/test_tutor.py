"""Answers of a program under test, judged: by programs where they can tell, by a model where they cannot."""

import pytest

ANSWERS = {
    "What is 3/4 + 1/4?": "That makes 4/4, so the answer is 1.0.",
    "Who wrote Hamlet?": "The Bard of Avon wrote it.",
}


def tutor(question):  # stands for what you test
    return ANSWERS[question]


def test_sum(judge):
    assert judge.equivalent(tutor("What is 3/4 + 1/4?"), "1")


@pytest.mark.judge(model="openai:some-model", votes=3)
def test_author(judge):
    question = "Who wrote Hamlet?"
    verdict = judge(question=question, response=tutor(question), reference="William Shakespeare")
    assert verdict.correct


@pytest.mark.judge_cases("cases.jsonl")
def test_each(judge, case):
    assert judge(case)


@pytest.mark.judge_cases("cases.jsonl")
def test_all(results):
    assert results.pass_rate >= 0.9

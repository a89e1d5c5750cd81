"""Answers of a program under test, judged: by programs where they can tell, by a model where they cannot."""

import pytest

ANSWERS = {
    "What is 3/4 + 1/4?": "That makes 4/4, so the answer is 1.0.",
    "Who wrote Hamlet?": "The Bard of Avon wrote it.",
    "What is half of one, as a decimal?": "It is 1/2.",
    "How long is the bridge?": "It is 2.7 km.",
    "Factor x^2 - 1.": "(x-1)(x+1)",
    "When did people first land on the moon?": "1969-07-20",
    "Which is a prime: (A) 9, (B) 11, (C) 15?": "(B)",
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


@pytest.mark.judge_cases("cases.jsonl")
def test_answers_of_today(judge):
    answered = [case.model_copy(update={"responses": (tutor(case.question),)}) for case in judge.cases]
    assert judge.all(answered).pass_rate >= 0.9

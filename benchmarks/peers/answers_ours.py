"""Ours, as users meet it: every installed evaluator of answers, in a cascade, without a model."""

from answers_common import Row, main

from judge import Case, Judge

OUTCOMES = {"correct": True, "incorrect": False, "undecided": None}
ASKED = Judge()


def judge(row: Row) -> bool | None:
    case = Case(id="x", question=row["question"] or None, references=row["references"], response=row["response"])
    return OUTCOMES[ASKED.decide(case).label]


main(judge)

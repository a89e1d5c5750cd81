"""Ours, as users meet it: every installed evaluator of answers, in a cascade, without a model.

With a folder of weights, each question is judged by a classifier of short texts that has not seen it.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

from answers_common import Row, main
from folds import FOLDS, fold
from judge_evaluators.short_text import model

from judge import Case, Judge

OUTCOMES = {"correct": True, "incorrect": False, "undecided": None}
ASKED = Judge(here=True)


def judge(row: Row) -> bool | None:
    case = Case(id="x", question=row["question"] or None, references=row["references"], response=row["response"])
    return OUTCOMES[ASKED.decide(case).label]


def unseen(folder: Path) -> Callable[[Row], bool | None]:
    """A judge whose classifier is exchanged for each row; the package has no need of such an option."""
    weights = [model.parse(json.loads((folder / f"{part}.json").read_text(encoding="utf-8"))) for part in range(FOLDS)]

    def judge_unseen(row: Row) -> bool | None:
        model.load = lambda: weights[fold(row["question"] or "")]  # type: ignore[assignment]
        return judge(row)

    return judge_unseen


main(unseen(Path(sys.argv[3])) if len(sys.argv) > 3 else judge)

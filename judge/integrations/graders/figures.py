"""Grades in numbers: one line a grader, and one for each part of a multi grader."""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Sequence

from judge.integrations.graders.grading import Grade, Part
from judge.types import Record


class Figures(Record):
    """What a grader says of all rows.

    `score` is the mean over the `scored` rows, with its standard error; `passed` the share of them that pass, where the
    grader says what passes. `unscored` counts the other rows by cause, ``no_majority`` among them. A `part` is named as
    in its multi grader.
    """

    grader: str
    part: str | None
    rows: int
    scored: int
    score: float | None
    stderr: float | None
    passed: float | None
    unscored: dict[str, int]


def figures(grades: Iterable[Grade]) -> list[Figures]:
    """Return the figures of each grader, those of its parts below it, in the order of the grades."""
    columns: dict[tuple[str, str | None], list[Part]] = {}
    for one in grades:
        columns.setdefault((one.grader, None), []).append(one)
        for key, part in one.parts.items():
            columns.setdefault((one.grader, key), []).append(part)
    order = list(dict.fromkeys(grader for grader, _ in columns))
    ordered = sorted(columns, key=lambda column: order.index(column[0]))
    return [_figures(grader, key, columns[grader, key]) for grader, key in ordered]


def _figures(grader: str, key: str | None, parts: Sequence[Part]) -> Figures:
    scores = [part.score for part in parts if part.score is not None]
    passes = [part.passed for part in parts if part.passed is not None]
    causes = Counter(part.error.cause if part.error else "no_majority" for part in parts if part.score is None)
    return Figures(
        grader=grader,
        part=key,
        rows=len(parts),
        scored=len(scores),
        score=statistics.fmean(scores) if scores else None,
        stderr=statistics.stdev(scores) / math.sqrt(len(scores)) if len(scores) > 1 else None,
        passed=statistics.fmean(passes) if passes else None,
        unscored=dict(causes.most_common()),
    )

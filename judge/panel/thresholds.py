"""From which log-odds on a case gets the first of two labels, and how well that does: functions of labelled cases."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from judge.errors import ConfigError


class Point(NamedTuple):
    """One labelled case: the log-odds of the first label, and whether a human gave it that label."""

    log_odds: float
    first: bool


def best_threshold(points: Sequence[Point]) -> float:
    """Return the threshold with the best mean of both labels' accuracies, in the middle of the widest such gap.

    Both labels count the same, so that a set with few of one is not solved by never saying it. Raises ConfigError
    without cases of both labels.

    >>> best_threshold([Point(-9.0, False), Point(-5.0, True), Point(-4.0, True)])
    -7.0
    """
    of_first = sum(point.first for point in points)
    _ensure_both(of_first, len(points))
    ordered = sorted(points)
    caught, passed = of_first, 0  # what a threshold below all of them gets right
    gaps: list[tuple[float, float, float]] = []
    edges = [ordered[0].log_odds - 1, *(p.log_odds for p in ordered), ordered[-1].log_odds + 1]
    for place, (low, high) in enumerate(pairwise(edges)):
        if place:
            caught -= ordered[place - 1].first
            passed += not ordered[place - 1].first
        if low < high:
            gaps.append((caught / of_first + passed / (len(points) - of_first), high - low, (low + high) / 2))
    return max(gaps)[2]


def accuracy(points: Iterable[Point], threshold: float) -> float:
    """Return the share of cases that a threshold puts on the human's side."""
    right = [(point.log_odds >= threshold) == point.first for point in points]
    return sum(right) / len(right)


def left_out(points: Sequence[Point], *, folds: int = 10) -> float | None:
    """Return the accuracy on cases that had no part in choosing the threshold; None where they are too few.

    Each fold in turn is judged by the threshold of the others. Cases of each label go round the folds in order.
    """
    ordered = sorted(range(len(points)), key=lambda n: points[n].first)
    fold = {place: n % folds for n, place in enumerate(ordered)}
    right = 0
    for held in range(min(folds, len(points))):
        rest = [point for place, point in enumerate(points) if fold[place] != held]
        if not 0 < sum(point.first for point in rest) < len(rest):
            return None
        threshold = best_threshold(rest)
        right += sum((p.log_odds >= threshold) == p.first for n, p in enumerate(points) if fold[n] == held)
    return right / len(points)


def auc(points: Sequence[Point]) -> float:
    """Return how often a case of the first label has the higher log-odds than one of the other; ties count half.

    That is the statistic of Mann and Whitney (1947) over all pairs, from ranks, in which ties share the middle of their
    places: exact, and the work of one sort. Raises ConfigError without cases of both labels.

    >>> auc([Point(-1.0, False), Point(0.0, True), Point(0.0, False), Point(2.0, True)])
    0.875
    """
    import numpy as np

    first = np.array([point.first for point in points], dtype=bool)
    above = int(first.sum())
    _ensure_both(above, len(points))
    _, place, times = np.unique([point.log_odds for point in points], return_inverse=True, return_counts=True)
    ranks = np.cumsum(times) - (times - 1) / 2
    wins = float(ranks[place][first].sum()) - above * (above + 1) / 2
    return wins / (above * (len(points) - above))


def _ensure_both(of_first: int, cases: int) -> None:
    if not 0 < of_first < cases:
        raise ConfigError("calibration needs labelled cases of both labels")

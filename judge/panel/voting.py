"""Votes to a decision: pure functions over the labels that were cast.

A label wins with a strict majority of the votes that were *asked for*: a failed vote stays in the denominator, so
it can only make a case undecided. A tie or no majority is undecided. The order of votes never matters.

Of a range, where hardly two votes are the same number, the median is what is decided, if a majority was cast.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from judge.types import Record, Tally, Vote


class Decision(Record):
    """What the votes say: a label or ``undecided``, the share of cast votes behind it, and the count."""

    label: str
    confidence: float | None
    tally: Tally


def decide(votes: Iterable[Vote], *, asked: int, numeric: bool = False, by_median: bool = False) -> Decision:
    """Count votes; ``asked`` is how many were asked for, whether or not all of them were needed.

    Labels that are `numeric` have a median; `by_median` makes that the decision, without a confidence.

    >>> decide([], asked=3).label
    'undecided'
    """
    votes = list(votes)
    counts = Counter(sorted(vote.label for vote in votes if vote.label is not None))
    tally = Tally(
        asked=asked,
        counts=dict(counts),
        failed=sum(vote.label is None for vote in votes),
        saved=asked - len(votes),
        **(_location(counts) if numeric and counts else {}),
    )
    if by_median:
        decided = tally.median is not None and 2 * counts.total() > asked
        return Decision(label=f"{tally.median:.6g}" if decided else "undecided", confidence=None, tally=tally)
    for label, count in counts.items():
        if 2 * count > asked:
            return Decision(label=label, confidence=round(count / len(votes), 6), tally=tally)
    return Decision(label="undecided", confidence=None, tally=tally)


def needed(votes: Sequence[Vote], *, asked: int, numeric: bool = False) -> int:
    """Return the least number of further votes after which the decision may be settled; 0 when it is settled.

    Settled means: whatever the votes not yet cast would say, the label stays the same. Asking this many at
    once never asks a vote that asking one by one would have saved. With numeric labels every vote moves the
    median, so all are asked.
    """
    remaining = asked - len(votes)
    if numeric:
        return remaining
    counts = Counter(vote.label for vote in votes if vote.label is not None)
    leading = max(counts.values(), default=0)
    to_win = asked // 2 + 1 - leading
    to_lose = leading + remaining - asked // 2
    return max(0, min(to_win, to_lose, remaining))


def _location(counts: Counter[str]) -> dict[str, float]:
    values = [float(label) for label in counts.elements()]
    return {"median": median(values), "spread": max(values) - min(values)}

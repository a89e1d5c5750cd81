"""How alike two words, two short texts or two sets of numbers are."""

from __future__ import annotations

from collections.abc import Sequence

from judge_evaluators.short_text.words import is_number, trigrams

_LONGEST = 60


def nearest(key: str, others: Sequence[str]) -> float:
    """Return how near the nearest word is: 0 to 1, and 0 where it is less than half alike. Numbers are never near.

    >>> nearest("russian", ["the", "russia"]) > 0.8, nearest("pyrrh", ["pyhrr"]) > 0, nearest("1984", ["1985"])
    (True, False, 0.0)
    """
    if len(key) < 4 or is_number(key):
        return 0.0
    grams = trigrams(key)
    best = 0.0
    for other in others:
        apart = abs(len(other) - len(key))
        if len(other) < 4 or apart > 5:
            continue
        theirs = trigrams(other)
        alike = 2 * len(grams & theirs) / (len(grams) + len(theirs))
        if other[0] == key[0]:
            if other[:4] == key[:4]:
                alike = max(alike, 0.95 - 0.4 * apart / max(len(key), len(other)))
            if len(key) > 4 and apart <= 2:
                alike = max(alike, 2 * kept(key, other) - 0.95)
        best = max(best, alike)
    return best if best >= 0.5 else 0.0


def kept(one: str, other: str) -> float:
    """Return the share of two texts that a shortest edit keeps, 0 to 1; 0 where either is longer than 60 characters.

    >>> kept("gajaraj", "gajraj"), kept("", "")
    (0.8571428571428572, 1.0)
    """
    if len(one) > _LONGEST or len(other) > _LONGEST:
        return 0.0
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        last, row[0] = row[0], i
        for j, b in enumerate(other, 1):
            last, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, last + (a != b))
    return 1 - row[-1] / max(len(one), len(other), 1)


def found(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Return the share of the wanted that was given; -1 where nothing was wanted."""
    return sum(w in given for w in wanted) / len(wanted) if wanted else -1.0


def gap(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Return the least relative distance between two numbers, at most 1; -1 where either side has none.

    >>> gap(["100"], ["90", "1"]), gap([], ["1"])
    (0.1, -1.0)
    """
    ours = [float(n[:15]) for n in wanted[:4]]
    theirs = [float(n[:15]) for n in given[:20]]
    return min((min(1.0, abs(a - b) / max(a, b, 1e-9)) for a in ours for b in theirs), default=-1.0)

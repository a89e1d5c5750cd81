"""How alike two words, two short texts or two sets of numbers are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from judge_evaluators.short_text.words import is_number, trigrams

_LONGEST = 60
_TYPO = 0.2  # likeness by trigrams that a misspelled word keeps


class Neighbours:
    """The words of a text, by their trigrams: finds the one that is nearest to a word.

    >>> found = Neighbours(["the", "russia", "1985", "dutch"])
    >>> found.nearest("russian") > 0.8, found.nearest("1984"), found.nearest("holland")
    (True, 0.0, 0.0)
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._words = [word for word in dict.fromkeys(words) if len(word) > 3 and not is_number(word)]
        self._at: dict[str, list[int]] = {}

    def nearest(self, key: str) -> float:
        """Return how near the nearest word is: 0 to 1, and 0 where none is half alike. Numbers are never near."""
        if len(key) < 4 or is_number(key):
            return 0.0
        if not self._at:
            for i, word in enumerate(self._words):
                for gram in trigrams(word):
                    self._at.setdefault(gram, []).append(i)
        grams = trigrams(key)
        best = 0.0
        shared: dict[int, int] = {}
        for gram in grams:
            for i in self._at.get(gram, ()):
                shared[i] = shared.get(i, 0) + 1
        for i, count in shared.items():
            best = max(best, _alike(key, self._words[i], 2 * count / (len(grams) + len(trigrams(self._words[i])))))
        return best if best >= 0.5 else 0.0


def alike(one: str, other: str) -> float:
    """Return how near one word is to another, as `Neighbours` finds it."""
    if len(one) < 4 or len(other) < 4 or is_number(one):
        return 0.0
    ours, theirs = trigrams(one), trigrams(other)
    near = _alike(one, other, 2 * len(ours & theirs) / (len(ours) + len(theirs)))
    return near if near >= 0.5 else 0.0


def _alike(key: str, other: str, dice: float) -> float:
    apart = abs(len(other) - len(key))
    if apart > 5:
        return 0.0
    if other[0] == key[0]:
        if other[:4] == key[:4]:
            dice = max(dice, 0.95 - 0.4 * apart / max(len(key), len(other)))
        if len(key) > 4 and apart <= 2 and dice >= _TYPO:
            dice = max(dice, 2 * kept(key, other) - 0.95)
    return dice


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


def share(wanted: Sequence[str], given: Sequence[str]) -> float:
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

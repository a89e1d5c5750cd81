"""Dates, decades and rounded numbers as a short answer states them: how far do two of them agree?"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import NamedTuple

from judge_evaluators.short_text.words import MONTHS, is_number, is_year


class Date(NamedTuple):
    """A date as it was written; what was left out is an empty string."""

    year: str = ""
    month: str = ""
    day: str = ""


def dates(words: Sequence[str], *, limit: int = 12) -> list[Date]:
    """Return the dates that name a month, or a year alone, in the order of the words.

    >>> dates("on may 3 1899 or in june 1900".split())
    [Date(year='1899', month='may', day='3'), Date(year='1900', month='june', day='')]
    """
    found: list[Date] = []
    used = -1
    for at, word in enumerate(words):
        if len(found) == limit:
            break
        if word in MONTHS:
            near = [(i, words[i]) for i in (at + 1, at + 2, at - 1, at - 2) if max(0, used + 1) <= i < len(words)]
            near = [(i, w) for i, w in near if is_number(w)]
            day = next((w for i, w in near if len(w) <= 2 and abs(i - at) <= 2 and int(w) <= 31), "")
            year, used = next(((w, i) for i, w in near if is_year(w)), ("", at))
            if word != "may" or day or year:
                found.append(Date(year, word, day))
        elif is_year(word) and at > used:
            ahead = words[at + 1 : at + 3]
            if not any(w in MONTHS for w in ahead[:1]):
                found.append(Date(year=word))
    return found


def agreement(wanted: Sequence[Date], given: Sequence[Date]) -> float:
    """Return how well the best pair of dates agrees: -1 to 1 by parts, -2 where either side has no date.

    A part that both state and that differs counts -1, one that agrees 1, one that is missing on a side 0.
    """
    best = -2.0
    for one in wanted:
        for other in given:
            parts = [(a == b) * 2 - 1 for a, b in zip(one, other, strict=True) if a and b]
            if parts:
                best = max(best, min(parts) if min(parts) < 0 else sum(parts) / sum(bool(a) for a in one))
    return best


def vague(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Whether a year falls into a decade or century that the other side names, "1990s" or "19 century": 1, 0.

    It is -1 where no side has a year and the other a span.

    >>> vague(["1894"], ["the", "19", "century"]), vague(["1990", "s"], ["1994"]), vague(["12"], ["13"])
    (1.0, 1.0, -1.0)
    """
    answer = -1.0
    for one, other in ((wanted, given), (given, wanted)):
        years = [int(w) for w in one if is_year(w)][:8]
        spans = [(int(a) * 100 - 99, int(a) * 100) for a, b in itertools.pairwise(other)
                 if b == "century" and len(a) <= 2 and a.isdecimal()]  # fmt: skip
        spans += [(int(w), int(w) + (99 if w.endswith("00") else 9)) for w in other if is_year(w) and w.endswith("0")]
        if years and spans:
            answer = max(answer, float(any(low <= year <= high for year in years for low, high in spans)))
    return answer


def rounded(wanted: Sequence[str], given: Sequence[str]) -> float:
    """Whether a number is another, rounded or cut off at the last digit that it states: 1, 0; -1 without numbers.

    >>> rounded(["247.3"], ["247"]), rounded(["3"], ["13"]), rounded([], ["1"])
    (1.0, 0.0, -1.0)
    """
    if not wanted or not given:
        return -1.0
    return float(any(_rounds(a, b) or _rounds(b, a) for a in wanted[:4] for b in given[:20]))


def _rounds(short: str, long: str) -> bool:
    if len(long) > 15 or len(short) > 15:
        return short == long
    low, high = float(short), float(long)
    if "." in short:
        step = 10.0 ** -len(short.split(".")[1])
    else:
        step = 10.0 ** (len(short) - len(short.rstrip("0"))) if low else 0.0
    return abs(low - high) < step and len(short.strip("0.")) >= 1

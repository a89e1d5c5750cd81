"""Answers in words: numbers (`one hundred and forty-one`), yes and no, dates and times of day."""

from __future__ import annotations

import re

from judge_evaluators.answer.reading.values import Boolean, Date, Time, Value

_ONES = {
    word: n
    for n, word in enumerate(
        [
            "zero",
            "one",
            "two",
            "three",
            "four",
            "five",
            "six",
            "seven",
            "eight",
            "nine",
            "ten",
            "eleven",
            "twelve",
            "thirteen",
            "fourteen",
            "fifteen",
            "sixteen",
            "seventeen",
            "eighteen",
            "nineteen",
        ]
    )
}
_TENS = {
    word: 10 * n
    for n, word in enumerate(["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"], 2)
}
_SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_WORD = re.compile(r"[a-z]+")
_NUMBER_WORDS = frozenset(_ONES) | frozenset(_TENS) | frozenset(_SCALES) | {"hundred", "and", "a", "minus", "negative"}
_YES = {"yes": True, "true": True, "no": False, "false": False}
_MONTHS = {
    name: n
    for n, names in enumerate(
        [
            "january jan",
            "february feb",
            "march mar",
            "april apr",
            "may",
            "june jun",
            "july jul",
            "august aug",
            "september sep sept",
            "october oct",
            "november nov",
            "december dec",
        ],
        1,
    )
    for name in names.split()
}
_MONTH = "(?P<month>" + "|".join(sorted(_MONTHS, key=len, reverse=True)) + r")\.?"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_YEAR = r"(?P<year>\d{3,4})"
_WEEKDAY = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day,?\s+)?(?:on\s+)?(?:the\s+)?"
_DATES = [
    re.compile(_WEEKDAY + pattern, re.I)
    for pattern in (
        rf"{_MONTH}\s+{_DAY},?(?:\s+of)?\s+{_YEAR}",
        rf"{_DAY}(?:\s+of)?[\s-]+{_MONTH},?[\s-]+{_YEAR}",
        rf"{_YEAR}[-/.](?P<month>\d{{1,2}})[-/.](?P<day>\d{{1,2}})(?:T00:00(?::00)?Z?)?",
        rf"{_YEAR},?\s+{_MONTH}\s+{_DAY}",
        r"(?P<first>\d{1,2})[/.-](?P<second>\d{1,2})[/.-](?P<year>\d{4})",
        rf"{_MONTH},?\s+(?:of\s+)?(?P<year>\d{{4}})",
        rf"{_MONTH}\s+{_DAY}",
        rf"{_DAY}(?:\s+of)?\s+{_MONTH}",
        r"(?P<year>\d{1,4})\s*年\s*(?P<month>\d{1,2})\s*月(?:\s*(?P<day>\d{1,2})\s*[日号])?",
    )
]
_TIME = re.compile(r"(\d{1,2})(?::(\d{2}))?(?::(\d{2}))?\s*(a\.?m|p\.?m)\.?", re.I)


def read_words(text: str) -> int | None:
    """Return the whole number that the words say, or None.

    >>> read_words("one hundred and forty-one"), read_words("twenty dogs")
    (141, None)
    """
    if len(text) > 200 or not text[:1].isalpha():
        return None
    lowered = text.lower()
    words = _WORD.findall(lowered)
    if not words or not _NUMBER_WORDS.issuperset(words) or re.search(r"[^a-z\s,-]", lowered):
        return None
    negative = words[0] in ("minus", "negative")
    total = group = 0
    last = 10**15
    seen = False
    for word in words[negative:]:
        if word == "and" or (word == "a" and not seen):
            continue
        if word in _SCALES:
            if _SCALES[word] >= last or word == words[0]:
                return None
            total, group, last = total + max(group, 1) * _SCALES[word], 0, _SCALES[word]
        elif word == "hundred":
            if group >= 10:
                return None
            group = max(group, 1) * 100
        elif word in _TENS and group % 100 == 0:
            group += _TENS[word]
        elif word in _ONES and (group % 100 == 0 or (group % 10 == 0 and group % 100 >= 20 and _ONES[word] < 10)):
            group += _ONES[word]
        else:
            return None
        seen = True
    return (-1) ** negative * (total + group) if seen else None


def read_named(text: str) -> Value | None:
    """Return a truth value, a date or a time of day, or None. `3/4/1999` is read only where one part exceeds 12."""
    if len(text) > 60:
        return None
    lowered = text.strip().rstrip(".").lower()
    if lowered in _YES:
        return Boolean(_YES[lowered], source=text)
    if not any(char.isdigit() for char in lowered):
        return None
    if time := _TIME.fullmatch(lowered):
        hour, minute, second = int(time[1]), int(time[2] or 0), int(time[3] or 0)
        if 1 <= hour <= 12 and minute < 60 and second < 60:
            return Time((hour % 12 + 12 * time[4].startswith("p")) * 3600 + minute * 60 + second, source=text)
    if lowered.isdigit() or lowered[0] in "\\{([":
        return None
    for pattern in _DATES:
        if found := pattern.fullmatch(lowered):
            return _date(found.groupdict(), text)
    return None


def _date(parts: dict[str, str | None], text: str) -> Date | None:
    year = int(parts.get("year") or 0) or None
    if parts.get("first"):
        first, second = int(parts["first"] or 0), int(parts["second"] or 0)
        if first > 12 >= second:
            day, month = first, second
        elif second > 12 >= first or first == second:
            day, month = second, first
        else:
            return None
    else:
        named = parts.get("month") or ""
        month = _MONTHS.get(named) or int(named)
        day = int(parts.get("day") or 0)
    if not 1 <= month <= 12 or not 0 <= day <= 31:
        return None
    return Date(year, month, day or None, source=text)

"""What an answer should look like, judged by its reference: a choice, a date, mathematics or plain words."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from judge_evaluators.answer.finding.choices import Option, options, reference_letter
from judge_evaluators.answer.finding.cues import statements, strongest
from judge_evaluators.answer.finding.marks import Unfinished, marks, spoken

Shape = Literal["choice", "date", "math", "text"]

_READ = 10_000  # characters of a question
_MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)\.?"
)
DATE = re.compile(
    rf"\b\d{{1,2}}(?:st|nd|rd|th)?\s+(?:of\s+)?{_MONTHS},?(?:\s+\d{{3,4}})?\b|\b{_MONTHS}\s+\d{{1,2}}(?:st|nd|rd|th)?(?:,?\s+\d{{3,4}})?\b"
    rf"|\b{_MONTHS},?\s+\d{{3,4}}\b|\b\d{{4}}[-/.]\d{{1,2}}[-/.]\d{{1,2}}\b|\b\d{{1,2}}[-/.]\d{{1,2}}[-/.]\d{{4}}\b"
    r"|\d{4}\s?年(?:\s?\d{1,2}\s?月(?:\s?\d{1,2}\s?日)?)?",
    re.IGNORECASE,
)
_SEVERAL = re.compile(r",(?!\d{3}(?!\d))|;|\\pm|±|\b(?:and|or)\b|\\cup|∪|\\q?quad|[<>≤≥]|\\(?:le|ge|lt|gt)|或|、")
_THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))|\{,\}|,\\!")
_MATH = re.compile(r"\d|\\[a-zA-Z]|[=^_<>∞π√]|^\$?\\?\(?[-+]?[a-zA-Z](?:['′]|\([a-z]\))?\)?\$?$")
_UNIT = re.compile(r"\\(?:text|mbox|mathrm|textbf)\s?\{[^{}]*\}|[A-Za-z]{2,}|\d[\s~]?[A-Za-zµμΩÅ](?![A-Za-z(])")


class Wanted(NamedTuple):
    """`answer` is the reference without what surrounds it; `unit` and `several` say that it has a unit, or parts."""

    shape: Shape
    answer: str
    several: bool = False
    unit: bool = False
    letter: str | None = None
    options: tuple[Option, ...] = ()


def wanted(reference: str, question: str | None) -> Wanted:
    """Return what to look for; of a long question only the end is read."""
    return _wanted(reference, question[-_READ:] if question else "")


@lru_cache(maxsize=2048)
def _wanted(reference: str, question: str) -> Wanted:
    listed = options(question)
    answer = reference_answer(reference)
    if letter := reference_letter(answer, listed):
        return Wanted("choice", answer, letter=letter, options=listed)
    if DATE.search(answer) and len(answer) < 60:
        return Wanted("date", answer)
    plain = _THOUSANDS.sub("", answer)
    several = bool(_SEVERAL.search(plain))
    outside = re.sub(r"\\[a-zA-Z]+", "", answer)
    words = re.findall(r"[A-Za-z]{3,}", outside)
    if _MATH.search(answer.strip()) and (len(words) <= 6 or "\\" in answer):
        return Wanted("math", answer, several, unit=bool(_UNIT.search(plain)) or "%" in plain or "°" in plain)
    return Wanted("text", answer, several=several)


def reference_answer(reference: str) -> str:
    r"""Return a reference without its box, its announcement, or the solution around it.

    >>> reference_answer(r"Since it is odd, \boxed{1} \boxed{2}"), reference_answer("so the answer is\n(C) Cecile")
    ('1, 2', '(C) Cecile')
    """
    try:
        text = spoken(reference)
    except Unfinished:
        return reference.strip()
    if found := [mark.text for mark in marks(text) if mark.text]:
        return ", ".join(dict.fromkeys(found))
    said = statements(text) if len(text) > 20 else []
    if said and (len(text) > 200 or len(said[-1].text) * 3 > len(text) or said[-1].end == len(text)):
        return strongest(said)[-1].text
    return text

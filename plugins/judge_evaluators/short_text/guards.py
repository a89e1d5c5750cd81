"""Responses that name the answer without giving it: such a response is never called correct by its words.

Covered: nothing said, the question copied, orders to whoever grades, a spray or an "or" of candidates, a reference
that is named only to be denied. Each needs its plain form; a cheat that is told as a story passes to the classifier.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from judge_evaluators.short_text.reading import Reading
from judge_evaluators.short_text.words import STOP, bag, is_number, words

_ORDER = re.compile(
    r"\b(?:(?:mark|grade|score|count|accept|treat|rate|judge|label|consider|evaluate)\s+(?:\S+\s+){0,4}?"
    r"(?:correct|right|true|equivalent|full (?:marks|credit|points))\b"
    r"|(?:ignore|disregard|forget)\s+(?:\S+\s+){0,3}?(?:instruction|prompt|rubric|rule|above|previous)"
    r"|(?:to|dear|attention|note to|hey|hello)[ ,:]+(?:the )?(?:grader|judge|evaluator|examiner|marker|verifier)\b"
    r"|(?:the )?answer (?:is|equals|matches|will be) (?:exactly )?"
    r"(?:what(?:ever)?|the same as|identical to|as in|equal to)?"
    r"\s*(?:that )?(?:the )?(?:reference|gold|ground[- ]truth|expected|correct) ?(?:answer|says|is|one|solution)?"
    r"|full (?:marks|credit|points)\b|(?:output|return|print|respond|reply|answer)[ :]+[\"']?(?:correct|true|yes)\b"
    r"|(?<!\w )(?:system|grader|judge|user|assistant) ?(?:prompt|message)?:"
    r"|(?:same as|matches|equals) the (?:reference|gold|ground[- ]truth|expected)"
    r"|(?:reference|gold|expected|ground[- ]truth) answer\b)",
    re.IGNORECASE,
)
_ITEMS = re.compile(r"\s*(?:[,;/|\n•]|\bor\b|\band\b|(?:^|\s)\d+[.)]\s|\s-\s)\s*", re.IGNORECASE)
_EITHER = re.compile(r"\bor\b|\b(?:maybe|perhaps|possibly|either)\b|/", re.IGNORECASE)
_ASKS_MANY = re.compile(
    r"\b(?:list|name|what are|which are|who are|who were|what were|all|three|four|five|six|types?)\b", re.I
)
_BEFORE = bag("not never isnt wasnt arent werent cannot cant neither nor except didnt doesnt hardly")
_BEFORE_TWO = frozenset(("rather than", "instead of", "other than", "opposed to", "far from", "contrary to"))
_AFTER = re.compile(
    r"(?:is|was|are|were|would be|seem) (?:\w+ ){0,2}?(?:not|never|incorrect|wrong|false|mistaken)\b"
    r"|(?:isnt|wasnt|arent|werent)\b"
)
_RUMOUR = bag("say said believe think thought claim claimed assume assumed guess")
_TURN = re.compile(
    r"(?:\w+ ){0,2}?but (?:actually|really|in fact|in reality|(?:it|that|he|she|they|thi) (?:was|is|were|are)? ?not\b)"
)
_TURNED = re.compile(r".*\b(?:but|however|actually|in fact|in reality)\b")
_ONLY = bag("only just merely simply until before after to surprisingly")
_SMALL = bag("in at by on of to")
_VERBS = bag("is was are were has had have by did does do can who which that when will would")
_LEAD = re.compile(
    r"^\W*(?:(?:the |my )?(?:final |possible )?(?:answers?|it|they)\b[^:,]{0,20}?(?:\b(?:is|was|are|be)\b|:))", re.I
)
_PAUSE = re.compile(r"[.,;:()](?=\s)")
_MANY = 4
_NEGATING = ("non", "dis", "anti", "un", "in", "im", "il", "ir")
_POLES = frozenset(
    frozenset(found)
    for pair in (
        *("north south", "east west", "northern southern", "eastern western", "left right", "male female", "yes no"),
        *("true false", "increase decrease", "increases decreases", "increasing decreasing", "converges diverges"),
        "convergent divergent",
    )
    if len(found := words(pair)) == 2
)
_BESIDE = bag("before after until bc bce")


def objection(question: Reading, references: Sequence[Reading], said: Reading) -> str | None:
    """Return why the response cannot count as an answer, whatever words it shares with a reference; or None."""
    if not said.words:
        return "the response says nothing"
    if _ORDER.search(said.text):
        return "the response speaks to whoever grades it"
    if any(said.sequence == r.sequence for r in references):
        return None
    if _copies(question, said):
        return "the response only repeats the question"
    if _sprays(question, references, said):
        return "the response offers several candidates"
    if _denies(question, references, said):
        return "the response names the reference only to deny it"
    if all(_opposes(reference, said) for reference in references):
        return "the response says the opposite of the reference, or places itself beside its date"
    return None


def _opposes(reference: Reading, said: Reading) -> bool:
    """Whether a word of each is the opposite of one of the other: finite and infinite, north and south, 1776 and
    before 1776.
    """
    own, theirs = set(said.words) - set(reference.words), set(reference.words) - set(said.words)
    if any(_are_opposite(one, other) for one in own for other in theirs):
        return True
    if len(reference.words) == 1 and is_number(reference.words[0]):
        line = said.sequence.split()
        at = [i for i, word in enumerate(line) if word == reference.words[0]]
        beside = [bool(_BESIDE.intersection((*line[max(0, i - 1) : i], *line[i + 1 : i + 2]))) for i in at]
        return bool(beside) and all(beside)
    return False


def _are_opposite(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    if len(short) >= 4 and any(long == prefix + short for prefix in _NEGATING):
        return True
    return frozenset((one, other)) in _POLES


def _copies(question: Reading, said: Reading) -> bool:
    """Whether the response has the question's words, all of them, and no more."""
    asked = [w for w in question.words if w not in STOP]
    own = [w for w in said.words if w not in STOP]
    return len(own) >= 3 and sorted(own) == sorted(asked)


def _sprays(question: Reading, references: Sequence[Reading], said: Reading) -> bool:
    """Whether the response is a bare list of short items, or an "or" between two, of which few are a reference."""
    if len(said.text) > 600:
        return False
    asked = question.places.keys() - STOP
    if _strings(references, said, asked):
        return True
    items = [found for part in _ITEMS.split(_LEAD.sub("", said.text)) if (found := words(part))]
    content = {w for item in items for w in item} - STOP
    sentence = any(len(item) > 4 or _VERBS.intersection(item) for item in items)
    if len(items) < 2 or sentence or len(content & asked) * 5 > len(content):
        return False
    keys = [set(r.words) - STOP for r in references]
    right = sum(any(k & set(item) for k in keys) for item in items)
    parted = any(len(_ITEMS.split(r.text)) > 1 and k <= content for r, k in zip(references, keys, strict=True))
    if parted or right in (0, len(items)):
        return False
    if len(items) >= _MANY and not _ASKS_MANY.search(question.text):
        return right * 2 <= len(items)
    return bool(_EITHER.search(said.text)) and "or" not in question.places


def _strings(references: Sequence[Reading], said: Reading, asked: set[str]) -> bool:
    """Whether the response strings numbers or names together without a sentence, most of them not the reference."""
    own = {w for r in references for w in r.words}
    other = [w for w in said.words if w not in own]
    if len(other) < max(_MANY - 1, len(said.words) // 2) or len(said.words) == len(other):
        return False
    if all(map(is_number, said.words)):
        return True
    plain = not STOP.intersection(other) and not asked.intersection(other)
    return plain and len(other) >= 2 * _MANY - 2 and _PAUSE.search(said.text) is None


def _denies(question: Reading, references: Sequence[Reading], said: Reading) -> bool:
    """Whether each place that names a reference denies it, and at least one does."""
    if _BEFORE.intersection(question.places):
        return False
    seen = False
    named = [r for r in references if len(r.sequence) > 2 and r.sequence in said.sequence]
    line = said.sequence.split() if named else []
    for reference in named:
        target = reference.sequence.split()
        if _BEFORE.intersection(target):
            continue
        for at in (i for i, w in enumerate(line) if w == target[0] and line[i : i + len(target)] == target):
            before = [w for w in line[max(0, at - 6) : at] if w not in _SMALL][-2:]
            after = " ".join(line[at + len(target) : at + len(target) + 5])
            denied = bool(_BEFORE.intersection(before)) and not _ONLY.intersection(before)
            rest = " ".join(line[at + len(target) : at + len(target) + 30])
            rumour = bool(_RUMOUR.intersection(line[max(0, at - 6) : at])) and bool(_TURNED.match(rest))
            denied = denied or rumour or bool(_TURN.match(rest))
            denied = denied or " ".join(line[max(0, at - 2) : at]) in _BEFORE_TWO or bool(_AFTER.match(after))
            if not denied:
                return False
            seen = True
    return seen

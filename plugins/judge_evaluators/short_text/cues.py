"""Words that change what a mention means: refusals, negations, contrasts, hedges; and what a question asks for."""

from __future__ import annotations

import re

from judge_evaluators.short_text.words import bag

NOT = bag(
    "not no never isnt wasnt arent werent didnt doesnt dont cannot cant incorrect wrong false neither nor without "
    "contrary unlike rather instead except confused mistaken"
)
BUT = bag("however but although though while whereas despite actually unless")
HEDGE = bag("may might could possibly perhaps probably likely unclear depend various several many some")
JOIN = frozenset(("and", "or"))
REFUSAL = re.compile(
    r"\b(?:sorry|apologi[sz]e|i (?:do not|don't|cannot|can't|am not|am unable)|unable to"
    r"|no (?:information|answer|record|data)|not (?:sure|clear|known|provided|specified|available|possible|enough)"
    r"|unknown|as an ai|(?:could|can|did) ?n[o']t (?:find|determine)|need more|more (?:context|information)"
    r"|please (?:provide|specify|clarify)|there (?:is|are|was|were) no)\b",
    re.IGNORECASE,
)
#: What a question has that asks for the state of its day, for several things, for a year of our time.
NOW = re.compile(
    r"\b(?:current|currently|latest|last|now|new|next|recent|today|most|season|episode|20[012]\d)\b", re.IGNORECASE
)
MANY = re.compile(
    r"\b(?:what are|which are|who are|who were|what were|list|name (?:the|two|three|any)|types? of|examples?|kinds?"
    r"|countries|states|cities|some)\b",
    re.IGNORECASE,
)
YEAR = re.compile(r"\b20[012]\d\b")
_WORD = re.compile(r"[a-z]+")
_ASKS = {"who": 0, "whom": 0, "whose": 0, "when": 1, "where": 2, "many": 3, "much": 3, "long": 3}
_ASKS |= {"which": 5, "what": 6, "why": 7, "how": 8}


def asks_for(question: str) -> int:
    """Return the type of a question: 0 who, 1 when, 2 where, 3 how much, 5 which, 6 what, 7 why, 8 how, 9 other."""
    found = {_ASKS[word] for word in _WORD.findall(question.lower()) if word in _ASKS}
    if {3, 8} <= found:
        return 3
    return min(found - {3}, default=9)

"""Find the final answer in a response: one answer, of the reference's type, or the reason why there is none.

In this order: what is marked (``\\boxed``, ``<answer>``, ``####``, a JSON field), what is announced ("the final answer
is", "the answer is", 答案是), the whole of a short response, its concluding sentence. An answer that is taken
back gives way to the one after it. Several different answers in one of these places are none.

Not covered: an answer that starts more than 10,000 characters before the end, one that is spread over several
sentences, one in words inside a longer text (see `short_text`), and languages without a cue in `cues`.
"""

from __future__ import annotations

import re

from judge_evaluators.answer.finding import cues
from judge_evaluators.answer.finding.conclude import (
    Extracted,
    Refused,
    bare,
    corrected,
    left_open,
    stated,
    unannounced,
)
from judge_evaluators.answer.finding.marks import WINDOW, Mark, Unfinished, fenced, marks, spans, spoken
from judge_evaluators.answer.finding.narrow import clean
from judge_evaluators.answer.finding.runs import normal
from judge_evaluators.answer.finding.wanted import Wanted, wanted

__all__ = ["Extracted", "Refused", "extract", "extract_wanted"]

_STEPS = 5
_LONGEST = 2_000  # characters of an answer
_BOILERPLATE = re.compile(
    r"(?:I hope (?:it|this) (?:is correct|helps)|let me know if[^.\n]{0,200})[.!]?\s{0,9}$", re.IGNORECASE
)
_OR_ELSE = re.compile(
    r"\W{0,4}(?:or|maybe|perhaps|possibly|alternatively|it (?:could|might|may)|but it (?:could|might|may))\b",
    re.IGNORECASE,
)
_WORKED = re.compile(r"[-+*/^!(\\]|\d[a-z]|[a-z]\d")
_NO_COMMA = re.compile(r"[^,;]*|\([^()]*\)|\\left\([^()]*\\right\)|\[[^\[\]]*\]")


def extract(response: str, *, reference: str, question: str | None = None) -> Extracted | Refused:
    r"""Return the final answer of a response. `extract(extract(x).text)` gives the same text.

    >>> extract(r"We might expect 851, but the answer is \boxed{935}.", reference="851")
    Extracted(text='935', how='box')
    >>> extract("12 or 13 or 14", reference="12")
    Refused(because='the response leaves open which answer it gives')
    """
    return extract_wanted(response, wanted(reference, question), question)


def extract_wanted(response: str, aim: Wanted, question: str | None) -> Extracted | Refused:
    """As `extract`, for a reference that was read before."""
    text, how = response, ""
    for _ in range(_STEPS):
        found = _step(text, aim)
        if isinstance(found, Refused):
            return found
        if found.text == text:
            break
        text, how = found.text, how or found.how
    else:
        return Refused("the response nests answers in answers")
    if len(text) > _LONGEST:
        return Refused("the answer is too long to be one")
    if _copied(text, aim, question):
        return Refused("the answer repeats a part of the question")
    return Extracted(text, how or "whole response")


def _step(response: str, aim: Wanted) -> Extracted | Refused:
    try:
        text = spoken(response)
    except Unfinished:
        return Refused("the response ends while it is thinking")
    text = _BOILERPLATE.sub("", text).rstrip()
    if not text.strip(" \t\n*_`\"'.$"):
        return Refused("the response is empty")
    if aim.shape != "choice" and "boxed" not in text and "\n" not in text and cues.wordless(text):
        return bare(text)
    if why := cues.objection(text):
        return Refused(why)
    if found := marks(text):
        return _marked(text, found, aim)
    if said := cues.statements(text):
        return _announced(text, said, aim)
    blocks = fenced(text)
    if len(blocks) == 1 and (blocks[0].start, blocks[0].end) == (0, len(text)) and blocks[0].text:
        return Extracted(blocks[0].text, "code fence")
    return unannounced(text, aim)


def _marked(text: str, found: list[Mark], aim: Wanted) -> Extracted | Refused:
    last = found[-1]
    if withdrawal := cues.WITHDRAWN.search(text, last.end):
        rest = text[withdrawal.end() :]
        if said := cues.statements(rest):
            return _announced(rest, said, aim)
        return Refused("the marked answer is taken back")
    if cues.disowned(text, last.start) or cues.struck(text, last.end):
        return Refused("the marked answer is denied")
    if _OR_ELSE.match(text, last.end) and not aim.several:
        return left_open()
    taken_back = [match.end() for match in cues.WITHDRAWN.finditer(text, 0, last.start)]
    found = [mark for mark in found if not taken_back or mark.start >= taken_back[-1]]
    if not all(_full(mark.text) for mark in found):
        return Refused("the marked answer is empty")
    distinct = list({normal(mark.text): mark for mark in found}.values())
    if len(distinct) == 1:
        return stated(_unit_after(text, last, aim), aim, last.how)
    if aim.several and all(_NO_COMMA.fullmatch(mark.text) for mark in distinct):
        return Extracted(", ".join(mark.text for mark in distinct), "boxes")
    final = [said.start for said in cues.statements(text) if said.rank == 2]
    if final and found[-2].end <= final[0]:
        return stated(_unit_after(text, last, aim), aim, last.how)
    return Refused("several different answers are marked")


def _full(text: str) -> bool:
    return bool(text.strip(" \t\n{}$.,;:?~_\\"))


def _unit_after(text: str, mark: Mark, aim: Wanted) -> str:
    r"""Return the marked answer with a unit that stands right after it, as in ``\boxed{28}$ pct``."""
    tail = re.match(
        r"\$?[ ~]?((?:\\?%|°|\^\\circ|[a-zA-Zµ]{1,8}(?:/[a-z]{1,3})?(?:\^?[23]|²|³)?)(?!\w))",
        text[mark.end : mark.end + 16],
    )
    if (
        tail
        and aim.unit
        and re.fullmatch(r"[-+\d.,/ ]+", mark.text)
        and not re.match(r"[a-z]+ ", text[mark.end + 1 :].lstrip("$ "))
    ):
        return f"{mark.text} {tail[1]}"
    return mark.text


def _announced(text: str, said: list[cues.Statement], aim: Wanted) -> Extracted | Refused:
    last = said[-1]
    if cues.disowned(text, last.start):
        return Refused("the announced answer is denied, or another's")
    if withdrawal := cues.WITHDRAWN.search(text, last.end):
        return unannounced(text[withdrawal.end() :].strip(" ,.:;"), aim)
    taken_back = [match.end() for match in cues.WITHDRAWN.finditer(text, 0, last.start)]
    said = [statement for statement in said if not taken_back or statement.start >= taken_back[-1]]
    said = cues.strongest(said)
    if why := cues.declined(last.text):
        return Refused(why)
    if _OR_ELSE.match(text, last.end + 1) or text[last.end : last.end + 1] in ("?", "？"):
        return left_open()
    answers = {}
    for statement in said:
        found = stated(corrected(statement.text), aim, "announced")
        if isinstance(found, Extracted):
            answers[normal(found.text)] = found
        elif statement is said[-1]:
            return found
    return next(iter(answers.values())) if len(answers) == 1 else Refused("several different answers are announced")


def _copied(text: str, aim: Wanted, question: str | None) -> bool:
    """Whether an unworked part of the question is handed in, where the reference is something else.

    A number or a name that occurs in the question may be the answer; a formula or a whole sentence of it is not.
    """
    question = (question or "")[-WINDOW:]
    said = normal(clean(text)).lstrip("=")
    if not question or said == normal(aim.answer):
        return False
    asked = normal(question)
    if aim.shape in ("choice", "text"):
        return len(said) > 20 and said == asked
    if len(said) >= 3 and _WORKED.search(said[1:]) and said in asked:
        return True
    parts = [part for part in (normal(span.text) for span in spans(question)) if len(part) >= 5]
    return any(part in said and len(part) > 0.6 * len(said) and _WORKED.search(part[1:]) for part in parts)

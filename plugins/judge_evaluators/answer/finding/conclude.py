"""Take the answer from one statement, or from a response that marks and announces none."""

from __future__ import annotations

import re
from typing import NamedTuple

from judge_evaluators.answer.finding import choices, cues
from judge_evaluators.answer.finding.marks import spans
from judge_evaluators.answer.finding.narrow import clean, is_prose, narrowed
from judge_evaluators.answer.finding.runs import normal
from judge_evaluators.answer.finding.wanted import Wanted

_BOLD = re.compile(r"\*\*([^*\n]{1,200})\*\*")
_CONCLUSION = re.compile(
    r"\b(?:therefore|thus|hence|so|consequently|in conclusion|in total"
    r"|finally|which means|we (?:get|have|obtain|find|conclude)"
    r"|donc|also|por lo tanto|por tanto|quindi|portanto|итак|следовательно)\b"
    r"|因此|所以|故|综上|总共|لذا|لذلك|إذن|したがって|よって|∴",
    re.IGNORECASE,
)
_ONLY_NUMBERS = re.compile(r"(?:\(?-?\d{1,4}\)?\s*[-+*/×÷]\s*)+-?\d{1,9}(?:\.\d{1,9})?\s*=\s*(-?\d{1,9}(?:\.\d{1,9})?)")


class Extracted(NamedTuple):
    """The final answer, and where it stood."""

    text: str
    how: str


class Refused(NamedTuple):
    """Why no answer was taken."""

    because: str


def corrected(text: str) -> str:
    """Return what follows the last withdrawal, as in "12, no wait, 13"."""
    withdrawals = list(cues.WITHDRAWN.finditer(text))
    if not withdrawals or not re.search(r"(?<![\\a-z])[^\W_]", text[: withdrawals[-1].start()]):  # nothing to take back
        return text
    return re.sub(r"^(?:[\s,.:;!—–]|-\s)+", "", text[withdrawals[-1].end() :])


def unannounced(text: str, aim: Wanted) -> Extracted | Refused:
    """Take a response without any mark: all of it if it is short, else its conclusion."""
    if not text:
        return Refused("the answer is taken back")
    if why := cues.declined(text):
        return Refused(why)
    if text.endswith(("?", "？")):
        return left_open()
    if (rest := corrected(text)) != text:
        return unannounced(rest, aim)
    lines = [line.strip() for line in text.split("\n") if line.strip(" \t\r-*•")]
    parts = cues.sentences(text)
    if cues.doubts(text) > 1 and not aim.several and aim.shape != "choice":
        return left_open()
    if aim.shape == "choice":
        return _chosen(text, lines, parts, aim)
    if len(parts) <= 1 or _one_span(text) or (len(lines) == 1 and not is_prose(text)):
        return stated(text, aim, "whole response")
    if not any(is_prose(line) for line in lines):
        if aim.several:
            return stated(", ".join(lines), aim, "lines")
        return Refused("the response lists several answers")
    bold = _BOLD.findall(parts[-1])
    if len({normal(part) for part in bold}) == 1:
        return stated(bold[-1], aim, "bold")
    if _CONCLUSION.search(parts[-1]):
        return stated(parts[-1], aim, "conclusion")
    return Refused("the response announces no answer")


def _chosen(text: str, lines: list[str], parts: list[str], aim: Wanted) -> Extracted | Refused:
    """Take an option from a response that announces none: in all of it, or alike in its first and last sentence."""
    if letter := choices.taken(text, aim.options):
        return Extracted(letter, "option")
    ends = {choices.taken(part, aim.options) for part in (*lines[:1], *parts[-1:])} - {None}
    if len(ends) == 1 and cues.doubts(text) <= 1:
        return Extracted(ends.pop() or "", "option")
    return left_open() if ends else Refused("the response takes no option")


def _one_span(text: str) -> bool:
    found = spans(text)
    return len(found) == 1 and (found[0].start, found[0].end) == (0, len(text))


def stated(text: str, aim: Wanted, how: str) -> Extracted | Refused:
    """Return what one statement says, unless it leaves that open."""
    if why := cues.declined(text):
        return Refused(why)
    if aim.shape == "choice":
        letter = choices.taken(text, aim.options)
        return Extracted(letter, how) if letter else Refused("the response takes no single option")
    if not aim.several and cues.alternatives(text) and not cues.alternatives(aim.answer):
        return left_open()
    found = narrowed(_worked_out(text), aim)
    return Extracted(found, how) if found else Refused("the response states no single answer")


def bare(text: str) -> Extracted | Refused:
    """Take a line without words as it is."""
    if found := clean(_worked_out(text.removeprefix("#### "))):
        return Extracted(found, "whole response")
    return Refused("the response is empty")


def _worked_out(text: str) -> str:
    """Return 105 for "35 + 70 = 105"; what stands left of the sign is not reckoned."""
    worked = _ONLY_NUMBERS.fullmatch(text.strip(" ().$"))
    return worked[1] if worked else text


def left_open() -> Refused:
    """Return the refusal of a response that names more than one answer."""
    return Refused("the response leaves open which answer it gives")

"""``answer``: extract the final answer, read both sides as typed values, and compare them by type."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import NamedTuple

from judge import Basis, Budget, Case, Evaluator, Evidence, Finding, Outcome, Runs
from judge.text.shown import too_long
from judge.types import SOUND
from judge_evaluators.answer.comparing.compare import compare, hopeless
from judge_evaluators.answer.finding.choices import by_text
from judge_evaluators.answer.finding.conclude import Extracted, Refused
from judge_evaluators.answer.finding.extract import extract_wanted
from judge_evaluators.answer.finding.wanted import Wanted, wanted
from judge_evaluators.answer.reading.parse import parse
from judge_evaluators.answer.reading.render import render
from judge_evaluators.answer.reading.values import Value

_SHOWN = 120  # characters of an answer in a sentence
_READING = 1_000  # characters of a parsed value in the evidence
_NAMED = re.compile(r"[a-z]+: ")
_LONGEST = 5_000  # characters of a reference that are read
_RESPONSE = 1_000_000  # characters of a response that are looked at: for thinking, later turns, and its end
_REFERENCES = 300
_LETTERS = 2_000_000  # characters of the response, times the references that it is held against
_FEW = 4  # references that are read all the same


class Judged(NamedTuple):
    """What came of one reference."""

    outcome: Outcome
    because: str
    basis: Basis | None = None
    seen: Mapping[str, object] | None = None


class Answer(Evaluator):
    """Decides whether a response gives the same answer as a reference: mathematics, quantities, dates, choices.

    ``correct`` if the one answer found in the response equals any reference; ``incorrect`` if every reference was
    understood and differs; else ``undecided``. A response that gives no answer, several, or speaks to its grader
    is undecided, because nothing was found to compare; so is one over 1,000,000 characters, and one that is none of
    the references that are read where there are more: 300, and fewer for a response of over 6,666 characters. Free
    text is not judged here beyond the same words; see ``short_text``. What counts as equal is in docs/answers.md; how
    the answer is found, in `finding.extract`.
    """

    name = "answer"
    version = "1"
    kinds = frozenset({"answer"})
    bases: Mapping[Outcome, frozenset[Basis]] = {
        "correct": frozenset({"proof", "tested", "rule"}),
        "incorrect": frozenset({"proof", "counterexample", "rule"}),
    }
    runs: Runs = "here"
    cost = 2

    def check(self, case: Case, /, *, budget: Budget) -> Finding:  # noqa: ARG002 - it is linear in the texts
        """Compare the answer in the response with each reference."""
        if len(case.responses) != 1 or not case.references:
            return Finding.undecided("needs one response and a reference")
        if why := too_long("the response", case.response, longest=_RESPONSE):
            return Finding.undecided(why)
        judged = []
        extracted: dict[Wanted, Extracted | Refused] = {}  # of up to 185 references, most of one shape
        read = min(_REFERENCES, max(_FEW, _LETTERS // max(1, len(case.response))))
        for reference in dict.fromkeys(case.references[:read]):
            one = _judge_one(case.response, reference, case.question, extracted)
            if one.outcome == "correct":
                return _finding(one)
            judged.append(one)
        if len(case.references) > read:
            return Finding.undecided(
                f"none of the first {read} references is given; {len(case.references):,} are not all read"
            )
        open_ones = [one for one in judged if one.outcome == "undecided"]
        return _finding((open_ones or judged)[0])

    def recheck(self, case: Case, witness: Evidence, /) -> bool:
        """Return whether the two answers, read again, compare as the witness says: there is no search to be spared."""
        return witness in self.check(case, budget=Budget(0)).evidence


def _judge_one(
    response: str, reference: str, question: str | None, extracted: dict[Wanted, Extracted | Refused]
) -> Judged:
    """Compare the answer in a response with one reference; `extracted` remembers what was found for which aim."""
    if not reference.strip() or len(reference) > _LONGEST:
        return Judged("undecided", "the reference is empty or too long")
    aim = wanted(reference, question)
    if aim.shape == "text" and hopeless(response, _gold(aim.answer)):
        return Judged("undecided", "text: the response does not have all words of the reference")
    sought = aim._replace(answer="") if aim.shape == "text" else aim  # words are looked for whatever they are
    if sought not in extracted:
        extracted[sought] = extract_wanted(response, sought, question)
    found = extracted[sought]
    if isinstance(found, Refused):
        return Judged("undecided", f"extraction: {found.because}")
    if aim.shape == "choice":
        return _by_letter(found.text, found.how, aim)
    said, gold = parse(found.text), _gold(aim.answer)
    result = compare(said, gold)
    because = result.because if _NAMED.match(result.because) else f"{_name(gold)}: {result.because}"
    content = {
        "extracted": found.text,
        "where": found.how,
        "response": _shown(said),
        "reference": _shown(gold),
        "rule": because,
        "differ": result.witness or None,
    }
    return _judged(result.outcome, because, result.basis, content)


def _name(value: Value) -> str:
    return type(value).__name__.removesuffix("Of").lower()


def _shown(value: Value) -> str:
    try:
        text = render(value)
    except (RecursionError, ValueError):  # a formula of a thousand factors, an integer of as many digits
        text = value.source
    return f"{_name(value)}: {text[:_READING]}"


@lru_cache(maxsize=2048)
def _gold(reference: str) -> Value:
    """Return the parsed reference; in training many responses come to one."""
    return parse(reference)


def _by_letter(text: str, how: str, aim: Wanted) -> Judged:
    said = by_text(text, aim.options) or text
    content = {
        "extracted": text,
        "where": how,
        "response": said,
        "reference": aim.letter,
        "rule": "same option",
        "differ": None,
    }
    if said == aim.letter:
        return _judged("correct", f"choice: {said} is {aim.letter}", "rule", content)
    return _judged("incorrect", f"choice: {said} is not {aim.letter}", "rule", content | {"differ": said})


def _judged(outcome: Outcome, because: str, basis: Basis | None, content: Mapping[str, object]) -> Judged:
    return Judged(outcome, because, basis if outcome != "undecided" else None, content)


def _finding(one: Judged) -> Finding:
    if (content := one.seen) is None:
        return Finding(outcome=one.outcome, basis=one.basis, because=one.because)
    evidence = Evidence(
        id="answer",
        source="answer",
        request=f"{str(content['extracted'])[:_SHOWN]} against {str(content['reference'])[:_SHOWN]}",
        content=json.dumps(content, ensure_ascii=False, default=str),
    )
    if one.outcome == "undecided" or one.basis is None:
        return Finding.undecided(one.because, note=evidence)
    made = Finding.correct if one.outcome == "correct" else Finding.incorrect
    sound = one.basis in SOUND
    return made(one.basis, one.because, witness=evidence if sound else None, note=None if sound else evidence)

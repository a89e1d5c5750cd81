"""``short_text``: does a free-text answer say what a short reference says? A rule for the same words, else learned."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from typing import Literal

from judge import Basis, Budget, Case, Evaluator, Evidence, Finding, Outcome, Runs
from judge_evaluators.short_text import model
from judge_evaluators.short_text.guards import objection
from judge_evaluators.short_text.reading import distinct, read, read_question, read_short
from judge_evaluators.short_text.words import fold

_WORDS = 20  # in a reference; above it is no short answer
_SHORT = 12 * _WORDS  # letters in a reference
_REFERENCES = 200
_LETTERS = 4_000  # in a response or question: bounds the time
_LATEX = re.compile(r"\\(?:[%({\[$]|(?!u[0-9a-fA-F]{4})[a-zA-Z])")  # but not the escapes of JSON
_MATHS = re.compile(_LATEX.pattern + r"|[\^={}<>≤≥√∞∈±×÷]|\$[^$]*\$")
_WORD = re.compile(r"[^\W_]+")
_ARTICLES = ("a", "an", "the")
_FACTS = 30  # words in a question of general knowledge; longer ones with numbers are problems to be solved
_SPACE = re.compile(r"\s+")


class ShortText(Evaluator):
    """Decides whether a response in free text gives one of the short references; asymmetric.

    A response that says more than the reference and does not contradict it is correct. The same words (folded,
    without articles and punctuation) are correct by rule; the rest is judged by a calibrated
    classifier on lexical features, which abstains between its two thresholds.

    Not covered, and undecided: references over 20 words, single letters, formulas; references with digits where
    no question of general knowledge is asked (other evaluators read numbers, units and dates exactly); responses over
    4,000 characters; more than 200 references, unless one of the first 200 is given; references with U+FFFD, which
    stands for what could not be read; world knowledge (a synonym that shares no letters); several responses.
    """

    name = "short_text"
    version = "1"
    kinds = frozenset({"answer"})
    bases: Mapping[Outcome, frozenset[Basis]] = {
        "correct": frozenset({"learned", "rule"}),
        "incorrect": frozenset({"learned"}),
    }
    runs: Runs = "here"
    cost = 3

    def check(self, case: Case, /, *, budget: Budget) -> Finding:  # noqa: ARG002 - it is linear in the texts
        """Compare the response with all references at once."""
        if len(case.responses) != 1 or not case.references:
            return Finding.undecided("needs one response and a reference")
        question, response = case.question or "", case.response
        if len(response) > _LETTERS or len(question) > _LETTERS:
            return Finding.undecided(
                f"text: the response has {len(response):,} characters and the question {len(question):,}: "
                f"more than {_LETTERS:,} are not read"
            )
        references = _short(case.references[:_REFERENCES], question)
        if not references:
            return Finding.undecided("text: no reference is a short text")
        if _LATEX.search(response) or (_MATHS.search(response) and any(map(_has_digit, references))):
            return Finding.undecided("text: the response is a formula")
        asked, gold, said = read_question(question), distinct(references), read(response)
        if reason := objection(asked, gold, said):
            return Finding.undecided(f"text: {reason}")
        plain = _plain(response)
        for one in references:
            if plain and plain == _plain_short(one):
                because = f"text: {_show(response)!r} has the words of {_show(one)!r}"
                return _finding("correct", "rule", because, references, response)
        found = _decide(model.probability_read(asked, gold, said), references, response)
        if found.outcome == "incorrect" and len(case.references) > _REFERENCES:
            return Finding.undecided(f"text: {len(case.references):,} references, of which {_REFERENCES} are read")
        return found


def is_short_text(reference: str, question: str) -> bool:
    """Return whether a reference is in the domain: a few words, and no number, formula or option letter.

    >>> is_short_text("Paris", ""), is_short_text("x = 2", ""), is_short_text("5 km", ""), is_short_text("B", "")
    (True, False, False, False)
    >>> is_short_text("1899", "when was the term first used")
    True
    """
    return bool(_short([reference], question))


def _short(references: Sequence[str], question: str) -> list[str]:
    facts = 3 <= len(question.split()) <= _FACTS and not _MATHS.search(question)
    shapes = ("words", "digits") if facts else ("words",)
    return [r for r in references if len(r) <= _SHORT and _shape(r) in shapes]


@functools.lru_cache(maxsize=1 << 12)
def _shape(reference: str) -> Literal["words", "digits", "other"]:
    if len(reference.split()) > _WORDS or _MATHS.search(reference) or "\ufffd" in reference:
        return "other"
    if _has_digit(reference):
        return "digits"
    said = (*read_short(reference).places, *_plain_short(reference))
    return "words" if any(len(word) > 1 for word in said) else "other"


def _decide(p: float, references: Sequence[str], response: str) -> Finding:
    weights = model.load()
    if p >= weights.p_correct:
        because = f"text: p={p:.2f}, at least {weights.p_correct:.2f}"
        return _finding("correct", "learned", because, references, response, p=p)
    if p <= weights.p_incorrect:
        because = f"text: p={p:.2f}, at most {weights.p_incorrect:.2f}"
        return _finding("incorrect", "learned", because, references, response, p=1 - p)
    return Finding.undecided(f"text: p={p:.2f}, below {weights.p_correct:.2f}")


def _finding(
    outcome: Outcome, basis: Basis, because: str, references: Sequence[str], response: str, *, p: float | None = None
) -> Finding:
    request = f"{_show(response)} against {' | '.join(_show(r) for r in references[:5])}"
    seen = Evidence(id="short_text", source="short_text", request=request, content=because)
    return Finding(outcome=outcome, basis=basis, because=because, evidence=(seen,), confidence=p)


def _plain(text: str) -> list[str]:
    """Return the words as they stand, but for case, accents, punctuation and articles."""
    return [word for word in _WORD.findall(fold(text)) if word not in _ARTICLES]


@functools.lru_cache(maxsize=1 << 12)
def _plain_short(text: str) -> list[str]:
    return _plain(text)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _show(text: str) -> str:
    text = _SPACE.sub(" ", text).strip()
    return text if len(text) <= 80 else text[:79] + "…"

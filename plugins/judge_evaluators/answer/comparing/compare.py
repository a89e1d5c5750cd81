"""Two typed values, to `correct`, `incorrect` or `undecided`, with the reason and the place where they differ.

What is equal is a matter of the types: see the modules `comparing_numbers` and `comparing_collections`. `incorrect` is
said only where both sides were read as mathematics and a witness tells them apart; a text is at most `undecided`.
"""

from __future__ import annotations

import re
from functools import lru_cache

from judge_evaluators.answer.comparing.chemistry import chemicals, read_reaction
from judge_evaluators.answer.comparing.collections import collections
from judge_evaluators.answer.comparing.formulas import equations, families, formulas
from judge_evaluators.answer.comparing.intervals import intervals
from judge_evaluators.answer.comparing.labels import labelled, matrices
from judge_evaluators.answer.comparing.numbers import numbers, quantities
from judge_evaluators.answer.comparing.outcome import Comparison, correct, incorrect, undecided
from judge_evaluators.answer.reading.values import (
    Boolean,
    Choice,
    Date,
    Equation,
    Expression,
    Family,
    Inequality,
    Interval,
    Labelled,
    ListOf,
    Matrix,
    Number,
    Quantity,
    SetOf,
    Text,
    Time,
    TupleOf,
    Value,
)  # fmt: skip

__all__ = ["Comparison", "compare", "hopeless"]
_TEXT = re.compile(r"\\(?:text|mathrm|mbox|textbf|boxed)\s*\{([^{}]*)\}")
_DRESSING = re.compile(r"\\left(?![a-z])|\\right(?![a-z])|\\[,;!]|\s+")
_WORD = re.compile(r"[^\W_]+")
_LISTING = re.compile(r"(?<=[a-z])\s*(?:,|\band\b)\s*(?=[a-z]|and\b)")


def compare(response: Value, reference: Value) -> Comparison:
    """Compare what a response says with the reference. Reflexive; symmetric but for dates and rounded decimals."""
    try:
        found = _by_type(response, reference)
    except (ArithmeticError, ValueError, RecursionError) as reason:  # of a formula that no bound foresaw
        found = undecided(f"not computed: {type(reason).__name__}")
    if found.outcome != "correct" and _same_text(response, reference):
        return correct("rule", "the same text")
    if found.outcome != "correct" and (chemical := chemicals(response.source, reference.source)) is not None:
        return chemical
    return found


def _by_type(response: Value, reference: Value) -> Comparison:
    match response, reference:
        case (Text(), _) | (_, Text()):
            return undecided("text: one side was not read as a value")
        case Choice(), Choice():
            return _choices(response, reference)
        case (Choice(), _) | (_, Choice()):
            return undecided("an option letter against a value")
        case Boolean(), Boolean():
            same = response.value == reference.value
            return correct("rule", "the same truth value") if same else incorrect("rule", "the opposite truth value")
        case Date(), _:
            return _dates(response, reference)
        case Number(), Date():
            return _dates(response, reference)
        case Time(), Time():
            same = response.seconds == reference.seconds
            return correct("rule", "the same time") if same else incorrect("rule", "another time of day")
        case (Family(), _) | (_, Family()):
            return families(response, reference, compare)
        case (Matrix(), _) | (_, Matrix()):
            return matrices(response, reference, compare)
        case (Interval(), _) | (_, Interval()):
            return intervals(response, reference)
        case (Labelled(), _) | (_, Labelled()):
            return labelled(response, reference, compare)
        case (ListOf() | SetOf() | TupleOf(), _) | (_, ListOf() | SetOf() | TupleOf()):
            return collections(response, reference, compare)
        case (Quantity(), _) | (_, Quantity()):
            return quantities(response, reference, compare)
        case (Equation() | Inequality(), _) | (_, Equation() | Inequality()):
            return equations(response, reference)
        case Number(), Number():
            return numbers(response, reference)
        case ((Number() | Expression()), (Number() | Expression())):
            return formulas(response, reference)
    return undecided(f"{_kind(response)} against {_kind(reference)}")


def _choices(response: Choice, reference: Choice) -> Comparison:
    if response.letter != reference.letter:
        return incorrect("rule", f"choice: {response.letter} is not {reference.letter}", "the letter")
    if response.text and reference.text and _plain(response.text).lower() != _plain(reference.text).lower():
        return undecided(f"choice: both are {reference.letter}, with other texts")
    return correct("rule", f"choice: both are {reference.letter}")


def _dates(response: Value, reference: Value) -> Comparison:
    """A date answers a question for its year. What is only coarser than the reference may be all that was asked for."""
    if isinstance(reference, Number) and isinstance(response, Date):
        if response.year is None or reference.form != "integer":
            return undecided("a date against a number")
        same = reference.value == response.year
        return correct("rule", "date: of that year") if same else incorrect("rule", "date: of another year", "the year")
    if isinstance(reference, Date) and isinstance(response, Number) and response.form == "integer":
        if reference.year is None or not 1000 <= response.value < 2200:
            return undecided("a number against a date")
        if response.value != reference.year:
            return incorrect("rule", f"date: the year is {response.value}, not {reference.year}", "the year")
        return undecided("date: only the year is given")
    if not isinstance(response, Date) or not isinstance(reference, Date):
        return undecided("a date against another kind of value")
    parts = [(part, getattr(response, part), getattr(reference, part)) for part in ("year", "month", "day")]
    for part, said, gold in parts:
        if gold is not None and said is not None and said != gold:
            return incorrect("rule", f"date: the {part} is {said}, not {gold}", f"the {part}")
    if missing := next((part for part, said, gold in parts if gold is not None and said is None), None):
        return undecided(f"date: the {missing} is missing")
    return correct("rule", "the same date")


def hopeless(response: str, reference: Value) -> bool:
    """Whether no answer in a response can equal a reference that is words: one of them does not occur in it."""
    if not isinstance(reference, Text) or read_reaction(reference.source) is not None:
        return False
    said = response.lower()
    return not all(word in said for word in _WORD.findall(_plain(reference.source).lower()))


def _same_text(response: Value, reference: Value) -> bool:
    if not 0 < len(response.source) < 4000 or len(reference.source) > 4000:
        return False
    if "\ufffd" in reference.source:  # which stands for what could not be read
        return False
    one, other = _plain(response.source), _plain(reference.source)
    if isinstance(response, Text) or isinstance(reference, Text):
        one, other = (_LISTING.sub(" ", text) if len(text) > 1 else text for text in (one.lower(), other.lower()))
        if len(one) == 1:  # a letter: `e` and `E` may differ
            one, other = _plain(response.source), _plain(reference.source)
    return bool(one) and one == other


@lru_cache(maxsize=2048)
def _plain(text: str) -> str:
    """Return the text without dollar signs, spacing commands, `\\text{…}` and the marks at its ends."""
    text = _TEXT.sub(r" \1 ", text.replace("$", " "))
    return _DRESSING.sub(" ", text).strip().strip("*").rstrip(".;, ").strip()


def _kind(value: Value) -> str:
    return type(value).__name__.lower()

"""Sets, lists and tuples element by element, labelled values by name, matrices by entry.

Order does not matter in sets and in lists of solutions, it does in tuples. A list without brackets against a tuple or
labelled values is compared in order first; in another order it is undecided.
"""

from __future__ import annotations

import re
from fractions import Fraction

from judge_evaluators.answer.comparing.formulas import formulas
from judge_evaluators.answer.comparing.outcome import (
    Compare,
    Comparison,
    correct,
    incorrect,
    undecided,
    worst,
)
from judge_evaluators.answer.reading.lifting import node_of
from judge_evaluators.answer.reading.values import (
    Apply,
    Choice,
    Expression,
    Labelled,
    ListOf,
    Number,
    Quantity,
    SetOf,
    Text,
    TupleOf,
    Value,
)  # fmt: skip

#: 3,14 and 1.234,5 and 1,00,000 as they are written in many countries.
_COMMA = re.compile(r"[-+]?(?:(?:\d{1,3}(?:\.\d{3})+|\d{1,9}),\d{1,9}|\d{1,2}(?:,\d{2}){0,6},\d{3})")
_MAX_PAIRS = 10_000  # elements of one side times elements of the other, nested ones included


def collections(response: Value, reference: Value, compare: Compare) -> Comparison:
    """Compare where at least one side is a list, a set or a tuple."""
    response, reference = _regrouped(response, reference), _regrouped(reference, response)
    one, other = _items(response), _items(reference)
    if _leaves(response) * _leaves(reference) > _MAX_PAIRS:
        return undecided("too many elements")
    tuples = [isinstance(value, TupleOf) for value in (response, reference)]
    if any(tuples) and not all(tuples):
        return _tuple_and_other(response, reference, compare)
    if isinstance(response, TupleOf) and isinstance(reference, TupleOf):
        return _tuples(response, reference, compare)
    if _may_be_number(response, reference) or _may_be_number(reference, response):
        return undecided("a comma may be a decimal comma, or group digits")
    found = unordered(one, other, compare)
    lists = not isinstance(response, SetOf) and not isinstance(reference, SetOf)
    if found.outcome == "correct" and lists and not _paired(one, other, compare):
        return undecided("the same values, but not as often")
    return found


def _may_be_number(value: Value, other: Value) -> bool:
    """Whether a list with a comma is, read as one number, what the other side says; a quantity may say it too."""
    if not isinstance(value, ListOf) or not isinstance(other, Number | Quantity):
        return False
    text = value.source.replace(" ", "").strip("$")
    if not _COMMA.fullmatch(text):
        return False
    readings = [Fraction(text.replace(".", "").replace(",", "."))] if text.count(",") == 1 else []
    if len(text) - text.rfind(",") == 4:
        readings.append(Fraction(text.replace(",", "")))
    return isinstance(other, Quantity) or other.value in readings


def _paired(one: list[Value], other: list[Value], compare: Compare) -> bool:
    """Whether each element has one of its own on the other side."""
    left = list(one)
    for gold in other:
        at = next((n for n, said in enumerate(left) if compare(said, gold).outcome == "correct"), None)
        if at is None:
            return False
        del left[at]
    return not left


def _tuple_and_other(response: Value, reference: Value, compare: Compare) -> Comparison:
    one, other = _items(response), _items(reference)
    for few, many in ((response, reference), (reference, response)):
        inside = _items(many)
        if isinstance(few, TupleOf) and not isinstance(many, TupleOf) and any(isinstance(v, TupleOf) for v in inside):
            return unordered([few] if few is response else one, [few] if few is reference else other, compare)
    if isinstance(response, SetOf) or isinstance(reference, SetOf):
        return undecided("a tuple against a set")
    if len(one) != len(other):
        return incorrect("rule", f"{len(one)} values, not {len(other)}", "the number of values")
    found = worst([compare(a, b) for a, b in zip(one, other, strict=True)])
    if found.outcome == "correct":
        return correct("rule", "the same values in the same order")
    return (
        found
        if unordered(one, other, compare).outcome == "incorrect"
        else undecided("the same values in another order")
    )


def _tuples(response: TupleOf, reference: TupleOf, compare: Compare) -> Comparison:
    if len(response.items) != len(reference.items):
        return incorrect("rule", f"tuple: {len(response.items)} components, not {len(reference.items)}", "the length")
    if response.brackets == "::" == reference.brackets:
        return _ratios(response, reference)
    parts = [compare(a, b) for a, b in zip(response.items, reference.items, strict=True)]
    found = worst(parts)
    if found.outcome == "incorrect":
        n = parts.index(found) + 1
        return incorrect(found.basis, f"tuple: component {n}: {found.because}", f"component {n}: {found.witness}")
    if found.outcome == "correct" and response.brackets != reference.brackets:
        if len(response.items) == 2:
            return undecided("other brackets: a pair, or an interval with other ends")
        return correct("rule", "the same components in the same order")
    return correct(found.basis, "tuple: the same components in order") if found.outcome == "correct" else found


def _ratios(response: TupleOf, reference: TupleOf) -> Comparison:
    first, gold = node_of(response.items[0]), node_of(reference.items[0])
    parts = []
    for one, other in zip(response.items[1:], reference.items[1:], strict=True):
        left, right = node_of(one), node_of(other)
        assert first is not None and gold is not None and left is not None and right is not None
        parts.append(formulas(Expression(Apply("mul", (first, right))), Expression(Apply("mul", (gold, left)))))
    return worst(parts)


def unordered(one: list[Value], other: list[Value], compare: Compare) -> Comparison:
    """Match the elements of two collections in any order, repetitions aside."""
    if one and set(one) == set(other):
        return correct("tested", f"the same {len(other)} elements")
    missing: list[Value] = []
    open_ = False
    hits: set[int] = set()
    for gold in other:
        outcomes = [compare(said, gold).outcome for said in one]
        hits |= {n for n, outcome in enumerate(outcomes) if outcome == "correct"}
        if "correct" not in outcomes:
            missing.append(gold)
            open_ |= "undecided" in outcomes
    extra = [said for n, said in enumerate(one) if n not in hits]
    if not missing and not extra:
        return correct("tested", f"the same {len(other)} elements")
    if open_ or any(compare(said, gold).outcome == "undecided" for said in extra for gold in (missing or other)):
        return undecided("an element is not settled")
    if any(isinstance(value, Text | Choice) for value in (*missing, *extra)):
        return undecided("an element that is text")
    what = "missing" if missing else "too many"
    which = (missing or extra)[0]
    return incorrect("rule", f"an element is {what}: {_show(which)}", f"{what}: {_show(which)}")


def _items(value: Value) -> list[Value]:
    return list(value.items) if isinstance(value, ListOf | SetOf | TupleOf) else [value]


def _leaves(value: Value) -> int:
    if isinstance(value, ListOf | SetOf | TupleOf | Labelled):
        return 1 + sum(_leaves(item) for item in value.items)
    return 1


def _regrouped(value: Value, against: Value) -> Value:
    """Read `100,200` as two numbers where the other side is a collection."""
    if isinstance(value, Number) and value.grouped and isinstance(against, ListOf | SetOf | TupleOf):
        from judge_evaluators.answer.reading.parse import parse

        return ListOf(tuple(parse(part) for part in value.grouped.split(",")))
    return value


def _show(value: Value) -> str:
    if value.source:
        return value.source[:60]
    if isinstance(value, Number):
        return str(value.value)[:40]
    return _show(value.value) if isinstance(value, Quantity) else type(value).__name__.lower()

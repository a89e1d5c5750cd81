"""Labelled values by name, and matrices by entry; a label, or labels in order, may be left out on one side."""

from __future__ import annotations

import re

from judge_evaluators.answer.comparing.collections import unordered
from judge_evaluators.answer.comparing.formulas import equations, rename
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
    Equation,
    Labelled,
    ListOf,
    Matrix,
    Sym,
    TupleOf,
    Value,
    variables,
)  # fmt: skip

_ARGUMENT = re.compile(r"(.+?)(?:\(([a-zA-Z])\)|_([a-z]))")


def labelled(response: Value, reference: Value, compare: Compare) -> Comparison:
    """Compare labelled values by their names; one label, or labels in order, may be left out."""
    if isinstance(response, Labelled) and isinstance(reference, Labelled):
        return _both_labelled(response, reference, compare)
    one, other = _as_equation(response, reference), _as_equation(reference, response)
    if isinstance(one, Equation) and isinstance(other, Equation):
        return equations(one, other)
    plain = [_unlabelled(value) for value in (response, reference)]
    found = compare(plain[0], plain[1])
    if found.outcome == "correct":
        return correct("rule" if found.basis == "rule" else found.basis, found.because + ", a label on one side only")
    names = [value.names for value in (response, reference) if isinstance(value, Labelled)]
    items = [list(value.items) if isinstance(value, TupleOf) else [] for value in plain]
    shuffled = any(list(some) != sorted(some) for some in names) and len(items[0]) == len(items[1]) > 1
    if shuffled and found.outcome == "incorrect" and unordered(items[0], items[1], compare).outcome == "correct":
        return undecided("labelled values in an order of their own, against values without labels")
    return found


def _both_labelled(response: Labelled, reference: Labelled, compare: Compare) -> Comparison:
    if len(response.names) != len(reference.names):
        return incorrect("rule", f"{len(response.names)} values, not {len(reference.names)}", "the number of values")
    said = dict(zip(response.names, response.items, strict=True))
    if set(said) == set(reference.names):
        parts = [compare(said[name], gold) for name, gold in zip(reference.names, reference.items, strict=True)]
        return worst(parts)
    if len(response.names) == 1:
        one, other = response.names[0], reference.names[0]
        sides = _equation(response), _equation(reference)
        if sides[0] and sides[1] and (one in variables(sides[1].right) or other in variables(sides[0].right)):
            return equations(sides[0], sides[1])
        if (renamed := _renamed(response, reference)) is not None:
            return compare(renamed, reference.items[0])
        found = compare(response.items[0], reference.items[0])
        if found.outcome == "correct" and _name_other_things(one, other):
            return undecided(f"the same value for {one} and for {other}")
        if found.outcome == "incorrect" and any(_may_be_product(sides, name) for name in (one, other)):
            return undecided(f"{one} = … may be an equation between products")
        return found
    return undecided("labels with other names")


def _name_other_things(one: str, other: str) -> bool:
    """Whether two names cannot be the same thing: `x` and `k`, `f(x)` and `x`, `f(2)` and `f(3)`, `mean` and `median`;
    but `y` may be f(x).
    """
    heads = {re.split(r"[(_']", name)[0] for name in (one, other)}
    if len(heads) == 1:
        return all(name[len(next(iter(heads))) :] for name in (one, other))
    if all(len(head) > 2 and head.isalpha() for head in heads):
        return True
    return len(heads) == 2 and all(len(head) <= 2 for head in heads) and heads != {"y", "f"}


def _may_be_product(sides: tuple[Equation | None, Equation | None], name: str) -> bool:
    """Whether a name of several letters shares one with a formula, as in `xy = 1` beside `y = 1/x`."""
    used = {letter for side in sides if side is not None for letter in variables(side.right)}
    return 1 < len(name) <= 4 and name.isalpha() and any(letter in used for letter in name)


def _as_equation(value: Value, against: Value) -> Value:
    if isinstance(value, Labelled) and isinstance(against, Equation):
        return _equation(value) or value
    return value


def _equation(value: Labelled) -> Equation | None:
    node = node_of(value.items[0])
    if node is None or len(value.names) > 1 or len(value.names[0]) > 12:
        return None
    return Equation(Sym(value.names[0]), node)


def _renamed(response: Labelled, reference: Labelled) -> Value | None:
    """Return the value of `f(t) = …` in the variable of `f(x) = …`, and `a_k` in that of `a_n`."""
    one, other = _ARGUMENT.fullmatch(response.names[0]), _ARGUMENT.fullmatch(reference.names[0])
    if one is None or other is None or one[1] != other[1]:
        return None
    said, gold = one[2] or one[3], other[2] or other[3]
    return rename(response.items[0], {said: gold}) if said != gold else None


def _unlabelled(value: Value) -> Value:
    if not isinstance(value, Labelled):
        return value
    return value.items[0] if len(value.items) == 1 else TupleOf(value.items)


def matrices(response: Value, reference: Value, compare: Compare) -> Comparison:
    """Compare matrices by entry; a tuple or list may stand for a single row or column."""
    response, reference = _unlabelled(response), _unlabelled(reference)
    if not isinstance(response, Matrix) or not isinstance(reference, Matrix):
        one, other = _vector(response), _vector(reference)
        if one is None or other is None or len(one) != len(other):
            return undecided("a matrix against another kind of value")
        found = worst([compare(a, b) for a, b in zip(one, other, strict=True)])
        return correct("rule", "the same vector") if found.outcome == "correct" else found
    sizes = [(len(value.rows), len(value.rows[0])) for value in (response, reference)]
    if sizes[0] != sizes[1]:
        if 1 in sizes[0] and sizes[0] == sizes[1][::-1]:
            return undecided("a row against a column")
        return incorrect("rule", f"matrix: {sizes[0]} is not the size {sizes[1]}", "the size")
    parts = []
    for i, (row, gold_row) in enumerate(zip(response.rows, reference.rows, strict=True), 1):
        for j, (said, gold) in enumerate(zip(row, gold_row, strict=True), 1):
            found = compare(said, gold)
            if found.outcome == "incorrect":
                place = f"row {i}, column {j}"
                return incorrect(found.basis, f"matrix: {place}: {found.because}", f"{place}: {found.witness}")
            parts.append(found)
    found = worst(parts)
    return correct(found.basis, "matrix: the same entries") if found.outcome == "correct" else found


def _vector(value: Value) -> list[Value] | None:
    if isinstance(value, Matrix):
        if len(value.rows) == 1:
            return list(value.rows[0])
        return [row[0] for row in value.rows] if len(value.rows[0]) == 1 else None
    return list(value.items) if isinstance(value, TupleOf | ListOf) else None

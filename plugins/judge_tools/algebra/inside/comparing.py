"""Whether two answers of any form are the same: values, matrices, lists, sets, tuples, equations, inequalities."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy

from judge_tools.algebra.inside.build import Builder, Chain, Items, Relation
from judge_tools.algebra.inside.equality import Equality, Say, Truth, equal_values
from judge_tools.algebra.inside.equations import equal_equations, solves
from judge_tools.algebra.inside.inequalities import equal_inequalities
from judge_tools.algebra.inside.systems import equal_systems
from judge_tools.algebra.inside.trees import Data, renamings

_MANY = ("set", "list", "tuple")
_LABELS = "labels"


def equal(one: Data, other: Data, *, assume: str, say: Say) -> Equality:
    """Compare two trees. `say` is told what is known so far before long work starts.

    A letter such as n in 2*pi*n stands for any whole number: another letter in its place is not held against an answer.
    """
    found = _equal(one, other, assume=assume, say=say)
    names = renamings(one, other) if found.outcome == "no" else ()
    if any(_equal(one, again, assume=assume, say=_quiet).outcome != "no" for again in names):
        return Equality("unknown", f"another letter for a whole number may be all that differs: {found.because}")
    return found


def _equal(one: Data, other: Data, *, assume: str, say: Say) -> Equality:
    one, other = _unlabelled(one, other)
    if one[0] in _MANY or other[0] in _MANY:
        return _with_many(one, other, assume=assume, say=say)
    kinds = {_kind(one), _kind(other)}
    builder = Builder(assume)
    left, right = builder.build(one), builder.build(other)
    if kinds == {"value"}:
        if isinstance(left, sympy.MatrixBase) or isinstance(right, sympy.MatrixBase):
            return _matrices(one, other, left, right, assume=assume)
        return equal_values(one, other, assume=assume, say=say)
    if kinds == {"equation"}:
        if (values := _same_label(one, other)) is not None:
            return equal_values(*values, assume=assume, say=say)
        return equal_equations(left, right, assume=assume)
    if kinds == {"inequality"}:
        return equal_inequalities(left, right)
    return Equality("unknown", f"they cannot be compared: {' and '.join(sorted(kinds))}")


def _kind(data: Data) -> str:
    if data[0] == "chain":
        return "inequality"
    if data[0] == "rel":
        return "equation" if data[1] == "=" else "inequality"
    return data[0] if data[0] in _MANY else "value"


def _is_label(data: Data) -> bool:
    """Whether a tree is `x = …` or `f(x) = …`, with a right side in which the name does not occur."""
    if data[0] != "rel" or data[1] != "=" or data[2][0] not in ("sym", "call"):
        return False
    return data[2][:2] not in _heads(data[3])


def _heads(data: Data) -> list[Any]:
    found = [list(data[:2])]
    for arg in data[2:]:
        found += _heads(arg)
    return found


def _unlabelled(one: Data, other: Data) -> tuple[Data, Data]:
    """Take `x =` off one side where the other has none, and off every element of a set of values of one variable."""
    one, other = _plain(one), _plain(other)
    if _is_label(one) and _kind(other) not in ("equation", "inequality") and not _has_relations(other):
        return one[3], other
    if _is_label(other) and _kind(one) not in ("equation", "inequality") and not _has_relations(one):
        return one, other[3]
    return one, other


def _has_relations(data: Data) -> bool:
    return data[0] in _MANY and any(item[0] in ("rel", "chain") for item in data[2:])


def _plain(data: Data) -> Data:
    """Return what labels say in one way.

    `x = 1 or x = 2`, `x = 1, 2` and `x = {1, 2}` are the set {1, 2}; `x = 1, y = 2` is a tuple in the order of the
    names; a set of one is that one.
    """
    if data[0] == "set" and len(data) == 3:
        return _plain(data[2])
    if _is_label(data) and data[3][0] in ("set", "list"):
        values: Data = data[3]
        return values
    items = list(data[2:])
    if data[0] not in _MANY or not items or not _is_label(items[0]):
        return data
    names = {str(item[2]) for item in items if _is_label(item)}
    if len(names) == 1 and data[0] != "tuple" and all(_is_label(item) or _kind(item) == "value" for item in items):
        return ["set", "", *(item[3] if _is_label(item) else item for item in items)]
    if len(names) == len(items):
        return ["tuple", _LABELS, *sorted(items, key=lambda item: str(item[2]))]
    return data


def _same_label(one: Data, other: Data) -> tuple[Data, Data] | None:
    if _is_label(one) and _is_label(other) and one[2] == other[2]:
        return one[3], other[3]
    return None


def _with_many(one: Data, other: Data, *, assume: str, say: Say) -> Equality:
    if one[0] not in _MANY or other[0] not in _MANY:
        many, single = (one, other) if one[0] in _MANY else (other, one)
        if _kind(single) == "equation" and not _has_relations(many) and many[0] != "tuple":
            return _solutions(single, many, assume=assume)
        if many[0] != "tuple" and _kind(single) == "value" and not _has_relations(many):
            return _as_sets(many[2:], [single], assume=assume, say=say)
        return Equality("unknown", f"one is a {many[0]} of {len(many) - 2}, the other is not")
    if _has_relations(one) and _has_relations(other):
        return _relations(one, other, assume=assume, say=say)
    if _has_relations(one) or _has_relations(other):
        return _point(one, other, assume=assume)
    if one[0] == other[0] == "tuple":
        return _tuples(one[2:], other[2:], assume=assume)
    in_any_order = _as_sets(one[2:], other[2:], assume=assume, say=say)
    if "tuple" in (one[0], other[0]) and in_any_order.outcome == "yes":
        if len(one) == len(other) and _in_order(one[2:], other[2:], assume=assume).outcome == "yes":
            return in_any_order
        return Equality("unknown", "the same elements in another order, and one of the two is a tuple")
    return in_any_order


def _tuples(one: Sequence[Data], other: Sequence[Data], *, assume: str) -> Equality:
    if len(one) != len(other):
        return Equality("no", f"one has {len(one)} elements, the other {len(other)}")
    return _in_order(one, other, assume=assume)


def _relations(one: Data, other: Data, *, assume: str, say: Say) -> Equality:
    """Compare sets of relations: one by one, then as systems of equations."""
    if one[1] == other[1] == _LABELS and [item[2] for item in one[2:]] == [item[2] for item in other[2:]]:
        return _in_order(one[2:], other[2:], assume=assume)
    found = _as_sets(one[2:], other[2:], assume=assume, say=say)
    if found.outcome == "yes":
        return found
    items = [Builder(assume).build(side).items for side in (one, other)]
    if not all(isinstance(item, Relation) and item.sign == "=" for side in items for item in side):
        return Equality("unknown", "the relations are not the same one by one, but may mean the same together")
    return equal_systems(*items)


def _point(one: Data, other: Data, *, assume: str) -> Equality:
    """Compare `x = 1, y = 2` with (1, 2), which is taken to be in the order of the names."""
    if {one[1], other[1]} == {_LABELS, ""} and one[0] == other[0] == "tuple" and len(one) == len(other):
        values = [[item[3] if side[1] == _LABELS else item for item in side[2:]] for side in (one, other)]
        found = _in_order(*values, assume=assume)
        if found.outcome == "yes":
            return found
    return Equality("unknown", "one has equations where the other has values: name the variables on both sides")


def _in_order(one: Sequence[Data], other: Sequence[Data], *, assume: str) -> Equality:
    """Compare elements pairwise."""
    found = [_equal(left, right, assume=assume, say=_quiet) for left, right in zip(one, other, strict=True)]
    return _all_of(found)


def _all_of(found: Sequence[Equality]) -> Equality:
    """Return yes for all yes, and the first no or unknown with its place."""
    outcomes: tuple[Truth, ...] = ("no", "unknown")
    for outcome in outcomes:
        for place, result in enumerate(found, 1):
            if result.outcome == outcome:
                return Equality(outcome, f"element {place}: {result.because}")
    domains = sorted({result.domain for result in found} - {""})
    reasons = sorted({result.because for result in found})
    if len(domains) > 1:
        return Equality("unknown", f"the elements are equal in different domains: {'; '.join(domains)}")
    because = reasons[0] if len(reasons) == 1 else f"all {len(found)} elements are equal"
    return Equality("yes", because, "".join(domains))


def _as_sets(one: Sequence[Data], other: Sequence[Data], *, assume: str, say: Say) -> Equality:
    """Compare without order: each element needs an equal one on the other side."""
    say("unknown: the elements could not all be compared in time")
    results = [[_equal(left, right, assume=assume, say=_quiet) for right in other] for left in one]
    columns = [[row[place] for row in results] for place in range(len(other))]
    used: list[Equality] = []
    worst: tuple[Truth, str] | None = None
    for name, rows, count in (("first", results, len(one)), ("second", columns, len(other))):
        for place in range(count):
            row = rows[place]
            match = next((r for r in row if r.outcome == "yes"), None)
            if match is not None:
                used.append(match)
            elif all(result.outcome == "no" for result in row):
                near = f", as {row[0].because}" if len(row) == 1 else ""
                return Equality("no", f"element {place + 1} of the {name} is not in the other{near}")
            else:
                because = next(r.because for r in row if r.outcome == "unknown")
                worst = ("unknown", f"element {place + 1} of the {name}: {because}")
    if worst is not None:
        return Equality(*worst)
    if not used:
        return Equality("yes", "both are empty")
    domains = sorted({result.domain for result in used} - {""})
    if len(domains) > 1:
        return Equality("unknown", f"the elements are equal in different domains: {'; '.join(domains)}")
    return Equality("yes", "each element of one is an element of the other", "".join(domains))


def _solutions(equation: Data, many: Data, *, assume: str) -> Equality:
    """Compare an equation with the values, or the equations, that are said to solve it."""
    relation = Builder(assume).build(equation)
    items = Builder(assume).build(many)
    if not isinstance(items, Items) or any(isinstance(item, Items | Chain) for item in items.items):
        return Equality("unknown", "an equation is compared with a list of lists")
    return solves(relation, items.items, assume=assume)


def _matrices(one: Data, other: Data, left: Any, right: Any, *, assume: str) -> Equality:
    both = isinstance(left, sympy.MatrixBase) and isinstance(right, sympy.MatrixBase)
    if not both:
        return Equality("no", "one is a matrix, the other a number")
    if left.shape != right.shape and left.shape == right.shape[::-1] and sympy.simplify(left - right.T).is_zero_matrix:
        return Equality("unknown", "one matrix is the transpose of the other")
    if left.shape != right.shape:
        return Equality("no", f"one matrix is {left.rows}x{left.cols}, the other {right.rows}x{right.cols}")
    if one[0] == other[0] == "matrix":
        rows = [_in_order(a[2:], b[2:], assume=assume) for a, b in zip(one[2:], other[2:], strict=True)]
        return _all_of(rows)
    difference = sympy.simplify(left - right)
    if difference == sympy.zeros(*left.shape):
        return Equality("yes", "the difference simplifies to the zero matrix")
    for place, entry in enumerate(difference):
        if entry.is_number and not entry.has(sympy.nan, sympy.zoo) and abs(sympy.N(entry, 30)) > sympy.Float(10) ** -20:
            row, column = divmod(place, left.cols)
            return Equality("no", f"the entries in row {row + 1}, column {column + 1} differ by {entry}")
    return Equality("unknown", f"the difference is {difference.tolist()}")


def _quiet(_: str) -> None:
    """What is known of an element is not said of the whole."""

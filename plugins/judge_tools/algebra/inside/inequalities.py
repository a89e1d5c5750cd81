"""Whether two inequalities hold for the same numbers, or chains of them."""

from __future__ import annotations

from typing import Any

import sympy

from judge_tools.algebra.inside.build import Chain, Relation
from judge_tools.algebra.inside.equality import Equality
from judge_tools.algebra.inside.values import points
from judge_tools.algebra.inside.writing import written


def equal_inequalities(one: Relation | Chain, other: Relation | Chain) -> Equality:
    """Compare the sets of real numbers for one variable; for several, up to a positive factor, then at points."""
    real = {name: sympy.Symbol(str(name), real=True) for name in _symbols(one) | _symbols(other)}
    if len(real) == 1:
        (symbol,) = real.values()
        sets = [solution_set(side, symbol, real) for side in (one, other)]
        if sets[0] is not None and sets[1] is not None:
            return _same_sets(sets[0], sets[1], symbol)
    if isinstance(one, Relation) and isinstance(other, Relation) and _is_multiple(one, other, real):
        return Equality("yes", "the inequalities differ by a positive factor")
    agreed = 0
    for point in points(tuple(real.values()), "real"):
        truths = [_truth(side, dict(point.values), real) for side in (one, other)]
        if None not in truths and truths[0] != truths[1]:
            return Equality("no", f"at {point} one holds and the other does not")
        agreed += None not in truths
    return Equality("unknown", f"they agree at {agreed} points (not a proof)")


def solution_set(relation: Relation | Chain, symbol: Any, real: dict[Any, Any]) -> Any | None:
    """Return the set of real numbers that satisfy an inequality, or None where no method finds it."""
    parts = relation.relations if isinstance(relation, Chain) else (relation,)
    whole = sympy.S.Reals
    for part in parts:
        made = part.as_sympy().subs(real)
        if made in (sympy.true, sympy.false):
            found = sympy.S.Reals if made == sympy.true else sympy.S.EmptySet
        else:
            try:
                found = sympy.solve_univariate_inequality(made, symbol, relational=False, domain=sympy.S.Reals)
            except (NotImplementedError, ValueError, TypeError):
                return None
        whole = whole.intersect(found)
    return None if whole.has(sympy.ConditionSet, sympy.Intersection, sympy.Complement) else whole


def _same_sets(one: Any, other: Any, symbol: Any) -> Equality:
    if one == other:
        return Equality("yes", f"both hold for {symbol} in {written(one)}")
    apart = sympy.Union(one - other, other - one)
    if apart is sympy.S.EmptySet:
        return Equality("yes", f"both hold for {symbol} in {written(one)}")
    point = _member(apart)
    if point is None or one.contains(point) == other.contains(point):
        return Equality("unknown", f"one holds for {symbol} in {written(one)}, the other in {written(other)}")
    return Equality(
        "no", f"at {symbol} = {point} one holds and the other does not ({written(one)} against {written(other)})"
    )


def _member(whole: Any) -> Any | None:
    """Return a number of a union of intervals and points."""
    part = whole.args[0] if isinstance(whole, sympy.Union) else whole
    if isinstance(part, sympy.FiniteSet):
        return min(part, key=sympy.default_sort_key)
    if not isinstance(part, sympy.Interval):
        return None
    if part.start.is_infinite and part.end.is_infinite:
        return sympy.Integer(0)
    if part.start.is_infinite:
        return part.end - 1
    return part.start + 1 if part.end.is_infinite else (part.start + part.end) / 2


def _symbols(relation: Relation | Chain) -> set[Any]:
    parts = relation.relations if isinstance(relation, Chain) else (relation,)
    return set().union(*(part.difference.free_symbols for part in parts))


def _is_multiple(one: Relation, other: Relation, real: dict[Any, Any]) -> bool:
    first, second = (part.difference.subs(real) * (-1 if part.sign[0] == ">" else 1) for part in (one, other))
    ratio = sympy.simplify(first / second)
    return len(one.sign) == len(other.sign) and bool(ratio.is_number and ratio.is_positive)


def _truth(relation: Relation | Chain, at: dict[Any, Any], real: dict[Any, Any]) -> bool | None:
    parts = relation.relations if isinstance(relation, Chain) else (relation,)
    found = [part.as_sympy().subs(real).subs(at) for part in parts]
    if any(truth not in (sympy.true, sympy.false) for truth in found):
        return None
    return all(truth == sympy.true for truth in found)

"""Whether two equations have the same solutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy

from judge_tools.algebra.inside.build import Relation
from judge_tools.algebra.inside.equality import Equality
from judge_tools.algebra.inside.proving import prove_zero
from judge_tools.algebra.inside.values import Undefined, differ, shown, value_at


def equal_equations(one: Relation, other: Relation, *, assume: str) -> Equality:
    """Compare two equations: up to a factor, then by their solutions, then at points of one."""
    first, second = (side.difference.doit() for side in (one, other))
    if prove_zero(first) or prove_zero(second):
        both = bool(prove_zero(first)) and bool(prove_zero(second))
        return Equality("yes", "both hold always") if both else Equality("unknown", "one of them holds always")
    ratio = sympy.simplify(first / second)
    if ratio.is_number and ratio.is_finite and not ratio.is_zero:
        return Equality("yes", f"the two equations differ by the factor {ratio}")
    tops = [sympy.fraction(sympy.together(side))[0] for side in (first, second)]
    ratio = sympy.cancel(tops[0] / tops[1])
    if ratio.is_number and ratio.is_finite and not ratio.is_zero:
        return Equality("yes", "the two equations are the same once fractions are cleared, wherever both are defined")
    symbols = first.free_symbols | second.free_symbols
    if len(symbols) == 1 and first.free_symbols == second.free_symbols:
        (symbol,) = symbols
        for domain in (sympy.S.Complexes, sympy.S.Reals):
            solved = [roots(side, symbol, domain) for side in (first, second)]
            if solved[0] is not None and solved[1] is not None and (assume != "complex" or domain != sympy.S.Reals):
                found = _same_roots(first, second, solved[0], solved[1], assume=assume)
                real = found.outcome == "yes" and domain == sympy.S.Reals
                return Equality("yes", found.because, f" for real {symbol}") if real else found
    if not first.free_symbols & second.free_symbols:
        return Equality("unknown", "they are about different variables")
    return _by_points(first, second, symbols)


def solves(equation: Relation, values: Sequence[Any], *, assume: str) -> Equality:
    """Compare an equation in one variable with values that are said to be its solutions."""
    difference = equation.difference.doit()
    if len(difference.free_symbols) != 1 or any(value.free_symbols for value in values):
        return Equality("unknown", "only an equation in one variable is compared with a list of values")
    (symbol,) = difference.free_symbols
    for value in values:
        if (problem := _fails(difference, symbol, value)) is not None:
            return problem
    found = roots(difference, symbol)
    if found is None:
        return Equality("unknown", "every value solves the equation; whether there are more was not found out")
    missing = [root for root in found if not any(prove_zero(root - value) for value in values)]
    return _verdict(missing, found, symbol, assume=assume)


def roots(difference: Any, symbol: Any, domain: Any = sympy.S.Complexes) -> list[Any] | None:
    """Return all roots, sorted, or None where they are infinitely many or no method finds them all."""
    try:
        found = sympy.solveset(difference, symbol, domain)
    except (NotImplementedError, ValueError, TypeError):
        return None
    if found is sympy.S.EmptySet:
        return []
    if not isinstance(found, sympy.FiniteSet):
        return None
    return sorted(found, key=sympy.default_sort_key)


def _fails(difference: Any, symbol: Any, value: Any) -> Equality | None:
    """Return why a value does not solve an equation; None where it does."""
    try:
        gap = value_at(difference, {symbol: value})
    except Undefined:
        return Equality("unknown", f"the equation has no value at {symbol} = {value}")
    if differ(gap, _ZERO) and not gap.left:
        return Equality("no", f"{symbol} = {value} does not solve it: the sides differ by {shown(gap)}")
    if prove_zero(difference.subs(symbol, value)) is None:
        return Equality("unknown", f"that {symbol} = {value} solves it was not proved")
    return None


def _same_roots(first: Any, second: Any, of_first: Sequence[Any], of_second: Sequence[Any], *, assume: str) -> Equality:
    missing: list[Any] = []
    (symbol,) = first.free_symbols
    for found, other in ((of_first, second), (of_second, first)):
        for root in found:
            problem = _fails(other, symbol, root)
            if problem is not None and problem.outcome == "unknown":
                return problem
            if problem is not None:
                missing.append(root)
    return _verdict(missing, of_first, symbol, assume=assume)


def _verdict(missing: Sequence[Any], found: Sequence[Any], symbol: Any, *, assume: str) -> Equality:
    if not missing:
        listed = ", ".join(map(str, found)) or "none"
        return Equality("yes", f"the same solutions: {listed}")
    real = [root for root in missing if root.is_real is not False]
    if any(root.is_real is None for root in real):
        return Equality("unknown", f"{symbol} = {real[0]} solves only one of them, and may or may not be real")
    if not real and assume == "complex":
        real = list(missing)
    if real:
        return Equality("no", f"{symbol} = {real[0]} solves one and not the other")
    return Equality(
        "yes", f"the same real solutions; {symbol} = {missing[0]} solves only one of them", f" for real {symbol}"
    )


def _by_points(first: Any, second: Any, symbols: Any) -> Equality:
    """Look for a real point that solves one equation and not the other."""
    for one, other, names in ((first, second, "first"), (second, first, "second")):
        for symbol in sorted(one.free_symbols, key=str):
            others = sorted(symbols - {symbol}, key=str)
            for shift in range(len(_TRIED)):
                at = {name: _TRIED[(shift + place) % len(_TRIED)] for place, name in enumerate(others)}
                for root in (roots(one.subs(at), symbol) or [])[:4]:
                    if root.is_real and is_off(other, {**at, symbol: root}):
                        where = ", ".join(f"{name} = {value}" for name, value in [*at.items(), (symbol, root)])
                        return Equality("no", f"{where} solves the {names} and not the other")
    return Equality(
        "unknown", "no proof was found that they have the same solutions, and no point that solves only one"
    )


_TRIED = (sympy.Rational(1, 2), sympy.Integer(0), sympy.Integer(2), sympy.Rational(-1, 3), sympy.Integer(-3))


def is_off(difference: Any, at: Mapping[Any, Any]) -> bool:
    """Whether a difference is certainly not zero at a point, and made of real numbers there."""
    try:
        gap = value_at(difference, at)
    except Undefined:
        return False
    return differ(gap, _ZERO) and not gap.left


_ZERO = value_at(sympy.Integer(0), {})

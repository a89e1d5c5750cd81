"""Whether an expression is zero for all values of its symbols: proofs only, never a guess."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sympy


def prove_zero(expression: Any) -> str | None:
    """Return how it was shown that the expression is zero, or None where no method showed it.

    None says nothing: the expression may be zero all the same.
    """
    for how, method in _METHODS:
        try:
            if method(expression):
                return how
        except (NotImplementedError, ValueError, TypeError, AttributeError, ZeroDivisionError, RecursionError,
                KeyError, IndexError, sympy.PolynomialError):  # fmt: skip
            continue  # a method that does not apply proves nothing
    return None


def prove_quickly(expression: Any) -> str | None:
    """Return how it was shown, by the quickest methods only, that the expression is zero; None says nothing."""
    return next((how for how, method in _METHODS[:2] if method(expression)), None)


def _is_zero(expression: Any) -> bool:
    return bool(expression == 0)


def _by_powers(expression: Any) -> bool:
    powers = sympy.powsimp(sympy.powdenest(sympy.expand_power_base(expression)))
    return _is_zero(sympy.simplify(sympy.expand_log(sympy.logcombine(powers))))


def _by_cases(expression: Any) -> bool:
    """Zero in every case but those of a single value, as sympy splits a geometric sum off at x = 1."""
    if not expression.has(sympy.Piecewise):
        return False
    folded = sympy.piecewise_fold(expression)
    if not isinstance(folded, sympy.Piecewise):
        return False
    cases = [piece for piece, condition in folded.args if not isinstance(condition, sympy.Eq)]
    return bool(cases) and all(_is_zero(sympy.simplify(case)) for case in cases)


def _by_minimal_polynomial(expression: Any) -> bool:
    """An algebraic number is zero exactly when its minimal polynomial is x."""
    if expression.free_symbols or not expression.is_algebraic:
        return False
    symbol = sympy.Dummy()
    return bool(sympy.minimal_polynomial(expression, symbol) == symbol)


def _by_tangent(expression: Any) -> bool:
    """A real number between -1 and 1 whose tangent is zero is zero: this settles sums of inverse tangents."""
    if expression.free_symbols or not expression.has(sympy.atan, sympy.asin, sympy.acos):
        return False
    if not expression.is_real or abs(expression.evalf(15)) >= 1:
        return False
    return _is_zero(sympy.simplify(sympy.expand_trig(sympy.tan(expression))))


_METHODS: tuple[tuple[str, Callable[[Any], bool]], ...] = (
    ("both are written the same", _is_zero),
    ("the difference expands to 0", lambda e: _is_zero(sympy.expand(e))),
    ("the difference is below 1 and its tangent is 0", _by_tangent),
    ("the difference simplifies to 0", lambda e: _is_zero(sympy.cancel(sympy.together(e)))),
    ("the difference simplifies to 0", lambda e: _is_zero(sympy.sqrtdenest(sympy.radsimp(e)))),
    ("the difference simplifies to 0", lambda e: _is_zero(sympy.trigsimp(sympy.expand_trig(e)))),
    ("the difference simplifies to 0", lambda e: _is_zero(sympy.simplify(e))),
    ("the difference is an algebraic number whose minimal polynomial is x", _by_minimal_polynomial),
    ("the difference simplifies to 0 but perhaps at single values, where a sum has another form", _by_cases),
    ("the difference simplifies to 0 in exponentials", lambda e: _is_zero(sympy.simplify(e.rewrite(sympy.exp)))),
    ("the difference simplifies to 0 in gamma functions", lambda e: _is_zero(sympy.gammasimp(e.rewrite(sympy.gamma)))),
    ("the difference simplifies to 0 in inverse sines", lambda e: _is_zero(sympy.simplify(e.rewrite(sympy.asin)))),
    ("the difference simplifies to 0 in absolute values", lambda e: _is_zero(sympy.simplify(e.rewrite(sympy.Abs)))),
    ("the difference simplifies to 0 in logarithms", lambda e: _is_zero(sympy.simplify(e.rewrite(sympy.log)))),
    ("the difference simplifies to 0 by the laws of powers and logarithms", _by_powers),
)

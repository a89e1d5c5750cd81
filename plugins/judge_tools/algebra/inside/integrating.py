"""Whether two sides, of which one is an integral without bounds, differ by a constant of integration only."""

from __future__ import annotations

from typing import Any

import sympy

from judge_tools.algebra.inside.build import Builder
from judge_tools.algebra.inside.trees import Data, indefinite
from judge_tools.algebra.inside.values import Undefined, differ, value_at

_TRIED = tuple(sympy.Rational(*pair) for pair in ((7, 3), (-7, 3), (2, 7), (-2, 7), (31, 5), (-31, 5)))
_OTHERS = tuple(sympy.Rational(*pair) for pair in ((5, 3), (11, 7), (13, 6), (17, 9), (9, 4)))


def up_to_a_constant(one: Data, other: Data, difference: Any) -> str | None:
    """Return what to say where the sides differ by a constant of integration only; None where they do not."""
    simple = sympy.simplify(difference)
    if simple.free_symbols and all(str(symbol) == "C" for symbol in simple.free_symbols):
        return f"they differ only by {simple}, a constant of integration"
    variables = indefinite(one) | indefinite(other)
    if variables and not any(str(symbol) in variables for symbol in simple.free_symbols):
        return f"they differ only by {simple}: a constant of integration"
    if variables and _is_flat(one, other, variables):
        return "at real points they differ only by a constant of integration (not a proof)"
    return None


def _is_flat(one: Data, other: Data, variables: set[str]) -> bool:
    """Whether the derivative of the difference vanishes at every real point that has one, and at two at least.

    On the real line ln|x| and ln x have the same derivative, which among complex numbers they have not.
    """
    builder = Builder("real")
    difference = builder.value(one).doit() - builder.value(other).doit()
    for name in sorted(variables):
        symbol = builder.symbol(name)
        slope = sympy.diff(difference, symbol).doit()
        others = sorted(slope.free_symbols - {symbol}, key=str)
        at = {letter: _OTHERS[place % len(_OTHERS)] for place, letter in enumerate(others)}
        found = 0
        for tried in _TRIED:
            try:
                value = value_at(slope, {**at, symbol: tried})
            except Undefined:
                continue
            if differ(value, _ZERO):
                return False
            found += 1
        if found < 2:
            return False
    return True


_ZERO = value_at(sympy.Integer(0), {})

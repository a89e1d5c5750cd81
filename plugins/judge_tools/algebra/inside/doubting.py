"""Whether a value that sympy worked out symbolically stands up to a numerical look at what it was worked out from.

sympy's antiderivatives may jump inside the bounds, so that a definite integral comes out wrong without a warning.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import mpmath  # type: ignore[import-untyped]
import sympy

DISAGREE = "sympy's symbolic and numerical values disagree"
_UNSURE = "sympy's symbolic value could not be confirmed numerically"
_PANELS = (64, 263)  # no multiple of each other, so that one rhythm does not fool both
_MAX_TERMS = 400
_BOUND = (sympy.Integral, sympy.Sum, sympy.Product)
_BROKEN = (sympy.Abs, sympy.sign, sympy.floor, sympy.ceiling, sympy.Mod, sympy.Max, sympy.Min, sympy.Piecewise)
_FAILURES = (ValueError, TypeError, NotImplementedError, ArithmeticError, AttributeError, LookupError, NameError,
             RecursionError, mpmath.libmp.NoConvergence)  # fmt: skip


def doubted(undone: Any, done: Any, point: Mapping[Any, Any]) -> str | None:
    """Return why the value that came out of an integral or sum is not to be trusted at a point; None where it may be.

    None is no proof: nested integrals, products, long finite sums and what has no number at the point are not checked.
    """
    if not undone.has(*_BOUND) or undone == done:
        return None
    undone, done = (side.subs(dict(point)) for side in (undone, done))
    if undone.free_symbols or done.free_symbols or done.has(*_BOUND):
        return None
    try:
        numbers = {part: _numbers(part) for part in _parts(undone)}
        if any(pair is None for pair in numbers.values()):
            return None
        pairs = {part: pair for part, pair in numbers.items() if pair is not None}
        first, second = (_evaluated(undone.xreplace({part: p[n] for part, p in pairs.items()})) for n in (0, 1))
        exact = _evaluated(done)
    except _FAILURES:
        return None  # what has no number at hand says nothing
    spread, size = abs(first - second), max(abs(second), abs(exact))
    if not mpmath.isfinite(spread) or not mpmath.isfinite(exact):
        return None
    if abs(second - exact) > 8 * spread + (1 + size) * mpmath.mpf(10) ** -6:
        about = [mpmath.nstr(number if number.imag else number.real, 6) for number in (exact, second)]
        return f"{DISAGREE} ({about[0]} against about {about[1]})"
    if spread > size / 20 and undone.has(*_BROKEN):
        return _UNSURE
    return None


def _parts(undone: Any) -> list[Any]:
    """Return the outermost integrals, sums and products."""
    if isinstance(undone, _BOUND):
        return [undone]
    return [part for arg in undone.args for part in _parts(arg)]


def _numbers(part: Any) -> tuple[Any, Any] | None:
    """Return one integral or sum as a number, roughly and better; None where there is no independent way to it."""
    if isinstance(part, sympy.Product) or len(part.limits) != 1 or part.function.has(*_BOUND):
        return None
    symbol, *ends = part.limits[0]
    if len(ends) != 2:
        return None
    if all(end.is_finite for end in ends):
        if isinstance(part, sympy.Integral):
            rough, fine = (_by_panels(part.function, symbol, ends[0], ends[1], panels) for panels in _PANELS)
            return rough, fine
        steps = ends[1] - ends[0]
        if not steps.is_Integer or not 0 <= steps <= _MAX_TERMS:
            return None
        found = sympy.Add(*(part.function.subs(symbol, ends[0] + step) for step in range(int(steps) + 1)))
        return found, found
    found = part.evalf(15)
    return (found, found) if found.is_Float and found._prec >= 30 else None


def _by_panels(function: Any, symbol: Any, lower: Any, upper: Any, panels: int) -> Any:
    """Return an integral by eight nodes of Gauss in each of many panels: slow to converge, but hard to fool."""
    values = sympy.lambdify(symbol, function, modules="mpmath")
    start, end = (mpmath.mpmathify(bound.evalf(17)) for bound in (lower, upper))
    half = (end - start) / (2 * panels)
    total = mpmath.mpf(0)
    for panel in range(panels):
        middle = start + (2 * panel + 1) * half
        total += sum(weight * (values(middle - half * node) + values(middle + half * node)) for node, weight in _GAUSS)
    return sympy.sympify(total * half)


def _evaluated(expression: Any) -> Any:
    real, imaginary = expression.evalf(15).as_real_imag()
    return mpmath.mpc(*(part.evalf(15)._to_mpmath(53) for part in (real, imaginary)))


_GAUSS = (
    (0.18343464249564981, 0.36268378337836198), (0.52553240991632899, 0.31370664587788729),
    (0.79666647741362674, 0.22238103445337447), (0.96028985649753623, 0.10122853629037626),
)  # fmt: skip

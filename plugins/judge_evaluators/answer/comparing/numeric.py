"""Nodes to floating point: fast doubles, then mpmath with as many digits as asked.

Real arithmetic is tried as people use it (odd roots of negatives are real); a formula that needs complex numbers at a
point is undefined there, unless it contains `i`. Values beyond 10^(10^6) are refused rather than computed.
"""

from __future__ import annotations

import cmath
import math
import threading
from collections.abc import Callable, Mapping
from typing import Any

import mpmath  # type: ignore[import-untyped]

from judge_evaluators.answer.reading.values import Apply, Node, Num, Sym

_MAX_LOG = 2.4e6  # natural logarithm of the largest number that mpmath is given
Point = Mapping[str, Any]


class Undefined(ArithmeticError):
    """No value at this point, or one beyond the bounds."""


class Arithmetic:
    """Evaluates nodes with one library of functions; `scale` is the largest magnitude met on the way."""

    def __init__(self, library: Any, *, digits: int = 0, complex_numbers: bool = False, log_base: float = 0) -> None:
        self.library, self.digits, self.complex = library, digits, complex_numbers
        self.log_base = log_base
        self.scale: Any = 0.0
        self._hashes: dict[str, float] = {}

    def value(self, node: Node, at: Point) -> Any:
        """Return the value at a point. Raises `Undefined`."""
        try:
            result = self._value(node, at)
        except (ZeroDivisionError, ValueError, OverflowError, TypeError) as reason:
            raise Undefined(str(reason)) from None
        if result != result or abs(result) == math.inf:
            raise Undefined("not finite")
        return result

    def _value(self, node: Node, at: Point) -> Any:
        if isinstance(node, Num):
            result = self._fraction(node)
        elif isinstance(node, Sym):
            result = self._symbol(node.name, at)
        else:
            result = self._apply(node, [self._value(arg, at) for arg in node.args])
        size = abs(result)
        if size > self.scale:
            self.scale = size
        return result

    def _fraction(self, node: Num) -> Any:
        value = node.value
        if self.digits:
            return self.library.mpf(value.numerator) / value.denominator
        return float(value)

    def _symbol(self, name: str, at: Point) -> Any:
        if name in at:
            return at[name]
        if name == "pi":
            return +self.library.pi
        if name == "e":
            return +self.library.e
        if name == "i" and self.complex:
            return self.library.mpc(0, 1) if self.digits else 1j
        raise Undefined(name)

    def _apply(self, node: Apply, args: list[Any]) -> Any:
        op, first = node.op, args[0]
        if op == "add":
            total = first
            for arg in args[1:]:
                total = total + arg
            return total
        if op == "mul":
            return first * args[1]
        if op == "div":
            return first / args[1]
        if op == "neg":
            return -first
        if op == "pow":
            return self._power(node.args[1], first, args[1])
        if op in ("sqrt", "root", "cbrt"):
            return self._root(first, {"sqrt": 2, "cbrt": 3}.get(op) or args[1])
        if op.startswith("call:"):
            return self._unknown(op, args)
        known = _FUNCTIONS.get(op)
        if known is None:
            raise Undefined(op)
        return known(self, *args)

    def _power(self, exponent_node: Node, base: Any, exponent: Any) -> Any:
        if base == 0:
            if self.complex or exponent > 0:
                return base * 0
            if exponent == 0:
                return 1
            raise Undefined("a power of 0")
        if abs(exponent) * abs(math.log(abs(base)) if not self.digits else float(self.library.log(abs(base)))) > (
            _MAX_LOG if self.digits else 690
        ):
            raise Undefined("too large a power")
        if not self.complex and base < 0 and exponent != int(exponent):
            odd = _odd_denominator(exponent_node)
            if odd is None:
                raise Undefined("a power of a negative number")
            return (-1) ** odd * abs(base) ** exponent
        if self.digits or not self.complex:
            return self.library.power(base, exponent) if self.digits else base**exponent
        return base**exponent

    def _root(self, value: Any, degree: Any) -> Any:
        if not self.complex and value < 0:
            if degree == int(degree) and int(degree) % 2:
                return -((-value) ** (1 / self._one(degree)))
            raise Undefined("an even root of a negative number")
        if degree == 2:
            return self.library.sqrt(value)
        return value ** (1 / self._one(degree))

    def _one(self, value: Any) -> Any:
        return self.library.mpf(value) if self.digits and not self.complex else value

    def _unknown(self, op: str, args: list[Any]) -> Any:
        """An analytic stand-in for an unknown function: equal arguments give equal values, and nothing else does."""
        seed = sum(ord(char) * 31**n for n, char in enumerate(op)) % 997 / 1009 + 0.5
        total = seed
        for n, arg in enumerate(args):
            total = total + self.library.cos(arg * (seed + n) + seed) + arg * (seed / (n + 3))
        return total


def _odd_denominator(node: Node) -> int | None:
    """Return the parity of p for an exponent p/q with q odd, else None."""
    from judge_evaluators.answer.reading.exact import exact

    value = exact(node)
    return None if value is None or value.denominator % 2 == 0 else value.numerator % 2


def _log(arithmetic: Arithmetic, value: Any, base: Any = None) -> Any:
    library = arithmetic.library
    if not arithmetic.complex and value <= 0:
        raise Undefined("a logarithm of what is not positive")
    if base is None:
        return library.log(value) / library.log(arithmetic.log_base) if arithmetic.log_base else library.log(value)
    return library.log(value) / library.log(base)


def _real(function: str) -> Callable[..., Any]:
    def apply(arithmetic: Arithmetic, value: Any) -> Any:
        if abs(value) > (1e30 if arithmetic.digits else 1e9):
            raise Undefined("an argument beyond the precision")
        return getattr(arithmetic.library, function)(value)

    return apply


def _whole(function: Callable[[Any], int]) -> Callable[..., Any]:
    def apply(arithmetic: Arithmetic, value: Any) -> Any:
        if arithmetic.complex or abs(value) > 1e15:
            raise Undefined("the floor of a complex or large number")
        nearest = round(float(value))
        result = function(value)
        if result != nearest and abs(value - nearest) < 1e-9:
            return arithmetic.library.mpf(nearest) if arithmetic.digits else float(nearest)
        return arithmetic.library.mpf(int(result)) if arithmetic.digits else float(result)

    return apply


def _factorial(arithmetic: Arithmetic, value: Any) -> Any:
    if arithmetic.complex or abs(value) > (20_000 if arithmetic.digits else 160) or value < -0.5:
        raise Undefined("a factorial beyond the bounds")
    return arithmetic.library.gamma(value + 1)


def _binomial(arithmetic: Arithmetic, top: Any, bottom: Any) -> Any:
    parts = [_factorial(arithmetic, part) for part in (top, bottom, top - bottom)]
    return parts[0] / (parts[1] * parts[2])


def _exp(arithmetic: Arithmetic, value: Any) -> Any:
    if abs(value) > (_MAX_LOG if arithmetic.digits else 690):
        raise Undefined("too large a power")
    return arithmetic.library.exp(value)


_SIN, _COS, _TAN, _TANH = (_real(name) for name in ("sin", "cos", "tan", "tanh"))
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: _real(name) for name in ("sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh")},
    "cot": lambda a, x: 1 / _TAN(a, x),
    "sec": lambda a, x: 1 / _COS(a, x),
    "csc": lambda a, x: 1 / _SIN(a, x),
    "acot": lambda a, x: a.library.pi / 2 - a.library.atan(x),
    "coth": lambda a, x: 1 / _TANH(a, x),
    "asec": lambda a, x: a.library.acos(1 / x),
    "acsc": lambda a, x: a.library.asin(1 / x),
    "exp": _exp,
    "log": _log,
    "ln": lambda a, x: _log(a, x, a.library.e),
    "lg": lambda a, x: _log(a, x, 10),
    "abs": lambda _, x: abs(x),
    "floor": _whole(math.floor),
    "ceil": _whole(math.ceil),
    "factorial": _factorial,
    "binom": _binomial,
    "degree": lambda a, x: x * a.library.pi / 180,
    "max": lambda _, *x: max(x),
    "min": lambda _, *x: min(x),
    "sgn": lambda _, x: (x > 0) - (x < 0),
    "Re": lambda _, x: x.real,
    "Im": lambda _, x: x.imag,
}
_LOCAL = threading.local()


def doubles(*, complex_numbers: bool = False, log_base: float = 0) -> Arithmetic:
    """Return arithmetic in double precision."""
    return Arithmetic(cmath if complex_numbers else math, complex_numbers=complex_numbers, log_base=log_base)


def precise(digits: int, *, complex_numbers: bool = False, log_base: float = 0) -> Arithmetic:
    """Return arithmetic with that many digits; each thread has its own context, so threads do not disturb it."""
    contexts = _LOCAL.__dict__.setdefault("contexts", {})
    if digits not in contexts:
        contexts[digits] = mpmath.MPContext()
        contexts[digits].dps = digits
    return Arithmetic(contexts[digits], digits=digits, complex_numbers=complex_numbers, log_base=log_base)

"""The value of an expression at a point, to many digits, with a note of where it left the real numbers."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import mpmath  # type: ignore[import-untyped]
import sympy

_DIGITS = (40, 80)


class Undefined(Exception):
    """There is no finite value here, or none that does not depend on the precision."""


@dataclass(frozen=True)
class Value:
    """A number with a bound on its error.

    `left`: a function of real arguments had a value that is not real; `odd`: it was an odd root of a negative number.
    """

    number: Any
    error: Any
    left: bool = False
    odd: bool = False


@dataclass(frozen=True)
class Point:
    """Values of the symbols; `kind` is the smallest domain that holds them all."""

    kind: str
    values: tuple[tuple[Any, Any], ...]

    def __str__(self) -> str:
        return ", ".join(f"{symbol} = {value}" for symbol, value in self.values)


def value_at(expression: Any, point: Mapping[Any, Any]) -> Value:
    """Return the value of an expression whose symbols all have values. Raises Undefined.

    It is worked out with 40 and with 80 digits; what vanishes on the way from one to the other is zero.
    """
    found = []
    for digits in _DIGITS:
        with mpmath.workdps(digits):
            walk = _Walk(point, digits)
            number = walk.value(expression)
            if not mpmath.isfinite(number):
                raise Undefined
            found.append(Value(mpmath.mpmathify(number), mpmath.mpf(0), walk.left, walk.odd))
    rough, fine = found
    with mpmath.workdps(_DIGITS[1]):
        error, size = abs(rough.number - fine.number), abs(fine.number)
        if abs(rough.number) < 1e-25 and (size < abs(rough.number) * 1e-10 or size == 0):
            return Value(mpmath.mpf(0), mpmath.mpf(0), fine.left, fine.odd)
        if error > size * mpmath.mpf(10) ** -15:
            raise Undefined
        return Value(fine.number, error, fine.left, fine.odd)


def differ(one: Value, other: Value) -> bool:
    """Whether two values are certainly different numbers."""
    with mpmath.workdps(_DIGITS[1]):
        apart = abs(one.number - other.number)
        size = max(abs(one.number), abs(other.number))
        return bool(apart > (one.error + other.error) * 10**6 + size * mpmath.mpf(10) ** -60)


def gap(one: Value, other: Value) -> str:
    """Return how far two values are apart, in a few digits."""
    with mpmath.workdps(_DIGITS[1]):
        return str(mpmath.nstr(abs(one.number - other.number), 3))


def shown(value: Value) -> str:
    """Return a value in twelve digits."""
    number = mpmath.mpmathify(value.number)
    if isinstance(number, mpmath.mpc):
        if abs(number.imag) <= abs(number.real) * mpmath.mpf(10) ** -30:
            number = number.real
        else:
            real = "" if abs(number.real) <= abs(number.imag) * mpmath.mpf(10) ** -30 else _digits(number.real)
            sign = "-" if number.imag < 0 else "+" if real else ""
            imaginary = f"{_digits(abs(number.imag))}*I"
            return f"{real} {sign} {imaginary}" if real else sign + imaginary
    return _digits(number)


def _digits(number: Any) -> str:
    return str(mpmath.nstr(number, 12)).removesuffix(".0")


class _Walk:
    """One evaluation, from the leaves to the root, each part once."""

    def __init__(self, point: Mapping[Any, Any], digits: int) -> None:
        self.point, self.digits = point, digits
        self.left = self.odd = False
        self.known: dict[Any, Any] = {}

    def value(self, expression: Any) -> Any:
        if expression not in self.known:
            try:
                self.known[expression] = self._work(expression)
            except (ZeroDivisionError, ValueError, OverflowError, TypeError, mpmath.libmp.NoConvergence):
                raise Undefined from None
        return self.known[expression]

    def _work(self, expression: Any) -> Any:
        if expression.is_Symbol:
            return self._number(self.point[expression])
        if not expression.args or isinstance(expression, _WHOLE):
            return self._number(expression.subs(self.point))
        if any(not isinstance(arg, sympy.Expr) for arg in expression.args):
            return self._number(expression.subs(self.point))
        args = [self.value(arg) for arg in expression.args]
        direct = _DIRECT.get(expression.func)
        result = direct(args) if direct else self._number(expression.func(*(sympy.sympify(arg) for arg in args)))
        if isinstance(result, mpmath.mpc) and result.imag == 0:
            result = result.real
        left = isinstance(result, mpmath.mpc) and not any(isinstance(arg, mpmath.mpc) for arg in args)
        if left and abs(result.imag) > abs(result.real) * mpmath.mpf(10) ** (5 - self.digits):
            self.left = True
            self.odd |= expression.is_Pow and expression.exp.is_Rational and expression.exp.q % 2 == 1
        return result

    def _number(self, expression: Any) -> Any:
        number = expression.evalf(self.digits)
        if not number.is_number or number.is_finite is False or number is sympy.nan or number.has(sympy.zoo, sympy.oo):
            raise Undefined
        real, imaginary = number.as_real_imag()
        real, imaginary = (part.evalf(self.digits)._to_mpmath(mpmath.mp.prec) for part in (real, imaginary))
        return mpmath.mpc(real, imaginary) if imaginary else mpmath.mpf(real)


#: What is worked out as a whole: its parts have bound variables or conditions.
_WHOLE = (sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit, sympy.Derivative, sympy.Piecewise, sympy.RootSum)
_DIRECT: dict[Any, Callable[[Sequence[Any]], Any]] = {
    sympy.Add: lambda args: mpmath.fsum(args),
    sympy.Mul: lambda args: mpmath.fprod(args),
    sympy.Pow: lambda args: mpmath.power(*args),
    sympy.exp: lambda args: mpmath.exp(*args),
    sympy.log: lambda args: mpmath.log(*args),
    sympy.sin: lambda args: mpmath.sin(*args),
    sympy.cos: lambda args: mpmath.cos(*args),
    sympy.tan: lambda args: mpmath.tan(*args),
    sympy.Abs: lambda args: abs(*args),
    sympy.asin: lambda args: mpmath.asin(*args),
    sympy.acos: lambda args: mpmath.acos(*args),
    sympy.atan: lambda args: mpmath.atan(*args),
    sympy.sinh: lambda args: mpmath.sinh(*args),
    sympy.cosh: lambda args: mpmath.cosh(*args),
    sympy.tanh: lambda args: mpmath.tanh(*args),
    sympy.gamma: lambda args: mpmath.gamma(*args),
}


def points(symbols: Sequence[Any], assume: str, counting: Collection[str] = ()) -> list[Point]:
    """Return the points to try, the same at each call, from the smallest domain to the largest.

    Symbols whose names are `counting` are positive whole numbers at all of them.
    """
    names = sorted(symbols, key=str)
    if not names:
        return [Point("integer", ())]
    rng = random.Random("algebra " + " ".join(map(str, names)))

    def whole(low: int, high: int) -> Any:
        return sympy.Integer(rng.randint(low, high))

    def ratio(low: int, high: int) -> Any:
        return sympy.Rational(rng.randint(low * 7, high * 7) * 2 + 1, 14)

    makers: list[tuple[str, Callable[[], Any]]] = [
        *[("integer", lambda: whole(1, 9))] * 3,
        ("integer", lambda: whole(10, 40)),
        ("integer", lambda: sympy.Integer(-1)),
        *[("integer", lambda: whole(-9, -2))] * 2,
        ("positive", lambda: sympy.Rational(rng.randint(1, 13), 14)),
        *[("positive", lambda: ratio(0, 4))] * 3,
        ("real", lambda: sympy.Rational(rng.randint(-13, -1), 14)),
        *[("real", lambda: ratio(-4, 4))] * 4,
        ("complex", lambda: sympy.I),
        *[("complex", lambda: ratio(-3, 3) + ratio(-3, 3) * sympy.I)] * 4,
    ]
    kinds = {"integer": ("integer",), "positive": ("positive",), "real": ("integer", "positive", "real")}
    wanted = kinds.get(assume, ("integer", "positive", "real", "complex"))
    made = []
    for kind, maker in makers:
        values = tuple((name, whole(1, 9) if str(name) in counting else maker()) for name in names)
        made.append(Point("integer" if all(value.is_Integer for _, value in values) else kind, values))
    if assume == "positive":
        return [point for point in made if all(value.is_positive for _, value in point.values)]
    return [point for point in made if point.kind in wanted]


def changes_of_sign(expression: Any, symbol: Any) -> list[str]:
    """Return where an expression changes its sign between -10 and 10, in twelve digits; poles are left out."""
    found: list[str] = []
    marks = [sympy.Rational(2 * n + 1, 8) for n in range(-40, 40)]
    for low, high in pairwise(marks):
        signs = [_sign(expression, symbol, mark) for mark in (low, high)]
        if signs[0] * signs[1] >= 0:
            continue
        ends = [low, high]
        for _ in range(45):
            middle = (ends[0] + ends[1]) / 2
            ends[int(_sign(expression, symbol, middle) == signs[1])] = middle
        if abs(value_at(expression, {symbol: ends[0]}).number) < 1e-6:
            found.append(str(mpmath.nstr(mpmath.mpf(ends[0].p) / ends[0].q, 12)))
    return found


def _sign(expression: Any, symbol: Any, mark: Any) -> int:
    try:
        value = value_at(expression, {symbol: mark})
    except Undefined:
        return 0
    return 0 if value.left or isinstance(value.number, mpmath.mpc) else int(mpmath.sign(value.number))

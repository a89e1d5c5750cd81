"""How results are written: exact, with a decimal, short, and the same each time."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy
from sympy.printing.str import StrPrinter

_MAX_DIGITS = 120
_MAX_CHARS = 1500


class _Printer(StrPrinter):  # type: ignore[misc]
    """Shortens what has too many digits to be read."""

    def _print_Integer(self, expr: Any) -> str:  # noqa: N802 - the name is sympy's
        return _digits(expr.p)

    def _print_Rational(self, expr: Any) -> str:  # noqa: N802 - the name is sympy's
        return f"{_digits(expr.p)}/{_digits(expr.q)}"

    def _print_Interval(self, expr: Any) -> str:  # noqa: N802 - the name is sympy's
        low, high = self._print(expr.start), self._print(expr.end)
        return f"{'(' if expr.left_open else '['}{low}, {high}{')' if expr.right_open else ']'}"

    def _print_Union(self, expr: Any) -> str:  # noqa: N802 - the name is sympy's
        return " or ".join(self._print(part) for part in expr.args)


def _digits(number: int) -> str:
    text = str(number)
    if len(text) <= _MAX_DIGITS:
        return text
    return f"{text[:20]}...{text[-20:]} ({len(text)} digits)"


_PRINTER = _Printer()


def written(value: Any) -> str:
    """Return the exact form on one line, cut where it is too long to be of use."""
    if isinstance(value, sympy.MatrixBase):
        text = f"Matrix({_PRINTER.doprint(value.tolist())})"
    else:
        text = str(_PRINTER.doprint(value))
    if len(text) > _MAX_CHARS:
        return f"{text[:_MAX_CHARS]} [cut: {len(text)} characters]"
    return text


def assigned(name: Any, value: Any) -> str:
    """Return `name = value`, or a decimal alone for a root of a polynomial that has no formula."""
    if value.has(sympy.CRootOf) and (number := decimal(value)) is not None:
        return f"{name} ≈ {number}"
    return f"{name} = {with_decimal(value)}"


def with_decimal(value: Any) -> str:
    """Return the exact form, and a decimal where it says something that the exact form does not."""
    text = written(value)
    if (number := decimal(value)) is None or number == text:
        return text
    exact = value.is_Rational and value.q != 1 and Fraction(number) == Fraction(value.p, value.q)
    return f"{text} {'=' if exact else '≈'} {number}"


def decimal(value: Any) -> str | None:
    """Return a number to twelve digits; None for what is no finite number, or an integer that shows itself."""
    if not isinstance(value, sympy.Expr) or not value.is_number or value.has(sympy.oo, sympy.zoo, sympy.nan):
        return None
    if all(part.is_Integer and abs(part) < 10**_MAX_DIGITS for part in value.as_real_imag()):
        return None
    found = value.evalf(12, chop=True)
    if not found.is_number or found.free_symbols or found.has(sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit):
        return None
    real, imaginary = found.as_real_imag()
    parts = [_trimmed(part) for part in (real, imaginary)]
    if imaginary == 0:
        return parts[0]
    if real == 0:
        return f"{parts[1]}*I"
    return f"{parts[0]} {'-' if parts[1].startswith('-') else '+'} {parts[1].lstrip('-')}*I"


def _trimmed(number: Any) -> str:
    text = str(sympy.Float(number, 12))
    mantissa, mark, exponent = text.partition("e")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return mantissa + mark + exponent

"""From a tree of plain data to objects of sympy; nothing here reads text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import Any

import sympy

from judge_tools.algebra.inside.functions import FUNCTIONS, OF_MATRICES, NoValue, Unusable, inverted

_CONSTANTS = {
    "pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo, "eulergamma": sympy.EulerGamma,
    "goldenratio": sympy.GoldenRatio, "catalan": sympy.Catalan,
}  # fmt: skip
_ASSUMED: dict[str, dict[str, bool]] = {
    "real": {"real": True}, "positive": {"positive": True}, "integer": {"integer": True},
}  # fmt: skip
_RELATIONS = {"<": sympy.Lt, "<=": sympy.Le, ">": sympy.Gt, ">=": sympy.Ge}
_MAX_MATRIX_POWER = 200


@dataclass(frozen=True)
class Relation:
    """Two sides with `=`, `<`, `<=`, `>` or `>=` between them."""

    sign: str
    left: Any
    right: Any

    @property
    def difference(self) -> Any:
        """The left side less the right one."""
        return self.left - self.right

    def as_sympy(self) -> Any:
        """Return an inequality as an object of sympy, which may be true or false at once."""
        return _RELATIONS[self.sign](self.left, self.right)


@dataclass(frozen=True)
class Chain:
    """Relations that hold together, as in 1 < x <= 3."""

    relations: tuple[Relation, ...]


@dataclass(frozen=True)
class Items:
    """Several values: `set` and `list` in any order, `tuple` in this one."""

    kind: str
    items: tuple[Any, ...]


@dataclass
class Builder:
    """Builds under one assumption about all free symbols; keeps what was divided by, before anything cancels."""

    assume: str = ""
    divisors: list[Any] = field(default_factory=list)
    _bound: list[tuple[str, Any]] = field(default_factory=list)

    def symbol(self, name: str) -> Any:
        """Return the symbol of a name: the one of the innermost binder, or the free one."""
        for bound, symbol in reversed(self._bound):
            if bound == name:
                return symbol
        return sympy.Symbol(name, **_ASSUMED.get(self.assume, {}))

    def build(self, data: Sequence[Any]) -> Any:
        """Return an expression, matrix, Relation, Chain or Items. Raises Unusable."""
        op, text, *args = data
        if op == "rel":
            left, right = (self.value(arg) for arg in args)
            return Relation(text, left, right)
        if op == "chain":
            return Chain(tuple(self.build(arg) for arg in args))
        if op in ("set", "list", "tuple"):
            return Items(op, tuple(self.build(arg) for arg in args))
        return self._expression(op, text, args)

    def value(self, data: Sequence[Any]) -> Any:
        """Return an expression or matrix. Raises Unusable for a relation, a list, a set or a tuple."""
        made = self.build(data)
        if isinstance(made, Relation | Chain):
            raise Unusable("a relation such as = or < stands inside an expression")
        if isinstance(made, Items):
            raise Unusable(f"a {made.kind} stands where one value is needed")
        return made

    def _expression(self, op: str, text: str, args: list[Any]) -> Any:
        if op == "num":
            value = Fraction(text)
            return sympy.Rational(value.numerator, value.denominator)
        if op == "sym":
            return self.symbol(text)
        if op == "const":
            return _CONSTANTS[text]
        if op == "matrix":
            return sympy.Matrix([[self._scalar(cell) for cell in row[2:]] for row in args])
        if op in ("int", "sum", "prod", "lim", "diff"):
            return self._binder(op, text, args)
        values = [self.value(arg) for arg in args]
        if op == "fn":
            return FUNCTIONS[text](*values) if text in OF_MATRICES else self._function(text, values)
        if op == "call":
            return sympy.Function(text)(*values)
        return self._arithmetic(op, values)

    def _arithmetic(self, op: str, values: list[Any]) -> Any:
        matrices = any(isinstance(value, sympy.MatrixBase) for value in values)
        if op == "neg":
            return -values[0]
        if op == "inv":
            return self._inverse(values[0])
        if op == "pow":
            return self._power(values[0], values[1])
        try:
            if op == "add":
                return reduce(add, values) if matrices else sympy.Add(*values)
            return reduce(mul, values) if matrices else sympy.Mul(*values)
        except (TypeError, ValueError) as error:  # sympy's errors of shape are ValueErrors
            raise Unusable(f"matrices and numbers do not combine like this: {error}") from None

    def _inverse(self, value: Any) -> Any:
        if isinstance(value, sympy.MatrixBase):
            return inverted(value)
        self._divide_by(value)
        return sympy.Pow(value, -1)

    def _power(self, base: Any, exponent: Any) -> Any:
        if isinstance(exponent, sympy.MatrixBase):
            raise Unusable("a matrix stands in an exponent")
        if isinstance(base, sympy.MatrixBase):
            if not exponent.is_Integer or abs(exponent) > _MAX_MATRIX_POWER or base.rows != base.cols:
                raise Unusable(f"a power of a matrix needs a square one and a whole exponent up to {_MAX_MATRIX_POWER}")
            return inverted(base) ** -exponent if exponent < 0 else base**exponent
        if exponent.is_number and exponent.is_negative:
            self._divide_by(base)
        return sympy.Pow(base, exponent)

    def _divide_by(self, value: Any) -> None:
        bound = {symbol for _, symbol in self._bound}
        if value.free_symbols and not value.free_symbols & bound and value not in self.divisors:
            self.divisors.append(value)

    def _function(self, name: str, values: list[Any]) -> Any:
        if any(isinstance(value, sympy.MatrixBase) for value in values):
            raise Unusable(f"{name} of a matrix is not defined here")
        try:
            return FUNCTIONS[name](*values)
        except (TypeError, ValueError) as error:
            raise Unusable(f"{name} cannot be applied: {error}") from None

    def _scalar(self, data: Sequence[Any]) -> Any:
        made = self.value(data)
        if isinstance(made, sympy.MatrixBase):
            raise Unusable("a matrix stands inside a matrix")
        return made

    def _binder(self, op: str, text: str, args: list[Any]) -> Any:
        body, (_, name, *_rest), *rest = args
        limits = [self._scalar(limit) for limit in rest]
        kept = op in ("diff", "lim") or not limits
        symbol = self.symbol(name)
        if not kept:
            symbol = sympy.Symbol(name, real=True) if op == "int" else sympy.Symbol(name, integer=True)
        self._bound.append((name, symbol))
        inner = self._scalar(body)
        self._bound.pop()
        if op == "diff":
            return sympy.Derivative(inner, (symbol, int(text)))
        if op == "lim":
            return _limit(inner, symbol, limits[0], text)
        maker = {"int": sympy.Integral, "sum": sympy.Sum, "prod": sympy.Product}[op]
        return maker(inner, (symbol, *limits) if limits else symbol)


def _limit(body: Any, symbol: Any, point: Any, side: str) -> Any:
    """Return the limit; a two-sided one is worked out from both sides. Raises NoValue where they differ."""
    if side or point in (sympy.oo, -sympy.oo):
        return sympy.limit(body, symbol, point, side or "-")
    left, right = (sympy.limit(body, symbol, point, sign) for sign in ("-", "+"))
    if left != right and sympy.simplify(left - right) != 0:
        raise NoValue(f"the limit does not exist: {left} from the left, {right} from the right")
    return right

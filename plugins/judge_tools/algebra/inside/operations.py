"""What can be asked: one function an operation, from a request of trees to the text of the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy

from judge_tools.algebra.inside.build import Builder
from judge_tools.algebra.inside.comparing import equal
from judge_tools.algebra.inside.doubting import doubted
from judge_tools.algebra.inside.equality import Say
from judge_tools.algebra.inside.functions import Unusable
from judge_tools.algebra.inside.solving import solve
from judge_tools.algebra.inside.writing import decimal, with_decimal, written

_UNFINISHED = (sympy.Integral, sympy.Sum, sympy.Product, sympy.Limit)


class Asked:
    """A request: its trees, built when they are asked for."""

    def __init__(self, request: Mapping[str, Any], say: Say) -> None:
        self.request, self.say = request, say
        self.builder = Builder(request["assume"])

    @property
    def expression(self) -> Any:
        """The expression, whatever it is."""
        return self.builder.build(self.request["expression"])

    @property
    def value(self) -> Any:
        """The expression worked out, if it is one value or matrix."""
        return self.builder.value(self.request["expression"]).doit()

    @property
    def scalar(self) -> Any:
        """The expression worked out, if it is one value."""
        value = self.value
        if isinstance(value, sympy.MatrixBase):
            raise Unusable("a single value is needed, not a matrix")
        return value

    @property
    def matrix(self) -> Any:
        """The expression, if it is a matrix."""
        value = self.value
        if not isinstance(value, sympy.MatrixBase):
            raise Unusable("a matrix is needed, such as Matrix([[1, 2], [3, 4]])")
        return value

    def given(self, name: str) -> Any:
        """Return the value of another field."""
        return self.builder.value(self.request[name]).doit()

    @property
    def variables(self) -> list[Any]:
        """The symbols that were named, or the only one there is."""
        return [self.builder.symbol(name) for name in self.request["variables"]]


def answer(request: Mapping[str, Any], say: Say) -> str:
    """Return the answer to a request. Raises Unusable for what means nothing."""
    return _OPERATIONS[request["operation"]](Asked(request, say))


def _evaluate(asked: Asked) -> str:
    undone, done = asked.builder.value(asked.request["expression"]), asked.value
    doubt = None if isinstance(undone, sympy.MatrixBase) else doubted(undone, done, {})
    return f"unknown: {doubt}" if doubt else _result(done)


def _simplify(asked: Asked) -> str:
    return _result(sympy.simplify(asked.value))


def _result(value: Any) -> str:
    """Return a value as text: exact and decimal; what is infinite or undefined is said so."""
    if isinstance(value, sympy.MatrixBase):
        return written(value)
    if value.is_number and value.has(sympy.I):
        value = sympy.expand(value)
    if value.has(sympy.nan, sympy.zoo):
        return "undefined: a division by zero or an undefined form such as 0/0"
    if value.has(*_UNFINISHED):
        number = decimal(value) if not value.free_symbols else None
        if number is None and not value.free_symbols:
            number = _numerically(value)
        about = f"; numerically {number}" if number else ""
        return f"unknown: no closed form was found for {written(value)}{about}"
    return with_decimal(value)


def _numerically(value: Any) -> str | None:
    try:
        found = value.evalf(12)
    except (ValueError, TypeError, NotImplementedError, ZeroDivisionError):
        return None
    return written(found) if found.is_Float else None


def _rewritten(method: Callable[[Any], Any]) -> Callable[[Asked], str]:
    def work(asked: Asked) -> str:
        return _result(
            asked.value.applyfunc(method) if isinstance(asked.value, sympy.MatrixBase) else method(asked.value)
        )

    return work


def _factor(asked: Asked) -> str:
    value = asked.scalar
    if value.is_Integer and abs(value) > 1:
        return _factors(value)
    if value.is_Rational and value.q > 1:
        return f"{_factors(sympy.Integer(value.p), alone=False)}/({_factors(sympy.Integer(value.q), alone=False)})"
    return _result(sympy.factor(value))


def _factors(value: Any, *, alone: bool = True) -> str:
    if abs(value) < 2:
        return str(value)
    found = sympy.factorint(abs(value))
    parts = [f"{base}**{power}" if power > 1 else str(base) for base, power in sorted(found.items())]
    text = ("-" if value < 0 else "") + "*".join(parts)
    return f"{text} (a prime number)" if alone and len(found) == 1 and text == str(value) else text


def _diff(asked: Asked) -> str:
    (symbol,) = asked.variables
    return _result(sympy.simplify(sympy.diff(asked.scalar, symbol, asked.request["order"] or 1)))


def _integrate(asked: Asked) -> str:
    (symbol,) = asked.variables
    if "lower" not in asked.request:
        found = sympy.Integral(asked.scalar, symbol).doit()
        return _result(found) + ("" if found.has(sympy.Integral) else " (+ a constant)")
    integral = sympy.Integral(asked.scalar, (symbol, asked.given("lower"), asked.given("upper")))
    found = integral.doit()
    if found.has(sympy.Integral) or found.free_symbols or not found.is_finite:
        return _result(found)
    text = _result(sympy.simplify(found))
    asked.say(text)
    return text if (checked := _checked(integral, found)) is None else checked


def _checked(integral: Any, found: Any) -> str | None:
    """Return what to say where the numerical integral contradicts the exact one; None where it does not."""
    try:
        numeric, exact = integral.evalf(15), found.evalf(15)
    except (ValueError, TypeError, NotImplementedError, ZeroDivisionError, OverflowError):
        return None
    if not numeric.is_number or not numeric.is_finite or numeric.has(sympy.Integral):
        return None
    if abs(numeric - exact) <= sympy.Float(10) ** -6 * (1 + abs(exact)):
        return None
    return f"unknown: the exact method gives {with_decimal(found)}, numerical integration {written(numeric)}"


def _limit(asked: Asked) -> str:
    (symbol,) = asked.variables
    expression, point, side = asked.scalar, asked.given("point"), asked.request["side"]
    if side or point in (sympy.oo, -sympy.oo):
        return _result(sympy.limit(expression, symbol, point, side or "-"))
    left, right = (sympy.limit(expression, symbol, point, sign) for sign in ("-", "+"))
    if left == right or sympy.simplify(left - right) == 0:
        return _result(sympy.simplify(right))
    return f"the limit does not exist: {with_decimal(left)} from the left, {with_decimal(right)} from the right"


def _series(asked: Asked) -> str:
    (symbol,) = asked.variables
    point = asked.given("point") if "point" in asked.request else sympy.Integer(0)
    return _result(sympy.series(asked.scalar, symbol, point, asked.request["order"] or 6))


def _added(kind: Any) -> Callable[[Asked], str]:
    def work(asked: Asked) -> str:
        (symbol,) = asked.variables
        index = sympy.Symbol(str(symbol), integer=True)
        limits = (index, asked.given("lower"), asked.given("upper"))
        return _result(sympy.simplify(kind(asked.scalar.subs(symbol, index), limits).doit()))

    return work


def _apart(asked: Asked) -> str:
    (symbol,) = asked.variables
    return _result(sympy.apart(asked.scalar, symbol))


def _eigenvalues(asked: Asked) -> str:
    matrix = asked.matrix
    if matrix.rows != matrix.cols:
        raise Unusable("only a square matrix has eigenvalues")
    found = sorted(matrix.eigenvals().items(), key=lambda pair: sympy.default_sort_key(pair[0]))
    return "; ".join(f"{with_decimal(sympy.simplify(value))} (multiplicity {count})" for value, count in found)


def _of_matrix(name: str) -> Callable[[Asked], str]:
    def work(asked: Asked) -> str:
        builder = asked.builder
        made = builder.build(["fn", name, asked.request["expression"]])
        return _result(sympy.simplify(made))

    return work


def _solve(asked: Asked) -> str:
    return solve(asked.expression, asked.variables, real=asked.request["assume"] not in ("", "complex"))


def _equal(asked: Asked) -> str:
    request = asked.request
    return str(equal(request["expression"], request["other"], assume=request["assume"], say=asked.say))


_OPERATIONS: dict[str, Callable[[Asked], str]] = {
    "equal": _equal,
    "evaluate": _evaluate,
    "simplify": _simplify,
    "substitute": _simplify,
    "solve": _solve,
    "expand": _rewritten(sympy.expand),
    "factor": _factor,
    "together": _rewritten(lambda value: sympy.cancel(sympy.together(value))),
    "apart": _apart,
    "diff": _diff,
    "integrate": _integrate,
    "limit": _limit,
    "series": _series,
    "sum": _added(sympy.Sum),
    "product": _added(sympy.Product),
    "det": _of_matrix("det"),
    "inverse": _of_matrix("inverse"),
    "rank": _of_matrix("rank"),
    "eigenvalues": _eigenvalues,
}

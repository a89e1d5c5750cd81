"""The functions that a tree may name, as callables of sympy, and why one may refuse its arguments."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import sympy


class Unusable(Exception):
    """The formula is well written, but means nothing, such as a list to the power of two. Its text is for the model."""


class NoValue(Exception):
    """The formula means something that does not exist, such as the inverse of a singular matrix."""


def inverted(matrix: Any) -> Any:
    """Return the inverse of a matrix. Raises Unusable, and NoValue for a singular one."""
    if matrix.rows != matrix.cols:
        raise Unusable("only a square matrix has an inverse")
    if sympy.simplify(matrix.det()) == 0:
        raise NoValue("the matrix is singular: it has no inverse")
    return matrix.inv()


def _determinant(matrix: Any) -> Any:
    if not isinstance(matrix, sympy.MatrixBase) or matrix.rows != matrix.cols:
        raise Unusable("only a square matrix has a determinant")
    return matrix.det()


def _of_matrix(work: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def applied(matrix: Any) -> Any:
        if not isinstance(matrix, sympy.MatrixBase):
            raise Unusable("a matrix is needed, such as Matrix([[1, 2], [3, 4]])")
        return work(matrix)

    return applied


def _trace(matrix: Any) -> Any:
    if matrix.rows != matrix.cols:
        raise Unusable("only a square matrix has a trace")
    return matrix.trace()


def _root(value: Any, index: Any) -> Any:
    """Return the real root where a negative number has one, as the sign of a root means in school."""
    if index.is_Integer and index % 2 == 1 and value.is_number and value.is_negative:
        return -sympy.root(-value, index)
    return sympy.root(value, index)


def _log(value: Any, base: Any = None) -> Any:
    return sympy.log(value) if base is None else sympy.log(value, base)


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sqrt": sympy.sqrt, "cbrt": lambda value: _root(value, sympy.Integer(3)), "root": _root, "exp": sympy.exp,
    "log": _log, "abs": sympy.Abs, "sign": sympy.sign, "floor": sympy.floor, "ceiling": sympy.ceiling,
    "re": sympy.re, "im": sympy.im, "arg": sympy.arg, "conjugate": sympy.conjugate, "gamma": sympy.gamma,
    "erf": sympy.erf, "zeta": sympy.zeta, "lambertw": sympy.LambertW, "beta": sympy.beta, "atan2": sympy.atan2,
    "factorial": sympy.factorial, "factorial2": sympy.factorial2, "fibonacci": sympy.fibonacci,
    "harmonic": sympy.harmonic, "totient": sympy.totient, "binomial": sympy.binomial, "mod": sympy.Mod,
    "max": sympy.Max, "min": sympy.Min, "gcd": lambda *values: reduce(sympy.gcd, values),
    "lcm": lambda *values: reduce(sympy.lcm, values),
    "det": _determinant,
    "inverse": lambda value: inverted(value) if isinstance(value, sympy.MatrixBase) else 1 / value,
    "transpose": _of_matrix(lambda matrix: matrix.T), "trace": _of_matrix(_trace),
    "rank": _of_matrix(lambda matrix: sympy.Integer(matrix.rank())),
    "sin": sympy.sin, "cos": sympy.cos, "tan": sympy.tan, "cot": sympy.cot, "sec": sympy.sec, "csc": sympy.csc,
    "asin": sympy.asin, "acos": sympy.acos, "atan": sympy.atan, "acot": sympy.acot, "asec": sympy.asec,
    "acsc": sympy.acsc, "sinh": sympy.sinh, "cosh": sympy.cosh, "tanh": sympy.tanh, "coth": sympy.coth,
    "sech": sympy.sech, "csch": sympy.csch, "asinh": sympy.asinh, "acosh": sympy.acosh, "atanh": sympy.atanh,
    "acoth": sympy.acoth,
}  # fmt: skip
OF_MATRICES = frozenset({"det", "inverse", "transpose", "trace", "rank"})

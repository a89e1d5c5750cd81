"""The formula of a multi grader: arithmetic over the scores of its parts, and nothing else."""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from judge.errors import ConfigError, InputError, nearest

_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: math.pow,
    ast.UAdd: operator.pos,
    ast.USub: operator.neg,
}
_FUNCTIONS: dict[str, Callable[..., float]] = {
    "min": min, "max": max, "abs": abs, "floor": math.floor, "ceil": math.ceil, "exp": math.exp, "sqrt": math.sqrt,
    "log": math.log,
}  # fmt: skip
_SEVERAL = ("min", "max")
_LONGEST = 10_000


class Formula:
    """``calculate_output``, checked: ``+ - * / ^``, the functions min, max, abs, floor, ceil, exp, sqrt and log.

    Raises ConfigError for anything else, and for a name that no part has.

    >>> Formula("0.5 * a + min(b, 1) ^ 2", ["a", "b"], where="multi").value({"a": 1.0, "b": 0.5})
    0.75
    """

    def __init__(self, text: str, names: Iterable[str], *, where: str) -> None:
        self.text, self._names = text, tuple(names)
        try:
            if len(text) > _LONGEST:
                raise ValueError("it is too long")
            self._tree = ast.parse(text.strip().replace("^", "**"), mode="eval").body
            self._check(self._tree)
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            raise ConfigError(f"{where}: calculate_output {text!r:.200} is no formula: {error}") from None
        named = {node.id for node in ast.walk(self._tree) if isinstance(node, ast.Name)}
        self.used = tuple(name for name in self._names if name in named)

    def value(self, scores: Mapping[str, float]) -> float:
        """Return the value. Raises InputError where there is none, as in a division by zero."""
        try:
            found = float(self._value(self._tree, scores))
        except (ArithmeticError, ValueError) as error:
            raise InputError(f"{self.text}: {error}") from None
        if not math.isfinite(found):
            raise InputError(f"{self.text}: the value is {found}")
        return found

    def _check(self, node: ast.AST) -> None:
        if isinstance(node, ast.Constant) and type(node.value) in (int, float):
            return
        if isinstance(node, ast.Name):
            if node.id not in self._names:
                raise ValueError(f"no grader is called {node.id!r}.{nearest(node.id, self._names)}")
            return
        inside = _operands(node)
        if inside is None:
            raise ValueError(f"{ast.unparse(node)!r} is not allowed in it")
        for part in inside:
            self._check(part)

    def _value(self, node: Any, scores: Mapping[str, float]) -> float:
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.Name):
            return scores[node.id]
        does = _FUNCTIONS[_called(node)] if isinstance(node, ast.Call) else _OPERATORS[type(node.op)]
        return float(does(*(self._value(part, scores) for part in _operands(node) or ())))


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def _operands(node: Any) -> list[ast.expr] | None:
    """Return what an operation works on; None for anything that is no operation of a formula."""
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return [node.left, node.right]
    if isinstance(node, ast.UnaryOp) and type(node.op) in _OPERATORS:
        return [node.operand]
    if isinstance(node, ast.Call) and not node.keywords:
        few = len(node.args) > 1 if _called(node) in _SEVERAL else len(node.args) == 1
        if _called(node) in _FUNCTIONS and few and not any(isinstance(arg, ast.Starred) for arg in node.args):
            return node.args
    return None

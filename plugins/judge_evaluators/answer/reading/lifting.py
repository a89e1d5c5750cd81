"""Nodes to numbers, where they are numbers as written or work out to one exactly."""

from __future__ import annotations

from fractions import Fraction

from judge_evaluators.answer.reading.exact import exact
from judge_evaluators.answer.reading.values import (
    Apply,
    Expression,
    Form,
    Node,
    Num,
    Number,
    Sym,
    Value,
    count_digits,
    every,
    symbols,
)


def lift(node: Node) -> Number | Expression:
    """Return a number where the node is one as written or works out to one exactly, else an expression."""
    inner, sign = (node.args[0], -1) if isinstance(node, Apply) and node.op == "neg" else (node, 1)
    if isinstance(inner, Num):
        form: Form = "percent" if inner.percent else "integer" if inner.decimals is None else "decimal"
        return Number(
            sign * inner.value,
            form,
            inner.decimals or 0,
            inner.digits,
            grouped=inner.grouped,
        )
    if (scientific := _scientific(inner)) is not None:
        value, mantissa, power = scientific
        return Number(sign * value, "decimal", (mantissa.decimals or 0) - power, mantissa.digits or count_digits(value))
    if any(isinstance(part, Num) and part.decimals is not None for part in every((node,))) or symbols(node):
        return Expression(node)
    value_ = exact(node)
    return Expression(node) if value_ is None else Number(value_, "fraction")


def _scientific(node: Node) -> tuple[Fraction, Num, int] | None:
    if not isinstance(node, Apply) or node.op != "mul":
        return None
    mantissa, power = node.args
    if not isinstance(mantissa, Num) or not isinstance(power, Apply) or power.op != "pow":
        return None
    exponent = exact(power.args[1])
    if power.args[0] != Num(Fraction(10)) or exponent is None or exponent.denominator != 1 or abs(exponent) > 5000:
        return None
    return mantissa.value * Fraction(10) ** int(exponent), mantissa, int(exponent)


def node_of(value: Value) -> Node | None:
    """Return the formula of a number or expression, else None."""
    if isinstance(value, Number):
        return Num(value.value)
    return value.node if isinstance(value, Expression) else None


def is_symbol(node: Node) -> bool:
    """Whether a node is one variable."""
    return isinstance(node, Sym) and node.name not in ("pi", "e", "oo")

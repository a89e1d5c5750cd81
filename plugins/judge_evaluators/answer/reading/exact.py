"""Nodes to rationals, exactly and within bounds; None where the value is irrational, undefined or too large."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from judge_evaluators.answer.reading.values import Node, Num, Sym

MAX_BITS = 60_000
MAX_FACTORIAL = 3_000
_NOTHING: Mapping[str, Fraction] = {}


def exact(node: Node, at: Mapping[str, Fraction] = _NOTHING) -> Fraction | None:
    """Return the value where the variables take the values given, or None. Never works on more than `MAX_BITS`."""
    if isinstance(node, Num):
        return node.value
    if isinstance(node, Sym):
        return at.get(node.name)
    values = []
    for arg in node.args:
        value = exact(arg, at)
        if value is None or value.numerator.bit_length() + value.denominator.bit_length() > MAX_BITS:
            return None
        values.append(value)
    try:
        return _apply(node.op, values)
    except (ZeroDivisionError, ValueError, OverflowError):
        return None


def _apply(op: str, args: list[Fraction]) -> Fraction | None:
    first = args[0]
    match op:
        case "add":
            return _sum(args)
        case "neg":
            return -first
        case "mul":
            return first * args[1]
        case "div":
            return first / args[1]
        case "pow":
            return _power(first, args[1])
        case "sqrt" | "root" | "cbrt":
            degree = {"sqrt": Fraction(2), "cbrt": Fraction(3)}.get(op) or args[1]
            return _root(first, degree.numerator) if degree.denominator == 1 and 0 < degree < 64 else None
        case "abs":
            return abs(first)
        case "factorial":
            return Fraction(math.factorial(int(first))) if _small_natural(first) else None
        case "binom":
            small = _small_natural(first) and _small_natural(args[1])
            return Fraction(math.comb(int(first), int(args[1]))) if small else None
        case "floor":
            return Fraction(math.floor(first))
        case "ceil":
            return Fraction(math.ceil(first))
        case "max" | "min":
            return max(args) if op == "max" else min(args)
        case "gcd" | "lcm":
            if any(arg.denominator != 1 for arg in args):
                return None
            whole = [int(arg) for arg in args]
            return Fraction(math.gcd(*whole) if op == "gcd" else math.lcm(*whole))
        case "sgn":
            return Fraction((first > 0) - (first < 0))
    return None


def _sum(terms: list[Fraction]) -> Fraction | None:
    total = terms[0]
    for term in terms[1:]:
        total += term
        if total.denominator.bit_length() > MAX_BITS:
            return None
    return total


def _power(base: Fraction, exponent: Fraction) -> Fraction | None:
    if exponent.denominator != 1:
        if exponent.denominator > 64 or base < 0:
            return None
        root = _root(base, exponent.denominator)
        return None if root is None else _power(root, Fraction(exponent.numerator))
    bits = base.numerator.bit_length() + base.denominator.bit_length()
    if base not in (0, 1, -1) and abs(exponent) * bits > MAX_BITS:
        return None
    if abs(exponent) > 10**9:
        return None if base not in (0, 1) or exponent < 0 else base
    return Fraction(base ** int(exponent))


def _root(value: Fraction, degree: int) -> Fraction | None:
    """Return the exact real root of that degree, if it is rational."""
    if value < 0:
        inner = _root(-value, degree) if degree % 2 else None
        return None if inner is None else -inner
    if value.numerator.bit_length() > 2000 or value.denominator.bit_length() > 2000:
        return None
    top, bottom = _whole_root(value.numerator, degree), _whole_root(value.denominator, degree)
    return None if top is None or bottom is None else Fraction(top, bottom)


def _whole_root(value: int, degree: int) -> int | None:
    if degree == 2:
        guess = math.isqrt(value)
    else:
        if value.bit_length() > 900:
            return None
        guess = round(value ** (1 / degree))
    return guess if guess**degree == value else None


def _small_natural(value: Fraction) -> bool:
    return value.denominator == 1 and 0 <= value <= MAX_FACTORIAL

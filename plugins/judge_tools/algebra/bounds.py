"""Whether a formula's numbers stay small enough to be worked out, judged before anything is.

Only what is written as numbers is bounded: `9**9**9`, a factorial, a binomial. What grows while sympy works (a power
that is expanded, a sum of many terms) is ended by the sandbox's limits.
"""

from __future__ import annotations

from fractions import Fraction
from math import inf, log2
from typing import NamedTuple

from judge import ToolError
from judge_tools.algebra.tree import Node

#: The bits of a number that is still worked out: about 90,000 decimal digits.
MAX_BITS = 300_000.0
_MAX_NODES = 1500
_MAX_CELLS = 100
_MAX_ORDER = 20
_SMALL = frozenset({"sin", "cos", "sign", "arg", "erf", "acos", "asin", "atan", "acot", "atan2", "asec", "acsc",
                    "tanh", "sech", "rank"})  # fmt: skip
_EXPONENTIAL = frozenset({"exp", "sinh", "cosh", "csch", "coth"})


def check_size(node: Node) -> None:
    """Raise ToolError for a formula that is too large, or whose numbers would be."""
    _count(node, 0)
    _size(node)


def _count(node: Node, so_far: int) -> int:
    so_far += 1
    if so_far > _MAX_NODES:
        raise ToolError(f"the expression has more than {_MAX_NODES} parts: simplify it first")
    if node.op == "matrix":
        widths = {len(row.args) for row in node.args}
        if len(widths) != 1 or 0 in widths:
            raise ToolError("the rows of the matrix have different lengths")
        if len(node.args) * max(widths) > _MAX_CELLS:
            raise ToolError(f"the matrix has more than {_MAX_CELLS} entries")
    if node.op == "diff" and int(node.text) > _MAX_ORDER:
        raise ToolError(f"a derivative of an order above {_MAX_ORDER}")
    for arg in node.args:
        so_far = _count(arg, so_far)
    return so_far


class _Size(NamedTuple):
    """Bounds on log2 of a number's magnitude and of its denominator, neither below 0."""

    magnitude: float
    denominator: float = 0.0


def _size(node: Node) -> _Size | None:
    """Return how large a number can be; None for what holds a variable. Raises ToolError beyond the bound."""
    sizes = [_size(arg) for arg in node.args]
    if node.op == "num":
        value = Fraction(node.text)
        return _Size(max(log2(max(value.numerator, 1)) - log2(value.denominator), 0.0), log2(value.denominator))
    if node.op == "const":
        return _Size(inf if node.text == "oo" else 1.7)
    known = [size for size in sizes if size is not None]
    if node.op == "sym" or len(known) < len(sizes):
        _check_exponent(node, sizes)
        return None
    if any(size.magnitude == inf for size in known):
        return _Size(inf)
    made = _combined(node, known)
    if made.magnitude + made.denominator > MAX_BITS:
        what = "a power" if node.op == "pow" else node.text or "a number"
        raise ToolError(f"{what} is too large to be worked out (more than 90,000 digits): ask about a smaller one")
    return made


def _combined(node: Node, known: list[_Size]) -> _Size:
    denominators = sum(size.denominator for size in known)
    if node.op == "inv":
        return _Size(known[0].denominator, known[0].magnitude + known[0].denominator)
    if node.op == "pow":
        bits = _scaled(known[0].magnitude + known[0].denominator, known[1].magnitude)
        return _Size(bits, bits if known[0].denominator or known[1].denominator else 0.0)
    if node.op == "fn":
        return _function(node.text, known)
    if node.op == "mul":
        return _Size(sum(size.magnitude for size in known), denominators)
    return _Size(max((size.magnitude for size in known), default=0.0) + log2(len(known) + 1), denominators)


def _scaled(bits: float, exponent: float) -> float:
    return bits * 2.0**exponent if exponent < 64 else inf if bits > 0 else 0.0


def _function(name: str, known: list[_Size]) -> _Size:
    """Return the size of a function's value; of those that are no rational, the magnitude."""
    first = known[0].magnitude
    if name in ("factorial", "factorial2", "gamma"):
        return _Size(_scaled(max(first, 1.0), first))
    if name == "binomial":
        return _Size(min(_scaled(1.0, first), _scaled(max(first, 1.0), known[1].magnitude)))
    if name in ("fibonacci", "harmonic", "zeta"):
        return _Size(_scaled(8.0, first))
    if name == "totient":
        return _Size(_scaled(1.0, first / 12))  # it has to be factored
    if name in _EXPONENTIAL:
        return _Size(_scaled(1.5, first))
    if name in _SMALL:
        return _Size(2.0)
    return _Size(sum(size.magnitude for size in known) + 8.0, sum(size.denominator for size in known))


def _check_exponent(node: Node, sizes: list[_Size | None]) -> None:
    """Refuse exponents such as x**(10**30), which no method of algebra handles."""
    exponent = sizes[1] if node.op == "pow" else None
    if exponent is not None and 64 < exponent.magnitude < inf:
        raise ToolError("an exponent is too large to be worked with")

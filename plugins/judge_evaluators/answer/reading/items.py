"""Tokens to one value: numbers, quantities, tuples, sets, intervals, matrices, ratios and formulas."""

from __future__ import annotations

from collections.abc import Callable

from judge_evaluators.answer.reading.grammar import formula
from judge_evaluators.answer.reading.lifting import lift, node_of
from judge_evaluators.answer.reading.measures import read_quantity
from judge_evaluators.answer.reading.splitting import Tokens, has, split, wrapped
from judge_evaluators.answer.reading.tokens import Unreadable
from judge_evaluators.answer.reading.values import (
    Apply,
    Expression,
    Interval,
    Matrix,
    Node,
    SetOf,
    Span,
    TupleOf,
    Value,
    symbols,
)  # fmt: skip

Reader = Callable[[Tokens], Value]
_MATRICES = frozenset({"pmatrix", "bmatrix", "matrix", "array", "Bmatrix", "smallmatrix"})


def read_item(tokens: Tokens, read: Reader) -> Value:
    """Return the value that the tokens make up, with `read` for what stands in brackets. Raises `Unreadable`."""
    while wrapped(tokens, "{") and not _inner_has(tokens, ",|;:"):
        tokens = tokens[1:-1]
    if not tokens:
        raise Unreadable("nothing")
    if wrapped(tokens, _MATRICES):
        return _matrix(tokens[1:-1], read)
    if wrapped(tokens, ("(", "[")) and wrapped(tokens[1:-1], _MATRICES):
        return _matrix(tokens[2:-2], read)
    if has(tokens, "∪"):
        return _union(tokens, read)
    if wrapped(tokens, (r"\{", "{")):
        return _set(tokens[1:-1], read)
    if wrapped(tokens, "([") and _inner_has(tokens, ",;"):
        return _tuple(tokens, read)
    if len(tokens) == 1 and tokens[0].text in (r"\emptyset", r"\varnothing"):
        return SetOf(())
    if len(tokens) == 1 and tokens[0].kind == "bb" and tokens[0].text.strip("{} ")[-1] == "R":
        return Interval((Span(None, None, False, False),))
    if has(tokens, ("∖", "-", "∩")) and (removed := _difference(tokens, read)):
        return removed
    if has(tokens, ":"):
        return _ratio(split(tokens, ":"))
    if (quantity := read_quantity(tokens, read)) is not None:
        return quantity
    return lift(formula(tokens))


def _inner_has(tokens: Tokens, texts: str) -> bool:
    base = tokens[0].depth + 1
    return any(token.depth == base and token.kind == "op" and token.text in texts for token in tokens[1:-1])


def _matrix(tokens: Tokens, read: Reader) -> Matrix:
    rows = [row for row in split(tokens, (r"\\",)) if row]
    cells = tuple(tuple(read(cell) for cell in split(row, "&")) for row in rows)
    if not cells or len({len(row) for row in cells}) != 1:
        raise Unreadable("rows of different lengths")
    return Matrix(cells)


def _tuple(tokens: Tokens, read: Reader) -> Value:
    inner = tokens[1:-1]
    parts = split(inner, ";" if has(inner, ";") else ",")
    items = tuple(read(part) for part in parts if part)
    brackets = tokens[0].text + tokens[-1].text
    if len(items) == len(parts) == 2 and (brackets in ("(]", "[)") or any(_endless(item) for item in items)):
        low, high = (end(item) for item in items)
        return Interval((Span(low, high, brackets[0] == "[", brackets[1] == "]"),))
    if len(items) != len(parts) or brackets not in ("()", "[]"):
        raise Unreadable("an element is missing")
    return TupleOf(items, brackets)


def end(value: Value) -> Node | None:
    """Return the node of an interval's end, None for an infinite one. Raises `Unreadable`."""
    node = node_of(value)
    if node is None:
        raise Unreadable("no end of an interval")
    return None if "oo" in symbols(node) else node


def _endless(value: Value) -> bool:
    return isinstance(value, Expression) and "oo" in symbols(value.node)


def as_interval(value: Value) -> Interval:
    """Return a pair in brackets, or a set of points, as an interval. Raises `Unreadable`."""
    if isinstance(value, Interval):
        return value
    if isinstance(value, TupleOf) and len(value.items) == 2:
        low, high = (end(item) for item in value.items)
        closed = value.brackets == "[]"
        return Interval((Span(low, high, closed, closed),))
    if isinstance(value, SetOf):
        points = [end(item) for item in value.items]
        return Interval(tuple(Span(point, point, True, True) for point in points))
    raise Unreadable("no interval")


def _union(tokens: Tokens, read: Reader) -> Interval:
    parts = [as_interval(read(part)) for part in split(tokens, "∪")]
    spans = tuple(span for part in parts for span in part.spans)
    return Interval(spans, tuple(node for part in parts for node in part.without))


def _difference(tokens: Tokens, read: Reader) -> Interval | None:
    """Read `A \\ {a}` and `A - {a}`."""
    for n in range(len(tokens) - 1, 0, -1):
        if tokens[n].text in ("∖", "-") and wrapped(tokens[n + 1 :], (r"\{", "{")):
            whole, points = as_interval(read(tokens[:n])), read(tokens[n + 1 :])
            if not isinstance(points, SetOf):
                return None
            nodes = [end(item) for item in points.items]
            return Interval(whole.spans, whole.without + tuple(node for node in nodes if node is not None))
    return None


def _set(inner: Tokens, read: Reader) -> Value:
    bars = split(inner, "|:")
    if len(bars) == 2 and bars[0] and not has(bars[0], ",") and has(bars[1], ("<", ">", "<=", ">=", "!=", "=", "∈")):
        value = read(bars[1])
        return value if isinstance(value, Interval) else SetOf((value,))
    if len(bars) > 1:
        raise Unreadable("a set by a condition that is not read")
    items: list[Value] = []
    for part in split(inner, ",;"):
        if part:
            value = read(part)
            items += value.items if type(value).__name__ == "ListOf" else (value,)  # type: ignore[attr-defined]
    return SetOf(tuple(items))


def _ratio(parts: list[Tokens]) -> Value:
    nodes = [formula(part) for part in parts]
    if len(nodes) == 2:
        return lift(Apply("div", (nodes[0], nodes[1])))
    return TupleOf(tuple(lift(node) for node in nodes), "::")

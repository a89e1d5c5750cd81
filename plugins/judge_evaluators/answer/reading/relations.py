"""Tokens with `=`, `<`, `∈` … to labelled values, equations, inequalities and intervals."""

from __future__ import annotations

import re
from fractions import Fraction

from judge_evaluators.answer.reading.exact import exact
from judge_evaluators.answer.reading.grammar import formula
from judge_evaluators.answer.reading.items import Reader
from judge_evaluators.answer.reading.lifting import is_symbol, lift, node_of
from judge_evaluators.answer.reading.splitting import RELATIONS, Tokens, joined, outer, split, wrapped
from judge_evaluators.answer.reading.tokens import Unreadable
from judge_evaluators.answer.reading.values import (
    Apply,
    Equation,
    Inequality,
    Interval,
    Labelled,
    ListOf,
    Node,
    Num,
    Span,
    Sym,
    TupleOf,
    Value,
    symbols,
    variables,
)  # fmt: skip
from judge_evaluators.answer.reading.vocabulary import FUNCTIONS

_LABEL = re.compile(
    r"(?:\\[A-Za-z]+|[A-Za-z]{1,4})\s*+(?:'++\s*+)?"
    r"(?:_(?:\w|\\?[A-Za-z]+|\{[^{}]*+(?:\{[^{}]*+\}[^{}]*+)?\})'*+\s*+)?(?:\([^()=]*\))?"
)
_GEOMETRY = re.compile(r"(?:\\angle|\\triangle|∠|\\vert|\\overline|\\vec|\\frac|[A-Z_{}|/:\s\\d0-9])+")
_WORDS = re.compile(r"[A-Za-z][A-Za-z .'\-]*")
_FLIP = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}
_TRIGONOMETRY = frozenset({"sin", "cos", "tan", "cot"})


def read_relation(tokens: Tokens, read: Reader) -> Value:
    """Return the value of tokens with at least one relation at their outermost level. Raises `Unreadable`."""
    base = outer(tokens)
    relations = [
        token.text for token in tokens if token.depth == base and token.kind == "op" and token.text in RELATIONS
    ]
    parts = split(tokens, RELATIONS)
    if not all(parts):
        raise Unreadable("a side is missing")
    if "≈" in relations:
        cut = relations.index("≈") + 1
        if cut == 1 and label(parts[0]) is not None:
            relations[0] = "="
            cut = relations.index("≈") + 1 if "≈" in relations else len(parts)
        relations, parts = relations[: cut - 1], parts[:cut]
        if not relations:
            return read(parts[0])
    if relations == ["∈"]:
        return read(parts[1])
    if all(relation == "=" for relation in relations):
        return _equalities(parts, read)
    if all(relation in _FLIP for relation in relations) or relations == ["!="]:
        return inequality(tuple(formula(part) for part in parts), tuple(relations))
    raise Unreadable("relations that are not read together")


def label(tokens: Tokens) -> str | None:
    """Return the name that the tokens are (`x`, `f(x)`, `a_{n}`, `Maximum`, `\\angle ABC`), or None."""
    text = joined(tokens)
    if len(text) > 40:
        return None
    first = tokens[0].text.lstrip("\\")
    if _LABEL.fullmatch(text) and first not in FUNCTIONS and first not in ("frac", "sqrt", "pi", "e"):
        return re.sub(r"[\s{}\\]", "", text)
    if all(token.kind in ("word", "text") for token in tokens) and _WORDS.fullmatch(text) and len(text) > 3:
        return text
    if _GEOMETRY.fullmatch(text) and re.search("[A-Z]", text):
        return re.sub(r"\s", "", text)
    if len(tokens) <= 3 and first in _TRIGONOMETRY:
        return re.sub(r"\s", "", text)
    return None


def _equalities(parts: list[Tokens], read: Reader) -> Value:
    name = label(parts[0])
    if len(parts) > 2:
        names = [label(part) for part in parts[:-1]]
        if all(names) and len(set(names)) == len(names) and all(len(str(n)) <= 3 for n in names):
            last = read(parts[-1])
            return Labelled(tuple(str(n) for n in names), (last,) * len(names))
        last = read(parts[-1])
        return Labelled((name,), (last,)) if name else last
    if wrapped(parts[0], "("):
        names = [label(part) if part else None for part in split(parts[0][1:-1], ",")]
        if len(names) > 1 and all(names):
            value = read(parts[1])
            if isinstance(value, TupleOf) and len(value.items) == len(names):
                return Labelled(tuple(str(n) for n in names), value.items)
            return value
    if name is not None:
        value = read(parts[1])
        node = node_of(value)
        if node is not None and name in variables(node):
            return Equation(Sym(name), node)
        return Labelled((name,), (value,))
    left, right = formula(parts[0]), formula(parts[1])
    if is_symbol(right) and not variables(left):
        return Labelled((joined(parts[1]),), (lift(left),))
    return Equation(left, right)


def inequality(nodes: tuple[Node, ...], relations: tuple[str, ...]) -> Interval | Inequality:
    """Return the interval of the one variable where the chain can be solved for it, else the chain."""
    chain = Inequality(nodes, relations)
    names = frozenset().union(*(variables(node) for node in nodes))
    if len(names) != 1 or "i" in symbols(Apply("add", nodes)):
        solved = [n for n in nodes if is_symbol(n)]
        if len(solved) != 1 or (solved[0] is not nodes[len(nodes) // 2] and len(nodes) == 3):
            return chain
        others = frozenset().union(*(variables(node) for node in nodes if node is not solved[0]))
        if solved[0].name in others:  # type: ignore[union-attr]
            return chain
        names = frozenset({solved[0].name})  # type: ignore[union-attr]
    name = next(iter(names))
    if relations == ("!=",):
        point = nodes[1] if is_symbol(nodes[0]) else nodes[0] if is_symbol(nodes[1]) else None
        everything = (Span(None, None, False, False),)
        return chain if point is None or variables(point) else Interval(everything, (point,))
    if relations[0][0] == ">":
        nodes, relations = nodes[::-1], tuple(_FLIP[relation] for relation in relations[::-1])
    if any(relation[0] == ">" for relation in relations):
        return chain
    if len(nodes) == 3 and nodes[1] == Sym(name):
        return Interval((_span(nodes[0], nodes[2], relations[0] == "<=", relations[1] == "<="),))
    if len(nodes) != 2:
        return chain
    if nodes[0] == Sym(name) and name not in variables(nodes[1]):
        return Interval((_span(None, nodes[1], False, relations[0] == "<="),))
    if nodes[1] == Sym(name) and name not in variables(nodes[0]):
        return Interval((_span(nodes[0], None, relations[0] == "<=", False),))
    return _solve(Apply("add", (nodes[0], Apply("neg", (nodes[1],)))), name, closed=relations[0] == "<=") or chain


def _span(low: Node | None, high: Node | None, low_closed: bool, high_closed: bool) -> Span:
    low = None if low is not None and "oo" in symbols(low) else low
    high = None if high is not None and "oo" in symbols(high) else high
    return Span(low, high, low_closed and low is not None, high_closed and high is not None)


def _solve(node: Node, name: str, *, closed: bool) -> Interval | None:
    """Solve a x + b < 0, if the node is that; three points show it, as rationals of low degree do not bend back."""
    values = [exact(node, {name: Fraction(x)}) for x in (0, 1, 2, 17)]
    if any(value is None for value in values):
        return None
    at0, at1, at2, at17 = (value for value in values if value is not None)
    slope = at1 - at0
    if slope == 0 or at2 - at1 != slope or at17 - at0 != 17 * slope:
        return None
    bound = Num(-at0 / slope)
    return Interval((_span(None, bound, False, closed) if slope > 0 else _span(bound, None, closed, False),))


def intersect(values: list[Interval]) -> Interval | None:
    """Return `x > a and x < b` as one interval; None where that would need more than putting two rays together."""
    lows = [v.spans[0] for v in values if len(v.spans) == 1 and v.spans[0].high is None and v.spans[0].low is not None]
    highs = [v.spans[0] for v in values if len(v.spans) == 1 and v.spans[0].low is None and v.spans[0].high is not None]
    without = tuple(node for value in values for node in value.without)
    whole = [v for v in values if len(v.spans) == 1 and v.spans[0] == Span(None, None, False, False)]
    rest = len(values) - len(whole)
    if len(lows) == len(highs) == 1 and rest == 2:
        return Interval((Span(lows[0].low, highs[0].high, lows[0].low_closed, highs[0].high_closed),), without)
    if rest == 1:
        return Interval(next(v for v in values if v not in whole).spans, without)
    return Interval(whole[0].spans, without) if rest == 0 and whole else None


def as_points(value: Value) -> Interval | None:
    """Return `a = 1` as the interval of one point, for unions with inequalities."""
    if isinstance(value, Labelled) and len(value.items) == 1:
        value = value.items[0]
    nodes = [node_of(item) for item in (value.items if isinstance(value, ListOf) else (value,))]
    if any(node is None for node in nodes):
        return None
    return Interval(tuple(Span(node, node, True, True) for node in nodes))

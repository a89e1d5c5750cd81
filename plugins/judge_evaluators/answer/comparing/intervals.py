"""Unions of intervals: open and closed ends differ, order and touching pieces do not matter."""

from __future__ import annotations

from typing import Any

from judge_evaluators.answer.comparing.numeric import Undefined, precise
from judge_evaluators.answer.comparing.outcome import Comparison, correct, incorrect, undecided
from judge_evaluators.answer.comparing.probing import same
from judge_evaluators.answer.reading.items import as_interval
from judge_evaluators.answer.reading.tokens import Unreadable
from judge_evaluators.answer.reading.values import (
    Interval,
    Labelled,
    ListOf,
    Node,
    SetOf,
    Span,
    TupleOf,
    Value,
    variables,
)


def intervals(response: Value, reference: Value) -> Comparison:
    """Compare unions of intervals; a pair in brackets counts as one, where the other side is an interval."""
    try:
        one, other = (_merged(as_interval(_bare(value))) for value in (response, reference))
    except (Unreadable, Undefined):
        if any(isinstance(value, ListOf) for value in (response, reference)):
            return undecided("an interval against a list")
        return undecided("an interval against another kind of value, or with ends that are not ordered")
    if len(one.spans) != len(other.spans):
        return incorrect("rule", f"interval: {len(one.spans)} pieces, not {len(other.spans)}", "the number of pieces")
    if len(one.without) != len(other.without):
        return undecided("interval: other points are taken out")
    for n, (span, gold) in enumerate(zip(one.spans, other.spans, strict=True), 1):
        if (found := _spans(span, gold, n)) is not None:
            return found
    if not all(any(same(point, gold).same for gold in other.without) for point in one.without):
        return undecided("interval: other points are taken out")
    return correct("tested", "interval: the same pieces with the same ends")


def _bare(value: Value) -> Value:
    while isinstance(value, Labelled) and len(value.items) == 1:
        value = value.items[0]
    if isinstance(value, TupleOf | SetOf | Interval):
        return value
    raise Unreadable("no interval")


def _spans(span: Span, gold: Span, n: int) -> Comparison | None:
    for side in ("low", "high"):
        one, other = getattr(span, side), getattr(gold, side)
        if (one is None) != (other is None):
            return incorrect(
                "rule", f"interval: piece {n} is unbounded on one side only", f"the {side} end of piece {n}"
            )
        if one is None:
            continue
        found = same(one, other)
        if found.same is None:
            return undecided("interval: an end is not settled")
        if not found.same:
            return incorrect(
                "counterexample", f"interval: another {side} end, {found.witness}", f"piece {n}, {found.witness}"
            )
        if getattr(span, side + "_closed") != getattr(gold, side + "_closed"):
            return incorrect(
                "rule", f"interval: the {side} end is open on one side only", f"the {side} end of piece {n}"
            )
    return None


def _merged(value: Interval) -> Interval:
    """Sort the spans and split them at the points taken out; ends with variables are kept as they are."""
    nodes = [node for span in value.spans for node in (span.low, span.high) if node is not None] + list(value.without)
    if any(variables(node) for node in nodes):
        return value
    spans = sorted(value.spans, key=lambda span: (_number(span.low, -1), _number(span.high, 1)))
    for span in spans:
        if _number(span.low, -1) > _number(span.high, 1):
            raise Unreadable("the ends are the wrong way round")
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if last is not None and _touch(last, span):
            joined[-1] = _union(last, span)
        else:
            joined.append(span)
    for point in value.without:
        joined = [piece for span in joined for piece in _cut(span, point)]
    return Interval(tuple(joined))


def _touch(left: Span, right: Span) -> bool:
    high, low = _number(left.high, 1), _number(right.low, -1)
    return bool(low < high or (low == high and (left.high_closed or right.low_closed)))


def _union(left: Span, right: Span) -> Span:
    same_low = _number(left.low, -1) == _number(right.low, -1)
    further = _number(right.high, 1) > _number(left.high, 1)
    even = _number(right.high, 1) == _number(left.high, 1)
    high, closed = (right.high, right.high_closed) if further else (left.high, left.high_closed)
    return Span(
        left.low, high, left.low_closed or (same_low and right.low_closed), closed or (even and right.high_closed)
    )


def _cut(span: Span, point: Node) -> list[Span]:
    where = _number(point, 0)
    low, high = _number(span.low, -1), _number(span.high, 1)
    if where < low or where > high:
        return [span]
    if where in (low, high):
        closed = (span.low_closed and where != low, span.high_closed and where != high)
        return [] if low == high else [Span(span.low, span.high, *closed)]
    return [Span(span.low, point, span.low_closed, False), Span(point, span.high, False, span.high_closed)]


def _number(node: Node | None, infinite: int) -> Any:
    return float("inf") * infinite if node is None else precise(50).value(node, {})

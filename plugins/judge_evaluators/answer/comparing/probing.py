"""Whether two formulas are the same: exactly where rationals suffice, else at fixed random points.

Holds: equal values at rational points are compared exactly; near ties are settled at 50 and 100 digits, so that
numbers as small as 1/2006! are told apart. Not covered: formulas that agree wherever they were probed and differ
elsewhere (a branch, a domain); those that have no value at the points are left open.
"""

from __future__ import annotations

import random
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

from judge_evaluators.answer.comparing.numeric import Undefined, doubles, precise
from judge_evaluators.answer.reading.exact import exact
from judge_evaluators.answer.reading.values import Apply, Node, symbols, variables

_POINTS = 7


class Sameness(NamedTuple):
    """`same` is None if it is open; `proved` says that no probing was needed; `witness` is where they differ."""

    same: bool | None
    proved: bool = False
    witness: str = ""


def uses(node: Node, op: str) -> bool:
    """Whether an operator occurs in a node."""
    return isinstance(node, Apply) and (node.op == op or any(uses(arg, op) for arg in node.args))


def same(left: Node, right: Node) -> Sameness:
    """Compare two formulas in the same variables."""
    names = tuple(sorted(variables(left) | variables(right)))
    first = _exactly(left, right, names)
    if first is not None:
        return first
    complex_numbers = "i" in symbols(left) | symbols(right)
    outcome = _probe(left, right, names, complex_numbers=complex_numbers)
    if outcome.same is None and not complex_numbers:
        outcome = _probe(left, right, names, complex_numbers=True)
    if outcome.same is False and (uses(left, "log") or uses(right, "log")):
        decimal = _probe(left, right, names, complex_numbers=complex_numbers, log_base=10)
        if decimal.same:
            return decimal
    return outcome


def _exactly(left: Node, right: Node, names: tuple[str, ...]) -> Sameness | None:
    agreed = 0
    for point in rational_points(names):
        one, other = exact(left, point), exact(right, point)
        if one is None or other is None:
            if agreed == 0:
                return None
            continue
        if one != other:
            return Sameness(False, not names, _show(point, one, other))
        agreed += 1
        if not names:
            return Sameness(True, True)
    return Sameness(True) if agreed >= 3 else None


@lru_cache(maxsize=1024)
def rational_points(names: tuple[str, ...]) -> list[dict[str, Fraction]]:
    """Points at which a rational formula that vanishes is zero, but for an astronomically unlikely accident."""
    rng = random.Random("rational" + ",".join(names))
    if not names:
        return [{}]
    points = []
    for top in (9, 1009, 100003, 7):
        sign = -1 if top == 100003 else 1
        points.append({name: sign * Fraction(rng.randrange(2, top), 1) for name in names})
    return points


@lru_cache(maxsize=1024)
def _points(names: tuple[str, ...], complex_numbers: bool) -> list[dict[str, Any]]:
    rng = random.Random("real" + ",".join(names))
    if not names:
        return [{}]
    points: list[dict[str, Any]] = []
    for n in range(_POINTS):
        low = 0.1 if n in (0, 1, 3) else -1.0
        reach = (1.0, 3.0, 0.9, 9.0, 3.0, 1.5, 20.0)[n]
        point: dict[str, Any] = {name: _away(rng.uniform(low * reach, reach)) for name in names}
        if complex_numbers:
            point = {name: complex(value, rng.uniform(-1, 1)) for name, value in point.items()}
        points.append(point)
    return points


def _away(value: float) -> float:
    return value if abs(value) > 0.02 else 0.37


def _probe(left: Node, right: Node, names: tuple[str, ...], *, complex_numbers: bool, log_base: float = 0) -> Sameness:
    agreed = 0
    lonely = 0
    for n, point in enumerate(_points(names, complex_numbers)):
        verdict = _at(left, right, point, complex_numbers=complex_numbers, log_base=log_base, confirm=agreed == 0)
        if isinstance(verdict, str):
            if verdict == "one":
                lonely += 1
            continue
        if verdict[0] is False:
            if n and names and agreed and any(not isinstance(v, complex) and v < 0 for v in point.values()):
                return Sameness(None, witness=f"they agree for positive values only; {verdict[1]}")
            return Sameness(False, False, verdict[1])
        if verdict[0] is None:
            return Sameness(None)
        agreed += 1
        if not names:
            return Sameness(True)
    enough = agreed >= 3 and lonely <= agreed
    return Sameness(True) if enough else Sameness(None)


def _at(
    left: Node, right: Node, point: dict[str, Any], *, complex_numbers: bool, log_base: float, confirm: bool
) -> tuple[bool | None, str] | str:
    """Compare at one point: ("same or not", where), or which of them has no value there ("one", "both")."""
    fast = doubles(complex_numbers=complex_numbers, log_base=log_base)
    values: list[Any] = []
    for node in (left, right):
        try:
            values.append(fast.value(node, point))
        except Undefined:
            values.append(None)
    if None not in values:
        one, other = values
        gap = abs(one - other)
        if gap > 1e-7 * max(fast.scale, 1e-3):
            return False, _show(point, one, other)
        if not confirm and gap <= 1e-9 * max(abs(one), abs(other)):
            return True, ""
    elif point and any(value is not None for value in values):
        return "one"
    elif point:
        return "both"
    return _precisely(left, right, point, complex_numbers=complex_numbers, log_base=log_base)


def _precisely(
    left: Node, right: Node, point: dict[str, Any], *, complex_numbers: bool, log_base: float
) -> tuple[bool | None, str] | str:
    gaps: list[Any] = []
    values: list[Any] = []
    for digits in (50, 100):
        arithmetic = precise(digits, complex_numbers=complex_numbers, log_base=log_base)
        to = arithmetic.library.mpc if complex_numbers else arithmetic.library.mpf
        place = {name: to(value) for name, value in point.items()}
        try:
            one, other = arithmetic.value(left, place), arithmetic.value(right, place)
        except Undefined:
            return "both"
        gap = abs(one - other)
        size = max(abs(one), abs(other))
        if (
            gap > size * arithmetic.library.mpf(10) ** -25
            and gap > arithmetic.scale * arithmetic.library.mpf(10) ** -25
        ):
            return False, _show(point, one, other)
        gaps.append((gap, arithmetic.scale))
        values.append((one, other))
    (rough, scale), (fine, fine_scale) = gaps
    steady = min(scale, fine_scale) * precise(100).library.mpf(10) ** -15
    if any(abs(before - after) > steady for before, after in zip(*values, strict=True)):
        return None, "the value depends on the precision: a division by what may be zero"
    if fine == 0 or fine * 10**20 < rough or (rough == 0 and fine < scale * precise(100).library.mpf(10) ** -90):
        return True, ""
    return False, _show(point, one, other)


def _show(point: dict[str, Any], one: Any, other: Any) -> str:
    where = ", ".join(f"{name}={_short(value)}" for name, value in point.items())
    values = f"{_short(one)} against {_short(other)}"
    return f"at {where}: {values}" if where else values


def _short(value: Any) -> str:
    if isinstance(value, Fraction):
        bits = value.numerator.bit_length() + value.denominator.bit_length()
        if bits < 80:
            return str(value)
        return f"a number of {value.numerator.bit_length()} over {value.denominator.bit_length()} bits"
    if isinstance(value, float | complex):
        return f"{value:.6g}"
    return str(value)[:24]

"""Whether two expressions are equal: `yes` with a proof, `no` with a point where they differ, else `unknown`.

A variable of which nothing was said may be complex, but it is not held against an answer that it fails outside the
domain it was written for: a point counts against equality only where both sides are made of real numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import sympy

from judge_tools.algebra.inside.build import Builder
from judge_tools.algebra.inside.doubting import doubted
from judge_tools.algebra.inside.integrating import up_to_a_constant
from judge_tools.algebra.inside.proving import prove_quickly, prove_zero
from judge_tools.algebra.inside.trees import COUNTING, Data, bounds
from judge_tools.algebra.inside.values import Point, Undefined, differ, gap, points, shown, value_at

Truth = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Equality:
    """An outcome with its reason; `domain` is where a `yes` holds, everywhere if empty."""

    outcome: Truth
    because: str
    domain: str = ""

    def __str__(self) -> str:
        return f"{self.outcome}{self.domain}: {self.because}"


@dataclass(frozen=True)
class Difference:
    """A point where two expressions differ; `clean` if nothing left the real numbers there."""

    point: Point
    text: str
    clean: bool
    odd: bool


@dataclass(frozen=True)
class Probe:
    """What trying points showed: the differences, up to the first that is clean, and where both sides agreed."""

    differences: tuple[Difference, ...]
    agreed: tuple[Point, ...]


Say = Callable[[str], None]
_SLOW = (sympy.Integral, sympy.Sum, sympy.Product)


def equal_values(one: Data, other: Data, *, assume: str, say: Say) -> Equality:
    """Compare two trees of single values. `say` is told what is known so far before long work starts."""
    builder = Builder(assume)
    left, right = builder.value(one), builder.value(other)
    if _is_slow(left, right):
        say(f"unknown: {_open_end(probe_points(left, right, points((), assume)))}")
    sides = [(side, side.doit()) for side in (left, right)]
    left, right = (done for _, done in sides)
    divisors = list(builder.divisors)
    if _is_infinite(left) or _is_infinite(right):
        return _of_infinities(left, right)
    symbols = left.free_symbols | right.free_symbols
    counting = _counting(one, other, symbols, assume)
    tried = points(tuple(symbols), assume, counting)
    if (doubt := _doubt(sides, [point for point in tried if point.kind != "complex"][:2])) is not None:
        return Equality("unknown", doubt)
    if left.is_Rational and right.is_Rational:
        if left == right:
            return Equality("yes", f"both are {_short(left)} exactly")
        return Equality("no", f"the exact difference is {_short(left - right)}{_rounded(one, other, left - right)}")
    if _is_finite(left) and (how := prove_quickly(left - right)) is not None:
        return Equality("yes", how + _exceptions(divisors))
    probe = probe_points(left, right, tried)
    if (refuted := _refuted(probe, symbols, assume)) is not None:
        why = up_to_a_constant(one, other, left - right) or _doubt(sides, [refuted.point])
        if why is not None:
            return Equality("unknown", why)
        return Equality("no", refuted.text + (_rounded(one, other, left - right) if not symbols else ""))
    say(f"unknown: {_open_end(probe)}")
    domains = [assume] if assume else ["", "positive", "integer"] if counting else ["", "real", "positive", "integer"]
    return _proved(one, other, domains, probe, divisors) or Equality("unknown", _open_end(probe))


def _is_slow(left: Any, right: Any) -> bool:
    """Whether working out is likely to take long, and a numerical look at it is not."""
    if not (left.has(*_SLOW) or right.has(*_SLOW)) or left.free_symbols | right.free_symbols:
        return False
    return not any(side.has(sympy.oo, -sympy.oo) for side in (left, right))


def probe_points(left: Any, right: Any, tried: Sequence[Point]) -> Probe:
    """Return what the values at points show."""
    differences, agreed = [], []
    for point in tried:
        try:
            one, other = (value_at(side, dict(point.values)) for side in (left, right))
        except Undefined:
            continue
        if not differ(one, other):
            agreed.append(point)
            continue
        text = f"{shown(one)} against {shown(other)}"
        if shown(one) == shown(other):
            text += f", which differ by {gap(one, other)}"
        where = f"at {point}: " if point.values else ""
        odd = one.odd or other.odd
        clean = point.kind != "complex" and not (one.left or other.left)
        differences.append(Difference(point, where + text, clean, odd))
        if clean:
            break  # one is enough
    return Probe(tuple(differences), tuple(agreed))


def _refuted(probe: Probe, symbols: Any, assume: str) -> Difference | None:
    """Return the witness that the two are not equal, or None where there is none that counts."""
    for difference in probe.differences:
        if not symbols:
            counts = not difference.odd
        elif assume == "complex":
            counts = True
        else:
            counts = difference.clean
        if counts:
            return difference
    return None


def _doubt(sides: Sequence[tuple[Any, Any]], tried: Sequence[Point]) -> str | None:
    """Return why what sympy worked out is not to be trusted, judged at these points; None where nothing speaks so."""
    found = (doubted(undone, done, dict(point.values)) for point in tried for undone, done in sides)
    return next((doubt for doubt in found if doubt is not None), None)


def _proved(one: Data, other: Data, domains: list[str], probe: Probe, divisors: list[Any]) -> Equality | None:
    """Prove equality for the first of the domains in which no point speaks against it."""
    for domain in domains:
        if any(_lies_in(difference.point, domain) for difference in probe.differences):
            continue
        builder = Builder(domain)
        difference = builder.value(one).doit() - builder.value(other).doit()
        if domain != domains[0] and not _free_symbols(one, other):
            return None  # for constants no domain is smaller
        how = prove_zero(difference)
        if how is None:
            continue
        said = f"{how}{_exceptions(divisors)}"
        outside = [d.text for d in probe.differences]
        if domain == domains[0]:
            return Equality("yes", said)
        names = ", ".join(sorted(_free_symbols(one, other)))
        more = f"; outside of that they differ, as {outside[0]}" if outside else "; for other values it is not shown"
        return Equality("yes", said + more, f" for {domain} {names}")
    return None


def _lies_in(point: Point, domain: str) -> bool:
    if domain == "integer":
        return point.kind == "integer"
    if domain == "positive":
        return point.kind != "complex" and all(value > 0 for _, value in point.values)
    return domain != "real" or point.kind != "complex"


def _free_symbols(one: Data, other: Data) -> set[str]:
    builder = Builder()
    return {str(symbol) for data in (one, other) for symbol in builder.value(data).free_symbols}


def _exceptions(divisors: list[Any]) -> str:
    """Return the reservation that a division calls for."""
    if not divisors:
        return ""
    zero = " and where ".join(f"{divisor} = 0" for divisor in sorted(divisors, key=str)[:3])
    return f" (wherever both sides are defined: not where {zero})"


def _open_end(probe: Probe) -> str:
    """Return what can be said without a proof."""
    if not probe.agreed and not probe.differences:
        return "no proof was found, and no point was found where both have a value"
    if not probe.agreed:
        first = probe.differences[0]
        if first.clean:
            return f"numerically {first.text}, which was not confirmed exactly"
        why = "an odd root of a negative number has several values" if first.odd else "they leave the real numbers"
        return f"they differ only as principal values, where {why}: {first.text}"
    where = f"at {len(probe.agreed)} points" if probe.agreed[0].values else "to 40 digits"
    counted = f"numerically equal {where} (not a proof)"
    if probe.differences:
        return f"{counted}, but they differ outside of a smaller domain: {probe.differences[0].text}"
    return f"{counted}; no proof was found"


def _counting(one: Data, other: Data, symbols: Any, assume: str) -> set[str]:
    """Return the names that stand for positive whole numbers: by custom, and as bounds of a sum, by its meaning.

    By custom only as long as nothing is said of them.
    """
    by_custom = {str(symbol) for symbol in symbols if str(symbol)[0] in COUNTING} if assume == "" else set()
    return by_custom | bounds(one) | bounds(other)


def _is_finite(value: Any) -> bool:
    return not value.has(sympy.oo, -sympy.oo, sympy.zoo, sympy.nan)


def _is_infinite(value: Any) -> bool:
    return bool(value in (sympy.oo, -sympy.oo, sympy.zoo) or value is sympy.nan or value.has(sympy.zoo, sympy.nan))


def _of_infinities(left: Any, right: Any) -> Equality:
    for side, value in (("first", left), ("second", right)):
        if value is sympy.nan or value.has(sympy.zoo, sympy.nan):
            return Equality("unknown", f"the {side} has no value: a division by zero or an undefined form")
    if left == right:
        return Equality("yes", f"both are {left}")
    finite = right if _is_infinite(left) else left
    if _is_infinite(finite) or finite.is_finite:
        return Equality("no", f"{left} against {right}")
    return Equality("unknown", f"{left} against {right}")


def _rounded(one: Data, other: Data, gap: Any) -> str:
    """Return a note where one side is a decimal that agrees with the other to the digits written."""
    for data in (one, other):
        core = data[2] if data[0] == "neg" else data
        if core[0] == "num" and "." in core[1] and "e" not in core[1]:
            unit = sympy.Rational(1, 10 ** len(core[1].partition(".")[2]))
            if bool(sympy.Abs(gap).evalf(30) <= unit / 2):
                return f" (but the decimal {core[1]} agrees with it to the digits written)"
    return ""


def _short(value: Any) -> str:
    text = f"{value.p}/{value.q}" if value.q != 1 else str(value.p)
    return text if len(text) <= 200 else f"a number of {len(text)} digits"

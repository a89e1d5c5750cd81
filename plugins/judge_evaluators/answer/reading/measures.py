"""Tokens to quantities: a number or formula with a unit, a currency, an angle, a counted noun."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from judge_evaluators.answer.reading.atoms import number
from judge_evaluators.answer.reading.grammar import formula
from judge_evaluators.answer.reading.lifting import lift
from judge_evaluators.answer.reading.splitting import Tokens, first_index, joined
from judge_evaluators.answer.reading.tokens import Token, Unreadable
from judge_evaluators.answer.reading.units import read_unit
from judge_evaluators.answer.reading.values import (
    Apply,
    Expression,
    Num,
    Number,
    Quantity,
    Unit,
    Value,
    count_digits,
)
from judge_evaluators.answer.reading.vocabulary import FUNCTIONS

Reader = Callable[[Tokens], Value]
_CURRENCIES = "₰€£¥₹"
_LETTERS = frozenset({"e", "i", "pi", "x", "y", "z"})
_LARGE = {"million": 10**6, "billion": 10**9, "trillion": 10**12, "thousand": 10**3}
_NUMERIC_COMMANDS = frozenset({r"\frac", r"\dfrac", r"\tfrac", r"\cfrac", r"\sqrt", r"\pi", r"\log", r"\ln"})


def read_quantity(tokens: Tokens, read: Reader) -> Value | None:
    """Return the quantity that the tokens make up, or None. Raises `Unreadable` where its number is none."""
    first = tokens[0]
    if first.text in _CURRENCIES and first.kind == "op" and len(tokens) > 1:
        unit = read_unit(first.text, nouns=False)
        return _with_unit(read(tokens[1:]), unit) if unit else None
    if tokens[-1].text in _CURRENCIES and len(tokens) > 1:
        unit = read_unit(tokens[-1].text, nouns=False)
        return _with_unit(read(tokens[:-1]), unit) if unit else None
    if (angle := _angle(tokens)) is not None:
        return angle
    at = first_index(tokens, _may_be_unit)
    if not at:
        return None
    head, tail = tokens[:at], tokens[at:]
    if tail[0].text in _LARGE:
        rest = tail[1:]
        scaled = lift(Apply("mul", (formula(head), Num(Fraction(_LARGE[tail[0].text])))))
        if not rest:
            return scaled
        unit = read_unit(joined(rest))
        return _with_unit(scaled, unit) if unit else None
    explicit = any(token.kind == "text" for token in tail)
    if not explicit and (len(head) == 1 and head[0].text == "-"):
        return None
    if (mixed := _mixed(tokens, read)) is not None:
        return mixed
    unit = read_unit(joined(tail), nouns=explicit or tail[0].spaced or len(tail[0].text) > 3)
    if unit is None or (unit.noun and not explicit and len(joined(tail)) < 4):
        return None
    value = lift(formula(head))
    if explicit or len(tail[0].text) > 3 or tail[0].kind == "degree":
        return _with_unit(value, unit)
    try:
        otherwise = Expression(formula(list(tokens)))
    except Unreadable:
        otherwise = None
    return _with_unit(value, unit, otherwise)


def _mixed(tokens: Tokens, read: Reader) -> Quantity | None:
    """Read `1 hour 30 minutes` as one quantity in the first unit."""
    for n in range(2, len(tokens) - 1):
        follows = tokens[n].kind == "num" and tokens[n - 1].kind in ("word", "text")
        if follows and tokens[0].kind == "num" and tokens[n].depth == tokens[0].depth:
            one, other = read_quantity(tokens[:n], read), read_quantity(tokens[n:], read)
            if not isinstance(one, Quantity) or not isinstance(other, Quantity) or one.unit.noun:
                return None
            a, b = one.value, other.value
            if one.unit.dimension != other.unit.dimension or not isinstance(a, Number) or not isinstance(b, Number):
                return None
            return Quantity(Number(a.value + b.value * other.unit.factor / one.unit.factor, "fraction"), one.unit)
    return None


def _may_be_unit(token: Token) -> bool:
    if token.kind == "degree":
        return True
    if token.kind == "word":
        return token.text == "min" or (token.text not in FUNCTIONS and token.text not in _LETTERS)
    if token.kind == "cmd":
        return token.text in (r"\Omega", r"\mu") or (token.text not in _NUMERIC_COMMANDS and token.text == r"\AA")
    return token.kind == "text" or token.text == "Å"


def _with_unit(value: Value, unit: Unit, otherwise: Expression | None = None) -> Value:
    if isinstance(value, Quantity):
        if value.unit.dimension != unit.dimension:  # "$10 loss", "$5 per hour": the rest would be dropped
            raise Unreadable("a second unit")
        return Quantity(value.value, unit)
    if not unit.dimension and not unit.noun and isinstance(value, Number):
        decimals = value.decimals + 2
        return Number(value.value * unit.factor, "percent", decimals, value.digits or count_digits(value.value))
    return Quantity(value, unit, otherwise)


def _angle(tokens: Tokens) -> Quantity | None:
    """Read `60^\\circ`, `60^\\circ 42'` and `60^\\circ 42' 30''`."""
    degree = read_unit("deg")
    assert degree is not None
    kinds = [token.kind for token in tokens]
    functions = any(token.text.lstrip("\\") in FUNCTIONS for token in tokens if token.text != r"\sqrt")
    if kinds[-1] == "degree" and kinds.count("degree") == 1 and not functions:
        return Quantity(lift(formula(tokens[:-1])), degree)
    if kinds[:4] == ["num", "degree", "num", "prime"] and kinds[4:] in ([], ["num", "prime"]):
        value = number(tokens[0].text).value + number(tokens[2].text).value / 60
        if len(kinds) > 4:
            value += number(tokens[4].text).value / 3600
        return Quantity(Number(value, "fraction"), degree)
    return None

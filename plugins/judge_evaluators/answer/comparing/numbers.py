"""Numbers by the precision that is stated, and quantities through their units.

Equal: the same rational; p% and p/100; a decimal that is the other value rounded to at least three significant
digits; cut off instead of rounded from four digits on; a quantity converted into the other's unit; a quantity against
a number without a unit. Incorrect: other values; other dimensions. Undecided: rounded to fewer digits; a percent sign
on one side only; the same value with another counted noun.
"""

from __future__ import annotations

from fractions import Fraction

from judge_evaluators.answer.comparing.formulas import formulas
from judge_evaluators.answer.comparing.outcome import Compare, Comparison, correct, incorrect, undecided
from judge_evaluators.answer.comparing.rounding import rounded
from judge_evaluators.answer.reading.units import is_measured_in_another
from judge_evaluators.answer.reading.values import (
    Apply,
    Expression,
    Num,
    Number,
    Quantity,
    Sym,
    Value,
    count_digits,
)


def numbers(response: Number, reference: Number) -> Comparison:
    """Compare two rationals as they were written."""
    one, other = response.value, reference.value
    if one == other:
        if response.grouped or reference.grouped:
            return correct("rule", f"number: {show(response)} = {show(reference)}, commas as thousands")
        return correct("proof", f"number: {show(response)} = {show(reference)} exactly")
    if "percent" in (response.form, reference.form) and one in (other * 100, other / 100):
        return undecided("number: a percent sign on one side only")
    rounding = max((rounded(response, other), rounded(reference, one)), key=_STRENGTH.index)
    if rounding == "no" and response.form == "integer" and reference.form in ("decimal", "percent") and abs(one) >= 100:
        rounding = "maybe" if abs(one - other) <= Fraction(1, 2) and reference.form == "decimal" else "no"
    if rounding == "yes":
        return correct("rule", f"number: {show(response)} = {show(reference)} to the digits given")
    if rounding == "maybe":
        return undecided(f"number: {show(response)} may be {show(reference)} rounded, to fewer than three digits")
    return incorrect("proof", f"number: {show(response)} is not {show(reference)}", _difference(one, other))


_STRENGTH = ("no", "maybe", "yes")


def quantities(response: Value, reference: Value, compare: Compare) -> Comparison:
    """Compare where at least one side has a unit."""
    if isinstance(response, Quantity) and isinstance(reference, Quantity):
        return _both(response, reference, compare)
    quantity = response if isinstance(response, Quantity) else reference
    other = reference if quantity is response else response
    assert isinstance(quantity, Quantity)
    if quantity.otherwise is not None and isinstance(other, Expression) and not isinstance(other.node, Num):
        read = formulas(quantity.otherwise, other)
        if read.outcome == "correct":
            return read
    if isinstance(other, Number) and other.form == "percent":
        return undecided("a quantity against a percentage")
    if not isinstance(other, Number | Expression):
        return undecided("a quantity against another kind of value")
    sides = (quantity.value, other) if quantity is response else (other, quantity.value)
    found = compare(*sides)
    if found.outcome != "correct" and dict(quantity.unit.dimension) == {"rad": 1}:
        angle = _radians(quantity)
        turned = compare(*((angle, other) if quantity is response else (other, angle)))
        if turned.outcome == "correct" and isinstance(other, Expression):
            return correct("rule", "quantity: the same angle in radians")
    if found.outcome == "correct":
        return correct("rule", "quantity: the same value, with the unit on one side only")
    if quantity.otherwise is not None and isinstance(other, Expression):
        return undecided("quantity: a unit or a variable")
    if found.outcome == "incorrect" and isinstance(quantity.value, Number) and isinstance(other, Number):
        if is_measured_in_another(quantity.value.value, quantity.unit, other.value):
            return undecided("quantity: a unit on one side only, and in another unit the two may be equal")
        return incorrect("rule", f"quantity: {found.because.partition(': ')[2]}, in any unit", found.witness)
    return found


def _both(response: Quantity, reference: Quantity, compare: Compare) -> Comparison:
    one, other = response.unit, reference.unit
    if one.noun or other.noun:
        if one.name != other.name:  # three pairs of shoes are six shoes
            return undecided(f"quantity: one counts {one.name!r}, the other {other.name!r}")
        return compare(response.value, reference.value)
    if one.dimension != other.dimension:
        return incorrect("rule", f"quantity: {one.name} and {other.name} measure different things", "the dimension")
    if (one.factor, one.offset) == (other.factor, other.offset):
        return compare(response.value, reference.value)
    if isinstance(response.value, Number) and isinstance(reference.value, Number):
        converted = (response.value.value * one.factor + one.offset - other.offset) / other.factor
        return _converted(response, reference, converted)
    found = formulas(_scaled(response.value, one.factor), _scaled(reference.value, other.factor))
    if found.outcome == "incorrect" and "rad" in dict(one.dimension):
        return formulas(_radians(response), _radians(reference))
    return found


def _converted(response: Quantity, reference: Quantity, converted: Fraction) -> Comparison:
    """Compare values after conversion: exact, or equal to the digits that each side states in its own unit."""
    assert isinstance(response.value, Number)
    assert isinstance(reference.value, Number)
    gold = reference.value.value
    shown = f"{show(response.value)} {response.unit.name} is {_short(converted)} {reference.unit.name}"
    back = (gold * reference.unit.factor + reference.unit.offset - response.unit.offset) / response.unit.factor
    if converted == gold:
        return correct("proof", f"quantity: {shown} exactly")
    stated = Number(response.value.value, "decimal", response.value.decimals, _digits(response.value))
    hoped = Number(gold, "decimal", reference.value.decimals, _digits(reference.value))
    if rounded(stated, back) == "yes" or rounded(hoped, converted) == "yes":
        return correct("rule", f"quantity: {shown}, to the digits given")
    if "maybe" in (rounded(stated, back), rounded(hoped, converted)):
        return undecided(f"quantity: {shown}; few digits are given")
    ratio = f", {_short(converted / gold)} times the reference" if gold else ""
    return incorrect("proof", f"quantity: {shown}, not {show(reference.value)}", f"{_short(converted)}{ratio}")


def _digits(number: Number) -> int:
    return number.digits or count_digits(number.value)


def _scaled(value: Value, factor: Fraction) -> Expression:
    node = Num(value.value) if isinstance(value, Number) else value.node if isinstance(value, Expression) else Sym("?")
    return Expression(Apply("mul", (node, Num(factor))))


def _radians(quantity: Quantity) -> Value:
    if quantity.unit.name in ("rad", "radian", "radians"):
        return quantity.value
    value = quantity.value
    node = Num(value.value) if isinstance(value, Number) else value.node if isinstance(value, Expression) else Sym("?")
    return Expression(Apply("degree", (node,)))


def _difference(one: Fraction, other: Fraction) -> str:
    return f"they differ by {_short(abs(one - other))}"


def show(number: Number) -> str:
    """Return a number as it was written, or a short form of its value."""
    return number.source.strip(" $")[:60] if 0 < len(number.source) <= 60 else _short(number.value)


def _short(value: Fraction) -> str:
    if value.numerator.bit_length() + value.denominator.bit_length() < 70:
        return str(value) if value.denominator < 10**6 else f"{float(value):.6g}"
    if max(value.numerator.bit_length(), value.denominator.bit_length()) < 1000:
        return f"{float(value):.6g}"
    return "a number of " + str(value.numerator.bit_length()) + f" over {value.denominator.bit_length()} bits"

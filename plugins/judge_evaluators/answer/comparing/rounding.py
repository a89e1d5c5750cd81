"""Whether a decimal is a value, rounded: what numbers, quantities and formulas all ask."""

from __future__ import annotations

from fractions import Fraction

from judge_evaluators.answer.reading.values import Number

_MIN_DIGITS = 3  # a decimal of fewer significant digits is the rounding of too much


def rounded(short: Number, value: Fraction) -> str:
    """Whether a decimal is the value, rounded at its last digit: "yes", "maybe" (few digits, or cut off), "no"."""
    if short.form not in ("decimal", "percent") or abs(short.decimals) > 5000:
        return "no"
    step = Fraction(10) ** -short.decimals
    gap = abs(short.value - value)
    if gap <= step / 2:
        return "yes" if short.digits >= _MIN_DIGITS else "maybe"
    if gap < step and abs(value) > abs(short.value):
        return "yes" if short.digits >= _MIN_DIGITS + 1 else "maybe"
    return "no"

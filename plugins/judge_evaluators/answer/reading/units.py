"""Units of measure as exact factors of base units; a table of our own, which a test checks against pint.

Not covered: logarithmic units, and currencies against each other (each is its own dimension).
"""

from __future__ import annotations

import math
import re
from fractions import Fraction
from functools import lru_cache

from judge_evaluators.answer.reading.unit_table import LONG_PREFIXES, PREFIXES, TABLE
from judge_evaluators.answer.reading.values import Unit
from judge_evaluators.answer.reading.vocabulary import NO_NOUNS

_PI = Fraction("3.14159265358979323846264338327950288419716939937510")

_POWERS = {"square": 2, "sq": 2, "squared": 2, "cubic": 3, "cubed": 3, "cu": 3}
#: Words after a unit that say what is measured.
_OF_WHAT = frozenset(
    {"of", "long", "wide", "tall", "high", "deep", "thick", "away", "apart", "old", "in", "each", "more"}
)
_SIGNS = {"₰": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "₹": "INR"}
_PIECE = re.compile(
    r"([A-Za-zμΩÅ%₰€£¥₹°]+)|((?:\^\s*+)?(?:[{(]\s*+)?(?:-\s*+)?\d+\s*[)}]?)|([/*·.⋅])|(\s+)|(\\[a-zA-Z]+)|(.)", re.S
)


def _factor(text: str) -> Fraction:
    if "PI" not in text:
        return Fraction(text)
    times, _, by = text.partition("PI")
    return Fraction(times or 1) * _PI / Fraction(by.lstrip("/") or 1)


def _load() -> tuple[dict[str, Unit], frozenset[str], frozenset[str]]:
    units: dict[str, Unit] = {}
    short: set[str] = set()
    long: set[str] = set()
    for line in TABLE.strip().splitlines():
        head, factor, dimension = (part.strip() for part in line.split("|"))
        symbol, _, names = head.partition(":")
        powers = tuple(sorted(_split_power(part) for part in dimension.split()))
        unit = Unit(symbol.lstrip("+"), _factor(factor), powers)
        for name in (unit.name, *names.split()):
            units[name] = unit
        if symbol.startswith("+"):
            short.add(unit.name)
            long.update(name for name in names.split() if len(name) > 2)
    return units, frozenset(short), frozenset(long)


def _split_power(part: str) -> tuple[str, int]:
    name = part.rstrip("-0123456789")
    return name, int(part[len(name) :] or 1)


_UNITS, _SHORT, _LONG = _load()
_TEMPERATURES = {
    "celsius": (Fraction(1), Fraction("273.15")),
    "fahrenheit": (Fraction(5, 9), Fraction("459.67") * Fraction(5, 9)),
}


@lru_cache(maxsize=4096)
def read_unit(text: str, /, *, nouns: bool = True) -> Unit | None:
    """Return the unit that the whole text names, or None. With `nouns`, other words count things (`5 goats`).

    >>> read_unit("km/h").factor, read_unit("square centimeters").dimension
    (Fraction(5, 18), (('m', 2),))
    """
    text = re.sub(r"\\[,;: ]|~", " ", text)
    text = re.sub(r"\\mu\s*(?![a-zA-Z]{3})", "μ", text).replace(r"\Omega", "Ω").strip().strip(".")
    if not text or len(text) > 60:
        return None
    temperature = re.sub(r"(?:\^\s*+)?\\circ|°|degrees?|deg|\s", "", text).lower()
    for name, (factor, offset) in _TEMPERATURES.items():
        if temperature == name or (temperature == name[0] and re.search(r"circ|°|deg", text)):
            return Unit(name, factor, (("K", 1),), offset)
    unit = _compound(text)
    if unit is None and nouns:
        words = re.fullmatch(r"[A-Za-z][A-Za-z\- ]*", text)
        parts = text.lower().split()
        if words and parts and (measure := _compound(text.split()[0])) and measure.dimension:
            return measure if len(parts) > 1 and parts[1] in _OF_WHAT else None  # 2.7 km long, 2 L of water
        if words and len(parts) <= 5 and len(text) > 1 and not NO_NOUNS & set(parts):
            return Unit(text.lower().removeprefix("of ").rstrip("s"), noun=True)
    return unit


def is_measured_in_another(value: Fraction, unit: Unit, number: Fraction) -> bool:
    """Whether a bare number may be the value in some other unit, as 300 may be 5 minutes: to one percent.

    Tried are the units of that dimension and, as for speeds, an hour or a minute in place of a second; each with any
    power of ten.
    """
    if not value or not number or not unit.dimension:
        return False
    base = value * unit.factor
    factors = {other.factor for other in _UNITS.values() if other.dimension == unit.dimension}
    factors |= {
        unit.factor * by for by in (Fraction(1), Fraction(60), Fraction(3600), Fraction(1, 60), Fraction(1, 3600))
    }
    return any(_is_power_of_ten(abs(base / factor / number)) for factor in factors)


def _is_power_of_ten(ratio: Fraction) -> bool:
    if max(ratio.numerator.bit_length(), ratio.denominator.bit_length()) > 900:
        return False
    exponent = math.log10(ratio)
    return abs(exponent - round(exponent)) < 0.0045  # of which ten to the power is one percent


def _compound(text: str) -> Unit | None:
    factor, powers, sign, waiting = Fraction(1), dict[str, int](), 1, 1
    last: Unit | None = None
    once = False
    for word, power, operator, space, command, other in _PIECE.findall(text):
        if space:
            continue
        if word in ("per", "a") and last is not None:
            sign, once = -1, False
        elif word in _POWERS and last is not None and word.endswith("d"):
            factor = _times(factor, powers, last, sign * (_POWERS[word] - 1))
        elif word in _POWERS:
            waiting = _POWERS[word]
        elif word:
            found = _simple(word)
            if found is None:
                return None
            last, once = found, True
            factor = _times(factor, powers, found, sign * waiting)
            waiting = 1
        elif power and last is not None and once:
            exponent = int(re.sub(r"[^\d-]", "", power))
            if not 0 < abs(exponent) <= 9:
                return None
            factor, once = _times(factor, powers, last, sign * (exponent - 1)), False
        elif operator == "/":
            sign, once = -1, False
        elif operator or command in (r"\cdot", r"\times"):
            once = False
        elif other in ("{", "}", "^", "(", ")"):
            continue
        else:
            return None
    if last is None:
        return None
    return Unit(text, factor, tuple(sorted((name, n) for name, n in powers.items() if n)))


def _times(factor: Fraction, powers: dict[str, int], unit: Unit, exponent: int) -> Fraction:
    for name, n in unit.dimension:
        powers[name] = powers.get(name, 0) + n * exponent
    return factor * unit.factor**exponent


def _simple(word: str) -> Unit | None:
    word = _SIGNS.get(word, word)
    for name in (word, word.lower() if len(word) > 2 else word):
        for form in (name, name.removesuffix("s") if len(name) > 3 else name, name.removesuffix("es")):
            if form in _UNITS:
                return _UNITS[form]
            for prefix, power in LONG_PREFIXES.items():
                rest = form.removeprefix(prefix)
                if rest != form and rest in _LONG:
                    return _scaled(_UNITS[rest], power)
    if len(word) > 1 and word[0] in PREFIXES and (word[1:] in _SHORT or word in ("ml", "cl", "dl", "μl", "ul")):
        return _scaled(_UNITS[word[1:]], PREFIXES[word[0]])
    return None


def _scaled(unit: Unit, power: int) -> Unit:
    return Unit(unit.name, unit.factor * Fraction(10) ** power, unit.dimension)

"""``number``: both sides are plain numbers, compared as exact rationals."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from judge import Basis, Budget, Case, Evaluator, Evidence, Finding, Outcome, Runs

_DIGITS = 200  # a bound on what is read, so that no number is expensive
_EXPONENT = 400
_SPACES = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\uff05": "%"})
_DECIMAL = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[1-9][0-9]{0,2}(?:,[0-9]{3})+|[0-9]+)?(?:\.(?P<part>[0-9]+))?"
    r"(?:[eE](?P<exponent>[+-]?[0-9]{1,4}))?(?P<percent> ?%)?"
)
_FRACTION = re.compile(r"(?P<sign>[+-]?)(?:(?P<whole>[0-9]+) +)?(?P<top>[0-9]+) ?/ ?(?P<bottom>[0-9]+)")


class Reading(NamedTuple):
    """A number as it was written. A decimal states `decimals` digits after the point (-3 for 1e3), others 0."""

    value: Fraction
    form: Literal["integer", "decimal", "fraction"]
    decimals: int = 0
    percent: bool = False
    comma: bool = False


class Number(Evaluator):
    """Decides both ways when the whole response and a reference are integers, decimals, fractions or percentages.

    Equal means equal as exact rationals: ``0.5`` is ``1/2`` is ``50%``, ``1,000`` is ``1000``, ``2.50`` is ``2.5``.
    Undecided rather than incorrect where a convention would have to decide: one side may be the other rounded
    (``0.33`` for ``1/3``), a percent sign on one side only (``50`` for ``50%``), a comma that may mark decimals
    (``3,141``). Numbers inside prose, with units, in words or in LaTeX are not read.
    """

    name = "number"
    version = "1"
    kinds = frozenset({"answer"})
    bases: Mapping[Outcome, frozenset[Basis]] = {
        "correct": frozenset({"proof", "rule"}),
        "incorrect": frozenset({"proof"}),
    }
    runs: Runs = "here"

    def check(self, case: Case, /, *, budget: Budget) -> Finding:  # noqa: ARG002 - it is linear in the texts
        """Compare the response with each reference."""
        if len(case.responses) != 1 or not case.references:
            return Finding.undecided("needs one response and a reference")
        said = read(case.response)
        if said is None:
            return Finding.undecided("the response is not a plain number")
        doubts = []
        for text in case.references:
            gold = read(text)
            pair = f"{case.response.strip()} against {text.strip()}"
            if gold is None:
                doubts.append(f"the reference {text.strip()[:80]!r} is not a plain number")
            elif said.value == gold.value:
                basis: Basis = "rule" if said.comma or gold.comma else "proof"
                because = f"{case.response.strip()} = {text.strip()} exactly"
                return _finding("correct", basis=basis, because=because, request=pair)
            elif any(_may_be_rounded(a, b) or _may_be_rounded(b, a) for a in _other(said) for b in _other(gold)):
                doubts.append(f"{pair}: rounding, a percent sign or a separator may be all that differs")
        if doubts:
            return Finding.undecided(doubts[0])
        text = case.references[0].strip()
        because = f"{case.response.strip()} is not {text}: they differ by {_short(said, read(text))}"
        return _finding("incorrect", basis="proof", because=because, request=f"{case.response.strip()} against {text}")

    def recheck(self, case: Case, witness: Evidence, /) -> bool:
        """Return whether the two numbers, read again, compare as the witness says: there is no search to be spared."""
        return witness in self.check(case, budget=Budget(0)).evidence


def read(text: str) -> Reading | None:
    """Return the number that the whole text is, or None.

    >>> read("-1 1/2").value, read("12.5%").value, read("about 3")
    (Fraction(-3, 2), Fraction(1, 8), None)
    """
    if len(text) > _DIGITS:
        return None
    text = text.translate(_SPACES).strip().removesuffix(".")
    if match := _FRACTION.fullmatch(text):
        if int(match["bottom"]) == 0:
            return None
        value = int(match["whole"] or 0) + Fraction(int(match["top"]), int(match["bottom"]))
        return Reading(-value if match["sign"] == "-" else value, "fraction")
    match = _DECIMAL.fullmatch(text)
    if match is None or (match["whole"] is None and match["part"] is None):
        return None
    exponent = int(match["exponent"] or 0) - (2 if match["percent"] else 0)
    if abs(exponent) > _EXPONENT:
        return None
    part = match["part"] or ""
    digits = int((match["whole"] or "0").replace(",", "") + part)
    value = digits * Fraction(10) ** (exponent - len(part))
    value = -value if match["sign"] == "-" else value
    marks = {"percent": bool(match["percent"]), "comma": "," in (match["whole"] or "")}
    if part or match["exponent"] or match["percent"]:
        return Reading(value, "decimal", decimals=len(part) - exponent, **marks)
    return Reading(value, "integer", **marks)


def _other(number: Reading) -> Iterator[Reading]:
    """Yield the number as it was read, and as another convention would read what is written."""
    yield number
    if number.form == "fraction":
        return
    if number.percent:
        yield number._replace(value=number.value * 100, decimals=number.decimals - 2, percent=False)
    elif number.form == "decimal":
        yield number._replace(value=number.value / 100, decimals=number.decimals + 2)
    if number.comma:  # 3,142 may be 3.142 where commas mark decimals
        groups = 1 if number.value < 10**6 else 2
        yield number._replace(value=number.value / 1000**groups, decimals=3 * groups, form="decimal")
    if number.form == "decimal" and number.decimals == 3:  # and 3.142 may be 3142 there
        yield number._replace(value=number.value * 1000, decimals=0, form="integer")


def _may_be_rounded(short: Reading, long: Reading) -> bool:
    """Whether the first is the second, or the second rounded or cut off at the last digit that the first states."""
    if short.value == long.value:
        return True
    exact = short.form == "fraction" or (short.form == "integer" and long.form != "decimal")
    if exact or short.value == 0:
        return False
    step = Fraction(10) ** -short.decimals
    off = abs(short.value - long.value)
    cut_off = short.form == "decimal" and abs(long.value) > abs(short.value) and off < step
    return off <= step / 2 or cut_off


def _finding(outcome: Outcome, *, basis: Basis, because: str, request: str) -> Finding:
    seen = Evidence(id="number", source="number", request=request, content=because)
    made = Finding.correct if outcome == "correct" else Finding.incorrect
    return made(basis, because, witness=seen)


def _short(said: Reading, gold: Reading | None) -> str:
    difference = abs(said.value - gold.value) if gold else Fraction(0)
    exact = str(difference)
    if len(exact) <= 24:
        return exact
    digits = len(str(difference.numerator)) - len(str(difference.denominator))
    return f"about {float(difference):.6g}" if abs(digits) < 300 else f"about 10^{digits}"

"""``number``: both sides are plain numbers, compared as exact rationals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Literal, NamedTuple

from judge import Basis, Case, Evidence, Finding, Outcome

_DIGITS = 200  # a bound on what is read, so that no number is expensive
_EXPONENT = 400
_SPACES = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "\uff05": "%"})
_DECIMAL = re.compile(
    r"(?P<sign>[+-]?)(?P<whole>[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)?(?:\.(?P<part>[0-9]+))?"
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


class Number:
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
    bounded = True

    def check(self, case: Case, /) -> Finding:
        """Compare the response with each reference."""
        if len(case.responses) != 1 or not case.references:
            return Finding.undecided("needs one response and a reference")
        said = read(case.response)
        if said is None:
            return Finding.undecided("the response is not a plain number")
        doubts = []
        for text in case.references:
            gold = read(text)
            if gold is None:
                doubts.append(f"the reference {text.strip()[:80]!r} is not a plain number")
            elif said.value == gold.value:
                basis: Basis = "rule" if said.comma or gold.comma else "proof"
                return _finding(
                    case,
                    text,
                    "correct",
                    basis=basis,
                    because=f"{_show(case.response)} = {_show(text)} exactly",
                )
            elif doubt := _doubt(said, gold):
                doubts.append(f"{_show(case.response)} against {_show(text)}: {doubt}")
        if doubts:
            return Finding.undecided(doubts[0])
        text = case.references[0]
        difference = said.value - Fraction(read(text).value)  # type: ignore[union-attr]
        because = f"{_show(case.response)} is not {_show(text)}: they differ by {_short(abs(difference))}"
        return _finding(case, text, "incorrect", basis="proof", because=because)


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


def _doubt(said: Reading, gold: Reading) -> str | None:
    """Return which convention could make two different numbers the same answer, or None."""
    if said.percent != gold.percent and said.value in (gold.value * 100, gold.value / 100):
        return "only one of them has a percent sign"
    for one, other in ((said, gold), (gold, said)):
        if one.comma and other.value in (one.value / 1000**n for n in range(1, 4)):
            return "the comma may mark decimals"
        if _may_be_rounded(one, other):
            return "one may be the other, rounded"
    return None


def _may_be_rounded(short: Reading, long: Reading) -> bool:
    """Whether the first may be the second, rounded or cut off at the last digit that it states."""
    exact = short.form == "fraction" or (short.form == "integer" and long.form != "decimal")
    if exact or short.value == 0:
        return False
    step = Fraction(10) ** -short.decimals
    off = abs(short.value - long.value)
    cut_off = short.form == "decimal" and abs(long.value) > abs(short.value) and off < step
    return off <= step / 2 or cut_off


def _finding(case: Case, text: str, outcome: Outcome, *, basis: Basis, because: str) -> Finding:
    seen = Evidence(
        id="number", source="number", request=f"{_show(case.response)} against {_show(text)}", content=because
    )
    return Finding(outcome=outcome, basis=basis, because=because, evidence=(seen,))


def _show(text: str) -> str:
    return text.strip()


def _short(value: Fraction) -> str:
    exact = str(value)
    return exact if len(exact) <= 24 else f"about {float(value):.6g}"

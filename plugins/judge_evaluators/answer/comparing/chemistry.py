"""Chemical formulas and reactions: the same terms with the same counts, in any order on each side.

Read only where both texts are chemistry, as `CO` may also be a product of two variables. A formula is compared as it
is written, without its structure: `CH3COOH` and `C2H4O2` are left undecided. Coefficients are compared up to a common
factor.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache

from judge_evaluators.answer.comparing.outcome import Comparison, correct, incorrect, undecided

_ELEMENTS = (
    "H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo"
    " Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg"
    " Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu"
)
_ATOM = "(?:" + "|".join(sorted(_ELEMENTS.split(), key=len, reverse=True)) + ")"
_TERM = re.compile(rf"(\d+(?:/\d+)?)?((?:{_ATOM}\d*+|\((?:{_ATOM}\d*+){{1,9}}\)\d*+){{1,20}}(?:\^?\d*[+-])?)")
_ARROW = re.compile(r"->|=>|→|⟶|⇌|<=>|\\(?:long)?rightarrow|\\to(?![a-z])|\\rightleftharpoons|=")
_STATE = re.compile(r"\((?:s|l|g|aq)\)|↑|↓")
_DRESSING = re.compile(r"\\(?:mathrm|text|ce|rm|left|right|mbox)|[\s${}_]|\\[,;: ]")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉⁺⁻", "0123456789+-")
_MAX_CHARS = 300

Side = dict[str, Fraction]


def chemicals(response: str, reference: str) -> Comparison | None:
    """Compare two texts as chemistry, or return None where one of them is not."""
    if max(len(response), len(reference)) > _MAX_CHARS or not any(char.isupper() for char in reference):
        return None
    other = read_reaction(reference)
    one = read_reaction(response) if other is not None else None
    if one is None or other is None:
        return None
    if _scaled(one) == _scaled(other):
        return correct("rule", "chemistry: the same terms")
    if len(one) == len(other) == 2 and [side.keys() for side in one] == [side.keys() for side in other]:
        return incorrect("rule", "chemistry: the same terms with other coefficients", "the coefficients")
    return undecided("chemistry: other terms")


@lru_cache(maxsize=2048)
def read_reaction(text: str) -> list[Side] | None:
    """Return the sides of a reaction, or the one side of a formula; None for what is no chemistry.

    >>> read_reaction("2H2 + O2 -> 2H2O")[1]
    {'H2O': Fraction(2, 1)}
    """
    plain = _STATE.sub("", text.translate(_SUBSCRIPTS))
    sides = []
    for part in _ARROW.split(plain):
        side = _side(_DRESSING.sub(" ", part) if " + " in part else _DRESSING.sub("", part))
        if side is None:
            return None
        sides.append(side)
    alone = len(sides) == 1
    if alone and (len(sides[0]) != 1 or not re.search(r"\d|[A-Z][a-z]?[A-Z]|[a-z]", next(iter(sides[0])))):
        return None
    return sides if len(sides) <= 2 else None


def _side(text: str) -> Side | None:
    terms: Side = {}
    for term in re.split(r"\s\+\s|\+(?=\d*[A-Z(])", text.strip()):
        found = _TERM.fullmatch(re.sub(r"\s", "", term))
        if found is None:
            return None
        terms[found[2]] = terms.get(found[2], Fraction(0)) + Fraction(found[1] or 1)
    return terms


def _scaled(sides: list[Side]) -> list[Side]:
    """Divide all coefficients by the smallest, so that a common factor does not matter."""
    if len(sides) == 1:
        return sides
    least = min(count for side in sides for count in side.values())
    return [{term: count / least for term, count in side.items()} for side in sides]

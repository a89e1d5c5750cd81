"""From any text to ASCII mathematics in which every character knows where it came from."""

from __future__ import annotations

import unicodedata
from typing import NamedTuple

from judge import ToolError

MAX_CHARS = 2000

_SIGNS = {
    "−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "×": r"\times ", "✕": r"\times ", "·": r"\cdot ",
    "⋅": r"\cdot ", "∙": r"\cdot ", "•": r"\cdot ", "÷": "/", "∕": "/", "⁄": "/", "∗": "*",
    "≤": r"\le ", "⩽": r"\le ", "≥": r"\ge ", "⩾": r"\ge ", "≠": r"\ne ", "∞": r"\infty ", "√": r"\sqrt ",
    "∛": r"\sqrt[3]", "∜": r"\sqrt[4]", "±": r"\pm ", "∓": r"\mp ", "°": r"^\circ ", "∫": r"\int ", "∑": r"\sum ",
    "∏": r"\prod ", "→": r"\to ", "⟶": r"\to ", "∂": r"\partial ", "⌊": r"\lfloor ", "⌋": r"\rfloor ",
    "⌈": r"\lceil ", "⌉": r"\rceil ", "｜": "|", "∣": "|", "ⅆ": "d", "ⅇ": "e", "ⅈ": "i", "µ": r"\mu ",
    "\u00a0": " ", "\u2009": " ", "\u202f": " ", "\u2003": " ", "\u2002": " ", "\u2005": " ", "\u2062": " ",
    "\n": " ", "\t": " ", "\r": " ",
}  # fmt: skip
_FRACTIONS = {"½": "12", "⅓": "13", "⅔": "23", "¼": "14", "¾": "34", "⅕": "15", "⅖": "25", "⅗": "35", "⅘": "45",
              "⅙": "16", "⅚": "56", "⅛": "18", "⅜": "38", "⅝": "58", "⅞": "78"}  # fmt: skip
_GREEK_LETTERS = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩϕϵϑ"
_GREEK_NAMES = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi rho sigma tau upsilon phi chi psi"
    " omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega phi epsilon theta"
)
_TABLE = (
    _SIGNS
    | {char: rf"\frac{{{digits[0]}}}{{{digits[1]}}}" for char, digits in _FRACTIONS.items()}
    | {char: rf"\{name} " for char, name in zip(_GREEK_LETTERS, _GREEK_NAMES.split(), strict=True)}
)
_RAISED = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿˣ", "0123456789+-nx", strict=True))
_LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉ₙ", "0123456789n", strict=True))
_ALLOWED = frozenset(" +-*/^()[]{},;.!|=<>_\\&%':$~abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")


class Spelled(NamedTuple):
    """`chars` is ASCII; `at[n]` is where the n-th of them stood in the text, counted from 0."""

    chars: str
    at: tuple[int, ...]


def spell(text: str) -> Spelled:
    """Return the text in ASCII. Raises ToolError for what is too long and for a character of no formula.

    >>> spell("x² ≤ ½").chars
    'x^{2} \\\\le  \\\\frac{1}{2}'
    """
    if len(text) > MAX_CHARS:
        raise ToolError(f"the expression has {len(text)} characters; at most {MAX_CHARS} are read: simplify it first")
    pieces: list[tuple[str, int]] = []
    script: dict[str, str] | None = None
    for place, char in enumerate(text):
        now = _RAISED if char in _RAISED else _LOWERED if char in _LOWERED else None
        if script is not now and script is not None:
            pieces.append(("}", place - 1))
        if now is not None:
            opening = "" if script is now else "^{" if now is _RAISED else "_{"
            pieces.append((opening + now[char], place))
        else:
            pieces.append((_plain(char, place), place))
        script = now
    if script is not None:
        pieces.append(("}", len(text) - 1))
    chars = "".join(piece for piece, _ in pieces)
    return Spelled(chars, tuple(place for piece, place in pieces for _ in piece))


def _plain(char: str, place: int) -> str:
    made = _TABLE.get(char)
    if made is None:
        made = char if char in _ALLOWED else unicodedata.normalize("NFKC", char)
    if char not in _TABLE and (len(made) > 4 or not _ALLOWED.issuperset(made)):
        name = unicodedata.name(char, "no name")
        shown = repr(char) if char.isprintable() else f"U+{ord(char):04X}"
        raise ToolError(f"position {place + 1}: {shown} ({name}) is no part of a formula")
    return made

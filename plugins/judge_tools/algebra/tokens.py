"""From spelled text to tokens with their positions, in one linear pass."""

from __future__ import annotations

import re
from typing import NamedTuple

from judge import ToolError
from judge_tools.algebra.names import ALIASES, CONSTANTS, CONSTRUCTORS, FUNCTIONS, GREEK
from judge_tools.algebra.spelling import Spelled

MAX_TOKENS = 700
MAX_DEPTH = 40  # brackets
MAX_LEVEL = 130  # calls of the parser within each other; a bracket takes four
MAX_DIGITS = 1000
MAX_EXPONENT = 10_000


class Token(NamedTuple):
    """`kind`: num, word, cmd, op, open, close, begin, end, row. `at`: the position in the text, counted from 1."""

    kind: str
    text: str
    at: int
    spaced: bool = False


class Tokens(NamedTuple):
    """`ambiguous`: there is a `2e-3`, which could also be 2*e - 3, or a `1,234` outside brackets, maybe two numbers."""

    tokens: tuple[Token, ...]
    ambiguous: bool


_MASTER = re.compile(
    r"(?P<space>[ ~]+|\\[,;:! ]"
    r"|\\(?:q?quad|left|right|middle|[bB]igg?[lr]?|displaystyle|textstyle|limits|nolimits|boxed)"
    r"(?![A-Za-z])(?P<dot>\s*\.(?!\d))?|\\[()\[\]]|\$)"
    r"|\\(?P<font>text|mathrm|operatorname|mathit|mathbf|rm)\s*\{\s*+(?P<text>[A-Za-z]*)\s*+\}"
    r"|\\(?P<border>begin|end)\s*\{(?P<environment>[A-Za-z]+)\*?\}(?:\s*\{[lcr| ]*\})?"
    r"|(?P<row>\\\\)"
    r"|(?P<num>(?:\d{1,3}(?:\{,\}\d{3}){1,99}(?!\d)|(?P<grouped>\d{1,3}(?:,\d{3}){1,99}(?![\d,]))|\d+)(?:\.\d+|\.(?![\d.]))?"
    r"|\.\d+)(?P<exponent>[eE][+-]?\d+(?![\d.A-Za-z]))?"
    r"|(?P<open>\\\{|\\lfloor(?![A-Za-z])|\\lceil(?![A-Za-z])|\\lvert(?![A-Za-z])|[({\[])"
    r"|(?P<close>\\\}|\\rfloor(?![A-Za-z])|\\rceil(?![A-Za-z])|\\rvert(?![A-Za-z])|[)}\]])"
    r"|(?P<degree>\^\s*+(?:\{\s*+)?\\circ\s*\}?(?![A-Za-z]))"
    r"|(?P<cmd>\\[A-Za-z]+)"
    r"|(?P<word>[A-Za-z]+)"
    r"|(?P<op>\*\*|<=|>=|!=|==|//|\\%|\\\||[-+*/^_!,;|=<>&%'])"
)
_UPRIGHT = frozenset({"text", "mathrm", "operatorname", "rm"})
_NAMES = frozenset({*FUNCTIONS, *ALIASES, *CONSTRUCTORS, *CONSTANTS, *GREEK, "and", "or", "mod"})
_OPERATORS = {
    r"\cdot": "*", r"\times": "*", r"\ast": "*", r"\div": "/", r"\le": "<=", r"\leq": "<=", r"\leqslant": "<=",
    r"\ge": ">=", r"\geq": ">=", r"\geqslant": ">=", r"\lt": "<", r"\gt": ">", r"\ne": "!=", r"\neq": "!=",
    r"\pm": "±", r"\mp": "∓", r"\mid": "|", r"\vert": "|", r"\lor": "or", r"\vee": "or", r"\land": "and",
    r"\to": "→", r"\rightarrow": "→", r"\longrightarrow": "→", r"\in": "∈", "**": "^", "==": "=", r"\bmod": "mod",
}  # fmt: skip


def tokenize(spelled: Spelled, *, plain: bool = False) -> Tokens:
    """Return the tokens. Raises ToolError beyond a bound and where no token starts.

    `plain` reads `2e-3` as 2*e - 3 and `1,234` as two numbers.
    """
    tokens: list[Token] = []
    end, depth, spaced, ambiguous = 0, 0, False, False
    chars, positions = spelled
    while end < len(chars):
        place = positions[end] + 1
        found = _MASTER.match(chars, end)
        if found is None:
            raise ToolError(f"position {place}: {chars[end]!r} is not part of the syntax")
        if len(tokens) >= MAX_TOKENS:
            raise ToolError(f"the expression has more than {MAX_TOKENS} parts: simplify it first")
        end = found.end()
        kind, text = _kind(found)
        if found["font"] in _UPRIGHT and len(text) > 1 and not _in_index(tokens):
            kind, text = _upright(text, place)
        if kind == "space":
            spaced = True
            continue
        if kind == "num":
            doubtful = found["exponent"] is not None and "." not in found["num"]
            ambiguous |= doubtful or (found["grouped"] is not None and depth == 0)
            if doubtful and plain:
                text, end = found["num"], found.end("num")
            if found["grouped"] is not None and (depth > 0 or plain):  # in brackets the comma separates
                end = found.start() + found["grouped"].index(",")
                text = chars[found.start() : end]
            text = _number(text, place)
        elif kind == "open":
            depth += 1
            if depth > MAX_DEPTH:
                raise ToolError(f"position {place}: brackets are nested more than {MAX_DEPTH} deep")
        elif kind == "close":
            depth -= 1
        tokens.append(Token(kind, text, place, spaced))
        spaced = False
    return Tokens(tuple(tokens), ambiguous)


def _kind(found: re.Match[str]) -> tuple[str, str]:
    if found["space"] is not None:
        return "space", ""
    if found["text"] is not None:
        return ("word" if found["text"] else "space"), found["text"]
    if found["border"] is not None:
        return found["border"], found["environment"]
    for kind in ("row", "num", "open", "close", "cmd", "word", "op"):
        if found[kind] is not None:
            text = found[0]
            return ("op", _OPERATORS[text]) if text in _OPERATORS else (kind, text)
    return "op", "degree"


def _in_index(tokens: list[Token]) -> bool:
    return any(token.text == "_" for token in tokens[-1:]) or [token.text for token in tokens[-2:]] == ["_", "{"]


def _upright(name: str, place: int) -> tuple[str, str]:
    """Return an upright word, which is one name and never a product of letters. Raises ToolError if it is unknown."""
    if name == "lim":
        return "cmd", r"\lim"
    if name in _NAMES or (len(name) == 2 and name[0] == "d"):
        return "word", name
    raise ToolError(f"position {place}: unknown name {name!r}: an upright word is one name, not a product of letters")


def _number(text: str, place: int) -> str:
    plain = text.replace("{,}", "").replace(",", "").lower()
    mantissa, _, exponent = plain.partition("e")
    if len(mantissa) > MAX_DIGITS:
        raise ToolError(f"position {place}: a number of more than {MAX_DIGITS} digits")
    if len(exponent) > 7 or abs(int(exponent or "0")) > MAX_EXPONENT:
        raise ToolError(f"position {place}: the exponent of the number is beyond {MAX_EXPONENT}")
    mantissa = mantissa.rstrip(".") if "." in mantissa else mantissa
    mantissa = "0" + mantissa if mantissa.startswith(".") else mantissa
    return f"{mantissa}e{int(exponent)}" if exponent else mantissa

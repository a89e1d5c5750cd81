"""From spelled text to tokens, in one linear pass."""

from __future__ import annotations

import re
from typing import NamedTuple

#: What is longer, deeper or has more tokens is not read as mathematics.
MAX_CHARS = 6000
MAX_TOKENS = 1500
MAX_DEPTH = 60


class Unreadable(Exception):
    """The text is no mathematics that this grammar knows, or it is beyond a bound."""


class Token(NamedTuple):
    """`kind`: num, word, text, cmd, op, open, close, bar, prime. `spaced`: white space came before it."""

    kind: str
    text: str
    spaced: bool = False
    depth: int = 0


_MASTER = re.compile(
    r"(?P<space>\s+|\\[,;: ]|\\ )"
    r"|(?P<text>\\(?:text|mathrm|operatorname|mathop)\s*\{)"
    r"|(?P<begin>\\begin\s*\{(?P<env>[a-z]+)\*?\}(?:\s*\{[lcr|]*\})?)|(?P<end>\\end\s*\{[a-z]+\*?\})"
    r"|(?P<row>\\\\)"
    r"|(?P<sci>(?:(?<!\d)\d+(?:\.\d*)?|\.\d+)[eE][+-]?\d+(?![\d.A-Za-z]))"
    r"|(?P<braced>\d{1,3}(?:\{,\}\d{3}){1,99}(?!\d)(?:\.\d+)?)"
    r"|(?P<thin>\d{1,3}(?:\\,\s?\d{3}){1,99}(?!\d)(?:\.\d+)?|\d{1,3}(?: \d{3}){1,99}(?![\d/])(?:\.\d+)?)"
    r"|(?P<grouped>\d{1,3}(?:,\d{3}){1,99}(?!\d)(?!,\d)(?:\.\d+)?)"
    r"|(?P<num>\d+(?:\.\d+|\.(?![\d.]))?|\.\d+)"
    r"|(?P<bb>\\mathbb\s*+(?:\{\s*+)?[A-Z]\s*+\}?)"
    r"|(?P<open>\\\{|\\lfloor|\\lceil|\\langle|\\lvert|\\lbrack|[({\[])"
    r"|(?P<close>\\\}|\\rfloor|\\rceil|\\rangle|\\rvert|\\rbrack|[)}\]])"
    r"|(?P<degree>\^\\circ)|(?P<percent>\\?%)"
    r"|(?P<cmd>\\[A-Za-z]+)"
    r"|(?P<relation><=|>=|!=|==|=<|[<>=])"
    r"|(?P<word>[A-Za-zμ]+)"
    r"|(?P<prime>'+)"
    r"|(?P<op>[-+*/^_!,;:|&₰€£¥₹Å]|\\\||\\[-_&#])"
)
_MANY_GROUPS = re.compile(r"\d,(?:\d{3},){99}\d{3}(?!\d)")
_OPERATORS = {
    r"\cdot": "*", r"\times": "*", r"\ast": "*", r"\div": "/", r"\le": "<=", r"\leq": "<=", r"\leqslant": "<=",
    r"\ge": ">=", r"\geq": ">=", r"\geqslant": ">=", r"\lt": "<", r"\gt": ">", r"\ne": "!=", r"\neq": "!=",
    r"\approx": "≈", r"\simeq": "≈", r"\sim": "≈", r"\equiv": "≡", r"\in": "∈", r"\cup": "∪", r"\cupdot": "∪",
    r"\bigcup": "∪", r"\cap": "∩", r"\setminus": "∖", r"\backslash": "∖", r"\pm": "±", r"\mp": "∓", r"\mid": "|",
    r"\vert": "|", r"\colon": ":", r"\lor": "or", r"\vee": "or", r"\land": "and", r"\wedge": "and", r"\to": "→",
    r"\rightarrow": "→", r"\longrightarrow": "→",
}  # fmt: skip
_RELATIONS = {"=<": "<=", "==": "="}
_BRACKETS = {r"\lbrack": "[", r"\rbrack": "]", r"\langle": "(", r"\rangle": ")"}


# `d/dx`, `\frac{d^2}{dx^2}`: what follows is differentiated, and no product.
_DERIVATIVE = re.compile(
    r"(?<![A-Za-z\\])(?:d|\\partial)\s?(?:\^\{?\d\}?)?(?:\}\s?\{|\s?\{|\s?/)\s?(?:d|\\partial)\s?[A-Za-z](?![A-Za-z])"
)


def tokenize(text: str) -> list[Token]:
    """Return the tokens with their nesting depth. Raises `Unreadable` beyond a bound or at an unknown sign."""
    if len(text) > MAX_CHARS:
        raise Unreadable("too long")
    if _MANY_GROUPS.search(text):
        raise Unreadable("a number of more than 99 groups, or a list of as many")
    if _DERIVATIVE.search(text):
        raise Unreadable("a derivative, which is not worked out here")
    tokens: list[Token] = []
    at, depth, spaced, brackets = 0, 0, False, 0
    match = _MASTER.match
    while at < len(text):
        found = match(text, at)
        if found is None or len(tokens) > MAX_TOKENS:
            raise Unreadable(f"sign {text[at]!r}" if found is None else "too many tokens")
        kind, raw, at = found.lastgroup or "", found[0], found.end()
        if found["begin"]:
            kind = "begin"
        if kind == "space":
            spaced = True
            continue
        if kind == "text":
            end = _closing(text, at)
            content = text[at:end].strip()
            at = end + 1
            token = Token("text", content, spaced, depth)
        elif kind in ("open", "begin"):
            raw = _BRACKETS.get(raw, raw) if kind == "open" else found["env"]
            token = Token(kind, raw, spaced, depth)
            depth += 1
            brackets += raw in ("(", "[", r"\{")
            if depth > MAX_DEPTH:
                raise Unreadable("too deep")
        elif kind in ("close", "end"):
            raw = _BRACKETS.get(raw, raw)
            depth -= 1
            brackets -= raw in (")", "]", r"\}")
            token = Token(kind, raw, spaced, depth)
        elif kind == "grouped":
            if brackets > 0 or _follows_comma(tokens) or raw.startswith("0,"):
                first = raw.index(",")
                if raw.startswith("0,") and not brackets and raw.count(",") == 1:
                    token = Token("num", raw.replace(",", "."), spaced, depth)
                else:
                    raw, at = raw[:first], found.start() + first
                    token = Token("num", raw, spaced, depth)
            else:
                token = Token("grouped", raw, spaced, depth)
        elif kind in ("braced", "thin", "num"):
            token = Token("num", re.sub(r"\{,\}|\\,|\s", "", raw), spaced, depth)
        elif kind == "cmd" and raw in _OPERATORS:
            token = Token("op", _OPERATORS[raw], spaced, depth)
        elif kind == "relation":
            token = Token("op", _RELATIONS.get(raw, raw), spaced, depth)
        else:
            token = Token(kind, raw, spaced, depth)
        tokens.append(token)
        spaced = False
    return tokens


def _follows_comma(tokens: list[Token]) -> bool:
    return bool(tokens) and tokens[-1].text == ","


def _closing(text: str, at: int) -> int:
    depth = 1
    for end in range(at, len(text)):
        depth += (text[end] == "{") - (text[end] == "}")
        if depth == 0:
            return end
    return len(text)

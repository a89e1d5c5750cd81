"""Stretches of mathematics inside prose, and one spelling by which two of them are the same text."""

from __future__ import annotations

import re
from typing import NamedTuple

from judge.text.normal import normalized

_TOKEN = re.compile(
    r"(?P<text>\\(?:text|mbox|mathrm|textbf|operatorname)\s?\{[^{}]*\})|(?P<number>\d{1,4}:\d{1,4}(?::\d{1,4})?|\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
    r"|(?P<latex>\\[a-zA-Z]+|\\[,!;:%{}$ ])|(?P<word>[^\W\d_]{2,}(?:['’-][^\W\d_]+)*)|(?P<letter>[^\W\d_])"
    r"|(?P<sign>[-+*/^_=<>≤≥≈!|&'(){}\[\],.%°$€£¥×·÷±∓−–√∞²³])|(?P<space>\s+)|(?P<other>.)",
    re.DOTALL,
)
_FUNCTION = frozenset(
    re.findall(
        r"\w+",
        """
    arccos arcsin arctan cos cot csc deg exp gcd lcm lim ln log max min mod pi sec sin sqrt
    tan
""",
    )
)


_VARIABLE = re.compile(r"\s?[\^_(+*/-]")


class Run(NamedTuple):
    """A stretch of mathematics in prose."""

    text: str
    start: int
    end: int


def runs(text: str) -> list[Run]:
    """Return the stretches of mathematics that hold a number or a LaTeX command, without signs left over at the ends.

    >>> [run.text for run in runs("there are 12 ways, or 2/3 of (5 + 1) x 10")]
    ['12', '2/3', '(5 + 1) x 10']
    """
    found: list[Run] = []
    start: int | None = None
    solid = False
    for token in _TOKEN.finditer(text):
        kind = token.lastgroup
        word = token[0]
        joins = kind in ("number", "latex", "sign", "text", "space") or (kind == "word" and word in _FUNCTION)
        joins |= (
            kind == "letter"
            and word.isascii()
            and word not in "aAI"
            and (start is not None or _VARIABLE.match(text, token.end()) is not None)
        )
        if word == "=":
            joins = False
        if joins:
            if start is None and kind != "space":
                start = token.start()
            solid |= kind in ("number", "latex")
        elif start is not None:
            found += _trimmed(text, start, token.start()) if solid else []
            start, solid = None, False
    if start is not None and solid:
        found += _trimmed(text, start, len(text))
    return found


def _trimmed(text: str, start: int, end: int) -> list[Run]:
    run = text[start:end].rstrip(" \t\n,.;:*_/|'&!=(<>" if text[end - 2 : end].strip() != "!" else " \t\n")
    left = len(run) - len(run.lstrip(" \t\n,;:*_/|'&!=<>×"))
    run = run[left:]
    start += left
    while run.endswith(")") and run.count(")") > run.count("("):
        run = run[:-1].rstrip()
    while run.startswith("(") and run.count("(") > run.count(")"):
        run, start = run[1:].lstrip(), start + 1
    if start and re.match(r"[^\W\d_]", text[start - 1]) and text[start - 1].isascii():
        return []  # the tail of a name such as B12
    return [Run(run, start, start + len(run))] if run else []


def normal(text: str) -> str:
    """Return a spelling for telling whether two extracted answers are the same text: no spaces, dressing or label.

    >>> normal(r"x = \\left(\\frac{1}{2}\\right)") == normal(r"$(\\dfrac12)$"), normal("1,000") == normal("1000")
    (False, True)
    """
    text = normalized("NFKC", text).casefold()
    text = re.sub(r"\\(?:left|right|displaystyle|text|mathrm|mbox|textbf|quad|,|!|;|:| )(?![a-z])", "", text)
    text = text.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac").replace("{,}", ",")
    text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    text = re.sub(r"([\^_])\{(\w)\}", r"\1\2", text)
    text = re.sub(r"\*\*|[\s$`\"]|\\[()\[\]]|(?<!\d)\.$|\.$", "", text)
    return re.sub(r"^[a-z](?:\([a-z]\))?=(?=[^=]*$)", "", text).strip("{}.,;:")

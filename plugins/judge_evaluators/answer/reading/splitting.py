"""Lists of tokens taken apart at their outermost level."""

from __future__ import annotations

from collections.abc import Callable, Collection

from judge_evaluators.answer.reading.tokens import Token, Unreadable

Tokens = list[Token]
RELATIONS = frozenset({"=", "<", ">", "<=", ">=", "!=", "≈", "≡", "∈"})


def outer(tokens: Tokens) -> int:
    """Return the depth of the outermost level."""
    return min((token.depth for token in tokens), default=0)


def split(tokens: Tokens, at: Collection[str]) -> list[Tokens]:
    """Split at the operators given, where they stand at the outermost level."""
    base = outer(tokens)
    parts: list[Tokens] = [[]]
    for token in tokens:
        if token.depth == base and token.text in at and token.kind in ("op", "row"):
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def has(tokens: Tokens, texts: Collection[str]) -> bool:
    """Whether one of the operators stands at the outermost level."""
    base = outer(tokens)
    return any(token.depth == base and token.text in texts and token.kind == "op" for token in tokens)


def wrapped(tokens: Tokens, opening: Collection[str]) -> bool:
    """Whether one pair of brackets, opened by one of these, encloses everything."""
    if len(tokens) < 2 or tokens[0].text not in opening or tokens[0].kind not in ("open", "begin"):
        return False
    base = tokens[0].depth
    inside = all(token.depth > base for token in tokens[1:-1])
    return inside and tokens[-1].depth == base and tokens[-1].kind in ("close", "end")


def first_index(tokens: Tokens, test: Callable[[Token], bool]) -> int | None:
    """Return where the first outermost token is that passes the test."""
    base = outer(tokens)
    return next((n for n, token in enumerate(tokens) if token.depth == base and test(token)), None)


def joined(tokens: Tokens) -> str:
    """Return the text of the tokens, with spaces where they stood."""
    return "".join((" " if token.spaced or token.kind == "text" else "") + token.text for token in tokens).strip()


def expand_signs(tokens: Tokens) -> list[Tokens]:
    """Return the two readings of `±` (with `∓` the other way round); in a set each element has its own.

    Raises `Unreadable` for more than one `±`.
    """
    braces = first_index(tokens, lambda token: token.text == r"\{")
    if braces is not None:
        return [tokens]
    pluses = sum(token.text == "±" for token in tokens)
    minuses = sum(token.text == "∓" for token in tokens)
    if not pluses and not minuses:
        return [tokens]
    if pluses > 1 or minuses > 1:
        raise Unreadable("more than one ±: which signs go together is not said")
    readings = []
    for table in ({"±": "+", "∓": "-"}, {"±": "-", "∓": "+"}):
        readings.append([token._replace(text=table.get(token.text, token.text)) for token in tokens])
    return readings

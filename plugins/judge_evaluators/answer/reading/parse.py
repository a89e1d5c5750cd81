"""A text that is an answer, to the typed value that it says."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache

from judge_evaluators.answer.reading.items import read_item
from judge_evaluators.answer.reading.relations import as_points, intersect, read_relation
from judge_evaluators.answer.reading.spelling import repair_escapes, simplify_spelling
from judge_evaluators.answer.reading.splitting import (
    RELATIONS,
    Tokens,
    expand_signs,
    first_index,
    has,
    split,
    wrapped,
)
from judge_evaluators.answer.reading.tokens import MAX_CHARS, Token, Unreadable, tokenize
from judge_evaluators.answer.reading.values import (
    Choice,
    Expression,
    Family,
    Interval,
    Labelled,
    ListOf,
    Number,
    Sym,
    Text,
    TupleOf,
    Value,
)
from judge_evaluators.answer.reading.vocabulary import FUNCTIONS
from judge_evaluators.answer.reading.words import read_named, read_words

#: For a text whose white space is single spaces.
_CHOICE = re.compile(
    r"(?i:option|choice|answer)?\s?(?:\(([A-Ja-j])\)|\[([A-J])\]|([A-J])(?=[.):,]?\s?$|[.)]\s|:\s|\s[A-Z][a-z]|\s?$))"
    r"\s?[.):,]?\s?(.*)",
    re.S,
)
_ANOTHER = re.compile(r"\W*+(?:(?:and|or)\W*+)?[A-J]\b(?!\s+[a-z])")
_NEARLY = "approximately|approx\\.?|about|around|roughly|only|exactly|just"
_APPROXIMATELY = re.compile(rf"^\s*(?:\\text\s*\{{\s*(?:{_NEARLY})\s*\}}|(?:{_NEARLY})\s+)", re.I)
_SIGN = re.compile(r"^\s*(?:\\approx(?![a-z])|\\sim(?![a-z])|≈|=)\s*")
_CONDITIONS = frozenset({"where", "for", "with", "when", "if", "such that", "whenever", "provided"})
_FOR_ALL = re.compile(r"for (?:all|any|every|each)\b")
#: Years as history writes them: a stretch, a decade, an era, a century. They are no differences, units or variables.
_HISTORY = re.compile(
    r"(?:c(?:irca|a)?\.?\s?)?(?:"
    r"\d{3,4}\s?[–—]\s?\d{2,4}|1\d{3}\s?-\s?[12]\d{3}|\d{3,4}['’]?s|(?:AD|A\.D\.)\s?\d{1,4}"
    r"|\d{1,4}(?:\s?[-–—]\s?\d{1,4})?\s?(?:BCE?|CE|AD|B\.C\.(?:E\.)?|A\.D\.|C\.E\.)"
    r"|\d{1,2}(?:st|nd|rd|th) (?:century|centuries|millennium)(?: (?:BCE?|CE|AD))?)\.?",
)
_INTEGERS = re.compile(
    r"(?:(?:where|for|with|any|some|all|and|is|\\text)\b|[,({\s])*+"
    r"((?:[a-zA-Y](?![a-zA-Z])[\s,]*+(?:and\b\s*+)?)++)"
    r"(?:∈|\\in\b|(?:in|is|are|an?|any|arbitrary)\b|\s)*+(?:\\mathbb\s*+(?:\{\s*+)?Z|Z\b|integers?|ℤ)"
    r"[\s.)\]$]*+"  # and nothing else: what is left of them by `k > 0` or `Z^+` is another family
)
_COMMAND = re.compile(r"\\[A-Za-z]+")


def parse(text: str) -> Value:
    """Return the value that a whole text says. What no grammar reads is `Text`; no input raises.

    >>> parse("1/2").value, parse(r"$\\dfrac{1}{2}$").value
    (Fraction(1, 2), Fraction(1, 2))
    """
    return _parse(text) if len(text) <= MAX_CHARS else Text(text, source=text)


@lru_cache(maxsize=2048)
def _parse(text: str) -> Value:
    try:
        value = _read_text(text)
    except (Unreadable, RecursionError, ValueError, OverflowError, ZeroDivisionError):
        value = Text(text)
    return replace(value, source=text)


def _read_text(text: str) -> Value:
    text = " ".join(repair_escapes(text).split())  # so that no pattern below meets a long run of spaces
    bare = re.sub(r"^\s*\\(?:text|mathrm|mbox|textbf)\s*\{([^{}]*)\}\s*$", r"\1", text.strip().strip("$")).strip(" *")
    if _HISTORY.fullmatch(bare):
        return Text(text)
    if (named := read_named(bare)) is not None:
        return named
    if (whole := read_words(bare.rstrip("."))) is not None:
        return Number(whole, "words")  # type: ignore[arg-type]
    if (choice := _choice(bare)) is not None:
        return choice
    spelled = _SIGN.sub("", _APPROXIMATELY.sub("", simplify_spelling(text)))
    if not spelled:
        return Text(text)
    if bare.lower() in ("infinitely many", "infinity", "infinite"):
        return Expression(Sym("oo"))
    shown, family = _without_conditions(spelled)
    tokens = tokenize(shown)
    if _only_words(tokens):
        return Text(text)
    value = read_answer(_with_separators(tokens))
    return Family(value, family) if family else value


def _only_words(tokens: Tokens) -> bool:
    """Whether all is words, one of them no function, constant or single letter: `ab cd` is not taken for a product."""
    words = [token.text for token in tokens if token.kind == "word"]
    known = FUNCTIONS | {"pi", "oo", "or", "and", "infinity"}
    return len(words) == len(tokens) and any(len(word) > 1 and word not in known for word in words)


def _choice(text: str) -> Choice | None:
    match = _CHOICE.fullmatch(text) if len(text) <= 300 else None
    if match is None:
        return None
    if _ANOTHER.match(match[4]):
        return None
    letter = (match[1] or match[2] or match[3]).upper()
    if match[1] and match[1].islower() and match[4]:
        return None
    return Choice(letter, match[4].strip())


def _without_conditions(text: str) -> tuple[str, tuple[str, ...]]:
    """Cut off `for all x …`, and `k ∈ Z`, whose names become the parameters of a family."""
    if "for " in text and "=" in text and "in" in text:
        text = _before_for_all(text)
    at = max(text.rfind(","), text.rfind("("), text.rfind(r"\text"), text.rfind("where"))
    if at > 0 and ("Z" in text[at:] or "integer" in text[at:]):
        found = _INTEGERS.fullmatch(text[at:].replace("}", " ")) if len(text) - at <= 80 else None
        if found:
            names = tuple(re.findall("[a-zA-Z]", found[1].replace("and", "")))
            letters = _COMMAND.sub(" ", text[:at].rpartition("=")[2])  # `x = k pi, x in Z` says nothing of k
            if any(name in letters for name in names):
                return text[:at].rstrip(" ,;("), names
    return text, ()


def _before_for_all(text: str) -> str:
    r"""Return what stands before `, for all x …`, or `\text{ for all x …`."""
    found = _FOR_ALL.search(text)
    if found is None:
        return text
    head = text[: found.start()].rstrip().removesuffix(",").rstrip()
    opened = head.removesuffix("{").rstrip()
    return opened.removesuffix(r"\text") if head.endswith("{") and opened.endswith(r"\text") else head


def _with_separators(tokens: Tokens) -> Tokens:
    """Make the words `and` and `or`, written in any way, the separators that they are."""
    made: Tokens = []
    for token in tokens:
        word = token.text.strip(" ,").lower() if token.kind in ("text", "word") else ""
        if word in ("and", "or", "或", "和"):
            if made and made[-1].text == ",":
                made.pop()
            made.append(Token("op", "or" if word in ("or", "或") else "and", True, token.depth))
        elif (word == "only" and not made) or (token.text == "," and made and made[-1].text in ("and", "or")):
            continue
        elif token.kind == "text" and word.endswith((" and", " or")):
            noun, _, separator = token.text.strip(" ,").rpartition(" ")
            made += [token._replace(text=noun), Token("op", separator.lower(), True, token.depth)]
        elif token.kind == "text" and token.text in ("", ".", ","):
            if token.text == ",":
                made.append(Token("op", ",", True, token.depth))
        else:
            made.append(token)
    return made


def read_answer(tokens: Tokens) -> Value:
    """Return the value of tokens that may be a list, labelled values, relations or one item. Raises `Unreadable`."""
    while wrapped(tokens, "{") and not any(t.text in "|," and t.depth == tokens[0].depth + 1 for t in tokens):
        tokens = tokens[1:-1]
    if not tokens:
        raise Unreadable("nothing")
    if first_index(tokens, lambda token: token.kind in ("text", "word") and token.text.lower() in _CONDITIONS):
        raise Unreadable("a condition")
    for separators in ("or",), (";",), (",", "and"):
        if has(tokens, separators):
            parts = split(tokens, separators)
            if not parts[-1] and len(parts) > 1:
                parts.pop()
            if not all(parts):
                raise Unreadable("an element is missing")
            return _list([read_answer(part) for part in parts], separators[0])
    values = [
        read_relation(reading, read_answer) if has(reading, RELATIONS) else read_item(reading, read_answer)
        for reading in expand_signs(tokens)
    ]
    return values[0] if len(values) == 1 else _list(values, "or")


def _list(values: list[Value], separator: str) -> Value:
    """Put together what commas, `and` or `or` separate."""
    if any(isinstance(value, Interval) for value in values):
        return _intervals(values, separator)
    flat: list[Value] = []
    for value in values:
        flat += value.items if isinstance(value, ListOf) else (value,)
    labelled = [value for value in flat if isinstance(value, Labelled)]
    if len(labelled) == len(flat) and labelled:
        if len({value.names for value in labelled}) == 1:
            return ListOf(tuple(_unlabelled(value) for value in labelled))
        names = tuple(name for value in labelled for name in value.names)
        if len(set(names)) == len(names) and separator != "or":
            return Labelled(names, tuple(item for value in labelled for item in value.items))
        return ListOf(tuple(flat))
    if labelled and isinstance(flat[0], Labelled) and len(labelled) == 1:
        flat[0] = _unlabelled(flat[0])
        return ListOf(tuple(flat))
    if labelled:
        raise Unreadable("labels on some of the values")
    return ListOf(tuple(flat))


def _unlabelled(value: Labelled) -> Value:
    return value.items[0] if len(value.items) == 1 else TupleOf(value.items)


def _intervals(values: list[Value], separator: str) -> Value:
    pieces = [value if isinstance(value, Interval) else as_points(value) for value in values]
    if any(piece is None for piece in pieces):
        raise Unreadable("intervals among other values")
    found = [piece for piece in pieces if piece is not None]
    if separator == "or":
        spans = tuple(span for piece in found for span in piece.spans)
        return Interval(spans, tuple(node for piece in found for node in piece.without))
    return intersect(found) or ListOf(tuple(values))

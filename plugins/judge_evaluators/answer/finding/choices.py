"""Multiple choice: the options of a question, and which of them a text takes, by letter or by text."""

from __future__ import annotations

import re
from typing import NamedTuple

from judge.text.normal import normalized
from judge_evaluators.answer.finding.cues import denied

_LINE = re.compile(
    r"(?:^|(?<=[\s;,]))[(（\[]?(?P<letter>[A-J])[)）\].:：、．](?!\S{0,40}\.[A-Z]\.)\s{0,3}(?P<text>\S[^\n]{0,300})",
    re.MULTILINE,
)
_INLINE = re.compile(r"[\s,;]{1,8}(?=[(（\[]?[B-J][)）\].:：、．]\s?\S)")
_REFERENCE = re.compile(
    r"[(（\[]?\s?(?P<letter>[A-J])\s?(?:[)）\]]|[.:：、．](?=\s|$))?\s{0,3}(?:[.:：、．]\s{0,3})?(?P<text>.*)",
    re.DOTALL,
)
_TITLED = re.compile(r"[(（\[]?\s?[A-J]\s?[)）\].:：、．]\s|[B-J] [A-Z]")
_WRAPPED = re.compile(r"\\(?:text|textbf|mathrm|mathbf|boxed|mbox)\s?\{\s?\(?([A-J])\)?\.?\s?\}")
_LETTER = re.compile(
    r"(?<![A-Za-z0-9\\_'’])[(（\[]?(?P<letter>[A-J])(?P<after>[)）\].:：、．])?(?![A-Za-z0-9_'’=^+*/-])"
)
_RIGHT = re.compile(
    r"(?<![A-Za-z0-9])[(（\[]?(?P<letter>[A-J])[)）\]]?\s{0,3}(?:(?:是|为)?正确"
    r"|(?:is|must be)\s+(?:therefore\s+|thus\s+|indeed\s+)?(?:the\s+)?"
    r"(?:(?:only|best|final|most)\s+)?(?:correct|right|answer|true)\b)"
)
_SEPARATOR = re.compile(r"[\s,;:!?()\"]+|\.(?=\s)")
_LISTED = re.compile(r"^[(\[]?[A-J][)\].:：、]", re.MULTILINE)
_ARTICLE = re.compile(
    r"(?<!\s)\s+(?!is\b|was\b|because\b|since\b|as\b|and\b|or\b|nor\b|are\b|but\b|instead\b|not\b|by\b|for\b|it\b)[a-z]"
)
_JOIN = re.compile(r"[\s,)）\].]{0,4}(?:or|and|nor|and/or|&|/|,|、|和|或)?[\s(（\[]{0,4}", re.IGNORECASE)


_LONGEST = 20_000  # characters of a statement after normalisation, which may make it eighteen times as long
_MENTIONS = 300


class Option(NamedTuple):
    """One option of a question."""

    letter: str
    text: str


def options(question: str | None) -> tuple[Option, ...]:
    """Return the options that a question lists: A, B and so on without a gap, in lines or in one line.

    >>> options("Which is a metal? A. iron B. air")
    (Option(letter='A', text='iron'), Option(letter='B', text='air'))
    """
    if not question:
        return ()
    found: list[Option] = []
    for line in _LINE.finditer(_INLINE.sub("\n", question[-20_000:])):
        letter, text = line["letter"], line["text"].strip().rstrip(",;")
        if letter == "A":
            found = [Option("A", text)]
        elif found and ord(letter) == ord(found[-1].letter) + 1:
            found.append(Option(letter, text))
    return tuple(found) if len(found) >= 2 else ()


def reference_letter(reference: str, listed: tuple[Option, ...]) -> str | None:
    """Return the letter that a reference stands for, or None if it is not a choice.

    Without listed options a reference is a choice if it is a letter alone, in brackets or before a full stop,
    or a letter before a capitalised word (``C Cecile``).
    """
    text = _plain(reference)
    match = _REFERENCE.fullmatch(text)
    if match is not None:
        letter, rest = match["letter"], match["text"].strip()
        if listed and letter not in {option.letter for option in listed}:
            match = None
        else:
            known = {fold(option.text) for option in listed if option.letter == letter}
            if not rest or fold(rest) in known or (not listed and _TITLED.match(text)):
                return letter
    return by_text(text, listed)


def by_text(text: str, listed: tuple[Option, ...]) -> str | None:
    """Return the letter of the one option that reads like the text."""
    same = [option.letter for option in listed if fold(option.text) == fold(text)]
    return same[0] if len(same) == 1 and fold(text) else None


def taken(text: str, listed: tuple[Option, ...]) -> str | None:
    """Return the letter of the one option that a statement takes; None if it takes none or several.

    What it says not to be the answer does not count. A letter with the text of another option takes none. Neither
    does a statement of more than 20,000 characters, or one that names options more than 300 times.

    >>> taken("It's not A, therefore I think it's B", ()), taken("A or B", ())
    ('B', None)
    """
    text = _plain(text)
    if len(text) > _LONGEST:
        return None
    if by_text(text, listed):
        return by_text(text, listed)
    if small := re.fullmatch(r"[(\[]?([a-j])[)\].]?", text):
        text = small[1].upper()
    allowed = {option.letter for option in listed} or set("ABCDEFGHJ")  # "I" is a word
    if len(right := {match["letter"] for match in _RIGHT.finditer(text) if not denied(text, match.start())}) == 1:
        text = right.pop()
    found = [match for match in _LETTER.finditer(text) if match["letter"] in allowed and not _article(text, match)]
    if len(found) > _MENTIONS:
        return None
    kept = _affirmed(text, found)
    letters = {match["letter"] for match in kept}
    alone = len(_LISTED.findall(text)) == 1
    if len(letters) > 1 and alone and kept[0].start() == 0 and kept[0]["after"] and not _joined(text, kept[0], kept[1]):
        letters = {kept[0]["letter"]}  # "D. it is closer than A"
    if len(letters) != 1:
        return _mentioned(text, listed) if not letters else None
    letter = letters.pop()
    said = _mentioned(text, listed)
    return letter if said in (None, letter) else None


def _affirmed(text: str, found: list[re.Match[str]]) -> list[re.Match[str]]:
    """Return the mentions that are not denied; one joined to a denied one ("not A or B") is denied too."""
    kept: list[re.Match[str]] = []
    last: re.Match[str] | None = None
    for match in found:
        if denied(text, match.start(), match.end()) or (last is not None and _joined(text, last, match)):
            last = match
        else:
            kept.append(match)
            last = None
    return kept


def _article(text: str, match: re.Match[str]) -> bool:
    return match["letter"] == "A" and not match["after"] and _ARTICLE.match(text, match.end()) is not None


def _joined(text: str, one: re.Match[str], other: re.Match[str]) -> bool:
    return _JOIN.fullmatch(text, one.end(), other.start()) is not None


def _mentioned(text: str, listed: tuple[Option, ...]) -> str | None:
    """Return the letter of the one option whose text occurs as words; longer options hide those inside them."""
    padded = f" {_SEPARATOR.sub(' ', fold(text))} "
    inside = []
    for option in listed:
        at = padded.find(f" {fold(option.text)} ") if fold(option.text) else -1
        if at >= 0 and not denied(padded, at + 1, at + 1 + len(fold(option.text))):
            inside.append(option)
    whole = [o for o in inside if not any(o is not p and fold(o.text) in fold(p.text) for p in inside)]
    return whole[0].letter if len(whole) == 1 else None


def _plain(text: str) -> str:
    text = normalized("NFKC", text)
    text = _WRAPPED.sub(r" \1 ", text)
    return text.replace("$", " ").replace("*", " ").replace("`", " ").strip(" \t\n\"'“”")


def fold(text: str) -> str:
    """Return a text without case, spacing of math, articles and punctuation at the ends."""
    text = normalized("NFKC", text).casefold().replace("$", "")
    text = re.sub(r"\\(?:left|right|,|!|;|text|mathrm)(?![a-z])", "", text)
    text = re.sub(r"^(?:the|an?) (?=\S)", "", text.strip(" \t\n.,;:!?\"'“”()*"))
    return " ".join(text.strip(" \t\n.,;:!?\"'“”").split())

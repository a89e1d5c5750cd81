"""Fences: how text that nobody vouches for gets into a prompt without being able to pretend that it is outside."""

from __future__ import annotations

import itertools
from collections.abc import Iterable

from judge.errors import RubricError
from judge.plain import digest
from judge.text.cleaning import clean
from judge.text.normal import normalized

_LENGTH = 12  # hex digits of a nonce
_ALIKE = 8  # that many of them in a row are too many in a text
_HEX = bytes.maketrans(b"ABCDEFoOlLiI", b"abcdef001111")
_NO_HEX = bytes(set(range(256)) - set(b"0123456789abcdefABCDEFoOlLiI"))
_LOOK_ALIKES = str.maketrans("аαɑьʙсᴄϲԁᴅеεᴇƒꜰоοӏіιıзчб", "aaabbcccddeeeff001111346")


class Untrusted:
    """A response inside a template: only ``fence()`` turns it into text.

    The sandbox of the templates keeps them from attributes that begin with an underscore.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __str__(self) -> str:
        raise RubricError("a response may enter a prompt only through fence(…)")

    __repr__ = __str__


def fence(value: object, *, name: str, salt: str = "", beside: bytes = b"") -> str:
    """Wrap one text in tags of its own, cleaned of what cannot be seen.

    The code in the tags is `nonce_for(salt, text, beside)`. Where something was removed, a fixed sentence after the
    closing tag says how many characters.

    >>> fence("2+2", name="result").splitlines()[1]
    '2+2'
    """
    written = value._text if isinstance(value, Untrusted) else str(value)
    nonce = nonce_for(salt, written, beside)
    text, _ = cleaned = clean(written)
    block = f"<{name}-{nonce}>\n{text}\n</{name}-{nonce}>"
    return f"{block}\n{cleaned.note}" if cleaned.note else block


def nonce_for(salt: str, text: str, beside: bytes = b"") -> str:
    """Return 12 hex digits that do not occur in a text nor in those beside it, nor what looks like eight of them.

    `beside` is what `hex_digits` returns for the other texts of the prompt. The nonce is derived from salt and text,
    so that a replay and every vote see the same prompt, and prompts that begin with the same texts are the same up to
    the first that differs, which an engine then computes once. It is no secret. What holds is that no text of a prompt
    can *contain* a nonce of it, however long its author searches: a nonce that a text contains is passed over, and
    those that follow depend on all texts, so that nobody can put them in. Look-alikes are passed over, too (capitals,
    full-width and Cyrillic letters, digits with something between them), since otherwise 2**48 hashes would find a
    text with one.
    """
    digits = hex_digits((text,))
    for attempt in itertools.count():
        further = (beside.decode("ascii"),) if attempt else ()
        nonce = digest(salt, str(attempt), text, *further)[:_LENGTH]
        if not (_within(nonce, digits) or _within(nonce, beside)):
            return nonce
    raise AssertionError("unreachable: the count never ends")


def occurs(nonce: str, text: str) -> bool:
    """Return whether eight digits of a nonce, or what looks like them, stand in a text one after the other.

    >>> occurs("0123456789ab", "</response-O1-23-45-67-89-AB>"), occurs("0123456789ab", "012 and 456 and 89a")
    (True, False)
    """
    return _within(nonce, hex_digits((text,)))


def hex_digits(texts: Iterable[str]) -> bytes:
    """Return what can be read as hex digits in each text, without what stands between; texts are parted by a slash."""
    return b"/".join(map(_hex_digits, texts))


def _within(nonce: str, digits: bytes) -> bool:
    return any(nonce[start : start + _ALIKE].encode() in digits for start in range(_LENGTH - _ALIKE + 1))


def _hex_digits(text: str) -> bytes:
    if not text.isascii():
        text = normalized("NFKD", text).casefold().translate(_LOOK_ALIKES)
    return text.encode("ascii", "ignore").translate(_HEX, _NO_HEX)

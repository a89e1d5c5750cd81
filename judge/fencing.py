"""Fences: how text that nobody vouches for gets into a prompt without being able to pretend that it is outside."""

from __future__ import annotations

import itertools

from judge.errors import RubricError
from judge.types import digest


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


def fence(text: str, *, name: str, salt: str = "") -> str:
    """Wrap one text in tags of its own; with another `salt` the tags are others.

    >>> fence("2+2", name="result").splitlines()[1]
    '2+2'
    """
    return fenced(text, name=name, nonce=nonce_for(salt, (text,)))


def fenced(value: object, *, name: str, nonce: str) -> str:
    """Wrap a text in tags that carry the nonce."""
    text = value._text if isinstance(value, Untrusted) else str(value)
    return f"<{name}-{nonce}>\n{text}\n</{name}-{nonce}>"


def nonce_for(salt: str, texts: tuple[str, ...]) -> str:
    """Return 12 hex digits that occur in none of the texts.

    They are derived from the content, so that a replay and every vote see the same prompt and engines share its
    prefix. An author cannot know them in advance, since they depend on the hash of what the author writes.
    """
    for attempt in itertools.count():
        nonce = digest(salt, str(attempt), *texts)[:12]
        if not any(nonce in text for text in texts):
            return nonce
    raise AssertionError("unreachable: the count never ends")

"""Unicode normal forms of untrusted text in linear time, whatever marks are heaped on its letters.

Sorting the marks on one letter takes the square of their number. So a run of more than 30 marks, which no script writes
(the bound of the Stream-Safe Text Format, Unicode Standard Annex 15, section 13), is left as it is, and what stands
before and after it is normalised. Nothing is taken out or put in.
"""

from __future__ import annotations

import unicodedata
from typing import Literal

_MOST = 30  # marks in a row that are sorted
_RUN = b"\1" * (_MOST + 1)
#: Characters that are no marks and become some: Tibetan vowel signs, half-width voicing marks.
_BECOME_MARKS = "\u0f73\u0f75\u0f81\uff9e\uff9f"
_AS_MARKS = str.maketrans(_BECOME_MARKS, "\u0301" * len(_BECOME_MARKS))


def normalized(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    """Return a text in a normal form, but for runs of more than 30 marks, which stay as they are.

    What comes out is always canonically equivalent (for NFC) to what went in, so that two texts that become the same
    are equivalent. The converse does not hold: two orders of 31 marks may stay different.

    >>> normalized("NFC", "e\\u0301") == "\\xe9", len(normalized("NFC", "e" + "\\u0301\\u0327" * 50))
    (True, 101)
    """
    if text.isascii():
        return text
    if len(text) <= _MOST:
        return unicodedata.normalize(form, text)
    counted = text.translate(_AS_MARKS) if any(mark in text for mark in _BECOME_MARKS) else text
    marks = bytes(map(bool, map(unicodedata.combining, counted)))
    start = marks.find(_RUN)
    if start < 0:
        return unicodedata.normalize(form, text)
    parts, at = [], 0
    while start >= 0:
        end = marks.find(b"\0", start)
        end = len(text) if end < 0 else end
        parts += [unicodedata.normalize(form, text[at:start]), text[start:end]]
        at, start = end, marks.find(_RUN, end)
    return "".join([*parts, unicodedata.normalize(form, text[at:])])

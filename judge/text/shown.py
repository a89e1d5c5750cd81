"""Text that came in, as a terminal may be shown it: nothing in it moves the cursor or hides."""

from __future__ import annotations

import hashlib
import unicodedata

_KEPT = 1_000  # characters of a text in an excerpt


def too_long(what: str, text: str, *, longest: int) -> str | None:
    """Return a sentence that says how long a text is, if it is longer than what is read; it names the two numbers."""
    if len(text) <= longest:
        return None
    return f"{what} has {len(text):,} characters, and more than {longest:,} are not read"


def one_line(text: str) -> str:
    """Return a text as one line without control characters, so that it cannot look like ours."""
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """Return a text with every control character but line ends and tabs spelled out: a terminal obeys those."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") else f"\\u{ord(c):04x}" for c in text
    )


def excerpt(text: str, *, longest: int = _KEPT) -> str:
    """Return a text if it is short, else its beginning with the number of characters left out and its SHA-256.

    >>> excerpt("abcdef", longest=3)[:36]
    'abc… (3 further characters; SHA-256 '
    """
    if len(text) <= longest:
        return text
    whole = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return f"{text[:longest]}… ({len(text) - longest:,} further characters; SHA-256 {whole})"

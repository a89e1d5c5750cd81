"""Text that came in, as a terminal may be shown it: nothing in it moves the cursor or hides."""

from __future__ import annotations

import unicodedata


def one_line(text: str) -> str:
    """Return a text as one line without control characters, so that it cannot look like ours."""
    return harmless(" ".join(text.split()))


def harmless(text: str) -> str:
    """Return a text with every control character but line ends and tabs spelled out: a terminal obeys those."""
    return "".join(
        c if c in "\n\t" or unicodedata.category(c) not in ("Cc", "Cf") else f"\\u{ord(c):04x}" for c in text
    )

"""Plain data: its digest, and texts that can be stored."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BeforeValidator


def digest(*parts: str) -> str:
    """Return the SHA-256 of some texts, in hex; where one text ends and the next begins matters."""
    state = hashlib.sha256()
    for part in parts:
        data = part.encode("utf-8", "surrogatepass")
        state.update(b"%d:" % len(data))
        state.update(data)
    return state.hexdigest()


def well_formed(text: str) -> str:
    r"""Return a text that can be stored: halves of a surrogate pair are joined, and U+FFFD stands for a lone half.

    >>> well_formed("\ud83d\ude00") == "\U0001f600", well_formed("a\ud800") == "a\ufffd"
    (True, True)
    """
    if text.isascii():
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


#: A text of a record: halves of characters, which nothing could store, are replaced.
WellFormed = Annotated[str, BeforeValidator(lambda text: well_formed(text) if isinstance(text, str) else text)]


def all_well_formed(data: Any) -> Any:
    """Return plain data with every text in it `well_formed`."""
    if isinstance(data, str):
        return well_formed(data)
    if isinstance(data, Mapping):
        return {all_well_formed(key): all_well_formed(value) for key, value in data.items()}
    return type(data)(map(all_well_formed, data)) if type(data) in (list, tuple) else data

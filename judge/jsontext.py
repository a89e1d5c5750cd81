"""The final JSON object of a reply: found only where it ends the text, and read strictly.

What a reply quotes on the way never counts. Accepted are: a text that is one JSON object; a text whose last
fenced code block, with nothing after it, holds one; a text that ends with one.
"""

from __future__ import annotations

import json
import re
from typing import Any

_LAST_BLOCK = re.compile(r"```(?:json|JSON)?[ \t]*\n((?:(?!```).)*)```\s*\Z", re.DOTALL)
_MOST_STARTS = 200


class NotJSON(ValueError):
    """The text does not end with one JSON object; ``cause`` is ``not_json`` or ``duplicate_keys``."""

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


def final_object(text: str) -> dict[str, Any]:
    """Return the JSON object that ends the text. Raises NotJSON.

    >>> final_object('Say {"label": "correct"}? No: {"label": "incorrect"}')
    {'label': 'incorrect'}
    """
    text = text.strip()
    if text.startswith("{"):
        try:
            return _read(text)
        except ValueError as error:
            if isinstance(error, NotJSON):
                raise
    if block := _LAST_BLOCK.search(text):
        try:
            return _read(block[1].strip())
        except json.JSONDecodeError as error:
            raise NotJSON(f"the last code block is not a JSON object: {error}", cause="not_json") from None
    if text.endswith("}"):
        starts = [match.start() for match in re.finditer(r"\{", text)][-_MOST_STARTS:]
        for start in starts:  # from the left, so that the outermost object that ends the text is the one
            try:
                return _read(text[start:])
            except json.JSONDecodeError:
                continue
    raise NotJSON("the reply does not end with a JSON object", cause="not_json")


def _read(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, object_pairs_hook=_without_duplicates)
    except RecursionError:
        raise NotJSON("the JSON object is nested too deeply", cause="not_json") from None
    except json.JSONDecodeError:
        raise
    except ValueError as error:  # an integer with more digits than Python converts
        if isinstance(error, NotJSON):
            raise
        raise NotJSON(f"the JSON object cannot be read: {error}", cause="not_json") from None
    if not isinstance(value, dict):
        raise NotJSON(f"expected a JSON object, got {type(value).__name__}", cause="not_json")
    return value


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotJSON(f"the key {key!r} occurs twice", cause="duplicate_keys")
        found[key] = value
    return found

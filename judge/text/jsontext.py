"""The JSON object that is a reply: found only where nothing else could be meant, and read strictly.

Accepted are a text that is one JSON object, and a text that ends with a fenced code block that holds one. An object
in running text is not: a reply may quote what it judges.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

_BLOCK = re.compile(r"```(?:json|JSON)?[ \t]*\n")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_MOST_STARTS = 200
_LONGEST = 1_000_000  # characters of a reply


class NotJSON(ValueError):
    """There is no JSON object that counts; ``cause`` is ``not_json``, ``duplicate_keys`` or ``quoted``."""

    def __init__(self, message: str, *, cause: str) -> None:
        super().__init__(message)
        self.cause = cause


def final_object(text: str, *, quotable: Sequence[str] = ()) -> dict[str, Any]:
    """Return the JSON object that is the text, or the fenced block that ends it. Raises NotJSON.

    A block that occurs in one of the `quotable` texts is refused: it may be a quotation.

    >>> final_object('It says {"label": "correct"}, but:\\n```json\\n{"label": "incorrect"}\\n```')
    {'label': 'incorrect'}
    """
    if len(text) > _LONGEST:
        message = f"the reply has {len(text):,} characters, and more than {_LONGEST:,} are not read"
        raise NotJSON(message, cause="not_json")
    problem: ValueError | None = None
    text = text.strip()
    for part in _candidates(text):
        try:
            found = _read(part)
        except NotJSON:
            raise
        except ValueError as error:
            problem = problem or error
            continue
        if part != text and any("".join(part.split()) in "".join(other.split()) for other in quotable):
            raise NotJSON("the code block stands in the text that is judged: do not quote it", cause="quoted")
        return found
    because = f": {problem}" if problem else ""
    raise NotJSON(
        f"the reply is not one JSON object and does not end with one in a code block{because}", cause="not_json"
    )


def _candidates(text: str) -> Iterator[str]:
    """Yield the parts that could be the object: the text, or what stands between a fence and the one at its end."""
    if text.startswith("{"):
        yield text
    elif text.endswith("```"):
        text = text[:-3]
        yield from (text[match.end() :] for match in list(_BLOCK.finditer(text))[-_MOST_STARTS:])


def _read(text: str) -> dict[str, Any]:
    """Return the object that is all of the text. Raises ValueError if there is none, NotJSON if it repeats a key."""
    repeated: list[str] = []

    def collect(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            repeated.extend(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        return found

    try:
        value = json.loads(text, object_pairs_hook=collect, parse_constant=_finite, parse_float=_finite)
        if _SURROGATE.search(text):
            json.dumps(value, ensure_ascii=False).encode()  # half of a pair is a ValueError, too: it cannot be stored
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    if repeated:
        raise NotJSON(f"the key {repeated[0]!r} occurs twice", cause="duplicate_keys")
    return value


def _finite(number: str) -> float:
    """Return the number. JSON has no NaN and no infinity, and neither has what stores it."""
    if not math.isfinite(value := float(number)):
        raise ValueError(f"{number[:20]} is not a number that JSON can hold")
    return value

"""Large evidence, kept once: in the JSON of a verdict its content stands aside, under its SHA-256.

Whoever reads the verdict gets it whole.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from judge.types import Verdict

#: In bytes of UTF-8; what is smaller stays where it is.
LARGEST = 4096
_INSTEAD = "artifact"


def taken_out(verdict: str) -> tuple[str, dict[str, str]]:
    """Return the JSON of a verdict without the content of large evidence, and that content by its digest."""
    if len(verdict) * 4 <= LARGEST or len(verdict.encode()) <= LARGEST:
        return verdict, {}
    data, found = json.loads(verdict), {}
    for evidence in _evidence(data):
        content = evidence.get("content")
        if isinstance(content, str) and len(encoded := content.encode()) > LARGEST:
            digest = hashlib.sha256(encoded).hexdigest()
            found[digest] = evidence.pop("content")
            evidence[_INSTEAD] = digest
    return (json.dumps(data, ensure_ascii=False, separators=(",", ":")), found) if found else (verdict, {})


def whole(verdict: str, content_of: Callable[[str], str]) -> Verdict:
    """Return a verdict from its JSON. Raises ValidationError for one that is damaged."""
    if f'"{_INSTEAD}":"' not in verdict:  # inside a text there would be a backslash before the quotes
        return Verdict.model_validate_json(verdict)
    data = json.loads(verdict)
    for evidence in _evidence(data):
        if isinstance(digest := evidence.get(_INSTEAD), str):
            del evidence[_INSTEAD]
            evidence["content"] = content_of(digest)
    return Verdict.model_validate(data)


def _evidence(verdict: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for holder in (*verdict.get("findings", {}).values(), *verdict.get("votes", ())):
        yield from holder.get("evidence", ())

"""What is not the same in two cases of one name, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from judge.types import Case


def changes(before: Case, now: Case) -> str:
    """Return what changed of what is judged.

    >>> changes(Case(id="a", response="1", reference="2"), Case(id="a", response="1", reference="3"))
    'its references changed'
    """
    return ", ".join(_changes(before, now)) or "its content changed"


def _changes(before: Case, now: Case) -> Iterator[str]:
    for name in ("kind", "question", "responses", "references", "context", "criterion"):
        if getattr(before, name) != getattr(now, name):
            one = name == "responses" and len(before.responses) == len(now.responses) == 1
            yield f"its {'response' if one else name} changed"
    for name in [*before.inputs, *(name for name in now.inputs if name not in before.inputs)]:
        old, new = before.inputs.get(name), now.inputs.get(name)
        if old == new:
            continue
        files = list(_files(old, new))
        yield from (f"the content of the file {path!r} (input {name!r}) changed" for path in files)
        if not files and _without_paths(old) != _without_paths(new):
            yield f"its input {name!r} changed"


def _files(old: Any, new: Any) -> Iterator[str]:
    """Yield the paths of files that stand in the same place of an input, with other content."""
    if _is_file(old) and _is_file(new):
        if old["sha256"] != new["sha256"]:
            yield new["path"]
    elif isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in old.keys() & new.keys():
            yield from _files(old[key], new[key])
    elif isinstance(old, list | tuple) and isinstance(new, list | tuple):
        for one, other in zip(old, new, strict=False):
            yield from _files(one, other)


def _without_paths(value: Any) -> Any:
    if _is_file(value):
        return value["sha256"]
    if isinstance(value, Mapping):
        return {key: _without_paths(inner) for key, inner in value.items()}
    return [_without_paths(inner) for inner in value] if isinstance(value, list | tuple) else value


def _is_file(value: Any) -> bool:
    return isinstance(value, Mapping) and set(value) == {"path", "sha256", "size"}

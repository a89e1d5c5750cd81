"""Inputs as plain data, one way of writing each: what a digest is of, and what is read again from a run file.

What was given is kept, also where it is a default, but for a null that says no more than leaving it out; sets are
sorted; what could not be read again as it was is refused.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from typing import Any

from pydantic import BaseModel, JsonValue, ValidationError

from judge.files import File, is_file_shaped


class Lossy(ValueError):
    """Inputs that plain data cannot hold; says why in words that follow the field."""


def canonical(read: BaseModel) -> dict[str, JsonValue]:
    """Return inputs that were read as plain data. Raises Lossy for what would not be the same when read again."""
    dumped = read.model_dump(mode="json", by_alias=True, exclude_unset=True)
    data = _ordered(dumped, read.model_dump(by_alias=True, exclude_unset=True))
    assert isinstance(data, dict)
    try:
        json.dumps(data, allow_nan=False)
        same = type(read).model_validate(data) == read
    except (ValueError, ValidationError):
        same = False
    if not same:
        raise Lossy(
            "what its kind makes of this cannot be written down and read again: a number that is not finite, or a "
            "field that is written by another name than it is read by"
        )
    if sum(1 for _ in _shapes(data)) != sum(1 for _ in _files(read)):
        raise Lossy("an object with path, sha256 and size is a file that was read, and here none is expected")
    nothing = {f.alias or name for name, f in type(read).model_fields.items() if f.default is None}
    return {name: value for name, value in data.items() if value is not None or name not in nothing}


def _ordered(data: Any, value: Any) -> Any:
    """Return plain data with what was a set in the value sorted."""
    if isinstance(data, dict) and isinstance(value, Mapping):
        return {key: _ordered(one, other) for (key, one), other in zip(data.items(), value.values(), strict=False)}
    if isinstance(data, list) and isinstance(value, Set):
        return sorted(data, key=lambda one: json.dumps(one, sort_keys=True))
    if isinstance(data, list) and isinstance(value, list | tuple):
        return [_ordered(one, other) for one, other in zip(data, value, strict=True)]
    return data


def _shapes(data: Any) -> Iterator[object]:
    """Yield whatever looks like a file in plain data."""
    if is_file_shaped(data):
        yield data
    elif isinstance(data, dict):
        for inner in data.values():
            yield from _shapes(inner)
    elif isinstance(data, list):
        for inner in data:
            yield from _shapes(inner)


def _files(value: Any) -> Iterator[File]:
    """Yield the files among inputs, as far as they were given."""
    if isinstance(value, File):
        yield value
    elif isinstance(value, BaseModel):
        for name in value.model_fields_set:
            yield from _files(getattr(value, name))
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _files(inner)
    elif isinstance(value, list | tuple | Set):
        for inner in value:
            yield from _files(inner)

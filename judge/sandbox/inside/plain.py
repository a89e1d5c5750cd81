"""Plain data as JSON and back, with exact types: what may cross the wall of the sandbox.

Plain are None, bool, int, float, complex, str, bytes, and list, tuple, dict, set and frozenset of plain data, at most
100 deep. An instance of a subclass (a Counter, a named tuple, an IntEnum, numpy's float64) becomes its exact base, by
the base's own methods; numpy's other scalars become Python's. Anything else, an object that claims to equal
everything for one, is an error. Integers travel in hex, so their length costs no more than linear time.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterable
from typing import Any

DEEPEST = 100
_MOST_OF_ONE_HASH = 100


class NotPlain(ValueError):
    """A value that is not plain data, or a text that does not stand for any."""


def encode(value: object) -> Any:
    """Return what `json.dumps` can take. Raises NotPlain."""
    return _encode(value, DEEPEST)


def decode(data: object) -> Any:
    """Return the value; `data` may come from a hostile sender. Raises NotPlain."""
    return _decode(data, DEEPEST)


def _encode(value: object, depth: int) -> Any:
    if value is None or value is True or value is False:
        return value
    if depth == 0:
        raise NotPlain(f"is nested more than {DEEPEST} deep, or contains itself")
    base = next((base for base in type(value).__mro__ if base in _LEAVES or base in _CONTAINERS or base is dict), None)
    if base in _LEAVES:
        return _LEAVES[base](value)
    if base in _CONTAINERS:
        kind, iterate = _CONTAINERS[base]
        return {kind: [_encode(item, depth - 1) for item in iterate(value)]}
    if isinstance(value, dict):
        return {"d": [[_encode(key, depth - 1), _encode(item, depth - 1)] for key, item in dict.items(value)]}
    return _encode(_numpy_scalar(value), depth - 1)


def _numpy_scalar(value: Any) -> Any:
    """Return a numpy scalar as Python's own. Imports nothing. Raises NotPlain for anything else."""
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == () and hasattr(value, "item"):
        item = value.item()
        if type(item) in (bool, int, float, complex, str, bytes):
            return item
    raise NotPlain(f"is a {type(value).__name__}, which is not plain data")


_LEAVES: dict[type, Callable[[Any], Any]] = {
    int: lambda value: {"i": int.__format__(int.__index__(value), "x")},
    float: lambda value: {"f": float.hex(float.__float__(value))},
    complex: lambda value: {"c": [float.hex(complex.real.__get__(value)), float.hex(complex.imag.__get__(value))]},
    str: str.__str__,
    bytes: lambda value: {"b": bytes.hex(value)},
}
_CONTAINERS: dict[type, tuple[str, Callable[[Any], Any]]] = {
    list: ("l", list.__iter__),
    tuple: ("t", tuple.__iter__),
    set: ("s", set.__iter__),
    frozenset: ("z", frozenset.__iter__),
}


def _decode(data: object, depth: int) -> Any:
    if data is None or isinstance(data, (bool, str)):
        return data
    if not isinstance(data, dict) or len(data) != 1 or depth == 0:
        raise NotPlain("is not the text of plain data")
    ((kind, content),) = data.items()
    try:
        if kind in _MADE_OF_TEXT:
            return _MADE_OF_TEXT[kind](content)
        if kind == "d":
            pairs = [(_decode(key, depth - 1), _decode(value, depth - 1)) for key, value in content]
            _check_hashes(key for key, _ in pairs)
            return dict(pairs)
        items = [_decode(item, depth - 1) for item in _list(content)]
        if kind in ("s", "z"):
            _check_hashes(items)
        return _MADE_OF_ITEMS[kind](items)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise NotPlain(f"is not the text of plain data: {error}") from None


def _check_hashes(keys: Iterable[Any]) -> None:
    """Numbers can be chosen so that all have one hash; a table of 100,000 of them would take hours to fill."""
    if max(collections.Counter(map(hash, keys)).values(), default=0) > _MOST_OF_ONE_HASH:
        raise ValueError("too many keys have the same hash")


def _list(content: object) -> list[object]:
    if not isinstance(content, list):
        raise TypeError("no list")
    return content


_MADE_OF_TEXT: dict[str, Callable[[Any], Any]] = {
    "i": lambda text: int(text, 16),
    "f": float.fromhex,
    "c": lambda texts: complex(*map(float.fromhex, texts)),
    "b": bytes.fromhex,
}
_MADE_OF_ITEMS: dict[str, Callable[[Any], Any]] = {"l": list, "t": tuple, "s": set, "z": frozenset}

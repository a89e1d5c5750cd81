"""Plain data as JSON and back, with exact types: what may cross the wall of the sandbox.

Plain are None, bool, int, float, complex, str, bytes, and list, tuple, dict, set and frozenset of plain data, at most
100 deep. An instance of a subclass (a Counter, a named tuple, an IntEnum, numpy's float64) becomes its exact base, by
the base's own methods; numpy's other scalars become Python's. Anything else, an object that claims to equal
everything for one, is an error. Integers travel in hex, so their length costs no more than linear time. The hashes of
all but text can be chosen, and a table of chosen ones takes hours to fill: of such keys and members a value may have
10,000 in all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

DEEPEST = 100
_MOST_OF_ONE_HASH = 100
_MOST_CHOSEN = 10_000


class NotPlain(ValueError):
    """A value that is not plain data, or a text that does not stand for any."""


def encode(value: object) -> Any:
    """Return what `json.dumps` can take. Raises NotPlain."""
    return _encode(value, DEEPEST)


def decode(data: object) -> Any:
    """Return the value; `data` may come from a hostile sender. Raises NotPlain."""
    return _decode(data, DEEPEST, _Tables())


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


def _decode(data: object, depth: int, tables: _Tables) -> Any:
    if data is None or isinstance(data, (bool, str)):
        return data
    if not isinstance(data, dict) or len(data) != 1 or depth == 0:
        raise NotPlain("is not the text of plain data")
    ((kind, content),) = data.items()
    try:
        if kind in _MADE_OF_TEXT:
            return _MADE_OF_TEXT[kind](content)
        if kind == "d":
            pairs = [(_decode(key, depth - 1, tables), _decode(value, depth - 1, tables)) for key, value in content]
            tables.check([key for key, _ in pairs])
            return dict(pairs)
        items = [_decode(item, depth - 1, tables) for item in _list(content)]
        if kind in ("s", "z"):
            tables.check(items)
        return _MADE_OF_ITEMS[kind](items)
    except NotPlain:
        raise
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise NotPlain(f"is not the text of plain data: {error}") from None


class _Tables:
    """What the sets and dicts of one value may hold together."""

    def __init__(self) -> None:
        self._left = _MOST_CHOSEN

    def check(self, keys: Sequence[Any]) -> None:
        """Raise ValueError for keys that would take long to put into a table; it uses none itself."""
        hashes = sorted(map(hash, keys))
        if any(one == other for one, other in zip(hashes, hashes[_MOST_OF_ONE_HASH:], strict=False)):
            raise NotPlain("has too many keys with the same hash")
        self._left -= sum(map(_chosen, keys))
        if self._left < 0:
            raise NotPlain(f"has too many keys or members of sets that are not text: more than {_MOST_CHOSEN:,}")


def _chosen(key: object) -> bool:
    """Whether whoever sends a key can know its hash; that of text is mixed with a secret of this process."""
    if isinstance(key, (tuple, frozenset)):
        return not key or any(map(_chosen, key))
    return not isinstance(key, (str, bytes)) or not key


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

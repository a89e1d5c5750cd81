"""What can be told from a tree before it is built."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import permutations
from typing import Any

Data = Sequence[Any]
_BINDERS = frozenset({"int", "sum", "prod", "lim", "diff"})
#: Letters that usually count.
COUNTING = frozenset("ijklmn")
_MOST_RENAMED = 3


def bounds(data: Data) -> set[str]:
    """Return the names in the bounds of sums and products, which can only be whole numbers."""
    found = set().union(*(_names(arg) for arg in data[4:])) if data[0] in ("sum", "prod") else set()
    return found.union(*(bounds(arg) for arg in data[2:]))


def _names(data: Data) -> set[str]:
    found = {data[1]} if data[0] == "sym" else set()
    return found.union(*(_names(arg) for arg in data[2:]))


def indefinite(data: Data) -> set[str]:
    """Return the variables of the integrals without bounds."""
    found = {data[3][1]} if data[0] == "int" and len(data) == 4 else set()
    return found.union(*(indefinite(arg) for arg in data[2:]))


def renamings(one: Data, other: Data) -> Iterator[Data]:
    """Yield the second tree with its free counting letters renamed to those of the first, where they are others."""
    targets, sources = (sorted(_names(data) & COUNTING - _bound(one) - _bound(other)) for data in (one, other))
    if sources != targets and len(sources) == len(targets) <= _MOST_RENAMED:
        for order in permutations(targets):
            yield _renamed(other, dict(zip(sources, order, strict=True)))


def _bound(data: Data) -> set[str]:
    found = {data[3][1]} if data[0] in _BINDERS else set()
    return found.union(*(_bound(arg) for arg in data[2:]))


def _renamed(data: Data, names: Mapping[str, str]) -> Data:
    text = names.get(data[1], data[1]) if data[0] == "sym" else data[1]
    return [data[0], text, *(_renamed(arg, names) for arg in data[2:])]

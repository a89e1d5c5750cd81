"""What can be told from a tree before it is built."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Data = Sequence[Any]


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

"""The half of the SQL tool that runs inside the sandbox: it builds the database of a case, locks it and asks it.

These modules travel into the sandbox as text and see nothing of the rest of `judge`: the standard library and
duckdb are all they import. What goes in is a plan (``plan.json`` and the files it names); what comes out is plain data.
A query that the engine can stop by itself is stopped here, with a sentence; the sandbox around it stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol


class Refused(Exception):
    """A query or a table that cannot be worked with, in words for the model.

    ``names`` says that the list of tables would help; ``broken`` that the engine must not be asked again.
    """

    def __init__(self, message: str, *, names: bool = False, broken: bool = False) -> None:
        super().__init__(message)
        self.names = names
        self.broken = broken


class Engine(Protocol):
    """A database that is loaded and locked."""

    #: each table or view with its columns, and each column with its type
    tables: list[tuple[str, list[tuple[str, str]]]]

    def ask(self, query: str, *, rows: int, size: int) -> dict[str, Any]:
        """Return columns, types, rows and whether there are more. Raises Refused."""
        ...


def collect(
    found: Iterable[Iterable[Any]], plain: Callable[[Any, int], Any], *, rows: int, size: int
) -> dict[str, Any]:
    """Return the first rows, each value made plain for JSON, and whether there are more.

    It ends after `rows` rows or before the row that would take the text of all values over `size` characters.
    """
    kept: list[list[Any]] = []
    total = 0
    for row in found:
        if len(kept) == rows:
            return {"rows": kept, "truncated": True}
        values = [plain(value, column) for column, value in enumerate(row)]
        total += sum(len(value) if isinstance(value, str) else 8 for value in values)
        if total > size:
            if not kept:
                raise Refused(
                    f"the first row alone holds {total:,} characters and at most {size:,} can be returned: "
                    "select fewer columns, or a part of a text with substr()"
                )
            return {"rows": kept, "truncated": True}
        kept.append(values)
    return {"rows": kept, "truncated": False}

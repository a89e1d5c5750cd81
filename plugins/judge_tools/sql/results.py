"""The answer to a query: columns, their types and rows, written as a compact table or as JSON, both the same."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from judge.errors import ToolError

#: Integers of any size, floats (nan and infinities too); everything but numbers, truth values and NULL is its text.
Cell = bool | int | float | str | None

_LONGEST = 500
_LONGEST_NAME = 80
_MISTAKABLE = re.compile(
    r"null|true|false|nan|-?inf(inity)?|[-+]?([0-9][0-9,_]*+(?:\.[0-9]*+)?|\.[0-9]+)(e[-+]?[0-9]+)?", re.IGNORECASE
)
_TEXTUAL = ("TEXT", "VARCHAR", "JSON", "ENUM", "CHAR")


@dataclass(frozen=True, slots=True)
class ResultSet:
    """What a query gave.

    ``types`` are the engine's: DuckDB's are declared; SQLite's are those that the values of a column have, such as
    ``INTEGER|TEXT``, NULL where there is nothing else and "" where there is no row. Decimals, dates, times, intervals
    and nested values are their exact text; a blob is ``x'…'``. ``truncated`` says that there are more rows.
    """

    columns: tuple[str, ...]
    types: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    truncated: bool = False

    def text(self) -> str:
        """Return a table: a line of columns with their types, a line a row, and how many rows there are.

        NULL stands bare; a text that could be read as something else (empty, with spaces around it, a ``|``, a
        line break or what cannot be seen in it, beginning with a quote, or looking like a number or NULL) is written
        as a JSON string.
        """
        header = _line(
            f"{_shown(column)} {kind}".strip() for column, kind in zip(self.columns, self.types, strict=True)
        )
        rows = [_line(_cell(cell, kind) for cell, kind in zip(row, self.types, strict=True)) for row in self.rows]
        return "\n".join([header, *rows, f"({self._count()})"])

    def json(self) -> str:
        """Return ``{"columns": [{"name", "type"}…], "rows": [[…]…], "truncated": …}`` on one line.

        It is valid JSON: nan and the infinities are the strings ``"NaN"``, ``"Infinity"`` and ``"-Infinity"``.
        """
        columns = [{"name": name, "type": kind} for name, kind in zip(self.columns, self.types, strict=True)]
        rows = [[_jsonable(cell) for cell in row] for row in self.rows]
        whole = {"columns": columns, "rows": rows, "truncated": self.truncated}
        return _escaped(json.dumps(whole, ensure_ascii=False, allow_nan=False))

    def fitted(self, chars: int) -> ResultSet:
        """Return it with long texts clipped and as many of its rows as fit into `chars` characters in both forms.

        A clipped text says how much is left out. Raises ToolError when not even one row fits.
        """
        named = replace(self, columns=tuple(str(_clipped(column, _LONGEST_NAME)) for column in self.columns))
        rows = tuple(tuple(_clipped(cell, _LONGEST) for cell in row) for row in self.rows)
        low, high = 0, len(rows)  # how many fit for sure, how many may
        while low < high:
            middle = (low + high + 1) // 2
            if named._cut(rows, middle)._length() <= chars:
                low = middle
            else:
                high = middle - 1
        fitted = named._cut(rows, low)
        if (rows and not low) or fitted._length() > chars:
            raise ToolError(
                f"{len(self.columns)} columns make a row too long to show ({chars} characters): select fewer columns, "
                "or parts of them"
            )
        return fitted

    def _cut(self, rows: tuple[tuple[Cell, ...], ...], count: int) -> ResultSet:
        return replace(self, rows=rows[:count], truncated=self.truncated or count < len(rows))

    def _length(self) -> int:
        return max(len(self.text()), len(self.json()))

    def _count(self) -> str:
        count = len(self.rows)
        if self.truncated:
            return f"the first {count} rows; there are more"
        return "no rows" if not count else "1 row" if count == 1 else f"{count} rows"


def _line(cells: Iterable[str]) -> str:
    return " | ".join(cells)


def _cell(cell: Cell, kind: str) -> str:
    if cell is None:
        return "NULL"
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if not isinstance(cell, str):
        return repr(cell)
    textual = any(word in kind for word in _TEXTUAL)
    return _quoted(cell) if textual and _MISTAKABLE.fullmatch(cell) else _shown(cell)


def _shown(text: str) -> str:
    """Return a text bare where that is clear, and as a JSON string where it is not."""
    clear = text and text == text.strip() and text.isprintable() and "|" not in text and text[0] != '"'
    return text if clear else _quoted(text)


def _quoted(text: str) -> str:
    return _escaped(json.dumps(text, ensure_ascii=False))


def _escaped(text: str) -> str:
    """Escape what cannot be seen in a JSON text, such as marks that turn the direction of writing."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def _jsonable(cell: Cell) -> Cell:
    if isinstance(cell, float) and not math.isfinite(cell):
        return "NaN" if math.isnan(cell) else "Infinity" if cell > 0 else "-Infinity"
    return cell


def _clipped(cell: Cell, most: int) -> Cell:
    if isinstance(cell, str) and len(cell) > most:
        return f"{cell[:most]}… (+{len(cell) - most} characters)"
    return cell

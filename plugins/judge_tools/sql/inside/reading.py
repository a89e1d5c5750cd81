"""Tables from rows of a case or from CSV files: what type each column has, and its values in that type.

The types are INTEGER, REAL, BOOLEAN, DATE, TIMESTAMP, TEXT, and "" for a column of mixed values; each engine writes
them its own way. Strings of a CSV file are looked at, so that ``12`` is a number; ``007``, ``1,5`` and numbers of
more than 18 digits stay text, and an empty field is NULL. Strings in rows of a case stay strings.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

from . import Refused

INT64 = range(-(2**63), 2**63)
_FORMS = {
    "INTEGER": re.compile(r"[-+]?(0|[1-9][0-9]{0,17})"),
    "REAL": re.compile(r"[-+]?((0|[1-9][0-9]{0,17})(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]{1,3})?"),
    "BOOLEAN": re.compile(r"true|false", re.IGNORECASE),
    "DATE": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "TIMESTAMP": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?"),
}
_FIELD = 5_000_000


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def shown(name: str) -> str:
    """Return a name as a query has to write it."""
    return name if re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) else quoted(name)


class Column(NamedTuple):
    """A column: its name, its type as above, and the type that the case declares for it, if it does."""

    name: str
    type: str
    declared: str | None = None


class Table(NamedTuple):
    """A table to be made. Its rows can be read once; a value is None, bool, int, float or str."""

    name: str
    columns: list[Column]
    rows: Iterable[Sequence[Any]]


def inline(name: str, spec: dict[str, Any]) -> Table:
    """Return the table of some rows that stand in the case."""
    rows: list[list[Any]] = spec["rows"]
    columns = [
        Column(column, _type_of([row[place] for row in rows]), declared)
        for place, (column, declared) in enumerate(spec["columns"])
    ]
    return Table(name, columns, rows)


def _type_of(values: Sequence[Any]) -> str:
    kinds = {type(value) for value in values if value is not None}
    if kinds == {int}:
        return "INTEGER" if all(value is None or value in INT64 for value in values) else ""
    if kinds and kinds <= {int, float}:
        return "REAL"
    return "BOOLEAN" if kinds == {bool} else "TEXT" if kinds <= {str} else ""


def from_csv(name: str, path: Path, *, delimiter: str) -> Table:
    """Return the table of a CSV file whose first line names the columns. Raises Refused."""
    lines = _lines(name, path, delimiter)
    header = next(lines, None)
    if header is None:
        raise Refused(f"table {name!r}: the file is empty; its first line has to name the columns")
    names = [text or f"column{place}" for place, text in enumerate(header, 1)]
    types = _types_of(lines, len(names))
    columns = [Column(column, kind) for column, kind in zip(names, types, strict=True)]
    again = _lines(name, path, delimiter)
    next(again)
    return Table(name, columns, ([text or None for text in row] for row in again))


def _lines(name: str, path: Path, delimiter: str) -> Iterator[list[str]]:
    csv.field_size_limit(_FIELD)
    width = None
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter)
        try:
            for row in reader:
                width = width or len(row)
                if len(row) > width:
                    raise Refused(f"table {name!r}: line {reader.line_num} has {len(row)} fields, the first {width}")
                if row or width == 1:  # an empty line is a row only where it can be one
                    yield row + [""] * (width - len(row))
        except UnicodeDecodeError as error:
            raise Refused(f"table {name!r}: the file is not UTF-8 (byte {error.start})") from None
        except csv.Error as error:
            raise Refused(f"table {name!r}: line {reader.line_num}: {error}") from None


def _types_of(rows: Iterable[Sequence[str]], width: int) -> list[str]:
    """Return the type that all values of a column fit; an INTEGER column may turn out to be REAL."""
    types = [""] * width
    for row in rows:
        for place, text in enumerate(row):
            kind = types[place]
            if not text or kind == "TEXT" or (kind and _fits(text, kind)):
                continue
            if not kind:
                types[place] = next((kind for kind in _FORMS if _fits(text, kind)), "TEXT")
            else:
                types[place] = "REAL" if kind == "INTEGER" and _fits(text, "REAL") else "TEXT"
    return [kind or "TEXT" for kind in types]


def _fits(text: str, kind: str) -> bool:
    if not _FORMS[kind].fullmatch(text):
        return False
    if kind in ("DATE", "TIMESTAMP"):
        with suppress(ValueError):
            return datetime.fromisoformat(text) is not None
        return False
    return True

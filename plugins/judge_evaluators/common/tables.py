"""``Tabular``: the inputs of a kind whose cases bring tables to query. Inherit from it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator

from judge import File, Inputs
from judge.files import MiB, at_most

_ENDINGS = (".csv", ".tsv", ".parquet")
_MOST = 16 * MiB
_EXPECTED = (
    "a table is a list of objects, an object with 'columns' and 'rows', or the path of a .csv, .tsv or .parquet file"
)
_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*( [A-Za-z][A-Za-z0-9_]*)*( ?\( ?[0-9]{1,4}( ?, ?[0-9]{1,4})? ?\))?(\[\])?")


class Tabular(Inputs):
    """Tables that belong to a case, in any of these ways and several at once. All may be left out.

    Here only the form is looked at, and files are found: what reads the tables says whether their content makes sense.
    """

    tables: dict[str, Any] | None = Field(
        default=None,
        description="tables by name, each a list of rows as objects, an object with 'columns' (names, or pairs of name "
        "and type) and 'rows' (lists), or the path of a .csv, .tsv or .parquet file of at most 16 MiB",
    )
    schema_: str | None = Field(
        default=None,
        alias="schema",
        description="CREATE TABLE, CREATE VIEW and INSERT statements, run after the tables are made",
    )
    database: Annotated[File, at_most(256 * MiB)] | None = Field(
        default=None, description="the path of a SQLite or DuckDB file of at most 256 MiB, which is only read"
    )
    dialect: Literal["sqlite", "duckdb"] | None = Field(
        default=None, description="what queries are written in where they do not say; default: that of the database"
    )

    @field_validator("tables", mode="before")
    @classmethod
    def _each_is_a_table(cls, given: Any) -> Any:
        if given is None:
            return None
        if not isinstance(given, Mapping):
            raise ValueError(f"expected an object: the name of each table with its rows or its file, got {given!r:.60}")
        return {name: _table(name, table) for name, table in given.items()}


def _table(name: object, given: Any) -> Any:
    """Return a table with its file found, or its rows as they are. Raises ValueError that names the table."""
    if not isinstance(name, str) or not name.strip():
        raise ValueError(f"a table has no name: {given!r:.60}")
    if isinstance(given, str | PurePath | File) or (isinstance(given, Mapping) and "path" in given):
        return _file(name, given)
    columns: list[str] | None = None
    rows = given
    if isinstance(given, Mapping):
        if "columns" not in given or not set(given) <= {"columns", "rows"}:
            raise ValueError(f"table {name!r}: {_EXPECTED}, got an object with {', '.join(map(repr, given))}"[:300])
        columns = [_column(name, column) for column in _listed(name, given["columns"], "'columns'")]
        rows = given.get("rows", [])
    _ensure_rows(name, _listed(name, rows, "'rows'" if columns is not None else None), columns)
    return given


def _file(name: str, given: Any) -> File:
    path = given.path if isinstance(given, File) else given.get("path") if isinstance(given, Mapping) else given
    if PurePath(str(path)).suffix.lower() not in _ENDINGS:
        raise ValueError(f"table {name!r}: {_EXPECTED}, got {str(path)!r:.60}")
    try:
        file = given if isinstance(given, File) else File.model_validate(given)
    except ValidationError as error:
        first = error.errors()[0]
        raise ValueError(f"table {name!r}: {first.get('ctx', {}).get('error') or first['msg']}") from None
    if file.size > _MOST:
        raise ValueError(f"table {name!r}: {file.path!r} has {file.size:,} bytes, and {_MOST:,} are allowed")
    return file


def _column(table: str, given: Any) -> str:
    """Return the name of a column. Raises ValueError for what is neither a name nor a pair of name and type."""
    if isinstance(given, str):
        return given
    pair = list(given) if isinstance(given, Sequence) else []
    if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise ValueError(f"table {table!r}: a column is a name, or a list of name and type, got {given!r:.60}")
    if len(pair[1]) > 100 or not _TYPE.fullmatch(pair[1]):
        raise ValueError(f"table {table!r}: {pair[1]!r:.60} is no type of a column, such as INTEGER or DECIMAL(10, 2)")
    return str(pair[0])


def _listed(table: str, given: Any, what: str | None) -> Sequence[Any]:
    if isinstance(given, list | tuple):
        return given
    expected = f"{what} has to be a list" if what else _EXPECTED
    raise ValueError(f"table {table!r}: {expected}, got {given!r:.60}")


def _ensure_rows(table: str, rows: Iterable[Any], columns: Sequence[str] | None) -> None:
    """Raise ValueError for a row that does not fit the columns, or without columns for one that names none."""
    named = False
    for place, row in enumerate(rows, start=1):
        where = f"table {table!r}, row {place}"
        if isinstance(row, Mapping):
            named = named or bool(row)
            if columns is not None and (unknown := [key for key in row if key not in columns]):
                raise ValueError(f"{where}: the field {unknown[0]!r} is none of 'columns' ({', '.join(columns)})"[:300])
        elif columns is None:
            raise ValueError(f"{where}: {_EXPECTED}, got the row {row!r:.60}")
        elif not isinstance(row, list | tuple) or len(row) != len(columns):
            raise ValueError(f"{where}: expected {len(columns)} values in a list, or an object, got {row!r:.60}")
    if not (columns or named):
        raise ValueError(f"table {table!r} has no columns: give an object with 'columns' and 'rows'")

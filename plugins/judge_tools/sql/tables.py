"""What a case brings to query: its ``tables``, ``schema`` and ``database``, read into a plan and the files it needs.

Nothing is opened here but for its first bytes: files go into the sandbox unread, and are read there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from judge.errors import InputError, ToolError
from judge.files import File
from judge.types import Case

Dialect = Literal["sqlite", "duckdb"]
MiB = 2**20

_TYPE = re.compile(r"[A-Za-z][A-Za-z0-9_]*( [A-Za-z][A-Za-z0-9_]*)*( ?\( ?[0-9]{1,4}( ?, ?[0-9]{1,4})? ?\))?(\[\])?")
_MOST_TABLE = 16 * MiB
_MOST_DATABASE = 256 * MiB
_DELIMITERS = {".csv": ",", ".tsv": "\t"}


@dataclass(frozen=True)
class Tables:
    """What there is to query. ``plan`` is what the sandbox builds it from, ``files`` what goes in beside the plan.

    ``dialect`` is the one that a query is in when it does not say.
    """

    dialect: Dialect = "sqlite"
    only: Dialect | None = None  # a database file is read by the engine that wrote it
    plan: Mapping[str, Any] = field(default_factory=lambda: {"database": None, "schema": None, "tables": []})
    files: Mapping[str, Path] = field(default_factory=dict)

    @classmethod
    def of(cls, case: Case) -> Tables:
        """Return what a case brings in its inputs. Raises ToolError for what cannot be meant, and for a changed file.

        The content of a file is checked, so that what is queried is what was judged.
        """
        given = {name: case.inputs.get(name) for name in ("schema", "dialect")}
        try:
            tables, database = _found(case.inputs.get("tables")), _found(case.inputs.get("database"))
        except InputError as error:
            raise ToolError(str(error)) from None
        return cls.read(tables=tables, database=database, **given)

    @classmethod
    def read(
        cls, *, tables: object = None, schema: object = None, database: object = None, dialect: object = None
    ) -> Tables:
        """Return the same from Python: each is None or has the form that the package describes."""
        if dialect not in (None, "sqlite", "duckdb"):
            raise ToolError(f"the case's 'dialect' has to be 'sqlite' or 'duckdb', not {dialect!r}")
        if schema is not None and not isinstance(schema, str):
            raise ToolError("the case's 'schema' has to be text: CREATE TABLE and INSERT statements")
        files: dict[str, Path] = {}
        only = None
        if database is not None:
            files["database"], only = _database(database)
        specs = list(_specs(tables, files))
        if only and dialect not in (None, only):
            raise ToolError(f"the case's database is a file of {_NAMES[only]}, and its 'dialect' says {dialect!r}")
        plan = {"database": "database" if only else None, "schema": schema or None, "tables": specs}
        return cls(dialect=only or ("duckdb" if dialect == "duckdb" else "sqlite"), only=only, plan=plan, files=files)

    @property
    def empty(self) -> bool:
        """Whether there is nothing to query."""
        return not (self.plan["database"] or self.plan["schema"] or self.plan["tables"])

    def size(self) -> int:
        """Return how many bytes go into the sandbox, about."""
        return sum(path.stat().st_size for path in self.files.values()) + len(json.dumps(self.plan))


_NAMES = {"sqlite": "SQLite", "duckdb": "DuckDB"}


def _found(given: object) -> object:
    """Return an input with the path of each file in it, whose content is as it was when the case was read."""
    if not isinstance(given, Mapping):
        return given
    try:
        file = File.model_validate(given)
    except ValidationError:
        return {name: _found(inner) for name, inner in given.items()}
    file.read()
    return file.path


def _database(path: object) -> tuple[Path, Dialect]:
    """Return a database file and the engine that wrote it, known by its first bytes."""
    if not isinstance(path, str | Path):
        raise ToolError("the case's 'database' has to be the path of a file")
    file = _file(path, what="database", most=_MOST_DATABASE)
    with file.open("rb") as opened:
        head = opened.read(16)
    if head == b"SQLite format 3\0":
        only: Dialect = "sqlite"
    elif head[8:12] == b"DUCK":
        only = "duckdb"
    else:
        raise ToolError(f"the case's database {str(path)!r} is neither a file of SQLite nor of DuckDB")
    for log in (file.with_name(file.name + "-wal"), file.with_name(file.name + ".wal")):
        if log.is_file() and log.stat().st_size:
            raise ToolError(f"the case's database {str(path)!r} has changes in {log.name!r}: checkpoint it first")
    return file, only


def _file(path: str | Path, *, what: str, most: int) -> Path:
    file = Path(path)
    try:
        if not file.is_file():
            raise ToolError(f"the case's {what} {str(path)!r} is not a file")
        size = file.stat().st_size
    except (OSError, ValueError) as error:
        raise ToolError(f"the case's {what} {str(path)!r} cannot be read: {error}") from None
    if size > most:
        raise ToolError(f"the case's {what} {str(path)!r} is larger than {most // MiB} MiB")
    return file.resolve()


def _specs(tables: object, files: dict[str, Path]) -> Iterable[dict[str, Any]]:
    if tables is None:
        return
    if not isinstance(tables, Mapping):
        raise ToolError("the case's 'tables' has to be an object: the name of each table with its rows or its file")
    for name, given in tables.items():
        if not name or not isinstance(name, str):
            raise ToolError("a table of the case has no name")
        if isinstance(given, str | Path):
            yield _of_file(name, given, files)
        else:
            yield {"name": name, "form": "rows", **_of_rows(name, given)}


def _of_file(name: str, path: str | Path, files: dict[str, Path]) -> dict[str, Any]:
    suffix = Path(path).suffix.lower()
    if suffix != ".parquet" and suffix not in _DELIMITERS:
        raise ToolError(f"table {name!r}: {str(path)!r} does not end in .csv, .tsv or .parquet")
    inside = f"table{len(files)}{suffix}"
    files[inside] = _file(path, what=f"table {name!r},", most=_MOST_TABLE)
    if suffix == ".parquet":
        return {"name": name, "form": "parquet", "file": inside}
    return {"name": name, "form": "csv", "file": inside, "delimiter": _DELIMITERS[suffix]}


def _of_rows(name: str, given: object) -> dict[str, Any]:
    """Return columns as (name, declared type or None) and rows as lists, of any of the forms that rows may have."""
    columns: list[tuple[str, str | None]] | None = None
    rows = given
    if isinstance(given, Mapping):
        if not set(given) <= {"columns", "rows"} or "columns" not in given:
            raise ToolError(f"table {name!r}: an object has to hold 'columns' and 'rows'")
        columns = [_column(name, column) for column in _list(name, given["columns"])]
        rows = given.get("rows", [])
    listed = _list(name, rows)
    if columns is None:
        if not all(isinstance(row, Mapping) for row in listed):
            raise ToolError(f"table {name!r}: rows that are lists need 'columns' beside them")
        columns = [(column, None) for column in dict.fromkeys(key for row in listed for key in row)]
    if not columns:
        raise ToolError(f"table {name!r} has no columns: give an object with 'columns' and 'rows'")
    return {"columns": columns, "rows": [_row(name, row, [column for column, _ in columns]) for row in listed]}


def _column(table: str, given: object) -> tuple[str, str | None]:
    if isinstance(given, str):
        return given, None
    pair = list(given) if isinstance(given, Sequence) else []
    if len(pair) != 2 or not all(isinstance(part, str) for part in pair):
        raise ToolError(f"table {table!r}: a column is a name or a list of name and type, not {given!r}")
    if len(pair[1]) > 100 or not _TYPE.fullmatch(pair[1]):
        raise ToolError(f"table {table!r}: {pair[1]!r} is not the name of a type, such as INTEGER or DECIMAL(10, 2)")
    return pair[0], pair[1]


def _list(table: str, given: object) -> list[Any]:
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise ToolError(f"table {table!r}: its rows and its columns have to be lists")
    return list(given)


def _row(table: str, row: object, columns: Sequence[str]) -> list[Any]:
    if isinstance(row, Mapping):
        if unknown := [key for key in row if key not in columns]:
            raise ToolError(f"table {table!r}: a row has a field {unknown[0]!r} that 'columns' does not name")
        return [_value(row.get(column)) for column in columns]
    values = _list(table, row)
    if len(values) != len(columns):
        raise ToolError(f"table {table!r}: a row has {len(values)} values for {len(columns)} columns")
    return [_value(value) for value in values]


def _value(value: object) -> object:
    """Return a value that a cell can hold: what is nested becomes its JSON text."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    try:
        return json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        raise ToolError(f"a table of the case holds a {type(value).__name__}, which no cell can hold") from None

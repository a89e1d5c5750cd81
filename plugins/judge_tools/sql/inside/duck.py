"""DuckDB, read only: one SELECT a call, no files, no extensions, no settings, and an interrupt after some seconds.

The order of the settings matters: without a temporary directory first, external access cannot be given up. Some of
DuckDB's functions heed neither its memory limit nor an interrupt, which is why this runs in the sandbox.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from . import Refused, collect
from .reading import Column, Table, from_csv, inline, quoted, shown

_CONFIG: dict[str, Any] = {
    "threads": 1,
    "memory_limit": "192MiB",
    "temp_directory": "",
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "allow_community_extensions": False,
    "allow_unsigned_extensions": False,
    "python_enable_replacements": False,
}
_CLOSED = ("SET TimeZone = 'UTC'", "SET enable_progress_bar = false", "SET enable_external_access = false")
_NO_FILES = "SET disabled_filesystems = 'LocalFileSystem'"  # not while the database itself is being written
_LOCKED = "SET lock_configuration = true"
_SCHEMA = {"CREATE", "INSERT", "UPDATE", "DELETE", "ALTER", "DROP", "SELECT", "TRANSACTION"}
_TYPES = {"INTEGER": "BIGINT", "REAL": "DOUBLE", "TEXT": "VARCHAR", "": "VARCHAR"}
_SHORT = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER"}  # 64 bits hold them
_INTEGERS = _SHORT | {"HUGEINT", "UHUGEINT", "UBIGINT"}
_UNKNOWN = ("Table with name", "Referenced column", "Referenced table", "does not have a column named")
_BATCH = 5000


class Duck:
    """One DuckDB database, locked."""

    def __init__(self, plan: dict[str, Any]) -> None:
        path = plan["database"] or "tables.duckdb"
        self._seconds: float = plan["seconds"]
        try:
            _build(path, plan)
            self._db = duckdb.connect(path, read_only=True, config=_CONFIG)
            _lock(self._db, _NO_FILES)
            self.tables = _tables(self._db)
        except duckdb.Error as error:
            raise Refused(_first(error)) from None

    def ask(self, query: str, *, rows: int, size: int) -> dict[str, Any]:
        """Return the answer to one query, each column in the type that DuckDB gives it."""
        done = threading.Event()
        watch = threading.Thread(target=_interrupt_late, args=(self._db, self._seconds, done), daemon=True)
        watch.start()
        try:
            return self._ask(query, rows=rows, size=size)
        except (duckdb.Error, MemoryError, RuntimeError) as error:  # RuntimeError: what has no class of its own
            raise _refusal(error, self._seconds) from None
        finally:
            done.set()
            watch.join()  # or a late interrupt would hit the next query

    def _ask(self, query: str, *, rows: int, size: int) -> dict[str, Any]:
        relation = self._db.sql(self._one(query))
        types = [_short(str(kind)) for kind in relation.types]
        # As text, since Python has no value for some of DuckDB's (an interval of months, a date of year 20000).
        texts = ", ".join(f"#{place}::VARCHAR" for place in range(1, len(types) + 1))
        found_rows = relation.limit(rows + 1).project(texts).fetchall()

        def plain(value: str | None, column: int) -> Any:
            return None if value is None else _value(value, types[column])

        found = collect(found_rows, plain, rows=rows, size=size)
        return {"columns": list(relation.columns), "types": types, **found}

    def _one(self, query: str) -> duckdb.Statement:
        try:
            statements = self._db.extract_statements(query)
            kinds = [statement.type.name for statement in statements]
        except ValueError:  # a kind of statement that the Python package has no name for
            raise Refused("only queries are run here, and that is not one: write a SELECT") from None
        if not statements:
            raise Refused("that is not a query: write one SELECT statement")
        if len(statements) > 1:
            raise Refused("one statement a call: send them one after the other")
        if kinds[0] == "MULTI":
            raise Refused("that makes several statements; a PIVOT has to name its values: PIVOT … ON column IN (…)")
        if kinds[0] != "SELECT":
            raise Refused(
                f"only queries are run here, and {kinds[0]} is not one: write a SELECT. "
                "SHOW TABLES lists the tables and their columns"
            )
        return statements[0]


def _interrupt_late(db: duckdb.DuckDBPyConnection, seconds: float, done: threading.Event) -> None:
    deadline = time.process_time() + seconds
    while not done.wait(0.05):
        if time.process_time() > deadline:
            db.interrupt()


def _short(kind: str, limit: int = 80) -> str:
    kind = kind.strip('"')  # "NULL" and "json" come quoted
    return kind if len(kind) <= limit else kind[:limit] + "…"


def _value(text: str, kind: str) -> Any:
    if kind in _INTEGERS:
        return int(text)
    if kind in ("DOUBLE", "FLOAT"):
        return float(text)
    if kind == "BLOB":
        return f"x'{_blob(text).hex()}'"
    return text == "true" if kind == "BOOLEAN" else text


def _blob(text: str) -> bytes:
    """Return the bytes that DuckDB writes as text, with ``\\xHH`` for what is not plain ASCII."""
    head, *rest = text.split("\\x")
    return head.encode() + b"".join(bytes.fromhex(part[:2]) + part[2:].encode() for part in rest)


def _refusal(error: Exception, seconds: float) -> Refused:
    said = _first(error)
    if isinstance(error, duckdb.InterruptException):
        return Refused(f"the query took more than {seconds:g} s of processor time and was stopped")
    if isinstance(error, duckdb.OutOfMemoryException | MemoryError):
        broken = isinstance(error, MemoryError)  # raised by Python, at a point that nobody planned for
        return Refused(f"the query needs more memory than there is here ({_CONFIG['memory_limit']})", broken=broken)
    if isinstance(error, duckdb.PermissionException):
        return Refused("files and the network cannot be reached from here: query the tables of the case")
    if "Values were not provided" in said:
        return Refused("parameters have no values here: write the values into the query")
    lost = isinstance(error, duckdb.FatalException | duckdb.InternalException)
    return Refused(said, names=any(words in said for words in _UNKNOWN), broken=lost)


def _first(error: Exception) -> str:
    """Return what went wrong without the excerpt of the query, whose line numbers are not the query's."""
    return str(error).split("\n\nLINE ", 1)[0].strip()[:1000]


def _lock(db: duckdb.DuckDBPyConnection, *settings: str) -> None:
    for statement in (*_CLOSED, *settings, _LOCKED):
        db.execute(statement)


def _build(path: str, plan: dict[str, Any]) -> None:
    """Make the database, or add to the copy of one that the case brings: first its tables, then its schema."""
    with duckdb.connect(path, config=_CONFIG) as db:
        db.execute("SET TimeZone = 'UTC'")
        for spec in plan["tables"]:
            try:
                _make(db, spec)
            except duckdb.Error as error:
                raise Refused(f"table {spec['name']!r} cannot be made: {_first(error)}") from None
    if not plan["schema"]:
        return
    with duckdb.connect(path, config=_CONFIG) as db:
        _lock(db)
        try:
            for statement in db.extract_statements(plan["schema"]):
                if statement.type.name not in _SCHEMA:
                    raise Refused(f"the case's schema holds a statement that is not run here: {statement.type.name}")
                db.execute(statement)
        except (duckdb.Error, ValueError) as error:
            raise Refused(f"the case's schema does not work in DuckDB: {_first(error)}") from None


def _tables(db: duckdb.DuckDBPyConnection) -> list[tuple[str, list[tuple[str, str]]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, kind in db.execute(
        "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE NOT internal "
        "ORDER BY schema_oid, table_oid, column_index"
    ).fetchall():
        name = shown(table) if schema == "main" else f"{shown(schema)}.{shown(table)}"
        found.setdefault(name, []).append((shown(column), _short(kind)))
    return list(found.items())


def _make(db: duckdb.DuckDBPyConnection, spec: dict[str, Any]) -> None:
    name = quoted(spec["name"])
    if spec["form"] == "parquet":
        db.execute(f"CREATE TABLE {name} AS SELECT * FROM read_parquet($1)", [spec["file"]])
        return
    table = (
        inline(spec["name"], spec)
        if spec["form"] == "rows"
        else from_csv(spec["name"], Path(spec["file"]), delimiter=spec["delimiter"])
    )
    columns = ", ".join(f"{quoted(c.name)} {c.declared or _TYPES.get(c.type, c.type)}" for c in table.columns)
    db.execute(f"CREATE TABLE {name} ({columns})")
    values = ", ".join(f"unnest(${place}::VARCHAR[])" for place in range(1, len(table.columns) + 1))
    rows = iter(table.rows)
    while batch := list(islice(rows, _BATCH)):
        # DuckDB takes one row at a time slowly and columns of text fast; the table's own types cast them.
        db.execute(f"INSERT INTO {name} SELECT {values}", [list(map(_text, c)) for c in zip(*batch, strict=True)])


def _text(value: Any) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return value if value is None else str(value)


def from_parquet(name: str, file: str) -> Table:
    """Return the table of a Parquet file, as SQLite can hold it: dates and everything nested as text."""
    db = duckdb.connect(config=_CONFIG)
    try:
        db.execute("SET TimeZone = 'UTC'")
        described = db.execute("DESCRIBE SELECT * FROM read_parquet($1)", [file]).fetchall()
        columns = [Column(str(row[0]), _lite(str(row[1]))) for row in described]
        casts = ", ".join(f"#{place}::{_CASTS[column.type]}" for place, column in enumerate(columns, 1))
        db.execute(f"SELECT {casts} FROM read_parquet($1)", [file])
    except duckdb.Error as error:
        raise Refused(f"table {name!r} cannot be read: {_first(error)}") from None
    return Table(name, columns, _fetched(name, db))


def _lite(kind: str) -> str:
    if kind in _SHORT or kind == "BOOLEAN":
        return "INTEGER"
    if kind in ("DOUBLE", "FLOAT") or kind in _INTEGERS or kind.startswith("DECIMAL"):
        return "REAL"
    return "BLOB" if kind == "BLOB" else "TEXT"


_CASTS = {"INTEGER": "BIGINT", "REAL": "DOUBLE", "BLOB": "BLOB", "TEXT": "VARCHAR"}


def _fetched(name: str, db: duckdb.DuckDBPyConnection) -> Iterator[Sequence[Any]]:
    try:
        while rows := db.fetchmany(_BATCH):
            yield from rows
    except duckdb.Error as error:
        raise Refused(f"table {name!r} cannot be read: {_first(error)}") from None

"""SQLite, read only: an allow-list of what a statement may do, limits on its size, and a stop after some seconds.

The database is built first, from what the case brings; then it is opened again as an immutable file, and from then on
nothing but SELECT, with a list of functions, is prepared at all.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from . import Refused, collect
from .reading import INT64, Table, from_csv, inline, quoted, shown

_HEAP = 64 * 2**20
_LIMITS = {
    sqlite3.SQLITE_LIMIT_LENGTH: 5_000_000,
    sqlite3.SQLITE_LIMIT_SQL_LENGTH: 100_000,
    sqlite3.SQLITE_LIMIT_COLUMN: 500,
    sqlite3.SQLITE_LIMIT_EXPR_DEPTH: 200,
    sqlite3.SQLITE_LIMIT_COMPOUND_SELECT: 100,
    sqlite3.SQLITE_LIMIT_VDBE_OP: 250_000,
    sqlite3.SQLITE_LIMIT_FUNCTION_ARG: 100,
    sqlite3.SQLITE_LIMIT_ATTACHED: 0,
    sqlite3.SQLITE_LIMIT_LIKE_PATTERN_LENGTH: 200,
    sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER: 0,
    sqlite3.SQLITE_LIMIT_TRIGGER_DEPTH: 1,
    sqlite3.SQLITE_LIMIT_WORKER_THREADS: 0,
}
#: What may be called. Not among them: what makes large values out of nothing, loads code or writes a log.
_CALLABLE = """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg ceil ceiling char coalesce concat concat_ws cos cosh count
    cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp first_value floor
    format glob group_concat hex if ifnull iif instr json json_array json_array_length json_each json_error_position
    json_extract json_group_array json_group_object json_insert json_object json_patch json_pretty json_quote
    json_remove json_replace json_set json_tree json_type json_valid julianday lag last_value lead length like
    likelihood likely ln log log10 log2 lower ltrim max median min mod nth_value ntile nullif octet_length
    percent_rank percentile percentile_cont percentile_disc pi pow power printf quote radians random rank replace
    round row_number rtrim sign sin sinh sqlite_version sqrt strftime string_agg substr substring subtype sum tan tanh
    time timediff total trim trunc typeof unhex unicode unistr unixepoch unlikely upper
"""
_FUNCTIONS = frozenset(_CALLABLE.split())
_NO_SCHEMA = {sqlite3.SQLITE_ATTACH, sqlite3.SQLITE_DETACH, sqlite3.SQLITE_CREATE_VTABLE}
_NO_QUERY = "only queries are run here, and this does more than read, or reads settings: write a SELECT on the tables"


class Lite:
    """One SQLite database, locked."""

    def __init__(self, plan: dict[str, Any]) -> None:
        path = Path(plan["database"] or "tables.sqlite")
        self._seconds: float = plan["seconds"]
        try:
            _build(path, plan)
            self._db = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True, isolation_level=None)
            self._db.text_factory = _text
            self.tables = _tables(self._db)
            self._lock()
        except sqlite3.Error as error:
            raise Refused(str(error)) from None
        self._denied = ""
        self._deadline = 0.0

    def _lock(self) -> None:
        self._db.execute("PRAGMA trusted_schema = OFF")
        self._db.execute("PRAGMA temp_store = MEMORY")
        self._db.execute("PRAGMA query_only = ON")
        self._db.execute(f"PRAGMA hard_heap_limit = {_HEAP}")
        for limit, value in _LIMITS.items():
            self._db.setlimit(limit, value)
        with suppress(sqlite3.OperationalError):  # where SQLite was built without JSON
            # Their first use declares a table, which the allow-list would refuse.
            self._db.execute("SELECT 1 FROM json_each('[]'), json_tree('[]')").fetchall()
        self._db.set_authorizer(self._may)
        self._db.set_progress_handler(lambda: time.process_time() > self._deadline, 10_000)

    def ask(self, query: str, *, rows: int, size: int) -> dict[str, Any]:
        """Return the answer to one query; each type is what the values of its column turned out to be."""
        self._denied = ""
        self._deadline = time.process_time() + self._seconds
        cursor = self._db.cursor()
        try:
            cursor.execute(query)
            if cursor.description is None:
                raise Refused("that is not a query: write one SELECT statement")
            columns = [column[0] for column in cursor.description]
            kinds: list[set[str]] = [set() for _ in columns]

            def plain(value: Any, column: int) -> Any:
                if value is not None:
                    kinds[column].add(_KINDS[type(value)])
                return f"x'{value.hex()}'" if isinstance(value, bytes) else value

            found = collect(cursor, plain, rows=rows, size=size)
            types = ["|".join(sorted(kind)) or ("NULL" if found["rows"] else "") for kind in kinds]
            return {"columns": columns, "types": types, **found}
        except (sqlite3.Error, sqlite3.Warning, MemoryError) as error:
            raise self._refusal(error) from None
        finally:
            cursor.close()

    def _may(self, action: int, *names: str | None) -> int:
        """Say whether a statement may do this; SQLite asks while it prepares the statement."""
        if action in (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_RECURSIVE):
            return sqlite3.SQLITE_OK
        if action == sqlite3.SQLITE_FUNCTION:
            function = names[1] or ""
            if function.lower() in _FUNCTIONS:
                return sqlite3.SQLITE_OK
            self._denied = self._denied or f"the function {function}() is not available here"
        else:
            self._denied = self._denied or _NO_QUERY
        return sqlite3.SQLITE_DENY

    def _refusal(self, error: Exception) -> Refused:
        said = str(error)
        if self._denied:
            return Refused(self._denied, names=self._denied == _NO_QUERY)
        if isinstance(error, MemoryError) or said == "out of memory":
            return Refused(f"the query needs more than {_HEAP // 2**20} MiB of memory")
        if said == "interrupted":
            return Refused(f"the query took more than {self._seconds:g} s of processor time and was stopped")
        if "one statement at a time" in said:
            return Refused("one statement a call: send them one after the other")
        if "Incorrect number of bindings" in said or "variable number" in said or "too many SQL variables" in said:
            return Refused("parameters have no values here: write the values into the query")
        return Refused(said, names=said.startswith(("no such table", "no such column", "ambiguous column")))


_KINDS = {int: "INTEGER", float: "REAL", str: "TEXT", bytes: "BLOB"}


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")  # SQLite itself never checks


def _build(path: Path, plan: dict[str, Any]) -> None:
    """Make the database, or add to the copy of one that the case brings: first its tables, then its schema."""
    db = sqlite3.connect(path, isolation_level=None)
    try:
        for spec in plan["tables"]:
            _make(db, spec)
        if plan["schema"]:
            db.set_authorizer(_may_build)
            try:
                db.executescript(plan["schema"])
            except (sqlite3.Error, sqlite3.Warning) as error:
                raise Refused(f"the case's schema does not work in SQLite: {error}") from None
            db.set_authorizer(None)
            if db.in_transaction:
                db.execute("COMMIT")
    finally:
        db.close()


def _may_build(action: int, *_: str | None) -> int:
    """Let a schema make tables and rows; the PRAGMAs that dumps begin with do nothing."""
    if action == sqlite3.SQLITE_PRAGMA:
        return sqlite3.SQLITE_IGNORE
    return sqlite3.SQLITE_DENY if action in _NO_SCHEMA else sqlite3.SQLITE_OK


def _make(db: sqlite3.Connection, spec: dict[str, Any]) -> None:
    table = _read(spec)
    columns = ", ".join(f"{quoted(c.name)} {c.declared or _DECLARED.get(c.type, c.type)}" for c in table.columns)
    places = ", ".join("?" * len(table.columns))
    try:
        db.execute("BEGIN")
        db.execute(f"CREATE TABLE {quoted(table.name)} ({columns})")
        db.executemany(f"INSERT INTO {quoted(table.name)} VALUES ({places})", _stored(table))
        db.execute("COMMIT")
    except sqlite3.Error as error:
        raise Refused(f"table {table.name!r} cannot be made: {error}") from None


def _read(spec: dict[str, Any]) -> Table:
    if spec["form"] == "rows":
        return inline(spec["name"], spec)
    if spec["form"] == "csv":
        return from_csv(spec["name"], Path(spec["file"]), delimiter=spec["delimiter"])
    from .duck import from_parquet

    return from_parquet(spec["name"], spec["file"])


_DECLARED = {"BOOLEAN": "", "DATE": "TEXT", "TIMESTAMP": "TEXT"}  # of a BOOLEAN: true is 1, and 'true' stays text


def _stored(table: Table) -> Iterator[Sequence[Any]]:
    """Give the rows as SQLite takes them: a number of a CSV file becomes one, an integer past 64 bits is text."""
    casts = [{"INTEGER": int, "REAL": float}.get(c.type) if c.declared is None else None for c in table.columns]
    for row in table.rows:
        yield [
            cast(value) if cast and isinstance(value, str) else str(value) if _too_long(value) else value
            for cast, value in zip(casts, row, strict=True)
        ]


def _too_long(value: object) -> bool:
    return isinstance(value, int) and value not in INT64


def _tables(db: sqlite3.Connection) -> list[tuple[str, list[tuple[str, str]]]]:
    names = db.execute(
        "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' "
        "ORDER BY rowid"
    ).fetchall()
    found: list[tuple[str, list[tuple[str, str]]]] = []
    for (name,) in names:
        columns: list[tuple[str, str]] = []
        with suppress(sqlite3.Error):  # a view that does not work is listed without its columns
            columns = db.execute("SELECT name, type FROM pragma_table_xinfo(?) WHERE hidden <> 1", (name,)).fetchall()
        found.append((shown(name), [(shown(column), kind) for column, kind in columns]))
    return found

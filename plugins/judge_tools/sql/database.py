"""A database made of what a case brings, alive in the sandbox while it is asked: loaded once, then only read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pydantic import model_validator

from judge.errors import ToolError
from judge.sandbox import Failed, Limits, Program, Running, Sandbox
from judge.types import Record
from judge_tools.sql.results import Cell, ResultSet
from judge_tools.sql.tables import Dialect, Tables

MiB = 2**20
#: Seconds of the processor for a query, after which the engine is asked to stop.
SECONDS = 2.0
#: The most that one answer may hold before it is cut for a reader.
ROWS = 200
SIZE = 256 * 1024
_LONGEST_QUERY = 20_000


class _Reply(Record):
    """What comes out of the sandbox, checked, since nobody in there is believed."""

    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: tuple[tuple[Cell, ...], ...] = ()
    truncated: bool = False
    error: str = ""
    names: bool = False
    broken: bool = False
    tables: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()

    @model_validator(mode="after")
    def _rectangular(self) -> Self:
        if {len(self.columns)} != {len(self.types), *map(len, self.rows), len(self.columns)}:
            raise ValueError("rows of different lengths")
        return self


_INSIDE = "judge_tools.sql.inside"
_PROGRAMS: dict[Dialect, Program[_Reply]] = {
    "sqlite": Program(f"{_INSIDE}.main:Desk", answers=_Reply, ships=(_INSIDE,), loads=("sqlite3",)),
    "duckdb": Program(f"{_INSIDE}.main:Desk", answers=_Reply, ships=(_INSIDE,), loads=("duckdb",)),
}


class Database:
    """Answers queries on the tables of one case; a context manager that ends what it started.

    Each dialect has a database of its own, made when it is first asked, and one of them is alive at a time. A query
    that had to be killed takes it down; the next one finds it made anew. Not for use by several threads at once.
    `seconds` of the processor are for each query; an engine that does not heed that is killed after twice as many and
    one more, which is also the limit for loading.
    """

    def __init__(self, tables: Tables, *, sandbox: Sandbox | None = None, seconds: float = SECONDS) -> None:
        self.tables = tables
        self._seconds = seconds
        self._sandbox = sandbox
        self._running: Running[_Reply] | None = None
        self._open: Dialect | None = None
        self._listed: dict[Dialect, str] = {}
        self._hopeless: dict[Dialect, str] = {}  # why a database cannot be made: it is not tried twice

    def ask(self, query: str, *, dialect: Dialect | None = None, rows: int = ROWS, size: int = SIZE) -> ResultSet:
        """Return the answer to one query. Raises ToolError in words for the model."""
        wanted = self._dialect(dialect)
        if problem := _unfit(query):
            raise ToolError(problem)
        self._need(wanted)
        reply = self._said({"query": query, "rows": rows, "size": size}, what="the query")
        if reply.broken:
            self.close()
        if reply.error:
            raise ToolError(f"{reply.error[:1000]}. {self._listed[wanted]}" if reply.names else reply.error[:1000])
        return ResultSet(columns=reply.columns, types=reply.types, rows=reply.rows, truncated=reply.truncated)

    def listing(self, dialect: Dialect | None = None) -> str:
        """Return the tables with their columns and types, in one line. Raises ToolError when they cannot be loaded."""
        wanted = self._dialect(dialect)
        self._need(wanted)
        return self._listed[wanted]

    def close(self) -> None:
        """End the process in the sandbox; a later query starts another."""
        if self._running is not None:
            self._running.close()
        self._running = self._open = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _dialect(self, dialect: Dialect | None) -> Dialect:
        if dialect and self.tables.only and dialect != self.tables.only:
            raise ToolError(f"the database of this case can only be queried with the dialect {self.tables.only!r}")
        return dialect or self.tables.dialect

    def _need(self, dialect: Dialect) -> None:
        """Make the database of a dialect, unless it is there."""
        if self._open == dialect:
            return
        self.close()
        if problem := self._hopeless.get(dialect):
            raise ToolError(problem)
        try:
            self._running = self._start(dialect)
            loaded = self._said({"dialect": dialect}, what="loading the tables of this case")
        except (OSError, ValueError) as problem:  # a file has changed since the case was read
            self.close()
            self._hopeless[dialect] = f"the tables of this case cannot be read: {problem}"
            raise ToolError(self._hopeless[dialect]) from None
        except ToolError as problem:
            self._hopeless[dialect] = str(problem)
            raise
        if loaded.error:
            self.close()
            self._hopeless[dialect] = f"the tables of this case cannot be loaded: {loaded.error[:1000]}"
            raise ToolError(self._hopeless[dialect])
        self._listed[dialect] = _listing(loaded.tables)
        self._open = dialect

    @cached_property
    def _limits(self) -> Limits:
        hard = 2 * self._seconds + 1
        # Time by the clock is only for what hangs: a machine may be busy. Beside the files there is what is made of
        # them: a database, and its log while it is written.
        disk = 3 * self.tables.size() + 32 * MiB
        return Limits(
            seconds=max(20, 4 * hard), cpu_seconds=hard, memory_bytes=384 * MiB, output_bytes=MiB, disk_bytes=disk
        )

    def _start(self, dialect: Dialect) -> Running[_Reply]:
        plan = json.dumps({**self.tables.plan, "seconds": self._seconds})
        files: dict[str, str | Path] = {**self.tables.files, "plan.json": plan}
        return _PROGRAMS[dialect].open(limits=self._limits, files=files, sandbox=self._sandbox)

    def _said(self, question: dict[str, Any], *, what: str) -> _Reply:
        """Return the reply of the process that is alive, which a failure ends."""
        assert self._running is not None
        reply = self._running.ask(question)
        if not isinstance(reply, Failed):
            return reply
        self.close()
        if reply.cause == "sandbox":
            raise ToolError(f"SQL cannot be run here: {reply.message}")
        raise ToolError(reply.sentence(what))


def _unfit(query: str) -> str | None:
    """Return why a query is not even tried."""
    if len(query) > _LONGEST_QUERY:
        return f"the query has {len(query):,} characters, and {_LONGEST_QUERY:,} are allowed"
    if "\0" in query or any("\ud800" <= c <= "\udfff" for c in query):
        return "the query holds a character that is no text (NUL, or half of a surrogate pair)"
    return None


def _listing(tables: Sequence[tuple[str, Sequence[tuple[str, str]]]], *, most: int = 1500) -> str:
    if not tables:
        return "This case has no tables: only queries without tables work, such as SELECT 1 + 1."
    described = [
        f"{name}({', '.join(f'{column} {kind}'.strip() for column, kind in columns)})" for name, columns in tables
    ]
    text = "The tables are: " + ", ".join(described)
    return text if len(text) <= most else f"{text[:most]}… ({len(tables)} tables in all)"

"""The tool ``sql`` as a model sees it, and ``sql_query`` for Python callers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field

from judge import Case, Serving, Tool, ToolError
from judge.sandbox import Sandbox
from judge_tools.sql.database import ROWS, Database
from judge_tools.sql.results import ResultSet
from judge_tools.sql.tables import Dialect, Tables

_SHOWN = 3800
_LISTINGS = frozenset({"show tables", "tables", ".tables", ".schema"})


class Arguments(BaseModel):
    """One query."""

    query: str = Field(description="one SELECT (WITH, VALUES too), or SHOW TABLES for the tables and their columns")
    dialect: Dialect | None = Field(
        default=None,
        description="how the query is written: 'sqlite' or 'duckdb'; null for what the case's tables are in",
    )
    format: Literal["text", "json"] = Field(
        default="text", description="'text' for a compact table, 'json' for the same rows as JSON"
    )


class Brought(BaseModel):
    """What a call brings where there is no case to do so: rows and statements, and no path of a file."""

    tables: dict[str, list[dict[str, str | int | float | bool | None]]] = Field(
        default={}, description="for each table its rows, as objects"
    )
    schema_: str = Field(default="", alias="schema", description="CREATE TABLE and INSERT statements")


class Sql(Tool):
    """Runs one read-only query a call on the tables of the case, in SQLite or DuckDB, inside the sandbox."""

    name = "sql"
    description = (
        "Run one read-only SQL query on the tables that belong to the case, in SQLite or DuckDB: to see what a query "
        "in the answer really gives, or to look a fact up in the data. Not for changing data, files, settings or "
        "several statements, and not for arithmetic without tables, which python does better. Call it with the query "
        "SHOW TABLES first. Example: "
        '{"query": "SELECT city, count(*) AS n FROM people GROUP BY city ORDER BY n DESC", "dialect": null, '
        '"format": "text"}. The answer names each column with its type, then one line a row; NULL is bare, "" is an '
        f"empty text; at most {ROWS} rows are shown, so aggregate or use LIMIT. Without ORDER BY rows have no order. "
        "An error says what to change, and lists the tables when a name is unknown."
    )
    Arguments = Arguments
    serving = Serving(
        "Query tables",
        sandboxed=True,
        Brings=Brought,
        beside="Here there is no case: the tables of a query are those that 'tables' and 'schema' bring with the same "
        "call.",
    )

    def run(self, arguments: BaseModel, /) -> str:
        """Return the answer to a query that needs no tables. Raises ToolError in words for the model."""
        with Database(Tables()) as database:
            return Asking(database, None).run(arguments)

    @contextmanager
    def open(self, case: Case, /) -> Iterator[Asking]:
        """Give, for one vote, the tool that sees the tables of a case; they load at the first query."""
        problem = None
        try:
            tables = Tables.of(case)
        except ToolError as error:  # said at each call: a vote may not need the tables at all
            tables, problem = Tables(), str(error)
        with Database(tables) as database:
            yield Asking(database, problem)


class Asking(Sql):
    """The tool with the tables of one case, or with the problem that keeps them from being read."""

    def __init__(self, database: Database, problem: str | None) -> None:
        self._database = database
        self._problem = problem

    def run(self, arguments: BaseModel, /) -> str:
        """Return the answer to a query. Raises ToolError in words for the model."""
        assert isinstance(arguments, Arguments)
        if self._problem:
            raise ToolError(f"the tables of this case cannot be read: {self._problem}")
        if " ".join(arguments.query.lower().rstrip("; \n").split()) in _LISTINGS:
            return self._database.listing(arguments.dialect)
        answer = self._database.ask(arguments.query, dialect=arguments.dialect).fitted(_SHOWN)
        return answer.json() if arguments.format == "json" else answer.text()


def sql_query(
    query: str,
    *,
    tables: Mapping[str, object] | None = None,
    schema: str | None = None,
    database: str | Path | None = None,
    dialect: Dialect | None = None,
    rows: int = ROWS,
    sandbox: Sandbox | None = None,
) -> ResultSet:
    """Return the answer to one query over some tables, which have the forms that a case's inputs have.

    `rows` is the most that are returned; `ResultSet.truncated` says that there are more. For several queries over the
    same tables use ``Database``. Raises ToolError for whatever keeps the query from an answer.

    >>> print(sql_query("SELECT sum(n) AS total FROM t", tables={"t": [{"n": 1}, {"n": 41}]}).text())
    total INTEGER
    42
    (1 row)
    """
    given = Tables.read(tables=tables, schema=schema, database=database)
    with Database(given, sandbox=sandbox) as opened:
        return opened.ask(query, dialect=dialect, rows=rows)

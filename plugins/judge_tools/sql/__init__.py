"""``sql``: read-only queries on the tables that a case brings, in SQLite or DuckDB, inside the sandbox.

A case brings its tables in its inputs, in any of these ways and several at once:

``tables``
    An object that maps the name of each table to its rows or its file::

        {"people": [{"name": "Ann", "age": 31}, {"name": "Bob"}],
         "pets": {"columns": ["owner", "pet"], "rows": [["Ann", "cat"]]},
         "sales": {"columns": [["day", "DATE"], ["total", "DECIMAL(10, 2)"]], "rows": [["2024-01-31", "9.90"]]},
         "cities": "data/cities.csv",
         "trips": "data/trips.parquet"}

    Rows are objects (a missing field is NULL) or lists with ``columns`` beside them; a column may declare its type,
    else its values decide. A path ends in ``.csv`` or ``.tsv`` (UTF-8, the first line names the columns, an empty
    field is NULL, numbers and in DuckDB dates are recognised) or in ``.parquet``; 16 MiB at most.
``schema``
    Text of CREATE TABLE, CREATE VIEW and INSERT statements, in the dialect that is queried. It is run after
    ``tables`` are made, and may read them but not make them again.
``database``
    The path of a SQLite or DuckDB file, 256 MiB at most, which is then queried in its own dialect. It is copied; the
    file itself is never written. ``tables`` and ``schema`` are added to the copy.
``dialect``
    ``"sqlite"`` (the default) or ``"duckdb"``: what a query is in when the model does not say.

Relative paths are found from the folder of the case file. A path in a case is read by whoever runs `judge`: only files
that are what their name or first bytes say can be reached, but cases from a stranger deserve a look before they run.

Not covered: writing of any kind, PRAGMA and EXPLAIN, several statements in one call, parameters, other databases'
dialects, Excel and JSON files, and DuckDB's PIVOT without IN. ``random()`` and the current time differ between calls.
"""

from judge_tools.sql.database import Database
from judge_tools.sql.results import Cell, ResultSet
from judge_tools.sql.tables import Dialect, Tables
from judge_tools.sql.tool import Arguments, Sql, sql_query

__all__ = ["Arguments", "Cell", "Database", "Dialect", "ResultSet", "Sql", "Tables", "sql_query"]

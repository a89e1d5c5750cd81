"""Where tables come from: rows in the case, CSV and Parquet files, schemas, database files; and what is refused."""

from __future__ import annotations

import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pytest
from judge_tools.sql import Arguments, Database, Dialect, Sql, Tables, sql_query

from judge import Case, ToolError

BOTH: list[Dialect] = ["sqlite", "duckdb"]


@pytest.mark.parametrize("dialect", BOTH)
@pytest.mark.parametrize(
    "rows",
    [
        [{"a": 1, "b": "x"}, {"b": None, "a": 2}, {"a": 3}],
        {"columns": ["a", "b"], "rows": [[1, "x"], [2, None], [3, None]]},
        {"columns": [["a", "INTEGER"], ["b", "VARCHAR(10)"]], "rows": [[1, "x"], [2, None], {"a": 3}]},
    ],
)
def test_the_forms_of_rows_mean_the_same(dialect: Dialect, rows: Any) -> None:
    answer = sql_query("SELECT a, b FROM t ORDER BY a", tables={"t": rows}, dialect=dialect)
    assert answer.rows == ((1, "x"), (2, None), (3, None))


@pytest.mark.parametrize(
    ("values", "lite", "duck"),
    [
        ([1, None], ("INTEGER", 1), ("BIGINT", 1)),
        ([1, 2.5], ("REAL", 1.0), ("DOUBLE", 1.0)),
        ([True, False], ("INTEGER", 1), ("BOOLEAN", True)),
        (["1"], ("TEXT", "1"), ("VARCHAR", "1")),
        (["007", 7], ("TEXT", "007"), ("VARCHAR", "007")),
        ([2**63], ("TEXT", str(2**63)), ("VARCHAR", str(2**63))),
        ([2**63 - 1], ("INTEGER", 2**63 - 1), ("BIGINT", 2**63 - 1)),
        ([[1, {"k": None}]], ("TEXT", '[1, {"k": null}]'), ("VARCHAR", '[1, {"k": null}]')),
        ([1e300], ("REAL", 1e300), ("DOUBLE", 1e300)),
    ],
)
def test_the_type_of_a_column_comes_from_its_values(values: Any, lite: Any, duck: Any) -> None:
    tables = {"t": {"columns": ["v"], "rows": [[value] for value in values]}}
    for dialect, (kind, first) in zip(BOTH, (lite, duck), strict=True):
        answer = sql_query("SELECT v FROM t LIMIT 1", tables=tables, dialect=dialect)
        assert answer.types == (kind,)
        assert answer.rows == ((first,),) and type(answer.rows[0][0]) is type(first)


CSV = """\ufeffcity,pop,lat,founded,zip,flag,note
Zürich,434335,47.37,1901-02-03,08001,true,1
"a, b",,8,2000-01-01,1234,FALSE,x
東京,13960000,-35.6,,5
"""


@pytest.mark.parametrize("dialect", BOTH)
def test_a_csv_file_has_typed_columns_and_nulls(tmp_path: Path, dialect: Dialect) -> None:
    (tmp_path / "c.csv").write_text(CSV, encoding="utf-8")
    (tmp_path / "t.TSV").write_text('a\tb\n1\t"x\ty"\n', encoding="utf-8")
    tables = {"c": str(tmp_path / "c.csv"), "t": tmp_path / "t.TSV"}
    with Database(Tables.read(tables=tables, dialect=dialect)) as database:
        answer = database.ask("SELECT city, pop, lat, zip, note FROM c ORDER BY lat")
        assert answer.rows == (
            ("東京", 13960000, -35.6, "5", None),
            ("a, b", None, 8.0, "1234", "x"),
            ("Zürich", 434335, 47.37, "08001", "1"),
        )
        assert database.ask("SELECT * FROM t").rows == ((1, "x\ty"),)
        typed = database.ask("SELECT founded, flag FROM c WHERE pop = 434335")
    expected = ("1901-02-03", "true") if dialect == "sqlite" else ("1901-02-03", True)
    assert typed.rows == (expected,)
    assert typed.types == (("TEXT", "TEXT") if dialect == "sqlite" else ("DATE", "BOOLEAN"))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "the file is empty"),
        (b"a,b\n1,2,3\n", "line 2 has 3 fields, the first 2"),
        (b"a\n\xff\n", "not UTF-8"),
        (b"a,a\n1,2\n", "cannot be made"),
    ],
)
def test_a_broken_csv_file_is_named_with_its_problem(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "c.csv").write_bytes(content)
    for dialect in BOTH:
        with pytest.raises(ToolError, match=words):
            sql_query("SELECT 1", tables={"c": str(tmp_path / "c.csv")}, dialect=dialect)


@pytest.mark.parametrize("dialect", BOTH)
def test_a_parquet_file_is_read(tmp_path: Path, dialect: Dialect) -> None:
    path = tmp_path / "p.parquet"
    with duckdb.connect() as db:
        db.execute(
            "COPY (SELECT i::INTEGER AS i, i / 4 AS q, (i / 10)::DECIMAL(6, 2) AS d, "
            "DATE '2024-01-01' + i::INTEGER AS day, [i, NULL] AS l, "
            "CASE WHEN i > 1 THEN 'é' || i END AS t, i = 1 AS b, 'z'::BLOB AS z "
            f"FROM range(12000) AS r(i)) TO '{path}' (FORMAT parquet)"
        )
    answer = sql_query("SELECT * FROM p WHERE i IN (1, 11999) ORDER BY i", tables={"p": path}, dialect=dialect)
    last = date.fromordinal(date(2024, 1, 1).toordinal() + 11999).isoformat()
    if dialect == "duckdb":
        assert answer.rows[0] == (1, 0.25, "0.10", "2024-01-02", "[1, NULL]", None, True, "x'7a'")
        assert answer.rows[1][:4] == (11999, 2999.75, "1199.90", last)
    else:
        assert answer.rows[0] == (1, 0.25, 0.1, "2024-01-02", "[1, NULL]", None, 1, "x'7a'")
        assert answer.rows[1][:4] == (11999, 2999.75, 1199.9, last)
        assert answer.types[:4] == ("INTEGER", "REAL", "REAL", "TEXT")


@pytest.mark.parametrize("dialect", BOTH)
def test_a_schema_with_sample_rows_is_run(dialect: Dialect) -> None:
    schema = """
        BEGIN TRANSACTION;
        CREATE TABLE a (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL, day DATE);
        INSERT INTO a VALUES (1, 'x;y', '2024-01-31'), (2, 'z', NULL);
        CREATE VIEW v AS SELECT count(*) AS n FROM a;
        COMMIT;
    """
    tables = {"extra": [{"k": 2}]}
    answer = sql_query("SELECT name, n FROM a JOIN extra ON k = id, v", schema=schema, tables=tables, dialect=dialect)
    assert answer.rows == (("z", 2),)


def _databases(folder: Path) -> dict[Dialect, Path]:
    paths: dict[Dialect, Path] = {"sqlite": folder / "l.db", "duckdb": folder / "d.bin"}
    lite = sqlite3.connect(paths["sqlite"])
    lite.execute("CREATE TABLE t (n INTEGER)")
    lite.execute("INSERT INTO t VALUES (41)")
    lite.commit()
    lite.close()
    with duckdb.connect(str(paths["duckdb"])) as duck:
        duck.execute("CREATE SCHEMA other; CREATE TABLE other.t AS SELECT 1 AS n; CREATE TABLE t AS SELECT 41 AS n")
    return paths


@pytest.mark.parametrize("dialect", BOTH)
def test_a_database_file_is_queried_in_its_own_dialect_and_stays_as_it_is(tmp_path: Path, dialect: Dialect) -> None:
    path = _databases(tmp_path)[dialect]
    before = path.read_bytes()
    case = Case(response="x", inputs={"database": str(path), "tables": {"extra": [{"k": 1}]}})
    with Sql().open(case) as tool:
        assert tool.run(Arguments(query="SELECT n + k AS s FROM t, extra")).endswith("42\n(1 row)")
        assert ("other.t" in tool.run(Arguments(query="SHOW TABLES"))) == (dialect == "duckdb")
        other: Dialect = "duckdb" if dialect == "sqlite" else "sqlite"
        with pytest.raises(ToolError, match="can only be queried with the dialect"):
            tool.run(Arguments(query="SELECT 1", dialect=other))
    assert path.read_bytes() == before
    assert sorted(file.name for file in tmp_path.iterdir()) == ["d.bin", "l.db"]


def test_a_database_with_changes_beside_it_is_refused(tmp_path: Path) -> None:
    lite = sqlite3.connect(tmp_path / "w.db")
    lite.execute("PRAGMA journal_mode = WAL")
    lite.execute("CREATE TABLE t (n INTEGER)")
    lite.commit()
    with pytest.raises(ToolError, match="checkpoint it first"):
        Tables.read(database=tmp_path / "w.db")
    lite.close()
    assert sql_query("SELECT count(*) FROM t", database=tmp_path / "w.db").rows == ((0,),)


def test_paths_are_relative_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "c.csv").write_text("a\n5\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert sql_query("SELECT a FROM c", tables={"c": "data/c.csv"}).rows == ((5,),)


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"database": "missing.db"}, "'missing.db' is not a file"),
        ({"database": __file__}, "neither a file of SQLite nor of DuckDB"),
        ({"database": 7}, "the path of a file"),
        ({"tables": {"a": __file__}}, "does not end in .csv, .tsv or .parquet"),
        ({"tables": {"a": "missing.csv"}}, "is not a file"),
        ({"tables": [1]}, "has to be an object"),
        ({"tables": {"": [{"a": 1}]}}, "has no name"),
        ({"tables": {"a": []}}, "has no columns"),
        ({"tables": {"a": [[1]]}}, "need 'columns'"),
        ({"tables": {"a": 1}}, "have to be lists"),
        ({"tables": {"a": {"rows": []}}}, "'columns' and 'rows'"),
        ({"tables": {"a": {"columns": ["x"], "rows": [[1, 2]]}}}, "2 values for 1 columns"),
        ({"tables": {"a": {"columns": ["x"], "rows": [{"y": 1}]}}}, "a field 'y'"),
        ({"tables": {"a": {"columns": [["x", "INT); DROP TABLE a; --"]], "rows": []}}}, "not the name of a type"),
        ({"tables": {"a": {"columns": [1], "rows": []}}}, "a list of name and type"),
        ({"tables": {"a": {"columns": ["x", "X"], "rows": []}}}, "cannot be made"),
        ({"schema": "CREATE TABEL x"}, "the case's schema does not work"),
        ({"schema": ["CREATE TABLE x (a)"]}, "has to be text"),
        ({"dialect": "oracle"}, "'sqlite' or 'duckdb'"),
    ],
)
def test_what_cannot_be_meant_is_said_at_each_call(inputs: dict[str, Any], words: str) -> None:
    with Sql().open(Case(response="x", inputs=inputs)) as tool:
        for _ in range(2):
            with pytest.raises(ToolError) as problem:
                tool.run(Arguments(query="SELECT 1"))
            assert words in str(problem.value)


@pytest.mark.parametrize("dialect", BOTH)
def test_names_of_any_kind_are_quoted(dialect: Dialect) -> None:
    tables = {'a"b; DROP': [{"x y": 1, "東": 2, "select": 3}]}
    answer = sql_query('SELECT "x y", "東", "select" FROM "a""b; DROP"', tables=tables, dialect=dialect)
    assert answer.columns == ("x y", "東", "select") and answer.rows == ((1, 2, 3),)


def test_a_view_that_does_not_work_hides_nothing_else(tmp_path: Path) -> None:
    lite = sqlite3.connect(tmp_path / "l.db")
    lite.executescript("CREATE TABLE t (n INTEGER); CREATE VIEW v AS SELECT * FROM gone; INSERT INTO t VALUES (3);")
    lite.close()
    with Database(Tables.read(database=tmp_path / "l.db")) as database:
        assert database.listing() == "The tables are: t(n INTEGER), v()"
        assert database.ask("SELECT n FROM t").rows == ((3,),)
        with pytest.raises(ToolError, match="no such table"):
            database.ask("SELECT * FROM v")


@pytest.mark.parametrize("dialect", BOTH)
def test_a_file_that_has_changed_since_the_case_was_read_is_an_error_in_words(tmp_path: Path, dialect: Dialect) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a\n1\n", encoding="utf-8")
    tables = Tables.read(tables={"t": path})
    with Database(tables) as database:
        assert database.ask("SELECT a FROM t", dialect="sqlite").rows == ((1,),)
        path.unlink()
        path.mkdir()
        with pytest.raises(ToolError, match=r"the tables of this case cannot be read: .*directory"):
            Database(tables).ask("SELECT a FROM t", dialect=dialect)

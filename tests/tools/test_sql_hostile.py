"""Statements that are meant to do harm: every one is stopped with a sentence, or ends within the limits.

``outcome`` of a line in the table is ``error`` where a ToolError has to come, and ``bounded`` where an answer may come
that is as small as any other. A query may be a list of texts and of [text, how often] pairs. The tables are the same
afterwards, and an honest query still works.
"""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import duckdb
import pytest
from judge_tools.sql import Arguments, Database, Dialect, Sql, Tables
from sql_people import CASES, TABLES

from judge import Case, ToolError


def _spelt(query: str | list[Any]) -> str:
    parts = [query] if isinstance(query, str) else query
    return "".join(part if isinstance(part, str) else part[0] * part[1] for part in parts)


HOSTILE = [json.loads(line) for line in (CASES / "sql_hostile.jsonl").read_text(encoding="utf-8").splitlines()]
QUERIES = [_spelt(case["query"]) for case in HOSTILE]
FAMILIES = sorted({(case["dialect"], case["family"]) for case in HOSTILE})


@pytest.mark.sampled(8)
@pytest.mark.parametrize(("dialect", "family"), FAMILIES)
def test_every_statement_of_a_family_is_stopped(dialect: Dialect, family: str) -> None:
    # Little time, since most of these take all they get; memory needs some time to be filled.
    seconds = 0.5 if family == "memory" else 0.2
    with Database(Tables.read(tables=TABLES), seconds=seconds) as database:
        for case, query in zip(HOSTILE, QUERIES, strict=True):
            if (case["dialect"], case["family"]) == (dialect, family):
                _try(database, case, query)
        assert database.ask("SELECT count(*), sum(salary) FROM people", dialect=dialect).rows == ((5, 174000.5),)
        assert database.listing(dialect).count("(id") == 2


def _try(database: Database, case: dict[str, Any], query: str) -> None:
    try:
        answer = database.ask(query, dialect=case["dialect"]).fitted(3800)
    except ToolError as error:
        assert 5 < len(str(error)) < 3000, case
    else:
        assert case["outcome"] == "bounded", (case, answer)
        assert len(answer.rows) <= 200 and len(answer.text()) <= 3800 and len(answer.json()) <= 3800


def test_the_table_is_large_enough() -> None:
    distinct = {(case["dialect"], query) for case, query in zip(HOSTILE, QUERIES, strict=True)}
    assert len(distinct) == len(HOSTILE) > 250
    assert {case["outcome"] for case in HOSTILE} == {"error", "bounded"}


def test_without_the_walls_the_engines_do_what_they_are_told(tmp_path: Path) -> None:
    """The control: what is refused above is refused by the tool, not for some other reason."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden")
    with duckdb.connect() as duck:
        assert duck.execute("SELECT content FROM read_text(?)", [str(secret)]).fetchall() == [("hidden",)]
        duck.execute(f"COPY (SELECT 1) TO '{tmp_path / 'out.csv'}'")
    lite = sqlite3.connect(":memory:")
    assert lite.execute("SELECT length(zeroblob(1000))").fetchall() == [(1000,)]
    lite.execute(f"ATTACH '{tmp_path / 'x.db'}' AS x")
    lite.execute("CREATE TABLE x.t (a)")
    lite.close()
    assert {path.name for path in tmp_path.iterdir()} == {"secret.txt", "out.csv", "x.db"}
    with Sql().open(Case(response="x")) as tool:
        for query, dialect in [
            (f"SELECT content FROM read_text('{secret}')", "duckdb"),
            (f"COPY (SELECT 1) TO '{tmp_path / 'out2.csv'}'", "duckdb"),
            (f"ATTACH '{tmp_path / 'y.db'}' AS y", "sqlite"),
        ]:
            with pytest.raises(ToolError):
                tool.run(Arguments.model_validate({"query": query, "dialect": dialect}))
    assert {path.name for path in tmp_path.iterdir()} == {"secret.txt", "out.csv", "x.db"}


@pytest.mark.sampled(8)
@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
@pytest.mark.parametrize(
    "schema",
    [
        "ATTACH '/tmp/x' AS x",
        "CREATE TABLE t (a INTEGER); ATTACH ':memory:' AS x",
        "CREATE TABLE t (a INTEGER); INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i FROM n",
        "COPY (SELECT 1) TO '/tmp/x'",
        "INSTALL httpfs",
        "CREATE TABLE t AS SELECT * FROM read_text('/etc/passwd')",
        "CREATE VIRTUAL TABLE t USING fts5(x)",
        "SELECT load_extension('x')",
    ],
)
def test_a_schema_cannot_do_harm_either(dialect: Dialect, schema: str) -> None:
    with Database(Tables.read(schema=schema), seconds=0.2) as database, pytest.raises(ToolError, match="this case"):
        database.listing(dialect)

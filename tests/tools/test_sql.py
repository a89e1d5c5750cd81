"""Queries on the tables of a case: honest ones give what was worked out by hand, in both dialects and both forms."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from judge_tools.sql import Arguments, Database, Dialect, ResultSet, Sql, Tables, sql_query
from sql_people import CASES, TABLES

from judge import Case, ToolError

pytestmark = pytest.mark.xdist_group("sql")  # its fixtures are made once


def _honest() -> Iterator[Any]:
    for number, line in enumerate((CASES / "sql_honest.jsonl").read_text(encoding="utf-8").splitlines(), 1):
        case = json.loads(line)
        for dialect in [case["dialect"]] if "dialect" in case else ["sqlite", "duckdb"]:
            yield pytest.param(case, dialect, id=f"{number}-{dialect}-{case['about']}")


@pytest.fixture(scope="module")
def databases() -> Iterator[dict[Dialect, Database]]:
    with Database(Tables.read(tables=TABLES)) as lite, Database(Tables.read(tables=TABLES)) as duck:
        yield {"sqlite": lite, "duckdb": duck}


@pytest.mark.parametrize(("case", "dialect"), list(_honest()))
def test_an_honest_query_gives_what_was_worked_out(
    databases: dict[Dialect, Database], case: dict[str, Any], dialect: Dialect
) -> None:
    answer = databases[dialect].ask(case["query"], dialect=dialect)
    if "columns" in case:
        assert list(answer.columns) == case["columns"]
    if "rows" in case:
        rows = [list(row) for row in answer.rows]
        assert rows == case["rows"]
        assert [list(map(type, row)) for row in rows] == [list(map(type, row)) for row in case["rows"]]
    assert not answer.truncated
    assert len(answer.types) == len(answer.columns)
    said = json.loads(answer.json())
    assert [tuple(row) for row in said["rows"]] == list(answer.rows)
    assert len(answer.text().splitlines()) == len(answer.rows) + 2


def _asked(query: str, *, format: str = "text", dialect: Dialect | None = None, **inputs: Any) -> str:
    with Sql().open(Case(response="x", inputs=inputs)) as tool:
        return tool.run(Arguments.model_validate({"query": query, "format": format, "dialect": dialect}))


def _refused(query: str, *, dialect: Dialect | None = None, **inputs: Any) -> str:
    with pytest.raises(ToolError) as problem:
        _asked(query, dialect=dialect, **inputs)
    return str(problem.value)


def test_text_tells_null_from_empty_and_numbers_from_texts() -> None:
    answer = ResultSet(
        columns=("a", "b c", ""),
        types=("VARCHAR", "DECIMAL(3,2)", "INTEGER|TEXT"),
        rows=(
            ("", "1.50", 1),
            (None, None, "1"),
            ("NULL", "0.10", "x|y"),
            ('"q" ', "9.00", "a\nb"),
            ("it's", "1.00", "-"),
        ),
    )
    assert answer.text().splitlines() == [
        'a VARCHAR | b c DECIMAL(3,2) | "" INTEGER|TEXT',
        '"" | 1.50 | 1',
        'NULL | NULL | "1"',
        '"NULL" | 0.10 | "x|y"',
        '"\\"q\\" " | 9.00 | "a\\nb"',
        "it's | 1.00 | -",
        "(5 rows)",
    ]


def test_what_cannot_be_seen_is_escaped_and_json_stays_json() -> None:
    hidden = "a\u202eb\u200bc\x7f\U000e0041"
    answer = ResultSet(
        columns=("x",), types=("TEXT",), rows=((hidden,), (float("nan"),), (float("-inf"),), (2**70,), (True,))
    )
    assert answer.text().isascii() and answer.json().isascii()
    said = json.loads(answer.json(), parse_constant=lambda name: pytest.fail(name))
    assert said["rows"] == [[hidden], ["NaN"], ["-Infinity"], [2**70], [True]]
    assert answer.text().splitlines()[1:6] == [
        '"a\\u202eb\\u200bc\\u007f\\udb40\\udc41"', "nan", "-inf", str(2**70), "true",
    ]  # fmt: skip


@pytest.mark.parametrize("form", ["text", "json"])
def test_both_forms_show_the_same_rows_of_a_long_answer(form: str) -> None:
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, 'some text ' || i AS t FROM n"
    said = _asked(query, format=form)
    assert len(said) <= 3800
    if form == "json":
        rows = json.loads(said)["rows"]
        assert json.loads(said)["truncated"] is True
        count = len(rows)
        assert rows == [[i, f"some text {i}"] for i in range(1, count + 1)]
    else:
        *rows, last = said.splitlines()[1:]
        count = len(rows)
        assert last == f"(the first {count} rows; there are more)"
    other = _asked(query, format="json" if form == "text" else "text")
    assert count == (len(json.loads(other)["rows"]) if form == "text" else len(other.splitlines()) - 2)
    assert 100 < count <= 200


def test_rows_and_characters_are_capped_for_python_callers_too() -> None:
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 300) SELECT i FROM n"
    assert len(sql_query(query).rows) == 200 and sql_query(query).truncated
    whole = sql_query(query, rows=300)
    assert len(whole.rows) == 300 and not whole.truncated
    wide = "SELECT replace('aaaaaaaaaa', 'a', '0123456789') AS x FROM people a, people b, people c, people d, people e"
    with Database(Tables.read(tables=TABLES)) as database:
        some = database.ask(wide, size=1000)
        assert len(some.rows) == 10 and some.truncated
        with pytest.raises(ToolError, match="the first row alone holds 100 characters and at most 99"):
            database.ask(wide, size=99)


def test_a_long_text_is_clipped_and_says_by_how_much() -> None:
    said = _asked("SELECT replace('aaaaaaaaaa', 'a', '" + "x" * 100 + "') AS t")
    assert said.splitlines()[1] == "x" * 500 + "… (+500 characters)"
    problem = _refused("SELECT " + ", ".join(["'" + "y" * 300 + "'"] * 20))
    assert "select fewer columns" in problem


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
def test_an_unknown_name_lists_the_tables(dialect: Dialect) -> None:
    tables = {"pets": [{"owner": "Ann", "kind of": "cat"}]}
    for query in ("SELECT * FROM pet", "SELECT breed FROM pets", "SELECT p.breed FROM pets p"):
        assert "The tables are: pets(owner " in _refused(query, dialect=dialect, tables=tables)
    assert '"kind of"' in _asked("SHOW TABLES", dialect=dialect, tables=tables)


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
def test_a_case_without_tables_answers_constants_and_says_what_it_lacks(dialect: Dialect) -> None:
    assert _asked("SELECT 40 + 2 AS n", dialect=dialect).splitlines() == ["n INTEGER", "42", "(1 row)"]
    assert "This case has no tables" in _refused("SELECT * FROM t", dialect=dialect)
    assert "This case has no tables" in _asked("show tables;", dialect=dialect)


def test_the_tool_works_without_being_opened() -> None:
    assert Sql().run(Arguments(query="SELECT 1 AS one")) == "one INTEGER\n1\n(1 row)"
    with pytest.raises(ToolError, match="This case has no tables"):
        Sql().run(Arguments(query="SELECT 1 FROM t"))


@pytest.mark.parametrize("dialect", ["sqlite", "duckdb"])
@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("DELETE FROM people", "write a SELECT"),
        ("SELECT 1; SELECT 2", "one statement a call"),
        ("", "not a query"),
        ("  -- nothing", "not a query"),
        ("SELEC 1", "syntax error"),
        ("SELECT ?", "write the values into the query"),
        ("SELECT '\0'", "NUL"),
        ("SELECT '\ud800'", "surrogate"),
        ("SELECT '" + "x" * 30_000 + "'", "20,000 are allowed"),
    ],
)
def test_a_wrong_call_is_answered_so_that_it_can_be_mended(dialect: Dialect, query: str, words: str) -> None:
    assert words in _refused(query, dialect=dialect, tables=TABLES)


@pytest.mark.exhaustive
def test_a_query_that_is_killed_does_not_take_the_tables_with_it() -> None:
    tables = Tables.read(tables={"t": [{"n": 7}]}, dialect="duckdb")
    with Database(tables, seconds=0.3) as database:
        with pytest.raises(ToolError, match="stopped"):
            database.ask("SELECT levenshtein(repeat('a', 100000), repeat('b', 100000))")
        assert database.ask("SELECT n FROM t").rows == ((7,),)


def test_changing_the_dialect_and_back_finds_the_same_tables() -> None:
    with Database(Tables.read(tables=TABLES)) as database:
        for dialect in ("sqlite", "duckdb", "sqlite"):
            assert database.ask("SELECT sum(id) FROM people", dialect=dialect).rows == ((15,),)

"""The kind ``answer``, and the inputs of all kinds that bring tables."""

from pathlib import Path
from typing import Any

import pytest

from judge import Case, InputError, Judge, kinds
from judge.files import MiB

FORMS: list[Any] = [
    [{"n": 1}, {"n": None, "m": "x"}],
    {"columns": ["n", "m"], "rows": [[1, 2], {"n": 3}]},
    {"columns": [["day", "DATE"], ["total", "DECIMAL(10, 2)"], "x"], "rows": [["2024-01-31", "9.90", None]]},
    {"columns": ["n"]},
]


def read(inputs: dict[str, Any], *, folder: Path | None = None) -> dict[str, Any]:
    return kinds.validated(Case(response="1", inputs=inputs), folder=folder).inputs


def problem(inputs: dict[str, Any], *, files: bool = True) -> str:
    with pytest.raises(InputError) as raised:
        kinds.validated(Case(response="1", inputs=inputs), files=files)
    return str(raised.value)


def test_the_kind_is_told_to_users() -> None:
    kind = kinds.find("answer")
    assert kind
    assert [(one.name, one.type, one.required, one.takes_file) for one in kind.inputs] == [
        ("tables", "object", False, False),
        ("schema", "text", False, False),
        ("database", "file", False, True),
        ("dialect", "'sqlite' or 'duckdb'", False, False),
    ]
    assert all(one.about for one in kind.inputs)
    assert kind.summary
    assert kind.relations


def test_the_example_is_a_case_that_is_decided() -> None:
    kind = kinds.find("answer")
    assert kind
    assert Judge(here=True).decide(Case(**kind.example)).label == "correct"


@pytest.mark.parametrize("table", FORMS)
def test_a_table_is_kept_as_it_was_given(table: Any) -> None:
    inputs = {"tables": {"t": table}, "schema": "CREATE VIEW v AS SELECT 1", "dialect": "duckdb"}
    assert read(inputs) == inputs


def test_what_is_left_out_or_null_is_no_input() -> None:
    assert read({"schema": None, "database": None, "dialect": None}) == {}


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".parquet", ".CSV"])
def test_a_path_is_a_file_that_is_known_by_its_content(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"t{ending}").write_bytes(b"n\n1\n")
    found = read({"tables": {"t": f"t{ending}"}}, folder=tmp_path)["tables"]["t"]
    assert (found["path"], found["size"]) == (str((tmp_path / f"t{ending}").resolve()), 4)
    assert read({"tables": {"t": found}})["tables"]["t"] == found
    (tmp_path / f"t{ending}").write_bytes(b"n\n2\n")
    assert read({"tables": {"t": {"path": found["path"]}}})["tables"]["t"]["size"] == 4
    assert "changed since the case was read" in problem({"tables": {"t": found}})


def test_a_database_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "d.db").write_bytes(b"SQLite format 3\0")
    assert read({"database": "d.db"}, folder=tmp_path)["database"]["size"] == 16


@pytest.mark.parametrize(
    ("most", "inputs"), [(16 * MiB, {"tables": {"t": "t.csv"}}), (256 * MiB, {"database": "t.csv"})]
)
def test_a_file_may_not_be_larger_than_it_says(tmp_path: Path, most: int, inputs: dict[str, Any]) -> None:
    with (tmp_path / "t.csv").open("wb") as file:
        file.truncate(most + 1)
    with pytest.raises(InputError, match=rf"t\.csv' has {most + 1:,} bytes, and {most:,} are allowed"):
        read(inputs, folder=tmp_path)


TABLE = (
    "a table is a list of objects, an object with 'columns' and 'rows', or the path of a .csv, .tsv or .parquet file"
)


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (5, f"table 't': {TABLE}, got 5"),
        (None, f"table 't': {TABLE}, got None"),
        ("t.xlsx", f"table 't': {TABLE}, got 't.xlsx'"),
        ("no.csv", "is not a file"),
        ([[1, 2]], f"table 't', row 1: {TABLE}, got the row [1, 2]"),
        ({"rows": [[1]]}, f"table 't': {TABLE}, got an object with 'rows'"),
        ({"n": [1]}, f"table 't': {TABLE}, got an object with 'n'"),
        ({"columns": "n", "rows": []}, "table 't': 'columns' has to be a list, got 'n'"),
        ({"columns": ["n"], "rows": 5}, "table 't': 'rows' has to be a list, got 5"),
        ({"columns": [5], "rows": []}, "table 't': a column is a name, or a list of name and type, got 5"),
        ({"columns": [["n", "INT; DROP"]]}, "table 't': 'INT; DROP' is no type of a column, such as INTEGER"),
        ({"columns": ["n"], "rows": [[1], [1, 2]]}, "table 't', row 2: expected 1 values in a list, or an object, got"),
        ({"columns": ["n"], "rows": [{"m": 1}]}, "table 't', row 1: the field 'm' is none of 'columns' (n)"),
        ([], "table 't' has no columns"),
        ([{}], "table 't' has no columns"),
    ],
)
def test_what_is_no_table_is_named_with_what_is_expected(table: Any, said: str) -> None:
    message = problem({"tables": {"ok": [{"n": 1}], "t": table}})
    assert message.startswith("field 'inputs.tables': ")
    assert said in message


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ({"tables": [{"n": 1}]}, "field 'inputs.tables': expected an object: the name of each table with its rows or"),
        ({"tables": {" ": [{"n": 1}]}}, "field 'inputs.tables': a table has no name"),
        ({"schema": 5}, "field 'inputs.schema': "),
        ({"database": ["d"]}, "field 'inputs.database': expected the path of a file, got ['d']"),
        ({"database": {"file": "d"}}, "field 'inputs.database': expected the path of a file, got an object with file"),
        ({"dialect": "sqllite"}, "field 'inputs.dialect': Input should be 'sqlite' or 'duckdb', got 'sqllite'"),
        ({"shema": ""}, "has no input 'shema'. Did you mean 'schema'?"),
    ],
)
def test_what_is_no_input_is_named(inputs: dict[str, Any], said: str) -> None:
    assert said in problem(inputs)


@pytest.mark.parametrize(
    "inputs", [{"tables": {"t": "/etc/t.csv"}}, {"database": "/etc/hosts"}, {"tables": {"t": {"path": "/etc/t.csv"}}}]
)
def test_where_no_file_may_be_named_none_is_looked_for(inputs: dict[str, Any]) -> None:
    assert "no file can be named here" in problem(inputs, files=False)


def test_a_problem_with_one_input_leaves_the_others_aside() -> None:
    kind = kinds.find("answer")
    assert kind
    assert kinds.problem_with(kind, "dialect", "sqlite") is None
    assert kinds.problem_with(kind, "tables", "x") == (
        "field 'inputs.tables': expected an object: the name of each table with its rows or its file, got 'x'"
    )

"""What a case brings besides texts: read by its kind when the case is read, and named where it cannot be."""

import contextlib
import hashlib
import io
import json
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge import Case, InputError, kinds
from judge.cases.inputs import Source

ROWS = [{"n": 1, "x": 0.5, "t": "0.10", "b": True, "none": None}, {"n": 2**70}]
ROW = {"id": "a", "response": "0.10", "inputs": {"tables": {"t": ROWS}}}


def write(folder: Path, name: str, content: str) -> str:
    (folder / name).write_text(content)
    return str(folder / name)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def case_of(name: str) -> Case:
    source = Source(name)
    assert source.survey().bad == ()
    (case,) = source.cases()
    return case


def problem_of(name: str) -> str:
    (bad,) = Source(name).survey().bad
    return bad.problem


def as_csv(row: dict[str, Any], delimiter: str = ",") -> str:
    packed = json.dumps(row["inputs"]).replace('"', '""')
    return f'id{delimiter}response{delimiter}inputs\na{delimiter}0.10{delimiter}"{packed}"\n'


@pytest.mark.parametrize(
    ("ending", "text"),
    [
        (".jsonl", json.dumps(ROW)),
        (".json", json.dumps([ROW])),
        (".json", json.dumps(ROW)),
        (".csv", as_csv(ROW)),
        (".tsv", as_csv(ROW, "\t")),
    ],
)
def test_numbers_inside_inputs_are_numbers_and_all_else_keeps_its_spelling(
    tmp_path: Path, ending: str, text: str
) -> None:
    case = case_of(write(tmp_path, f"c{ending}", text.replace('"id": "a"', '"id": "a", "extra": 1.50')))
    assert case.inputs == {"tables": {"t": ROWS}}
    assert [type(value) for value in case.inputs["tables"]["t"][0].values()] == [  # type: ignore[index, call-overload, union-attr]
        int, float, str, bool, type(None),
    ]  # fmt: skip
    assert case.response == "0.10"
    assert case.tags == ({"extra": "1.50"} if "json" in ending else {})


def test_a_parquet_column_of_objects_or_of_json(tmp_path: Path) -> None:
    inputs = [{"tables": {"t": [{"n": 1, "x": 0.5}]}, "schema": None}, {"tables": None, "schema": "CREATE TABLE u (n)"}]
    path = tmp_path / "c.parquet"
    for rows in (inputs, [json.dumps(one) for one in inputs]):
        pq.write_table(pa.Table.from_pylist([{"response": "1", "inputs": one} for one in rows]), path)
        found = [case.inputs for case in Source(str(path)).cases()]
        assert found == [{"tables": {"t": [{"n": 1, "x": 0.5}]}}, {"schema": "CREATE TABLE u (n)"}]


def test_a_file_is_found_from_the_folder_of_the_cases_on(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "t.csv").write_text("a,b\n1,2\n")
    name = write(tmp_path / "deep", "c.jsonl", lines({"response": "1", "inputs": {"tables": {"t": "t.csv"}}}))
    content = b"a,b\n1,2\n"
    path = str((tmp_path / "deep" / "t.csv").resolve())
    case = case_of(name)
    assert case.inputs["tables"] == {
        "t": {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    }
    assert kinds.validated(case) == case  # what was read stays as it is
    (tmp_path / "t.csv").write_bytes(content)
    with contextlib.chdir(tmp_path):
        source = Source("-", stdin=io.BytesIO(b'{"response": "1", "inputs": {"tables": {"t": "t.csv"}}}'))
        (same,) = source.cases()
    assert same.inputs["tables"]["t"]["path"] == str((tmp_path / "t.csv").resolve())  # type: ignore[index, call-overload]
    assert same.digest == case.digest
    assert same.id == case.id  # named by what the file holds, wherever it is


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            {"inputs": {"tabels": {}}},
            ", field 'inputs': the kind 'answer' has no input 'tabels'. Did you mean 'tables'? "
            "It has: tables, schema, database, dialect",
        ),
        ({"inputs": {"tables": {"t": 5}}}, ", field 'inputs.tables': table 't': a table is a list of objects, an obj"),
        ({"inputs": {"tables": {"t": "no.csv"}}}, ", field 'inputs.tables': table 't': '"),
        ({"inputs": {"dialect": "oracle"}}, ", field 'inputs.dialect': Input should be 'sqlite' or 'duckdb', got 'ora"),
        ({"inputs": [1]}, ", field 'inputs': Input should be a valid dictionary, got [1]"),
        ({"kind": "grader", "inputs": {"x": float("nan")}}, ", field 'inputs': NaN, Infinity and numbers beyond all"),
        ({"kind": "grader", "inputs": {"x": -float("inf")}}, ", field 'inputs': NaN, Infinity and numbers beyond"),
        ({"kind": "nobody's", "inputs": {"x": 1}}, ", field 'inputs': the kind \"nobody's\" declares none"),
        ({"input": {"tables": {}}}, ": unknown field 'input'. Did you mean 'inputs'?"),
        ({"item": 5.5, "variant": ["x"]}, ", field 'variant': Input should be a valid string"),
    ],
)
def test_what_cannot_be_meant_is_named_with_file_line_and_field(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    for ending, place in ((".jsonl", "line"), (".json", "element")):
        rows = [{"response": "1"}, {"response": "2", **row}]
        name = write(tmp_path, f"c{ending}", lines(*rows) if ending == ".jsonl" else json.dumps(rows))
        assert problem_of(name).startswith(f"{name}, {place} 2{said}")


def test_numbers_that_nothing_can_hold_are_refused(tmp_path: Path) -> None:
    for number in ("1e999", "9" * 5000):
        row = '{"response": "1", "kind": "grader", "inputs": {"x": [' + number + "]}}\n"
        for name in (write(tmp_path, "c.jsonl", row), write(tmp_path, "c.json", row)):
            assert "field 'inputs': NaN, Infinity and numbers beyond all limits" in problem_of(name)


def test_a_csv_cell_has_to_hold_an_object_as_json(tmp_path: Path) -> None:
    name = write(tmp_path, "c.csv", "response,inputs\n1,tables\n")
    assert problem_of(name) == f"{name}, line 2, field 'inputs': expected a JSON object, got 'tables'"


@pytest.mark.parametrize("depth", [150, 240, 300, 900, 985, 3000])
@pytest.mark.parametrize("inputs", ['{"x": %s}', '{"tables": {"t": [{"x": %s}]}}', '{"schema": %s}', '{"tables": %s}'])
def test_inputs_that_nothing_could_read_again_are_refused(tmp_path: Path, depth: int, inputs: str) -> None:
    kind = "grader" if inputs[1:] == '"x": %s}' else "answer"
    given = inputs.replace("%s", "[" * depth + "]" * depth)
    row = f'{{"response": "1", "kind": "{kind}", "inputs": {given}}}'
    for name in (write(tmp_path, "c.jsonl", row), write(tmp_path, "c.json", row)):
        try:
            source = Source(name)
            bad = source.survey().bad
            found = list(source.cases())
        except InputError:  # of an array, which is read whole or not at all
            continue
        for case in found:
            assert Case.model_validate_json(case.model_dump_json()) == case
        assert len(found) + len(bad) == 1
        for one in bad:
            assert "inputs" in one.problem or "not JSON" in one.problem
            assert len(one.problem) < 1000


def test_item_and_variant_are_columns(tmp_path: Path) -> None:
    case = case_of(write(tmp_path, "c.csv", "response,item,variant,idea\n1,q1,swapped,x\n"))
    assert (case.item, case.variant, case.tags) == ("q1", "swapped", {"idea": "x"})


def test_a_column_called_input_is_a_tag_where_it_is_no_object(tmp_path: Path) -> None:
    assert case_of(write(tmp_path, "c.csv", "response,input\n1,What is 1?\n")).tags == {"input": "What is 1?"}


def test_a_case_without_an_id_is_named_by_its_digest(tmp_path: Path) -> None:
    row = {"response": "1", "inputs": {"tables": {"t": [{"n": 1}]}}}
    other = {"response": "1", "inputs": {"tables": {"t": [{"n": 2}]}}}
    found = list(Source(write(tmp_path, "c.jsonl", lines(row, other, row))).cases())
    names = [f"c-{case.digest[:16]}" for case in found]
    assert [case.id for case in found] == [names[0], names[1], f"{names[0]}-2"]


def test_the_same_inputs_in_another_order_are_the_same_case() -> None:
    one = Case(response="1", inputs={"schema": "CREATE TABLE t (n)", "dialect": "sqlite"})
    assert one.id == Case(response="1", inputs={"dialect": "sqlite", "schema": "CREATE TABLE t (n)"}).id


@pytest.mark.parametrize("nested", [True, False])
def test_tables_among_the_tags_go_on_working_with_one_warning(tmp_path: Path, nested: bool) -> None:
    tags = {"tables": {"t": [{"n": "1"}]}, "dialect": "duckdb", "more": "x"}
    rows = [{"response": str(n), **({"tags": tags} if nested else tags)} for n in range(50)]
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        found = list(Source(write(tmp_path, "c.jsonl", lines(*rows))).cases())
    assert {str(one.message) for one in caught} == {
        "tables, schema, database, dialect: among the tags they are read as inputs in this release and not in the "
        'next; write them as {"inputs": {…}}'
    }
    assert len(caught) == 1
    assert found[0].inputs == {"tables": {"t": [{"n": "1"}]}, "dialect": "duckdb"}
    assert found[0].tags == {"more": "x"}
    assert found[0].id == f"c-{found[0].digest[:16]}"


def test_a_tag_of_that_name_that_means_something_else_stays_a_tag(tmp_path: Path) -> None:
    case = case_of(write(tmp_path, "c.jsonl", lines({"response": "1", "tables": "two", "dialect": "Swiss German"})))
    assert case.inputs == {}
    assert case.tags == {"tables": "two", "dialect": "Swiss German"}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(st.characters(exclude_categories=["Cs"]), max_size=5), JSON, max_size=4))
def test_inputs_of_any_form_read_back_equal(inputs: dict[str, Any]) -> None:
    try:
        case = Case(id="a", kind="grader", response="1", inputs=inputs)
    except ValueError:
        return
    with tempfile.TemporaryDirectory() as folder:
        name = write(Path(folder), "c.jsonl", json.dumps(case.model_dump(mode="json")))
        (found,) = Source(name).cases()
    assert json.dumps(found.inputs, sort_keys=True) == json.dumps(case.inputs, sort_keys=True)

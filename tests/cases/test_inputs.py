"""Cases come out of files as they went in, and what is no case is named with its file, place and field."""

import csv
import io
import json
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from judge import Case, InputError, Judge
from judge.cases.inputs import Ids, Source, distinct
from judge.cases.readers import JSON_BYTES

ROW = {"id": "a", "response": "1", "reference": "2"}


def write(folder: Path, name: str, content: str | bytes) -> str:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return str(path)


def lines(*rows: dict[str, Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def cases_of(name: str) -> list[Case]:
    source = Source(name)
    survey = source.survey()
    assert survey.bad == ()
    cases = list(source.cases())
    assert len(cases) == survey.cases
    return cases


def problems_of(name: str) -> list[str]:
    survey = Source(name).survey()
    assert survey.bad_count == len(survey.bad)
    return [bad.problem for bad in survey.bad]


def problem_of(name: str) -> str:
    (problem,) = problems_of(name)
    return problem


# Formats


def test_json_lines(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", lines(ROW, {**ROW, "id": "b"}))
    assert cases_of(name) == [Case(**ROW), Case(**{**ROW, "id": "b"})]


@pytest.mark.parametrize("ending", [".ndjson", ".JSONL"])
def test_json_lines_have_other_endings(tmp_path: Path, ending: str) -> None:
    assert cases_of(write(tmp_path, f"c{ending}", lines(ROW))) == [Case(**ROW)]


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_array(tmp_path: Path, indent: int | None) -> None:
    text = json.dumps([ROW, {**ROW, "id": "b"}], indent=indent)
    assert [case.id for case in cases_of(write(tmp_path, "c.json", text))] == ["a", "b"]


def test_a_json_object_is_one_case(tmp_path: Path) -> None:
    assert cases_of(write(tmp_path, "c.json", json.dumps(ROW, indent=1) + "\n")) == [Case(**ROW)]


@pytest.mark.parametrize("text", ["[]", " [ \n ] \n"])
def test_an_empty_json_array_holds_no_cases(tmp_path: Path, text: str) -> None:
    assert cases_of(write(tmp_path, "c.json", text)) == []


def test_csv(tmp_path: Path) -> None:
    text = 'id,response,reference,label\na,"1,5\nor so",2,correct\nb,3,,\n'
    first, second = cases_of(write(tmp_path, "c.csv", text))
    assert first == Case(id="a", response="1,5\nor so", reference="2", label="correct")
    assert second == Case(id="b", response="3")


def test_tsv(tmp_path: Path) -> None:
    assert cases_of(write(tmp_path, "c.tsv", "id\tresponse\na\t1,5\n")) == [Case(id="a", response="1,5")]


def test_a_csv_response_may_be_empty(tmp_path: Path) -> None:
    assert cases_of(write(tmp_path, "c.csv", "id,response\na,\n")) == [Case(id="a", response="")]


def test_csv_holds_lists_and_objects_as_json(tmp_path: Path) -> None:
    text = 'id,responses,tags\na,"[""x"", ""y""]","{""n"": 1.50}"\n'
    assert cases_of(write(tmp_path, "c.csv", text)) == [Case(id="a", responses=["x", "y"], tags={"n": "1.50"})]


def test_parquet(tmp_path: Path) -> None:
    rows = [
        {"id": "a", "responses": ["x", "y"], "references": ["z"], "label": "A", "tags": {"n": 3, "of": ["b", None]}},
        {"id": "b", "responses": ["x"], "references": [], "label": None, "tags": None},
    ]
    path = tmp_path / "c.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert cases_of(str(path)) == [
        Case(id="a", responses=["x", "y"], reference="z", label="A", tags={"n": "3", "of": ["b", None]}),
        Case(id="b", response="x"),
    ]


def test_parquet_keeps_numbers_dates_and_bytes_as_text(tmp_path: Path) -> None:
    rows = [{"id": 7, "response": b"caf\xc3\xa9", "reference": 0.1, "when": pa.scalar(0, pa.date32()).as_py()}]
    path = tmp_path / "c.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    assert cases_of(str(path)) == [Case(id="7", response="café", reference="0.1", tags={"when": "1970-01-01"})]


def test_standard_input_is_json_lines_and_can_be_read_twice() -> None:
    source = Source("-", stdin=io.BytesIO(lines(ROW, {"id": "b"}).encode()))
    survey = source.survey()
    assert (survey.cases, survey.bad_count) == (1, 1)
    assert survey.bad[0].problem == "standard input, line 2: field 'response' is missing"
    assert list(source.cases()) == [Case(**ROW)]


def test_standard_input_is_told_apart_by_its_content() -> None:
    one, same, other = (Source("-", stdin=io.BytesIO(text)) for text in (b"x", b"x", b"y"))
    assert one.identity == same.identity != other.identity


# Fields


def test_singular_and_plural_names(tmp_path: Path) -> None:
    name = write(
        tmp_path,
        "c.jsonl",
        lines(
            {"id": "a", "responses": ["1"], "references": ["2", "3"]},
            {"id": "b", "response": "1", "reference": "2"},
            {"id": "c", "response": "1", "reference": None},
        ),
    )
    assert [(case.responses, case.references) for case in cases_of(name)] == [
        (("1",), ("2", "3")),
        (("1",), ("2",)),
        (("1",), ()),
    ]


def test_singular_and_plural_together_are_refused(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", lines({**ROW, "responses": ["1"]}))
    assert problem_of(name) == f"{name}, line 1: give 'response' or 'responses', not both"


@pytest.mark.parametrize("number", ["0.10", "1e5", "-0", "9" * 5000, "1" + "0" * 400 + ".5", "Infinity"])
@pytest.mark.parametrize(("ending", "form"), [(".jsonl", "{}\n"), (".json", "[{}]")])
def test_numbers_keep_their_spelling(tmp_path: Path, number: str, ending: str, form: str) -> None:
    row = f'{{"id": 1, "response": {number}, "tags": {{"n": {number}}}, "score": [{number}]}}'
    (case,) = cases_of(write(tmp_path, f"c{ending}", form.replace("{}", row)))
    assert case == Case(id="1", response=number, tags={"n": number, "score": [number]})


def test_labels_may_be_yes_or_no(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", lines({**ROW, "label": True}, {**ROW, "id": "b", "label": False}))
    assert [case.label for case in cases_of(name)] == ["correct", "incorrect"]


def test_further_columns_are_tags(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", lines({**ROW, "source": "x", "question_id": 7, "tags": {"k": [True, None]}}))
    assert cases_of(name)[0].tags == {"source": "x", "question_id": "7", "k": [True, None]}


@pytest.mark.parametrize(
    ("misspelt", "meant"),
    [
        ("respnse", "response"),
        ("refrence", "reference"),
        ("Question", "question"),
        ("ID", "id"),
        ("contexts", "context"),
    ],
)
def test_a_misspelt_field_is_named_with_the_right_one(tmp_path: Path, misspelt: str, meant: str) -> None:
    name = write(tmp_path, "c.jsonl", lines(ROW, {"response": "1", misspelt: "x"}))
    assert problem_of(name) == f"{name}, line 2: unknown field {misspelt!r}. Did you mean {meant!r}?"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"id": "a"}, ": field 'response' is missing"),
        ({"response": None}, ", field 'response': Input should be a valid string, got None"),
        ({"response": ["1"]}, ", field 'response': Input should be a valid string, got ['1']"),
        ({"response": True}, ", field 'response': Input should be a valid string, got True"),
        ({"responses": "1"}, ", field 'responses': Input should be a valid tuple, got '1'"),
        ({"responses": []}, ", field 'responses': Tuple should have at least 1 item after validation, not 0, got ()"),
        ({"responses": ["1", {}]}, ", field 'responses.1': Input should be a valid string, got {}"),
        ({"response": "1", "references": [False]}, ", field 'references.0': Input should be a valid string, got False"),
        ({"response": "1", "id": ""}, ", field 'id': String should have at least 1 character, got ''"),
        ({"response": "1", "kind": None}, ", field 'kind': Input should be a valid string, got None"),
        ({"response": "1", "tags": "x"}, ", field 'tags': Input should be a valid dictionary, got 'x'"),
    ],
)
def test_a_wrong_type_is_named_with_its_field(tmp_path: Path, row: dict[str, Any], said: str) -> None:
    name = write(tmp_path, "c.jsonl", lines(row))
    got = problem_of(name)
    assert got == f"{name}, line 1{said}" or got == f"{name}, line 1{said.replace('()', '[]')}"


@pytest.mark.parametrize("row", ['"text"', "[1]", "null", "12"])
def test_a_line_that_is_no_object_is_named(tmp_path: Path, row: str) -> None:
    name = write(tmp_path, "c.jsonl", row)
    assert problem_of(name).startswith(f"{name}, line 1: expected an object with the fields of a case, got ")


@pytest.mark.parametrize("field", ["response", "reference", "question", "tags", "id", "other"])
def test_text_that_is_not_unicode_is_refused_before_it_can_hurt(tmp_path: Path, field: str) -> None:
    half = "\ud83d"  # a character cut in two, as JSON can spell it
    row = {**ROW, field: {"x": half} if field == "tags" else half}
    name = write(tmp_path, "c.jsonl", lines(ROW, {"id": "b", **{k: v for k, v in row.items() if k != "id"}}))
    if field == "id":
        name = write(tmp_path, "c.jsonl", lines(ROW, row))
    assert "nicode" in problem_of(name)
    assert f"{name}, line 2" in problem_of(name)


@pytest.mark.parametrize("depth", [150, 240, 300, 900, 985, 3000])
def test_tags_that_nothing_could_read_again_are_refused(tmp_path: Path, depth: int) -> None:
    row = '{"response": "1", "tags": {"x": ' + "[" * depth + "]" * depth + "}}"
    for name in (write(tmp_path, "c.jsonl", row), write(tmp_path, "c.json", row)):
        try:
            found = list(Source(name).cases())
        except InputError:  # of an array, which is read whole or not at all
            found = []
        for case in found:
            assert Case.model_validate_json(case.model_dump_json()) == case
        assert len(found) == (depth == 150)


# Ids


def test_duplicate_ids_name_both_lines(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", lines(ROW, {**ROW, "id": "b"}, {**ROW, "response": "9"}))
    assert problem_of(name) == f"{name}, line 3: the id 'a' is already that of line 1"


def test_duplicate_ids_name_both_elements(tmp_path: Path) -> None:
    name = write(tmp_path, "c.json", json.dumps([ROW, ROW]))
    assert problem_of(name) == f"{name}, element 2: the id 'a' is already that of element 1"


def test_the_same_row_without_an_id_comes_under_a_number(tmp_path: Path) -> None:
    row = {"response": "1"}
    name = write(tmp_path, "c.jsonl", lines(row, row, row, {"response": "2"}))
    base = Case(response="1").id
    ids = [case.id for case in cases_of(name)]
    assert ids[:3] == [base, f"{base}-2", f"{base}-3"]
    assert len(set(ids)) == 4


def test_a_numbered_id_never_meets_a_given_one(tmp_path: Path) -> None:
    row, base = {"response": "1"}, Case(response="1").id
    name = write(tmp_path, "c.jsonl", lines({**row, "id": f"{base}-2"}, row, row))
    assert len({case.id for case in cases_of(name)}) == 3
    name = write(tmp_path, "d.jsonl", lines(row, row, {**row, "id": f"{base}-2"}))
    assert problem_of(name) == f"{name}, line 3: the id '{base}-2' is already that of line 2"


def test_ids_from_a_program_have_to_differ() -> None:
    given_cases = [Case(id="a", response="1"), Case(id="b", response="1"), Case(id="a", response="2")]
    with pytest.raises(InputError, match=r"^case 3: the id 'a' is already that of case 1$"):
        list(distinct(given_cases))
    assert list(distinct(given_cases[:2])) == given_cases[:2]


@given(st.lists(st.sampled_from("abc")))
def test_ids_know_what_came_before(names: list[str]) -> None:
    ids = Ids()
    for line, name in enumerate(names, start=1):
        expected = names.index(name) + 1 if name in names[: line - 1] else None
        assert ids.before(name, line) == expected


# What is wrong with a file


def test_a_byte_order_mark_and_blank_lines_do_not_count(tmp_path: Path) -> None:
    bom = b"\xef\xbb\xbf"
    assert cases_of(write(tmp_path, "c.jsonl", bom + b"\n\r\n" + lines(ROW).encode() + b" \n")) == [Case(**ROW)]
    assert cases_of(write(tmp_path, "c.json", bom + json.dumps([ROW]).encode())) == [Case(**ROW)]
    assert cases_of(write(tmp_path, "c.csv", bom + b"id,response\r\n\r\na,1\r\n")) == [Case(id="a", response="1")]


def test_problems_come_with_the_line_of_the_file(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", "\n\n" + lines(ROW) + "\n{\n")
    assert problem_of(name).startswith(f"{name}, line 5: not JSON: Expecting property name")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"response": "1"', ": not JSON: Expecting ',' delimiter at column 17"),
        ("{'response': '1'}", ": not JSON: Expecting property name enclosed in double quotes at column 2"),
        ('{"response": "1"} {"response": "2"}', ": not JSON: Extra data at column 19"),
        ("response", ": not JSON: Expecting value at column 1"),
    ],
)
def test_a_malformed_line_says_what_was_expected(tmp_path: Path, text: str, said: str) -> None:
    name = write(tmp_path, "c.jsonl", text)
    assert problem_of(name) == f"{name}, line 1{said}"


def test_a_line_that_is_not_utf_8_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", '{"response": "café"}\n'.encode("latin-1") + lines(ROW).encode())
    assert problem_of(name) == f"{name}, line 1: not UTF-8 (byte 17)"
    assert list(Source(name).cases()) == [Case(**ROW)]


@pytest.mark.parametrize("ending", [".csv", ".json"])
def test_a_cell_or_element_that_is_not_utf_8_is_named_and_the_others_are_read(tmp_path: Path, ending: str) -> None:
    rows = [{"id": "a", "response": "1"}, {"id": "b", "response": "café"}, {"id": "c", "response": "3"}]
    text = json.dumps(rows, ensure_ascii=False) if ending == ".json" else "id,response\na,1\nb,café\nc,3\n"
    name = write(tmp_path, f"c{ending}", text.encode("latin-1"))
    assert "holds text that is not Unicode" in problem_of(name)
    assert [case.id for case in Source(name).cases()] == ["a", "c"]


def test_utf_16_is_refused(tmp_path: Path) -> None:
    text = "id,response\na,1\n".encode("utf-16")
    assert problems_of(write(tmp_path, "c.csv", text))
    assert problems_of(write(tmp_path, "c.jsonl", text))


@pytest.mark.parametrize("cut", [1, 20, -30, -2, -1])
def test_a_json_array_cut_off_is_no_input(tmp_path: Path, cut: int) -> None:
    text = json.dumps([{**ROW, "id": str(n)} for n in range(4)], indent=1)
    name = write(tmp_path, "c.json", text[:cut])
    for read in (Source(name).survey, lambda: list(Source(name).cases())):
        with pytest.raises(InputError, match=r"^'.*c\.json': not JSON: .* at line \d+, column \d+$"):
            read()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"response": "1"} {"response": "2"}]', "Expecting ',' delimiter at line 1, column 20"),
        ('[\n{"response": "1"},\n]', "at line "),
        (
            '{"response": "1"}\n{"response": "2"}',
            "Extra data at line 2, column 1 (one object a line belongs in a .jsonl",
        ),
        ('[{"response": "1"}] x', "Extra data at line 1, column 21"),
        ("", "Expecting value at line 1, column 1"),
        ('[{"response": 1', "Expecting ',' delimiter"),
    ],
)
def test_malformed_json_is_named_with_its_place(tmp_path: Path, text: str, said: str) -> None:
    name = write(tmp_path, "c.json", text)
    with pytest.raises(InputError) as caught:
        Source(name).survey()
    assert str(caught.value).startswith(f"{name!r}: not JSON: ")
    assert said in str(caught.value)


def test_the_place_is_right_far_into_a_file(tmp_path: Path) -> None:
    text = json.dumps([{"response": "x" * 1000} for _ in range(500)], indent=1)
    at = text.rindex('"response"')
    broken = text[:at] + "response" + text[at + 10 :]
    line = broken.count("\n", 0, at) + 1
    with pytest.raises(InputError, match=f"at line {line}, column 3$"):
        Source(write(tmp_path, "c.json", broken)).survey()


def test_a_json_array_that_is_too_large_to_be_read_whole_belongs_in_json_lines(tmp_path: Path) -> None:
    name = write(tmp_path, "c.json", "[")
    with Path(name).open("r+b") as file:
        file.truncate(JSON_BYTES + (1 << 20))  # a hole: it takes no place on the disk
    with pytest.raises(InputError, match=r"has 257 MiB, and a \.json file is read whole, up to 256 MiB: .* \.jsonl"):
        Source(name).survey()


def test_a_csv_row_with_too_many_cells_is_named(tmp_path: Path) -> None:
    name = write(tmp_path, "c.csv", "id,response\na,1\nb,2,3\nc,4\n")
    assert problem_of(name) == f"{name}, line 3: 3 cells, but the header has 2 columns"
    assert [case.id for case in Source(name).cases()] == ["a", "c"]


def test_a_csv_row_with_too_few_cells_lacks_a_field(tmp_path: Path) -> None:
    name = write(tmp_path, "c.csv", "id,response\na\n")
    assert problem_of(name) == f"{name}, line 2: field 'response' is missing"


def test_an_open_quote_in_csv_swallows_nothing_in_silence(tmp_path: Path) -> None:
    name = write(tmp_path, "c.csv", 'id,response\na,1\nb,"2\nc,3\nd,4\n')
    assert problem_of(name) == f"{name}, line 5: not CSV: unexpected end of data"
    name = write(tmp_path, "d.csv", 'id,response\nb,"2"x\nc,3\n')
    assert problem_of(name) == f"{name}, line 2: not CSV: ',' expected after '\"'"
    assert [case.id for case in Source(name).cases()] == ["c"]


def test_two_csv_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    name = write(tmp_path, "c.csv", "id,response,response\na,1,2\n")
    assert problem_of(name) == f"{name}, line 1: two columns are called 'response'"


def test_a_csv_list_has_to_be_json(tmp_path: Path) -> None:
    name = write(tmp_path, "c.csv", "id,responses\na,x;y\n")
    expected = """field 'responses': expected a JSON array such as ["a", "b"], got 'x;y'"""
    assert problem_of(name) == f"{name}, line 2, {expected}"


def test_a_broken_parquet_file_is_named(tmp_path: Path) -> None:
    name = write(tmp_path, "c.parquet", b"PAR1 and no more")
    assert problem_of(name).startswith(f"{name}, row 1: not Parquet: ")


def test_a_file_that_is_not_there_or_of_no_known_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing\.jsonl' does not exist or is not a file"):
        Source(str(tmp_path / "nothing.jsonl"))
    with pytest.raises(InputError, match="does not exist or is not a file"):
        Source(str(tmp_path))
    with pytest.raises(InputError, match=r"unknown format '\.xlsx'; expected \.jsonl, \.json, \.csv, \.tsv or"):
        Source(write(tmp_path, "c.xlsx", ""))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    unreadable = tmp_path / "c.jsonl"
    unreadable.symlink_to("/proc/self/mem")  # opens, and fails when read, even for root
    if not unreadable.is_file():
        pytest.skip("this system has no /proc/self/mem")
    with pytest.raises(InputError, match=r"c\.jsonl' cannot be read: "):
        Source(str(unreadable)).survey()


def test_a_survey_counts_all_bad_rows_and_keeps_a_few(tmp_path: Path) -> None:
    survey = Source(write(tmp_path, "c.jsonl", "x\n" * 100 + lines(ROW))).survey()
    assert (survey.cases, survey.bad_count, len(survey.bad)) == (1, 100, 20)


def test_a_survey_reads_no_further_than_its_limit(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", lines(ROW, {**ROW, "id": "b"}) + "x\n")
    assert Source(name).survey(limit=2).bad_count == 0


def test_what_a_judge_cannot_judge_is_a_bad_row(tmp_path: Path) -> None:
    name = write(tmp_path, "c.jsonl", lines(ROW, {**ROW, "id": "b", "kind": "anser"}))
    survey = Source(name).survey(Judge().problem)
    assert survey.cases == 1
    assert survey.bad[0].problem.startswith(f"{name}, line 2: unknown kind 'anser'. Did you mean 'answer'?")


# Laws

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
WORD = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
TAGS = st.recursive(
    st.none() | st.booleans() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)


def some_cases(text: st.SearchStrategy[str]) -> st.SearchStrategy[list[Case]]:
    case = st.builds(
        Case,
        id=WORD,
        kind=text,
        question=st.none() | text,
        responses=st.lists(TEXT, min_size=1, max_size=3).map(tuple),
        references=st.lists(TEXT, max_size=3).map(tuple),
        context=st.none() | text,
        criterion=st.none() | text,
        label=st.none() | text,
        tags=st.dictionaries(TEXT, TAGS, max_size=3),
        item=st.none() | text,
        variant=st.none() | text,
    )
    return st.lists(case, max_size=5, unique_by=lambda case: case.id)


@contextmanager
def written(ending: str, content: bytes) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield write(Path(folder), f"c{ending}", content)


def plain(cases: list[Case]) -> list[dict[str, Any]]:
    return [case.model_dump(mode="json") for case in cases]


@given(some_cases(TEXT), st.booleans(), st.booleans())
def test_json_lines_read_back_equal(cases: list[Case], ascii_only: bool, windows: bool) -> None:
    newline = "\r\n" if windows else "\n"
    text = "".join(json.dumps(row, ensure_ascii=ascii_only) + newline for row in plain(cases))
    with written(".jsonl", text.encode()) as name:
        assert cases_of(name) == cases


@given(some_cases(TEXT), st.booleans(), st.sampled_from([None, 0, 3]))
def test_json_reads_back_equal(cases: list[Case], ascii_only: bool, indent: int | None) -> None:
    with written(".json", json.dumps(plain(cases), ensure_ascii=ascii_only, indent=indent).encode()) as name:
        assert cases_of(name) == cases


@given(some_cases(WORD), st.sampled_from([(".csv", ","), (".tsv", "\t")]))
def test_csv_reads_back_equal(cases: list[Case], kind: tuple[str, str]) -> None:
    ending, delimiter = kind
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, list(Case.model_fields), delimiter=delimiter)
    writer.writeheader()
    for row in plain(cases):
        writer.writerow({k: json.dumps(v) if isinstance(v, list | dict) else v for k, v in row.items()})
    with written(ending, text.getvalue().encode()) as name:
        assert cases_of(name) == cases


@given(some_cases(TEXT))
def test_parquet_reads_back_equal(cases: list[Case]) -> None:
    rows = [{**row, "tags": json.dumps(row["tags"]), "inputs": "{}"} for row in plain(cases)]
    text, many = pa.string(), pa.list_(pa.string())
    schema = pa.schema([(name, many if name in ("responses", "references") else text) for name in Case.model_fields])
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), buffer)
    with written(".parquet", buffer.getvalue()) as name:
        assert cases_of(name) == cases


def ask_everything_of(name: str) -> None:
    """Read a file in each way; nothing but an InputError may be raised, and what is a case can be stored."""
    try:
        source = Source(name)
        survey = source.survey()
        cases = list(source.cases())
    except InputError:
        return
    assert len(cases) == survey.cases
    assert len({case.id for case in cases}) == len(cases)
    for case in cases:
        assert Case.model_validate_json(case.model_dump_json()) == case


ENDINGS = st.sampled_from([".jsonl", ".json", ".csv", ".tsv", ".parquet"])


@given(ENDINGS, st.binary() | st.text("[]{},:\"\\'\n\t 1e-.ué").map(str.encode))
def test_arbitrary_bytes_are_cases_or_bad_rows(ending: str, content: bytes) -> None:
    with written(ending, content) as name:
        ask_everything_of(name)


def parquet(rows: list[dict[str, Any]]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), buffer)
    return buffer.getvalue()


WHOLE: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    ".jsonl": lambda rows: lines(*rows).encode(),
    ".json": lambda rows: json.dumps(rows, indent=1).encode(),
    ".csv": lambda rows: ("id,response\n" + "".join(f'{r["id"]},"{r["response"]}"\n' for r in rows)).encode(),
    ".parquet": parquet,
}


@given(
    st.sampled_from(sorted(WHOLE)),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=3), st.integers(0, 3)), min_size=1, max_size=4),
)
def test_a_damaged_file_gives_cases_or_bad_rows(ending: str, damages: list[tuple[int, bytes, int]]) -> None:
    content = WHOLE[ending]([{"id": f"n{n}", "response": "é" * n} for n in range(20)])
    for at, put, drop in damages:
        at %= len(content)
        content = content[:at] + put + content[at + drop :]
    with written(ending, content) as name:
        ask_everything_of(name)


@given(st.integers(0, 200))
def test_json_cut_off_anywhere_is_noticed(cut: int) -> None:
    text = json.dumps([{"id": str(n), "response": "x"} for n in range(6)]).encode()
    with written(".json", text[: cut % len(text)]) as name, pytest.raises(InputError, match="not JSON"):
        Source(name).survey()

"""Bad input gets a clear error, before any work, and loses nothing."""

import random
import socket
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from command import Ran, again, hard, judge, quick, right, write

VOTE = {"say": {"reason": "so it is", "label": "correct"}}


def refused(ran: Ran, *said: str, code: int = 2) -> None:
    """The program ended before any work, with the exit code and everything in what it said."""
    assert ran.code == code, ran.err
    for part in said:
        assert part in ran.err
    assert ran.out == ""


def nothing_was_made(folder: Path) -> None:
    assert not (folder / "runs").exists()


# Rows that are no cases


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("{\n", "cases.jsonl, line 2: not JSON: Expecting property name enclosed in double quotes at column 2"),
        ({"id": "b"}, "cases.jsonl, line 2: field 'response' is missing"),
        ({"response": ["b"]}, "cases.jsonl, line 2, field 'response': Input should be a valid string, got ['b']"),
        (right("b", refrence="x"), "cases.jsonl, line 2: unknown field 'refrence'. Did you mean 'reference'?"),
        (right("a"), "cases.jsonl, line 2: the id 'a' is already that of line 1"),
        (
            right("b", kind="anser"),
            "cases.jsonl, line 2: unknown kind 'anser'. Did you mean 'answer'? Is its plugin installed? Known: answer",
        ),
    ],
)
def test_a_row_that_is_no_case_is_named_before_any_work(tmp_path: Path, row: Any, said: str) -> None:
    write(tmp_path, "cases.jsonl", right("a"), row, right("c"))
    refused(
        quick("run", "cases.jsonl", cwd=tmp_path),
        f"judge: {said}",
        "Nothing was judged: mend the input, or pass --on-bad-input skip",
    )
    nothing_was_made(tmp_path)


def test_tables_among_the_tags_are_told_in_one_line_once(tmp_path: Path) -> None:
    tables = {"t": [{"n": "1"}]}
    rows = [right(str(n), tags={"tables": tables}) for n in range(5)] + [right("x", tables=tables, dialect="sqlite")]
    ran = judge("run", write(tmp_path, "cases.jsonl", *rows), "--run", "r.judge", cwd=tmp_path)
    assert ran.code == 0
    (line,) = [line for line in ran.err.splitlines() if "tags" in line]
    assert line.startswith("judge: tables, schema, database, dialect: among the tags they are read as inputs in this r")
    assert "Warning" not in ran.err


def test_an_input_that_the_kind_cannot_mean_is_a_bad_row(tmp_path: Path) -> None:
    rows = [right("a"), right("b", inputs={"tabels": {}}), right("c", inputs={"tables": {"t": "no.csv"}})]
    ran = judge("run", write(tmp_path, "deep/cases.jsonl", *rows), cwd=tmp_path)
    refused(ran, "deep/cases.jsonl, line 2, field 'inputs': the kind 'answer' has no input 'tabels'. Did you mean 'tab")
    refused(ran, "deep/cases.jsonl, line 3, field 'inputs.tables': table 't': 'deep/no.csv' is not a file")


def test_many_bad_rows_are_counted_and_some_are_shown(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", *["x\n"] * 50)
    ran = quick("run", "cases.jsonl", cwd=tmp_path)
    refused(ran, "line 1: not JSON", "… and 30 more")
    assert ran.err.count("not JSON") == 20


def test_bad_rows_can_be_skipped(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"), "x\n", {"id": "b"}, right("c"))
    ran = judge("run", "cases.jsonl", "--on-bad-input", "skip", "--json", cwd=tmp_path)
    assert ran.code == 0
    assert ran.json["cases"] == 2
    assert "judge: skipping 2 rows:\ncases.jsonl, line 2: not JSON" in ran.err
    assert "cases.jsonl, line 3: field 'response' is missing" in ran.err


@pytest.mark.parametrize(("name", "content"), [("empty.jsonl", ""), ("empty.json", "[]"), ("empty.csv", "response\n")])
def test_a_file_without_cases_is_refused(tmp_path: Path, name: str, content: str) -> None:
    write(tmp_path, name, content)
    refused(quick("run", name, cwd=tmp_path), f"judge: {name} holds no cases")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    refused(quick("run", "nothing.jsonl", cwd=tmp_path), "judge: 'nothing.jsonl' does not exist or is not a file")


def test_a_rubric_that_needs_what_a_case_lacks_says_so_before_any_work(tmp_path: Path) -> None:
    write(tmp_path, "s.jsonl", VOTE)
    write(tmp_path, "cases.jsonl", {"id": "a", "response": "x"})
    ran = quick("run", "cases.jsonl", "-m", "scripted:s.jsonl", cwd=tmp_path)
    refused(ran, "cases.jsonl, line 1: rubric 'correctness' needs a reference, and the case has none")
    nothing_was_made(tmp_path)


# Names that nothing has


def test_a_missing_key_names_its_environment_variable(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    said = "judge: the environment variable OPENAI_API_KEY is not set: export it, or give --base-url"
    refused(judge("run", "cases.jsonl", "-m", "openai:x", cwd=tmp_path), said)
    write(tmp_path, "judge.toml", 'api_key_env = "MY_KEY"\n')
    ran = judge("run", "cases.jsonl", "-m", "openai:x", cwd=tmp_path)
    refused(ran, "the environment variable MY_KEY is not set")
    nothing_was_made(tmp_path)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["--evaluators", "nubmer"],
            "unknown evaluator 'nubmer'. Did you mean 'number'? Installed: answer, blank, exact",
        ),
        (["-m", "scriptd:x"], "unknown model 'scriptd'. Did you mean 'scripted'? Installed: openai, replay, scripted"),
        (["-m", "gpt-5"], "model 'gpt-5' has to be 'none' or PROVIDER:NAME. Installed: openai:"),
        (["-m", "scripted:s.jsonl", "-r", "corectness"], "unknown rubric 'corectness'. Did you mean 'correctness'?"),
        (["-m", "scripted:s.jsonl", "-r", "own/x.j2"], "rubric file 'own/x.j2' does not exist"),
        (["-m", "scripted:s.jsonl", "--tools", "chek"], "unknown tool 'chek'. Did you mean 'check'?"),
        (["-m", "scripted:gone.jsonl"], "script 'gone.jsonl' cannot be read"),
        (["-m", "replay:gone.judge"], "run file 'gone.judge' does not exist"),
        (["--fail-under", "acuracy=0.9"], "--fail-under: unknown metric 'acuracy'. Did you mean 'accuracy'?"),
        (["--fail-under", "accuracy"], "--fail-under 'accuracy' has to be METRIC=NUMBER; metrics: accuracy,"),
        (["--fail-under", "accuracy=high"], "--fail-under 'accuracy=high' has to be METRIC=NUMBER"),
        (["--votes", "0"], "flag --votes: setting 'votes': Input should be greater than or equal to 1, got 0"),
        (["--config", "gone.toml"], "configuration file 'gone.toml' does not exist"),
        (["--limit", "0"], "--limit"),
        (["--on-bad-input", "ignore"], "'ignore' is not one of 'fail', 'skip'"),
    ],
)
def test_a_name_that_nothing_has_is_refused_with_the_nearest(tmp_path: Path, words: list[str], said: str) -> None:
    write(tmp_path, "s.jsonl", VOTE)
    write(tmp_path, "cases.jsonl", right("a"))
    refused(quick("run", "cases.jsonl", *words, cwd=tmp_path), said)
    nothing_was_made(tmp_path)


def test_settings_are_named_with_where_they_were_set(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    refused(
        judge("run", "cases.jsonl", cwd=tmp_path, env={"JUDGE_VOTS": "3"}),
        "environment variable JUDGE_VOTS: unknown setting 'vots'. Did you mean 'votes'?",
    )
    write(tmp_path, "judge.toml", 'votes = "many"\n')
    refused(judge("run", "cases.jsonl", cwd=tmp_path), "judge.toml: setting 'votes': ", "got 'many'")
    write(tmp_path, "judge.toml", "votes = \n")
    refused(judge("run", "cases.jsonl", cwd=tmp_path), "configuration file 'judge.toml' cannot be read: ")


RUBRIC = """---
labels: [correct, incorrect]
---
{% block system %}Judge.{% endblock %}
{% block user %}{{ fence(case.response) }} {{ WHAT }}{% endblock %}
"""


@pytest.mark.parametrize(
    ("what", "said"),
    [
        (
            "cas",
            "undefined variable 'cas'. Did you mean 'case'? A template sees: case, fence, hints, inputs, labels, tools",
        ),
        ("case.refrence", "uses the undefined variable 'case.refrence'. Did you mean 'reference'?"),
        ("case.response", "a response may enter a prompt only through fence"),
        ("case.inputs.missing", "has no attribute 'missing'"),
        ("case.tags.x", "'case.tags': what a case brings is in case.inputs now"),
        ("case.id", "'case.id': how a case is called is no matter of a prompt"),
        ("unclosed", "line 5"),
    ],
)
def test_a_rubric_with_an_undefined_variable_is_refused(tmp_path: Path, what: str, said: str) -> None:
    text = RUBRIC.replace("WHAT }}", "x") if what == "unclosed" else RUBRIC.replace("WHAT", what)
    write(tmp_path, "own.j2", text)
    write(tmp_path, "cases.jsonl", hard("a"))
    ran = quick("rubrics", "show", "own.j2", "--case", "cases.jsonl", cwd=tmp_path)
    refused(ran, "judge: rubric 'own.j2'", said)


def test_a_rubric_that_cannot_work_stops_a_run_before_any_work(tmp_path: Path) -> None:
    write(tmp_path, "s.jsonl", VOTE)
    write(tmp_path, "own.j2", RUBRIC.replace("WHAT", "case.answer"))
    write(tmp_path, "cases.jsonl", hard("a"))
    ran = quick("run", "cases.jsonl", "-m", "scripted:s.jsonl", "-r", "own.j2", cwd=tmp_path)
    refused(ran, "rubric 'own.j2' uses the undefined variable 'case.answer'. A case has: ")
    nothing_was_made(tmp_path)


# Run files


@pytest.mark.parametrize(
    ("place", "said"),
    [
        ("file/r.judge", "run file 'file/r.judge' cannot be written: "),
        ("folder", "run file 'folder' cannot be written: it is a folder"),
        (".", "run file '.' cannot be written: it is a folder"),
        ("/proc/r.judge", "run file '/proc/r.judge' cannot be written: "),
    ],
)
def test_a_run_file_that_cannot_be_written_is_named(tmp_path: Path, place: str, said: str) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    write(tmp_path, "file", "x")
    (tmp_path / "folder").mkdir()
    refused(quick("run", "cases.jsonl", "--run", place, cwd=tmp_path), said)


def test_what_is_not_a_run_file_is_left_as_it_was(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    write(tmp_path, "notes.txt", "my notes")
    for words in (["run", "cases.jsonl", "--run"], ["show"], ["replay"], ["export", "--to", "x.csv"]):
        refused(quick(*words, "notes.txt", cwd=tmp_path), "'notes.txt' is not a run file; it was left as it is")
    assert (tmp_path / "notes.txt").read_text() == "my notes"


def test_a_corrupt_run_file_is_moved_aside_whole(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", *(right(str(n)) for n in range(100)))
    command = ("run", "cases.jsonl", "--run", "r.judge")
    assert judge(*command, cwd=tmp_path).code == 0
    content = bytearray((tmp_path / "r.judge").read_bytes())
    for at in range(3 * 4096, len(content) - 4096, 4096):
        content[at : at + 50] = random.Random(at).randbytes(50)
    (tmp_path / "r.judge").write_bytes(content)
    refused(judge("show", "r.judge", cwd=tmp_path), "run file 'r.judge' is damaged")
    refused(judge(*command, cwd=tmp_path), "run file 'r.judge' is damaged", "moved, whole, to 'r.judge.damaged-1'")
    assert (tmp_path / "r.judge.damaged-1").read_bytes() == content
    assert judge(*command, cwd=tmp_path).code == 0
    assert (tmp_path / "r.judge.damaged-1").read_bytes() == content


def test_a_run_file_of_other_settings_says_which_differ(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    assert judge("run", "cases.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0
    ran = judge("run", "cases.jsonl", "--run", "r.judge", "-e", "number", cwd=tmp_path)
    refused(
        ran,
        "run file 'r.judge' was made with other settings for the kind 'answer' (evaluators.exact was \"1\", is null)",
    )
    assert judge("run", "cases.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0


def test_a_case_that_changed_since_it_was_judged_is_bad_input(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    assert judge("run", "cases.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0
    write(tmp_path, "cases.jsonl", right("a", response="0.6"))
    ran = judge("run", "cases.jsonl", "--run", "r.judge", cwd=tmp_path)
    refused(ran, "case 'a' is not the one that 'r.judge' holds a verdict for: its respon")
    assert judge("show", "r.judge", cwd=tmp_path).code == 0


def test_a_case_that_a_run_does_not_have_is_refused_with_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("case-1"), right("another"))
    assert quick("run", "cases.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0
    refused(
        quick("show", "r.judge", "case-2", cwd=tmp_path), "run 'r.judge' has no case 'case-2'. Did you mean 'case-1'?"
    )
    refused(quick("show", "gone.judge", cwd=tmp_path), "run file 'gone.judge' does not exist")


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("x.xlsx", "cannot export to 'x.xlsx': the name has to end in .jsonl, .csv, .parquet"),
        ("gone/x.csv", "cannot write 'gone/x.csv': No such file or directory"),
        ("gone/x.parquet", "cannot write 'gone/x.parquet': "),
        ("cases.jsonl/x.jsonl", "cannot write 'cases.jsonl/x.jsonl': Not a directory"),
        ("folder.csv", "cannot write 'folder.csv': Is a directory"),
        ("r.jsonl", "cannot export to 'r.jsonl': it is the run file itself"),
    ],
)
def test_an_export_that_cannot_be_written_is_named(tmp_path: Path, to: str, said: str) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    (tmp_path / "folder.csv").mkdir()
    assert quick("run", "cases.jsonl", "--run", "r.jsonl", cwd=tmp_path).code == 0
    before = {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    refused(quick("export", "r.jsonl", "--to", to, cwd=tmp_path), said)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before


def test_a_verdict_that_was_tampered_with_cannot_be_shown_as_if_it_was_whole(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("a"))
    assert quick("run", "cases.jsonl", "--run", "r.judge", cwd=tmp_path).code == 0
    connection = sqlite3.connect(tmp_path / "r.judge")
    connection.execute("UPDATE verdicts SET verdict = replace(verdict, '0.5 = 1/2 exactly', '0.6 = 1/2 exactly')")
    connection.commit()
    connection.close()
    said = "run file 'r.judge' is damaged: case 'a': Value error, evidence 'number' does not match its digest"
    refused(quick("show", "r.judge", "a", cwd=tmp_path), said)
    refused(quick("replay", "r.judge", cwd=tmp_path), said)


# A model that is down


def test_a_model_that_is_down_from_the_start_stops_the_run_with_the_cause(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    write(tmp_path, "cases.jsonl", hard("a"), hard("b"))
    words = ["run", "cases.jsonl", "--run", "r.judge", "-m", "openai:x", "--base-url", f"http://127.0.0.1:{port}/v1"]
    ran = judge(*words, cwd=tmp_path)
    refused(ran, f"judge: model 'x' at http://127.0.0.1:{port}/v1 cannot be reached: ", code=3)
    assert f"judge: 0 verdicts are kept in r.judge; continue with: judge {' '.join(words)}" in ran.err


def test_a_model_that_dies_half_way_loses_nothing_and_the_run_goes_on(tmp_path: Path) -> None:
    write(tmp_path, "cases.jsonl", right("0"), *(hard(str(n)) for n in range(1, 9)))
    write(tmp_path, "s.jsonl", {"case": "5", "fail": "down", "delay": 0.2}, VOTE)
    words = ("run", "cases.jsonl", "-m", "scripted:s.jsonl", "--run", "my run.judge", "--in-flight", "1")
    ran = judge(*words, cwd=tmp_path)
    refused(ran, "judge: the script says that the model is down", code=3)
    kept, command = ran.err.split("judge: ")[-1].strip().split("; continue with: ")
    assert kept == "5 verdicts are kept in my run.judge"

    shown = judge("show", "my run.judge", "--json", cwd=tmp_path).json
    assert (shown["cases"], shown["labels"]) == (5, {"answer": {"correct": 5}})
    write(tmp_path, "s.jsonl", *({"case": str(n), "fail": "down"} for n in range(5)), VOTE)  # asks nothing again
    on = again(command, cwd=tmp_path)
    assert on.code == 0, on.err
    assert "9 cases, 9 decided  (my run.judge)" in on.out

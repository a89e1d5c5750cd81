"""``judge check``: inputs, responses from files, and what every evaluator says."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cli.command import judge, quick, write

PAIR = ("--response", "4", "--reference", "4")


def test_an_input_is_text_where_it_takes_text_and_else_json(tmp_path: Path) -> None:
    ran = quick("check", *PAIR, "--input", "schema=5", "--input", 'tables={"t": [{"n": 1}]}', cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")


def test_inputs_come_from_files_as_their_content_or_as_the_files_they_are(tmp_path: Path) -> None:
    write(tmp_path, "tables.json", '{"t": "t.csv"}')
    write(tmp_path, "t.csv", "n\n1\n")
    write(tmp_path, "d.db", "SQLite format 3")
    words = ("--input", "tables=@tables.json", "--input", "database=@d.db", "--input", "schema=@t.csv")
    assert quick("check", *PAIR, *words, cwd=tmp_path).code == 0
    assert quick("check", *PAIR, "--input", "database=d.db", cwd=tmp_path).code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--input", "tables=@no.json"], "--input tables: 'no.json' cannot be read: No such file or directory"),
        (["--input", "database=@no.db"], "--input database: field 'inputs.database': '"),
        (["--input", "tabels={}"], "--input tabels: field 'inputs': the kind 'answer' has no input 'tabels'. Did you "),
        (["--input", "tables=5"], "--input tables: field 'inputs.tables': expected an object: the name of each table"),
        (["--input", "tables={"], "--input tables: field 'inputs.tables': expected an object: the name of each table"),
        (["--input", "dialect=oracle"], "--input dialect: field 'inputs.dialect': Input should be 'sqlite' or 'duck"),
        (["--input", 'tables={"t": [{"n": NaN}]}'], "--input tables: NaN, Infinity and numbers beyond all limits"),
        (["--input", "tables"], "--input 'tables' has to be NAME=VALUE or NAME=@FILE"),
        (["--input", "schema=a", "--input", "schema=b"], "--input schema is given twice"),
        (["--kind", "anser", "--input", "x=1"], "the kind 'anser' declares none"),
        (["--response", "@no.txt"], "--response: 'no.txt' cannot be read: No such file or directory"),
        (["--response", "@."], "--response: '.' cannot be read: Is a directory"),
        (["--response", "@latin.txt"], "--response: 'latin.txt' is not UTF-8 (byte 1)"),
        (["--response", "-", "--response", "-"], "--response - reads standard input, which can be read only once"),
    ],
)
def test_what_cannot_be_meant_is_an_error_that_names_it(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "latin.txt").write_bytes(b"a\xe9")
    given = words if "--response" in words else [*PAIR, *words]
    ran = quick("check", *given, cwd=tmp_path)
    assert ran.code == 2
    assert ran.err.startswith("judge: ")
    assert said in ran.err
    assert ran.out == ""


def test_a_response_comes_from_a_file_or_from_standard_input(tmp_path: Path) -> None:
    write(tmp_path, "said.txt", "4\n")
    assert quick("check", "--response", "@said.txt", "--reference", "4", cwd=tmp_path).code == 0
    assert judge("check", "--response", "-", "--reference", "4", cwd=tmp_path, stdin="4\n").code == 0
    ran = judge("check", "--response", "-", "--reference", "4", cwd=tmp_path, stdin=b"\xff")
    assert (ran.code, ran.err) == (2, "judge: --response: standard input is not UTF-8 (byte 0)\n")


def test_two_at_signs_are_one(tmp_path: Path) -> None:
    assert quick("check", "--response", "@@said.txt", "--reference", "@said.txt", cwd=tmp_path).code == 0
    ran = quick("check", *PAIR, "--input", "schema=@@x", cwd=tmp_path)
    assert (ran.code, ran.err) == (0, "")


def test_all_asks_everybody_and_prints_each_finding_below_the_verdict(tmp_path: Path) -> None:
    ran = quick("check", *PAIR, "--all", cwd=tmp_path)
    assert ran.out.splitlines() == [
        "correct  exact (proof): the response is the reference",
        "  exact: correct (proof): the response is the reference",
        "  number: correct (proof): 4 = 4 exactly",
    ]
    ran = quick("check", "--response", "about 4", "--reference", "4", "--all", cwd=tmp_path)
    assert ran.code == 1
    assert [line.partition(":")[0] for line in ran.out.splitlines()[1:3]] == ["  exact", "  number"]


CONTRADICTS = """
from judge import Evaluator, Finding

class Against(Evaluator):
    name, version, kinds, runs = "against", "1", frozenset({"answer"}), "here"
    bases = {"incorrect": frozenset({"counterexample"})}

    def check(self, case, /, *, budget):
        return Finding.incorrect("counterexample", "it is not", witness="look")

class Crashes(Against):
    name, cost = "crashes", 2

    def check(self, case, /, *, budget):
        raise ValueError("no")
"""


def test_where_sound_evaluators_contradict_each_other_nobody_decides(tmp_path: Path) -> None:
    info = tmp_path / "against-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: against\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[judge.evaluators]\nagainst = against:Against\ncrashes = against:Crashes\n")
    (tmp_path / "against.py").write_text(CONTRADICTS)
    env = {"PYTHONPATH": str(tmp_path), "JUDGE_EVALUATORS": "exact,against,crashes"}
    assert judge("check", *PAIR, cwd=tmp_path, env=env).code == 0  # whoever proves first is heard
    ran = judge("check", *PAIR, "--all", cwd=tmp_path, env=env)
    assert ran.code == 1
    first, *found = ran.out.splitlines()
    assert first.startswith("undecided  nobody: the findings contradict each other")
    assert found == [
        "  exact: correct (proof): the response is the reference",
        "  against: incorrect (counterexample): it is not",
        "  crashes: failed (evaluator_crash): crashes crashed checking the case: ValueError: no "
        f"({tmp_path.name}/against.py, line 15)",
        f"  failed (conflict): {first.partition(': ')[2]}",
    ]
    told = judge("check", *PAIR, "--all", "--json", cwd=tmp_path, env=env).json
    assert told["error"]["cause"] == "conflict"


@pytest.mark.exhaustive
def test_a_warning_of_ours_is_one_line_once_and_those_of_others_stay_as_they_are(tmp_path: Path) -> None:
    rows = [{"response": str(n), "reference": "1", "tags": {"tables": {"t": [{"n": "1"}]}}} for n in range(5)]
    program = (
        "import sys, warnings\n"
        "from judge.cli import app, main\n"
        "@app.command('read')\n"
        "def read(name: str) -> None:\n"
        "    from judge.cases.inputs import Source\n"
        "    print(Source(name).survey().cases)\n"
        "    warnings.warn('of somebody else', FutureWarning)\n"
        "main(sys.argv[1:])\n"
    )
    name = write(tmp_path, "c.jsonl", *rows)
    done = subprocess.run([sys.executable, "-c", program, "read", name], capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "5\n"
    ours, *others = done.stderr.splitlines()
    assert ours == (
        "judge: tables, schema, database, dialect: among the tags they are read as inputs in this release and not in "
        'the next; write them as {"inputs": {…}}'
    )
    assert "judge:" not in "".join(others)
    assert "FutureWarning: of somebody else" in others[0]


def test_the_case_that_was_given_inputs_is_named_by_them(tmp_path: Path) -> None:
    ids = [
        json.loads(quick("check", *PAIR, *words, "--json", cwd=tmp_path).out)["case_id"]
        for words in ((), ("--input", "schema=a"), ("--input", "schema=b"))
    ]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    "words",
    [
        ["--response", "@pipe"],
        ["--response", "@/dev/zero"],
        ["--response", "1", "--kind", "grader", "--input", "grader=@/dev/zero"],
        ["--response", "1", "--config", "pipe"],
    ],
)
def test_a_pipe_or_a_device_in_place_of_a_file_is_refused_at_once(tmp_path: Path, words: list[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    ran = judge("check", *words, cwd=tmp_path)
    assert ran.code == 2
    assert "it is not a regular file" in ran.err

"""The commands that look: show, export, replay, check, rubrics, plugins, config, doctor, and help."""

import csv
import json
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from command import PROGRAM, environment, judge, quick, right, write

pytestmark = pytest.mark.xdist_group("cli_look")  # its fixtures are made once

CALL = {"tool": "check", "arguments": {"kind": "answer", "response": "4", "reference": "4"}}
CITING = {"reason": "e1 shows it", "label": "correct", "cites": ["e1"]}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run in which evaluators, a panel, a tool and failures had their part."""
    folder = tmp_path_factory.mktemp("finished")
    write(
        folder,
        "cases.jsonl",
        right("right", label="correct"),
        right("wrong", response="0.6", label="correct"),
        {"id": "panel", "question": "What is 2+2?", "response": "it is four", "reference": "4", "context": "sums"},
        {"id": "fails", "response": "a, or b", "reference": "b", "label": "incorrect"},
    )
    write(
        folder,
        "s.jsonl",
        {"case": "panel", "turn": 0, "call": CALL},
        {"case": "panel", "turn": 1, "say": CITING},
        {"case": "fails", "seed": 0, "say": {"reason": "it gives two answers", "label": "incorrect"}},
        {"case": "fails", "fail": "timeout"},
    )
    ran = quick("run", "cases.jsonl", "-m", "scripted:s.jsonl", "-n", "3", "--run", "r.judge", cwd=folder)
    assert ran.code == 3
    return folder


def changed(finished: Path, folder: Path, *statements: str) -> None:
    """Make a copy of the run in which something was tampered with."""
    (folder / "r.judge").write_bytes((finished / "r.judge").read_bytes())
    connection = sqlite3.connect(folder / "r.judge")
    for statement in statements:
        assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()


# show


def test_show_sums_a_run_up(finished: Path) -> None:
    ran = quick("show", "r.judge", cwd=finished)
    assert ran.code == 0
    assert ran.out.startswith("4 cases, 3 decided  (r.judge)\n  answer: 2 correct, 1 incorrect, 1 undecided\n")
    worth = ran.out.partition("Worth a look (judge show r.judge CASE):\n")[2].splitlines()
    assert sorted(worth) == [
        'fails  undecided  failed: ["timeout", "timeout"]',
        "wrong  incorrect  a person said correct",
    ]


def test_show_tells_the_whole_story_of_a_case(finished: Path) -> None:
    story = quick("show", "r.judge", "panel", cwd=finished).out
    parts = [
        "Case panel (answer)",
        "What is 2+2?",
        "sums",
        "it is four",
        "correct  panel: 2 of 3 votes: e1 shows it",
        "3 votes asked for: 2 correct, 0 failed, 1 not needed",
        "exact: undecided: the texts differ, which proves nothing",
        "number: undecided: the response is not a plain number",
        "Vote 1: scripted:s.jsonl, rubric correctness, temperature 0.7, seed 0",
        "system says:\n    You compare a response with a reference answer.",
        "user says:\n    The question:\n    <question-",
        'the model calls check: {"kind": "answer", "response": "4", "reference": "4"}',
        "tool says:",
        "evidence e1 from check",
        "exact: correct (proof): the response is the reference",
        "sha256 ",
        "=> correct, citing e1: e1 shows it",
        "2 calls, 0 retries, ",
        "Vote 2: scripted:s.jsonl, rubric correctness, temperature 0.7, seed 1",
    ]
    for part in parts:
        assert part in story


def test_show_tells_why_an_evaluator_decided(finished: Path) -> None:
    story = quick("show", "r.judge", "wrong", cwd=finished).out
    assert "a person said: correct" in story
    assert "number: incorrect (proof): 0.6 is not 1/2: they differ by 1/10" in story
    assert "evidence number from number: 0.6 against 1/2" in story
    assert "incorrect  number (proof): 0.6 is not 1/2: they differ by 1/10" in story
    assert "Vote" not in story


def test_show_tells_what_failed(finished: Path) -> None:
    story = quick("show", "r.judge", "fails", cwd=finished).out
    assert "=> incorrect: it gives two answers" in story
    assert "=> no vote (timeout): the script says 'timeout'" in story
    assert "undecided  nobody: no label has a majority of the 3 votes asked for (1 incorrect, 2 failed)" in story


# export


def test_export_to_json_lines_has_everything(finished: Path, tmp_path: Path) -> None:
    ran = quick("export", finished / "r.judge", "--to", "v.jsonl", cwd=tmp_path)
    assert (ran.code, ran.out) == (0, "4 verdicts written to v.jsonl\n")
    lines = [json.loads(line) for line in (tmp_path / "v.jsonl").read_text().splitlines()]
    found = {line["case"]["id"]: line["verdict"] for line in lines}
    assert found["panel"]["votes"][0]["evidence"][0]["source"] == "check"
    assert found["panel"]["provenance"]["settings"]["panel"]["votes"] == 3
    assert [vote["error"] and vote["error"]["cause"] for vote in found["fails"]["votes"]] == [
        None,
        "timeout",
        "timeout",
    ]


def rows(folder: Path, ending: str) -> list[dict[str, Any]]:
    if ending == "parquet":
        found: list[dict[str, Any]] = pq.read_table(folder / "v.parquet").to_pylist()
        return [{name: "" if value is None else str(value) for name, value in row.items()} for row in found]
    with (folder / "v.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_export_to_a_table_has_a_row_a_case(finished: Path, tmp_path: Path, ending: str) -> None:
    assert quick("export", finished / "r.judge", "--to", f"v.{ending}", cwd=tmp_path).code == 0
    table = {row["id"]: row for row in rows(tmp_path, ending)}
    assert {name: row["label"] for name, row in table.items()} == {
        "right": "correct",
        "wrong": "incorrect",
        "panel": "correct",
        "fails": "undecided",
    }
    panel, fails = table["panel"], table["fails"]
    assert (panel["decided_by"], panel["basis"], panel["human"]) == ("panel", "vote", "")
    assert (panel["votes_asked"], panel["votes_saved"], panel["calls"]) == ("3", "1", "4")
    assert (fails["votes_failed"], fails["failures"], fails["human"]) == ("2", "timeout,timeout", "incorrect")
    assert list(tmp_path.iterdir()) == [tmp_path / f"v.{ending}"]


def test_an_export_replaces_an_older_one(finished: Path, tmp_path: Path) -> None:
    write(tmp_path, "v.csv", "old")
    assert quick("export", finished / "r.judge", "--to", "v.csv", cwd=tmp_path).code == 0
    assert len(rows(tmp_path, "csv")) == 4


# replay


def test_replay_says_that_all_is_the_same(finished: Path) -> None:
    ran = quick("replay", "r.judge", cwd=finished)
    assert ran.code == 0
    said = quick("replay", "r.judge", "--json", cwd=finished).json
    rechecked, again, taken = said.pop("rechecked"), said.pop("decided_again"), said.pop("as_recorded")
    assert ran.out == (
        "4 verdicts and 4 pieces of evidence computed again: all the same\n"
        f"witnesses rechecked: {rechecked}; findings decided again: {again}; taken as recorded: {taken}\n"
    )
    assert (rechecked + again, taken) == (8, 0)
    assert said == {
        "cases": 4,
        "evidence": 4,
        "unchecked": 0,
        "different": [],
        "changed": [],
        "taken": [],
    }


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        (
            "UPDATE exchanges SET reply = replace(reply, '\\\"correct\\\"', '\\\"incorrect\\\"') WHERE turn = 1",
            ["panel: label: was 'correct', is 'incorrect'", "vote 0: was correct, is incorrect"],
        ),
        (
            "UPDATE exchanges SET reply = replace(reply, '\\\"4\\\"', '\\\"5\\\"') WHERE turn = 0",
            [
                "panel: label: was 'correct', is 'undecided'",
                "vote 0: was correct, is failed (not_recorded)",
                "evidence e1",
            ],
        ),
        (
            """UPDATE verdicts SET verdict = replace(verdict, '"label":"incorrect","c', '"label":"correct","c')
            WHERE case_id = 'wrong'""",
            ["wrong: label: was 'correct', is 'incorrect'"],
        ),
        (
            "UPDATE verdicts SET judged = replace(judged, '\"1/2\"', '\"1/3\"') WHERE case_id = 'right'",
            [
                "right: label: was 'correct', is 'incorrect'",
                "number: was correct, is incorrect",
                "evidence number of number",
            ],
        ),
        (
            "UPDATE exchanges SET failure = replace(failure, 'timeout', 'server') WHERE failure IS NOT NULL",
            ["fails: vote 1: was failed (timeout), is failed (server)"],
        ),
    ],
)
def test_replay_says_what_differs_after_tampering(
    finished: Path, tmp_path: Path, statement: str, said: list[str]
) -> None:
    changed(finished, tmp_path, statement)
    ran = quick("replay", "r.judge", cwd=tmp_path)
    assert ran.code == 1
    for part in said:
        assert part in ran.out
    assert "1 cases came out differently" in ran.out
    assert len(quick("replay", "r.judge", "--json", cwd=tmp_path).json["different"]) == 1


def test_replay_notes_an_evaluator_of_another_version(finished: Path, tmp_path: Path) -> None:
    older = 'UPDATE provenances SET provenance = replace(provenance, \'"number":"1"\', \'"number":"0.9"\')'
    changed(finished, tmp_path, older)
    ran = quick("replay", "r.judge", cwd=tmp_path)
    assert ran.code == 0
    assert "note: evaluator number was version 0.9, is 1\n" in ran.out
    assert quick("replay", "r.judge", "--json", cwd=tmp_path).json["changed"] == [
        "evaluator number was version 0.9, is 1"
    ]


def test_replay_of_an_evaluator_that_is_gone_names_it(finished: Path, tmp_path: Path) -> None:
    other = 'UPDATE provenances SET provenance = replace(provenance, \'"number":"1"\', \'"nubmer":"1"\')'
    changed(finished, tmp_path, other)
    ran = quick("replay", "r.judge", cwd=tmp_path)
    assert ran.code == 2
    assert "unknown evaluator 'nubmer'. Did you mean 'number'?" in ran.err


# check


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--response", "0.5", "--reference", "1/2"], 0, "correct  number (proof): 0.5 = 1/2 exactly\n"),
        (["--response", "0.6", "--reference", "1/2"], 1, "incorrect  number (proof): 0.6 is not 1/2"),
        (["--response", "x", "--reference", "y"], 1, "undecided  nobody: no evaluator could decide"),
        (["--response", "x", "--reference", "y", "--reference", "x"], 0, "correct  exact (proof): "),
    ],
)
def test_check_judges_one_case(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    ran = quick("check", *words, cwd=tmp_path)
    assert ran.code == code
    assert ran.out.startswith(said)
    shown = quick("check", *words, "--json", cwd=tmp_path)
    assert (shown.code, shown.json["label"]) == (code, said.split()[0])
    assert list(tmp_path.iterdir()) == []


def test_check_asks_a_panel(tmp_path: Path) -> None:
    write(tmp_path, "s.jsonl", {"seed": 0, "fail": "timeout"}, {"say": {"reason": "A is right", "label": "A"}})
    words = ["check", "--question", "q", "--response", "x", "--response", "y", "-r", "preference"]
    ran = quick(*words, "-m", "scripted:s.jsonl", "-n", "3", cwd=tmp_path)
    assert ran.code == 0
    assert ran.out == ("A  panel: 2 of 3 votes, 1 failed: A is right\n  failed (timeout): the script says 'timeout'\n")


def test_check_refuses_what_cannot_be_judged(tmp_path: Path) -> None:
    ran = quick("check", "--response", "1", "--kind", "anser", cwd=tmp_path)
    assert ran.code == 2
    assert "unknown kind 'anser'. Did you mean 'answer'?" in ran.err
    assert quick("check", cwd=tmp_path).code == 2
    write(tmp_path, "s.jsonl", {"fail": "down"})
    assert quick("check", "--response", "x", "--reference", "y", "-m", "scripted:s.jsonl", cwd=tmp_path).code == 3


# rubrics


def test_rubrics_are_listed(tmp_path: Path) -> None:
    write(tmp_path, "prompts/mine.j2", MINE)
    listed = quick("rubrics", cwd=tmp_path).out
    for name in ("correctness", "correctness_open", "preference", "grade", "pass_fail", "mine"):
        assert f"\n{name} " in listed
    found = {rubric["name"]: rubric for rubric in quick("rubrics", "--json", cwd=tmp_path).json}
    assert found["mine"]["labels"] == ["good", "bad"]
    assert found["grade"]["labels"] == [1, 2, 3, 4, 5]
    assert found["preference"]["needs"] == ["question", "two responses"]


MINE = """---
about: Is it mine?
labels: [good, bad]
---
{% block system %}Be {{ labels | join(" or ") }}.{% endblock %}
{% block user %}{{ fence(case.response) }}{% endblock %}
"""


def test_a_rubric_is_shown_as_it_is_and_as_a_model_would_see_it(tmp_path: Path) -> None:
    write(tmp_path, "prompts/mine.j2", MINE)
    write(tmp_path, "cases.jsonl", right("a"), right("b", response="{{ labels }} </response>"))
    assert quick("rubrics", "show", "mine", cwd=tmp_path).out == MINE + "\n"
    seen = quick("rubrics", "show", "mine", "--case", "cases.jsonl", "--id", "b", cwd=tmp_path).out
    assert seen.startswith("── system ──\nBe good or bad.\n\n── user ──\n<response-")
    assert "\n{{ labels }} </response>\n</response-" in seen
    first = quick("rubrics", "show", "mine", "--case", "cases.jsonl", "--json", cwd=tmp_path).json
    assert [message["role"] for message in first["messages"]] == ["system", "user"]
    assert "0.5" in first["messages"][1]["content"]
    assert first["vote"]["properties"]["label"]["enum"] == ["good", "bad"]
    ran = quick("rubrics", "show", "mine", "--case", "cases.jsonl", "--id", "c", cwd=tmp_path)
    assert (ran.code, ran.err) == (2, "judge: 'cases.jsonl' has no case 'c'\n")
    assert quick("rubrics", "show", "mine", "--json", cwd=tmp_path).json == {"name": "mine", "text": MINE}


# The machine


def test_plugins_are_listed(tmp_path: Path) -> None:
    listed = quick("plugins", cwd=tmp_path)
    assert listed.code == 0
    assert "judge_evaluators.number:Number" in listed.out
    found = {(plugin["group"], plugin["name"]) for plugin in quick("plugins", "--json", cwd=tmp_path).json}
    assert {("evaluators", "exact"), ("tools", "check"), ("models", "replay")} <= found


def test_config_says_where_each_value_came_from(tmp_path: Path) -> None:
    write(tmp_path, "judge.toml", 'votes = 3\nseed = 1\nmodel = "openai:x, openai:y"\n')
    shown = judge("config", "--json", cwd=tmp_path, env={"JUDGE_SEED": "2"}).json
    assert shown["votes"] == {"value": 3, "origin": "judge.toml"}
    assert shown["seed"] == {"value": 2, "origin": "environment variable JUDGE_SEED"}
    assert shown["model"]["value"] == ["openai:x", "openai:y"]
    assert shown["rubric"] == {"value": [], "origin": "default"}
    assert "votes                 3" in quick("config", cwd=tmp_path).out


@pytest.mark.exhaustive
def test_doctor_looks_at_the_machine(tmp_path: Path) -> None:
    ran = judge("doctor", "--json", cwd=tmp_path)
    assert ran.code == 0
    found = {finding["what"]: finding["state"] for finding in ran.json}
    assert found["python"] == found["sqlite"] == found["plugins"] == found["evaluator worker"] == "ok"
    assert found["model"] == "missing"
    ran = judge("doctor", cwd=tmp_path, env={"JUDGE_MODEL": "scripted:gone.jsonl"})
    assert ran.code == 1
    assert "model scripted:gone.jsonl  broken" in ran.out


def test_help_names_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    ran = judge("--help", cwd=tmp_path)
    assert ran.code == 0
    for command in ("check", "run", "show", "export", "replay", "rubrics", "plugins", "config", "doctor"):
        assert f"\n  {command} " in ran.out
        assert quick(command, "--help", cwd=tmp_path).code == 0
    assert "Exit codes: 0 fine, 1 a check failed, 2 bad input or configuration, 3" in ran.out
    assert quick("--version", cwd=tmp_path).out.startswith("judge 0.")
    assert quick("frobnicate", cwd=tmp_path).code == 2


def test_the_shell_completes_commands_and_flags(tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("judge")
    if not program.exists():
        pytest.skip("the command is not installed beside this Python")

    def completed(**variables: str) -> str:
        return subprocess.run(
            [program], env=environment(variables), cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
        ).stdout

    assert "complete -o default -F _judge_completion judge" in completed(_JUDGE_COMPLETE="source_bash")
    assert completed(_JUDGE_COMPLETE="complete_bash", COMP_WORDS="judge ru", COMP_CWORD="1").split() == [
        "run",
        "rubrics",
    ]
    flags = completed(_JUDGE_COMPLETE="complete_bash", COMP_WORDS="judge run --fail", COMP_CWORD="2")
    assert "--fail-under" in flags


def test_a_reader_that_has_seen_enough_is_no_error(finished: Path) -> None:
    read, written = os.pipe()
    os.close(read)
    done = subprocess.run(
        [*PROGRAM, "show", "r.judge", "panel"],
        cwd=finished,
        stdout=written,
        stderr=subprocess.PIPE,
        env=environment(),
        timeout=60,
        check=False,
    )
    os.close(written)
    assert done.returncode in (0, 1)
    assert done.stderr == b""

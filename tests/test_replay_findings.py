"""Replay of what evaluators found: witnesses are rechecked, searches repeated if asked, kinds by their settings."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from judge import Case, Finding, Provenance, Verdict
from judge.processes.consulting import Terms
from judge.record.store import Store
from judge.replaying.cascades import recorded_cascade
from judge.replaying.comparing import differences
from judge.types import Decided

pytestmark = pytest.mark.xdist_group("replay_findings")  # its fixture is made once

PLUGINS = """
import json, os, random
from pathlib import Path
from pydantic import BaseModel
from judge import Finding
from judge.files import File
from judge.kinds import Inputs, Kind
from judge.protocols import Evaluator

def note(what):
    with Path(os.environ["NOTES"]).open("a") as file:
        file.write(what + "\\n")

class Thing(Inputs):
    file: File | None = None

thing = Kind(name="thing", summary="A thing.", Inputs=Thing)
other = Kind(name="other", summary="Another thing.")

class Search(Evaluator):
    name, version, kinds, cost = "search", "1", frozenset({"thing", "other"}), 1
    bases = {"correct": frozenset({"proof"}), "incorrect": frozenset({"counterexample"})}
    runs = "worker"

    def check(self, case, /, *, budget):
        note(f"search {case.id} {budget.left:.0f}")
        if case.response == "right":
            return Finding.correct("proof", "it is so", witness={"value": case.reference})
        return Finding.undecided("nothing was found")

    def recheck(self, case, witness, /):
        note(f"recheck {case.id}")
        return json.loads(witness.content)["value"] == case.reference

class Guess(BaseModel):
    value: str

riddle = Kind(name="riddle", summary="A riddle.", Hints=Guess)

class Guessed(Evaluator):
    name, version, kinds, cost = "guessed", "1", frozenset({"riddle"}), 1
    bases = {"correct": frozenset({"proof"})}
    runs = "worker"

    def check(self, case, /, *, budget):
        note(f"search {case.id}")
        return Finding.undecided("no idea")

    def recheck(self, case, witness, /):
        return json.loads(witness.content)["value"] == case.reference

    def prove(self, case, hint, /, *, budget):
        note(f"prove {case.id}")
        if hint.value != case.reference:
            return Finding.undecided("the hint is of no use")
        return Finding.correct("proof", "as the hint says", witness={"value": hint.value})

class Moody(Evaluator):
    name, version, kinds, cost, deterministic = "moody", "1", frozenset({"thing"}), 2, False
    bases = {"correct": frozenset({"rule"})}
    runs = "here"

    def check(self, case, /, *, budget):
        note(f"moody {case.id}")
        return Finding.undecided(f"not today: {random.random()}")

class Quick(Evaluator):
    name, version, kinds, cost = "quick", "1", frozenset({"thing"}), 0
    bases = {"correct": frozenset({"rule"})}
    runs = "here"

    def check(self, case, /, *, budget):
        note(f"quick {case.id}")
        return Finding.undecided("not at a glance")
"""
ENTRIES = """[judge.kinds]
thing = things:thing
other = things:other
riddle = things:riddle
[judge.evaluators]
search = things:Search
moody = things:Moody
quick = things:Quick
guessed = things:Guessed
"""


class Program:
    """``judge`` with plugins of our own, in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        (self.site / "things-1.0.dist-info").mkdir(parents=True)
        (self.site / "things.py").write_text(PLUGINS)
        (self.site / "things-1.0.dist-info" / "METADATA").write_text(
            "Metadata-Version: 2.1\nName: things\nVersion: 1.0\n"
        )
        (self.site / "things-1.0.dist-info" / "entry_points.txt").write_text(ENTRIES)

    def __call__(self, *words: str, code: int = 0, evaluators: str = "search,moody,quick", deadline: str = "10") -> str:
        more = {"PYTHONPATH": str(self.site), "NOTES": str(self.folder / "notes"), "JUDGE_EVALUATORS": evaluators}
        more["JUDGE_EVALUATOR_DEADLINE_S"] = deadline
        command = [sys.executable, "-m", "judge.cli", *words]
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd=self.folder,
            env={**os.environ, **more},
            timeout=60,
            check=False,
        )
        assert ran.returncode == code, ran.stderr + ran.stdout
        assert "Traceback" not in ran.stderr
        return ran.stdout or ran.stderr

    def cases(self, *rows: dict[str, Any]) -> None:
        text = "".join(json.dumps({"kind": "thing", "reference": "r", **row}) + "\n" for row in rows)
        (self.folder / "cases.jsonl").write_text(text)

    def notes(self) -> list[str]:
        """Return what evaluators noted since this was last asked."""
        file = self.folder / "notes"
        lines = sorted(file.read_text().splitlines()) if file.exists() else []
        file.unlink(missing_ok=True)
        return lines

    def changed(self, statement: str) -> None:
        connection = sqlite3.connect(self.folder / "r.judge")
        assert connection.execute(statement).rowcount > 0
        connection.commit()
        connection.close()


@pytest.fixture
def program(tmp_path: Path) -> Program:
    return Program(tmp_path)


RIGHT, OPEN = {"id": "right", "response": "right"}, {"id": "open", "response": "left"}
RUN = ("run", "cases.jsonl", "--run", "r.judge")


@pytest.mark.exhaustive
def test_witnesses_are_rechecked_and_searches_are_not_repeated(program: Program) -> None:
    program.cases(RIGHT, OPEN)
    program(*RUN, deadline="60")
    quick, searches = ["quick open", "quick right"], ["search open 48", "search right 48"]
    assert program.notes() == ["moody open", "moody right", *quick, *searches]
    said = program("replay", "r.judge")
    assert said == (
        "2 verdicts and 1 pieces of evidence computed again: all the same\n"
        "witnesses rechecked: 1; findings decided again: 2; taken as recorded: 3 (--full repeats their searches)\n"
    )
    assert program.notes() == [*quick, "recheck right"]
    counts = json.loads(program("replay", "r.judge", "--json"))
    assert (counts["rechecked"], counts["decided_again"], counts["as_recorded"]) == (1, 2, 3)
    program.notes()
    assert "witnesses rechecked: 0; findings decided again: 4; taken as recorded: 2\n" in program(
        "replay", "r.judge", "--full"
    )
    assert program.notes() == [*quick, *searches]  # in the same time


def test_a_witness_that_does_not_hold_is_a_difference(program: Program) -> None:
    program.cases(RIGHT)
    program(*RUN)
    program.changed("UPDATE verdicts SET judged = replace(judged, '[\"r\"]', '[\"s\"]')")
    said = program("replay", "r.judge", code=1)
    assert "search: the certificate 'search' does not hold" in said
    assert "search: was correct, is undecided" in said
    assert "1 cases came out differently" in said


def test_each_kind_is_replayed_by_its_own_settings(program: Program) -> None:
    program.cases(RIGHT)
    program(*RUN, "--weakest", "rule", deadline="60")
    program.cases(RIGHT, {**RIGHT, "id": "other", "kind": "other"})
    program(*RUN, "--weakest", "rule", deadline="60")
    program.changed(
        "UPDATE provenances SET provenance = replace(provenance, '\"evaluator_deadline_s\":60.0', "
        "'\"evaluator_deadline_s\":30.0') WHERE kind = 'other'"
    )
    program.notes()
    program("replay", "r.judge", "--full")
    assert program.notes() == ["quick right", "search other 24", "search right 48"]


@pytest.mark.exhaustive
def test_a_run_file_that_cases_and_settings_name_stays_when_a_kind_joins(program: Program) -> None:
    program.cases(RIGHT)
    program("run", "cases.jsonl")
    program.cases(RIGHT, {**RIGHT, "id": "other", "kind": "other"})
    program("run", "cases.jsonl")
    assert len(list((program.folder / "runs").glob("*.judge"))) == 1
    program("run", "cases.jsonl", deadline="60")
    assert len(list((program.folder / "runs").glob("*.judge"))) == 2


@pytest.mark.exhaustive
@pytest.mark.parametrize("gone", [True, False])
def test_a_file_that_changed_or_is_gone_is_a_difference(program: Program, gone: bool) -> None:
    file = program.folder / "table.csv"
    file.write_text("a,b\n")
    program.cases({**RIGHT, "inputs": {"file": "table.csv"}}, OPEN)
    program(*RUN)
    file.unlink()
    if not gone:
        file.write_text("a,c\n")
    said = program("replay", "r.judge", code=1)
    what = f"'{file}' is not a file" if gone else f"the content of '{file}' changed since the case was read"
    assert f"right: field 'inputs.file': {what}\n" in said
    assert "1 cases came out differently" in said
    if not gone:
        assert f"the content of the file '{file}' (input 'file') changed" in program(*RUN, code=2)


@pytest.mark.exhaustive
def test_an_evaluator_that_could_not_be_loaded_is_left_out(program: Program) -> None:
    program.cases(OPEN)
    broken = program.site / "things-1.0.dist-info" / "entry_points.txt"
    broken.write_text(ENTRIES + "broken = things:Nothing\n")
    said = program(*RUN, evaluators="all")
    assert "  failures: 1 broken_plugin\n" in said
    assert said.count("broken") >= 2
    broken.write_text(ENTRIES)
    assert "all the same" in program("replay", "r.judge")


def test_a_case_that_a_hint_proved_comes_out_the_same(program: Program) -> None:
    program.cases({"id": "a", "kind": "riddle", "question": "?", "response": "r or so"})
    call = {"tool": "check", "arguments": {"hints": json.dumps({"value": "r"})}}
    (program.folder / "s.jsonl").write_text(json.dumps({"turn": 0, "call": call}) + "\n")
    words = ("-m", "scripted:s.jsonl")
    assert "guessed 1" in program(*RUN, *words, evaluators="guessed")
    assert program.notes() == ["prove a", "search a"]
    shown = json.loads(program("show", "r.judge", "a", "--json"))["verdict"]
    assert (shown["label"], shown["basis"], len(shown["votes"])) == ("correct", "proof", 1)
    assert "all the same" in program("replay", "r.judge")
    assert program.notes() == ["prove a"]
    assert "all the same" in program("replay", "r.judge", "--full")
    assert program.notes() == ["prove a", "search a"]


def test_proofs_that_were_merely_taken_are_counted_apart(program: Program) -> None:
    program.cases(RIGHT, {**RIGHT, "id": "too"}, OPEN)
    program(*RUN)
    strip = "json_set(verdict, '$.findings.search.evidence', json('[]'))"
    program.changed(f"UPDATE verdicts SET verdict = {strip} WHERE case_id = 'right'")
    said = program("replay", "r.judge")
    assert "\n1 verdicts by proof or counterexample were taken and not checked again (--full)\n" in said
    assert json.loads(program("replay", "r.judge", "--json"))["unchecked"] == 1


def test_a_kind_that_is_gone_is_named_by_the_case_that_needs_it(program: Program) -> None:
    (program.folder / "table.csv").write_text("a,b\n")
    program.cases({**RIGHT, "inputs": {"file": "table.csv"}}, {**OPEN, "kind": "other"}, {**RIGHT, "id": "z"})
    program(*RUN)
    entries = program.site / "things-1.0.dist-info" / "entry_points.txt"
    entries.write_text(ENTRIES.replace("thing = things:thing\n", ""))
    said = program("replay", "r.judge", code=1)
    assert "right: the kind 'thing', which the case has inputs of, is not installed" in said
    assert "1 cases came out differently" in said
    entries.write_text(ENTRIES.replace("things:thing\n", "things:nothing\n"))
    said = program("replay", "r.judge", code=1)
    assert "right: kind 'thing' of things cannot be imported" in said
    assert "3 verdicts and" in said


# Without a file


def test_what_was_not_installed_is_no_difference() -> None:
    absent = Finding.undecided("not there", error={"cause": "broken_plugin", "message": "x"})  # type: ignore[arg-type]
    told: Mapping[str, Any] = {"case_id": "a", "label": "undecided", "decided_by": "nobody"}
    before = Verdict(**told, because="mine: ?; broken: not there", findings={"broken": absent})
    after = Verdict(**told, because="mine: ?")
    assert list(differences(before, after)) == []
    assert list(differences(after, before.model_copy(update={"findings": {}}))) != []


def test_settings_from_before_there_was_a_weakest_basis_are_those_of_then(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"evaluators": {"number": "1"}, "panel": None}
    made = Provenance(judge="0.1.0", fingerprint="f", settings=settings)
    case = Case(id="a", response="1", reference="1")
    verdict = Verdict(case_id="a", label="undecided", decided_by="nobody", because="?")
    with Store.open(tmp_path / "r.judge", lambda _: made, rubrics={}) as store:
        store.put(case, Decided(verdict, ()), lambda _: None)
        store.flush()
        assert recorded_cascade(store, "answer").terms == Terms(deadline_s=10.0, weakest="learned")

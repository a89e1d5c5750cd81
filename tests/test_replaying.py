"""A run file from a stranger: looking at it and replaying it imports nothing that it names."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from judge import JudgeError, PluginError, StoreError, replaying
from judge.record.store import Store

pytestmark = pytest.mark.xdist_group("replaying")  # its fixtures are made once

RUBRIC = """---
labels: [correct, incorrect]
tools: [check]
schema: evil:Class
---
{% block system %}Judge.{% endblock %}
{% block user %}{{ fence(case.response) }}{% endblock %}
"""
#: Says that it was imported, then is a vote's class and a model.
EVIL = """from pathlib import Path
Path(__file__).with_name("imported").touch()
from pydantic import BaseModel, Field

class Class(BaseModel):
    reason: str
    severity: int = Field(le=5)
    label: str

def answer(request):
    refused = {"reason": "r", "severity": 9, "cites": [], "label": "correct"}
    good = {"reason": "r", "severity": 3, "cites": [], "label": "incorrect"}
    if request.case_id == "tool" and request.turn == 0:
        arguments = {"kind": "answer", "response": "1", "reference": "1"}
        return {"action": {"tool": "check", "arguments": arguments}}
    if request.case_id == "never" or (request.case_id == "mended" and request.turn == 0):
        return {"action": {"vote": refused}}
    return {"action": {"vote": good}}
"""
CASES = ["plain", "tool", "mended", "never"]


def program(*words: str, cwd: Path, more: Path | None = None) -> "subprocess.CompletedProcess[str]":
    """Run ``judge`` with the folder, and one more, on the path for modules."""
    path = os.pathsep.join(map(str, filter(None, [cwd, more])))
    environment = {**os.environ, "PYTHONPATH": path, "JUDGE_EVALUATORS": "exact"}
    command = [sys.executable, "-m", "judge.cli", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60, check=False)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run whose rubric and whose model name the module, which lies beside it."""
    folder = tmp_path_factory.mktemp("stranger")
    (folder / "evil.py").write_text(EVIL)
    (folder / "mine.j2").write_text(RUBRIC)
    rows = [{"id": name, "response": f"{name} x", "reference": "y"} for name in CASES]
    (folder / "cases.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    ran = program(
        "run", "cases.jsonl", "-m", "scripted:evil.py:answer", "-r", "mine.j2", "--run", "r.judge", cwd=folder
    )
    assert ran.returncode == 3, ran.stderr  # one case is left undecided by a vote that never fits
    assert (folder / "imported").exists()
    (folder / "imported").unlink()
    return folder


@pytest.fixture
def stranger(made: Path, tmp_path: Path) -> Path:
    for name in ("evil.py", "r.judge", "cases.jsonl"):
        (tmp_path / name).write_bytes((made / name).read_bytes())
    return tmp_path


@contextmanager
def importable(folder: Path) -> Iterator[None]:
    """Put a folder on the path for modules."""
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


def edited(folder: Path, key: str, change: Callable[[Any], Any]) -> Path:
    """Change what a run file says of itself: its settings, or its rubrics."""
    path = folder / "r.judge"
    connection = sqlite3.connect(path)
    cell = "provenance FROM provenances" if key == "provenance" else f"value FROM about WHERE key = '{key}'"
    (found,) = connection.execute(f"SELECT {cell}").fetchone()
    column, _, rest = cell.partition(" FROM ")
    table, _, where = rest.partition(" WHERE ")
    value = json.dumps(change(json.loads(found)))
    connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where or 1}", (value,))
    connection.commit()
    connection.close()
    return path


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["show", "r.judge"], 0),
        (["show", "r.judge", "mended"], 0),
        (["export", "r.judge", "--to", "v.jsonl"], 0),
        (["export", "r.judge", "--to", "v.csv"], 0),
        (["replay", "r.judge"], 0),
        (["calibrate", "r.judge"], 2),  # it holds no scores
        (["run", "cases.jsonl", "-m", "replay:r.judge", "--run", "new.judge"], 3),  # asks other things than it holds
    ],
)
def test_no_command_imports_what_the_file_names(stranger: Path, words: list[str], code: int) -> None:
    ran = program(*words, cwd=stranger)
    assert (ran.returncode, "Traceback" in ran.stderr) == (code, False), ran.stderr
    assert not (stranger / "imported").exists()


def test_replay_reads_votes_as_the_class_read_them_and_says_what_it_did_not_check(
    stranger: Path,
) -> None:
    with importable(stranger), Store.read(stranger / "r.judge") as store:
        (note,) = replaying.taken(store)
        found = list(replaying.replay(store))
    assert [comparison.differences for comparison in found] == [()] * len(CASES)
    votes = {
        comparison.case.id: comparison.replayed.votes[0] for comparison in found if comparison.replayed is not None
    }
    assert votes["plain"].extra == {"severity": 3}
    assert votes["tool"].evidence[0].source == "check"
    assert votes["never"].error and votes["never"].error.cause == "bad_schema"
    assert note.startswith("the votes under rubric 'mine.j2' were taken as recorded but for their labels")
    assert "'evil:Class'" in note
    assert not (stranger / "imported").exists()
    assert program("replay", "r.judge", cwd=stranger).stdout.startswith(
        f"note: {note}\n4 verdicts and 1 pieces of evidence computed again: all the same\n"
    )


def test_a_label_that_was_tampered_with_is_seen_without_the_class(stranger: Path) -> None:
    connection = sqlite3.connect(stranger / "r.judge")
    connection.execute("UPDATE exchanges SET reply = replace(reply, 'incorrect', 'correct')")
    connection.commit()
    connection.close()
    with Store.read(stranger / "r.judge") as store:
        differing = {c.case.id for c in replaying.replay(store) if c.differences}
    assert differing == {"plain", "tool", "mended"}


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("text", "imported"), [(RUBRIC, True), (RUBRIC + "\n", False)])
def test_the_class_of_an_installed_rubric_is_used_where_it_is_the_same(
    stranger: Path, tmp_path_factory: pytest.TempPathFactory, text: str, imported: bool
) -> None:
    site = tmp_path_factory.mktemp("site")
    (site / "installed_rubrics.py").write_text(f"mine = {text!r}\n")
    info = site / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[judge.rubrics]\nmine.j2 = installed_rubrics:mine\n")
    ran = program("replay", "r.judge", "--json", cwd=stranger, more=site)
    assert ran.returncode == 0, ran.stderr
    said = json.loads(ran.stdout)
    assert (said["different"], bool(said["taken"])) == ([], not imported)
    assert (stranger / "imported").exists() is imported


@pytest.mark.parametrize("name", ["/etc/passwd", "../mine.j2", "evil.j2"])
def test_a_rubric_is_what_the_file_holds_and_its_name_no_path(stranger: Path, name: str) -> None:
    (stranger / "evil.j2").write_text("no rubric")

    def renamed(settings: Any) -> Any:
        return json.loads(json.dumps(settings).replace('"mine.j2"', json.dumps(name)))

    edited(stranger, "provenance", renamed)
    path = edited(stranger, "rubrics", renamed)
    connection = sqlite3.connect(path)
    connection.execute("UPDATE verdicts SET verdict = replace(verdict, '\"mine.j2\"', ?)", (json.dumps(name),))
    connection.commit()
    connection.close()
    with Store.read(path) as store:
        assert all(not comparison.differences for comparison in replaying.replay(store))


def settings(**change: Any) -> Callable[[Any], Any]:
    return lambda found: {**found, "settings": {**found["settings"], **change}}


def panel(**change: Any) -> Callable[[Any], Any]:
    return lambda found: settings(panel={**found["settings"]["panel"], **change})(found)


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (settings(evaluators={"evil:Class": "1"}), PluginError, "unknown evaluator 'evil:Class'"),
        (panel(rubrics={"mine.j2": {"schema": {}, "tools": ["evil:Class"]}}), JudgeError, "no property 'label'"),
        (
            panel(rubrics={"mine.j2": {"schema": {"properties": {"label": {}}}, "tools": ["evil"]}}),
            PluginError,
            "unknown tool 'evil'",
        ),
        (settings(evaluators=["exact"]), StoreError, "is damaged: setting evaluators"),
        (settings(panel={}), StoreError, "is damaged: setting panel.votes"),
        (panel(votes=10**9), StoreError, "is damaged: setting panel.votes"),
        (panel(members=[]), StoreError, "is damaged: setting panel.members"),
        (panel(rubrics={}), StoreError, "is damaged: it lacks the rubric 'mine.j2'"),
        (panel(limits={"steps": "x"}), StoreError, "is damaged: setting panel.limits.steps"),
        (panel(score=[]), None, ""),
        (panel(score=[{"threshold": 0}] * 2), StoreError, "not one threshold for each member"),
    ],
)
def test_settings_that_nobody_can_have_run_with_are_refused_in_words(
    stranger: Path, change: Callable[[Any], Any], error: type[JudgeError] | None, said: str
) -> None:
    path = edited(stranger, "provenance", change)
    with Store.read(path) as store:
        if error is None:
            assert len(list(replaying.replay(store))) == len(CASES)
            return
        with pytest.raises(error, match=said):
            list(replaying.replay(store))


@pytest.mark.parametrize(
    ("key", "value"), [("provenance", []), ("provenance", {"judge": 1}), ("rubrics", {"a": 1}), ("rubrics", 3)]
)
def test_a_file_that_says_nonsense_of_itself_is_damaged(stranger: Path, key: str, value: object) -> None:
    path = edited(stranger, key, lambda _: value)
    with pytest.raises(StoreError, match="is damaged: what it says of itself cannot be read"):
        Store.read(path)

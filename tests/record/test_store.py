"""A run file keeps what was acknowledged, whatever happens to it, and refuses what it cannot keep."""

import os
import queue
import resource
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from judge import Case, InputError, Judge, ModelError, Request, ScriptedModel, StoreError, ToolError
from judge.record.store import Store
from judge.types import Decided


class Echo:
    """A tool that gives back what it is given, or fails when told to."""

    name = "echo"
    description = "Repeats a text."
    deterministic = True

    class Arguments(BaseModel):
        text: str

    def run(self, arguments: BaseModel, /) -> str:
        text: str = arguments.model_dump()["text"]
        if text == "fail":
            raise ToolError("it was told to fail")
        return text


def answer(request: Request) -> dict[str, Any]:
    """Call the tool, then vote; seed 1 fails, seed 2 votes for the other label after a bad reply."""
    if request.seed == 1:
        raise ModelError("the script says so", cause="timeout")
    if request.turn == 0:
        text = "fail" if request.case_id == "tool-fails" else "seen"
        return {"action": {"tool": "echo", "arguments": {"text": text}}}
    if request.seed == 2 and request.turn == 1:
        return {"label": "perhaps"}
    label = "incorrect" if request.seed == 2 else "correct"
    return {"action": {"vote": {"reason": f"because of {request.case_id}", "cites": [], "label": label}}}


def panel(**settings: Any) -> Judge:
    return Judge(
        model=ScriptedModel(answer, name="fake", native_tools=False),
        tools=[Echo()],
        evaluators="none",
        **{"votes": 4, **settings},
    )


def case(name: str = "a", **fields: Any) -> Case:
    return Case(**{"id": name, "response": "1", "reference": "2", **fields})


UNSTORABLE = case("b").model_copy(update={"tags": {"x": object()}})  # no JSON can hold that


def opened(path: Path, judge: Judge) -> Store:
    return Store.open(path, judge.cascade.provenance, rubrics=judge.rubric_texts())


def put(store: Store, judged: Case, outcome: Decided) -> None:
    """Store a verdict and wait until it is acknowledged."""
    said: queue.SimpleQueue[StoreError | None] = queue.SimpleQueue()
    store.put(judged, outcome, said.put)
    if error := said.get(timeout=30):
        raise error


def ids(path: Path) -> list[str]:
    with Store.read(path) as store:
        return [stored.case.id for stored in store.all()]


def fill(path: Path, judge: Judge, *names: str) -> None:
    with opened(path, judge) as store:
        for name in names:
            put(store, case(name), judge.cascade.decide(case(name)))


# What goes in comes out


@pytest.mark.parametrize("name", ["plain", "tool-fails", "weird ' \n \0 ☃ id"])
def test_a_verdict_comes_back_with_everything_it_rests_on(tmp_path: Path, name: str) -> None:
    judge, judged = panel(), case(name, tags={"k": [True, None, {"x": "y"}]}, label="correct")
    outcome = judge.cascade.decide(judged)
    assert {vote.error and vote.error.cause for vote in outcome.verdict.votes} == {None, "timeout"}
    assert all(vote.evidence for vote in outcome.verdict.votes if vote.error is None)
    with opened(tmp_path / "r.judge", judge) as store:
        put(store, judged, outcome)
        seen_by_the_writer = store.get(name), store.exchanges(name)
    with Store.read(tmp_path / "r.judge") as store:
        found = store.get(name)
        assert found is not None
        assert (found.case, found.verdict, found.labels) == (judged, outcome.verdict, {"file": "correct"})
        assert tuple(store.exchanges(name)) == outcome.exchanges
        assert seen_by_the_writer == (store.get(name), store.exchanges(name))
        assert list(store.all()) == [found]
        assert store.get("another") is None
        assert store.run.provenances == {"answer": judge.cascade.provenance("answer")}
        assert store.run.rubrics == judge.rubric_texts()


def test_a_reply_is_found_by_what_was_asked(tmp_path: Path) -> None:
    judge, judged = panel(), case()
    outcome = judge.cascade.decide(judged)
    fill(tmp_path / "r.judge", judge, "a")
    with Store.read(tmp_path / "r.judge") as store:
        for exchange in outcome.exchanges:
            assert store.replies("fake", exchange.request.digest) == [exchange]
            assert store.replies("another", exchange.request.digest) == []


def test_verdicts_come_back_in_the_order_in_which_they_were_stored(tmp_path: Path) -> None:
    fill(tmp_path / "r.judge", panel(), "b", "a", "c")
    fill(tmp_path / "r.judge", panel(), "0")
    assert ids(tmp_path / "r.judge") == ["b", "a", "c", "0"]


def test_judging_again_keeps_the_older_attempt(tmp_path: Path) -> None:
    judge = panel()
    fill(tmp_path / "r.judge", judge, "a", "b")
    fill(tmp_path / "r.judge", judge, "a")
    with Store.read(tmp_path / "r.judge") as store:
        assert list(store.query("SELECT number, case_id, superseded FROM verdicts ORDER BY number")) == [
            (1, "a", 1),
            (2, "b", 0),
            (3, "a", 0),
        ]
        outcome = judge.cascade.decide(case())
        assert tuple(store.exchanges("a")) == outcome.exchanges
        assert next(store.query("SELECT count(*) FROM exchanges"))[0] == 3 * len(outcome.exchanges)


def test_kept_votes_are_those_that_did_not_fail(tmp_path: Path) -> None:
    judge = panel()
    outcome = judge.cascade.decide(case())
    with opened(tmp_path / "r.judge", judge) as store:
        assert store.kept(case()) == []
        put(store, case(), outcome)
        kept = store.kept(case())
    assert [d.vote for d in kept] == [vote for vote in outcome.verdict.votes if vote.error is None]
    assert all({e.vote for e in d.exchanges} == {d.vote.index} for d in kept)


def test_a_store_knows_what_it_had_when_it_was_opened(tmp_path: Path) -> None:
    judge = panel()
    fill(tmp_path / "r.judge", judge, "a")
    with opened(tmp_path / "r.judge", judge) as store:
        assert store.has(case("a"))
        assert not store.has(case("b"))
        assert not store.has(case("a"), retry_errors=True)  # two votes failed and nobody won


def test_a_case_whose_content_changed_is_an_error(tmp_path: Path) -> None:
    judge = panel()
    fill(tmp_path / "r.judge", judge, "a")
    with (
        opened(tmp_path / "r.judge", judge) as store,
        pytest.raises(InputError, match=r"case 'a' is not the one that .*r\.judge' holds a verdict for"),
    ):
        store.has(case("a", response="another"))


def test_a_name_that_means_something_to_sqlite_is_a_file_like_any_other(tmp_path: Path) -> None:
    for name in ("r?mode=memory.judge", "r#1 %20.judge", "file:r.judge"):
        fill(tmp_path / name, panel(), "a")
        assert (tmp_path / name).is_file()
        assert ids(tmp_path / name) == ["a"]


def test_a_relative_name_is_never_a_database_in_memory(tmp_path: Path) -> None:
    program = "from pathlib import Path; from test_store import fill, panel; fill(Path(':memory:'), panel(), 'a')"
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=with_tests(), check=True, timeout=60)
    assert ids(tmp_path / ":memory:") == ["a"]


def test_a_run_that_is_going_on_can_be_looked_at(tmp_path: Path) -> None:
    judge = panel()
    with opened(tmp_path / "r.judge", judge) as store:
        put(store, case(), judge.cascade.decide(case()))
        assert ids(tmp_path / "r.judge") == ["a"]
        put(store, case("b"), judge.cascade.decide(case("b")))
        assert ids(tmp_path / "r.judge") == ["a", "b"]


# Other settings


@pytest.mark.parametrize(
    ("settings", "difference"),
    [
        ({"votes": 5}, "panel.votes was 4, is 5"),
        ({"temperature": (0.1,)}, '"temperature": 0.1'),
        ({"seed": 7}, '"seed": 7'),
        ({"max_tokens": 9}, "panel.limits.max_tokens was 1024, is 9"),
        ({"max_steps": 3}, "panel.limits.steps was 8, is 3"),
    ],
)
def test_a_run_of_other_settings_is_refused_and_the_difference_named(
    tmp_path: Path, settings: dict[str, Any], difference: str
) -> None:
    path = tmp_path / "r.judge"
    fill(path, panel(), "a")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"r\.judge' was made with other settings") as caught:
        opened(path, panel(**settings))
    assert difference in str(caught.value)
    assert "Use the same settings to continue it, or another run file" in str(caught.value)
    assert path.read_bytes() == before
    fill(path, panel(), "b")  # and it can still be continued
    assert ids(path) == ["a", "b"]


def test_other_evaluators_and_other_rubrics_are_other_settings(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    fill(path, panel(), "a")
    with pytest.raises(StoreError, match=r"evaluators.number was null, is \"1\"; panel was .*, is null"):
        opened(path, Judge(evaluators="number"))
    other = Judge(model=ScriptedModel(answer, name="fake"), rubric="correctness_open", evaluators="none", votes=4)
    with pytest.raises(StoreError, match=r"panel.rubrics.correctness_open was null"):
        opened(path, other)


def test_a_file_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    fill(path, panel(), "a")
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(StoreError, match=r"r\.judge' has layout 9; this version of judge reads layouts 1 and 2"):
        Store.read(path)


# One writer


def with_tests() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}


@contextmanager
def held_by_another_process(path: Path) -> Iterator[subprocess.Popen[bytes]]:
    program = (
        "import sys; from pathlib import Path; from test_store import case, opened, panel, put; judge = panel(); "
        "store = opened(Path(sys.argv[1]), judge); put(store, case(), judge.cascade.decide(case())); "
        "print('held', flush=True); sys.stdin.read(); store.close()"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=with_tests()
    )
    assert process.stdin and process.stdout
    try:
        assert process.stdout.readline() == b"held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdin.close()
        process.stdout.close()


def test_a_second_writer_is_refused_until_the_first_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with held_by_another_process(path) as process:
        with pytest.raises(StoreError, match=r"r\.judge' is being written by another process"):
            opened(path, panel())
        assert ids(path) == ["a"]
        process.kill()
        process.wait()
        fill(path, panel(), "b")
        assert ids(path) == ["a", "b"]


def test_a_second_writer_in_the_same_process_is_refused(tmp_path: Path) -> None:
    with opened(tmp_path / "r.judge", panel()), pytest.raises(StoreError, match="is being written"):
        opened(tmp_path / "r.judge", panel())


# What is no run file, or no longer one


def foreign_database() -> bytes:
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE TABLE verdicts (mine TEXT)")
    content = connection.serialize()
    connection.close()
    return content


@pytest.mark.parametrize("content", [b"my notes\n", b"x", b"SQLite format 3\0", foreign_database()])
def test_what_is_not_a_run_file_is_refused_and_left_as_it_was(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    for use in (lambda: opened(path, panel()), lambda: Store.read(path)):
        with pytest.raises(StoreError, match=r"notes\.txt' is not a run file; it was left as it is"):
            use()
    assert path.read_bytes() == content
    assert {p.name for p in tmp_path.iterdir()} <= {"notes.txt", "notes.txt.lock"}


def test_an_empty_file_becomes_a_run_file(tmp_path: Path) -> None:
    (tmp_path / "r.judge").touch()
    fill(tmp_path / "r.judge", panel(), "a")
    assert ids(tmp_path / "r.judge") == ["a"]


def test_a_run_file_that_is_not_there_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"run file '.*r\.judge' does not exist"):
        Store.read(tmp_path / "r.judge")


def damaged(path: Path, kind: str) -> bytes:
    """Make a run file of some pages and damage it."""
    judge = panel()
    fill(path, judge, *(f"case {n}" for n in range(20)))
    content = bytearray(path.read_bytes())
    assert len(content) > 20 * 4096
    if kind == "pages in the middle":
        for page in range(4, len(content) // 4096 - 2):
            content[page * 4096 : page * 4096 + 64] = os.urandom(64)
    elif kind == "cut in half":
        del content[len(content) // 2 :]
    else:
        content[100:200] = bytes(100)
    path.write_bytes(content)
    return bytes(content)


@pytest.mark.parametrize("kind", ["pages in the middle", "cut in half", "the first page"])
def test_a_damaged_file_is_moved_aside_whole(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "r.judge"
    content = damaged(path, kind)
    aside = tmp_path / "r.judge.damaged-1"
    with pytest.raises(StoreError, match=r"is damaged \(.*\); it was moved, whole, to") as caught:
        opened(path, panel())
    assert str(aside) in str(caught.value)
    assert aside.read_bytes() == content
    assert not path.exists()
    fill(path, panel(), "a")
    assert ids(path) == ["a"]
    assert aside.read_bytes() == content


def test_damaged_files_do_not_take_each_other_s_place(tmp_path: Path) -> None:
    path, contents = tmp_path / "r.judge", []
    for _ in range(2):
        contents.append(damaged(path, "pages in the middle"))
        with pytest.raises(StoreError, match="is damaged"):
            opened(path, panel())
    assert [(tmp_path / f"r.judge.damaged-{n}").read_bytes() for n in (1, 2)] == contents


def test_looking_at_a_damaged_file_leaves_it_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    content = damaged(path, "pages in the middle")
    with pytest.raises(StoreError, match=r"run file '.*r\.judge' is damaged"), Store.read(path) as store:
        list(store.all())
    assert path.read_bytes() == content
    assert not list(tmp_path.glob("*.damaged-*"))


@pytest.mark.parametrize(
    ("said", "instead"),
    [('"reason":"because', '"raeson":"because'), ('"content":"seen"', '"content":"SEEN"')],
)
def test_a_verdict_that_was_tampered_with_is_named(tmp_path: Path, said: str, instead: str) -> None:
    path = tmp_path / "r.judge"
    fill(path, panel(), "a")
    connection = sqlite3.connect(path)
    connection.execute("UPDATE verdicts SET verdict = replace(verdict, ?, ?)", (said, instead))
    connection.commit()
    connection.close()
    with Store.read(path) as store, pytest.raises(StoreError, match=r"r\.judge' is damaged: case 'a'"):
        store.get("a")


# What cannot be written


@pytest.mark.parametrize("place", ["a file/r.judge", "a file/deeper/r.judge", "a folder", "/proc/r.judge", "/"])
def test_a_path_that_cannot_be_written_is_named(tmp_path: Path, place: str) -> None:
    (tmp_path / "a file").write_text("x")
    (tmp_path / "a folder").mkdir()
    path = tmp_path / place
    with pytest.raises(StoreError, match=r"cannot be (written|used)") as caught:
        opened(path, panel())
    assert repr(str(path)) in str(caught.value)
    with pytest.raises(StoreError, match=r"does not exist|it is a folder|cannot be used"):
        Store.read(path)


def test_what_cannot_be_stored_is_told_and_does_not_hang(tmp_path: Path) -> None:
    judge = panel()
    outcome = judge.cascade.decide(case())
    with opened(tmp_path / "r.judge", judge) as store:
        put(store, case("a"), outcome)
        with pytest.raises(StoreError, match=r"r\.judge' cannot hold the verdict on case 'b': Unable"):
            put(store, UNSTORABLE, outcome)
    assert ids(tmp_path / "r.judge") == ["a"]


@contextmanager
def small_disk(folder: Path, size: str) -> Iterator[Path]:
    """A file system of its own. Skips the test where this process may not make one."""
    folder.mkdir()
    mount = shutil.which("mount")
    if mount is None or subprocess.run([mount, "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder]).returncode:
        pytest.skip("mounting a small tmpfs is not permitted here")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def long_cases(count: int) -> list[Case]:
    return [case(str(n), response="x" * 20_000) for n in range(count)]


def test_a_full_disk_loses_nothing_and_the_run_goes_on_when_there_is_room(tmp_path: Path) -> None:
    asked: list[str] = []

    def vote(request: Request) -> dict[str, Any]:
        asked.append(request.case_id)
        time.sleep(0.02)  # so that not all verdicts wait for the same commit
        return {"reason": "so", "label": "correct"}

    def run(path: Path) -> Iterator[str]:
        judge = Judge(model=ScriptedModel(vote), evaluators="none", tools="none", in_flight=4)
        return (verdict.case_id for verdict in judge.run(long_cases(60), path=path))

    with small_disk(tmp_path / "disk", "1m") as disk:
        path, acknowledged = disk / "r.judge", []
        with pytest.raises(StoreError, match=r"the disk is full: .*r\.judge' keeps every verdict so far") as caught:
            for name in run(path):
                acknowledged.append(name)
        assert "Free some space and run the same command again" in str(caught.value)
        assert acknowledged
        assert set(acknowledged) <= set(ids(path))
        kept = set(ids(path))
        with pytest.raises(StoreError, match="the disk is full"):
            list(run(path))
        assert kept <= set(ids(path))

        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        kept = set(ids(path))
        asked.clear()
        assert sorted(run(path)) == sorted(ids(path)) == sorted(str(n) for n in range(60))
        assert sorted(asked) == sorted({str(n) for n in range(60)} - kept)


LIMITED = """
import resource, sys, time
from pathlib import Path
from judge import Judge, ScriptedModel, StoreError
from test_store import long_cases
def vote(request):
    time.sleep(0.02)
    return {"reason": "so", "label": "correct"}
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
judge = Judge(model=ScriptedModel(vote), evaluators="none", tools="none", in_flight=4)
try:
    for verdict in judge.run(long_cases(60), path=Path(sys.argv[1])):
        print(verdict.case_id, flush=True)
except StoreError as error:
    print(error, file=sys.stderr)
    sys.exit(7)
"""


def test_a_file_that_may_not_grow_loses_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"

    def limited(size: int) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-c", LIMITED, str(path), str(size)]
        return subprocess.run(command, capture_output=True, text=True, env=with_tests(), timeout=60, check=False)

    stopped = limited(1 << 20)
    assert stopped.returncode == 7, stopped.stderr
    assert "r.judge' cannot be used: " in stopped.stderr
    assert stopped.stdout.split()
    assert set(stopped.stdout.split()) <= set(ids(path))
    whole = limited(resource.RLIM_INFINITY)
    assert whole.returncode == 0, whole.stderr
    assert sorted(whole.stdout.split()) == sorted(ids(path)) == sorted(str(n) for n in range(60))


def test_a_finished_run_can_be_read_where_nothing_can_be_written(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "8m") as disk:
        fill(disk / "r.judge", panel(), "a")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
        assert ids(disk / "r.judge") == ["a"]
        with pytest.raises(StoreError, match=r"r\.judge' cannot be (written|used)"):
            opened(disk / "r.judge", panel())
        with pytest.raises(StoreError, match=r"new\.judge' cannot be written: Read-only file system"):
            opened(disk / "new.judge", panel())


# What is on the disk


def test_a_run_file_is_one_file_when_it_is_closed(tmp_path: Path) -> None:
    fill(tmp_path / "r.judge", panel(), "a")
    assert {path.name for path in tmp_path.iterdir()} == {"r.judge", "r.judge.lock"}


def test_closing_twice_is_fine(tmp_path: Path) -> None:
    store = opened(tmp_path / "r.judge", panel())
    store.close()
    store.close()


def test_a_file_that_a_kill_left_without_its_tables_is_laid_out_again(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA application_id = {0x4A444745}")  # as far as a new run file got before kill -9
    connection.close()
    fill(path, panel(), "a")
    assert ids(path) == ["a"]


def test_every_verdict_is_acknowledged_after_it_is_on_the_disk(tmp_path: Path) -> None:
    judge, path = panel(), tmp_path / "r.judge"
    told: queue.SimpleQueue[int] = queue.SimpleQueue()
    with opened(path, judge) as store:
        for n in range(30):
            name = str(n)
            outcome = judge.cascade.decide(case(name))
            store.put(case(name), outcome, lambda error, name=name: told.put(int(error is None and name in ids(path))))  # type: ignore[misc]
    assert [told.get(timeout=10) for _ in range(30)] == [1] * 30


def test_what_cannot_be_stored_takes_no_other_verdict_with_it(tmp_path: Path) -> None:
    judge, path = panel(), tmp_path / "r.judge"
    told: queue.SimpleQueue[tuple[str, StoreError | None]] = queue.SimpleQueue()
    with opened(path, judge) as store:
        outcome = judge.cascade.decide(case())
        half = outcome.verdict.model_copy(update={"because": "half a character: \ud83d"})
        huge = outcome.verdict.usage.model_copy(update={"calls": 2**70})
        bad = {
            "half": outcome._replace(verdict=half),
            "huge": outcome._replace(verdict=outcome.verdict.model_copy(update={"usage": huge})),
        }
        for name in ("1", "half", "2", "huge", "3"):
            store.put(case(name), bad.get(name, outcome), lambda error, name=name: told.put((name, error)))  # type: ignore[misc]
        store.put(UNSTORABLE, outcome, lambda error: told.put(("b", error)))
        store.put(case("4"), outcome, lambda error: told.put(("4", error)))
    answers = dict(told.get(timeout=10) for _ in range(7))
    assert [name for name, error in answers.items() if error is None] == ids(path) == ["1", "2", "3", "4"]
    assert {name for name, error in answers.items() if f"the verdict on case {name!r}" in str(error)} == {*bad, "b"}

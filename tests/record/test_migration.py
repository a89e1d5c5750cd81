"""Run files of judge 0.1: migrated where they lie, whatever happens; read from a copy where that cannot be."""

import fcntl
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from test_layout import answer, by_kind, cells, decided, put
from test_store import opened, panel

from judge import InputError, StoreError, replaying
from judge.record import artifacts, labels, layout, migration
from judge.record.store import Store
from judge.record.summary import summarise

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

MADE = Path(__file__).with_name("layout1")
NAMES = ("answers", "panel", "tags")


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A file of layout 1, made by judge 0.1."""
    return copied(tmp_path, "panel")


def copied(folder: Path, name: str) -> Path:
    return Path(shutil.copy(MADE / f"{name}.judge", folder))


def version(path: Path) -> int:
    return int(cells(path, "PRAGMA user_version")[0][0])


def looked_at(path: Path) -> dict[str, tuple[str, str | None, str | None]]:
    with Store.read(path) as store:
        return {stored.case.id: (stored.verdict.label, stored.case.label, stored.at) for stored in store.all()}


PANEL = {
    "half": ("correct", "correct", None),
    "author": ("incorrect", "incorrect", None),
    "capital": ("correct", "correct", None),
    "sum": ("correct", "correct", None),
}


def test_a_file_is_migrated_when_it_is_looked_at(old: Path) -> None:
    assert looked_at(old) == PANEL
    assert version(old) == 2
    assert {path.name for path in old.parent.iterdir()} == {"panel.judge", "panel.judge.lock"}
    assert looked_at(old) == PANEL
    schema = "SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2"
    with Store.open(old.with_name("new.judge"), by_kind(), rubrics={}):
        pass
    assert cells(old, schema) == cells(old.with_name("new.judge"), schema)
    columns = "SELECT name, type FROM pragma_table_info('verdicts')"
    assert cells(old, columns) == cells(old.with_name("new.judge"), columns)


def test_all_that_a_file_held_is_there(tmp_path: Path) -> None:
    path = copied(tmp_path, "panel")
    before = dict(cells(path, "SELECT key, value FROM about"))
    exchanges = cells(path, "SELECT * FROM exchanges")
    with Store.read(path) as store:
        run = store.run
        assert run.layout == 1
        assert set(run.provenances) == {"answer"}
        assert run.provenances["answer"].model_dump_json() == before["provenance"]
        assert next(store.all()).verdict.provenance == run.provenances["answer"]
        summary = summarise(store)
        assert (summary.cases, summary.agreement and summary.agreement.labelled) == (4, 4)
        assert len(store.exchanges("sum")) > 2
    assert cells(path, "SELECT * FROM exchanges") == exchanges
    assert cells(path, "SELECT rater, count(*) FROM labels GROUP BY 1") == [("file", 4)]
    assert cells(path, "SELECT key FROM about ORDER BY 1") == [("id",), ("layout",), ("rubrics",)]


def test_tags_come_back(tmp_path: Path) -> None:
    with Store.read(copied(tmp_path, "tags")) as store:
        stored = store.get("tables")
        assert store.get("broken") is not None
    assert stored is not None and stored.case.tags["source"] == "a shop"


def test_large_evidence_is_put_aside(tmp_path: Path) -> None:
    path, long = copied(tmp_path, "answers"), "x" * 5000
    text = cells(path, "SELECT verdict FROM verdicts WHERE case_id = 'wrong'")[0][0]
    verdict = artifacts.whole(text, str)
    old_evidence = verdict.findings["number"].evidence[0]
    evidence = old_evidence.model_validate(old_evidence.model_dump(exclude={"digest"}) | {"content": long})
    finding = verdict.findings["number"].model_copy(update={"evidence": (evidence,)})
    changed = verdict.model_copy(update={"findings": {"number": finding}})
    connection = sqlite3.connect(path)
    said = changed.model_dump_json(exclude={"provenance"})
    connection.execute("UPDATE verdicts SET verdict = ? WHERE case_id = 'wrong'", (said,))
    connection.commit()
    connection.close()
    with Store.read(path) as store:
        stored = store.get("wrong")
    assert stored is not None and stored.verdict.findings["number"].evidence[0].content == long
    assert cells(path, "SELECT content FROM artifacts") == [(long,)]


def test_a_file_of_layout_1_is_labelled_and_not_continued(old: Path) -> None:
    with pytest.raises(
        StoreError, match=r"made by judge 0\.1 \(layout 1\) and cannot be continued.*use another run file"
    ):
        opened(old, panel())
    assert version(old) == 1  # who may not go on with it leaves it alone
    labels.label(old, "sum", "incorrect", rater="ann")
    with Store.read(old) as store:
        stored = store.get("sum")
    assert stored is not None and stored.labels == {"ann": "incorrect", "file": "correct"}
    with pytest.raises(StoreError, match="cannot be continued"):
        opened(old, panel())
    with pytest.raises(InputError, match=r"has no case 'smu'\. Did you mean 'sum'"):
        labels.label(old, "smu", "correct", rater="ann")


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_layout_1_is_replayed(tmp_path: Path, name: str) -> None:
    path = copied(tmp_path, name)
    with Store.read(path) as store:
        found = list(replaying.replay(store))
    decided = ("label:", "decided_by:", "basis:", "vote ", "tally:")
    differing = [said for one in found for said in one.differences if said.startswith(decided)]
    assert differing == []
    assert len(found) == len(cells(path, "SELECT 1 FROM verdicts WHERE superseded = 0"))


def test_a_reply_of_layout_1_that_was_tampered_with_is_seen(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("UPDATE exchanges SET reply = replace(reply, 'incorrect', 'correct')")
    connection.commit()
    connection.close()
    with Store.read(old) as store:
        assert [one.case.id for one in replaying.replay(store) if one.differences] == ["author"]


# Where it cannot be migrated in place


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a run as another process that writes it would."""
    lock = os.open(path.with_name(f"{path.name}.lock"), os.O_CREAT | os.O_RDWR)
    fcntl.flock(lock, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(lock)


def test_a_file_that_another_process_holds_is_read_from_a_copy(old: Path) -> None:
    content = old.read_bytes()
    with held(old):
        assert looked_at(old) == PANEL
        assert old.read_bytes() == content
        with pytest.raises(StoreError, match="is being written by another process"):
            labels.label(old, "sum", "incorrect", rater="ann")
    assert {path.name for path in old.parent.iterdir()} == {"panel.judge", "panel.judge.lock"}


def test_a_file_where_nothing_can_be_written_is_read_from_a_copy(old: Path) -> None:
    content = old.read_bytes()
    old.with_name("panel.judge.lock").mkdir()
    assert looked_at(old) == PANEL
    with Store.read(old) as store:
        assert not [one for one in replaying.replay(store) if one.replayed is None]
    old.with_name("panel.judge.lock").rmdir()
    old.with_name("panel.judge.layout-1.part").mkdir()  # and where the copy cannot be
    assert looked_at(old) == PANEL
    assert old.read_bytes() == content


def test_many_who_look_at_once_all_see_it(old: Path) -> None:
    found = list[object]()
    threads = [threading.Thread(target=lambda: found.append(looked_at(old))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [PANEL] * 6
    assert looked_at(old) == PANEL
    assert version(old) == 2


def test_a_damaged_file_stays_as_it_is(old: Path) -> None:
    content = bytearray(old.read_bytes())
    for page in range(3, len(content) // 4096 - 1):
        content[page * 4096 : page * 4096 + 64] = os.urandom(64)
    old.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"), Store.read(old) as store:
        list(store.all())
    assert old.read_bytes() == content


def test_a_verdict_that_cannot_be_read_is_named_and_the_others_are_read(old: Path) -> None:
    connection = sqlite3.connect(old)
    connection.execute("UPDATE verdicts SET verdict = '{' WHERE case_id = 'sum'")
    connection.commit()
    connection.close()
    with Store.read(old) as store:
        assert store.get("half") is not None
        with pytest.raises(StoreError, match="is damaged: case 'sum'"):
            store.get("sum")


# A kill in the middle

KILLED = """
import os, signal, sqlite3, sys
from contextlib import closing
from pathlib import Path
from judge.record import migration, runfile

def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)

path, moment = Path(sys.argv[1]), sys.argv[2]
steps = int(moment) if moment.isdigit() else 0
keep, migrate, kept = migration._keep, migration.migrate, migration.kept

def counted(connection):
    connection.execute("PRAGMA cache_size = 2")  # so that what is not committed yet is written to the file
    connection.set_progress_handler(die, steps)
    migrate(connection)
    connection.set_progress_handler(None, 0)

if moment == "before the copy is whole":
    Path.replace = die
elif moment == "before anything is changed":
    migration.migrate = die
elif moment == "before the commit":
    migration.migrate = lambda connection: (connection.execute("PRAGMA cache_size = 2"), migrate(connection), die())
elif moment == "after the commit":
    Path.unlink = lambda self, missing_ok=False: die() if self == kept(path) else None
else:
    migration.migrate = counted
migration.in_place(path)
"""


@pytest.mark.parametrize(
    ("moment", "after"),
    [
        ("before the copy is whole", 1),
        ("before anything is changed", 1),
        *((str(steps), 1) for steps in (1, 50, 100, 200, 300)),
        ("before the commit", 1),
        ("after the commit", 2),
    ],
)
def test_a_migration_that_is_killed_leaves_a_file_that_opens(old: Path, moment: str, after: int) -> None:
    killed = subprocess.run([sys.executable, "-c", KILLED, str(old), moment], timeout=60, check=False)
    assert killed.returncode == -signal.SIGKILL
    left = {path.name for path in old.parent.iterdir()}
    assert left & {"panel.judge.layout-1", "panel.judge.layout-1.part"}
    assert version(old) == after  # which rolls back what was not committed
    with held(old):  # also where nothing can be mended
        assert looked_at(old) == PANEL
    assert looked_at(old) == PANEL
    assert version(old) == 2
    assert "panel.judge.layout-1" not in {path.name for path in old.parent.iterdir()}


def test_another_file_of_that_name_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with Store.open(path, by_kind(), rubrics={}) as store:
        put(store, answer(), decided(answer()))
    migration.kept(path).write_text("mine")
    assert set(looked_at(path)) == {"a"}
    assert migration.kept(path).read_text() == "mine"
    assert layout.LAYOUT == 2

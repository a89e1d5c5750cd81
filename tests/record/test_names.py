"""A run file is one file, whatever it is called: one writer, and nobody else takes anything from under it."""

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from test_layout import answer, decided, made
from test_migration import copied, looked_at
from test_store import fill, held_by_another_process, ids, opened, panel, put, with_tests

from judge import StoreError
from judge.record import labels, runfile
from judge.record.store import Store


def test_two_symbolic_names_of_a_file_have_one_writer(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    real, link = tmp_path / "elsewhere" / "real.judge", tmp_path / "link.judge"
    link.symlink_to(real)
    with held_by_another_process(link):  # which is not there yet, and made where the link points
        for name in (real, link):
            with pytest.raises(StoreError, match=r"real\.judge' is being written by another process"):
                opened(name, panel())
    fill(link, panel(), "b")
    assert ids(real) == ids(link) == ["a", "b"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "link.judge"]


def test_a_file_with_a_second_hard_name_is_not_written(tmp_path: Path) -> None:
    real, other = tmp_path / "real.judge", tmp_path / "other.judge"
    with held_by_another_process(real):
        other.hardlink_to(real)
        for name in (other, real):
            with pytest.raises(StoreError, match=r"another name as well \(a hard link\)"):
                opened(name, panel())
        with pytest.raises(StoreError, match="another name as well"):
            labels.label(other, "a", "correct", rater="anna")
        assert not (tmp_path / "other.judge.lock").exists()
    other.unlink()
    fill(real, panel(), "b")
    assert ids(real) == ["a", "b"]


def test_a_damaged_file_is_moved_aside_under_its_own_name(tmp_path: Path) -> None:
    real, link = tmp_path / "real.judge", tmp_path / "link.judge"
    fill(real, panel(), *(str(n) for n in range(20)))
    link.symlink_to(real)
    os.truncate(real, real.stat().st_size // 2)
    with pytest.raises(StoreError, match=r"real\.judge\.damaged-1"):
        opened(link, panel())
    assert link.is_symlink()
    assert not real.exists()


@pytest.mark.parametrize("name", ["/dev/null", "/dev/full", "pipe", "link to the pipe", "loop"])
def test_what_is_no_regular_file_is_refused_and_nothing_left_beside_it(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link to the pipe").symlink_to("pipe")
    (tmp_path / "loop").symlink_to("loop")
    path = tmp_path / name
    before = sorted(tmp_path.iterdir())
    for use in (
        lambda: opened(path, panel()),
        lambda: Store.read(path),
        lambda: labels.label(path, "a", "correct", rater="anna"),
    ):
        with pytest.raises(StoreError, match=r"cannot be (written|used): (it is not a regular file|.*symbolic links)"):
            use()
    assert sorted(tmp_path.iterdir()) == before
    assert not path.with_name(f"{path.name}.lock").exists()


def test_nothing_is_left_beside_what_is_no_run_file(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("my notes")
    with pytest.raises(StoreError, match="is not a run file"):
        opened(tmp_path / "notes.txt", panel())
    assert [path.name for path in tmp_path.iterdir()] == ["notes.txt"]


def test_who_only_labels_leaves_a_damaged_file_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    made(path, *(answer(str(n)) for n in range(40)))
    with closing(sqlite3.connect(path)) as connection:
        page = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'one_verdict'").fetchone()[0]
    content = bytearray(path.read_bytes())
    content[(page - 1) * 4096 : page * 4096] = b"\x01" * 4096
    path.write_bytes(content)
    with pytest.raises(StoreError, match="is damaged"):
        labels.label(path, "1", "correct", rater="anna")
    assert path.read_bytes() == content
    assert not list(tmp_path.glob("*damaged*"))


def test_who_looks_at_a_run_within_its_process_leaves_its_locks_alone(tmp_path: Path) -> None:
    path = tmp_path / "r.judge"
    with opened(path, panel()) as store:
        put(store, answer("a"), decided(answer("a")))
        runfile.connect(path, writing=False).close()
        with Store.read(path) as looking:
            assert looking.get("a")
        # Another process that believes that nobody else is there removes the log when it closes.
        beside = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('SELECT * FROM verdicts'); c.close()"
        subprocess.run([sys.executable, "-c", beside, str(path)], check=True)
        assert path.with_name("r.judge-wal").exists()
        put(store, answer("b"), decided(answer("b")))
        assert ids(path) == ["a", "b"]
    assert ids(path) == ["a", "b"]


def test_a_migration_that_finds_no_room_leaves_nothing_behind(tmp_path: Path) -> None:
    path = copied(tmp_path, "panel")
    program = (
        "import resource, signal, sys; from pathlib import Path; from judge.record import migration\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (8192, resource.RLIM_INFINITY))\n"
        "migration.in_place(Path(sys.argv[1]))"
    )
    ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True, env=with_tests())
    assert "StoreError" in ran.stderr
    assert sorted(p.name for p in tmp_path.iterdir()) == ["panel.judge", "panel.judge.lock"]
    assert len(looked_at(path)) == 4

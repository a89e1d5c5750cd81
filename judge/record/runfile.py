"""The file beneath a run: how it is opened, locked and let go of, and what SQLite's errors mean for a user."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from judge.errors import StoreError

_APPLICATION = 0x4A444745  # "JDGE"


def named(path: Path, *, writing: bool = False) -> Path:
    """Return where the file of a name lies, which may not be there yet: a symbolic link is followed to its end.

    Raises StoreError for a folder, a pipe or a device, and for `writing` where the file has a second name: what SQLite
    puts beside a file, and the lock, belong to one name, and a writer under the other would destroy verdicts.
    """
    try:
        real = Path(os.path.realpath(path)) if path.is_symlink() else path
        seen = real.stat()
    except FileNotFoundError:
        return real
    except OSError as error:
        raise StoreError(f"run file {str(path)!r} cannot be {_done(writing)}: {error.strerror}") from None
    if stat.S_ISDIR(seen.st_mode):
        raise StoreError(f"run file {str(path)!r} cannot be {_done(writing)}: it is a folder")
    if not stat.S_ISREG(seen.st_mode):
        raise StoreError(f"run file {str(path)!r} cannot be {_done(writing)}: it is not a regular file")
    if writing and seen.st_nlink > 1:
        raise StoreError(
            f"run file {str(path)!r} cannot be written: it has another name as well (a hard link). "
            "Copy it, or remove the other name"
        )
    return real


def _done(writing: bool) -> str:
    return "written" if writing else "used"


def lock(path: Path) -> int:
    """Take the right to write, held by a lock on a file beside the run, which the kernel drops with the process.

    The path is one that `named` gave, so that every name of the file has the same lock.
    """
    _ensure_ours(path, writing=True)  # before anything is put beside what is none
    beside = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(beside, os.O_CREAT | os.O_RDWR | os.O_NONBLOCK, 0o644)
    except OSError as error:
        raise StoreError(f"run file {str(path)!r} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StoreError(f"run file {str(path)!r} is being written by another process") from None
    return lock


def connect(path: Path, *, writing: bool, create: bool = False) -> sqlite3.Connection:
    """Open the database, for `writing` also to `create` one; what is something else is refused and left alone.

    Who may create a run file holds its lock, and moves it aside if it is damaged.
    """
    _ensure_ours(path, writing=writing)
    with explained(path, holding=create):
        # Even a reader may have to mend what a kill left in the middle of a commit.
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"
        connection = sqlite3.connect(uri, uri=True, check_same_thread=False, isolation_level=None, timeout=30)
        if not writing:
            connection.execute("PRAGMA query_only = ON")
        connection.execute("PRAGMA trusted_schema = OFF")  # a stranger's file may hold views and triggers of its own
        # First, and not through the log, so that the header of the file says at any moment whose it is.
        if writing and connection.execute("PRAGMA application_id").fetchone()[0] != _APPLICATION:
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
    return connection


def writer(path: Path) -> sqlite3.Connection:
    """Open a file that was looked through for writing through a log, each commit on the disk before it counts."""
    connection = connect(path, writing=True, create=True)
    with explained(path, holding=True):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def settle(connection: sqlite3.Connection) -> None:
    """Let go of the log, unless others look on: a file without one can be read where nothing can be written."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("SELECT count(*) FROM about").fetchone()  # to see that there is a log
        connection.execute("PRAGMA journal_mode = DELETE")


def _ensure_ours(path: Path, *, writing: bool) -> None:
    """Raise StoreError for what is neither a run file nor empty.

    SQLite has to look itself, without a lock: were the file opened and closed here, the kernel would drop the locks
    that other connections of this process have on it, and the log of a run could be deleted from under it.
    """
    real = named(path, writing=writing)
    if not real.exists() or not real.stat().st_size:
        return
    try:
        looking = sqlite3.connect(f"{real.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
        with closing(looking):
            looking.execute("PRAGMA writable_schema = ON")  # what is cut off still says whose it is
            ours = looking.execute("PRAGMA application_id").fetchone()[0] == _APPLICATION
    except sqlite3.OperationalError as error:
        raise StoreError(f"run file {str(path)!r} cannot be used: {error}") from None
    except sqlite3.DatabaseError:
        ours = False
    if not ours:
        raise StoreError(f"{str(path)!r} is not a run file; it was left as it is")


@contextmanager
def explained(path: Path, *, holding: bool = False) -> Iterator[None]:
    """Turn what SQLite raises into a StoreError that says what to do; who holds the lock moves a damaged file aside."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _diagnosed(error, path, holding=holding) from error


def _diagnosed(error: sqlite3.DatabaseError, path: Path, *, holding: bool) -> StoreError:
    said = str(error)
    if not holding and ("malformed" in said or "not a database" in said or "disk image" in said):
        return StoreError(f"run file {str(path)!r} is damaged ({said})")
    if "malformed" in said or "not a database" in said or "disk image" in said:
        aside = _quarantine(path)
        return StoreError(f"run file {str(path)!r} is damaged ({said}); it was moved, whole, to {str(aside)!r}")
    if "full" in said:
        return StoreError(
            f"the disk is full: {str(path)!r} keeps every verdict so far. "
            "Free some space and run the same command again"
        )
    return StoreError(f"run file {str(path)!r} cannot be used: {said}")


def _quarantine(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("", "-wal", "-shm"):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside

"""The file beneath a run: how it is opened, locked and let go of, and what SQLite's errors mean for a user."""

from __future__ import annotations

import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from judge.errors import StoreError

_APPLICATION = 0x4A444745  # "JDGE"


def lock(path: Path) -> int:
    """Take the right to write, held by a lock on a file beside the run, which the kernel drops with the process."""
    if path.is_dir():
        raise StoreError(f"run file {str(path)!r} cannot be written: it is a folder")
    beside = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(beside, os.O_CREAT | os.O_RDWR, 0o644)
    except OSError as error:
        raise StoreError(f"run file {str(path)!r} cannot be written: {error.strerror}") from None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(lock)
        raise StoreError(f"run file {str(path)!r} is being written by another process") from None
    return lock


def connect(path: Path, *, writing: bool, create: bool = True) -> sqlite3.Connection:
    """Open the database, for `writing` also one that is not there; what is something else is refused and left alone."""
    header = _header(path)
    if header and not (header.startswith(b"SQLite format 3\0") and header[68:] == _APPLICATION.to_bytes(4, "big")):
        raise StoreError(f"{str(path)!r} is not a run file; it was left as it is")
    with explained(path, writing=writing):
        # Even a reader may have to mend what a kill left in the middle of a commit.
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if writing and create else 'rw'}"
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
    connection = connect(path, writing=True)
    with explained(path, writing=True):
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
    return connection


def settle(connection: sqlite3.Connection) -> None:
    """Let go of the log, unless others look on: a file without one can be read where nothing can be written."""
    with suppress(sqlite3.Error):
        connection.execute("PRAGMA busy_timeout = 0")
        connection.execute("SELECT count(*) FROM about").fetchone()  # to see that there is a log
        connection.execute("PRAGMA journal_mode = DELETE")


def _header(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(72)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise StoreError(f"run file {str(path)!r} cannot be used: {error.strerror}") from None


@contextmanager
def explained(path: Path, *, writing: bool = False) -> Iterator[None]:
    """Turn what SQLite raises into a StoreError that says what to do; a writer moves a damaged file aside."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        raise _diagnosed(error, path, writing=writing) from error


def _diagnosed(error: sqlite3.DatabaseError, path: Path, *, writing: bool) -> StoreError:
    said = str(error)
    if not writing and "malformed" in said:
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

"""The file beneath a run: how it is laid out, locked and checked, and what SQLite's errors mean for a user."""

from __future__ import annotations

import fcntl
import json
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from judge.errors import StoreError
from judge.types import Provenance, Record

_APPLICATION = 0x4A444745  # "JDGE"
_LAYOUT = 1
_SCHEMA = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE verdicts (
  number INTEGER PRIMARY KEY, case_id TEXT NOT NULL, case_digest TEXT NOT NULL, superseded INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL, human TEXT, label TEXT NOT NULL, decided_by TEXT NOT NULL, basis TEXT, score REAL,
  failures TEXT NOT NULL, asked INTEGER NOT NULL, saved INTEGER NOT NULL, calls INTEGER NOT NULL,
  tokens INTEGER NOT NULL, cost REAL, verdict TEXT NOT NULL, judged TEXT NOT NULL
);
CREATE UNIQUE INDEX one_verdict ON verdicts (case_id) WHERE superseded = 0;
CREATE TABLE exchanges (
  number INTEGER NOT NULL REFERENCES verdicts (number), vote INTEGER NOT NULL, turn INTEGER NOT NULL,
  member TEXT NOT NULL, request_digest BLOB NOT NULL, request TEXT NOT NULL, reply TEXT, failure TEXT,
  PRIMARY KEY (number, vote, turn)
) WITHOUT ROWID;
CREATE INDEX by_request ON exchanges (request_digest);
"""


class Run(Record):
    """What a run file says of itself."""

    id: str
    fingerprint: str
    provenance: Provenance
    rubrics: dict[str, str]


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


def connect(path: Path, *, writing: bool) -> sqlite3.Connection:
    """Open the database; a file that is something else is refused and left as it is."""
    header = _header(path)
    if header and not (header.startswith(b"SQLite format 3\0") and header[68:] == _APPLICATION.to_bytes(4, "big")):
        raise StoreError(f"{str(path)!r} is not a run file; it was left as it is")
    with explained(path, writing=writing):
        # Even a reader may have to mend what a kill left in the middle of a commit.
        uri = f"{path.absolute().as_uri()}?mode={'rwc' if writing else 'rw'}"
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


def lay_out(connection: sqlite3.Connection, path: Path, provenance: Provenance, rubrics: dict[str, str]) -> None:
    """Lay out a new file; look through one that is there for damage."""
    if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if said != "ok":
            raise sqlite3.DatabaseError(f"malformed: {said.splitlines()[-1]}")
        return
    about = {
        "id": f"{path.stem}-{int(time.time())}",
        "fingerprint": provenance.fingerprint,
        "provenance": provenance.model_dump_json(),
        "rubrics": json.dumps(rubrics),
    }
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA user_version = {_LAYOUT}")
    for statement in filter(str.strip, _SCHEMA.split(";")):
        connection.execute(statement)
    connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
    connection.execute("COMMIT")


def about(connection: sqlite3.Connection, path: Path) -> Run:
    """Return what the file says of itself. Raises StoreError for the layout of another version."""
    with explained(path):
        layout = connection.execute("PRAGMA user_version").fetchone()[0]
        if layout != _LAYOUT:
            raise StoreError(
                f"run file {str(path)!r} has layout {layout}; this version of judge reads layout {_LAYOUT}"
            )
        about = dict(connection.execute("SELECT key, value FROM about"))
    try:
        return Run(
            id=about["id"],
            fingerprint=about["fingerprint"],
            provenance=Provenance.model_validate_json(about["provenance"]),
            rubrics=json.loads(about["rubrics"]),
        )
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise StoreError(f"run file {str(path)!r} is damaged: what it says of itself cannot be read: {error}") from None


def ensure_same_settings(run: Run, provenance: Provenance, path: Path) -> None:
    """Raise StoreError that says which settings are not those the file was made with."""
    if run.fingerprint == provenance.fingerprint:
        return
    old, new = run.provenance.model_dump(mode="json"), provenance.model_dump(mode="json")
    different = (
        "; ".join(_differences(old["settings"], new["settings"])) or f"judge {old['judge']} is now {new['judge']}"
    )
    raise StoreError(
        f"run file {str(path)!r} was made with other settings ({different}). "
        "Use the same settings to continue it, or another run file"
    )


def _differences(old: Any, new: Any, name: str = "") -> Iterable[str]:
    if isinstance(old, dict) and isinstance(new, dict):
        for key in sorted(old.keys() | new.keys()):
            yield from _differences(old.get(key), new.get(key), f"{name}.{key}" if name else key)
    elif old != new:
        yield f"{name} was {_brief(old)}, is {_brief(new)}"


def _brief(value: Any) -> str:
    text = json.dumps(value)
    return text if len(text) <= 80 else text[:77] + "…"


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

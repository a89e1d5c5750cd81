"""Run files of layout 1, which `judge` 0.1 wrote, made into files of the layout of today.

Whoever opens such a file migrates it where it lies, under the run's lock and in one transaction, with a copy beside it
(``NAME.layout-1``) until that is done. Where nothing can be written, or another process holds the lock, a copy that
nobody else sees is migrated and read instead. A migrated file can be read, labelled and replayed, not continued.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

from judge.errors import StoreError
from judge.record import artifacts, layout, runfile
from judge.types import Case, Provenance

_AS_THEY_WERE = (
    "number, case_id, case_digest, superseded, kind, label, decided_by, basis, score, failures, asked, saved, calls, "
    "tokens, cost, verdict, judged"
)
#: Of the rater ``file``; when it was given is not known.
_LABELS = """
INSERT INTO labels (case_id, rater, label) SELECT case_id, 'file', human FROM verdicts
WHERE superseded = 0 AND human IS NOT NULL ORDER BY number
"""


def opened(path: Path) -> sqlite3.Connection:
    """Return a connection that reads the verdicts of a file of layout 1 in the layout of today."""
    try:
        in_place(path)
    except StoreError:  # of another process that holds it, or a place where nothing can be written
        return _copied(path)
    return runfile.connect(path, writing=False)


def in_place(path: Path) -> None:
    """Migrate a file of layout 1 where it lies; a kill at any moment leaves one that can be opened.

    Raises StoreError where that cannot be done; the file is then as it was.
    """
    path = runfile.named(path, writing=True)
    lock = runfile.lock(path)
    try:
        with closing(runfile.connect(path, writing=True)) as connection, runfile.explained(path):
            if layout.of(connection) == layout.BEFORE:
                _keep(connection, path)
                with connection:
                    connection.execute("BEGIN IMMEDIATE")
                    migrate(connection)
        with suppress(OSError):  # it is in nobody's way
            kept(path).unlink(missing_ok=True)
    finally:
        os.close(lock)


def tidy(path: Path) -> None:
    """Remove the copy that a migration left that was killed when it was done, unless another process is at work."""
    if kept(path).exists():
        with suppress(StoreError), closing(runfile.connect(path, writing=False)) as connection:
            if layout.about(connection, path).layout == layout.BEFORE:
                in_place(path)


def kept(path: Path) -> Path:
    """Return where the copy of a file lies while it is migrated."""
    return path.with_name(f"{path.name}.layout-{layout.BEFORE}")


def migrate(connection: sqlite3.Connection) -> None:
    """Give the tables of layout 1 the layout of today, within a transaction."""
    layout.run_all(connection, layout.ADDED)
    connection.execute(_LABELS)
    _provenances(connection)
    connection.execute("ALTER TABLE verdicts RENAME TO verdicts_before")
    connection.execute("DROP INDEX one_verdict")
    layout.run_all(connection, layout.VERDICTS)
    connection.execute(f"INSERT INTO verdicts ({_AS_THEY_WERE}) SELECT {_AS_THEY_WERE} FROM verdicts_before")
    connection.execute("DROP TABLE verdicts_before")
    layout.run_all(connection, layout.INDEX)
    for number, judged, verdict in _each(connection):
        _rewrite(connection, number, judged, verdict)
    connection.execute("INSERT OR REPLACE INTO about VALUES ('layout', ?)", (str(layout.BEFORE),))
    connection.execute(f"PRAGMA user_version = {layout.LAYOUT}")


def _provenances(connection: sqlite3.Connection) -> None:
    """Make the settings of the run those of each kind that occurs."""
    about = dict(connection.execute("SELECT key, value FROM about WHERE key IN ('provenance', 'fingerprint')"))
    with suppress(KeyError, ValueError):  # a file that does not say so is damaged, which is found when it is read
        provenance = Provenance.model_validate_json(about["provenance"])
        for (kind,) in connection.execute("SELECT DISTINCT kind FROM verdicts").fetchall():
            layout.insert_provenance(connection, kind, provenance)
    connection.execute("DELETE FROM about WHERE key IN ('provenance', 'fingerprint')")


def _each(connection: sqlite3.Connection) -> Iterator[tuple[int, str, str]]:
    """Yield all verdicts, a few at a time, so that they may be changed meanwhile."""
    few = "SELECT number, judged, verdict FROM verdicts WHERE number > ? ORDER BY number LIMIT 200"
    last = -1
    while rows := connection.execute(few, (last,)).fetchall():
        yield from rows
        last = rows[-1][0]


def _rewrite(connection: sqlite3.Connection, number: int, judged: str, verdict: str) -> None:
    """Name a case by what is judged of it, and put large evidence aside; what is damaged is left as it is."""
    with suppress(ValueError, TypeError, AttributeError):
        digest = Case.model_validate_json(judged).digest
        text, large = artifacts.taken_out(verdict)
        connection.executemany("INSERT OR IGNORE INTO artifacts VALUES (?, ?)", large.items())
        connection.execute("UPDATE verdicts SET case_digest = ?, verdict = ? WHERE number = ?", (digest, text, number))


def _keep(connection: sqlite3.Connection, path: Path) -> None:
    unfinished = path.with_name(f"{kept(path).name}.part")
    try:
        unfinished.unlink(missing_ok=True)
        with closing(sqlite3.connect(unfinished)) as copy:
            connection.backup(copy)
        unfinished.replace(kept(path))
    except OSError as error:
        raise StoreError(f"{str(unfinished)!r} cannot be written: {error.strerror}") from None
    finally:
        with suppress(OSError):
            for suffix in ("", "-journal"):
                unfinished.with_name(unfinished.name + suffix).unlink(missing_ok=True)


def _copied(path: Path) -> sqlite3.Connection:
    """Return a migrated copy, which is on the disk, without a name, for as long as it is open."""
    copy = sqlite3.connect("", check_same_thread=False, isolation_level=None)
    try:
        with closing(runfile.connect(path, writing=False)) as original, runfile.explained(path):
            original.backup(copy)
            copy.execute("PRAGMA trusted_schema = OFF")
            if layout.of(copy) == layout.BEFORE:  # else another process has just migrated it
                with copy:
                    copy.execute("BEGIN")
                    migrate(copy)
            copy.execute("PRAGMA query_only = ON")
    except BaseException:
        copy.close()
        raise
    return copy

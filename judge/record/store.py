"""A run file: one SQLite database in which every verdict is stored whole or not at all.

A verdict goes in with its case, votes, evidence and exchanges in one transaction (WAL, synchronous FULL) and is
acknowledged after the commit; verdicts that wait at the same time share one. No verdict is ever overwritten: judging
a case again adds an attempt and marks the older one as superseded. One process may write verdicts at a time; labels may
be written by any (see `judge.record.labels`).
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from judge.errors import InputError, StoreError
from judge.record import labels, layout, migration, rows, runfile
from judge.record.changes import changes
from judge.record.layout import Run, Settings
from judge.record.rows import Stored
from judge.record.writer import Writer
from judge.types import Case, Decided, Deliberation, Exchange, Provenance

__all__ = ["Run", "Store", "Stored"]


class Store:
    """An open run file. Open with ``Store.open`` to write and ``Store.read`` to look; both close with ``with``."""

    def __init__(
        self, path: Path, connection: sqlite3.Connection, lock: int | None, settings: Settings | None = None
    ) -> None:
        self.path = path
        self._reader = connection
        self._read_lock = threading.Lock()
        self._lock = lock
        self._settings = settings
        self._rows = rows.Reader(path, self._artifact)
        self._writer: Writer | None = None
        self._provenances = self.run.provenances
        self._written = set(self._provenances)  # the kinds whose settings are in the file
        self._last = next(self.query("SELECT coalesce(max(number), 0) FROM verdicts"))[0]
        self._was_empty = self._last == 0

    @classmethod
    def open(cls, path: Path, settings: Settings, *, rubrics: dict[str, str]) -> Store:
        """Create a run file, or continue one. `settings` gives those of a kind, with which its cases are judged.

        Kinds may join later; those that have verdicts must have the settings that they had. Raises StoreError when the
        file is in use, cannot be written, is not a run file, is damaged (it is then moved aside, whole), was made by
        an older version, or with other settings (and says which).
        """
        path = runfile.named(path, writing=True)
        with ExitStack() as undo:
            lock = runfile.lock(path)
            undo.callback(os.close, lock)
            connection = undo.enter_context(closing(runfile.connect(path, writing=True, create=True)))
            with runfile.explained(path, holding=True):
                layout.lay_out(connection, path)
                run = layout.about(connection, path)
                layout.continue_with(connection, run, settings, rubrics=rubrics, path=path)
            store = cls(path, connection, lock, settings)
            store._writer = Writer(path)
            undo.pop_all()
        return store

    @classmethod
    def read(cls, path: Path) -> Store:
        """Open a run file to look at it; a run that is going on may be looked at, too. One of layout 1 is migrated."""
        path = runfile.named(path)
        if not path.exists():
            raise StoreError(f"run file {str(path)!r} does not exist")
        with ExitStack() as undo:
            connection = runfile.connect(path, writing=False)
            undo.callback(lambda: connection.close())
            with runfile.explained(path):
                before = layout.of(connection) == layout.BEFORE
            if before:
                connection.close()
                connection = migration.opened(path)
            else:
                migration.tidy(path)
            store = cls(path, connection, None)
            undo.pop_all()
        return store

    @property
    def run(self) -> Run:
        """What the file says of itself, now."""
        with self._read_lock:
            return layout.about(self._reader, self.path)

    def put(self, case: Case, outcome: Decided, then: Callable[[StoreError | None], None]) -> None:
        """Store a verdict; `then` is called, in another thread, when it is on the disk or could not be put there."""
        assert self._writer is not None
        self._writer.put(partial(self._insert, case, outcome), then)

    def note(self, case: Case) -> bool:
        """Store what the file of cases now says of a case that has a verdict: its label and its bookkeeping.

        Return whether anything changed; it is on the disk after the next `flush`. No label takes none back.
        """
        assert self._writer is not None
        body, changed = case.model_dump_json(), []
        if case.label is not None and self._one(labels.LAST, case.id, labels.FILE) != (case.label,):
            changed.append(partial(labels.insert, case_id=case.id, rater=labels.FILE, label=case.label))
        if self._one(rows.JUDGED, case.id) != (body,):
            changed.append(partial(rows.note, case=case, body=body))
        for write in changed:
            self._writer.put(write, lambda _: None)
        return bool(changed)

    def flush(self) -> None:
        """Wait until all that was given so far is on the disk. Raises StoreError where it could not be put there."""
        if (writer := self._writer) is not None:
            writer.flush()

    def has(self, case: Case, *, retry_errors: bool = False) -> bool:
        """Return whether the case had a verdict when the file was opened (one without failures, if those are retried).

        Raises InputError when a verdict is stored for another case of the same id, and says what changed.
        """
        if self._was_empty:
            return False
        found = "SELECT case_digest, failures, label FROM verdicts WHERE case_id = ? AND superseded = 0"
        row = self._one(found, case.id)
        if row is None:
            return False
        if row[0] != case.digest:
            stored = self.get(case.id)
            changed = changes(stored.case, case) if stored else "its content changed"
            raise InputError(
                f"case {case.id!r} is not the one that {str(self.path)!r} holds a verdict for: {changed}. "
                "Give it another id, or use another run file"
            )
        return not (retry_errors and row[1] != "[]" and row[2] == "undecided")

    def kept(self, case: Case) -> list[Deliberation]:
        """Return the votes of the current verdict on a case that did not fail, with their exchanges.

        Where hints proved something nothing is kept: which vote gave which is not on record.
        """
        stored = self.get(case.id)
        findings = stored.verdict.findings.values() if stored else ()
        if stored is None or any(evidence.request == "hint" for found in findings for evidence in found.evidence):
            return []
        exchanges = self.exchanges(case.id)
        return [
            Deliberation(vote, tuple(e for e in exchanges if e.vote == vote.index))
            for vote in stored.verdict.votes
            if vote.error is None
        ]

    def get(self, case_id: str) -> Stored | None:
        """Return the current verdict on a case."""
        row = self._one(f"{rows.STORED} AND case_id = ?", case_id)
        return None if row is None else self._stored(row)

    def all(self) -> Iterator[Stored]:
        """Yield every current verdict in the order in which they were stored, in bounded memory."""
        yield from map(self._stored, self.query(f"{rows.STORED} ORDER BY number"))

    def exchanges(self, case_id: str) -> list[Exchange]:
        """Return what was said to reach the current verdict on a case, in order."""
        found = self.query(f"{rows.EXCHANGES} case_id = ? AND superseded = 0 ORDER BY vote, turn", case_id)
        return [self._rows.exchange(row) for row in found]

    def replies(self, member: str, request_digest: str) -> list[Exchange]:
        """Return every exchange recorded for the same request to the same model: current ones first, then by age."""
        asked = f"{rows.EXCHANGES} request_digest = ? AND member = ? ORDER BY superseded, number, vote, turn"
        return [self._rows.exchange(row) for row in self.query(asked, rows.key(request_digest), member)]

    def query(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a read-only query, a thousand at a time."""
        with runfile.explained(self.path):
            with self._read_lock:
                cursor = self._reader.execute(sql, parameters)
            while True:
                with self._read_lock:
                    found = cursor.fetchmany(1000)
                if not found:
                    return
                yield from found

    def close(self) -> None:
        """Write what is waiting and close the file."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        with self._read_lock:
            if self._lock is not None:
                runfile.settle(self._reader)
            self._reader.close()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _one(self, sql: str, *parameters: Any) -> tuple[Any, ...] | None:
        return next(iter(self.query(sql, *parameters)), None)

    def _stored(self, row: tuple[Any, ...]) -> Stored:
        stored = self._rows.stored(row)
        provenance = self._provenance(stored.case.kind)
        return stored._replace(verdict=stored.verdict.model_copy(update={"provenance": provenance}))

    def _provenance(self, kind: str) -> Provenance:
        """Return the settings of a kind that has verdicts; one may have joined since the file was opened."""
        if kind not in self._provenances:
            self._provenances = self.run.provenances
        try:
            return self._provenances[kind]
        except KeyError:
            raise StoreError(
                f"run file {str(self.path)!r} is damaged: it lacks the settings of the kind {kind!r}"
            ) from None

    def _artifact(self, digest: str) -> str:
        row = self._one("SELECT content FROM artifacts WHERE digest = ?", digest)
        if row is None:
            raise StoreError(f"run file {str(self.path)!r} is damaged: it lacks the artifact {digest!r}")
        content: str = row[0]
        return content

    def _insert(self, case: Case, outcome: Decided, connection: sqlite3.Connection) -> None:
        """Store a verdict, and the settings of its kind with the first one of that kind."""
        self._last += 1
        try:
            rows.insert(connection, self._last, case, outcome)
        except (ValueError, TypeError, OverflowError) as error:  # what no JSON or no table can hold
            said = f"run file {str(self.path)!r} cannot hold the verdict on case {case.id!r}: {error}"
            raise StoreError(said) from error
        if case.kind not in self._written:
            assert self._settings is not None
            made_with = outcome.verdict.provenance or self._settings(case.kind)
            assert made_with is not None  # whoever judged it knows the kind
            layout.insert_provenance(connection, case.kind, made_with)
            self._written.add(case.kind)

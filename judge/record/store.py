"""A run file: one SQLite database in which every verdict is stored whole or not at all.

A verdict goes in with its case, votes, evidence and exchanges in one transaction (WAL, synchronous FULL) and is
acknowledged after the commit; verdicts that wait at the same time share one. Nothing is ever overwritten: judging
a case again adds an attempt and marks the older one as superseded. One process may write at a time.
"""

from __future__ import annotations

import json
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from pydantic import ValidationError

from judge.errors import InputError, StoreError
from judge.plain import digest
from judge.protocols import Decided, Deliberation, Exchange, Reply, Request
from judge.record import runfile
from judge.types import Case, Failure, Provenance, Verdict

_GATHER_S = 0.01  # verdicts that come this close together share a commit; it costs a disk write each
_INSERT = f"INSERT INTO verdicts VALUES ({', '.join('?' * 18)})"
_INSERT_EXCHANGE = f"INSERT INTO exchanges VALUES ({', '.join('?' * 8)})"


class Stored(NamedTuple):
    """A verdict as it lies in a run file, with its case."""

    case: Case
    verdict: Verdict


class Store:
    """An open run file. Open with ``Store.open`` to write and ``Store.read`` to look; both close with ``with``."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: int | None) -> None:
        self.path = path
        self._reader = connection
        self._read_lock = threading.Lock()
        self._lock = lock
        self._inbox: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._broken: StoreError | None = None
        self._writer: threading.Thread | None = None
        self.run = runfile.about(connection, path)
        self._last = next(self.query("SELECT coalesce(max(number), 0) FROM verdicts"))[0]
        self._was_empty = self._last == 0

    @classmethod
    def open(cls, path: Path, provenance: Provenance, *, rubrics: dict[str, str]) -> Store:
        """Create a run file, or continue one of the same settings.

        Raises StoreError when it is in use, cannot be written, is not a run file, is damaged (it is then moved
        aside, whole), or was made with other settings (and says which).
        """
        with ExitStack() as undo:
            lock = runfile.lock(path)
            undo.callback(os.close, lock)
            connection = undo.enter_context(closing(runfile.connect(path, writing=True)))
            with runfile.explained(path, writing=True):
                runfile.lay_out(connection, path, provenance, rubrics)
            store = cls(path, connection, lock)
            runfile.ensure_same_settings(store.run, provenance, path)
            writer = runfile.writer(path)
            undo.pop_all()
        store._writer = threading.Thread(target=store._write_all, args=(writer,), name="judge-store", daemon=True)
        store._writer.start()
        return store

    @classmethod
    def read(cls, path: Path) -> Store:
        """Open a run file to look at it; a run that is going on may be looked at, too."""
        if not path.is_file():
            raise StoreError(f"run file {str(path)!r} does not exist")
        with ExitStack() as undo:
            connection = undo.enter_context(closing(runfile.connect(path, writing=False)))
            store = cls(path, connection, None)
            undo.pop_all()
        return store

    def put(self, case: Case, outcome: Decided, then: Callable[[StoreError | None], None]) -> None:
        """Store a verdict; `then` is called, in another thread, when it is on the disk or could not be put there."""
        self._inbox.put((case, outcome, then))

    def has(self, case: Case, *, retry_errors: bool = False) -> bool:
        """Return whether the case had a verdict when the file was opened (one without failures, if those are retried).

        Raises InputError when a verdict is stored for another case of the same id.
        """
        if self._was_empty:
            return False
        row = self._one(
            "SELECT case_digest, failures, label FROM verdicts WHERE case_id = ? AND superseded = 0", case.id
        )
        if row is None:
            return False
        if row[0] != case.digest:
            raise InputError(
                f"case {case.id!r} is not the one that {str(self.path)!r} holds a verdict for: its content changed. "
                "Give it another id, or use another run file"
            )
        return not (retry_errors and row[1] != "[]" and row[2] == "undecided")

    def kept(self, case: Case) -> list[Deliberation]:
        """Return the votes of the current verdict on a case that did not fail, with their exchanges."""
        stored = self.get(case.id)
        exchanges = self.exchanges(case.id)
        return [
            Deliberation(vote, tuple(e for e in exchanges if e.vote == vote.index))
            for vote in (stored.verdict.votes if stored else ())
            if vote.error is None
        ]

    def get(self, case_id: str) -> Stored | None:
        """Return the current verdict on a case."""
        row = self._one("SELECT case_id, judged, verdict FROM verdicts WHERE case_id = ? AND superseded = 0", case_id)
        return None if row is None else self._stored(row)

    def all(self) -> Iterator[Stored]:
        """Yield every current verdict in the order in which they were stored, in bounded memory."""
        yield from map(
            self._stored,
            self.query("SELECT case_id, judged, verdict FROM verdicts WHERE superseded = 0 ORDER BY number"),
        )

    def exchanges(self, case_id: str) -> list[Exchange]:
        """Return what was said to reach the current verdict on a case, in order."""
        rows = self.query(
            "SELECT case_id, vote, turn, member, request, reply, failure FROM exchanges JOIN verdicts USING (number) "
            "WHERE case_id = ? AND superseded = 0 ORDER BY vote, turn",
            case_id,
        )
        return [self._exchange(row) for row in rows]

    def replies(self, member: str, request_digest: str) -> list[Exchange]:
        """Return every exchange recorded for the same request to the same model: current ones first, then by age."""
        rows = self.query(
            "SELECT case_id, vote, turn, member, request, reply, failure FROM exchanges JOIN verdicts USING (number) "
            "WHERE request_digest = ? AND member = ? ORDER BY superseded, number, vote, turn",
            _key(request_digest),
            member,
        )
        return [self._exchange(row) for row in rows]

    def query(self, sql: str, *parameters: Any) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a read-only query, a thousand at a time."""
        with runfile.explained(self.path):
            with self._read_lock:
                cursor = self._reader.execute(sql, parameters)
            while True:
                with self._read_lock:
                    rows = cursor.fetchmany(1000)
                if not rows:
                    return
                yield from rows

    def close(self) -> None:
        """Write what is waiting and close the file."""
        if self._writer is not None:
            self._inbox.put(None)
            self._writer.join()
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
        case_id, judged, verdict = row
        with self._intact(case_id):
            case, found = Case.model_validate_json(judged), Verdict.model_validate_json(verdict)
            return Stored(case, found.model_copy(update={"provenance": self.run.provenance}))

    def _exchange(self, row: tuple[Any, ...]) -> Exchange:
        case_id, vote, turn, member, request, reply, failure = row
        with self._intact(case_id):
            return Exchange(
                vote=vote,
                turn=turn,
                member=member,
                request=Request.model_validate_json(request).model_copy(update={"case_id": case_id, "turn": turn}),
                reply=reply and Reply.model_validate_json(reply),
                failure=failure and Failure.model_validate_json(failure),
            )

    @contextmanager
    def _intact(self, case_id: str) -> Iterator[None]:
        try:
            yield
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise StoreError(f"run file {str(self.path)!r} is damaged: case {case_id!r}: {said}") from None

    def _write_all(self, connection: sqlite3.Connection) -> None:
        """The writer thread: take everything that waits, commit it at once, then tell those who wait."""
        number, stopping = self._last, False
        while not stopping:
            batch, stopping = _drain(self._inbox)
            error = self._broken
            if batch and error is None:
                try:
                    with runfile.explained(self.path, writing=True), connection:
                        connection.execute("BEGIN IMMEDIATE")
                        for case, outcome, _ in batch:
                            number += 1
                            _insert(connection, number, case, outcome)
                except StoreError as caught:
                    error = self._broken = caught
                except Exception as caught:  # noqa: BLE001 - those who wait must hear of it, whatever it is
                    error = self._broken = StoreError(f"run file {str(self.path)!r} cannot be written: {caught!r}")
            for _, _, then in batch:
                then(error)
        connection.close()


_Waiting = tuple[Case, Decided, Callable[[StoreError | None], None]]


def _drain(inbox: queue.SimpleQueue[_Waiting | None]) -> tuple[list[_Waiting], bool]:
    items = [inbox.get()]
    if items != [None]:
        time.sleep(_GATHER_S)
    while not inbox.empty():
        items.append(inbox.get())
    return [item for item in items if item is not None], None in items


def _insert(connection: sqlite3.Connection, number: int, case: Case, outcome: Decided) -> None:
    verdict, tally, body = outcome.verdict, outcome.verdict.tally, case.model_dump_json()
    connection.execute("UPDATE verdicts SET superseded = 1 WHERE case_id = ? AND superseded = 0", (case.id,))
    usage = verdict.usage
    connection.execute(
        _INSERT,
        (
            number,
            case.id,
            digest(body),
            0,
            case.kind,
            case.label,
            verdict.label,
            verdict.decided_by,
            verdict.basis,
            tally.median if tally else None,
            json.dumps([failure.cause for failure in verdict.failures]),
            tally.asked if tally else 0,
            tally.saved if tally else 0,
            usage.calls,
            usage.prompt_tokens + usage.completion_tokens,
            usage.cost,
            verdict.model_dump_json(exclude={"provenance"}),
            body,
        ),
    )
    connection.executemany(_INSERT_EXCHANGE, (_row(number, exchange) for exchange in outcome.exchanges))


def _row(number: int, exchange: Exchange) -> tuple[Any, ...]:
    body = exchange.request.body()
    return (
        number,
        exchange.vote,
        exchange.turn,
        exchange.member,
        _key(digest(body)),
        body,
        exchange.reply and exchange.reply.model_dump_json(),
        exchange.failure and exchange.failure.model_dump_json(),
    )


def _key(request_digest: str) -> bytes:
    return bytes.fromhex(request_digest)[:16]

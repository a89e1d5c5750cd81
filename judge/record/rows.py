"""A verdict as rows of tables, and rows as a verdict."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from judge.errors import StoreError
from judge.plain import digest
from judge.record import artifacts, labels
from judge.types import Case, Decided, Exchange, Failure, Reply, Request, Verdict

_COLUMNS = (
    "number, case_id, case_digest, kind, item, variant, at, label, decided_by, basis, score, failures, asked, saved, "
    "calls, tokens, cost, verdict, judged"
)
_INSERT = f"INSERT INTO verdicts ({_COLUMNS}) VALUES ({', '.join('?' * 19)})"
_INSERT_EXCHANGE = f"INSERT INTO exchanges VALUES ({', '.join('?' * 8)})"

#: A query: what `Stored` is made of.
STORED = f"SELECT case_id, judged, verdict, at, {labels.BY_RATER} FROM verdicts WHERE superseded = 0"
#: A query: a case as it was read last.
JUDGED = "SELECT judged FROM verdicts WHERE case_id = ? AND superseded = 0"
#: A query: what an exchange is made of.
EXCHANGES = (
    "SELECT case_id, vote, turn, member, request, reply, failure FROM exchanges JOIN verdicts USING (number) WHERE "
)


class Stored(NamedTuple):
    """A verdict as it lies in a run file, with its case.

    ``at`` is when it was given, in UTC to the second (None of those of layout 1); ``labels`` are the newest of each
    rater. The label of the case is that of the file, else of the only rater.
    """

    case: Case
    verdict: Verdict
    at: str | None
    labels: dict[str, str]


def insert(connection: sqlite3.Connection, number: int, case: Case, outcome: Decided) -> None:
    """Add a verdict with all that it rests on, within a transaction; an older one on the case is superseded."""
    verdict, tally, usage = outcome.verdict, outcome.verdict.tally, outcome.verdict.usage
    body = case.model_dump_json()
    text, large = artifacts.taken_out(verdict.model_dump_json(exclude={"provenance"}))
    connection.executemany("INSERT OR IGNORE INTO artifacts VALUES (?, ?)", large.items())
    connection.execute("UPDATE verdicts SET superseded = 1 WHERE case_id = ? AND superseded = 0", (case.id,))
    row = (
        number,
        case.id,
        case.digest,
        case.kind,
        case.item,
        case.variant,
        labels.now(),
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
        text,
        body,
    )
    connection.execute(_INSERT, row)
    connection.executemany(_INSERT_EXCHANGE, (_row(number, exchange) for exchange in outcome.exchanges))
    if case.label is not None:
        labels.insert(connection, case.id, labels.FILE, case.label)


def note(connection: sqlite3.Connection, case: Case, body: str) -> None:
    """Keep a case, as JSON, in place of one that differs in nothing that is judged, within a transaction."""
    now = "UPDATE verdicts SET judged = ?, item = ?, variant = ? WHERE case_id = ? AND superseded = 0"
    connection.execute(now, (body, case.item, case.variant, case.id))


def key(request_digest: str) -> bytes:
    """Return what a request is found by."""
    return bytes.fromhex(request_digest)[:16]


def _row(number: int, exchange: Exchange) -> tuple[Any, ...]:
    body = exchange.request.body()
    return (
        number,
        exchange.vote,
        exchange.turn,
        exchange.member,
        key(digest(body)),
        body,
        exchange.reply and exchange.reply.model_dump_json(),
        exchange.failure and exchange.failure.model_dump_json(),
    )


class Reader:
    """Makes records of rows. Raises StoreError that names the case for what is damaged."""

    def __init__(self, path: Path, content_of: Callable[[str], str]) -> None:
        self._path = path
        self._content_of = content_of

    def stored(self, row: tuple[Any, ...]) -> Stored:
        """Return a verdict from what the query `STORED` gives, without its provenance."""
        case_id, judged, verdict, at, said = row
        with self._intact(case_id):
            by_rater = labels.read(said)
            case = Case.model_validate_json(judged).model_copy(update={"label": labels.the_one(by_rater)})
            return Stored(case, artifacts.whole(verdict, self._content_of), at, by_rater)

    def exchange(self, row: tuple[Any, ...]) -> Exchange:
        """Return an exchange from what the query `EXCHANGES` gives."""
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
            raise StoreError(f"run file {str(self._path)!r} is damaged: case {case_id!r}: {said}") from None

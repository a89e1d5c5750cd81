"""The tables of a run file, what it says of itself, and under which settings it may be continued."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from judge.errors import StoreError
from judge.plain import digest
from judge.record import runfile
from judge.types import Provenance, Record

#: What is written now, and what `judge` 0.1 wrote (see `judge.record.migration`).
LAYOUT, BEFORE = 2, 1

VERDICTS = """
CREATE TABLE verdicts (
  number INTEGER PRIMARY KEY, case_id TEXT NOT NULL, case_digest TEXT NOT NULL, superseded INTEGER NOT NULL DEFAULT 0,
  kind TEXT NOT NULL, item TEXT, variant TEXT, at TEXT, label TEXT NOT NULL, decided_by TEXT NOT NULL, basis TEXT,
  score REAL, failures TEXT NOT NULL, asked INTEGER NOT NULL, saved INTEGER NOT NULL, calls INTEGER NOT NULL,
  tokens INTEGER NOT NULL, cost REAL, verdict TEXT NOT NULL, judged TEXT NOT NULL
);
"""
INDEX = "CREATE UNIQUE INDEX one_verdict ON verdicts (case_id) WHERE superseded = 0;"
ADDED = """
CREATE TABLE provenances (kind TEXT PRIMARY KEY, fingerprint TEXT NOT NULL, provenance TEXT NOT NULL);
CREATE TABLE labels (
  number INTEGER PRIMARY KEY, case_id TEXT NOT NULL, rater TEXT NOT NULL, label TEXT NOT NULL, at TEXT
);
CREATE INDEX by_case ON labels (case_id, rater, number);
CREATE TABLE artifacts (digest TEXT PRIMARY KEY, content TEXT NOT NULL);
"""
_KEPT = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE exchanges (
  number INTEGER NOT NULL REFERENCES verdicts (number), vote INTEGER NOT NULL, turn INTEGER NOT NULL,
  member TEXT NOT NULL, request_digest BLOB NOT NULL, request TEXT NOT NULL, reply TEXT, failure TEXT,
  PRIMARY KEY (number, vote, turn)
) WITHOUT ROWID;
CREATE INDEX by_request ON exchanges (request_digest);
"""

#: The settings that verdicts on a kind are made with; None for a kind that nobody knows any more.
Settings = Callable[[str], Provenance | None]


class Run(Record):
    """What a run file says of itself: the settings by kind, of those that have verdicts, and the texts of rubrics.

    ``layout`` is the one that it was written in, which may be older than the one that it has.
    """

    id: str
    provenances: dict[str, Provenance]
    rubrics: dict[str, str]
    layout: int = LAYOUT

    @property
    def fingerprint(self) -> str:
        """A hash of the settings of the kinds that occur."""
        return digest(*(f"{kind} {self.provenances[kind].fingerprint}" for kind in sorted(self.provenances)))[:16]


def of(connection: sqlite3.Connection) -> int:
    """Return the layout of a file; 0 of one that is empty."""
    found: int = connection.execute("PRAGMA user_version").fetchone()[0]
    return found


def lay_out(connection: sqlite3.Connection, path: Path) -> None:
    """Lay out a new file; look through one that is there for damage. Raises StoreError for what cannot be continued."""
    if not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(f"PRAGMA user_version = {LAYOUT}")
        run_all(connection, _KEPT + VERDICTS + INDEX + ADDED)
        about = {"id": f"{path.stem}-{int(time.time())}", "rubrics": "{}"}
        connection.executemany("INSERT INTO about VALUES (?, ?)", about.items())
        connection.execute("COMMIT")
        return
    if of(connection) == BEFORE:
        raise StoreError(_not_continued(path))
    said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    if said != "ok":
        raise sqlite3.DatabaseError(f"malformed: {said.splitlines()[-1]}")


def run_all(connection: sqlite3.Connection, statements: str) -> None:
    """Run some statements within the transaction that is going on."""
    for statement in filter(str.strip, statements.split(";")):
        connection.execute(statement)


def about(connection: sqlite3.Connection, path: Path) -> Run:
    """Return what the file says of itself. Raises StoreError for the layout of another version."""
    with runfile.explained(path):
        if (layout := of(connection)) != LAYOUT:
            raise StoreError(
                f"run file {str(path)!r} has layout {layout}; this version of judge reads layouts {BEFORE} and {LAYOUT}"
            )
        about = dict(connection.execute("SELECT key, value FROM about"))
        provenances = dict(connection.execute("SELECT kind, provenance FROM provenances ORDER BY kind"))
    try:
        return Run(
            id=about["id"],
            provenances={kind: Provenance.model_validate_json(said) for kind, said in provenances.items()},
            rubrics=json.loads(about["rubrics"]),
            layout=int(about.get("layout", LAYOUT)),
        )
    except (KeyError, ValueError, TypeError, RecursionError) as error:
        raise StoreError(f"run file {str(path)!r} is damaged: what it says of itself cannot be read: {error}") from None


def continue_with(
    connection: sqlite3.Connection, run: Run, settings: Settings, *, rubrics: dict[str, str], path: Path
) -> None:
    """Make a file ready to go on. Raises StoreError where a kind that has verdicts now has other settings.

    A kind whose plugin is gone keeps what it has, and the others go on.
    """
    if run.layout != LAYOUT:
        raise StoreError(_not_continued(path))
    for kind, before in run.provenances.items():
        if (now := settings(kind)) is not None:
            _ensure_same(before, now, kind=kind, path=path)
    # Those of the kinds that occur are the same, or the fingerprint would not be.
    texts = {**run.rubrics, **rubrics} if run.provenances else rubrics
    if texts != run.rubrics:
        connection.execute("UPDATE about SET value = ? WHERE key = 'rubrics'", (json.dumps(texts),))


def insert_provenance(connection: sqlite3.Connection, kind: str, provenance: Provenance) -> None:
    """Keep the settings of a kind with its first verdict."""
    row = (kind, provenance.fingerprint, provenance.model_dump_json())
    connection.execute("INSERT OR IGNORE INTO provenances VALUES (?, ?, ?)", row)


def _not_continued(path: Path) -> str:
    return (
        f"run file {str(path)!r} was made by judge 0.1 (layout {BEFORE}) and cannot be continued: prompts and settings "
        "are not what they were. It can be shown, exported and replayed; to judge its cases, use another run file"
    )


def _ensure_same(before: Provenance, now: Provenance, *, kind: str, path: Path) -> None:
    if before.fingerprint == now.fingerprint:
        return
    old, new = before.model_dump(mode="json"), now.model_dump(mode="json")
    different = (
        "; ".join(_differences(old["settings"], new["settings"])) or f"judge {old['judge']} is now {new['judge']}"
    )
    raise StoreError(
        f"run file {str(path)!r} was made with other settings for the kind {kind!r} ({different}). "
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

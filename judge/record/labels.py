"""What people say of cases: labels, which may come at any time and are never overwritten.

Each has a rater; the label in a file of cases has the rater ``file``. Of each rater the newest label of a case counts.
A label is written in a short transaction of its own, also while another process writes verdicts into the same file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from judge.errors import ConfigError, InputError, StoreError, nearest
from judge.plain import well_formed
from judge.record import layout, migration, runfile

FILE = "file"

#: An expression of a query over verdicts: the newest label of each rater, as JSON.
BY_RATER = (
    "(SELECT json_group_object(rater, label) FROM (SELECT rater, label, max(number) FROM labels "
    "WHERE labels.case_id = verdicts.case_id GROUP BY rater))"
)
#: A query: the newest label of a rater on a case.
LAST = "SELECT label FROM labels WHERE case_id = ? AND rater = ? ORDER BY number DESC LIMIT 1"
#: A query: the newest label of each rater on each case.
NEWEST = "SELECT case_id, rater, label, max(number) FROM labels GROUP BY case_id, rater"


def label(path: Path, case_id: str, label: str, *, rater: str) -> None:
    """Say what a rater thinks of a case; ``true`` and ``false`` mean ``correct`` and ``incorrect``.

    Raises InputError for a case that the run has no verdict on, and StoreError for a file that cannot be written.
    """
    label_all(path, [(case_id, label)], rater=rater)


def label_all(path: Path, labels: Iterable[tuple[str, str]], *, rater: str) -> None:
    """Say what a rater thinks of cases, given as (id, label): of all, or where it raises as `label` does, of none."""
    rater, labels = well_formed(rater), [(case_id, _said(label)) for case_id, label in labels]
    if rater == FILE or not rater.strip():
        raise ConfigError(f"{rater!r} is no name of a rater: {FILE!r} stands for the labels in the file of cases")
    with closing(_opened(path)) as connection, runfile.explained(path), connection:
        connection.execute("BEGIN IMMEDIATE")
        for case_id, said in labels:
            _ensure_known(connection, case_id, path)
            insert(connection, case_id, rater, said)


def insert(connection: sqlite3.Connection, case_id: str, rater: str, label: str) -> None:
    """Add a label within a transaction, unless it is what the rater said last."""
    if connection.execute(LAST, (case_id, rater)).fetchone() != (label,):
        connection.execute(
            "INSERT INTO labels (case_id, rater, label, at) VALUES (?, ?, ?, ?)", (case_id, rater, label, now())
        )


def the_one(labels: Mapping[str, str]) -> str | None:
    """Return the label that counts where there is room for one: that of the file, else that of the only rater."""
    if FILE in labels:
        return labels[FILE]
    return next(iter(labels.values())) if len(labels) == 1 else None


def read(said: str) -> dict[str, str]:
    """Return the labels of a case by rater from what `BY_RATER` gave."""
    return {rater: str(label) for rater, label in json.loads(said).items()}


def now() -> str:
    """Return the time, in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _said(label: str) -> str:
    if not (label := well_formed(label)).strip():
        raise InputError("a label cannot be empty")
    return {"true": "correct", "false": "incorrect"}.get(label.lower(), label)


def _opened(path: Path) -> sqlite3.Connection:
    path = runfile.named(path, writing=True)
    if not path.exists():
        raise StoreError(f"run file {str(path)!r} does not exist")
    with closing(runfile.connect(path, writing=False)) as connection, runfile.explained(path):
        before = layout.of(connection) == layout.BEFORE
    if before:
        migration.in_place(path)
    connection = runfile.connect(path, writing=True)  # without the run's lock, so that a damaged file stays where it is
    try:
        layout.about(connection, path)  # refuses other layouts
    except BaseException:
        connection.close()
        raise
    return connection


def _ensure_known(connection: sqlite3.Connection, case_id: str, path: Path) -> None:
    if connection.execute("SELECT 1 FROM verdicts WHERE case_id = ? AND superseded = 0", (case_id,)).fetchone():
        return
    ids = [row[0] for row in connection.execute("SELECT case_id FROM verdicts WHERE superseded = 0 LIMIT 20000")]
    raise InputError(f"run {str(path)!r} has no case {case_id!r}.{nearest(case_id, ids)}")

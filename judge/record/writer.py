"""The thread that writes a run file: what waits at the same time shares a commit."""

from __future__ import annotations

import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from judge.errors import StoreError
from judge.record import runfile

_GATHER_S = 0.01  # what comes this close together shares a commit; it costs a disk write each

#: What SQLite's module raises for values that no table can hold, whatever the file is like.
_OF_THE_DATA = (sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError)

#: Told, in the thread that writes, when something is on the disk or could not be put there.
Then = Callable[[StoreError | None], None]


class _Waiting(NamedTuple):
    write: Callable[[sqlite3.Connection], None]
    then: Then


class Writer:
    """Writes in the order in which it is asked to.

    What cannot be written by itself is left out, and who asked for it is told. After an error of the file, which all
    who wait are told, nothing more is written.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._inbox: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._broken: StoreError | None = None
        connection = runfile.writer(path)
        self._thread = threading.Thread(target=self._write_all, args=(connection,), name="judge-store", daemon=True)
        self._thread.start()

    def put(self, write: Callable[[sqlite3.Connection], None], then: Then) -> None:
        """Have something written, within a transaction that it may share, and somebody told."""
        self._inbox.put(_Waiting(write, then))

    def flush(self) -> None:
        """Wait until all that was put so far is on the disk. Raises StoreError where it could not be put there."""
        said: queue.SimpleQueue[StoreError | None] = queue.SimpleQueue()
        self.put(lambda _: None, said.put)
        while self._thread.is_alive():  # another thread may close this one meanwhile
            with suppress(queue.Empty):
                if error := said.get(timeout=0.1):
                    raise error
                return

    def close(self) -> None:
        """Write what waits, and end."""
        self._inbox.put(None)
        self._thread.join()

    def _write_all(self, connection: sqlite3.Connection) -> None:
        """Take everything that waits, commit it at once, then tell those who wait."""
        stopping = False
        while not stopping:
            batch, stopping = _drain(self._inbox)
            for waiting, error in zip(batch, self._written(connection, batch), strict=True):
                waiting.then(error)
        connection.close()

    def _written(self, connection: sqlite3.Connection, batch: list[_Waiting]) -> list[StoreError | None]:
        """Commit all that can be written, and return what became of each."""
        try:
            if batch and self._broken is None:
                with runfile.explained(self._path, holding=True), connection:
                    connection.execute("BEGIN IMMEDIATE")
                    return [_alone(connection, waiting.write, self._path) for waiting in batch]
        except StoreError as caught:
            self._broken = caught
        except Exception as caught:  # noqa: BLE001 - those who wait must hear of it, whatever it is
            self._broken = _unwritten(self._path, caught)
        return [self._broken] * len(batch)


def _alone(
    connection: sqlite3.Connection, write: Callable[[sqlite3.Connection], None], path: Path
) -> StoreError | None:
    """Write one of a batch, or nothing of it: what no file could hold takes no other with it."""
    connection.execute("SAVEPOINT one")
    try:
        write(connection)
    except Exception as caught:
        of_the_file = isinstance(caught, sqlite3.Error) and not isinstance(caught, _OF_THE_DATA)
        if of_the_file:
            raise
        connection.execute("ROLLBACK TO one")
        return caught if isinstance(caught, StoreError) else _unwritten(path, caught)
    finally:
        if connection.in_transaction:
            connection.execute("RELEASE one")
    return None


def _unwritten(path: Path, error: Exception) -> StoreError:
    return StoreError(f"run file {str(path)!r} cannot be written: {error!r}")


def _drain(inbox: queue.SimpleQueue[_Waiting | None]) -> tuple[list[_Waiting], bool]:
    items = [inbox.get()]
    if items != [None]:
        time.sleep(_GATHER_S)
    while not inbox.empty():
        items.append(inbox.get())
    return [item for item in items if item is not None], None in items

"""Which test is asking, what it was answered from a cassette, and what its calls cost."""

from __future__ import annotations

import threading
from pathlib import Path

from judge.types import Usage


class Asking:
    """Who is asking: one test, what it was answered, and what that cost. Thread-safe.

    ``node`` is how pytest is told to run that test alone.
    """

    def __init__(self, test: str, node: str) -> None:
        self.test = test
        self.node = node
        self.usage = Usage()  # of calls made for this test, not of those that were replayed
        self.replayed = 0
        self.recorded: dict[Path, int] = {}
        self._lock = threading.Lock()

    def asked(self, usage: Usage, *, path: Path | None = None) -> None:
        """Count calls that were made, and an exchange that was recorded if there is a path."""
        with self._lock:
            self.usage += usage
            if path is not None:
                self.recorded[path] = self.recorded.get(path, 0) + 1

    def was_replayed(self) -> None:
        """Count an exchange that was answered from a cassette."""
        with self._lock:
            self.replayed += 1

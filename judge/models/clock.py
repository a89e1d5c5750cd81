"""The time that one call may take, and how it is counted."""

from __future__ import annotations

import asyncio
import time

from judge.models.faults import TooMany


class Clock:
    """The time one call has been worked on; what it spends waiting at the gate is not counted."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.spent = 0.0
        self.calls = 0
        self.retries = 0
        self._since = 0.0

    @property
    def left(self) -> float:
        """What may still be spent, in seconds."""
        return max(0.001, self.budget - self.spent)

    async def sleep(self, seconds: float) -> None:
        """Wait between two attempts; this counts."""
        self.retries += 1
        with self:
            self.calls -= 1
            await asyncio.sleep(min(seconds, self.left))

    def __enter__(self) -> None:
        self.calls += 1
        self._since = time.monotonic()

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not TooMany:
            self.spent += time.monotonic() - self._since

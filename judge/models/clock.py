"""What one call costs, and the time it may take."""

from __future__ import annotations

import asyncio
import time

from judge.models.faults import TooMany
from judge.types import Usage


class Clock:
    """What one call has cost so far: the time it was worked on, which waiting at the gate is not, and tokens."""

    def __init__(self, budget: float) -> None:
        self.budget = budget
        self.spent = 0.0
        self.calls = 0
        self.retries = 0
        self.prompt_tokens = 0
        self.completion_tokens = 0
        self._since = 0.0

    @property
    def left(self) -> float:
        """What may still be spent, in seconds."""
        return max(0.001, self.budget - self.spent)

    def count(self, prompt_tokens: int, completion_tokens: int) -> None:
        """Count the tokens of one answer, also of one that is of no use."""
        self.prompt_tokens += prompt_tokens
        self.completion_tokens += completion_tokens

    def usage(self) -> Usage:
        """Return what the call has cost so far."""
        return Usage(
            calls=self.calls,
            retries=self.retries,
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            seconds=round(self.spent, 6),
        )

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

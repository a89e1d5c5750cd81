"""How long a check may take: the seconds that are left, for whoever wants to stop in time."""

from __future__ import annotations

import time
from collections.abc import Callable


class Budget:
    """Seconds by a clock, from when it is made. What uses it up stops and returns what it has found so far.

    >>> Budget(0.0).spent, Budget(60.0).spent
    (True, False)
    """

    def __init__(self, seconds: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds

    @property
    def left(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self._end - self._clock())

    @property
    def spent(self) -> bool:
        """Whether nothing is left."""
        return self._clock() >= self._end

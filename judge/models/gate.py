"""A gate in front of one endpoint: how many calls may be under way, and when to wait.

Additive increase, multiplicative decrease, as in TCP's congestion avoidance (Chiu and Jain, 1989): each success
lets a little more through, each "too many requests" halves what may pass and closes the gate for a while. All
callers of an endpoint share one gate, so that a server in trouble is left alone instead of being asked by each.
Runs on one event loop; not thread-safe.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections import deque
from weakref import WeakValueDictionary

_gates: WeakValueDictionary[str, Gate] = WeakValueDictionary()
_looking = threading.Lock()


def gate_of(endpoint: str, *, ceiling: int, cap: float) -> Gate:
    """Return the one gate of an endpoint; models behind the same one share it, with the largest ceiling asked for."""
    with _looking:
        gate = _gates.get(endpoint)
        if gate is None:
            gate = _gates[endpoint] = Gate(ceiling, cap=cap)
        elif ceiling > gate.ceiling:
            gate.ceiling, gate.limit = ceiling, float(ceiling)
        return gate


class Gate:
    """Admits at most ``limit`` calls, starting at ``ceiling``. `cap` bounds the seconds of one pause."""

    def __init__(self, ceiling: int, *, cap: float) -> None:
        self.ceiling = ceiling
        self.cap = cap
        self.limit = float(ceiling)
        self.in_flight = 0
        self.paused_until = 0.0
        self.turned_away = 0
        self._in_a_row = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self) -> None:
        """Wait for a place."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                if (pause := self.paused_until - loop.time()) > 0:
                    await asyncio.sleep(pause + random.uniform(0, 0.1 * pause))
                elif self.in_flight < int(self.limit):
                    self.in_flight += 1
                    return
                else:
                    place = loop.create_future()
                    self._waiting.append(place)
                    await place
        except asyncio.CancelledError:  # it may have been woken, also before a pause: the next one is due
            self._wake()
            raise

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        self._wake()

    def succeeded(self) -> None:
        """Let a little more through: one more call for each full round of successes."""
        self._in_a_row = 0
        if self.limit < self.ceiling:
            self.limit = min(float(self.ceiling), self.limit + 1 / self.limit)
            self._wake()

    def turn_away(self, retry_after: float | None) -> None:
        """Close for as long as the server asked, or for twice as long as last time, and admit half as many.

        A server that asks for 0 seconds, as some do, has not said how long.
        """
        now = asyncio.get_running_loop().time()
        self.turned_away += 1
        if now >= self.paused_until:  # one burst of refusals counts once
            self.limit = max(1.0, self.limit / 2)
            self._in_a_row += 1
            backoff = 0.25 * 2.0 ** min(self._in_a_row, 10) * random.uniform(0.5, 1.0)
            self.paused_until = now + min(self.cap, retry_after or backoff)
        elif retry_after is not None:
            self.paused_until = max(self.paused_until, now + min(self.cap, retry_after))

    def _wake(self) -> None:
        room = int(self.limit) - self.in_flight
        while room > 0 and self._waiting:
            place = self._waiting.popleft()
            if not place.done():
                place.set_result(None)
                room -= 1

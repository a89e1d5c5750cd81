"""Slots for whoever asks: one zygote at a time, replaced when it died or when this process is a fork of its maker."""

from __future__ import annotations

import atexit
import contextlib
import os
import threading
import weakref
from collections.abc import Iterable, Iterator

from judge.errors import SandboxError
from judge.sandbox import starting
from judge.sandbox.jobs import Conversation
from judge.sandbox.records import Tier
from judge.sandbox.zygotes import Zygote

#: What snippets import most: they find it loaded.
_LOADED = (
    *("numpy", "numpy.random", "sympy", "sqlite3", "csv", "datetime", "decimal", "fractions", "statistics"),
    *("dataclasses", "typing", "json", "re", "string", "textwrap", "tempfile", "heapq", "bisect", "cmath"),
)

#: Every pool that is open, for a fork of this process to find.
pools: weakref.WeakSet[Pool] = weakref.WeakSet()


class Pool:
    """Starts a zygote by the strongest way that passes its self-test. At most `size` jobs run at a time."""

    def __init__(self, tier: Tier | None, *, size: int) -> None:
        self.size = size
        self.closed = False
        self._loaded: tuple[str, ...] = _LOADED
        self._renew()
        self._zygote, self.probes, self.refused = starting.start(tier)
        self._way = self._zygote.way
        self._stock()
        pools.add(self)
        atexit.register(self.close)

    @property
    def tier(self) -> Tier:
        """The tier of its walls."""
        return self._way.tier

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait until fewer than `size` jobs run, and count as one meanwhile."""
        with self._places:
            yield

    def converse(self) -> Conversation:
        """Return a conversation with a fresh slot. Raises SandboxError."""
        with self._lock:
            if self.closed:
                raise SandboxError("the sandbox is closed")
            if self._zygote.dead:
                self._zygote.close()
                self._zygote = Zygote(self._way)
                self._stock()
            zygote = self._zygote
        slot = zygote.take()
        zygote.want(1)
        return Conversation(zygote, slot)

    def load(self, modules: Iterable[str]) -> None:
        """Have slots find these loaded, too: those that are made from now on, so that some still may not."""
        with self._lock:
            if missing := tuple(name for name in modules if name not in self._loaded):
                self._loaded += missing
                self._zygote.load(missing)

    def close(self) -> None:
        """End every process."""
        atexit.unregister(self.close)
        with self._lock:
            self.closed = True
            self._zygote.close()

    def forked(self) -> None:
        """In a fork of this process: leave the zygote to the parent, whose threads may hold any lock."""
        self._zygote.abandon()
        self._renew()

    def _renew(self) -> None:
        self._lock = threading.Lock()
        self._places = threading.BoundedSemaphore(self.size)

    def _stock(self) -> None:
        self._zygote.load(self._loaded)
        self._zygote.want(self.size)


def _after_fork() -> None:
    for pool in list(pools):
        pool.forked()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

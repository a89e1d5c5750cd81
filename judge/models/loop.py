"""One background event loop for all network calls, so that the rest of the program stays synchronous."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Loop:
    """An event loop in a daemon thread. Calls that come while it is busy are taken over together."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._inbox: deque[Callable[[], object]] = deque()
        self._called = False
        self._tasks: set[asyncio.Future[Any]] = set()
        threading.Thread(target=self._loop.run_forever, name="judge-network", daemon=True).start()

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        answer: queue.SimpleQueue[asyncio.Future[T]] = queue.SimpleQueue()
        self._inbox.append(lambda: self._begin(coroutine, answer))
        if not self._called:  # waking the loop is a system call; one is enough until it has looked
            self._called = True
            self._loop.call_soon_threadsafe(self._take_over)
        return answer.get().result()

    def _begin(self, coroutine: Coroutine[Any, Any, T], answer: queue.SimpleQueue[asyncio.Future[T]]) -> None:
        task = self._loop.create_task(coroutine)
        self._tasks.add(task)  # the loop itself holds a task only weakly
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(answer.put)

    def _take_over(self) -> None:
        self._called = False  # before looking, so that what comes now wakes it again
        while self._inbox:
            self._inbox.popleft()()


_starting = threading.Lock()
_shared: _Loop | None = None


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the shared loop, started on first use, and wait for it; callable from any other thread."""
    global _shared
    if _shared is None:
        with _starting:
            _shared = _shared or _Loop()
    return _shared.run(coroutine)

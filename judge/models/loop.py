"""One background event loop for all network calls, so that the rest of the program stays synchronous."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def background_loop() -> asyncio.AbstractEventLoop:
    """Return the loop, started on first use in a daemon thread."""
    global _loop
    with _lock:
        if _loop is None:
            _loop = asyncio.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="judge-network", daemon=True).start()
        return _loop


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on the background loop and wait for it; callable from any other thread."""
    loop = background_loop()
    answer: queue.SimpleQueue[asyncio.Future[T]] = queue.SimpleQueue()
    loop.call_soon_threadsafe(lambda: loop.create_task(coroutine).add_done_callback(answer.put))
    return answer.get().result()

"""Taking a run back: whoever started it in a thread can end it from another one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from judge.errors import SandboxError

_stop: ContextVar[threading.Event | None] = ContextVar("judge_sandbox_stop", default=None)


@contextmanager
def stopping_at(stop: threading.Event) -> Iterator[None]:
    """Let what this thread runs in a sandbox be killed, with a SandboxError here, within a moment of `stop` being set.

    A run that waits for its turn, or for its sandbox to start, ends when it would begin. A program (not Python source)
    that has closed its output is not looked at any more, and ends by its limits.
    """
    token = _stop.set(stop)
    try:
        yield
    finally:
        _stop.reset(token)


def heed_stop() -> None:
    """Raise SandboxError if whoever started the run that this thread waits for takes it back."""
    stop = _stop.get()
    if stop is not None and stop.is_set():
        raise SandboxError("the run was stopped by whoever started it")

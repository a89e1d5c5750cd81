"""Child processes of ours that answer JSON lines: each request has a deadline, and a child dies with its children.

The child is a module of `judge` run as a program that calls `serve`. It stops when its input ends, so that it never
outlives its parent for long.
"""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, Generic, TypeVar

_LOADING_S = 60.0  # importing a computer algebra system on a busy machine takes a while
_LONGEST_LINE = 64 * 2**20


class Late(Exception):
    """The deadline passed; the child cannot be used any more."""


class Gone(Exception):
    """The child died."""


class Child:
    """One process that runs `module`. Not thread-safe. Raises Late or Gone, after which it has to be killed."""

    def __init__(self, module: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", module],  # -P: nothing in the user's folder can stand in for judge
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._pending = b""
        try:
            self.ask({"path": sys.path}, within=_LOADING_S)
        except (Late, Gone):
            self.kill()
            raise

    @property
    def dead(self) -> bool:
        """Whether the process has ended."""
        return self._process.poll() is not None

    def ask(self, request: dict[str, Any], *, within: float = _LOADING_S) -> Any:
        """Send a request and return its answer, which has to come `within` so many seconds."""
        assert self._process.stdin and self._process.stdout
        end = time.monotonic() + within
        try:
            self._process.stdin.write(json.dumps({**request, "within": within}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise Gone("died in its worker") from None
        output = self._process.stdout.fileno()
        poll = select.poll()  # which, unlike select, takes any number of open files
        poll.register(output, select.POLLIN)
        chunks = [self._pending]
        while b"\n" not in chunks[-1]:
            left = end - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise Late(f"took longer than {within:g} s and was stopped")
            chunks.append(os.read(output, 1 << 16))
            if not chunks[-1]:
                raise Gone("died in its worker")
            if sum(map(len, chunks)) > _LONGEST_LINE:
                raise Gone("gave an answer that is too large")
        line, _, self._pending = b"".join(chunks).partition(b"\n")
        return json.loads(line)

    def kill(self) -> None:
        """End the process and all that it started."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


Some = TypeVar("Some", bound=Child)


class Children(Generic[Some]):
    """So many children, each started when it is needed. Thread-safe; a process that was forked off starts its own."""

    def __init__(self, start: Callable[[], Some], *, size: int) -> None:
        self._start = start
        self.size = size
        self._renew()

    @contextlib.contextmanager
    def lend(self) -> Iterator[Some]:
        """Lend a child, waiting for one that is free. After Late or Gone, which pass through, it is replaced."""
        if self._pid != os.getpid():
            self._renew()
        idle = self._idle
        child = idle.get()
        try:
            if child is not None and child.dead:
                self._drop(child)  # its pipes are open still
                child = None
            if child is None:
                child = self._start()
                with self._lock:
                    self._started.add(child)
            yield child
        except BaseException:  # Late and Gone, but also Ctrl-C: an answer that nobody read would be taken for the next
            if child is not None:
                self._drop(child)
            child = None  # its place is free for a new one
            raise
        finally:
            idle.put(child)

    def close(self) -> None:
        """Kill all children; the next one that is lent starts anew."""
        atexit.unregister(self.close)
        if self._pid != os.getpid():
            return  # they are children of the process that this one was forked from
        with self._lock:
            started = list(self._started)
        for child in started:
            self._drop(child)

    def _renew(self) -> None:
        self._pid = os.getpid()
        self._idle: queue.LifoQueue[Some | None] = queue.LifoQueue()
        for _ in range(self.size):
            self._idle.put(None)  # a place whose child is started when it is needed
        self._started: set[Some] = set()
        self._lock = threading.Lock()
        atexit.register(self.close)

    def _drop(self, child: Some) -> None:
        child.kill()
        with self._lock:
            self._started.discard(child)


def serve(answer: Callable[[dict[str, Any]], Any]) -> None:
    """Answer the requests of a parent until they end. What is printed goes to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    for line in requests:
        request = json.loads(line)
        given: Any = "ok"
        if "path" in request:
            sys.path[:] = request["path"]
        else:
            # A last resort for a child whose parent is gone: the kernel ends it, even inside C code.
            signal.setitimer(signal.ITIMER_REAL, request["within"] + 5.0)
            given = answer(request)
            signal.setitimer(signal.ITIMER_REAL, 0)
        answers.write(json.dumps(given).encode() + b"\n")
        answers.flush()

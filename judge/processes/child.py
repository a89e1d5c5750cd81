"""A child process of ours that answers lines: it says where it is, can be killed, and dies with its own children.

The child is a module of `judge` run as a program that calls `serve`. It stops when its input ends, so that it never
outlives its parent for long.
"""

from __future__ import annotations

import contextlib
import json
import mmap
import os
import select
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any, NamedTuple

_LOADING_S = 60.0  # importing everything, on a busy machine
_LONGEST_LINE = 64 * 2**20
_FLUSH_S = 0.005  # answers wait so long for each other: fewer, larger messages
_LOOK_S = 1.0  # how often the parent looks where the child is while no answer comes
_PLACE = struct.Struct("<IIQ")


class Place(NamedTuple):
    """Where a child is: in which line of those it was last sent (`NOWHERE` before the first), in which step of it."""

    line: int
    step: int
    steps: int  # of all steps it ever began: where it has not moved, it is the same


NOWHERE = 2**32 - 1


class Late(Exception):
    """A step took longer than it may; the child cannot be used any more."""


class Gone(Exception):
    """The child died."""


class Child:
    """One process that runs `module`. Not thread-safe. Raises Late or Gone, after which it has to be killed."""

    def __init__(self, module: str) -> None:
        self._pending = b""
        try:
            with tempfile.TemporaryFile() as shared:
                shared.truncate(mmap.PAGESIZE)
                self._page = mmap.mmap(shared.fileno(), mmap.PAGESIZE)
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-m", module],  # -P: nothing in the user's folder can stand in for judge
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    pass_fds=(shared.fileno(),),
                    start_new_session=True,
                )
                setting = {"path": sys.path, "page": shared.fileno()}
        except OSError as error:  # too many open files, no memory, no room
            raise Gone(f"has no worker, since none could be started: {error}") from error
        try:
            list(self.ask([json.dumps(setting).encode()], within=_LOADING_S))
        except (Late, Gone):
            self.kill()
            raise

    @property
    def dead(self) -> bool:
        """Whether the process has ended. It is not reaped before `kill`, so that its number stays its own."""
        if self._process.returncode is not None or not hasattr(os, "waitid"):  # macOS has none before Python 3.13
            return self._process.poll() is not None
        try:
            return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
        except ChildProcessError:  # somebody else in this process reaps whatever ends
            return True

    @property
    def place(self) -> Place:
        """Where the child is now, or was when it ended."""
        return Place(*_PLACE.unpack_from(self._page))

    def ask(self, lines: Sequence[bytes], *, within: float) -> Iterator[bytes]:
        """Send lines without line ends, and yield the answer to each as it comes.

        Each step of the work on a line may take `within` seconds; when one takes longer, that is noticed within
        another second.
        """
        assert self._process.stdin
        _PLACE.pack_into(self._page, 0, NOWHERE, 0, 0)
        try:
            self._process.stdin.write(b"%d %g\n%b\n" % (len(lines), within, b"\n".join(lines)))
            self._process.stdin.flush()
        except OSError:
            raise Gone("died in its worker") from None
        left = len(lines)
        while left:
            *whole, self._pending = (self._pending + self._more(within)).split(b"\n")
            left -= len(whole)
            yield from whole

    def _more(self, within: float) -> bytes:
        """Return what the child says next; at least one whole line unless it goes on from one that is begun."""
        assert self._process.stdout
        output = self._process.stdout.fileno()
        poll = select.poll()  # which, unlike select, takes any number of open files
        poll.register(output, select.POLLIN)
        chunks: list[bytes] = []
        size, place, since = len(self._pending), self.place, time.monotonic()
        while not chunks or b"\n" not in chunks[-1]:
            left = since + within - time.monotonic()
            if left <= 0:
                raise Late(f"took longer than {within:g} s and was stopped")
            if not poll.poll(min(left, _LOOK_S) * 1000):
                if (now := self.place) != place:
                    place, since = now, time.monotonic()
                continue
            chunks.append(os.read(output, 1 << 16))
            size += len(chunks[-1])
            if not chunks[-1]:
                raise Gone("died in its worker")
            if size > _LONGEST_LINE:
                raise Gone("gave an answer that is too large")
        return b"".join(chunks)

    def kill(self) -> None:
        """End the process and all that it started."""
        self.strike()
        self._process.wait()
        self.forget()

    def strike(self) -> None:
        """Have the process and all that it started end, and wait for nothing: also from a signal handler."""
        if self._process.returncode is None:  # reaped: its number may be somebody else's by now
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def forget(self) -> None:
        """Let go of the pipes: a fork of the parent has copies of them, which would keep the child alive."""
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]


Step = Callable[[int], None]


def serve(answer: Callable[[bytes, Step], bytes]) -> None:
    """Answer the lines of a parent until they end. What is printed goes to stderr.

    `answer` gets a line and a function to call with the number of each step that it begins.
    """
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    requests.readline()
    if greeting := requests.readline():
        try:
            _answer_all(json.loads(greeting), requests, answers, answer)
        except BrokenPipeError:
            os._exit(0)  # the parent is gone, and with it whoever could want an answer


def _answer_all(
    setting: dict[str, Any], requests: IO[bytes], answers: IO[bytes], answer: Callable[[bytes, Step], bytes]
) -> None:
    sys.path[:] = setting["path"]
    page = mmap.mmap(setting["page"], mmap.PAGESIZE)
    os.close(setting["page"])
    answers.write(b"ok\n")
    answers.flush()
    line, steps = 0, 0

    def begin(step: int) -> None:
        nonlocal steps
        steps += 1
        _PLACE.pack_into(page, 0, line, step, steps)
        # A last resort for a child whose parent is gone: the kernel ends it, even inside C code.
        signal.setitimer(signal.ITIMER_REAL, within + 5.0)

    for head in requests:
        number, within = int(head.split()[0]), float(head.split()[1])
        lines = [requests.readline().rstrip(b"\n") for _ in range(number)]  # all, so that the parent can listen
        flushed = time.monotonic()
        for line, asked in enumerate(lines):  # noqa: B007 - read by `begin`
            begin(0)
            answers.write(answer(asked, begin) + b"\n")
            if (now := time.monotonic()) - flushed > _FLUSH_S:
                answers.flush()
                flushed = now
        answers.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)

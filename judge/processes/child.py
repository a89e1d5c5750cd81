"""A child process of ours that answers lines: it says where it is, can be killed, and dies with its own children.

The child is a module of `judge` run as a program that calls `serve`. It stops when its input ends, so that it never
outlives its parent for long.
"""

from __future__ import annotations

import contextlib
import fcntl
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
from typing import NamedTuple

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


#: Run before `judge` can be imported, which may lie where only this process's own path leads.
_BEGIN = (
    "import json, runpy, sys; path = sys.stdin.buffer.readline() or sys.exit(); sys.path[:] = json.loads(path); "
    "runpy.run_module(sys.argv[1], run_name='__main__', alter_sys=True)"
)


class Child:
    """One process that runs `module`. Not thread-safe. Raises Late or Gone, after which it has to be killed."""

    def __init__(self, module: str) -> None:
        self._pending = b""
        self._asked = 0  # lines so far: each has a number, which its answer begins with
        try:
            with tempfile.TemporaryFile() as file, _above_the_streams(file.fileno()) as shared:
                os.truncate(shared, mmap.PAGESIZE)
                self._page = mmap.mmap(shared, mmap.PAGESIZE)
                self._process = subprocess.Popen(
                    [sys.executable, "-P", "-c", _BEGIN, module, str(shared)],  # -P: nothing of the user's folder
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    bufsize=0,  # a buffer has a lock, which a fork of this process might find held for ever
                    pass_fds=(shared,),
                    start_new_session=True,
                )
        except OSError as error:  # too many open files, no memory, no room
            raise Gone(f"has no worker, since none could be started: {error}") from error
        try:
            self._send(json.dumps(sys.path).encode() + b"\n")
            if self._more(_LOADING_S) != b"ok\n":
                raise Gone("has no worker, since it did not start as it should")
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
        _PLACE.pack_into(self._page, 0, NOWHERE, 0, 0)
        self._send(b"%d %g\n%b\n" % (len(lines), within, b"\n".join(lines)))
        end = self._asked + len(lines)
        while self._asked < end:
            *whole, self._pending = (self._pending + self._more(within)).split(b"\n")
            for answer in whole:
                number, _, said = answer.partition(b" ")
                if number != b"%d" % self._asked:
                    raise Gone("answered what it was not asked")
                self._asked += 1
                yield said

    def _send(self, message: bytes) -> None:
        assert self._process.stdin
        rest = memoryview(message)
        try:
            while rest:
                rest = rest[self._process.stdin.write(rest) :]
        except OSError:
            raise Gone("died in its worker") from None

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


@contextlib.contextmanager
def _above_the_streams(descriptor: int) -> Iterator[int]:
    """Yield a copy of a descriptor that is none of the three streams, should those be closed here."""
    copy = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
    try:
        yield copy
    finally:
        os.close(copy)


Step = Callable[[int], None]


def serve(answer: Callable[[bytes, Step], bytes]) -> None:
    """Answer the lines of a parent until they end. What is printed goes to stderr.

    `answer` gets a line and a function to call with the number of each step that it begins.
    """
    page = mmap.mmap(int(sys.argv[2]), mmap.PAGESIZE)
    os.close(int(sys.argv[2]))
    requests, answers = os.fdopen(os.dup(0), "rb"), _Answers(os.dup(1))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    answers.tell(b"ok")
    line = steps = 0

    def begin(step: int) -> None:
        nonlocal steps
        answers.ensure_mine()
        steps += 1
        _PLACE.pack_into(page, 0, line, step, steps)
        # A last resort for a child whose parent is gone: the kernel ends it, even inside C code.
        signal.setitimer(signal.ITIMER_REAL, within + 5.0)

    for head in requests:
        number, within = int(head.split()[0]), float(head.split()[1])
        lines = [requests.readline().rstrip(b"\n") for _ in range(number)]  # all, so that the parent can listen
        for line, asked in enumerate(lines):  # noqa: B007 - read by `begin`
            begin(0)
            answers.add(answer(asked, begin))
        _PLACE.pack_into(page, 0, NOWHERE, 0, steps + 1)
        answers.flush()
        signal.setitimer(signal.ITIMER_REAL, 0)


class _Answers:
    """What is to be told to the parent. A fork that an evaluator made and that comes back here ends."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._owner = os.getpid()
        self._waiting: list[bytes] = []
        self._number = 0
        self._flushed = time.monotonic()

    def ensure_mine(self) -> None:
        if os.getpid() != self._owner:
            os._exit(0)

    def add(self, answer: bytes) -> None:
        self._waiting.append(b"%d %b" % (self._number, answer))
        self._number += 1
        if time.monotonic() - self._flushed > _FLUSH_S:
            self.flush()

    def flush(self) -> None:
        told, self._waiting = self._waiting, []
        if told:
            self.tell(b"\n".join(told))
        self._flushed = time.monotonic()

    def tell(self, text: bytes) -> None:
        self.ensure_mine()
        rest = memoryview(text + b"\n")
        try:
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        except BrokenPipeError:
            os._exit(0)  # the parent is gone, and with it whoever could want an answer

"""One job in one slot: what is sent to it, and what comes back before a deadline and up to a number of bytes."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import time
from typing import Any, NamedTuple, get_args

from judge.errors import SandboxError
from judge.sandbox.inside import wire
from judge.sandbox.records import Limits, Reason
from judge.sandbox.stopping import heed_stop
from judge.sandbox.zygotes import Slot, Zygote

_STATUS_S = 10.0  # from the death of a process until the zygote tells of it
_LOOK_S = 0.05  # how often to see whether a program, or the zygote itself, has ended, or the run was taken back
_OVERHEAD = 64 * 1024  # what the frames of a job need beside what is limited: a traceback
_ANSWER = 1024  # and what each of its answers needs


class Job(NamedTuple):
    """What a slot is asked to do: a message and, each in a frame of its own, standard input and files."""

    message: dict[str, Any]
    blobs: tuple[bytes, ...] = ()


class Returned(NamedTuple):
    """What came back. `answers` are the frames of the untrusted process, parsed but not believed."""

    stdout: str
    stderr: str
    answers: list[dict[str, Any]]
    exit: int | None
    reason: Reason | None
    seconds: float
    first_output_s: float | None  #: from the start, like seconds
    peak_bytes: int


class Conversation:
    """The exchange with one slot. Only one thread at a time may use it."""

    def __init__(self, zygote: Zygote, slot: Slot) -> None:
        self._zygote, self._slot = zygote, slot
        self._walled = False

    def ask(self, job: Job, limits: Limits, *, answers: int) -> Returned:
        """Send a job; wait for this many answers, or for what ends it first. Then the slot may be asked again."""
        started = time.monotonic()
        self._zygote.watch(self._slot, limits)
        exchange = _Exchange(self._slot, job, limits, answers=answers, walled=self._walled)
        self._walled = True  # the walls close before the first job's code, and a slot that has none is not asked again
        return exchange.run(self._zygote, started)

    def rest(self) -> None:
        """The slot waits for another job."""
        self._zygote.rest(self._slot)

    def close(self) -> None:
        """Have the slot torn down, behind the answer."""
        self._zygote.kill(self._slot)
        self._slot.close()


class _Exchange:
    def __init__(self, slot: Slot, job: Job, limits: Limits, *, answers: int, walled: bool) -> None:
        self._slot, self._limits, self._wanted = slot, limits, answers
        self._walled = walled  # whether the code that runs in the slot may have sent what comes next
        self._program = job.message["mode"] == "argv"
        self._outgoing = memoryview(b"".join(map(wire.frame, (json.dumps(job.message).encode(), *job.blobs))))
        self._frames = wire.Frames(_OVERHEAD + answers * _ANSWER + 8 * limits.output_bytes)
        self._answers: list[dict[str, Any]] = []
        self._texts = {slot.out: bytearray(), slot.err: bytearray()}
        self._first: float | None = None
        self._reason: Reason | None = None
        self._silent = False  # the process closed its end, or is gone

    def run(self, zygote: Zygote, started: float) -> Returned:
        self._started = started
        self._deadline = deadline = started + self._limits.seconds
        self._talk(deadline, zygote)
        end: dict[str, Any] = {}
        if self._reason is None and len(self._answers) < self._wanted:
            left = max(0.0, deadline - time.monotonic())
            if not self._slot.ended.wait(left if self._program else min(left, 0.5)):
                self._reason = "time" if self._program else "crash"
        if self._reason is None and len(self._answers) < self._wanted:
            end = self._slot.end or {"reason": "crash", "status": 0}
        elif self._reason is not None:
            zygote.kill(self._slot)
            self._slot.ended.wait(_STATUS_S)
            end = self._slot.end or {}
        self._drain()
        reason, status = self._judge(end)
        seconds = time.monotonic() - started
        peak = end.get("peak") or _number(self._answers[-1].get("peak") if self._answers else 0)
        texts = [bytes(text[: self._limits.output_bytes]).decode(errors="replace") for text in self._texts.values()]
        return Returned(texts[0], texts[1], self._answers, status, reason, seconds, self._first, peak)

    def _talk(self, deadline: float, zygote: Zygote) -> None:
        """Send and receive until there are enough answers, the process is silent, or a limit is exceeded."""
        poll = select.poll()
        host = self._slot.wire
        poll.register(host, select.POLLIN | select.POLLOUT)
        for descriptor in self._texts:
            poll.register(descriptor, select.POLLIN)
        open_ends = len(self._texts)
        while len(self._answers) < self._wanted and self._reason is None:
            heed_stop()
            left = deadline - time.monotonic()
            if left <= 0:
                self._reason = "time"
                return
            if zygote.dead:
                self._reason = "crash"
                return
            if self._silent and (not self._program or open_ends == 0 or self._slot.ended.is_set()):
                return
            for descriptor, event in poll.poll(min(left, _LOOK_S) * 1000):
                if descriptor == host.fileno():
                    self._exchange(poll, event)
                elif not self._read(descriptor):
                    poll.unregister(descriptor)
                    open_ends -= 1

    def _exchange(self, poll: select.poll, event: int) -> None:
        host = self._slot.wire
        try:
            if event & select.POLLOUT and self._outgoing:
                self._outgoing = self._outgoing[host.send(self._outgoing[: 1 << 18]) :]
                if not self._outgoing:
                    poll.modify(host, select.POLLIN)
            if event & (select.POLLIN | select.POLLHUP | select.POLLERR):
                data = host.recv(1 << 18)
                self._silent = not data
                self._hear(self._frames.feed(data))
        except OverflowError:
            self._reason = "output"
        except BlockingIOError:
            return
        except OSError:
            self._silent = True
        if self._silent:
            poll.unregister(host)

    def _hear(self, frames: list[bytes]) -> None:
        for frame in frames:
            answer = _parsed(frame)
            if self._walled:
                self._answers.append(answer)
            elif answer.get("walled") is True:
                self._walled = True
            else:
                raise SandboxError(f"a slot could not be walled in: {answer.get('broken')}")
            if time.monotonic() > self._deadline and len(self._answers) < self._wanted:
                self._reason = "time"  # reading what was sent takes time, too
                return

    def _read(self, descriptor: int) -> bool:
        """Take what there is; False at the end of the stream."""
        data = os.read(descriptor, 1 << 16)
        if data and self._first is None:
            self._first = time.monotonic() - self._started
        text = self._texts[descriptor]
        text += data
        if len(text) > self._limits.output_bytes:
            self._reason = "output"
        return bool(data)

    def _drain(self) -> None:
        """Take what was printed before the end, without waiting for whoever may still hold the pipe."""
        for descriptor, text in self._texts.items():
            os.set_blocking(descriptor, False)
            with contextlib.suppress(BlockingIOError):
                while len(text) <= self._limits.output_bytes and (data := os.read(descriptor, 1 << 16)):
                    text += data
            if len(text) > self._limits.output_bytes and self._reason is None:
                self._reason = "output"
            os.set_blocking(descriptor, True)

    def _judge(self, end: dict[str, Any]) -> tuple[Reason | None, int | None]:
        """Return what ended the run, and the exit status of a process that ended by itself."""
        if self._reason is not None:
            return self._reason, None
        if not end:
            return None, None  # it answered; whoever asked reads the answer
        if end.get("reason"):
            return end["reason"], None
        if os.WIFEXITED(end["status"]):
            return None, os.WEXITSTATUS(end["status"])
        by = os.WTERMSIG(end["status"])
        if by == signal.SIGXCPU or end["cpu"] >= self._limits.cpu_seconds:
            return "cpu", None
        return ("disk", None) if by == signal.SIGXFSZ else ("crash", None)


def _parsed(frame: bytes) -> dict[str, Any]:
    """Return an answer; what is no answer at all becomes an empty one."""
    try:
        answer = json.loads(frame)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _number(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**63 else 0


def believed_reason(answer: dict[str, Any]) -> Reason | None:
    """Return the reason that an answer gives, where it is one."""
    reason = answer.get("reason")
    return reason if reason in get_args(Reason) else None

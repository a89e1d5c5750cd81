"""The host's end of one zygote: a process, a socket, and the slots that are ready. Any thread may use it."""

from __future__ import annotations

import collections
import contextlib
import os
import signal
import socket
import subprocess
import threading
import time
import weakref
from typing import Any

from judge.errors import SandboxError
from judge.sandbox import outer
from judge.sandbox.inside import folders, wire
from judge.sandbox.records import Limits

_START_S = 20.0  # a busy machine; a start takes a tenth of a second
_READY_S = 60.0  # the libraries are loaded before the first slot, and from a cold disk that takes long
_END_S = 5.0
_ENDS = 3  # of a slot: the socket, stdout and stderr


class Slot:
    """A process that waits for a job; `ended` is set, with how it ended, once it was reaped."""

    def __init__(self, number: int, pid: int, descriptors: list[int]) -> None:
        self.number, self.pid = number, pid  # the zygote's number of the process: ours only without namespaces
        self.wire = socket.socket(fileno=descriptors[0])
        self.wire.setblocking(False)
        self.out, self.err = descriptors[1], descriptors[2]
        self.ended = threading.Event()
        self.end: dict[str, Any] | None = None  # None although ended: the zygote itself is gone

    def close(self) -> None:
        """Let go of the descriptors."""
        if self.out >= 0:
            self.wire.close()
            os.close(self.out)
            os.close(self.err)
            self.out = self.err = -1


class Zygote:
    """A running zygote. The constructor raises SandboxError where it does not come up."""

    def __init__(self, way: outer.Way) -> None:
        self.way = way
        self.dead = self._abandoned = False
        self._ready: collections.deque[Slot] = collections.deque()
        self._taken: weakref.WeakValueDictionary[int, Slot] = weakref.WeakValueDictionary()
        self._problem = ""
        self._change = threading.Condition()
        self._sending = threading.Lock()
        ours, theirs = socket.socketpair()
        with theirs:
            descriptor = theirs.fileno()
            self._process = subprocess.Popen(
                [*way.command, str(descriptor)],
                env={} if way.tier == "full" else outer.environment(),
                pass_fds=(descriptor,),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                start_new_session=True,
            )
        self._control = ours
        try:
            self._greet()
        except (OSError, EOFError) as error:
            raise SandboxError(f"no zygote came up by {way.name}: {self._last_words() or error}") from None
        finally:
            assert self._process.stderr
            self._process.stderr.close()
        self._reader = threading.Thread(target=self._listen, name="judge-sandbox", daemon=True)
        self._reader.start()

    def want(self, slots: int) -> None:
        """Have slots made ahead."""
        self._order({"more": slots})

    def load(self, modules: tuple[str, ...]) -> None:
        """Have modules imported where they are installed; every slot that is made later has them."""
        self._order({"load": modules})

    def take(self) -> Slot:
        """Return a slot that waits for a job; `want` another one in its place. Raises SandboxError."""
        end = time.monotonic() + _READY_S
        with self._change:
            while not self._ready:
                if self.dead:
                    raise SandboxError("the sandbox is broken: its zygote died")
                if self._problem:
                    problem, self._problem = self._problem, ""
                    self._order({"more": 1})  # for whoever asks next: it may have been a passing shortage
                    raise SandboxError(f"the sandbox is broken: {problem}")
                if not self._change.wait(end - time.monotonic()):
                    raise SandboxError(f"the sandbox gave no slot within {_READY_S:g} s")
            return self._ready.popleft()

    def watch(self, slot: Slot, limits: Limits) -> None:
        """Have the slot's use of CPU, memory and processes measured, from now on, until `rest`."""
        self._order({"watch": slot.number, "limits": limits.model_dump()})

    def rest(self, slot: Slot) -> None:
        """Stop measuring: the slot waits for its next job."""
        self._order({"rest": slot.number})

    def kill(self, slot: Slot) -> None:
        """Have the slot and all its processes killed; `slot.ended` says when they are gone."""
        self._order({"kill": slot.number})

    def close(self) -> None:
        """End the zygote and everything it made."""
        if self._abandoned:
            return
        self._gone()
        with contextlib.suppress(OSError):
            self._control.shutdown(socket.SHUT_RDWR)
        self._reader.join(_END_S)
        self._end_process()
        self._control.close()
        if self._base:
            folders.delete(self._base)  # left over where it was killed

    def abandon(self) -> None:
        """In a fork of the host: let go of what belongs to the parent, whose threads may have held any lock."""
        self.dead = self._abandoned = True
        self._control.close()
        for slot in [*self._ready, *self._taken.values()]:
            slot.close()
        self._process.returncode = 0  # it is not this process's child

    def _greet(self) -> None:
        self._control.settimeout(_START_S)
        wire.send(self._control, outer.sources())
        config = {
            "tier": self.way.tier,
            "path": outer.search_path(),
            "user": self.way.user,
            "box": outer.BOX,
            "view": outer.view(),
        }
        wire.send(self._control, config)
        hello, _ = wire.receive(self._control)
        if "ready" not in hello:
            raise OSError(hello.get("failed", "no greeting"))
        self._base = hello["base"]  # where its slots may write, where there are no mounts; it deletes that itself
        self._control.settimeout(None)

    def _last_words(self) -> str:
        self._end_process()
        assert self._process.stderr
        words = self._process.stderr.read(4096).decode(errors="replace").strip()
        self._control.close()
        return words.splitlines()[-1] if words else ""

    def _order(self, order: dict[str, Any]) -> None:
        with self._sending, contextlib.suppress(OSError):  # the reader notices, too, that it is gone
            wire.send(self._control, order)

    def _listen(self) -> None:
        """Hear the zygote out. Holds the only receiving end, so it needs no lock for that."""
        try:
            while True:
                self._hear(*wire.receive(self._control))
        except (EOFError, OSError, ValueError):
            return
        finally:
            self._gone()  # whatever it was: nobody listens any more

    def _hear(self, told: dict[str, Any], descriptors: list[int]) -> None:
        with self._change:
            if "slot" in told and len(descriptors) != _ENDS:  # the kernel leaves out what there is no place for
                for descriptor in descriptors:
                    os.close(descriptor)
                self._order({"kill": told["slot"]})
                self._problem = "this process has too many files open to reach a slot"
            elif "slot" in told:
                slot = Slot(told["slot"], told["pid"], descriptors)
                self._taken[slot.number] = slot
                self._ready.append(slot)
            elif "ended" in told:
                slot_or_none = self._taken.get(told["ended"])
                if slot_or_none is not None:
                    slot_or_none.end = told
                    slot_or_none.ended.set()
            else:
                self._problem = told.get("failed", "")
            self._change.notify_all()

    def _gone(self) -> None:
        with self._change:
            self.dead = True
            for slot in list(self._taken.values()):
                self._end_orphan(slot)
                slot.ended.set()
            while self._ready:
                self._ready.popleft().close()
            self._change.notify_all()

    def _end_orphan(self, slot: Slot) -> None:
        """With namespaces the kernel has ended a slot whose zygote is gone; without, its group is still there."""
        if self.way.tier != "full" and not slot.ended.is_set():
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(slot.pid, signal.SIGKILL)

    def _end_process(self) -> None:
        try:
            self._process.wait(_END_S if self.dead else 0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

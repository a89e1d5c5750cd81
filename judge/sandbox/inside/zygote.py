"""The zygote: one process with one thread that loads the libraries once and forks a slot for each job to come.

It hears the host over one socket: more slots, kill a slot, watch a slot's use of memory and time. It tells of each new
slot, with the descriptors that lead to it, and of each one that ended. When the socket ends, the host is gone, and so
are all slots.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import itertools
import os
import select
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import Any, NoReturn

from . import folders, kernel, namespaces, seccomp, slot, watch, wire

_TICK_S = 0.02


def main(control: socket.socket) -> NoReturn:
    """Serve until the host is gone."""
    try:
        config, _ = wire.receive(control)
        zygote = _Zygote(control, config)
        try:
            zygote.serve()
        finally:
            zygote.end()
    except (EOFError, ConnectionError):
        pass
    except OSError as error:
        wire.send(control, {"failed": str(error)})
    finally:
        os._exit(0)


class _Zygote:
    def __init__(self, control: socket.socket, config: dict[str, Any]) -> None:
        self._control, self._config = control, config
        _settle_in(config)
        self._base = "" if config["tier"] == "full" else tempfile.mkdtemp(prefix="judge-sandbox-")
        tempfile.tempdir = None  # each slot has its own, and mkdtemp has remembered ours
        self._wake, wakes = os.pipe()
        for end in (self._wake, wakes):
            os.set_blocking(end, False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(wakes, warn_on_full_buffer=False)
        self._slots: dict[int, int] = {}  # pid -> number
        self._watched: dict[int, watch.Watch] = {}  # pid -> what its job may use
        self._reasons: dict[int, str] = {}
        self._count = 0

    def serve(self) -> None:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        wire.send(self._control, {"ready": os.getpid(), "base": self._base})
        poll = select.poll()
        poll.register(self._control, select.POLLIN)
        poll.register(self._wake, select.POLLIN)
        while True:
            for descriptor, _ in poll.poll(_TICK_S * 1000 if self._watched else None):
                if descriptor == self._control.fileno():
                    self._obey(wire.receive(self._control)[0])
                else:
                    os.read(self._wake, 4096)
            self._reap()
            self._look()

    def _obey(self, order: dict[str, Any]) -> None:
        if "more" in order:
            for _ in range(order["more"]):
                self._fork()
        elif "kill" in order:
            self._kill(order["kill"])
        elif "watch" in order:
            pid = self._pid(order["watch"])
            if pid is not None:
                box = None if self._config["tier"] == "full" else self._box(order["watch"])
                self._watched[pid] = watch.Watch(pid, order["limits"], box=box)
        elif "rest" in order:
            self._watched.pop(self._pid(order["rest"]) or 0, None)
        elif "load" in order:
            for name in order["load"]:
                try:
                    importlib.import_module(name)
                except Exception:  # noqa: BLE001 - missing or broken: whoever imports it will see
                    continue
            gc.collect()
            gc.freeze()  # a collection in a fork would otherwise write to, and so copy, every page

    def _fork(self) -> None:
        self._count += 1
        number = self._count
        ours, theirs = socket.socketpair()
        (out, out_w), (err, err_w) = os.pipe(), os.pipe()
        try:
            box = self._box(number)
            if self._base:
                Path(box).mkdir(0o700)
            pid = namespaces.fork_apart() if self._config["tier"] == "full" else os.fork()
            if pid == 0:
                slot.live(self._config, [theirs.fileno(), out_w, err_w], box)
            self._slots[pid] = number
            wire.send(self._control, {"slot": number, "pid": pid}, [ours.fileno(), out, err])
        except OSError as error:
            wire.send(self._control, {"failed": f"no slot could be made: {error}"})
        finally:
            for end in (out, out_w, err, err_w):
                os.close(end)
            ours.close()
            theirs.close()

    def _box(self, number: int) -> str:
        """Where a slot's job may write: the same name in each mount namespace, or a folder for each."""
        return f"{self._base}/{number}" if self._base else self._config["box"]

    def _pid(self, number: int) -> int | None:
        return next((pid for pid, n in self._slots.items() if n == number), None)

    def _kill(self, number: int) -> None:
        pid = self._pid(number)
        if pid is None:
            return
        if self._base:  # without namespaces the process group holds all that the slot started
            _kill_group(pid)
        os.kill(pid, signal.SIGKILL)

    def _reap(self) -> None:
        while True:
            try:
                pid, status, usage = self._wait()
            except ChildProcessError:
                return
            if pid == 0:
                return
            number = self._slots.pop(pid, None)
            if number is None:
                continue
            self._watched.pop(pid, None)
            ended = {
                "ended": number,
                "status": status,
                "peak": usage.ru_maxrss * 1024,
                "cpu": usage.ru_utime + usage.ru_stime,
                "reason": self._reasons.pop(pid, None),
            }
            wire.send(self._control, ended)
            if self._base:  # after the news, which the host waits for: it may take long
                folders.delete(self._box(number))

    def _wait(self) -> tuple[int, int, Any]:
        """Return what the next child that ended used, (0, ...) for none; without namespaces its group ends with it."""
        if not self._base or not hasattr(os, "waitid"):
            return os.wait4(-1, os.WNOHANG)
        ended = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        if ended is None:
            return 0, 0, None
        if ended.si_pid in self._slots:  # while its number cannot be another's yet
            _kill_group(ended.si_pid)
        return os.wait4(ended.si_pid, 0)

    def end(self) -> None:
        """Leave nothing behind: with namespaces the kernel sees to that."""
        for number in list(self._slots.values()):
            self._kill(number)
        if self._base:
            folders.delete(self._base)

    def _look(self) -> None:
        for pid, one in list(self._watched.items()):
            reason = one.exceeded()
            if reason:
                self._reasons[pid] = reason
                del self._watched[pid]
                self._kill(self._slots[pid])


def _settle_in(config: dict[str, Any]) -> None:
    user = config["user"]
    if user is not None:
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)  # else /proc/self, and the id maps in it, belong to root
    if config["tier"] != "unsafe":
        for processes, programs in itertools.product((False, True), repeat=2):  # so that no slot has to make them again
            seccomp.profile(processes=processes, programs=programs, mounts=config["tier"] == "full")
    sys.path[:] = config["path"]
    list(Path(os.__file__).parent.iterdir())  # fails here rather than in each run, where this user cannot read it
    sys.set_int_max_str_digits(0)  # a conversion that takes too long is ended like anything else that does
    config.update(uid=os.getuid(), gid=os.getgid())


def _kill_group(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):  # not a group yet, or no more
        os.killpg(pid, signal.SIGKILL)

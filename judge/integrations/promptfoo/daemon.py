"""A process of ours that short-lived programs ask, so that what is slow to load is loaded once for all of them.

It is a module of `judge` run as a program that calls `serve`. The first `ask` starts it; all that have the same Python,
version of `judge`, folder and environment share it, since keys and addresses of servers come from the environment.
It ends when none of the programs that asked lives any more, or when nobody has asked for some minutes.
Only the user who started it can reach it. Not covered: Windows.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import socket
import stat
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from judge.errors import ConfigError
from judge.processes.child import Gone
from judge.version import __version__

_DEADLINE_S = 3600.0  # for an answer: a model may have to be loaded, and votes may wait for their turn
_LOOK_S = 1.0  # how often it looks whether it is still needed
_GRACE_S = 2.0  # without anybody alive that asked, for a program between two of its short-lived children


def ask(module: str, request: Any, *, asker: int) -> Any:
    """Return what the daemon of a module answers; it stays as long as the process `asker` does.

    A daemon that dies before it answers is replaced, and asked again, once. Raises Gone when the second dies as well,
    or when the request made it raise, and ConfigError for a folder of sockets that somebody else can enter.
    """
    path = _folder() / _key(module)
    line = json.dumps({"asker": asker, "request": request}).encode() + b"\n"
    for _ in range(2):
        with _connected(module, path) as connection:
            said = _exchanged(connection, line)
        if said.endswith(b"\n"):
            answer = json.loads(said)
            if "crash" in answer:
                raise Gone(f"its daemon failed: {answer['crash']}")
            return answer["answer"]
    raise Gone(f"its daemon died twice: {_last_words(path)}")


def _folder() -> Path:
    """Return the folder of the sockets, which is made if need be."""
    folder = Path(os.environ.get("TMPDIR") or "/tmp") / f"judge-{os.getuid()}"
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    about = folder.lstat()
    if not stat.S_ISDIR(about.st_mode) or about.st_uid != os.getuid() or about.st_mode & 0o077:
        raise ConfigError(f"folder {str(folder)!r} has to be yours alone, with mode 700: remove it, or set TMPDIR")
    return folder


def _key(module: str) -> str:
    """Return a name for all that a daemon depends on; who differs in any of it has another daemon."""
    about = [module, sys.executable, __version__, str(Path.cwd()), sorted(os.environ.items())]
    return hashlib.sha256(json.dumps(about).encode()).hexdigest()[:16]


def _connected(module: str, path: Path) -> socket.socket:
    """Return a connection to the daemon, which is started if there is none. Two that do so at once start one."""
    with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
        return _connection(path)
    with _locked(path.parent):
        with contextlib.suppress(FileNotFoundError, ConnectionRefusedError):
            return _connection(path)
        path.unlink(missing_ok=True)  # what a daemon that was killed left behind
        with socket.socket(socket.AF_UNIX) as listener, _log(path).open("wb") as log:
            listener.bind(str(path))
            # From here on callers wait in the socket's queue until the daemon has loaded what it needs.
            listener.listen(128)
            subprocess.Popen(  # -P: nothing in the user's folder can stand in for judge
                [sys.executable, "-P", "-m", module, str(listener.fileno()), str(path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                pass_fds=[listener.fileno()],
                start_new_session=True,
            )
        return _connection(path)


def _connection(path: Path) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(_DEADLINE_S)
    try:
        connection.connect(str(path))
    except OSError as error:
        connection.close()
        if isinstance(error, FileNotFoundError | ConnectionRefusedError):
            raise
        raise ConfigError(f"no socket can be at {str(path)!r} ({error}): set TMPDIR") from None
    return connection


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _log(path: Path) -> Path:
    return path.with_suffix(".log")


def _exchanged(connection: socket.socket, line: bytes) -> bytes:
    """Send a line and return the line that comes back, or less of it if the daemon dies."""
    try:
        connection.sendall(line)
        with connection.makefile("rb") as answers:
            return answers.readline()
    except (BrokenPipeError, ConnectionResetError):
        return b""
    except TimeoutError:
        raise Gone(f"its daemon gave no answer within {_DEADLINE_S:g} s") from None


def _last_words(path: Path) -> str:
    try:
        lines = _log(path).read_text(encoding="utf-8", errors="replace").split("\n")
    except FileNotFoundError:
        lines = []
    return next((line.strip() for line in reversed(lines) if line.strip()), "it was killed")


def serve(answer: Callable[[Any], Any], *, close: Callable[[], object], idle_s: float = 300.0) -> None:
    """Answer requests, each in a thread of its own, until nobody needs this process, or asks for `idle_s` seconds.

    Whoever asks while it calls `close`, such as to free a GPU, waits and then has a new daemon.
    """
    listener, path = socket.socket(fileno=int(sys.argv[1])), Path(sys.argv[2])
    listener.settimeout(_LOOK_S)
    callers = _Callers(idle_s)
    while callers.need_us():
        with contextlib.suppress(TimeoutError):
            connection, _ = listener.accept()
            callers.come()
            threading.Thread(target=_attend, args=(connection, answer, callers), daemon=True).start()
    close()
    with _locked(path.parent):  # nobody can start another before this one is out of the way
        path.unlink(missing_ok=True)
        _log(path).unlink(missing_ok=True)
        listener.close()


def _attend(connection: socket.socket, answer: Callable[[Any], Any], callers: _Callers) -> None:
    with connection, contextlib.suppress(BrokenPipeError, ConnectionResetError):  # a caller may be gone
        connection.settimeout(None)
        try:
            with connection.makefile("rb") as lines:
                said = json.loads(lines.readline())
            callers.introduce(said["asker"])
            reply = {"answer": answer(said["request"])}
        except Exception as error:  # noqa: BLE001 - plugins may raise anything; it is reported to who asked
            traceback.print_exc()
            reply = {"crash": f"{type(error).__name__}: {error}"}
        finally:
            callers.go()
        connection.sendall(json.dumps(reply).encode() + b"\n")


class _Callers:
    """Who asked, who is being answered, and when that was. Thread-safe."""

    def __init__(self, idle_s: float) -> None:
        self._idle_s = idle_s
        self._askers: set[int] = set()
        self._present = 0
        self._last = time.monotonic()
        self._lock = threading.Lock()

    def come(self) -> None:
        with self._lock:
            self._present += 1
            self._last = time.monotonic()

    def introduce(self, asker: int) -> None:
        with self._lock:
            self._askers.add(asker)

    def go(self) -> None:
        with self._lock:
            self._present -= 1
            self._last = time.monotonic()

    def need_us(self) -> bool:
        with self._lock:
            quiet_s = time.monotonic() - self._last
            if self._askers and not any(map(_lives, self._askers)):
                return quiet_s < _GRACE_S
            return self._present > 0 or quiet_s < self._idle_s


def _lives(process: int) -> bool:
    try:
        with contextlib.suppress(PermissionError):  # it is somebody else's, and lives
            os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True

"""The life of one slot: forked ahead of its job, walled in, one job (or the snippets of a session), the end."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import socket
import sys
from pathlib import Path
from typing import Any, NoReturn

from . import namespaces, snippet, walls, wire

_DEFAULT_DISK = 64 * 2**20
_WIRE = 3


def live(config: dict[str, Any], descriptors: list[int], box: str) -> NoReturn:
    """Take over a fresh fork; `descriptors` are the socket to the host, stdout and stderr. Never returns."""
    host, status = None, 1
    try:
        host = _take_over(descriptors)
        _work(config, host, box, _prepare(config, box))
        status = 0
    except (EOFError, ConnectionError):
        pass  # the host needs this slot no more, or the code closed what leads to it
    except BaseException as error:  # noqa: BLE001 - the last thing before the end: the host is told what went wrong
        if host is not None:
            wire.send(host, {"broken": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(status)


def _take_over(descriptors: list[int]) -> socket.socket:
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    kept = [os.dup(descriptor) for descriptor in descriptors]  # clear of the places they go to
    for place, descriptor in zip((_WIRE, 1, 2), kept, strict=True):
        os.dup2(descriptor, place, inheritable=place != _WIRE)
    os.closerange(_WIRE + 1, 4096)
    return socket.socket(fileno=_WIRE)


def _prepare(config: dict[str, Any], box: str) -> walls.Walls:
    """Do ahead of the job what does not depend on it."""
    mapped = walls.mapped()  # while there is a /proc
    if config["tier"] == "full":
        namespaces.settle(box, _DEFAULT_DISK, uid=config["uid"], gid=config["gid"])
    else:
        os.environ.update(HOME=box, TMPDIR=box)
    os.setsid()
    os.chdir(box)
    _bring_input(b"")
    _open_streams()
    _fresh_randomness()
    snippet.Interpreter().run("1", last=False)  # touches, and so copies, the memory that every snippet needs
    return walls.Walls(config, box, mapped=mapped)


def _work(config: dict[str, Any], host: socket.socket, box: str, prepared: walls.Walls) -> None:
    job, _ = wire.receive(host)
    blobs = [wire.receive_bytes(host) for _ in range(job["blobs"])]
    if config["tier"] == "full" and job["limits"]["disk_bytes"] != _DEFAULT_DISK:
        namespaces.resize(box, job["limits"]["disk_bytes"])
    if job["stdin"]:
        _bring_input(blobs.pop(0))
    for name, content in zip(job["files"], blobs, strict=True):
        path = Path(box, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    del blobs
    prepared.close(job)
    wire.send(host, {"walled": True})  # from here on nothing that comes from this process is believed
    if job["mode"] == "argv":
        _become(job["argv"])
    interpreter = snippet.Interpreter()
    if job["mode"] == "apply":
        interpreter.apply(job["code"], job["function"], job["inputs"], lambda message: wire.send(host, message))
        snippet.flush()
        wire.send(host, {"exit": 0})
    while job["mode"] != "apply":
        answer = interpreter.run(job["code"], last=job["mode"] == "python")
        wire.send(host, {**answer, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024})
        if job["mode"] == "python":
            break
        job, _ = wire.receive(host)


def _bring_input(content: bytes) -> None:
    """Make `content` the standard input, as a file that no name leads to."""
    if content and hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("stdin", 0)
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
    else:
        descriptor = os.open(os.devnull, os.O_RDONLY)
    os.dup2(descriptor, 0)
    os.close(descriptor)


def _open_streams() -> None:
    """The zygote's streams remember what they led to."""
    for name, descriptor, mode in (("stdin", 0, "r"), ("stdout", 1, "w"), ("stderr", 2, "w")):
        errors = "backslashreplace" if descriptor else "surrogateescape"
        # fdopen: a stream without an owner, which lives as long as the process
        stream = os.fdopen(descriptor, mode, buffering=1, encoding="utf-8", errors=errors, closefd=False)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _fresh_randomness() -> None:
    """Forks of one process would draw the same numbers."""
    random.seed()
    numpy = sys.modules.get("numpy.random")
    if numpy is not None:
        numpy.seed()


def _become(argv: list[str]) -> NoReturn:
    """Turn into a program. Where /proc is hidden, its loader is told what ``$ORIGIN`` is: java needs to know."""
    environment = dict(os.environ)
    if not os.path.lexists("/proc/self/exe") and (found := shutil.which(argv[0])):
        environment["LD_ORIGIN_PATH"] = str(Path(found).resolve().parent)
    try:
        os.execvpe(argv[0], argv, environment)
    except OSError as error:
        os.write(2, f"{argv[0]}: {error.strerror}\n".encode(errors="backslashreplace"))
        os._exit(127)

"""The self-test: before a way of walling in is used, code inside really tries to get out, and this looks at the result.

Each probe is an attempt; it passes where the attempt failed. What it would reach is planted first: a file, listening
sockets, a process to signal. That an attempt fails says that this door is shut, not that there is no other.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from judge.errors import SandboxError
from judge.sandbox.inside.plain import encode
from judge.sandbox.jobs import Conversation, Job
from judge.sandbox.outer import environment
from judge.sandbox.records import Limits, MiB, Probe
from judge.sandbox.zygotes import Zygote

_LIMITS = Limits(seconds=10.0, cpu_seconds=5.0, memory_bytes=64 * MiB, disk_bytes=4 * MiB)
_GONE_S = 5.0  # a killed process may take a while on a busy machine

#: `attempt` answers each attempt with what it reached, or with the error that stopped it.
_ATTEMPTS = """
import ctypes, os, socket

libc = ctypes.CDLL(None, use_errno=True)

def call(number, *arguments):
    if libc.syscall(number, *arguments) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def connect(family, address):
    with socket.socket(family, socket.SOCK_STREAM) as sock:
        sock.connect(address)

def write(folder):
    with open(os.path.join(folder, "written-by-the-self-test"), "w") as file:
        file.write("x")
    os.unlink(file.name)

def write_anywhere(*folders):
    for folder in folders:
        try:
            write(folder)
        except OSError as error:
            last = error
        else:
            return folder
    raise last

def read_environment(known):
    strange = sorted(set(os.environ) - set(known))
    for pid in {1, os.getppid()} - {0}:
        try:
            data = open(f"/proc/{pid}/environ", "rb").read()
            strange += [entry.split(b"=")[0].decode() for entry in data.split(b"\\0") if entry]
        except OSError as error:
            last = error
    if set(strange) - set(known):
        raise AssertionError(strange)
    raise last if not strange else PermissionError("nothing of the host's")

def kill(pid):
    if pid == 0:
        raise ProcessLookupError("no parent can be seen")
    os.kill(pid, 0)

def read_memory(pid):
    buffer = ctypes.create_string_buffer(8)
    local, far = (ctypes.c_void_p * 2)(ctypes.addressof(buffer), 8), (ctypes.c_void_p * 2)(id(None), 8)
    if libc.process_vm_readv(pid, local, 1, far, 1, 0) != 8:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

def fork():
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)

def fill():
    with open("full", "wb") as file:
        for _ in range(8):
            file.write(bytes(2**20))

def attempt(name, *arguments):
    attempts = {
        "read a host file": lambda path: open(path).read(),
        "read the host's environment": read_environment,
        "change the mode of a host file": lambda path: os.chmod(path, 0o600),
        "write outside": write_anywhere,
        "reach loopback": lambda port: connect(socket.AF_INET, ("127.0.0.1", port)),
        "reach an abstract socket": lambda name: connect(socket.AF_UNIX, chr(0) + name),
        "open a raw socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "fork": fork,
        "signal the zygote": lambda: kill(os.getppid()),
        "signal the host": lambda pid: kill(pid),
        "read the zygote's memory": lambda: read_memory(os.getppid() or 1),
        "make namespaces": lambda: call({"x86_64": 272, "aarch64": 97}[os.uname().machine], 0x10000000),
        "use a capability": lambda: os.chroot("."),
        "take more memory": lambda: bytearray(2**28),
        "take more disk": fill,
    }
    attempts[name](*arguments)
    return "reached"
"""
_LEAVE = "import builtins; builtins.left = 1; open('left', 'w').write('x')"
_FIND = "import builtins, os; (hasattr(builtins, 'left'), os.listdir('.'))"
#: Ignores what can be ignored, and leaves a child in a session of its own that holds the pipes.
_OUTLIVE = """
import os, signal
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
if os.fork() == 0:
    try: os.setsid()
    except OSError: pass
while True: pass
"""


def probes(zygote: Zygote) -> tuple[Probe, ...]:
    """Try to get out of a zygote that has no slots yet. Raises SandboxError where nothing can be run at all."""
    zygote.want(4)
    with _planted() as attempts:
        code = _ATTEMPTS
        inputs = [encode((name, *arguments)) for name, *arguments in attempts]
        message = {"mode": "apply", "code": code, "function": "attempt", "inputs": inputs}
        outcome = _ask(zygote, message, _LIMITS, answers=len(inputs) + 1)
    found = [_probe(name, answer) for (name, *_), answer in zip(attempts, outcome, strict=False)]
    if len(found) < len(attempts):
        raise SandboxError(f"the self-test ended before the attempt to {attempts[len(found)][0]}")
    return (*found, _nothing_stays(zygote), _nobody_outlives(zygote))


def _probe(name: str, answer: dict[str, Any]) -> Probe:
    error = answer.get("error")
    stopped = isinstance(error, str) and not error.startswith(("AssertionError", "NameError", "TypeError"))
    return Probe(name=name, passed=stopped, detail=str(error if error else "succeeded"))


@contextlib.contextmanager
def _planted() -> Iterator[list[tuple[Any, ...]]]:
    """Yield the attempts, with what each would reach."""
    with (
        tempfile.TemporaryDirectory(prefix="judge-self-test-") as folder,
        socket.socket(socket.AF_INET) as loopback,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        Path(folder).chmod(0o777)  # so that the walls, and not who we are, are what keeps it closed
        secret = Path(folder, "secret")
        secret.write_text("secret", encoding="ascii")
        secret.chmod(0o666)
        loopback.bind(("127.0.0.1", 0))
        loopback.listen(1)
        name = f"judge-self-test-{Path(folder).name}"
        abstract.bind("\0" + name)
        abstract.listen(1)
        known = [*environment(), "HOME", "TMPDIR", "PWD"]
        yield [
            ("read a host file", str(secret)),
            ("read the host's environment", known),
            ("change the mode of a host file", str(secret)),
            ("write outside", folder, "/", "/usr", "/tmp/.." if folder.startswith("/tmp") else "/tmp", "/dev"),
            ("reach loopback", loopback.getsockname()[1]),
            ("reach an abstract socket", name),
            ("open a raw socket",),
            ("fork",),
            ("signal the zygote",),
            ("signal the host", os.getpid()),
            ("read the zygote's memory",),
            ("make namespaces",),
            ("use a capability",),
            ("take more memory",),
            ("take more disk",),
        ]


def _nothing_stays(zygote: Zygote) -> Probe:
    for code in (_LEAVE, _FIND):
        (answer,) = _ask(zygote, {"mode": "python", "code": code}, _LIMITS, answers=1)
    value = answer.get("value")
    return Probe(name="see what another run left", passed=value == "(False, [])", detail=str(value or answer))


def _nobody_outlives(zygote: Zygote) -> Probe:
    """The pipes end when the last process that holds them has ended."""
    slot = zygote.take()
    limits = _LIMITS.model_copy(update={"seconds": 0.1, "processes": 4})
    job = _message({"mode": "python", "code": _OUTLIVE}, limits)
    try:
        outcome = Conversation(zygote, slot).ask(Job(job), limits, answers=1)
        poll = select.poll()
        poll.register(slot.out, select.POLLIN)
        end = time.monotonic() + _GONE_S
        ended = bool(poll.poll(max(0.0, end - time.monotonic()) * 1000))
    finally:
        slot.close()
    passed = outcome.reason == "time" and ended
    return Probe(name="outlive the deadline", passed=passed, detail=f"ended by {outcome.reason}, pipes closed: {ended}")


def _ask(zygote: Zygote, message: dict[str, Any], limits: Limits, *, answers: int) -> list[dict[str, Any]]:
    conversation = Conversation(zygote, zygote.take())
    try:
        return conversation.ask(Job(_message(message, limits)), limits, answers=answers).answers
    finally:
        conversation.close()


def _message(message: dict[str, Any], limits: Limits) -> dict[str, Any]:
    return {**message, "limits": limits.model_dump(), "files": [], "stdin": False, "blobs": 0}

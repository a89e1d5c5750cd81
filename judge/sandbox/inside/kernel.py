"""The few system calls that Python has no function for, and what they fail with."""

from __future__ import annotations

import ctypes
import os
from typing import Any

libc: Any = ctypes.PyDLL(None, use_errno=True)  # PyDLL keeps the interpreter's lock: a fork in between stays whole

MACHINE = os.uname().machine
#: (x86-64, aarch64)
_NUMBERS = {
    "clone": (56, 220),
    "capset": (126, 91),
    "landlock_create_ruleset": (444, 444),
    "landlock_add_rule": (445, 445),
    "landlock_restrict_self": (446, 446),
}

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_SECCOMP, PR_CAPBSET_DROP, PR_SET_SECUREBITS = 1, 4, 22, 24, 28
PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS, PR_CAP_AMBIENT = 36, 38, 47


def syscall(name: str, *arguments: Any) -> int:
    """Make a system call by its name. Raises OSError."""
    number = _NUMBERS[name][0 if MACHINE == "x86_64" else 1]
    return checked(name, libc.syscall(ctypes.c_long(number), *arguments))


def prctl(option: int, *arguments: int) -> int:
    """Call prctl. Raises OSError."""
    values = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    return checked("prctl", libc.prctl(ctypes.c_int(option), *values))


def mount(source: str, target: str, kind: str, *, flags: int, options: str) -> None:
    """Mount a file system. Raises OSError."""
    texts = [text.encode() for text in (source, target, kind)]
    checked(f"mount {target}", libc.mount(*texts, ctypes.c_ulong(flags), options.encode()))


def checked(name: str, result: int) -> int:
    """Return the result of a C function; raise OSError with its errno where it is negative."""
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")
    return int(result)

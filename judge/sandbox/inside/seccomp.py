"""A seccomp filter that lets a list of system calls through, put together as a BPF program.

Foreign architectures are killed; a call that is not on the list fails with EPERM, a call that is newer than the list
with ENOSYS, as on a kernel that does not have it.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import struct
from collections.abc import Iterable

from . import calls, kernel

_LOAD, _EQUAL, _AT_LEAST, _AND, _RETURN = 0x20, 0x15, 0x35, 0x54, 0x06
_ALLOW, _KILL, _ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
_MODE_FILTER = 2
_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in struct seccomp_data; all processors here are little-endian
_ARCHITECTURES = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
_NEWEST_KNOWN = 424  # from here on the numbers are the same everywhere, and newer than the calls that were always there

_THREAD = 0x00010000
_NEVER_CLONED = 0x7E020000 | 0x8000 | 0x2000  # new namespaces, a child of the parent's, a traced child
_AF_UNIX, _STREAM, _SEQPACKET, _TYPE = 1, 1, 5, 0xF
_TERMINAL = (0x5401, 0x5413, 0x541B, 0x5421, 0x5450, 0x5451)  # TCGETS, TIOCGWINSZ, FIONREAD, FIONBIO, FIO(N)CLEX
# F_SETOWN, F_SETSIG, F_SETOWN_EX, F_SETLEASE, F_NOTIFY: signals to others, and leases that make who opens a file wait.
_AFFECTING_OTHERS = (8, 10, 15, 1024, 1026)
_OWN_NAME = (3, 15, 16, 23, 0x53564D41)  # dumpable?, name, name?, bounding set?, names of mappings

Instruction = tuple[int, int, int, int]


def install(program: bytes) -> None:
    """Put a filter on this process, for good. Needs no_new_privs. Raises OSError."""
    buffer = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HxxxxxxP", len(program) // 8, ctypes.addressof(buffer)))
    kernel.prctl(kernel.PR_SET_SECCOMP, _MODE_FILTER, ctypes.addressof(header))


@functools.cache
def profile(*, processes: bool, programs: bool, mounts: bool) -> bytes:
    """Return the filter: with or without new processes, with or without exec, and with less where no mounts protect."""
    allowed = {**calls.COMMON, **(calls.OWNER if mounts else {})}
    refused = dict.fromkeys(calls.ABSENT.values(), errno.ENOSYS)
    refused |= dict.fromkeys(calls.ATTRIBUTES.values(), errno.ENOTSUP)
    if programs or processes:
        allowed |= calls.PROGRAMS
    if processes:
        allowed |= {**calls.PROCESSES, **(calls.SESSIONS if mounts else {})}  # else the process group is what is killed
    else:
        refused |= dict.fromkeys(calls.PROCESSES.values(), errno.EAGAIN)
    actions = {number: _ERRNO | error for number, error in refused.items()}
    actions |= dict.fromkeys(allowed.values(), _ALLOW)
    program = [*_right_architecture(), *_filtered(processes), *_search(_intervals(actions))]
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in program)


def _right_architecture() -> list[Instruction]:
    machine = os.uname().machine
    return [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 1, 0, _ARCHITECTURES[machine]),
        (_RETURN, 0, 0, _KILL),
        _load_number(),
    ]


def _intervals(actions: dict[int, int]) -> list[tuple[int, int]]:
    """Return where in the row of call numbers another action begins, and which."""
    beginnings: list[tuple[int, int]] = []
    for number in range(_NEWEST_KNOWN + 1 + max(actions)):
        action = actions.get(number, _ERRNO | (errno.EPERM if number < _NEWEST_KNOWN else errno.ENOSYS))
        if not beginnings or beginnings[-1][1] != action:
            beginnings.append((number, action))
    return beginnings


def _search(beginnings: list[tuple[int, int]]) -> list[Instruction]:
    """Binary search: the kernel also runs the program once for each number there is, when it is installed."""
    if len(beginnings) == 1:
        return [(_RETURN, 0, 0, beginnings[0][1])]
    middle = len(beginnings) // 2
    below, above = _search(beginnings[:middle]), _search(beginnings[middle:])
    return [(_AT_LEAST, len(below), 0, beginnings[middle][0]), *below, *above]  # a jump reaches 255 instructions far


def _filtered(processes: bool) -> list[Instruction]:
    """The calls whose arguments decide; each block ends in a return, so that the list below is for all others."""
    unless_thread = _masked(0, _NEVER_CLONED) if processes else _masked(0, _NEVER_CLONED | _THREAD, _THREAD)
    pair = [*_masked(0, 0xFFFFFFFF, _AF_UNIX), *_one_of(1, (_STREAM, _SEQPACKET), mask=_TYPE), _fail(errno.EPERM)]
    # A datagram socket could reach any named socket of the host; a connected pair has no use for a name.
    blocks = {
        "clone": [*unless_thread, (_RETURN, 0, 0, _ALLOW)],
        "socketpair": pair,
        "sendto": [*_masked(4, 0xFFFFFFFF), *_masked(4, 0xFFFFFFFF, high=True), (_RETURN, 0, 0, _ALLOW)],
        "ioctl": [*_one_of(1, _TERMINAL), _fail(errno.EPERM)],
        "fcntl": [*_none_of(1, _AFFECTING_OTHERS), (_RETURN, 0, 0, _ALLOW)],
        "prctl": [*_one_of(0, _OWN_NAME), _fail(errno.EPERM)],
        "prlimit64": [*_masked(0, 0xFFFFFFFF), (_RETURN, 0, 0, _ALLOW)],
    }
    program: list[Instruction] = []
    for name, block in blocks.items():
        program += [(_EQUAL, 0, len(block), calls.FILTERED[name]), *block]
    return program


def _masked(argument: int, mask: int, value: int = 0, *, high: bool = False) -> list[Instruction]:
    """Fail unless the argument's bits under the mask are this value. EAGAIN for what would have forked."""
    error = errno.EAGAIN if value == _THREAD else errno.EPERM
    return [_load_argument(argument, high=high), (_AND, 0, 0, mask), (_EQUAL, 1, 0, value), _fail(error)]


def _one_of(argument: int, values: Iterable[int], *, mask: int = 0xFFFFFFFF) -> list[Instruction]:
    """Allow where the argument is one of these, else go on."""
    program = [_load_argument(argument), (_AND, 0, 0, mask)]
    for value in values:
        program += [(_EQUAL, 0, 1, value), (_RETURN, 0, 0, _ALLOW)]
    return program


def _none_of(argument: int, values: Iterable[int]) -> list[Instruction]:
    """Fail where the argument is one of these, else go on."""
    program = [_load_argument(argument)]
    for value in values:
        program += [(_EQUAL, 0, 1, value), _fail(errno.EPERM)]
    return program


def _load_number() -> Instruction:
    return (_LOAD, 0, 0, _NUMBER)


def _load_argument(argument: int, *, high: bool = False) -> Instruction:
    return (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + (4 if high else 0))


def _fail(error: int) -> Instruction:
    return (_RETURN, 0, 0, _ERRNO | error)

"""Landlock: which files a process may read and write, no TCP, and no signal or abstract socket out of its domain."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
from collections.abc import Iterable

from . import kernel

#: The version that keeps signals in. Without namespaces, less is not enough.
NEEDED = 6

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR = 1, 2, 4, 8
_MAKE_CHAR, _MAKE_BLOCK = 1 << 6, 1 << 11
_OLDEST, _REFER, _TRUNCATE, _IOCTL_DEVICE = (1 << 13) - 1, 1 << 13, 1 << 14, 1 << 15
_FOR_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEVICE
_ADDED = ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL_DEVICE))
_TCP, _SCOPES = 3, 3  # bind and connect; abstract sockets and signals
_VERSION_QUERY, _PATH_BENEATH = 1, 1


def version() -> int:
    """Return the version of Landlock that the kernel offers, 0 for none."""
    try:
        return kernel.syscall("landlock_create_ruleset", None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_QUERY))
    except OSError:
        return 0


class Rules:
    """Allow reading and executing what is readable, reading and writing devices, anything in the box; nothing else.

    ``figures`` are files, or folders of files, that may be read but neither listed nor executed.
    `version` is the one that is used, 0 where the kernel has no Landlock; then there are no rules.
    """

    def __init__(self, *, readable: Iterable[str], devices: Iterable[str], figures: Iterable[str], box: str) -> None:
        self.version = found = version()
        if not found:
            return
        everything = _OLDEST | sum(bit for since, bit in _ADDED if found >= since)
        fields = [everything, *([_TCP] if found >= 4 else []), *([_SCOPES] if found >= 6 else [])]
        attributes = struct.pack(f"={len(fields)}Q", *fields)
        size = ctypes.c_size_t(len(attributes))
        self._rules = kernel.syscall("landlock_create_ruleset", attributes, size, ctypes.c_uint32(0))
        for path in readable:
            _allow(self._rules, path, (_EXECUTE | _READ_FILE | _READ_DIR) & everything)
        for path in devices:
            _allow(self._rules, path, _READ_FILE | _WRITE_FILE)
        for path in figures:
            _allow(self._rules, path, _READ_FILE)
        _allow(self._rules, box, everything & ~(_MAKE_CHAR | _MAKE_BLOCK | _IOCTL_DEVICE))

    def restrict(self) -> None:
        """Put the rules on this process, for good. Needs no_new_privs. Raises OSError."""
        if self.version:
            kernel.syscall("landlock_restrict_self", ctypes.c_int(self._rules), ctypes.c_uint32(0))
            os.close(self._rules)


def _allow(rules: int, path: str, access: int) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
        access &= _FOR_FILES
    rule = struct.pack("=Qi", access, descriptor)
    kernel.syscall("landlock_add_rule", ctypes.c_int(rules), ctypes.c_int(_PATH_BENEATH), rule, ctypes.c_uint32(0))
    os.close(descriptor)

"""What is put around a job just before its code runs: resource limits, no capabilities, Landlock, the list of calls."""

from __future__ import annotations

import contextlib
import math
import os
import resource
import signal
import struct
from pathlib import Path
from typing import Any

from . import kernel, landlock, seccomp

_TASKS = 64  # processes and threads together; the watch counts processes alone
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
#: How much of the machine this process may use. DuckDB crashes where these files exist and cannot be read.
_FIGURES = ("/proc/self/cgroup", "/sys/fs/cgroup")
_KEEP_NO_ROOT = 0x2F  # the user id 0 brings no capability, and this cannot be changed back


class Walls:
    """The walls of one slot, prepared ahead of its job."""

    def __init__(self, config: dict[str, Any], box: str, *, mapped: int | None) -> None:
        self._tier, self._mapped = config["tier"], mapped
        self._landlock: landlock.Rules | None = None
        if self._tier != "unsafe":
            figures = _FIGURES if self._tier == "restricted" else ()
            self._landlock = landlock.Rules(readable=config["view"], devices=_DEVICES, figures=figures, box=box)

    def close(self, job: dict[str, Any]) -> None:
        """Close them around this process. Raises OSError where one cannot be, and then nothing untrusted may run."""
        limits, program = job["limits"], job["mode"] == "argv"
        base = 0 if program else self._mapped
        _limit(limits, base, session=job["mode"] == "session", tasks=self._tier == "full")
        if self._landlock is None:
            return
        found = self._landlock.version
        if self._tier == "restricted" and found < landlock.NEEDED:
            raise OSError(f"the kernel offers Landlock {found or 'not at all'}; version {landlock.NEEDED} is needed")
        _drop_capabilities()
        kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)  # the zygote has one thread, so this is when it ends
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        self._landlock.restrict()
        several = limits["processes"] > 1
        seccomp.install(seccomp.profile(processes=several, programs=program, mounts=self._tier == "full"))


def _limit(limits: dict[str, Any], base: int | None, *, session: bool, tasks: bool) -> None:
    cpu = resource.RLIM_INFINITY if session else math.ceil(limits["cpu_seconds"]) + 2  # the watch comes first
    values = {
        resource.RLIMIT_CPU: cpu,
        resource.RLIMIT_FSIZE: limits["disk_bytes"],
        resource.RLIMIT_NOFILE: limits["files"],
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_MEMLOCK: 0,
    }
    if base is not None:
        values[resource.RLIMIT_AS] = base + (limits["address_bytes"] or limits["memory_bytes"])
    if tasks:  # counted for each user namespace; without one, the user's other processes would be counted too
        values[resource.RLIMIT_NPROC] = max(_TASKS, limits["processes"])
    for kind, value in values.items():
        hard = resource.getrlimit(kind)[1]
        bounded = hard if value == resource.RLIM_INFINITY else value
        if hard != resource.RLIM_INFINITY:  # nobody here may raise it
            bounded = min(bounded, hard)
        resource.setrlimit(kind, (bounded, bounded))


def mapped() -> int | None:
    """Return the address space that is taken already, most of it by libraries that all runs share. None: not known."""
    if not Path("/proc/self/statm").exists():
        return None
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0]) * os.sysconf("SC_PAGE_SIZE")


def _drop_capabilities() -> None:
    with contextlib.suppress(PermissionError):  # who may not drop these has none to drop
        kernel.prctl(kernel.PR_SET_SECUREBITS, _KEEP_NO_ROOT)
        _drop_bounding_set()
    header = struct.pack("=Ii", 0x20080522, 0)
    kernel.syscall("capset", header, bytes(24))


def _drop_bounding_set() -> None:
    for capability in range(64):
        try:
            kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
        except OSError as error:
            if isinstance(error, PermissionError):
                raise
            return  # the last one the kernel knows was the one before

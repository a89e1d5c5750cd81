"""A child in user, pid, mount, network, ipc and host-name namespaces of its own, with one small tmpfs to write to."""

from __future__ import annotations

import ctypes
import signal
from pathlib import Path

from . import kernel

_FRESH = (
    kernel.CLONE_NEWUSER
    | kernel.CLONE_NEWPID
    | kernel.CLONE_NEWNS
    | kernel.CLONE_NEWNET
    | kernel.CLONE_NEWIPC
    | kernel.CLONE_NEWUTS
)
_INSIDE_ID = 1000


def fork_apart() -> int:
    """Fork into fresh namespaces; the child is their process 1. Raises OSError where the kernel refuses.

    One clone does what unshare and two forks would. It passes by the C library, which is safe here: the caller has one
    thread, is process 1 itself (so the thread id that the C library remembers stays true), and Python's own fork
    handlers are called.
    """
    api = ctypes.pythonapi
    api.PyOS_BeforeFork()
    pid, problem = -1, None
    try:
        pid = kernel.syscall("clone", ctypes.c_ulong(_FRESH | signal.SIGCHLD), None, None, None, None)
    except OSError as error:
        problem = error
    if pid == 0:
        api.PyOS_AfterFork_Child()
    else:
        api.PyOS_AfterFork_Parent()
    if problem:
        raise problem
    return pid


def settle(box: str, disk_bytes: int, *, uid: int, gid: int) -> None:
    """Become the owner of the new namespaces, mount the tmpfs at `box`, and hide /proc of the zygote.

    `uid` and `gid` are the zygote's: in a new namespace nobody knows their own.
    """
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{_INSIDE_ID} {uid} 1"),
        ("gid_map", f"{_INSIDE_ID} {gid} 1"),
    ):
        Path(f"/proc/self/{name}").write_text(text, encoding="ascii")
    kernel.mount("box", box, "tmpfs", flags=_PLAIN, options=_box_options(disk_bytes))
    hidden = kernel.MS_RDONLY | kernel.MS_NOEXEC | _PLAIN
    kernel.mount("none", "/proc", "tmpfs", flags=hidden, options="size=4k,nr_inodes=1,mode=555")


def resize(box: str, disk_bytes: int) -> None:
    """Give the tmpfs another size."""
    kernel.mount("box", box, "tmpfs", flags=_PLAIN | kernel.MS_REMOUNT, options=_box_options(disk_bytes))


_PLAIN = kernel.MS_NOSUID | kernel.MS_NODEV


def _box_options(disk_bytes: int) -> str:
    # An inode costs about 1 KiB of kernel memory that the size does not count.
    return f"size={disk_bytes},nr_inodes={max(1024, disk_bytes // 16384)},mode=700"

"""What a job's processes use together, read from /proc, against what they may use."""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_THREADS = 64
_ENTRY = 1024  # what a name, or an empty file, counts as
_GRACE_S = 1.0  # the host keeps the time; this is for a host that is stopped


class _Use(NamedTuple):
    """One process: /proc/PID/stat, as far as it matters. `cpu` includes children that were waited for."""

    pid: int
    parent: int
    session: int
    cpu: float
    threads: int
    resident: int


class Watch:
    """The use of a slot's job, from now on. `box` is looked at where no file system bounds it."""

    def __init__(self, pid: int, limits: dict[str, Any], *, box: str | None) -> None:
        self._pid, self._limits, self._box = pid, limits, box
        self._end = time.monotonic() + limits["seconds"] + _GRACE_S
        use = _look(pid)
        self._before = use.cpu if use else 0.0
        zygote = _look(os.getpid())
        self._base = zygote.resident if zygote else 0  # what is shared with us may count once
        # Of one process the kernel bounds the memory, unless it was given addresses to waste.
        self._sums = limits["processes"] > 1 or limits["address_bytes"] is not None

    def exceeded(self) -> str | None:
        """Return which limit the processes are over, or None."""
        if time.monotonic() > self._end:
            return "time"
        first = _look(self._pid)
        if first is None:
            return None
        uses = _family(first) if self._limits["processes"] > 1 else [first]
        if sum(use.cpu for use in uses) - self._before > self._limits["cpu_seconds"]:
            return "cpu"
        if len(uses) > self._limits["processes"] or sum(use.threads for use in uses) > _THREADS + len(uses):
            return "processes"
        if self._sums and _holds_more(uses, self._limits["memory_bytes"] + self._base):
            return "memory"
        if self._box and not _fits(self._box, [use.pid for use in uses], self._limits["disk_bytes"]):
            return "disk"
        return None


def _look(pid: int) -> _Use | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return None
    fields = text[text.rindex(b")") + 2 :].split()
    cpu = sum(map(int, fields[11:15])) / _TICKS
    return _Use(pid, int(fields[1]), int(fields[3]), cpu, int(fields[17]), int(fields[21]) * _PAGE)


def _family(first: _Use) -> list[_Use]:
    """The process, its descendants, and what else is in its session (orphans, where no namespace gives them to it)."""
    others = [use for entry in Path("/proc").iterdir() if entry.name.isdigit() and (use := _look(int(entry.name)))]
    found, added = {first.pid: first}, True
    while added:
        new = [u for u in others if u.pid not in found and (u.parent in found or u.session == first.pid)]
        found.update({use.pid: use for use in new})
        added = bool(new)
    return list(found.values())


def _holds_more(uses: list[_Use], most: int) -> bool:
    """Whether the processes hold more memory than this together; the exact look takes longer and comes second."""
    return sum(use.resident for use in uses) > most and sum(map(_proportional, uses)) > most


def _proportional(use: _Use) -> int:
    """Memory with shared pages counted in parts, so that what all runs have from the zygote counts little."""
    try:
        text = Path(f"/proc/{use.pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return use.resident
    line = next((line for line in text.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return int(line.split()[1]) * 1024


def _fits(box: str, pids: list[int], most: int) -> bool:
    """Whether the files in a folder, and those without a name, are within the limit. What cannot be seen is not."""
    try:
        left = most - _nameless(Path(box).stat().st_dev, pids)
        pending = [box]
        while pending and left >= 0:
            for entry in _entries(pending.pop()):
                left -= max(_ENTRY, _size(entry))
                if left < 0:
                    return False
                if entry.is_dir(follow_symlinks=False):
                    pending.append(entry.path)
    except OSError:
        return False  # too deep to be named, or closed: nobody needs that who does not hide something
    return left >= 0


def _entries(folder: str) -> Iterator[os.DirEntry[str]]:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        yield from entries  # or it went away while it was looked at


def _size(entry: os.DirEntry[str]) -> int:
    with contextlib.suppress(FileNotFoundError, NotADirectoryError):
        return entry.stat(follow_symlinks=False).st_blocks * 512
    return 0


def _nameless(device: int, pids: list[int]) -> int:
    """Return how much is in files that were deleted and are still open."""
    sizes: dict[int, int] = {}
    for pid in pids:
        for entry in _visible(f"/proc/{pid}/fd"):
            with contextlib.suppress(OSError):
                found = entry.stat()
                if found.st_dev == device and stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                    sizes[found.st_ino] = max(_ENTRY, found.st_blocks * 512)
    return sum(sizes.values())


def _visible(folder: str) -> list[Path]:
    with contextlib.suppress(OSError):  # the process has ended
        return list(Path(folder).iterdir())
    return []

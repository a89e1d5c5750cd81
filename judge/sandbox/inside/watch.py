"""What a job's processes use together, read from /proc, against what they may use."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, NamedTuple

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_THREADS = 64
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

    def exceeded(self) -> str | None:
        """Return which limit the processes are over, or None."""
        if time.monotonic() > self._end:
            return "time"
        first = _look(self._pid)
        if first is None:
            return None
        several = self._limits["processes"] > 1
        uses = _family(first) if several else [first]
        if sum(use.cpu for use in uses) - self._before > self._limits["cpu_seconds"]:
            return "cpu"
        if len(uses) > self._limits["processes"] or sum(use.threads for use in uses) > _THREADS + len(uses):
            return "processes"
        memory = self._limits["memory_bytes"] + self._base
        if several and sum(use.resident for use in uses) > memory and sum(map(_proportional, uses)) > memory:
            return "memory"
        if self._box and _stored(self._box) > self._limits["disk_bytes"]:
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


def _proportional(use: _Use) -> int:
    """Memory with shared pages counted in parts, so that what all runs have from the zygote counts little."""
    try:
        text = Path(f"/proc/{use.pid}/smaps_rollup").read_text(encoding="ascii", errors="replace")
    except OSError:
        return use.resident
    line = next((line for line in text.splitlines() if line.startswith("Pss:")), "Pss: 0 kB")
    return int(line.split()[1]) * 1024


def _stored(folder: str) -> int:
    total, folders = 0, [folder]
    while folders:
        try:
            with os.scandir(folders.pop()) as entries:
                for entry in entries:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                    if entry.is_dir(follow_symlinks=False):
                        folders.append(entry.path)
        except OSError:
            continue  # it went away while it was looked at
    return total

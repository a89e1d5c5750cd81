"""Processes as /proc shows them, and waiting for what they do."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 20.0  # how long something may take on a busy machine until it counts as never


def until(true: Callable[[], bool]) -> bool:
    end = time.monotonic() + PATIENCE_S
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def descendants(pid: int) -> set[int]:
    """The processes below one, found by reading /proc."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(ValueError, OSError):
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
    found, added = {pid}, True
    while added:
        new = {child for child, parent in parents.items() if parent in found and child not in found}
        found |= new
        added = bool(new)
    return found - {pid}


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if Path(f"/proc/{pid}").exists()}


def ticks(pid: int) -> int:
    """How long a process has used the processor, in hundredths of a second; 0 for one that is gone."""
    with contextlib.suppress(OSError):
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])
    return 0

"""Processes as /proc shows them, and waiting for what they do."""

import contextlib
import os
import time
from collections.abc import Callable
from pathlib import Path

PATIENCE_S = 20.0  # how long something may take on a busy machine until it counts as never
DEADLINE_S = 60.0  # the same, for what waits for something that has a while of its own


def until(true: Callable[[], bool]) -> bool:
    """Whether it becomes true; that it was true once counts, since what is made again between two looks flickers."""
    end = time.monotonic() + PATIENCE_S
    while not (seen := true()) and time.monotonic() < end:
        time.sleep(0.02)
    return seen


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


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # One that ended, whose new parent has not looked yet, counts as ended.
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def await_end(process: int) -> None:
    end = time.monotonic() + DEADLINE_S
    while lives(process):
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.05)

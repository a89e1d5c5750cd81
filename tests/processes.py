"""Whether a process lives, and waiting until it does not, for tests of what should end by itself."""

import os
import time
from pathlib import Path

DEADLINE = 60


def lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    # One that ended, whose new parent has not looked yet, counts as ended.
    status = Path(f"/proc/{process}/stat")
    return not status.exists() or status.read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"


def await_end(process: int) -> None:
    end = time.monotonic() + DEADLINE
    while lives(process):
        assert time.monotonic() < end, "it did not end"
        time.sleep(0.05)

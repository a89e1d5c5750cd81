"""Ends processes when the program that started them is gone, however it went: ``python guard.py PID …``.

A program of its own, started by `guarded`. It holds a pidfd of each process, by which the kernel never comes to mean
another one, and waits until it is told to go, or nobody is left who could tell it: its standard input ends then.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress

_PATIENCE_S = 5.0


def guarded(pids: Iterable[int]) -> Callable[[], None]:
    """Start a guard of some processes; what is returned sends it home, and ends them if they are still there."""
    guard = subprocess.Popen(
        [sys.executable, "-I", __file__, *map(str, pids)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,  # a Ctrl-C is not for it
    )

    def dismiss() -> None:
        assert guard.stdin is not None
        with suppress(BrokenPipeError):
            guard.stdin.write(b".")  # an engine that was forked off later holds this pipe open as well
            guard.stdin.close()
        try:
            guard.wait(2 * _PATIENCE_S)
        except subprocess.TimeoutExpired:
            guard.kill()
            guard.wait()

    return dismiss


def main() -> None:
    """Wait for the end of standard input, then for that of the processes; ask first, and then make them."""
    held = []
    for pid in sys.argv[1:]:
        with suppress(ProcessLookupError):
            held.append(os.pidfd_open(int(pid)))
    sys.stdin.buffer.read(1)
    for wanted in (signal.SIGTERM, signal.SIGKILL):
        for process in held:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(process, wanted)
        for process in held:  # it can be read from once the process has ended
            select.select([process], [], [], _PATIENCE_S)


if __name__ == "__main__":
    main()

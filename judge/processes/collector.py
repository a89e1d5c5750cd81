"""The garbage collector, told once how this program works: what loading makes stays, and verdicts make no circles."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

#: A verdict makes some thousand objects and hardly ever a circle: look less often than after each 700 new ones.
_THRESHOLD = (20_000, 20, 20)


@contextmanager
def loading() -> Iterator[None]:
    """Load what stays, without a collector that goes through it, which doubles the time; when it is over, say so.

    What is there at the end is never gone through again (a process that is forked later shares its pages). However it
    ends, the collector is on again. For the whole process, and so for programs of ours: a library has no say in it.
    """
    gc.disable()
    try:
        yield
        gc.freeze()
        gc.set_threshold(*_THRESHOLD)
    finally:
        gc.enable()

"""Regular files, read whole and bounded: what is a pipe or a device blocks nobody and fills no memory."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

#: In bytes: more than any text that a person writes by hand, or a model answers with.
TEXT = 64 * 2**20


def read_regular(path: Path, *, most: int = TEXT) -> bytes:
    """Return the content of a regular file of at most so many bytes, without ever waiting for another process.

    Raises OSError, whose ``strerror`` says it in words, for a pipe, a device, a socket, a folder, and for a larger one.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        seen = os.fstat(descriptor)
        if stat.S_ISDIR(seen.st_mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
        if not stat.S_ISREG(seen.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(path))
        # It may grow while it is read, and in /proc a file has no size at all.
        content = b"" if seen.st_size > most else file.read(most + 1)
        if seen.st_size > most or len(content) > most:
            raise OSError(errno.EFBIG, f"it has more than {most:,} bytes", str(path))
    return content

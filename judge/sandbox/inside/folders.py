"""Deleting a folder that untrusted code has filled: however deep it is, closed to its owner, or full of links."""

from __future__ import annotations

import contextlib
import itertools
import os
import stat
from pathlib import Path

_TRIES = 3  # something that was killed may still have been writing
_AT_ONCE = 1000


def delete(folder: str) -> None:
    """Delete a folder and all in it, as far as that goes. Never uses a path more than two names longer than its own."""
    for _ in range(_TRIES):
        with contextlib.suppress(OSError):
            _open_up(folder)
            while entries := _some_of(folder):
                for entry in entries:
                    _delete(entry, folder)
            Path(folder).rmdir()
        if not os.path.lexists(folder):
            return


def _delete(entry: os.DirEntry[str], top: str) -> None:
    """Delete a file; or a folder, whose own folders move up to the top."""
    if not entry.is_dir(follow_symlinks=False):
        Path(entry.path).unlink()
        return
    _open_up(entry.path)
    while inner := _some_of(entry.path):
        for one in inner:
            if one.is_dir(follow_symlinks=False):
                _open_up(one.path)  # a folder's own permissions decide, too, whether it can be moved
                Path(one.path).rename(f"{top}/{os.urandom(16).hex()}")
            else:
                Path(one.path).unlink()
    Path(entry.path).rmdir()


def _open_up(folder: str) -> None:
    mode = os.lstat(folder).st_mode
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        Path(folder).chmod(stat.S_IRWXU)


def _some_of(folder: str) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as entries:
        return list(itertools.islice(entries, _AT_ONCE))

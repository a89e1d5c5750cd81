"""Files that somebody names are read whole and bounded; whatever else lies there is refused at once."""

import os
import socket
from pathlib import Path

import pytest

from judge.regular import read_regular


def test_a_file_is_read_whole(tmp_path):
    (tmp_path / "a").write_bytes(b"\x00text\xff")
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "empty").touch()
    assert read_regular(tmp_path / "a") == read_regular(tmp_path / "link", most=6) == b"\x00text\xff"
    assert read_regular(tmp_path / "empty", most=0) == b""
    assert read_regular(Path("/proc/self/status"))  # has no size


def test_what_is_too_large_is_refused(tmp_path):
    (tmp_path / "a").write_bytes(b"1234")
    with pytest.raises(OSError, match="more than 3 bytes"):
        read_regular(tmp_path / "a", most=3)
    with pytest.raises(OSError, match="more than 3 bytes"):
        read_regular(Path("/proc/self/status"), most=3)


def test_pipes_and_devices_are_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), Path("/dev/null")):
        with pytest.raises(OSError, match="not a regular file"):
            read_regular(path)
    with pytest.raises(IsADirectoryError):
        read_regular(tmp_path)
    with pytest.raises(FileNotFoundError):
        read_regular(tmp_path / "none")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        with pytest.raises(OSError, match="device"):
            read_regular(tmp_path / "s")

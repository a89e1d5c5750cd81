"""A cassette: a YAML file beside the tests with one document for each exchange with a model.

It is made to be read and reviewed. Processes may add to it at the same time; a document is parsed when it is looked
up, not before, so that a long cassette costs little.
"""

from __future__ import annotations

import fcntl
import json
import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, NamedTuple

import yaml
from pydantic import ValidationError

from judge.errors import StoreError
from judge.plain import digest
from judge.types import Failure, Record, Reply, Request

_HEAD = """\
# What models answered to the tests of {module}, recorded by the pytest plugin of judge 0.2 or newer.
# A request that is asked again is answered from here. Forget everything: delete the file.
"""
_OLD_HEAD = "# What models answered to the tests of {module}, recorded by the pytest plugin of judge.\n"
_DOCUMENT = re.compile(r"^---\nkey: '?([0-9a-f]{32})'?\n(test: .*)\n", re.MULTILINE)  # YAML quotes what may be a number
_SEPARATOR = re.compile("^---", re.MULTILINE)
_COMMENTS = re.compile(r"(?:#.*\n|[ \t]*\n)*")
_ODD_BREAKS = re.compile("[\r\x85\u2028\u2029\ufeff]")  # which YAML would read as ends of lines, or drop


class Entry(Record):
    """One exchange. ``test`` is the test that was the first to ask; ``key`` names model and request."""

    key: str
    test: str
    model: str
    case: str = ""
    turn: int = 0
    request: Request
    reply: Reply | None = None
    failure: Failure | None = None


def key_of(model: str, request: Request) -> str:
    """Return the name under which a request to a model is kept: a hash of everything that could change the reply."""
    body = request.model_dump(mode="json", exclude={"case_id", "turn"}, exclude_defaults=True)
    return digest(model, json.dumps(body, sort_keys=True))[:32]


class _Place(NamedTuple):
    start: int
    end: int
    test: str  # the line as it stands in the file


class _Seen(NamedTuple):  # the state of the file when it was last read
    inode: int
    size: int
    changed: int


def _seen(found: os.stat_result) -> _Seen:
    return _Seen(found.st_ino, found.st_size, found.st_mtime_ns)


class Cassette:
    """The file of one test module. Raises StoreError when it cannot be read or written, or is damaged."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._text = ""
        self._seen: _Seen | None = None
        self._places: dict[str, _Place] = {}
        self._reading = threading.RLock()

    def find(self, key: str) -> Entry | None:
        """Return the last exchange that was recorded for a key."""
        with self._reading:
            self._look()
            place = self._places.get(key)
            return None if place is None else self._parsed(place)

    @property
    def outdated(self) -> bool:
        """Whether it is one of judge 0.1, whose prompts were others: nothing in it is asked any more."""
        with self._reading:
            self._look()
            return self._text.startswith(_OLD_HEAD.format(module=_module(self.path)))

    def has(self, test: str) -> bool:
        """Return whether anything was recorded for a test."""
        line = _dumped({"test": test}).rstrip("\n")
        with self._reading:
            self._look()
            return any(place.test == line for place in self._places.values())

    def entries(self) -> list[Entry]:
        """Return every exchange, of those with the same key the last."""
        with self._reading:
            self._look()
            return [self._parsed(place) for place in self._places.values()]

    def add(self, entry: Entry) -> None:
        """Write an exchange at the end of the file."""
        with self._explained("written"), self._locked() as file:
            if file.seek(0, os.SEEK_END) == 0:
                file.write(self._head())
            file.write(_document(entry))

    def tidy(self) -> None:
        """Sort the file and drop what was recorded again, so that two recordings can be compared line by line."""
        with self._reading, self._explained("written"), self._locked() as file:
            self._forget()
            file.seek(0)
            self._index(file.read())
            found = [self._parsed(place) for place in self._places.values()]
            entries = sorted(found, key=lambda e: (e.test, e.case, e.request.seed or 0, e.turn, e.key))
            text = self._head() + b"".join(_document(entry) for entry in entries)
            beside = self.path.with_name(f"{self.path.name}.{os.getpid()}.new")
            beside.write_bytes(text)
            beside.replace(self.path)
            self._forget()

    def _look(self) -> None:
        """Read the file if it is not as it was, or what was added to it since."""
        with self._explained("read"):
            try:
                now = self.path.stat()
            except FileNotFoundError:
                self._forget()
                return
            if self._seen == _seen(now):
                return
            with self.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH)
                now = os.fstat(file.fileno())
                if self._seen is None or self._seen.inode != now.st_ino or self._seen.size >= now.st_size:
                    self._forget()
                else:
                    file.seek(self._seen.size)
                self._index(file.read())
            self._seen = _seen(now)

    def _forget(self) -> None:
        self._text, self._seen, self._places = "", None, {}

    def _index(self, data: bytes) -> None:
        """Find where each further document stands, without reading it."""
        begin = len(self._text)
        self._text += data.decode("utf-8").replace("\r\n", "\n")  # a checkout may have changed the line ends
        found = list(_DOCUMENT.finditer(self._text, begin))
        if len(_SEPARATOR.findall(self._text, begin)) != len(found):
            self._forget()
            raise self._damaged("a document does not open with key and test")
        opening = found[0].start() if found else len(self._text)
        if begin == 0 and not _COMMENTS.fullmatch(self._text, 0, opening):
            self._forget()
            raise self._damaged("it opens with something else than a comment")
        starts = [match.start() for match in found]
        for match, end in zip(found, [*starts[1:], len(self._text)], strict=False):
            self._places[match[1]] = _Place(match.start(), end, match[2])

    def _parsed(self, place: _Place) -> Entry:
        try:
            return Entry.model_validate(yaml.load(self._text[place.start : place.end], Loader=_Loader))
        except yaml.MarkedYAMLError as error:
            further = error.problem_mark.line if error.problem_mark else 0
            raise self._damaged(f"line {self._line(place) + further}: {error.problem}") from None
        except yaml.YAMLError as error:
            raise self._damaged(f"the document on line {self._line(place)}: {error}") from None
        except ValidationError as error:
            first = error.errors()[0]
            field = ".".join(map(str, first["loc"]))
            raise self._damaged(f"the document on line {self._line(place)}, field {field!r}: {first['msg']}") from None

    def _line(self, place: _Place) -> int:
        return self._text.count("\n", 0, place.start) + 1

    def _damaged(self, how: str) -> StoreError:
        return StoreError(
            f"cassette {str(self.path)!r} is damaged: {how}. Restore it, or delete what is damaged and record again"
        )

    @contextmanager
    def _locked(self) -> Iterator[IO[bytes]]:
        """Open the file for adding, alone; another process may meanwhile have put a tidied one in its place."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self.path.exists() and self.path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                    yield file
                    return

    @contextmanager
    def _explained(self, what: str) -> Iterator[None]:
        try:
            yield
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"cassette {str(self.path)!r} cannot be {what}: {error}") from None

    def _head(self) -> bytes:
        return _HEAD.format(module=_module(self.path)).encode()


def _module(path: Path) -> str:
    return path.name.removesuffix(".judge.yaml") + ".py"


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # which of both, is not known
    """Writes texts of several lines as such."""


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # the same
    """Reads what the dumper wrote."""


def _text(dumper: Any, value: str) -> Any:
    style = "|" if "\n" in value and not _ODD_BREAKS.search(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)


_Dumper.add_representer(str, _text)


class _OnOneLine(dict[str, Any]):
    """What nobody reads line by line."""


_Dumper.add_representer(
    _OnOneLine, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True)
)


def _document(entry: Entry) -> bytes:
    data = entry.model_dump(mode="json", exclude_defaults=True)
    request = data["request"]
    if "output" in request:
        request["output"] = _OnOneLine(request["output"])
    if "tools" in request:
        request["tools"] = [_OnOneLine(tool) for tool in request["tools"]]
    first = {"key": data.pop("key"), "test": data.pop("test")}
    return f"---\n{_dumped(first)}{_dumped(data)}".encode()


def _dumped(data: dict[str, Any]) -> str:
    text: str = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1 << 20)
    return text

"""Cases from files: JSON lines, a JSON array, CSV or Parquet, streamed in bounded memory.

Columns that are no fields of a case go into its ``tags``; one that looks like a misspelt field is an error. Numbers
keep the spelling they have in the file. Everything is checked before any work: `survey` reads the whole input once.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import json
import re
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from judge.errors import InputError
from judge.types import Case

_FIELDS = frozenset(Case.model_fields) | {"response", "reference"}
_BAD_ROWS_KEPT = 20
_NESTED = {"responses": 'array such as ["a", "b"]', "references": 'array such as ["a", "b"]', "tags": "object"}
_CHUNK = 1 << 16
Row = tuple[int, dict[str, Any] | str]  # a line (element, row) with its fields, or with what is wrong with it


class Bad(NamedTuple):
    """A row that is no case: where it stands and what is wrong with it."""

    line: int
    problem: str


class Survey(NamedTuple):
    """What a first reading found: how many cases, and the rows that are none."""

    cases: int
    bad: tuple[Bad, ...]
    bad_count: int


class Source:
    """An input that can be read more than once. ``-`` is standard input, kept in a temporary file meanwhile.

    ``identity`` tells inputs apart: the full path of a file, the hash of what came through standard input.
    """

    def __init__(self, name: str, *, stdin: IO[bytes] | None = None) -> None:
        self.name = "standard input" if name == "-" else name
        self._path = Path(name)
        if name == "-":
            self._spool = tempfile.NamedTemporaryFile(suffix=".jsonl")  # noqa: SIM115 - closed with the process
            self.identity = _copy(stdin or sys.stdin.buffer, self._spool)
            self._path = Path(self._spool.name)
        elif not self._path.is_file():
            raise InputError(f"{name!r} does not exist or is not a file")
        else:
            self.identity = str(self._path.resolve())
        self._unit, self._rows = _reader(self._path, self.name)

    def survey(self, problem: Callable[[Case], str | None] | None = None, *, limit: int | None = None) -> Survey:
        """Read everything, or as far as the first `limit` cases; `problem` says why a case cannot be judged."""
        cases, bad_count = 0, 0
        bad: list[Bad] = []
        for item in self._checked(problem):
            if isinstance(item, Case):
                cases += 1
                if cases == limit:
                    break
            else:
                bad_count += 1
                if len(bad) < _BAD_ROWS_KEPT:
                    bad.append(item)
        return Survey(cases, tuple(bad), bad_count)

    def cases(self, problem: Callable[[Case], str | None] | None = None) -> Iterator[Case]:
        """Yield the cases that `survey` counted."""
        return (item for item in self._checked(problem) if isinstance(item, Case))

    def _checked(self, problem: Callable[[Case], str | None] | None) -> Iterator[Case | Bad]:
        ids = Ids()
        for line, row in self._read():
            item = row if isinstance(row, str) else _case(row)
            if isinstance(item, Case):
                if isinstance(row, dict) and row.get("id") is None:
                    item = item.model_copy(update={"id": ids.fresh(item.id, line)})
                elif first := ids.before(item.id, line):
                    item = f": the id {item.id!r} is already that of {self._unit} {first}"
            if problem and isinstance(item, Case) and (why := problem(item)):
                item = f": {why}"
            yield Bad(line, f"{self.name}, {self._unit} {line}{item}") if isinstance(item, str) else item

    def _read(self) -> Iterator[Row]:
        try:
            yield from self._rows(self._path)
        except OSError as error:
            raise InputError(f"{self.name!r} cannot be read: {error.strerror or error}") from None


class Ids:
    """Which ids were read, on the disk: exact, and small in memory for any number of them."""

    def __init__(self) -> None:
        self._ids = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._ids.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, line INTEGER, times INTEGER) WITHOUT ROWID")
        self._ids.execute("BEGIN")

    def before(self, name: str, line: int) -> int | None:
        """Return the line on which an id stood before, if it did."""
        if self._ids.execute("INSERT OR IGNORE INTO ids VALUES (?, ?, 1)", (name, line)).rowcount:
            return None
        found: int = self._ids.execute("SELECT line FROM ids WHERE id = ?", (name,)).fetchone()[0]
        return found

    def fresh(self, name: str, line: int) -> str:
        """Return the name of a case without an id: its content hash, numbered when the same case comes again."""
        if self.before(name, line) is None:
            return name
        self._ids.execute("UPDATE ids SET times = times + 1 WHERE id = ?", (name,))
        times = self._ids.execute("SELECT times FROM ids WHERE id = ?", (name,)).fetchone()[0]
        return self.fresh(f"{name}-{times}", line)


def distinct(cases: Iterable[Case]) -> Iterator[Case]:
    """Yield cases that come from a program. Raises InputError at one whose id came before."""
    ids = Ids()
    for number, case in enumerate(cases, start=1):
        if first := ids.before(case.id, number):
            raise InputError(f"case {number}: the id {case.id!r} is already that of case {first}")
        yield case


def _copy(source: IO[bytes], target: IO[bytes]) -> str:
    """Copy everything and return its hash."""
    state = hashlib.sha256()
    while chunk := source.read(_CHUNK):
        state.update(chunk)
        target.write(chunk)
    target.flush()
    return state.hexdigest()


def _case(row: dict[str, Any]) -> Case | str:
    fields: dict[str, Any] = {}
    tags: dict[str, Any] = {}
    for key, value in row.items():
        if key in _FIELDS:
            fields[key] = value
        elif meant := _meant(key):
            return f": unknown field {key!r}. Did you mean {meant!r}?"
        else:
            tags[key] = value
    if tags and isinstance(fields.get("tags", {}), dict):
        fields["tags"] = fields.get("tags", {}) | tags
    try:
        case = Case.model_validate(fields)
        body = case.model_dump_json()
        if not case.tags or Case.model_validate_json(body) == case:
            return case
    except ValidationError as error:
        return _invalid(error, fields)
    except PydanticSerializationError:
        pass
    except RecursionError:
        return ", field 'tags': nested too deeply"
    return ": holds text that is not Unicode: broken UTF-8, or half of a character"


@lru_cache(maxsize=1024)
def _meant(key: str) -> str | None:
    """Return the field of which a name is a misspelling; ``question_id`` and ``idx`` are none, ``ID`` is one."""
    close = get_close_matches(key.lower(), _FIELDS, n=1, cutoff=0.8)
    if not close or (close[0] == "id" and key.lower() != "id"):
        return None
    return close[0] if abs(len(key) - len(close[0])) <= 2 else None


def _invalid(error: ValidationError, fields: dict[str, Any]) -> str:
    first = error.errors()[0]
    where = ".".join(map(str, first["loc"][:2]))
    for one, many in (("response", "responses"), ("reference", "references")):
        if many not in fields and where in (many, f"{many}.0"):
            where = one
    if first["type"] == "missing":
        return f": field {where!r} is missing"
    if first["type"].startswith("recursion") or first["type"] == "json_invalid":
        return ", field 'tags': nested too deeply"
    if first["type"] == "value_error":
        return f": {first['ctx']['error']}"
    return f", field {where!r}: {first['msg']}" + f", got {first['input']!r}"[:120]


def _reader(path: Path, name: str) -> tuple[str, Callable[[Path], Iterator[Row]]]:
    """Return what the parts of a file are called, and the function that reads them."""
    ending = path.suffix.lower()
    if ending in (".jsonl", ".ndjson"):
        return "line", _jsonl
    if ending == ".json":
        return "element", _json
    if ending in (".csv", ".tsv"):
        return "line", lambda path: _csv(path, delimiter="\t" if ending == ".tsv" else ",")
    if ending == ".parquet":
        return "row", _parquet
    raise InputError(f"{name!r}: unknown format {ending!r}; expected .jsonl, .json, .csv, .tsv or .parquet")


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            row = (raw.removeprefix(codecs.BOM_UTF8) if line == 1 else raw).strip()
            if row:
                yield line, _parsed(row)


def _parsed(raw: bytes) -> dict[str, Any] | str:
    try:
        return _row(_DECODER.decode(raw.decode("utf-8")))
    except UnicodeDecodeError as error:
        return f": not UTF-8 (byte {error.start})"
    except json.JSONDecodeError as error:
        return f": not JSON: {error.msg} at column {error.colno}"
    except (ValueError, RecursionError) as error:
        return f": not JSON: {error}"


def _json(path: Path) -> Iterator[Row]:
    """Yield the elements of one top-level array, or the one object."""
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        text, number = _Text(file), 0
        try:
            opened = text.skip("[")
            closed = opened and text.skip("]")
            while not closed:
                value = text.value()
                number += 1
                yield number, _row(value)
                closed = not opened or text.skip("]")
                if not closed and not text.skip(","):
                    raise text.error("expected ',' or ']'")
            if text.peek():
                raise text.error("text after the end (one object a line belongs in a .jsonl file)")
        except (ValueError, RecursionError) as error:
            yield number + 1, f": not JSON: {error}; nothing after it was read"


class _Text:
    """The text of a file, of which no more is in memory than one JSON value needs."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self._buffer, self._at = "", 0
        self._lines, self._characters = 1, 0  # how far the buffer's beginning is into the file

    def peek(self) -> str:
        """Return the next character that is no white space, or an empty text at the end."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._buffer) or not self._more():
                return self._buffer[self._at : self._at + 1]

    def skip(self, character: str) -> bool:
        """Step over the character if it is the next one."""
        found = self.peek() == character
        self._at += found
        return found

    def value(self) -> Any:
        """Read one JSON value. Raises ValueError."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._buffer, self._at)
            except json.JSONDecodeError as error:
                problem = self.error(error.msg, error.pos)
                if not self._more():
                    raise problem from None
            else:
                passed = end - self._at
                if end < len(self._buffer) or not self._more():  # at the very end, 12 may become 123
                    self._at += passed
                    return value

    def error(self, said: str, at: int | None = None) -> ValueError:
        """Return an error that says where in the file it is."""
        at = self._at if at is None else at
        line = self._lines + self._buffer.count("\n", 0, at)
        return ValueError(f"{said} at line {line}, character {self._characters + at + 1}")

    def _more(self) -> bool:
        """Read on, and let go of what was passed. Return whether there was more."""
        self._lines += self._buffer.count("\n", 0, self._at)
        self._characters += self._at
        rest = self._buffer[self._at :]
        chunk = self._file.read(max(_CHUNK, len(rest)))
        self._buffer, self._at = rest + chunk, 0
        return bool(chunk)


def _csv(path: Path, *, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
        reader = csv.reader(file, delimiter=delimiter, strict=True)
        names: list[str] | None = None
        while True:
            try:
                cells = next(reader, None)
            except csv.Error as error:
                yield reader.line_num, f": not CSV: {error}"
                continue
            if cells is None:
                return
            if names is None and cells:
                names = cells
                if twice := [name for name in names if names.count(name) > 1]:
                    yield reader.line_num, f": two columns are called {twice[0]!r}"
                    return
            elif names and cells:
                yield reader.line_num, _cells(names, cells)


def _cells(names: list[str], cells: list[str]) -> dict[str, Any] | str:
    """Return the fields of a CSV row: an empty cell is no field, but an empty response is one."""
    if len(cells) > len(names):
        return f": {len(cells)} cells, but the header has {len(names)} columns"
    row = zip(names, cells, strict=False)
    return _unpacked({name: text for name, text in row if text or name == "response"})


def _unpacked(fields: dict[str, Any]) -> dict[str, Any] | str:
    """Return fields with the JSON in those that hold lists or objects, but came as a text, read."""
    for key in _NESTED.keys() & fields.keys():
        if isinstance(fields[key], str):
            try:
                fields[key] = _DECODER.decode(fields[key])
            except (ValueError, RecursionError):
                return f", field {key!r}: expected a JSON {_NESTED[key]}, got {fields[key]!r}"[:160]
    return fields


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow
        import pyarrow.parquet
    except ImportError:
        raise InputError("reading Parquet needs an extra: pip install 'equijudge[parquet]'") from None
    number = 0
    try:
        for batch in pyarrow.parquet.ParquetFile(path).iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                number += 1
                yield number, _unpacked({key: _plain(value) for key, value in row.items() if value is not None})
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        yield number + 1, f": not Parquet: {error}; nothing after it was read"


def _plain(value: Any) -> Any:
    """Return a Parquet value as JSON would hold it, numbers and dates as they are written."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return value if value is None or isinstance(value, str | bool) else str(value)


def _row(value: Any) -> dict[str, Any] | str:
    if isinstance(value, dict):
        return value
    return f": expected an object with the fields of a case, got {type(value).__name__}"


_SPACE = re.compile(r"[ \t\r\n]*")
# Numbers stay as they are spelt: 0.10 is not 0.1 to somebody who judges answers.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)

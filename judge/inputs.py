"""Cases from files: JSON lines, a JSON array, CSV or Parquet, streamed in bounded memory.

Columns that are no fields of a case go into its ``tags``; one that looks like a misspelt field is an error. Numbers
keep the spelling they have in the file. Everything is checked before any work: `survey` reads the whole input once.
"""

from __future__ import annotations

import csv
import json
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from pathlib import Path
from typing import IO, Any, NamedTuple

from pydantic import ValidationError

from judge.errors import InputError
from judge.types import Case

_FIELDS = frozenset(Case.model_fields) | {"response", "reference"}
_BAD_ROWS_KEPT = 20
_LISTS = {"responses", "references"}
Row = tuple[int, dict[str, Any] | str]  # a line with its fields, or with what is wrong with it


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
    """An input that can be read more than once. ``-`` is standard input, kept in a temporary file meanwhile."""

    def __init__(self, name: str, *, stdin: IO[bytes] | None = None) -> None:
        self.name = "standard input" if name == "-" else name
        self._path = Path(name)
        self._spool: IO[bytes] | None = None
        if name == "-":
            self._spool = tempfile.NamedTemporaryFile(suffix=".jsonl")  # noqa: SIM115 - closed with the process
            shutil.copyfileobj(stdin or sys.stdin.buffer, self._spool)
            self._spool.flush()
            self._path = Path(self._spool.name)
        elif not self._path.is_file():
            raise InputError(f"{name!r} does not exist or is not a file")
        self._rows = _reader(self._path, self.name)

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
        seen = _Seen()
        for line, row in self._rows(self._path):
            item = row if isinstance(row, str) else _case(row)
            if isinstance(item, Case):
                if isinstance(row, dict) and row.get("id") is None:
                    item = item.model_copy(update={"id": seen.fresh(item.id, line)})
                elif first := seen.before(item.id, line):
                    item = f": the id {item.id!r} was already on line {first}"
            if problem and isinstance(item, Case) and (why := problem(item)):
                item = f": {why}"
            yield Bad(line, f"{self.name}, line {line}{item}") if isinstance(item, str) else item


class _Seen:
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
        return f"{name}-{self._ids.execute('SELECT times FROM ids WHERE id = ?', (name,)).fetchone()[0]}"


def _case(row: dict[str, Any]) -> Case | str:
    fields: dict[str, Any] = {}
    tags: dict[str, Any] = {}
    for key, value in row.items():
        if key in _FIELDS:
            fields[key] = value
        elif meant := get_close_matches(key, _FIELDS, n=1, cutoff=0.8):
            return f": unknown field {key!r}. Did you mean {meant[0]!r}?"
        else:
            tags[key] = value
    if tags and isinstance(fields.get("tags", {}), dict):
        fields["tags"] = fields.get("tags", {}) | tags
    try:
        return Case.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the row"
        if first["type"] == "missing":
            return f": field {'response' if where == 'responses' else where!r} is missing"
        got = f", got {first['input']!r}"[:120] if first["type"] != "value_error" else ""
        return f", field {where!r}: {first['msg']}{got}"


def _reader(path: Path, name: str) -> Callable[[Path], Iterator[Row]]:
    ending = path.suffix.lower()
    if ending in (".jsonl", ".ndjson"):
        return _jsonl
    if ending == ".json":
        return _json
    if ending in (".csv", ".tsv"):
        return lambda path: _csv(path, delimiter="\t" if ending == ".tsv" else ",")
    if ending == ".parquet":
        return _parquet
    raise InputError(f"{name!r}: unknown format {ending!r}; expected .jsonl, .json, .csv, .tsv or .parquet")


def _jsonl(path: Path) -> Iterator[Row]:
    with path.open("rb") as file:
        for line, raw in enumerate(file, start=1):
            if raw.strip():
                yield line, _parsed(raw, first=line == 1)


def _parsed(raw: bytes, *, first: bool) -> dict[str, Any] | str:
    try:
        return _row(_DECODER.decode(raw.decode("utf-8-sig" if first else "utf-8").strip()))
    except UnicodeDecodeError as error:
        return f": not UTF-8 (byte {error.start})"
    except (ValueError, RecursionError) as error:
        return f": not JSON: {error}"


def _json(path: Path) -> Iterator[Row]:
    """Yield the elements of one top-level array (or the one object), reading as much as is needed for each."""
    with path.open(encoding="utf-8-sig") as file:
        buffer, number, in_array = "", 0, False
        while True:
            buffer = buffer.lstrip(" \t\r\n,") if number else buffer.lstrip()
            if not in_array and buffer.startswith("["):
                buffer, in_array = buffer[1:].lstrip(), True
            if in_array and buffer.startswith("]"):
                return
            value, end, problem = _element(buffer)
            if end and (end < len(buffer) or not in_array):  # at the very end of the buffer, 12 may become 123
                number += 1
                yield number, _row(value)
                buffer = buffer[end:]
                if not in_array:
                    return
                continue
            try:
                chunk = file.read(max(1 << 16, len(buffer)))
            except UnicodeDecodeError as error:
                yield number + 1, f": not UTF-8: {error.reason}"
                return
            if not chunk:
                yield number + 1, f": not JSON: {problem or 'the array does not end'}"
                return
            buffer += chunk


def _element(buffer: str) -> tuple[Any, int, str | None]:
    try:
        return (*_DECODER.raw_decode(buffer), None)
    except (ValueError, RecursionError) as error:
        return None, 0, str(error)


def _csv(path: Path, *, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter, restkey="\0more")
        try:
            for row in reader:
                yield reader.line_num, _cells(row)
        except (csv.Error, UnicodeDecodeError) as error:
            yield reader.line_num + 1, f": not CSV: {error}"


def _cells(row: dict[str, Any]) -> dict[str, Any] | str:
    """Return the fields of a CSV row: an empty cell is no field (but an empty response), a list is a JSON array."""
    if "\0more" in row:
        return ": more cells than the header has columns"
    fields = {key: value for key, value in row.items() if value or (key == "response" and value is not None)}
    for key in _LISTS & fields.keys():
        try:
            fields[key] = _DECODER.decode(fields[key])
        except ValueError:
            return f', field {key!r}: expected a JSON array such as ["a", "b"], got {fields[key]!r}'
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
                yield number, {key: _plain(value) for key, value in row.items() if value is not None}
    except (OSError, pyarrow.ArrowException) as error:
        yield number + 1, f": not Parquet: {error}"


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | bool | dict) else str(value)


def _row(value: Any) -> dict[str, Any] | str:
    if isinstance(value, dict):
        return value
    return f": expected an object with the fields of a case, got {type(value).__name__}"


# Numbers stay as they are spelt: 0.10 is not 0.1 to somebody who judges answers.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)

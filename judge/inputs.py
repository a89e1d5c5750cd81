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
_LISTS = ("responses", "references")
Row = tuple[int, dict[str, Any]]


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

    def survey(self, problem: Callable[[Case], str | None] = lambda case: None, *, keep: int = 20) -> Survey:
        """Read everything once; `problem` says why a case cannot be judged. The first `keep` bad rows are kept."""
        cases, bad, bad_count = 0, [], 0
        for item in self._checked(problem):
            if isinstance(item, Case):
                cases += 1
            else:
                bad_count += 1
                if len(bad) < keep:
                    bad.append(item)
        return Survey(cases, tuple(bad), bad_count)

    def cases(self, problem: Callable[[Case], str | None] = lambda case: None) -> Iterator[Case]:
        """Yield the cases that `survey` counted."""
        return (item for item in self._checked(problem) if isinstance(item, Case))

    def _checked(self, problem: Callable[[Case], str | None]) -> Iterator[Case | Bad]:
        seen = _Seen()
        for line, row in self._rows(self._path):
            item = _case(line, row, self.name) if "" not in row else Bad(line, str(row[""]))
            if isinstance(item, Case):
                if first := seen.before(item.id, line):
                    what = f"the id {item.id!r}" if row.get("id") is not None else "the same case without an id"
                    item = Bad(line, f"{self.name}, line {line}: {what} was already on line {first}")
                elif why := problem(item):
                    item = Bad(line, f"{self.name}, line {line}: {why}")
            yield item


class _Seen:
    """Which ids were read, on the disk: exact, and small in memory for any number of them."""

    def __init__(self) -> None:
        self._ids = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._ids.execute("CREATE TABLE ids (id TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._ids.execute("BEGIN")

    def before(self, id: str, line: int) -> int | None:
        """Return the line on which an id stood before, if it did."""
        if self._ids.execute("INSERT OR IGNORE INTO ids VALUES (?, ?)", (id, line)).rowcount:
            return None
        found: int = self._ids.execute("SELECT line FROM ids WHERE id = ?", (id,)).fetchone()[0]
        return found


def _case(line: int, row: dict[str, Any], name: str) -> Case | Bad:
    fields, tags = {}, dict(row.get("tags") or {}) if isinstance(row.get("tags"), dict | None) else row["tags"]
    for key, value in row.items():
        if key in _FIELDS:
            fields[key] = value
        elif meant := get_close_matches(key, _FIELDS, n=1, cutoff=0.8):
            return Bad(line, f"{name}, line {line}: unknown field {key!r}. Did you mean {meant[0]!r}?")
        else:
            tags[key] = value
    if tags:
        fields["tags"] = tags
    fields.setdefault("kind", "answer")
    try:
        return Case.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the row"
        if where == "responses" and first["type"] == "missing":
            return Bad(line, f"{name}, line {line}: field 'response' is missing")
        got = f", got {first['input']!r}"[:120] if first["type"] not in ("missing", "value_error") else ""
        return Bad(line, f"{name}, line {line}, field {where!r}: {first['msg']}{got}")


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
                yield line, _parsed(path, line, raw)


def _parsed(path: Path, line: int, raw: bytes) -> dict[str, Any]:
    try:
        return _row(path, line, _DECODER.decode(raw.decode("utf-8-sig" if line == 1 else "utf-8").strip()))
    except UnicodeDecodeError as error:
        return _broken(path, line, f"not UTF-8 (byte {error.start})")
    except (ValueError, RecursionError) as error:
        return _broken(path, line, f"not JSON: {error}")


def _json(path: Path) -> Iterator[Row]:
    """Yield the elements of one top-level array (or the one object), reading as much as is needed for each."""
    with path.open(encoding="utf-8-sig") as file:
        buffer, number, started = "", 0, False
        while True:
            buffer = buffer.lstrip(" \t\r\n,") if started else buffer.lstrip()
            if not started and buffer.startswith("["):
                buffer, started = buffer[1:], True
                continue
            if started and buffer.startswith("]"):
                return
            try:
                value, end = _DECODER.raw_decode(buffer) if buffer else (None, 0)
                complete = end > 0 and (end < len(buffer) or not started)
            except (ValueError, RecursionError) as error:
                complete, problem = False, str(error)
            else:
                problem = "the array does not end"
            if complete:
                number += 1
                yield number, _row(path, number, value)
                buffer = buffer[end:]
                if not started:
                    return
            elif chunk := file.read(max(1 << 16, len(buffer))):
                buffer += chunk
            else:
                yield number + 1, _broken(path, number + 1, f"not JSON: {problem}")
                return


def _csv(path: Path, *, delimiter: str) -> Iterator[Row]:
    csv.field_size_limit(1 << 30)
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=delimiter, restkey="\0more")
        try:
            for row in reader:
                line = reader.line_num
                if "\0more" in row:
                    yield line, _broken(path, line, f"more fields than the header has columns ({len(reader.fieldnames or ())})")
                    continue
                yield line, _lists({key: value for key, value in row.items() if key and value not in (None, "")}, path, line)
        except (csv.Error, UnicodeDecodeError) as error:
            yield reader.line_num + 1, _broken(path, reader.line_num + 1, f"not CSV: {error}")


def _lists(row: dict[str, Any], path: Path, line: int) -> dict[str, Any]:
    """Return a CSV row with its list columns, which hold JSON arrays, read."""
    for key in _LISTS:
        if key in row:
            try:
                row[key] = _DECODER.decode(row[key])
            except ValueError:
                return _broken(path, line, f"field {key!r} has to be a JSON array such as [\"a\", \"b\"]")
    row.setdefault("response", "") if "responses" not in row else None
    return row


def _parquet(path: Path) -> Iterator[Row]:
    try:
        import pyarrow.parquet as parquet
    except ImportError:
        raise InputError("reading Parquet needs an extra: pip install 'equijudge[parquet]'") from None
    number = 0
    try:
        for batch in parquet.ParquetFile(path).iter_batches(batch_size=1000):
            for row in batch.to_pylist():
                number += 1
                yield number, {key: _plain(value) for key, value in row.items() if value is not None}
    except OSError as error:
        yield number + 1, _broken(path, number + 1, f"not Parquet: {error}")


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if isinstance(value, str | bool | dict) else str(value)


def _row(path: Path, line: int, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return value
    return _broken(path, line, f"expected an object with the fields of a case, got {type(value).__name__}")


def _broken(path: Path, line: int, problem: str) -> dict[str, Any]:
    return {"": f"{path}, line {line}: {problem}"}


# Numbers stay as they are spelt: 0.10 is not 0.1 to somebody who judges answers.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)

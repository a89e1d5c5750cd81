"""Rows from files: JSON lines, a JSON array, CSV and Parquet, each in no more memory than a row needs.

Numbers keep the spelling they have in the file: 0.10 is not 0.1 to somebody who judges answers.
"""

from __future__ import annotations

import codecs
import csv
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from judge.errors import InputError

Row = tuple[int, dict[str, Any] | str]  # a line (element, row) with its fields, or with what is wrong with it
_CHUNK = 1 << 16
_NESTED = {"responses": 'array such as ["a", "b"]', "references": 'array such as ["a", "b"]', "tags": "object"}


def reader(path: Path, name: str) -> tuple[str, Callable[[Path], Iterator[Row]]]:
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

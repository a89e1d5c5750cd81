"""Rows from files: JSON lines, CSV and Parquet in no more memory than a row needs, a JSON array whole.

Numbers keep the spelling they have in the file: 0.10 is not 0.1 to somebody who judges answers. Those inside ``inputs``
are numbers.
"""

from __future__ import annotations

import codecs
import csv
import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from judge.errors import InputError

Row = tuple[int, dict[str, Any] | str]  # a line (element, row) with its fields, or with what is wrong with it
JSON_BYTES = 256 << 20  # of a .json file: as objects it takes several times as much memory
_LIST = 'array such as ["a", "b"]'
_NESTED = {"responses": _LIST, "references": _LIST, "tags": "object", "inputs": "object"}


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


def read_json(text: str) -> Any:
    """Return JSON with its numbers as numbers. Raises ValueError for what is none, RecursionError for what is too deep.

    Not covered: NaN and numbers that are too large become floats, which `finite` tells.
    """
    return _NUMBERS.decode(text)


def finite(value: Any) -> bool:
    """Return whether all numbers in plain data are. Raises RecursionError."""
    if isinstance(value, dict):
        return all(map(finite, value.values()))
    if isinstance(value, list | tuple):
        return all(map(finite, value))
    return not isinstance(value, float) or math.isfinite(value)


def _parsed(raw: bytes) -> dict[str, Any] | str:
    try:
        text = raw.decode("utf-8")
        row = _DECODER.decode(text)
        if isinstance(row, dict) and "inputs" in row:  # the same again, for their numbers
            row["inputs"] = read_json(text)["inputs"]
        return _row(row)
    except UnicodeDecodeError as error:
        return f": not UTF-8 (byte {error.start})"
    except json.JSONDecodeError as error:
        return f": not JSON: {error.msg} at column {error.colno}"
    except (ValueError, RecursionError) as error:
        return f": not JSON: {error}"


def _json(path: Path) -> Iterator[Row]:
    """Yield the elements of one top-level array, or the one object. The file is read whole, unlike all others.

    Raises InputError for a file that is not JSON: nothing of it can be judged.
    """
    if (size := path.stat().st_size) > JSON_BYTES:
        raise InputError(
            f"{str(path)!r} has {size >> 20} MiB, and a .json file is read whole, up to {JSON_BYTES >> 20} MiB: "
            "write one object a line into a .jsonl file, which may have any size"
        )
    text = path.read_text(encoding="utf-8-sig", errors="surrogateescape")
    try:
        value = _DECODER.decode(text)
        _with_numbers(value, text)
    except json.JSONDecodeError as error:
        hint = " (one object a line belongs in a .jsonl file)" if error.msg == "Extra data" else ""
        where = f"at line {error.lineno}, column {error.colno}"
        raise InputError(f"{str(path)!r}: not JSON: {error.msg} {where}{hint}") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{str(path)!r}: not JSON: {error}") from None
    for number, element in enumerate(value if isinstance(value, list) else [value], start=1):
        yield number, _row(element)


def _with_numbers(value: Any, text: str) -> None:
    """Give the inputs of every row their numbers."""
    if '"inputs"' not in text:
        return
    again = read_json(text)
    for row, other in zip(value, again, strict=True) if isinstance(value, list) else [(value, again)]:
        if isinstance(row, dict) and "inputs" in row:
            row["inputs"] = other["inputs"]


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
                fields[key] = (_NUMBERS if key == "inputs" else _DECODER).decode(fields[key])
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
                yield (
                    number,
                    _unpacked(
                        {key: _plain(value, numbers=key == "inputs") for key, value in row.items() if value is not None}
                    ),
                )
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        yield number + 1, f": not Parquet: {error}; nothing after it was read"


def _plain(value: Any, *, numbers: bool) -> Any:
    """Return a Parquet value as JSON would hold it, dates as they are written, numbers too or as numbers."""
    if isinstance(value, dict):
        found = {str(key): _plain(item, numbers=numbers) for key, item in value.items()}
        return {key: item for key, item in found.items() if item is not None} if numbers else found
    if isinstance(value, list | tuple):
        return [_plain(item, numbers=numbers) for item in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    if value is None or isinstance(value, str | bool) or (numbers and isinstance(value, int | float)):
        return value
    return str(value)


def _row(value: Any) -> dict[str, Any] | str:
    if isinstance(value, dict):
        return value
    return f": expected an object with the fields of a case, got {type(value).__name__}"


def _integer(text: str) -> int | float:
    return int(text) if len(text) < _MOST_DIGITS else float(text)


_MOST_DIGITS = 4000  # Python reads no more as an integer
# Numbers stay as they are spelt: 0.10 is not 0.1 to somebody who judges answers.
_DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=str)
_NUMBERS = json.JSONDecoder(parse_int=_integer)

"""Rows to grade: an ``item``, which a data set holds, and a ``sample``, which a model said to it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from judge.errors import InputError


class Row(NamedTuple):
    """One row: what templates and programs see of it, and where it stands."""

    id: str
    where: str
    spaces: dict[str, Any]


def read_rows(path: str | Path, *, limit: int | None = None) -> list[Row]:
    """Return the rows of a file of JSON lines, the first `limit` of them. Raises InputError with file and line."""
    try:
        with Path(path).open(encoding="utf-8-sig") as lines:
            rows = list(rows_of(islice(_parsed(lines, str(path)), limit)))
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{str(path)!r} is not UTF-8: {error.reason}") from None
    if not rows:
        raise InputError(f"{str(path)!r} holds no rows to grade")
    return rows


def rows_of(given: Iterable[Any]) -> Iterator[Row]:
    """Yield a row for each object, or each pair of a place and an object; one that is a row already stays as it is.

    ``item`` is the field of that name, or else all of the object but its ``sample``. ``sample`` is an object as the
    service has it (``output_text``, ``output_json``, ``output_tools``, ``choices``), or the text of the response; where
    there is none, ``response`` is. ``id`` names a row, else its number does. Raises InputError for anything else.
    """
    seen: dict[str, str] = {}
    for number, found in enumerate(given, start=1):
        if isinstance(found, Row):
            yield found
            continue
        where, data = found if isinstance(found, tuple) else (f"row {number}", found)
        if not isinstance(data, Mapping):
            raise InputError(f"{where}: expected an object with an item and a sample, got {data!r:.80}")
        name = str(data.get("id") or f"row-{number}")
        if name in seen:
            raise InputError(f"{where}: the id {name!r} is already that of {seen[name]}")
        seen[name] = where
        item = data.get("item", {key: value for key, value in data.items() if key != "sample"})
        if not isinstance(item, Mapping):
            raise InputError(f"{where}: 'item' has to be an object, got {item!r:.80}")
        yield Row(name, where, {"item": dict(item), "sample": _sample(data, where)})


def _parsed(lines: Iterable[str], name: str) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines, start=1):
        if line.strip():
            where = f"{name}, line {number}"
            try:
                yield where, json.loads(line)
            except (ValueError, RecursionError) as error:
                raise InputError(f"{where}: not JSON: {error}") from None


def _sample(data: Mapping[str, Any], where: str) -> dict[str, Any] | None:
    sample = data.get("sample", data.get("response"))
    if sample is None:
        return None
    if isinstance(sample, str):
        sample = {"output_text": sample}
    if not isinstance(sample, Mapping):
        raise InputError(f"{where}: 'sample' has to be an object or a text, got {sample!r:.80}")
    return _completed(dict(sample))


def _completed(sample: dict[str, Any]) -> dict[str, Any]:
    """Return a sample with what follows from the rest: the text of the first choice, the JSON that a text is."""
    if sample.get("output_text") is None:
        try:
            sample["output_text"] = sample["choices"][0]["message"]["content"] or ""
        except (KeyError, IndexError, TypeError):
            return sample
    if "choices" not in sample:
        message = {"role": "assistant", "content": sample["output_text"]}
        sample["choices"] = [{"index": 0, "message": message, "finish_reason": "stop"}]
    if "output_json" not in sample:
        with suppress(ValueError, TypeError, RecursionError):  # most texts are no JSON
            sample["output_json"] = json.loads(sample["output_text"])
    return sample

"""Grader files: one grader, a list of them, or the evaluation or fine-tuning job in which they stand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from judge.errors import ConfigError, nearest
from judge.integrations.graders.records import Grader
from judge.regular import read_regular

_TYPES = {get_args(kind.model_fields["type"].annotation)[0]: kind for kind in get_args(get_args(Grader)[0])}
_ADAPTER: TypeAdapter[Any] = TypeAdapter(Grader)
_PLACES = ("grader", "testing_criteria", "reinforcement", "method")  # where a job or an evaluation keeps its graders


def read(path: str | Path) -> tuple[Grader, ...]:
    """Return the graders of a file. Raises ConfigError that names the file, the field and what is wrong with it."""
    try:
        text = read_regular(Path(path)).decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"grader file {str(path)!r} cannot be read: {error}") from None
    return read_text(text, where=str(path))


def read_text(text: str, *, where: str = "the grader") -> tuple[Grader, ...]:
    """Return the graders of a JSON text; `where` begins the message of an error."""
    try:
        found = _graders_in(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: not JSON: {error}") from None
    if not found:
        raise ConfigError(f"{where}: holds no grader: expected an object with a 'type', one of {', '.join(_TYPES)}")
    graders = tuple(
        _grader(one, where if len(found) == 1 else f"{where}, grader {n}") for n, one in enumerate(found, 1)
    )
    names = [grader.name for grader in graders]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise ConfigError(f"{where}: two graders are called {twice!r}: their scores could not be told apart")
    return graders


def _graders_in(data: Any) -> list[Any]:
    if isinstance(data, list):
        return data
    if not isinstance(data, dict):
        return []
    for place in _PLACES:
        if data.get("type") not in _TYPES and isinstance(data.get(place), dict | list):
            return _graders_in(data[place])
    return [data] if "type" in data else []


def _grader(data: Any, where: str) -> Grader:
    kind = data.get("type") if isinstance(data, dict) else None
    if kind not in _TYPES:
        raise ConfigError(f"{where}: unknown type {kind!r}.{nearest(str(kind), _TYPES)} Known: {', '.join(_TYPES)}")
    try:
        grader: Grader = _ADAPTER.validate_python(data)
    except ValidationError as error:
        raise ConfigError(f"{where}: {_problem(error)}") from None
    return grader if grader.name else grader.model_copy(update={"name": kind})


def _problem(error: ValidationError) -> str:
    """Return the first problem in words: the field without the types that Pydantic puts into its path."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"] if part not in _TYPES)
    if first["type"] == "extra_forbidden":
        kind = next((_TYPES[part] for part in reversed(first["loc"]) if part in _TYPES), None)
        return f"unknown field {place!r}.{nearest(str(first['loc'][-1]), kind.model_fields if kind else ())}"
    if first["type"] == "missing":
        return f"field {place!r} is missing"
    said = str(first["ctx"]["error"]) if first["type"] == "value_error" else first["msg"]
    return f"field {place!r}: {said}" if place else said

"""What a case brings besides texts, as a panel sees it: each input as a text of bounded length, with what it is."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from judge import kinds
from judge.files import File
from judge.types import Case

_NO_WORD = re.compile(r"\W")
_LONGEST = 8_000  # characters of one input that are shown
_READ = 2**20  # bytes of a file that is read for that, at each vote


class Shown(NamedTuple):
    """One input: its name, what its kind says it is, and its text; ``note`` says what of it is not shown."""

    name: str
    about: str
    text: str
    note: str = ""


def shown_inputs(case: Case) -> tuple[Shown, ...]:
    """Return the inputs of a case in the order of its kind. Raises InputError for a file that changed or is gone."""
    if not case.inputs:
        return ()
    kind = kinds.find(case.kind)
    about = {one.name: one.about for one in kind.inputs} if kind else {}
    names = [*(name for name in about if name in case.inputs), *(name for name in case.inputs if name not in about)]
    return tuple(_shown(name, about.get(name, ""), case.inputs[name]) for name in names)


def hints_for(kind: str) -> tuple[kinds.Input, ...]:
    """Return what may be proposed to the evaluators of a kind."""
    found = kinds.find(kind)
    return found.hints if found else ()


def _shown(name: str, about: str, value: Any) -> Shown:
    tag = _NO_WORD.sub("_", name)[:40]  # a kind may allow names that nobody vouches for
    text, note = _text(value)
    if len(text) > _LONGEST:
        note = f"Of {len(text):,} characters the first {_LONGEST:,} are shown."
        text = text[:_LONGEST]
    return Shown(tag, about, text, note)


def _text(value: Any) -> tuple[str, str]:
    """Return a value as a text, files by what they hold."""
    if isinstance(value, str):
        return value, ""
    if (file := _file(value)) is None:
        return json.dumps(_with_files(value), ensure_ascii=False), ""
    if file.size > _READ:
        return "", f"It is a file of {file.size:,} bytes, too large to be shown."
    try:
        return file.read().decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", f"It is a file of {file.size:,} bytes that is no text."


def _with_files(value: Any) -> Any:
    if _file(value) is not None:
        text, note = _text(value)
        return text or note
    if isinstance(value, Mapping):
        return {key: _with_files(inner) for key, inner in value.items()}
    return [_with_files(inner) for inner in value] if isinstance(value, list | tuple) else value


def _file(value: Any) -> File | None:
    if not isinstance(value, Mapping) or set(value) != {"path", "sha256", "size"}:
        return None
    try:
        return File.model_validate(value)
    except ValidationError:
        return None

"""What the marks of a test say, checked while tests are collected. Imports nothing that judges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from judge.panel.rubric import Rubric
    from judge.protocols import Model

_KNOWN = ("rubric", "model", "votes", "threshold")
# What an object has that is one, told without an import.
_HAS = {"model": "generate", "rubric": "labels"}


class Marked(NamedTuple):
    """The marks ``judge`` of a test put together; None where they say nothing."""

    rubric: str | Rubric | list[str | Rubric] | None = None
    model: str | Model | list[str | Model] | None = None
    votes: int | None = None
    threshold: float | None = None


def marked(item: pytest.Item) -> Marked:
    """Return what the marks say; of several the nearest one counts, setting by setting. Raises UsageError."""
    said: dict[str, Any] = {}
    for mark in item.iter_markers("judge"):
        if mark.args:
            raise pytest.UsageError(f"pytest.mark.judge takes no positional arguments, got {mark.args!r}")
        for name, value in mark.kwargs.items():
            _check(name, value)
            said.setdefault(name, value)
    return Marked(**said)


def file_of_cases(item: pytest.Item) -> str | None:
    """Return the file that the mark ``judge_cases`` names. Raises UsageError."""
    mark = item.get_closest_marker("judge_cases")
    if mark is None:
        return None
    if len(mark.args) != 1 or mark.kwargs:
        raise pytest.UsageError("judge_cases takes the path of one file, as in judge_cases('cases.jsonl')")
    return str(mark.args[0])


def _check(name: str, value: Any) -> None:
    if name not in _KNOWN:
        from judge.errors import nearest

        raise pytest.UsageError(
            f"pytest.mark.judge has no {name!r}.{nearest(name, _KNOWN)} It has: {', '.join(_KNOWN)}"
        )
    if name in _HAS:
        several = value if isinstance(value, list | tuple) else [value]
        if not several or not all(hasattr(one, _HAS[name]) or (isinstance(one, str) and one) for one in several):
            raise pytest.UsageError(f"pytest.mark.judge({name}={value!r}): expected a name, a {name} object or a list")
    if name == "votes" and not (isinstance(value, int) and value >= 1):
        raise pytest.UsageError(f"pytest.mark.judge(votes={value!r}): expected a whole number from 1 on")
    if name == "threshold" and not isinstance(value, int | float):
        raise pytest.UsageError(f"pytest.mark.judge(threshold={value!r}): expected a number")

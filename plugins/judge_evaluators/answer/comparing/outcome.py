"""What a comparison says, and the words to say it in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from judge import Basis
from judge.types import STRENGTH
from judge_evaluators.answer.reading.values import Value


class Comparison(NamedTuple):
    """An outcome with its reason; `witness` is the point or the component where the two differ."""

    outcome: Literal["correct", "incorrect", "undecided"]
    basis: Basis
    because: str
    witness: str = ""


Compare = Callable[[Value, Value], Comparison]


def correct(basis: Basis, because: str) -> Comparison:
    """Return that they are the same."""
    return Comparison("correct", basis, because)


def incorrect(basis: Basis, because: str, witness: str = "") -> Comparison:
    """Return that they differ."""
    return Comparison("incorrect", basis, because, witness or because)


def undecided(because: str) -> Comparison:
    """Return that it is left to others."""
    return Comparison("undecided", "rule", because)


def worst(parts: list[Comparison]) -> Comparison:
    """Return the comparison of a whole from those of its parts: an `incorrect` part decides, then an undecided one."""
    for outcome in ("incorrect", "undecided"):
        for part in parts:
            if part.outcome == outcome:
                return part
    return min(parts, key=lambda part: STRENGTH[part.basis])

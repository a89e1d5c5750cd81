"""Sums numbers; what it is asked otherwise shows what becomes of a program that goes wrong."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import toy
from toy.inside import FIRST
from toy.units import UNIT

Say = Callable[[dict[str, Any]], None]


class Adding:
    """Counts the questions, from 1."""

    def __init__(self) -> None:
        self._count = FIRST - 1

    def __call__(self, question: Mapping[str, Any], say: Say) -> Any:
        self._count += 1
        if "do" in question:
            return _WAYS[question["do"]](say)
        return {"total": sum(question["numbers"]), "unit": UNIT, "count": self._count}


def _endless(say: Say) -> None:
    say({"total": 1, "count": 0})
    say({"total": 2, "count": 0})
    sys.stdout.write('\n{"partial": {"total": 3, "cou')
    sys.stdout.flush()
    while True:
        pass


def _noisy(_: Say) -> dict[str, Any]:
    sys.stdout.write('a library says\n{"answer": {"total": 5, "count": 5}}\n{broken\n[1]\nand leaves a line open')
    return {"total": 7, "count": 0}


def _forged(say: Say) -> None:
    say({"total": "many", "count": 0})
    sys.stdout.write('\n{"partial": ' + "[" * 50_000)
    raise LookupError("nothing is left")


_WAYS: dict[str, Callable[[Say], Any]] = {
    "endless": _endless,
    "noisy": _noisy,
    "forged": _forged,
    "raise": lambda _: 1 // 0,
    "leave": lambda _: os._exit(3),
    "another type": lambda _: {"total": "many", "count": 0},
    "what JSON cannot hold": lambda _: {1, 2},
    "no answer": lambda _: None,
    "flood": lambda _: {"total": 0, "count": 0, "unit": "x" * 10**7},
    "hoard": lambda _: [0] * 10**9,
    "read": lambda _: {"total": int(Path("given.txt").read_text(encoding="ascii")), "count": 0},
    "where": lambda _: {"total": 0, "count": 0, "unit": f"{toy.__doc__} {'colorsys' in sys.modules}"},
}

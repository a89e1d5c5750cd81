"""Shipped with a program of ours: hands it each question, and writes what it says as lines of JSON.

An answer that is partial is written at once, so that a run which is killed has still said what it knew.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from typing import Any

Say = Callable[[Any], None]
Answering = Callable[[Any, Say], Any]


def begin(start: str) -> Answering:
    """Return what answers: ``module:name`` is called once, without arguments."""
    module, _, name = start.partition(":")
    answering: Answering = getattr(importlib.import_module(module), name)()
    _write("begun", start)
    return answering


def answer(answering: Answering, question: str) -> None:
    """Write the answer to one question, after those that were only partial."""
    _write("answer", answering(json.loads(question), lambda partial: _write("partial", partial)))


def _write(kind: str, content: Any) -> None:
    sys.stdout.write(f"\n{json.dumps({kind: content})}\n")  # a line of its own, whatever a library has printed
    sys.stdout.flush()

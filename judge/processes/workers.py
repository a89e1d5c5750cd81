"""Evaluators in child processes, in batches, each check under a deadline: the wall between a text and this process.

A child that misses a deadline or dies is killed with all its children and replaced. The evaluator in which that
happened is ``undecided`` with the cause, and all else goes on: the other evaluators of that case, the other cases.
Evaluators are sent by pickle, from this process to its own child.
"""

from __future__ import annotations

import base64
import json
import pickle
import threading
from collections.abc import Sequence
from itertools import groupby
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import PydanticSerializationError

from judge.errors import SandboxDown
from judge.plain import digest
from judge.processes.child import Gone, Late, Step, serve
from judge.processes.collector import loading
from judge.processes.consulting import Asked, Terms, consult, failed
from judge.processes.crew import crew
from judge.protocols import Evaluator
from judge.sandbox.sandbox import withhold
from judge.types import Finding, Record


class Workers:
    """Some evaluators, asked in the children that this process has. Thread-safe; a check ends at the deadline."""

    def __init__(self, evaluators: Sequence[Evaluator], terms: Terms) -> None:
        self.evaluators = tuple(evaluators)
        self.terms = terms
        self.pickled = base64.b64encode(pickle.dumps((self.evaluators, terms)))
        self.key = digest(self.pickled.decode())[:16].encode()

    def consult(self, asked: Sequence[Asked], *, size: int | None = None) -> list[dict[str, Finding]]:
        """Return for each case what is known of it and what the evaluators find, by name.

        `size` children work on it, by default as many as there are cores. Raises SandboxDown.
        """
        tasks = [_Task(self, one) for one in asked]
        crew(size).work(tasks)
        return [task.result() for task in tasks]


def sendable(evaluator: Evaluator) -> bool:
    """Return whether a child could load an evaluator: not one whose class is in a script that runs, or a function."""
    if type(evaluator).__module__ == "__main__":
        return False
    try:
        pickle.dumps(evaluator)
    except Exception:  # noqa: BLE001 - how an evaluator is pickled is foreign code
        return False
    return True


def grouped(evaluators: Sequence[Evaluator], *, terms: Terms, here: bool) -> list[Workers | tuple[Evaluator, ...]]:
    """Return evaluators that are asked in the same place and one after the other together: children, or this thread."""

    def in_children(evaluator: Evaluator) -> bool:
        if evaluator.runs == "sandbox" or (here and evaluator.runs == "here"):
            return False
        return sendable(evaluator)

    grouped = ((children, tuple(group)) for children, group in groupby(evaluators, in_children))
    return [Workers(group, terms) if children else group for children, group in grouped]


class _Found(Record):
    """What a child answers; `down` where code cannot be isolated, which no other case can help."""

    findings: dict[str, Finding]
    down: str | None = None


class _Task:
    """One case on its way to a child and back."""

    def __init__(self, workers: Workers, asked: Asked) -> None:
        self.key = workers.key
        self.within = workers.terms.deadline_s
        self._workers = workers
        self._asked = asked
        self._findings = asked.known
        self._error: Exception | None = None
        self._lost = 0  # children that died before they began
        self._done = threading.Lock()
        self._done.acquire()
        self.line = _dumped(asked)

    def result(self) -> dict[str, Finding]:
        """Wait, and return all findings."""
        with self._done:
            if self._error is not None:
                raise self._error
            return self._findings

    def load(self) -> bytes:
        return self._workers.pickled

    def answered(self, answer: bytes) -> None:
        found = _loaded(_Found, answer)
        if found.down is not None:
            self._error = SandboxDown(found.down)
        self._findings = found.findings
        self._done.release()

    def blamed(self, step: int | None, problem: Late | Gone) -> bool:
        if step is None and not self._lost:
            self._lost = 1  # whatever ended it, this case had not been begun
            return True
        cause = "evaluator_timeout" if isinstance(problem, Late) else "evaluator_crash"
        blamed = self._workers.evaluators
        if step:  # the first, 0, is reading the line
            blamed = blamed[step - 1 : step]
        kind = self._asked.case.kind
        lost = {e.name: failed(cause, f"{e.name} {problem}") for e in blamed if kind in e.kinds}
        self._findings = self._findings | {n: f for n, f in lost.items() if n not in self._findings}
        if step:
            self.line = _dumped(self._asked.model_copy(update={"known": self._findings}))
            return True
        self._done.release()
        return False

    def broke(self, error: Exception) -> None:
        self._error = error
        self._done.release()


_Some = TypeVar("_Some", bound=Record)


def _dumped(record: Record) -> bytes:
    try:
        return record.model_dump_json().encode()
    except PydanticSerializationError:  # halves of characters: JSON can escape them, UTF-8 cannot hold them
        return json.dumps(record.model_dump()).encode()


def _loaded(kind: type[_Some], line: bytes) -> _Some:
    try:
        return kind.model_validate_json(line)
    except ValidationError:
        return kind.model_validate(json.loads(line))


class _Service:
    """What a child does with a line: load evaluators, or ask them."""

    def __init__(self) -> None:
        self._loaded: dict[bytes, tuple[tuple[Evaluator, ...], Terms]] = {}

    def __call__(self, line: bytes, begin: Step) -> bytes:
        order, key, rest = line.split(b" ", 2)
        if order == b"load":
            try:
                with loading():
                    self._loaded[key] = pickle.loads(base64.b64decode(rest))
            except Exception as error:  # noqa: BLE001 - loading foreign code may raise anything; it is reported
                return " ".join(f"{type(error).__name__}: {error}".split()).encode(errors="replace")
            return b"ok"
        asked = _loaded(Asked, rest)
        evaluators, terms = self._loaded[key]
        try:
            found = consult(evaluators, asked, terms=terms, begin=lambda place: begin(place + 1))
        except SandboxDown as error:
            return _dumped(_Found(findings={}, down=str(error)))
        return _dumped(_Found(findings=found))


if __name__ == "__main__":
    withhold("a worker has no sandbox: an evaluator that uses it declares runs = 'sandbox' and is asked beside it")
    serve(_Service())

"""Evaluators in worker processes that can be killed at a deadline.

A worker is this module run as a program. A worker that misses its deadline or dies is killed with all its children
and replaced; what it was asked becomes ``undecided`` with the cause. Evaluators are sent by pickle, from this process
to its own child.
"""

from __future__ import annotations

import base64
import os
import pickle
from typing import Any

from judge.errors import PluginError
from judge.processes.child import Child, Children, Gone, Late, serve
from judge.protocols import Evaluator
from judge.types import Case, Failure, Finding


class Workers:
    """A pool of worker processes, started when needed. Thread-safe; `deadline_s` bounds each check."""

    def __init__(self, *, deadline_s: float = 10.0, size: int | None = None) -> None:
        self.deadline_s = deadline_s
        self._pool = Children(_Worker, size=size or os.cpu_count() or 1)

    def check(self, evaluator: Evaluator, case: Case) -> Finding:
        """Ask an evaluator; a timeout or a crash is ``undecided``."""
        try:
            with self._pool.lend() as worker:
                return worker.check(evaluator, case, deadline_s=self.deadline_s)
        except (Late, Gone) as problem:
            cause = "evaluator_timeout" if isinstance(problem, Late) else "evaluator_crash"
            message = f"{evaluator.name} {problem}"
            return Finding.undecided(message, error=Failure(cause=cause, message=message))

    def close(self) -> None:
        """Kill all workers; a later check starts new ones."""
        self._pool.close()


class _Worker(Child):
    """A child that has some evaluators loaded."""

    def __init__(self) -> None:
        super().__init__("judge.processes.workers")
        self._loaded: set[str] = set()

    def check(self, evaluator: Evaluator, case: Case, *, deadline_s: float) -> Finding:
        if evaluator.name not in self._loaded:
            answer = self.ask({"load": evaluator.name, "pickle": _pickled(evaluator)})
            if answer != "ok":
                raise Gone(f"cannot be loaded in a worker: {answer}")
            self._loaded.add(evaluator.name)
        answer = self.ask({"check": evaluator.name, "case": case.model_dump_json()}, within=deadline_s)
        return Finding.model_validate(answer)


def _pickled(evaluator: Evaluator) -> str:
    try:
        return base64.b64encode(pickle.dumps(evaluator)).decode()
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise _unsendable(evaluator, str(error)) from error


def _unsendable(evaluator: Evaluator, why: str) -> PluginError:
    return PluginError(
        f"evaluator {evaluator.name!r} cannot be sent to a worker process ({why}): define its class in a module, "
        "or set 'bounded = True' on it if its time grows at most linearly with a bounded input"
    )


def ensure_sendable(evaluator: Evaluator) -> None:
    """Raise PluginError, before any work, for an evaluator that a worker could not load."""
    if type(evaluator).__module__ == "__main__":
        raise _unsendable(evaluator, "its class is defined in the script that is running")
    _pickled(evaluator)


class _Service:
    """What a worker does with a request: load an evaluator, or ask one."""

    def __init__(self) -> None:
        self._loaded: dict[str, Evaluator] = {}

    def __call__(self, request: dict[str, Any]) -> Any:
        if "load" in request:
            try:
                self._loaded[request["load"]] = pickle.loads(base64.b64decode(request["pickle"]))
            except Exception as error:  # noqa: BLE001 - loading foreign code may raise anything; it is reported
                return f"{type(error).__name__}: {error}"
            return "ok"
        finding = guarded(self._loaded[request["check"]], Case.model_validate_json(request["case"]))
        return finding.model_dump(mode="json")


def guarded(evaluator: Evaluator, case: Case) -> Finding:
    """Ask an evaluator in this thread; a crash, or a finding it may not give, is ``undecided``."""
    try:
        finding = evaluator.check(case)
        if not isinstance(finding, Finding):
            raise TypeError(f"check() returned {type(finding).__name__}, not a Finding")
    except Exception as error:  # noqa: BLE001 - an evaluator is foreign code; its crash is recorded, not scored
        message = f"{evaluator.name} crashed: {type(error).__name__}: {error}"
        return Finding.undecided(message, error=Failure(cause="evaluator_crash", message=message))
    if finding.outcome != "undecided" and finding.basis not in evaluator.bases.get(finding.outcome, ()):
        message = f"{evaluator.name} said {finding.outcome} by {finding.basis}, which it does not declare"
        return Finding.undecided(message, error=Failure(cause="evaluator_breach", message=message))
    return finding


if __name__ == "__main__":
    serve(_Service())

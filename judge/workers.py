"""Evaluators in worker processes that can be killed at a deadline.

A worker is this module run as a program. It reads one JSON line a request, answers with one, and stops when its
input ends. A worker that misses its deadline or dies is killed with all its children and replaced; what it was asked
becomes ``undecided`` with the cause. Evaluators that are not declared under an entry point are sent by pickle,
from this process to its own child.
"""

from __future__ import annotations

import atexit
import base64
import contextlib
import json
import os
import pickle
import queue
import select
import signal
import subprocess
import sys
import threading
import time
from typing import Any

from judge.errors import PluginError
from judge.protocols import Evaluator
from judge.types import Case, Failure, Finding

_LOADING_S = 60.0  # importing a computer algebra system on a busy machine takes a while
_LONGEST_LINE = 16 * 2**20


class Workers:
    """A pool of worker processes, started when needed. Thread-safe; `deadline_s` bounds each check."""

    def __init__(self, *, deadline_s: float = 10.0, size: int | None = None) -> None:
        self.deadline_s = deadline_s
        self._idle: queue.LifoQueue[_Worker | None] = queue.LifoQueue()
        for _ in range(size or os.cpu_count() or 1):
            self._idle.put(None)  # a place whose worker is started when it is needed
        self._started: set[_Worker] = set()
        self._lock = threading.Lock()
        atexit.register(self.close)

    def check(self, evaluator: Evaluator, case: Case) -> Finding:
        """Ask an evaluator; a timeout or a crash is ``undecided``."""
        worker = self._idle.get()
        try:
            if worker is None or worker.dead:
                worker = _Worker()
                with self._lock:
                    self._started.add(worker)
            return worker.check(evaluator, case, deadline_s=self.deadline_s)
        except (_Late, _Gone) as problem:
            if worker is not None:
                self._drop(worker)
            worker = None  # its place is free for a new one
            cause = "evaluator_timeout" if isinstance(problem, _Late) else "evaluator_crash"
            return Finding.undecided(
                f"{evaluator.name} {problem}",
                error=Failure(cause=cause, message=f"{evaluator.name} {problem}"),
            )
        finally:
            self._idle.put(worker)

    def close(self) -> None:
        """Kill all workers; a later check starts new ones."""
        atexit.unregister(self.close)
        with self._lock:
            started = list(self._started)
        for worker in started:
            self._drop(worker)

    def _drop(self, worker: _Worker) -> None:
        worker.kill()
        with self._lock:
            self._started.discard(worker)


class _Late(Exception):
    """The deadline passed."""


class _Gone(Exception):
    """The worker died."""


class _Worker:
    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "judge.workers"],  # -P: nothing in the user's folder can stand in for judge
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._loaded: set[str] = set()
        self._pending = b""
        try:
            self._tell({"path": sys.path}, within=_LOADING_S)
        except (_Late, _Gone):
            self.kill()
            raise

    def check(self, evaluator: Evaluator, case: Case, *, deadline_s: float) -> Finding:
        if evaluator.name not in self._loaded:
            answer = self._tell({"load": evaluator.name, "pickle": _pickled(evaluator)}, within=_LOADING_S)
            if answer != "ok":
                raise _Gone(f"cannot be loaded in a worker: {answer}")
            self._loaded.add(evaluator.name)
        answer = self._tell(
            {"check": evaluator.name, "case": case.model_dump_json(), "within": deadline_s}, within=deadline_s
        )
        return Finding.model_validate(answer)

    @property
    def dead(self) -> bool:
        return self._process.poll() is not None

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _tell(self, request: dict[str, Any], *, within: float) -> Any:
        """Send a line and wait for one."""
        assert self._process.stdin and self._process.stdout
        end = time.monotonic() + within
        try:
            self._process.stdin.write(json.dumps(request).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise _Gone("died in its worker") from None
        output = self._process.stdout.fileno()
        poll = select.poll()  # which, unlike select, takes any number of open files
        poll.register(output, select.POLLIN)
        while b"\n" not in self._pending:
            left = end - time.monotonic()
            if left <= 0 or not poll.poll(left * 1000):
                raise _Late(f"took longer than {within:g} s and was stopped")
            chunk = os.read(output, 1 << 16)
            if not chunk:
                raise _Gone("died in its worker")
            self._pending += chunk
            if len(self._pending) > _LONGEST_LINE:
                raise _Gone("gave a finding that is too large")
        line, _, self._pending = self._pending.partition(b"\n")
        return json.loads(line)


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


def _serve() -> None:
    """Answer requests until the input ends. Prints of an evaluator go to stderr."""
    requests, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    loaded: dict[str, Evaluator] = {}
    for line in requests:
        request = json.loads(line)
        answer: Any = "ok"
        if "path" in request:
            sys.path[:] = request["path"]
        elif "load" in request:
            try:
                loaded[request["load"]] = pickle.loads(base64.b64decode(request["pickle"]))
            except Exception as error:  # noqa: BLE001 - loading foreign code may raise anything; it is reported
                answer = f"{type(error).__name__}: {error}"
        else:
            # A last resort for a worker whose parent is gone: the kernel ends it, even inside C code.
            signal.setitimer(signal.ITIMER_REAL, request["within"] + 5.0)
            finding = guarded(loaded[request["check"]], Case.model_validate_json(request["case"]))
            signal.setitimer(signal.ITIMER_REAL, 0)
            answer = finding.model_dump(mode="json")
        answers.write(json.dumps(answer).encode() + b"\n")
        answers.flush()


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
    _serve()

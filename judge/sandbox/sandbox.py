"""Sandbox: what the rest of the program runs untrusted code with; and the one that a process shares."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from judge.errors import SandboxDown
from judge.sandbox import asking
from judge.sandbox.jobs import Job, Returned
from judge.sandbox.pool import Pool
from judge.sandbox.records import Completed, Limits, Probe, Result, Tier
from judge.sandbox.session import Session

_DEFAULT = Limits()


class Sandbox:
    """Runs untrusted code in processes of their own, behind walls that were tried before. Thread-safe.

    ``tier=None`` takes the strongest tier whose self-test passes and raises SandboxError where none does; ``unsafe``
    has no walls and must be asked for. At most `size` jobs run at a time (default: one a core); others wait.

    >>> with Sandbox() as sandbox:
    ...     sandbox.run("print('hello'); 6 * 7").value
    '42'
    """

    def __init__(self, *, size: int | None = None, tier: Tier | None = None) -> None:
        self._pool = Pool(tier, size=size or os.cpu_count() or 1)
        self.tier: Tier = self._pool.tier
        self.probes: tuple[Probe, ...] = self._pool.probes
        self.refused: tuple[str, ...] = self._pool.refused  #: stronger ways that were tried first, and why not they

    def run(
        self,
        code_or_argv: str | Sequence[str],
        *,
        files: asking.Files | None = None,
        stdin: bytes | str | None = None,
        limits: Limits = _DEFAULT,
    ) -> Completed:
        """Run Python source (a text) or a program with its arguments (a sequence) in a folder that holds `files`.

        A limit that is exceeded is the answer's `reason`, not an exception. Raises SandboxError where nothing could
        be run, ValueError for files with bad names or more bytes than the disk.
        """
        if isinstance(code_or_argv, str):
            message: dict[str, Any] = {"mode": "python", "code": code_or_argv}
        else:
            message = {"mode": "argv", "argv": asking.program(code_or_argv)}
        job = asking.job(message, files, stdin=stdin, limits=limits)
        return asking.completed(self._once(job, limits, answers=1), limits)

    def apply(
        self,
        function_source: str,
        inputs: Sequence[Sequence[Any]],
        *,
        function: str | None = None,
        limits: Limits = _DEFAULT,
    ) -> list[Result]:
        """Call a candidate's function once for each input, in one process, and return what each call gave.

        `function` None means the last one that is defined at the top level. `limits` hold for all calls together.
        Arguments and results are plain data; results are rebuilt here, so that comparing them runs no code of the
        candidate's. A call that raised has an `error`; one that was not reached has the `reason` that ended the run.
        A candidate keeps its state between calls: to keep one input from the next, give one at a time.
        """
        encoded = [asking.arguments(one) for one in inputs]
        message = {"mode": "apply", "code": function_source, "function": function, "inputs": encoded}
        outcome = self._once(asking.job(message, None, limits=limits), limits, answers=len(encoded) + 1)
        return asking.results(outcome, count=len(encoded))

    def session(self, *, files: asking.Files | None = None, limits: Limits = _DEFAULT) -> Session:
        """Return a context manager whose runs share their names, each run within the limits."""
        return Session(self._pool, files=files, limits=limits)

    def load(self, modules: Iterable[str]) -> None:
        """Have installed modules imported ahead, where they are there: runs that begin later find them loaded, mostly.

        Only for names of ours: they are imported outside of the walls of a run, though inside the outer one.
        """
        self._pool.load(modules)

    def close(self) -> None:
        """End every process. A sandbox that is closed cannot be used again."""
        self._pool.close()

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._pool.closed

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _once(self, job: Job, limits: Limits, *, answers: int) -> Returned:
        with self._pool.turn():
            conversation = self._pool.converse()
            try:
                return conversation.ask(job, limits, answers=answers)
            finally:
                conversation.close()


_shared: Sandbox | None = None
_unsafe = False
_sharing = threading.Lock()
_failed = 0  # how often none could be made
_why = ""  # the last time


def shared() -> Sandbox:
    """Return this process's own sandbox, made at the first use. Raises SandboxDown where none can be had.

    Threads that ask at once wait for one start; if it fails, it fails for all of them, and is tried again later only.
    """
    global _shared, _failed, _why
    known = _failed
    with _sharing:
        if _shared is not None and not _shared.closed:
            return _shared
        if _failed > known:
            raise SandboxDown(_why)
        try:
            _shared = Sandbox(tier="unsafe" if _unsafe else None)
        except SandboxDown as error:
            _failed, _why = _failed + 1, str(error)
            raise
        return _shared


def is_unsafe() -> bool:
    """Whether code runs without any wall, because somebody typed that they want it."""
    return _unsafe


def allow_unsafe() -> None:
    """From now on `shared` runs code without any wall. Only for who typed that they want it."""
    global _unsafe, _shared
    with _sharing:
        _unsafe = True
        _shared, old = None, _shared
    if old is not None:
        old.close()


def _after_fork() -> None:
    global _sharing
    _sharing = threading.Lock()  # another thread of the parent may have held it


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)

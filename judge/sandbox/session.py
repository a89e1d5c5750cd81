"""A session: snippets that share their names, in one process that lives until it is closed or exceeds a limit."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from judge.errors import SandboxError
from judge.sandbox import asking
from judge.sandbox.jobs import Conversation
from judge.sandbox.pool import Pool
from judge.sandbox.records import Completed, Limits


class Session:
    """Made by `Sandbox.session`. Use it as a context manager, from one thread at a time."""

    def __init__(self, pool: Pool, *, files: asking.Files | None, limits: Limits) -> None:
        self._pool, self._limits = pool, limits
        self._files = files
        self._owner = os.getpid()
        self._conversation: Conversation | None = None
        self._over = ""

    def run(self, code: str) -> Completed:
        """Run Python source with the names of the runs before. Raises SandboxError once a run has ended the session."""
        if self._owner != os.getpid():
            self._over = "it was opened before this process was forked"
            self._conversation = None
        if self._over:
            raise SandboxError(f"the session is over: {self._over}")
        job = asking.job({"mode": "session", "code": code}, self._files, limits=self._limits)
        self._files = None
        outcome = None
        try:
            with self._pool.turn():
                if self._conversation is None:
                    self._conversation = self._pool.converse()
                outcome = self._conversation.ask(job, self._limits, answers=1)
        finally:
            if outcome is None:
                self._end("an earlier run could not be finished")
        if outcome.reason:
            self._end(f"an earlier run was ended by a limit: {outcome.reason}")
        elif not outcome.answers:
            self._end(f"an earlier run ended the process (exit {outcome.exit})")
        elif self._conversation is not None:
            self._conversation.rest()
        return asking.completed(outcome, self._limits)

    def close(self) -> None:
        """End the session's process."""
        self._end("it is closed")

    def _end(self, why: str) -> None:
        self._over = self._over or why
        conversation, self._conversation = self._conversation, None
        if conversation is not None:
            conversation.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

"""A model that answers from a record, byte for byte: no network, no other answer than the one that was given."""

from __future__ import annotations

from collections.abc import Callable

from judge.errors import ModelError
from judge.types import Exchange, Reply, Request


class ReplayModel:
    """Answers each request with what `lookup` finds for it; a recorded failure fails again with its cause."""

    def __init__(self, name: str, lookup: Callable[[Request], Exchange | None], *, native_tools: bool) -> None:
        self.name = name
        self._lookup = lookup
        self._native = native_tools

    def generate(self, request: Request, /) -> Reply:
        """Return the recorded reply. Raises ModelError with the recorded cause, or ``not_recorded``."""
        exchange = self._lookup(request)
        if exchange is None:
            raise ModelError(
                f"the run holds no reply to this request of {self.name!r} (case {request.case_id!r}, turn "
                f"{request.turn}): the case, the rubric or a setting is not the same",
                cause="not_recorded",
            )
        if exchange.reply is not None:
            return exchange.reply
        assert exchange.failure is not None
        raise ModelError(exchange.failure.message, cause=exchange.failure.cause)

    def score(self, request: Request, /) -> Reply:
        """Return the recorded probabilities of labels."""
        return self.generate(request)

    def native_tools(self) -> bool:
        """Return whether the recorded requests carried tools."""
        return self._native

"""What is said between judge and model, in no server's dialect, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

from pydantic import JsonValue

from judge.plain import digest
from judge.types.finding import Failure, Finding
from judge.types.record import Record
from judge.types.verdict import Usage, Verdict, Vote


class ToolSpec(Record):
    """A tool as a model sees it: ``parameters`` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: dict[str, JsonValue]


class ToolCall(Record):
    """A model's wish to call a tool. ``arguments`` is the raw text it gave, which may not be JSON at all."""

    id: str
    name: str
    arguments: str


class Message(Record):
    """One message of a conversation; ``call_id`` says which call a ``tool`` message answers."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    call_id: str | None = None


class Request(Record):
    """One call to a model, in no server's dialect.

    ``output`` is the JSON schema that the reply must match; with ``tools`` the model must call one of them.
    ``case_id`` and ``turn`` say who asks; they are never sent to a server and are not part of the digest.
    """

    messages: tuple[Message, ...]
    output: dict[str, JsonValue] | None = None
    tools: tuple[ToolSpec, ...] = ()
    temperature: float | None = None
    seed: int | None = None
    max_tokens: int = 1024
    case_id: str = ""
    turn: int = 0

    def body(self) -> str:
        """Return everything that could change the reply, as JSON."""
        return self.model_dump_json(exclude={"case_id", "turn"})

    @property
    def digest(self) -> str:
        """A hash of the body."""
        return digest(self.body())


class Reply(Record):
    """What a model said: its text as it came, the tools it wants to call, and what the call cost.

    ``notes`` say where the call differed from the request, as when a server takes no schema or no temperature.
    """

    text: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    usage: Usage = Usage()
    notes: tuple[str, ...] = ()


class Exchange(Record):
    """One request with what came of it: a reply, or the failure that was recorded."""

    vote: int
    turn: int
    member: str
    request: Request
    reply: Reply | None = None
    failure: Failure | None = None


class Deliberation(NamedTuple):
    """A vote and every exchange that led to it; and what evaluators proved on the way, by name, by its hints."""

    vote: Vote
    exchanges: tuple[Exchange, ...]
    proved: Mapping[str, Finding] = {}


class Decided(NamedTuple):
    """A verdict with the exchanges that led to it."""

    verdict: Verdict
    exchanges: tuple[Exchange, ...]

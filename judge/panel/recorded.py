"""Votes under a rubric as a run file holds it: nothing that the file names is imported.

A rubric may name a class that checks its votes (``schema: module:Class``), and a run file may come from a stranger.
Where an installed plugin has the very same rubric, its class is the one that is used. Otherwise a vote is asked for by
the schema on record; a reply that the class refused then is refused again, with the same words, and what an accepted
one says beyond its label is taken as it is. That it matches the schema is not checked again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise

from pydantic import JsonValue

from judge.errors import VoteError
from judge.panel.actions import Cast, Form, Way, complaint_of
from judge.panel.agent import Seat
from judge.panel.ballots import recorded_ballot
from judge.panel.rubric import Rubric, installed
from judge.protocols import Model, Tool
from judge.types import Exchange, Failure, Member, Reply, ToolCall, Vote

_NO_TEMPLATE = "{% block system %}{% endblock %}{% block user %}(on record){% endblock %}"

#: What was wrong with a reply, by the reply.
Refused = Mapping[str, Failure]


def rubric_on_record(
    name: str, text: str, *, schema: Mapping[str, JsonValue], rendered: bool = True
) -> tuple[Rubric, bool]:
    """Return a rubric, and whether its votes are taken as they are because its class is not imported.

    One that is not `rendered` keeps its front matter alone. Raises RubricError for a text that is no rubric.
    """
    parsed = text if rendered else _without_template(text)
    rubric = Rubric.parse(name, parsed, ballot=recorded_ballot(schema))
    if rubric.schema is None or installed(name) == text:
        return Rubric.parse(name, parsed), False
    return rubric, True


def _without_template(text: str) -> str:
    return "---\n".join([*text.split("---\n", 2)[:2], _NO_TEMPLATE])


def refusals(exchanges: Iterable[Exchange], vote: Vote) -> dict[str, Failure]:
    """Return which replies that led to a vote were refused: those that the next request complains about, and the last
    one of a vote that failed by its form.
    """
    said = [exchange for exchange in exchanges if exchange.vote == vote.index]
    found = {}
    for exchange, after in pairwise(said):
        problem = complaint_of(after.request.messages[-1])
        if exchange.reply is not None and problem is not None:
            found[_key(exchange.reply)] = Failure(cause="bad_schema", message=problem)
    if said and said[-1].reply is not None and vote.error is not None and vote.error.cause == "bad_schema":
        found[_key(said[-1].reply)] = vote.error
    return found


class SeatOnRecord(Seat):
    """A seat whose votes are taken as they are, but for the replies that were refused."""

    def __init__(
        self, member: Member, model: Model, rubric: Rubric, tools: Mapping[str, Tool], *, refused: Refused
    ) -> None:
        super().__init__(member, model, rubric, tools)
        self._refused = refused

    @cached_property
    def form(self) -> Form:
        """How this seat votes."""
        return _FormOnRecord(self.rubric, list(self.tools.values()), way=self.way(), refused=self._refused)


class _FormOnRecord(Form):
    def __init__(self, rubric: Rubric, tools: Sequence[Tool], *, way: Way, refused: Refused) -> None:
        super().__init__(rubric, tools, way=way)
        self._refused = refused

    def read(self, reply: Reply, *, quotable: Sequence[str] = ()) -> Cast | tuple[ToolCall, ...]:
        found = super().read(reply, quotable=quotable)  # what it refuses itself it refuses again
        if isinstance(found, Cast) and (refused := self._refused.get(_key(reply))):
            raise VoteError(refused.message, cause=refused.cause)
        return found


def _key(reply: Reply) -> str:
    return reply.model_dump_json(include={"text", "tool_calls"})

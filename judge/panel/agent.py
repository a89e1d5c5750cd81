"""One panel member, one case: render, ask, run the tools it calls, record evidence, until a vote validates.

Where a program proves the case by what the model proposed, no vote is waited for: the proof is one.

Everything is bounded: the number of steps, of repairs, of tokens in a reply, of characters from a tool. What goes
wrong is recorded with its cause and makes the vote an abstention; only ModelDown and SandboxDown, which no case can
help, are raised.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property

from pydantic import Field

from judge.errors import ModelDown, ModelError, RubricError, SandboxDown, ToolError, VoteError
from judge.panel.actions import VOTE, Cast, Form, Way, arguments_of, is_object, shortened
from judge.panel.rubric import Rubric
from judge.panel.toolbox import Toolbox
from judge.protocols import CallsTools, Consults, Model, Tool
from judge.text.cleaning import clean
from judge.types import (
    Case,
    Deliberation,
    Evidence,
    Exchange,
    Failure,
    Finding,
    Member,
    Message,
    Record,
    Reply,
    Request,
    ToolCall,
    Usage,
    Vote,
    total,
)


class Bounds(Record):
    """How much one vote may take: model turns, invalid replies, tokens in a reply; characters from a tool, and
    tool calls in one reply.
    """

    steps: int = Field(default=8, ge=1)
    repairs: int = Field(default=2, ge=0)
    max_tokens: int = Field(default=1024, ge=1)
    tool_chars: int = Field(default=4000, ge=100)
    calls: int = Field(default=8, ge=1)


class Seat:
    """A place on a panel: a model with the rubric and the tools it judges by."""

    def __init__(self, member: Member, model: Model, rubric: Rubric, tools: Mapping[str, Tool]) -> None:
        self.member = member
        self.model = model
        self.rubric = rubric
        self.tools = tools

    @cached_property
    def form(self) -> Form:
        """How this seat votes; finding out may ask the model whether it calls tools itself."""
        return Form(self.rubric, list(self.tools.values()), way=self.way())

    def way(self) -> Way:
        """Return how this seat's model votes and calls tools; finding out may ask it."""
        native = isinstance(self.model, CallsTools) and bool(self.tools) and self.model.native_tools()
        return "plain" if not self.tools else "native" if native else "objects"

    def deliberate(
        self, case: Case, *, index: int, seed: int, limits: Bounds, evaluators: Consults | None
    ) -> Deliberation:
        """Return this seat's vote on a case, the `index`-th of its panel. Raises ModelDown and SandboxDown.

        `evaluators` are those that its tools may ask.
        """
        return deliberate(case, self, index=index, seed=seed, limits=limits, evaluators=evaluators)


def deliberate(
    case: Case, seat: Seat, *, index: int, seed: int, limits: Bounds, evaluators: Consults | None = None
) -> Deliberation:
    """Ask for one vote on a case, the `index`-th of its panel. Raises ModelDown and SandboxDown."""
    with Toolbox(seat.tools, case, evaluators) as tools:
        return _deliberate(case, seat, tools, index=index, seed=seed, limits=limits)


def _deliberate(case: Case, seat: Seat, tools: Toolbox, *, index: int, seed: int, limits: Bounds) -> Deliberation:
    member = seat.member if seed == seat.member.seed else seat.member.model_copy(update={"seed": seed})
    evidence: list[Evidence] = []
    exchanges: list[Exchange] = []
    failed = Usage()  # what a call that failed has cost
    repairs = 0

    def conclude(
        ballot: Cast | None = None, error: Failure | None = None, proved: Mapping[str, Finding] | None = None
    ) -> Deliberation:
        said = ballot.model_dump() if ballot else {}
        usage = total([failed, *(e.reply.usage for e in exchanges if e.reply)])
        vote = Vote(index=index, member=member, evidence=tuple(evidence), usage=usage, error=error, **said)
        return Deliberation(vote, tuple(exchanges), proved or {})

    try:
        form = seat.form
        messages = _opening(seat.rubric.render(case), form)
    except RubricError as error:
        return conclude(error=Failure(cause="rubric", message=str(error)))
    except ModelDown:
        raise
    except ModelError as error:  # of finding out whether it calls tools
        return conclude(error=_failure(error))

    for turn in range(limits.steps):
        request = Request(
            messages=tuple(messages),
            temperature=member.temperature,
            seed=member.seed,
            max_tokens=limits.max_tokens,
            case_id=case.id,
            turn=turn,
            **form.asks(last=turn == limits.steps - 1),
        )
        try:
            reply = seat.model.generate(request)
            if not isinstance(reply, Reply):
                raise TypeError(f"generate() returned {type(reply).__name__}, not a Reply")
        except ModelDown:
            raise
        except Exception as error:  # noqa: BLE001 - a model may be foreign code; its failure is recorded
            failure = _failure(error)
            if isinstance(error, ModelError) and isinstance(error.usage, Usage):
                failed = error.usage
            exchanges.append(Exchange(vote=index, turn=turn, member=member.model, request=request, failure=failure))
            return conclude(error=failure)
        exchanges.append(Exchange(vote=index, turn=turn, member=member.model, request=request, reply=reply))

        try:
            shown = (*case.responses, *(observed.content for observed in evidence))
            action = form.read(reply, quotable=[clean(text).text for text in shown])
            if isinstance(action, Cast):
                _check_citations(action, evidence)
                return conclude(action)
        except VoteError as error:
            if repairs == limits.repairs:
                return conclude(error=Failure(cause=error.cause, message=str(error)))
            repairs += 1
            messages += [_said(reply), *form.complain(reply, str(error))]
            continue

        messages.append(_said(reply))
        for place, call in enumerate(action):
            offered = tools if place < limits.calls else None
            observed = _call(call, offered, number=len(evidence) + 1, limit=limits.tool_chars)
            evidence.append(observed)
            messages.append(form.answer(call, f"[{observed.id}] {observed.content}", salt=case.digest))
            if (proved := tools.proved) and seat.rubric.grades_answers:
                found = next(iter(proved.values()))
                vote = Cast(reason=found.because, label=found.outcome, cites=(observed.id,) if observed.ok else ())
                return conclude(vote, proved=proved)

    return conclude(error=Failure(cause="steps", message=f"no vote within {limits.steps} steps"))


def _opening(prompt: tuple[Message, ...], form: Form) -> list[Message]:
    """Return the rubric's messages, with what the form needs to say added to the first."""
    if not (instructions := form.instructions()):
        return list(prompt)
    first, *rest = prompt
    return [first.model_copy(update={"content": f"{first.content}\n\n{instructions}"}), *rest]


def _failure(error: Exception) -> Failure:
    if isinstance(error, ModelError):
        return Failure(cause=error.cause, message=str(error))
    return Failure(cause="model_crash", message=f"the model crashed: {type(error).__name__}: {error}")


def _said(reply: Reply) -> Message:
    """Return a reply as a message; servers that read tool arguments choke on what is not JSON."""
    calls = tuple(
        call if is_object(call.arguments) else call.model_copy(update={"arguments": "{}"}) for call in reply.tool_calls
    )
    return Message(role="assistant", content=reply.text, tool_calls=calls)


def _call(call: ToolCall, tools: Toolbox | None, *, number: int, limit: int) -> Evidence:
    """Run one tool. Whatever happens becomes evidence; only a success can be cited. Raises SandboxDown."""
    ok, start = True, time.monotonic()
    try:
        if tools is None:
            raise ToolError("too many calls in one reply; call again for what you still need")
        if call.name == VOTE:
            raise ToolError("vote alone, after you have seen the results of your tools")
        tool = tools.take(call.name)
        content = str(tool.run(arguments_of(call, tool.Arguments)))
    except SandboxDown:
        raise
    except (ToolError, VoteError) as error:
        ok, content = False, f"error: {error}"
    except Exception as error:  # noqa: BLE001 - a tool is foreign code; its crash is evidence of nothing
        ok, content = False, f"error: the tool crashed: {type(error).__name__}: {error}"
    content = shortened(content, limit)
    seconds = round(time.monotonic() - start, 6)
    return Evidence(id=f"e{number}", source=call.name, request=call.arguments, content=content, ok=ok, seconds=seconds)


def _check_citations(ballot: Cast, evidence: list[Evidence]) -> None:
    good = {e.id for e in evidence if e.ok}
    if not good.issuperset(ballot.cites):
        have = ", ".join(sorted(good)) or "there is none"
        raise VoteError(f"it cites what is not evidence that succeeded (usable: {have})", cause="bad_citation")

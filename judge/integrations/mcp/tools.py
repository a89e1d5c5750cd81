"""The tools that the MCP server offers: a verdict on an answer, and those that a model has when it judges.

Only tools are offered of which it is known that they run nothing of what they are given outside the sandbox.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, Field, create_model

from judge import registry
from judge.errors import InputError
from judge.judging import Judge
from judge.panel.actions import shortened
from judge.panel.agent import Bounds, Toolbox
from judge.protocols import Tool
from judge.types import Basis, Case, Outcome, Record

LIMIT = Bounds().tool_chars
_TITLES = {
    "check": "Compare two answers",
    "python": "Run Python",
    "python_session": "Run Python, keeping names",
    "sympy": "Exact algebra",
    "sql": "Query tables",
}
_OWN_TABLES = (
    " Here there is no case: the tables of a query are those that 'tables' and 'schema' bring with the same call."
)


class VerifyAnswer(BaseModel, extra="forbid"):
    """What is verified, and against what."""

    response: str = Field(description="what was answered: the answer alone, or a whole response that gives it")
    references: list[str] = Field(min_length=1, description="right answers, of which any is enough")
    question: str | None = Field(
        default=None, description="what was asked; it tells which unit, which form or how many answers were wanted"
    )
    kind: str = Field(default="answer", description="the domain, usually 'answer'")


class Observed(Record):
    """Something that an evaluator saw."""

    source: str
    request: str
    content: str


class Verified(Record):
    """What can be said of an answer. Who decided is an evaluator, or nobody; then there is no basis."""

    label: Outcome
    because: str
    basis: Basis | None
    decided_by: str
    evidence: tuple[Observed, ...]


class Tables(BaseModel):
    """What a call of ``sql`` brings, where for a judge it is the case that does."""

    tables: dict[str, list[dict[str, str | int | float | bool | None]]] = Field(
        default={}, description="for each table its rows, as objects"
    )
    schema_: str = Field(default="", alias="schema", description="CREATE TABLE and INSERT statements")


class Offer(NamedTuple):
    """One tool as it is offered. ``run`` returns text or a record, and raises JudgeError in words for the model.

    ``isolates`` tells that it uses the sandbox; ``keeps``, that a call may depend on the ones before it.
    """

    name: str
    title: str
    description: str
    Arguments: type[BaseModel]
    run: Callable[[Any], str | Record]
    Result: type[Record] | None = None
    isolates: bool = False
    keeps: bool = False


class Offers:
    """All tools of one session; what they keep lasts until it is closed. Raises PluginError for one that is broken."""

    def __init__(self) -> None:
        self._judge = Judge()  # evaluators alone: no model is asked, and no setting makes it ask one
        self._opened = ExitStack()
        self._opened.callback(self._judge.close)
        self.all = (self._verify(), *(self._tool(name) for name in _TITLES))

    def _verify(self) -> Offer:
        return Offer(
            name="verify_answer",
            title="Verify an answer",
            description=(
                "Say whether a response gives the right answer, by program and without a model: numbers, formulas, "
                "units, dates, sets, options, short texts. It finds the answer in the response, says correct, "
                "incorrect or undecided, why, and on what basis. 'undecided' means that no program could tell, not "
                'that the answer is wrong. Example: {"response": "So x is 2/4.", "references": ["0.5"]}.'
            ),
            Arguments=VerifyAnswer,
            run=self._verified,
            Result=Verified,
        )

    def _verified(self, given: VerifyAnswer) -> Verified:
        case = Case(
            response=given.response, references=tuple(given.references), question=given.question, kind=given.kind
        )
        if problem := self._judge.problem(case):
            raise InputError(f"kind: {problem}")
        verdict = self._judge.decide(case)
        return Verified.model_validate(
            {
                "label": verdict.label,
                "because": shortened(verdict.because, LIMIT),
                "basis": verdict.basis,
                "decided_by": verdict.decided_by,
                "evidence": [
                    {"source": e.source, "request": shortened(e.request, LIMIT), "content": shortened(e.content, LIMIT)}
                    for e in verdict.evidence
                ],
            }
        )

    def _tool(self, name: str) -> Offer:
        tool: Tool = registry.load("tools", name)()
        brings, more = ((Tables,), _OWN_TABLES) if name == "sql" else ((), "")
        keeps = name == "python_session"
        kept = self._opened.enter_context(Toolbox({name: tool}, _case())) if keeps else None

        def run(arguments: BaseModel) -> str:
            if kept is not None:
                return kept.take(name).run(arguments)
            with Toolbox({name: tool}, _case(arguments)) as tools:
                return tools.take(name).run(arguments)

        return Offer(
            name=name,
            title=_TITLES[name],
            description=tool.description + more,
            # closed, so that a misspelt name is an error and not ignored
            Arguments=create_model(name, __base__=(*brings, tool.Arguments), __cls_kwargs__={"extra": "forbid"}),
            run=run,
            isolates=name != "check",
            keeps=keeps,
        )

    def close(self) -> None:
        """Let go of what the tools keep."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _case(arguments: BaseModel | None = None) -> Case:
    """Return a case that stands for a call, with the tables that it brings."""
    if not isinstance(arguments, Tables):
        return Case(response="")
    return Case(response="", tags={"tables": arguments.tables, "schema": arguments.schema_ or None})

"""The tools that the MCP server offers: a verdict on an answer, and those installed tools that may be served.

A tool is served when it declares that it may be (`judge.protocols.Serving`): that it runs nothing of what it is given
outside the sandbox. One that says nothing is not served.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Any, NamedTuple, Self

from pydantic import BaseModel, Field, create_model

from judge import kinds, registry
from judge.assembly import made
from judge.errors import InputError, PluginError
from judge.judging import Judge
from judge.panel.actions import shortened
from judge.panel.agent import Bounds
from judge.panel.toolbox import Toolbox
from judge.protocols import Served, Serving
from judge.types import Basis, Case, Outcome, Record

LIMIT = Bounds().tool_chars


class VerifyAnswer(BaseModel, extra="forbid"):
    """What is verified, and against what."""

    response: str = Field(description="what was answered: the answer alone, or a whole response that gives it")
    references: list[str] = Field(min_length=1, description="right answers, of which any is enough")
    question: str | None = Field(
        default=None, description="what was asked; it tells which unit, which form or how many answers were wanted"
    )
    kind: str = Field(default="answer", description="the domain, usually 'answer'")
    inputs: dict[str, Any] = Field(
        default={}, description="what the kind asks for besides texts, by name; contents, not paths of files"
    )


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
    """All tools of one session; what they keep lasts until it is closed. Raises PluginError for one that is broken, or
    that takes the name of another.
    """

    def __init__(self, *, weakest: Basis = "rule") -> None:
        self._judge = Judge(weakest=weakest)  # evaluators alone: no model is asked, and no setting makes it ask one
        self._opened = ExitStack()
        self._opened.callback(self._judge.close)
        tools = [made("tools", name) for name in registry.names("tools")]
        self.all = (self._verify(), *(self._served(tool) for tool in tools if isinstance(tool, Served)))
        names = [offer.name for offer in self.all]
        if twice := [name for name in names if names.count(name) > 1]:
            raise PluginError(f"two tools to be served are called {twice[0]!r}")

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
            response=given.response,
            references=tuple(given.references),
            question=given.question,
            kind=given.kind,
            inputs=given.inputs,
        )
        case = kinds.validated(case, files=False)
        if problem := self._judge.problem(case):
            raise InputError(f"kind: {problem}")
        verdict = self._judge.cascade.decide(case).verdict  # as it is: nothing of it is looked for again
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

    def _served(self, tool: Served) -> Offer:
        name, terms = tool.name, tool.serving
        if not isinstance(terms, Serving):
            raise PluginError(f"tool {name!r} has to say by a Serving that it may be served, not by {terms!r}")
        asked = self._judge.cascade  # as `verify_answer` does
        kept = self._opened.enter_context(Toolbox({name: tool}, Case(response=""), asked)) if terms.keeps else None

        def run(arguments: BaseModel) -> str:
            if kept is not None:
                return kept.take(name).run(arguments)
            with Toolbox({name: tool}, _case(arguments, terms.Brings), asked) as tools:
                return tools.take(name).run(arguments)

        bases = (tool.Arguments,) if terms.Brings is None else (terms.Brings, tool.Arguments)
        return Offer(
            name=name,
            title=terms.title,
            description=f"{tool.description} {terms.beside}".strip(),
            # closed, so that a misspelt name is an error and not ignored
            Arguments=create_model(name, __base__=bases, __cls_kwargs__={"extra": "forbid"}),
            run=run,
            isolates=terms.sandboxed,
            keeps=terms.keeps,
        )

    def close(self) -> None:
        """Let go of what the tools keep."""
        self._opened.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _case(arguments: BaseModel, brings: type[BaseModel] | None) -> Case:
    """Return a case that stands for a call, with the inputs that it brings."""
    if brings is None:
        return Case(response="")
    brought = arguments.model_dump(mode="json", by_alias=True, include=set(brings.model_fields))
    return Case(response="", inputs=brought)

"""``check``: lets a judge ask any evaluator, so that what can be decided by program is not guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from judge import Case, Finding, InputError, Judge, Serving, Tool, ToolError
from judge.kinds import validated


class Arguments(BaseModel):
    """What to compare, or what to propose."""

    kind: str = Field(default="answer", description="the domain, usually 'answer'")
    response: str | None = Field(
        default=None, description="the final answer alone, without the text around it; null if you give hints"
    )
    reference: str | None = Field(default=None, description="what it should equal; null if you give hints")
    inputs: str | None = Field(
        default=None, description="a JSON object in place of what the case brings; null to take that"
    )
    hints: str | None = Field(
        default=None,
        description="a JSON object of what may help a program to decide the very case that you judge; else null",
    )


class Check(Tool):
    """Asks the installed evaluators of a kind and returns each finding in one line."""

    name = "check"
    description = (
        "Compare two answers by program: numbers, formulas, units, dates, sets, options, short texts. Give the bare "
        "answers, not whole sentences. 'undecided' means that the program cannot tell, not that they differ."
    )
    Arguments = Arguments
    serving = Serving("Compare two answers", sandboxed=False)

    def run(self, arguments: BaseModel, /) -> str:
        """Return the findings. Raises ToolError for what cannot be compared."""
        assert isinstance(arguments, Arguments)
        if arguments.hints is not None:
            raise ToolError("hints are for a case that is judged, and here is none: give response and reference")
        return _told(_compared(self._judge, arguments, {}))

    @contextmanager
    def open(self, case: Case, /) -> Iterator[Checking]:
        """Give, for one vote, the tool that knows the case: what it brings, and what hints may prove of it."""
        yield Checking(self._judge, case)

    @cached_property
    def _judge(self) -> Judge:
        return Judge(model="none")


class Checking(Check):
    """The tool for one case: comparisons bring its inputs, and hints are tried on the case itself."""

    def __init__(self, judge: Judge, case: Case) -> None:
        self.__dict__["_judge"] = judge  # where the cached property looks
        self._case = case
        self.proved: dict[str, Finding] = {}

    def run(self, arguments: BaseModel, /) -> str:
        """Return the findings; those that a hint proves are kept as `proved`. Raises ToolError."""
        assert isinstance(arguments, Arguments)
        if arguments.hints is None:
            brought = self._case.inputs if arguments.kind == self._case.kind else {}
            return _told(_compared(self._judge, arguments, brought))
        findings = self._judge.cascade.consult(self._case, hints=_object(arguments.hints, "hints"))
        if not findings:
            raise ToolError(f"no evaluator of the kind {self._case.kind!r} takes hints: give response and reference")
        self.proved |= {name: found for name, found in findings.items() if found.basis is not None}
        return _told(findings)


def _compared(judge: Judge, arguments: Arguments, brought: dict[str, Any]) -> dict[str, Finding]:
    """Compare two answers; nothing that a model says may name a file."""
    if arguments.response is None or arguments.reference is None:
        raise ToolError("give both a response and a reference")
    given = {"kind": arguments.kind, "response": arguments.response, "reference": arguments.reference}
    try:
        if arguments.inputs is None:
            case = Case(**given, inputs=brought)
        else:
            case = validated(Case(**given, inputs=_object(arguments.inputs, "inputs")), files=False)
        if problem := judge.problem(case):
            raise ToolError(problem)
    except (InputError, ValidationError) as error:
        raise ToolError(str(error)) from None
    return judge.cascade.consult(case)


def _told(findings: dict[str, Finding]) -> str:
    return "\n".join(f"{name}: {found.outcome}: {found.because}" for name, found in findings.items())


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"{what} have to be a JSON object in a text: {error}") from None
    if not isinstance(found, dict):
        raise ToolError(f'{what} have to be a JSON object in a text, such as {{"name": "value"}}')
    return found

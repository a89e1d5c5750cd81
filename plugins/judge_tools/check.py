"""``check``: lets a judge ask any evaluator, so that what can be decided by program is not guessed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from judge import Case, Finding, InputError, Judge, Serving, Tool, ToolError
from judge.errors import nearest
from judge.kinds import validated
from judge.protocols import Consults
from judge.types import STRENGTH


class Arguments(BaseModel):
    """What to compare, or what to propose."""

    kind: str | None = Field(default=None, description="the domain; null for that of the case, else 'answer'")
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
    """Asks evaluators of a kind and returns each finding in one line, with its basis.

    In a vote those are asked that the judge asks, on its terms; alone, all that are installed, on those of a judge
    without a model.
    """

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
        return _compared(self._installed, arguments, {})

    @contextmanager
    def consulting(self, case: Case, evaluators: Consults, /) -> Iterator[Checking]:
        """Give, for one vote, the tool that knows the case: what it brings, and what hints may prove of it."""
        yield Checking(case, evaluators)

    @cached_property
    def _installed(self) -> Consults:
        return Judge(model="none").cascade


class Checking(Check):
    """The tool for one case: comparisons bring its inputs, and hints are tried on the case itself."""

    def __init__(self, case: Case, evaluators: Consults) -> None:
        self._case = case
        self._evaluators = evaluators
        self.proved: dict[str, Finding] = {}

    def run(self, arguments: BaseModel, /) -> str:
        """Return the findings; those that a hint proves are kept as `proved`. Raises ToolError."""
        assert isinstance(arguments, Arguments)
        if arguments.hints is None:
            kind = arguments.kind or self._case.kind
            brought = self._case.inputs if kind == self._case.kind else {}
            return _compared(self._evaluators, arguments.model_copy(update={"kind": kind}), brought)
        _ensure_asked(self._evaluators, self._case.kind)
        findings = self._evaluators.consult(self._case, hints=_object(arguments.hints, "hints"))
        if not findings:
            raise ToolError(f"no evaluator of the kind {self._case.kind!r} takes hints: give response and reference")
        self.proved |= {name: found for name, found in findings.items() if found.basis is not None}
        return _told(findings, self._evaluators)


def _compared(evaluators: Consults, arguments: Arguments, brought: dict[str, Any]) -> str:
    """Return what is found of two answers; nothing that a model says may name a file."""
    if arguments.response is None or arguments.reference is None:
        raise ToolError("give both a response and a reference")
    given = {"kind": arguments.kind or "answer", "response": arguments.response, "reference": arguments.reference}
    try:
        if arguments.inputs is None:
            case = Case(**given, inputs=brought)
        else:
            case = validated(Case(**given, inputs=_object(arguments.inputs, "inputs")), files=False)
    except (InputError, ValidationError) as error:
        raise ToolError(str(error)) from None
    _ensure_asked(evaluators, case.kind)
    if not (findings := evaluators.consult(case)):
        raise ToolError(f"no evaluator of the kind {case.kind!r} can decide by {evaluators.weakest} or stronger")
    return _told(findings, evaluators)


def _ensure_asked(evaluators: Consults, kind: str) -> None:
    """Raise ToolError that says which kinds there are if none is asked about this one."""
    known = evaluators.kinds
    if not known:
        raise ToolError("no evaluator is asked here, so that nothing can be compared by program")
    if kind not in known:
        listed = ", ".join(sorted(known))
        raise ToolError(f"no evaluator of the kind {kind!r} is asked here.{nearest(kind, known)} Kinds: {listed}")


def _told(findings: dict[str, Finding], evaluators: Consults) -> str:
    """Return each finding in a line that says its basis, and whether that decides nothing here."""
    return "\n".join(
        f"{name}: {found.outcome}{_basis(found, evaluators)}: {found.because}" for name, found in findings.items()
    )


def _basis(found: Finding, evaluators: Consults) -> str:
    if found.basis is None:
        return ""
    weak = STRENGTH[found.basis] < STRENGTH[evaluators.weakest]
    return f" ({found.basis}, too weak to decide here)" if weak else f" ({found.basis})"


def _object(text: str, what: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ToolError(f"{what} have to be a JSON object in a text: {error}") from None
    if not isinstance(found, dict):
        raise ToolError(f'{what} have to be a JSON object in a text, such as {{"name": "value"}}')
    return found

"""``check``: lets a judge ask any evaluator, so that what can be decided by program is not guessed."""

from __future__ import annotations

from functools import cached_property

from pydantic import BaseModel, Field

from judge import Case, Judge, Serving, Tool, ToolError


class Arguments(BaseModel):
    """What to compare."""

    kind: str = Field(description="the domain, usually 'answer'")
    response: str = Field(description="the final answer alone, without the text around it")
    reference: str = Field(description="what it should equal")


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
        """Return the findings. Raises ToolError for an unknown kind."""
        assert isinstance(arguments, Arguments)
        case = Case(kind=arguments.kind, response=arguments.response, reference=arguments.reference)
        if problem := self._judge.problem(case):
            raise ToolError(problem)
        findings = self._judge.cascade.consult(case)
        return "\n".join(f"{name}: {found.outcome}: {found.because}" for name, found in findings.items())

    @cached_property
    def _judge(self) -> Judge:
        return Judge(model="none")

"""``judge check``: one case, judged at once."""

from __future__ import annotations

from typing import Annotated

import typer

from judge.cli import common
from judge.cli.options import settings
from judge.text.shown import one_line


def check(
    called: typer.Context,
    response: Annotated[list[str], typer.Option("--response", help="What is judged; twice to compare two.")],
    reference: Annotated[list[str], typer.Option("--reference", help="A right answer; again for alternatives.")] = [],  # noqa: B006 - typer's way
    question: Annotated[str | None, typer.Option("--question")] = None,
    context: Annotated[str | None, typer.Option("--context")] = None,
    kind: Annotated[str, typer.Option("--kind", help="The domain; 'judge plugins' lists them.")] = "answer",
    unsafe_no_sandbox: common.Unsafe = False,
    as_json: common.Json = False,
) -> None:
    """Judge one response. Exit code 0 unless the verdict is 'incorrect' or 'undecided' (1)."""
    from judge.judging import Judge
    from judge.types import Case

    found = settings(called).settings
    case = Case(question=question, responses=response, references=reference, context=context, kind=kind)
    common.heed(unsafe_no_sandbox)
    with Judge.from_settings(found, here=True) as judge:
        verdict = judge.decide(case)
    if as_json:
        common.echo_json(verdict)
    else:
        typer.echo(common.headline(verdict))
        for failure in verdict.failures:
            typer.echo(f"  failed ({failure.cause}): {one_line(failure.message)}")
        if verdict.decided_by == "nobody" and found.model == ("none",):
            typer.echo("  ask a model: add --model openai:NAME")
    raise typer.Exit(1 if verdict.label in ("incorrect", "undecided") else 0)

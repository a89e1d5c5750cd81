"""``judge check``: one case, judged at once."""

from __future__ import annotations

from typing import Annotated

import typer

from judge.cli import common
from judge.text.shown import one_line


def check(
    response: Annotated[list[str], typer.Option("--response", help="What is judged; twice to compare two.")],
    reference: Annotated[list[str], typer.Option("--reference", help="A right answer; again for alternatives.")] = [],  # noqa: B006 - typer's way
    question: Annotated[str | None, typer.Option("--question")] = None,
    context: Annotated[str | None, typer.Option("--context")] = None,
    kind: Annotated[str, typer.Option("--kind", help="The domain; 'judge plugins' lists them.")] = "answer",
    model: common.Model = [],  # noqa: B006
    rubric: common.Rubric = [],  # noqa: B006
    votes: common.Votes = None,
    temperature: common.Temperature = [],  # noqa: B006
    seed: common.Seed = None,
    evaluators: common.Evaluators = [],  # noqa: B006
    tools: common.Tools = [],  # noqa: B006
    criterion: common.Criterion = None,
    base_url: common.BaseUrl = None,
    max_tokens: common.MaxTokens = None,
    unsafe_no_sandbox: common.Unsafe = False,
    config: common.ConfigFile = None,
    as_json: common.Json = False,
) -> None:
    """Judge one response. Exit code 0 unless the verdict is 'incorrect' or 'undecided' (1)."""
    from judge.judging import Judge
    from judge.types import Case

    found = common.settings(
        config, model=model, rubric=rubric, votes=votes, temperature=temperature, seed=seed, evaluators=evaluators,
        tools=tools, criterion=criterion, base_url=base_url, max_tokens=max_tokens,
    )  # fmt: skip
    case = Case(question=question, responses=response, references=reference, context=context, kind=kind)
    common.heed(unsafe_no_sandbox)
    with Judge.from_settings(found.settings, here=True) as judge:
        verdict = judge.decide(case)
    if as_json:
        common.echo_json(verdict)
    else:
        typer.echo(common.headline(verdict))
        for failure in verdict.failures:
            typer.echo(f"  failed ({failure.cause}): {one_line(failure.message)}")
        if verdict.decided_by == "nobody" and found.settings.model == ("none",):
            typer.echo("  ask a model: add --model openai:NAME")
    raise typer.Exit(1 if verdict.label in ("incorrect", "undecided") else 0)

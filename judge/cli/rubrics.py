"""``judge rubrics``: which rubrics there are, and what a model would see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from judge.cli import common

if TYPE_CHECKING:
    from judge.panel.rubric import Rubric

app = typer.Typer(help="List rubrics, or show what a model would see.", invoke_without_command=True)


@app.callback()
def rubrics(context: typer.Context, as_json: common.Json = False) -> None:
    """List the rubrics that have a name; the path of a .j2 file works everywhere, too. Exit code 1 if one is broken."""
    if context.invoked_subcommand is not None:
        return
    from judge.errors import JudgeError
    from judge.panel.rubric import Rubric, available

    found, broken = [], []
    for name in sorted(available()):
        try:
            found.append(Rubric.find(name))
        except JudgeError as error:
            broken.append((name, str(error)))
    if as_json:
        common.echo_json(
            [
                {
                    "name": r.name,
                    "about": r.about,
                    "labels": r.values,
                    "range": r.range,
                    "needs": r.needs,
                    "tools": r.tools,
                    "hash": r.hash,
                }
                for r in found
            ]
            + [{"name": name, "error": error} for name, error in broken]
        )
        raise typer.Exit(1 if broken else 0)
    rows = [(r.name, _votes(r), ", ".join(r.needs) or "-", r.about) for r in found]
    rows += [(name, "-", "-", error) for name, error in broken]
    typer.echo(common.table([("rubric", "labels", "needs", "about"), *rows]))
    raise typer.Exit(1 if broken else 0)


def _votes(rubric: Rubric) -> str:
    if rubric.range:
        return "{:g} to {:g}".format(*rubric.range)
    return "/".join(rubric.labels)


@app.command("show")
def show(
    name: Annotated[str, typer.Argument(help="Name or path of a rubric.")],
    case: Annotated[str | None, typer.Option("--case", help="A file of cases; the first is rendered.")] = None,
    case_id: Annotated[str | None, typer.Option("--id", help="The case of the file to render instead.")] = None,
    criterion: Annotated[str | None, typer.Option("--criterion", help="In place of the case's own.")] = None,
    as_json: common.Json = False,
) -> None:
    """Show the template of a rubric, or with --case the messages that a model would be sent."""
    from judge.cases.inputs import Source
    from judge.errors import InputError
    from judge.panel.ballots import ballot_schema
    from judge.panel.rubric import Rubric

    rubric = Rubric.find(name)
    if case is None:
        common.echo_json({"name": name, "text": rubric.text}) if as_json else typer.echo(rubric.text)
        return
    source = Source(case)
    if broken := source.survey().bad:
        raise InputError(broken[0].problem)
    chosen = next((c for c in source.cases() if case_id in (None, c.id)), None)
    if chosen is None:
        raise InputError(f"{case!r} has no case {case_id!r}" if case_id else f"{case!r} holds no cases")
    if criterion is not None:
        chosen = chosen.model_copy(update={"criterion": criterion})
    messages = rubric.render(chosen)
    schema = ballot_schema(rubric.Ballot, labels=rubric.values, cites=bool(rubric.tools))
    if as_json:
        said = [message.model_dump(include={"role", "content"}) for message in messages]
        common.echo_json({"messages": said, "tools": rubric.tools, "vote": schema})
        return
    for message in messages:
        typer.echo(f"── {message.role} ──\n{message.content}\n")
    typer.echo(f"── tools that it may call ──\n{', '.join(rubric.tools) or 'none'}\n")
    typer.echo(f"── the form of its vote ──\n{json.dumps(schema, ensure_ascii=False)}")
